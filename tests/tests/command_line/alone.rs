//! What one home does by itself, and what it refuses.

use std::fs;
use std::path::Path;

use palier_tests::binary;
use palier_tests::script::words;

use crate::{Story, id, picture, text};

impl Story {
    pub(crate) fn alone(&self) {
        let (script, anna) = (&self.script, &self.anna);
        script.fails(anna, "listing list", 3, "hood.none");
        script.fails(anna, "hood found X --zone Mars/Olympus", 7, "invalid.zone");
        let hood = id(&self.example(anna, "hood found", 0, &[]));
        assert!(hood.starts_with("hsh_"));
        self.example(anna, "hood list", 0, &[]);
        assert_eq!(id(&self.example(anna, "hood show", 0, &[])), hood);
        assert_eq!(id(&script.must(anna, &format!("-n {} hood show", &hood[..12]))), hood);
        for wrong in ["rosiers", "hsh_", "hsh_2222", "!"] {
            script.fails(anna, &format!("-n {wrong} hood show"), 3, "hood.not_found");
        }
        self.example(anna, "hood sheet", 0, &[]);
        let status = self.example(anna, "status", 0, &[]);
        assert_eq!((status["running"].as_bool(), status["nodes"].as_u64()), (Some(false), Some(1)));
        self.example(anna, "profile edit", 0, &[]);
        let member = text(&script.must(anna, "profile show"), "member");
        let short = &member[..12];
        let profile = self.example(anna, "profile show", 0, &[("mem_abcdefgh", short)]);
        assert_eq!(profile["languages"], serde_json::json!(["fr", "ar"]));
        let list = self.example(anna, "member list", 0, &[]);
        assert_eq!(list["items"][0]["id"], member.as_str());
        self.example(anna, "member show", 0, &[("mem_abcdefgh", short)]);
        let device = text(&self.example(anna, "device list", 0, &[])["items"][0], "id");
        self.listings(&device[..12]);
        self.example(anna, "doctor", 0, &[]);
        let bundle = self.path("lilas.palier");
        self.example(anna, "bundle export", 0, &[("lilas.palier", &bundle)]);
        assert_eq!(
            self.example(anna, "bundle import", 0, &[("lilas.palier", &bundle)])["accepted"],
            0
        );
        self.failures();
    }

    pub(crate) fn listings(&self, device: &str) {
        let (script, anna) = (&self.script, &self.anna);
        let drill = id(&self.example(anna, "listing add", 0, &[]));
        self.example(anna, "listing add", 1, &[]);
        let lst = [("lst_abcdefgh", &drill[..12])];
        let room = id(&self.example(anna, "listing add", 2, &[]));
        self.example(anna, "listing add", 3, &[]);
        self.calendars(&room);
        self.example(anna, "listing list", 0, &[]);
        self.example(anna, "listing show", 0, &lst);
        self.example(anna, "listing edit", 0, &lst);
        self.example(anna, "listing pause", 0, &lst);
        assert_eq!(script.must(anna, "search drill")["items"], serde_json::json!([]));
        self.example(anna, "listing renew", 0, &lst);
        self.example(anna, "listing holder", 0, &[lst[0], ("dev_abcdefgh", device)]);
        assert_eq!(self.example(anna, "search", 0, &[])["items"][0]["id"], drill.as_str());
        let jpeg = self.path("drill.jpg");
        picture(Path::new(&jpeg));
        let photo = self.example(anna, "photo add", 0, &[lst[0], ("drill.jpg", &jpeg)]);
        let blob = id(&photo);
        let copy = self.path("copy.jpg");
        let instead = [("blb_abcdefgh", &blob[..12]), ("drill.jpg", &copy)];
        let file = self.example(anna, "photo get", 0, &instead);
        assert_eq!(file["bytes"].as_u64(), Some(fs::metadata(&copy).unwrap().len()));
        let gone = id(&script.must(anna, "listing add offer --title Soupe"));
        self.example(anna, "listing withdraw", 0, &[("lst_abcdefgh", &gone[..12])]);
    }

    /// When a room is free, and what it costs.
    pub(crate) fn calendars(&self, room: &str) {
        let (script, anna) = (&self.script, &self.anna);
        let lst = [("lst_abcdefgh", &room[..12])];
        let dry = self.example(anna, "listing edit", 1, &lst);
        assert_eq!(dry["saved"], false, "{dry}");
        let month = self.example(anna, "calendar show", 0, &lst);
        assert_eq!(month["days"].as_array().map(Vec::len), Some(31));
        // Easter Monday, in the month after, is a public holiday.
        let march = month["days"].as_array().unwrap();
        assert_eq!(
            (&march[28]["holiday"], &march[28]["state"]),
            (&"easter_monday".into(), &"closed".into())
        );
        let free = self.example(anna, "calendar free", 0, &lst);
        assert!(!free["items"].as_array().unwrap().is_empty(), "{free}");
        self.example(anna, "calendar free", 1, &[]);
        self.example(anna, "calendar quote", 0, &lst);
        self.example(anna, "calendar quote", 1, &lst);
        self.example(anna, "calendar block", 0, &lst);
        let (out, busy) = (self.path("out.ics"), self.path("in.ics"));
        self.example(anna, "calendar due", 0, &[]);
        self.example(anna, "calendar export", 0, &[("bookings.ics", &out)]);
        fs::write(&busy, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n").unwrap();
        self.example(anna, "calendar import", 0, &[lst[0], ("busy.ics", &busy)]);
        // A person reads it too, in both languages.
        for lang in ["fr", "en"] {
            for line in ["calendar show", "calendar quote --on saturday-morning", "listing show"] {
                let said = words(&format!("--lang {lang} {line} {room}"));
                let mut command = std::process::Command::new(binary().unwrap());
                command.arg("--home").arg(&anna.home).env("PALIER_STATE", &anna.state);
                let told = command.args(said).output().unwrap();
                let text = String::from_utf8(told.stdout).unwrap();
                assert!(told.status.success() && text.starts_with("Common room"), "{line}: {text}");
                // A text without its key or its value.
                assert!(!text.contains(['{', '}']), "{line}: {text}");
            }
        }
        for (line, exit, code) in [
            ("listing add offer --title x --hours always --step 15m", 5, "listing.not_resource"),
            ("listing add room --title x --step 7m", 2, "usage.invalid_value"),
            ("listing add room --title x --hours mon", 2, "usage.invalid_value"),
            ("listing add room --title x --time-zone Mars/Olympus", 7, "invalid.zone"),
            ("listing add room --title x --min 2h --max 1h", 7, "listing.terms"),
            ("listing add room --title x --deposit 5eur/day", 7, "invalid.deposit"),
            ("listing add room --title x --price 2eur/h --price free", 7, "invalid.prices"),
            ("calendar show lst_abcdefgh", 3, "id.not_found"),
            ("calendar free --kind room", 2, "usage.missing_argument"),
            ("calendar free --kind room --on someday", 2, "usage.invalid_value"),
            ("calendar free --from 2027-01-01 --to 2099-01-01", 7, "invalid.range"),
            ("calendar export x.ics", 2, "usage.missing_argument"),
        ] {
            script.fails(anna, line, exit, code);
        }
    }

    /// What goes wrong says what, and what to do next.
    pub(crate) fn failures(&self) {
        let (script, anna) = (&self.script, &self.anna);
        let folder = self.path("");
        for (line, exit, code) in [
            ("photo add drill photo.jpg", 2, "usage.invalid_id"),
            ("booking show lst_abcdefgh", 2, "usage.invalid_id"),
            ("booking show bkg_abcdefgh", 3, "id.not_found"),
            ("photo get blb_abcdefgh x.jpg", 3, "id.not_found"),
            ("booking request lst_abcdefgh --start demain", 2, "usage.invalid_value"),
            ("listing add castle --title x", 2, "usage.invalid_value"),
            ("listing add tool --title x --price cheap", 2, "usage.invalid_value"),
            ("listing add tool --title x --capacity 0", 2, "usage.invalid_value"),
            ("listing add tool --title x --category castles", 7, "invalid.category"),
            ("listing add tool", 2, "usage.missing_argument"),
            ("listing", 2, "usage.missing_command"),
            ("listings", 2, "usage.unknown_command"),
            ("listing list --mien", 2, "usage.unknown_argument"),
            ("listing list --after nowhere", 7, "invalid.after"),
            ("listing list --mine --after nowhere", 7, "invalid.after"),
            ("member list --after nowhere", 7, "invalid.after"),
            ("member attest mem_abcdefgh --building escalier", 3, "id.not_found"),
            ("listing edit lst_abcdefgh --title x", 3, "id.not_found"),
            ("profile edit", 2, "usage.nothing_to_change"),
            ("profile edit --name \" \"", 7, "profile.name.empty"),
            ("search --saved nothing", 3, "search.not_found"),
            ("search --forget nothing", 3, "search.not_found"),
            ("search x --forget y", 2, "usage.conflict"),
            ("schema Nothing", 2, "usage.unknown_type"),
            ("join palier:nothing", 7, "invalid.link"),
            ("invite revoke inv_abcd", 3, "invite.not_found"),
            ("sync --offline", 6, "net.offline"),
            ("sync --within soon", 2, "usage.invalid_value"),
            ("bundle import nowhere.palier", 3, "file.not_found"),
            ("run --listen nowhere", 2, "usage.invalid_value"),
            ("device link", 5, "device.needs_run"),
            ("--as ../x status", 7, "invalid.profile"),
            ("--as nobody status", 3, "home.none"),
            ("-q -v status", 2, "usage.conflict"),
            ("--lang de status", 2, "usage.invalid_value"),
        ] {
            script.fails(anna, line, exit, code);
            // With words that are whole, in both languages.
            for lang in ["fr", "en"].iter().filter(|_| !line.contains("--lang")) {
                script.fails(anna, &format!("--lang {lang} {line}"), exit, code);
            }
        }
        let unsent = || script.must(anna, "status")["unsent"].as_u64();
        script.must(anna, "listing add offer --title Confiture");
        let before = unsent();
        assert!(before > Some(0));
        for verb in ["export", "import"] {
            script.fails(anna, &format!("bundle {verb} {folder}"), 7, "file.no_file");
            let wrong = script.give(anna, &format!("bundle {verb} /dev/null"));
            assert_eq!(wrong.0, 7, "a device is no file: {}", wrong.1);
        }
        assert_eq!(unsent(), before, "a bundle that is in no file took nothing along");
    }
}
