//! The command line's contract over processes: every example of `docs/cli.md` is given,
//! every answer is read by the schema that `palier schema` prints.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use jpeg_encoder::{ColorType, Encoder};
use palier_tests::script::{Script, page, words};
use palier_tests::{Person, Running, binary, until};
use serde_json::Value;
use tempfile::TempDir;

/// `palier run` whose lines are read.
struct Heard {
    child: Child,
    lines: mpsc::Receiver<Value>,
    seen: Vec<Value>,
}

impl Heard {
    fn begin(by: &Person, line: &str) -> Self {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut command = by.command(&words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let lines = reader(child.stdout.take().unwrap());
        let mut heard = Self { child, lines, seen: Vec::new() };
        heard.until(|it| it["event"] == "ready");
        heard
    }

    /// Waits for a line; gives it.
    fn until(&mut self, is: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30));
            let line = line.unwrap_or_else(|_| panic!("not heard among {:?}", self.seen));
            self.seen.push(line.clone());
            if is(&line) {
                return line;
            }
        }
    }

    /// How many lines of an event were heard until it was stopped, and all lines.
    fn stop(mut self, signal: &str) -> (Option<i32>, Vec<Value>) {
        let pid = self.child.id().to_string();
        std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
        self.until(|it| it["event"] == "stopped");
        let exit = self.child.wait().unwrap().code();
        (exit, std::mem::take(&mut self.seen))
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn reader(from: ChildStdout) -> mpsc::Receiver<Value> {
    let (tell, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_default().to_owned()
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn picture(file: &Path) {
    let mut bytes = Vec::new();
    let rgb: Vec<u8> = (0..64 * 48 * 3).map(|n| (n % 251) as u8).collect();
    Encoder::new(&mut bytes, 80).encode(&rgb, 64, 48, ColorType::Rgb).unwrap();
    fs::write(file, bytes).unwrap();
}

/// A slot that nobody else has, in the far future.
fn slot(day: u32) -> (String, String) {
    (format!("2031-05-{day:02}T14:00"), format!("2031-05-{day:02}T18:00"))
}

/// Everything that one person can do, then two, then those who come and go.
struct Story {
    root: TempDir,
    script: Script,
    anna: Person,
    words: String,
}

impl Story {
    fn begin() -> Self {
        let root = TempDir::new().unwrap();
        let anna = Person::at(root.path(), "anna").unwrap();
        let script = Script::new(&anna);
        script.must(&anna, "schema");
        let one = script.must(&anna, &script.example("schema", 0, &[]));
        assert!(one["Booking"].is_object(), "{one}");
        let shell = script.must(&anna, &script.example("completions", 0, &[]));
        assert!(text(&shell, "script").contains("palier"));
        script.fails(&anna, "status", 3, "home.none");
        let made = script.must(&anna, &script.example("init", 0, &[]));
        let words = text(&made["phrase"], "fr");
        assert_eq!(words.split(' ').count(), 12);
        script.fails(&anna, "init --name Anna", 5, "home.already");
        Self { root, script, anna, words }
    }

    fn path(&self, name: &str) -> String {
        self.root.path().join(name).to_str().unwrap().to_owned()
    }

    /// Gives an example of a command, with words put in for others.
    fn example(&self, by: &Person, name: &str, n: usize, instead: &[(&str, &str)]) -> Value {
        self.script.must(by, &self.script.example(name, n, instead))
    }

    fn alone(&self) {
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

    fn listings(&self, device: &str) {
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
    fn calendars(&self, room: &str) {
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
    fn failures(&self) {
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

    /// From the hand-over to the return.
    fn handed_over(&self, ben: &Person, booking: &str) {
        let (start, _) = slot(1);
        let then = |name: &str, instead: &[(&str, &str)]| {
            let line = self.script.example(name, 0, instead);
            self.script.must(ben, &format!("--now {start} {line}"))
        };
        let of = [("bkg_abcdefgh", &booking[..12])];
        let code = text(&then("qr show", &of), "code");
        let checked = then("qr verify", &[("palier:b/…", &code)]);
        assert_eq!(text(&checked, "booking"), booking);
        for name in ["booking handover", "booking problem", "booking return"] {
            then(name, &of);
        }
    }

    /// Another end, and notice.
    fn ends(&self, ben: &Person, booking: &str) {
        let (script, anna) = (&self.script, &self.anna);
        let bkg = &booking[..12];
        let until = [("bkg_abcdefgh", bkg), ("2026-12-02T18:00", "2031-05-01T20:00")];
        let of = [until[0]];
        let dry = self.example(ben, "booking extend", 1, &until);
        assert_eq!(dry["saved"], false, "{dry}");
        self.example(ben, "booking extend", 0, &until);
        script.must(ben, "sync");
        self.example(anna, "booking extend", 3, &of);
        script.must(ben, "sync");
        self.example(ben, "booking extend", 2, &of);
        script.must(ben, "sync");
        self.example(anna, "booking extend", 3, &of);
        script.must(ben, "sync");
        let shown = script.must(ben, &format!("booking show {bkg}"));
        assert_eq!(shown["rolling"], true, "{shown}");
        let leave = [("bkg_abcdefgh", bkg), ("2027-03-31T18:00", "2031-05-02T18:00")];
        self.example(ben, "booking notice", 0, &leave);
        // Anna's device takes it up by itself.
        let ended = (0..100).any(|_| {
            script.must(ben, "sync");
            let shown = script.must(ben, &format!("booking show {bkg}"));
            shown["end"].as_str().is_some_and(|end| end.starts_with("2031-05-02T18:00"))
        });
        assert!(ended, "the notice was not taken up");
        self.example(ben, "booking extend", 0, &until);
        script.must(ben, "sync");
        self.example(anna, "booking extend", 4, &of);
        script.must(ben, "sync");
    }

    /// What comes free is offered to who waits for it.
    fn offered(&self, ben: &Person, lst: &str) {
        let (script, anna) = (&self.script, &self.anna);
        let (start, end) = slot(7);
        let ask = format!("booking request {lst} --start {start} --end {end}");
        let first = id(&script.must(ben, &ask));
        script.must(ben, "sync");
        script.must(anna, &format!("booking accept {first}"));
        let waits = id(&script.must(ben, &format!("{ask} --wait")));
        let begun = std::time::Instant::now();
        let until = |status: &str| loop {
            script.must(ben, "sync");
            let shown = script.must(ben, &format!("booking show {waits}"));
            if text(&shown, "status") == status {
                break;
            }
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{status}: {shown}");
        };
        until("waiting");
        script.must(ben, &format!("booking cancel {first}"));
        script.must(ben, "sync");
        let of = [("bkg_abcdefgh", &waits[..12])];
        loop {
            let told = script.must(anna, &format!("waitlist list {lst}"));
            if told["items"][0]["has_room"] == true {
                break;
            }
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{told}");
        }
        self.example(anna, "waitlist offer", 0, &of);
        until("offered");
        self.example(ben, "waitlist take", 0, &of);
        until("confirmed");
    }

    /// What comes again.
    fn series(&self, ben: &Person, lst: &str) {
        let (script, anna) = (&self.script, &self.anna);
        let series = |name: &str, hour: u32| {
            let (start, end) = (format!("2031-06-03T{hour}:00"), format!("2031-06-03T{hour}:30"));
            let instead = [
                ("lst_abcdefgh", lst),
                ("2026-12-01T18:00", start.as_str()),
                ("2026-12-01T20:00", end.as_str()),
                ("2027-06-01", "2031-06-30"),
            ];
            self.example(ben, name, 0, &instead)
        };
        assert_eq!(series("series plan", 18)["free"], 4);
        for (by, verb, hour) in [(anna, "accept", 18), (anna, "refuse", 19), (ben, "cancel", 20)] {
            let made = id(&series("series create", hour));
            script.must(ben, "sync");
            let line = format!("booking {verb} --series {}", &made[..12]);
            let done = script.must(by, &line);
            assert_eq!(done["items"].as_array().map(Vec::len), Some(4), "{done}");
        }
    }

    /// What needs a neighbour.
    fn together(&self) {
        let (script, anna) = (&self.script, &self.anna);
        let line = script.example("run", 0, &[("run", "run --no-mdns --listen 127.0.0.1:0")]);
        let mut anna_runs = Heard::begin(anna, &line);
        let ben = Person::init(self.root.path(), "ben").unwrap();
        let link = text(&script.must(anna, "invite create"), "link");
        let join = [("palier:LINK", link.as_str())];
        assert_eq!(text(&self.example(&ben, "join", 0, &join), "status"), "joined");
        script.fails(&ben, &format!("join {link}"), 5, "member.already");
        let revoked = id(&script.must(anna, "invite create"));
        self.example(anna, "invite revoke", 0, &[("inv_abcd", &revoked)]);
        self.example(anna, "invite list", 0, &[]);
        self.example(&ben, "sync", 0, &[]);

        let find = script.must(&ben, "search place");
        let place = text(&find["items"][0], "id");
        let lst = &place[..12];
        let ask = |by: &Person, day: u32| {
            let (start, end) = slot(day);
            let instead = [
                ("lst_abcdefgh", lst),
                ("2026-12-01T14:00", start.as_str()),
                ("2026-12-01T18:00", end.as_str()),
            ];
            id(&self.example(by, "booking request", 0, &instead))
        };
        let (yes, no, back, wait) = (ask(&ben, 1), ask(&ben, 2), ask(&ben, 3), ask(&ben, 1));
        // Waiting is a request of its own, under an id of its own.
        let waits = id(&self.example(&ben, "waitlist join", 0, &[("bkg_abcdefgh", &wait[..12])]));
        assert_ne!(waits, wait);
        script.must(&ben, "sync");
        self.example(anna, "booking list", 0, &[]);
        let bkg = |id: &str| [("bkg_abcdefgh".to_owned(), id[..12].to_owned())];
        let decide = |by: &Person, name: &str, booking: &str| {
            let [(what, with)] = bkg(booking);
            self.example(by, name, 0, &[(what.as_str(), with.as_str())])
        };
        decide(anna, "booking accept", &yes);
        decide(anna, "booking refuse", &no);
        decide(&ben, "booking cancel", &back);
        script.must(&ben, "sync");
        let shown = decide(&ben, "booking show", &yes);
        assert_eq!(
            (text(&shown, "status").as_str(), shown["firm"].as_bool()),
            ("confirmed", Some(true))
        );
        self.ends(&ben, &yes);
        // Anna's device puts it on the list by itself, now that the place is taken.
        let begun = std::time::Instant::now();
        let own = loop {
            script.must(&ben, "sync");
            let own = self.example(&ben, "waitlist", 0, &[]);
            if own["items"][0]["place"] == 1 {
                break own;
            }
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{own}");
        };
        assert_eq!(text(&own["items"][0], "booking"), waits, "{own}");
        let list = self.example(anna, "waitlist list", 0, &[("lst_abcdefgh", lst)]);
        assert_eq!(text(&list["items"][0], "booking"), waits, "{list}");
        decide(&ben, "waitlist leave", &waits);
        self.offered(&ben, lst);

        self.series(&ben, lst);
        self.handed_over(&ben, &yes);
        self.credits(&ben);
        self.groups(&ben);
        self.helped(&ben);
        // A search that is kept hears of what is new, once.
        let kept = [("drill", "soupe"), (" --kind tool --price free", "")];
        let keep = self.example(anna, "search", 1, &kept);
        let name = id(&keep);
        assert_eq!(name, "soupes");
        let soup = id(&script.must(&ben, "listing add offer --title \"Soupe à l'oignon\""));
        script.must(&ben, "sync");
        let matched = anna_runs.until(|it| it["event"] == "search_matched");
        assert_eq!(
            (text(&matched, "listing"), &matched["searches"][0]),
            (soup.clone(), &Value::from(name.clone()))
        );
        script.must(&ben, &format!("listing edit {soup} --text \"Bien chaude\""));
        script.must(&ben, "sync");
        script.must(anna, "search --saved");
        let again = self.example(anna, "search", 2, &[("drills", &name)]);
        assert_eq!(again["items"][0]["id"], soup.as_str());
        script.must(anna, &format!("search --forget {name}"));

        self.members(&mut anna_runs, &ben);
        let (exit, lines) = anna_runs.stop("-TERM");
        assert_eq!(exit, Some(0));
        for line in &lines {
            script.check("run", line);
        }
        let told = |event: &str| lines.iter().filter(|it| it["event"] == event).count();
        assert_eq!(told("search_matched"), 1, "told once, however often it changes");
        assert_eq!(told("applied"), 2, "told once, however often they ask how that stands");
    }

    /// A need is answered, a time found, done, paid and thanked for.
    fn helped(&self, ben: &Person) {
        let (script, anna) = (&self.script, &self.anna);
        let words = "listing add need --title Étagères --price 60min/h --until 2031-12-31T00:00";
        let need = id(&script.must(ben, words));
        script.must(ben, "sync");
        let lst = [("lst_abcdefgh", &need[..12])];
        script.fails(anna, &format!("listing fill {need}"), 4, "listing.not_allowed");
        let booking = id(&self.example(anna, "booking request", 1, &lst));
        script.must(ben, "sync");
        let (start, end) = slot(9);
        let line = self.script.example(
            "booking propose",
            0,
            &[
                ("bkg_abcdefgh", &booking[..12]),
                ("2026-12-01T14:00", &start),
                ("2026-12-01T16:00", &end),
            ],
        );
        script.must(ben, &line);
        script.must(ben, "sync");
        let of = [("bkg_abcdefgh", &booking[..12])];
        script.must(anna, &format!("booking accept {booking}"));
        script.must(ben, "sync");
        assert_eq!(script.must(ben, &format!("booking show {booking}"))["status"], "agreed");
        let after = |by: &Person, name: &str| {
            let line = self.script.example(name, 0, &of);
            script.must(by, &format!("--now {end} {line}"))
        };
        // More than this home can spend at once: it says so, and it stays due.
        let pay = format!("credit pay {booking}");
        script.fails(anna, &pay, 5, "credit.not_payer");
        after(ben, "credit pay");
        let done = after(ben, "booking done");
        assert_eq!(done["payment"]["status"], "paid", "{done}");
        script.must(ben, "sync");
        after(anna, "booking done");
        after(anna, "thanks give");
        script.fails(ben, &format!("thanks withdraw {booking}"), 5, "thanks.not_closed");
        script.must(ben, "sync");
        script.must(ben, &format!("--now {end} thanks give {booking} --text Merci"));
        script.must(ben, "sync");
        let whom = text(&script.must(ben, "status"), "member");
        let line = self.script.example("thanks list", 0, &[("mem_abcdefgh", &whom[..12])]);
        let list = script.must(anna, &line);
        assert_eq!(list["items"][0]["mutual"], true, "{list}");
        after(anna, "thanks withdraw");
        self.example(ben, "listing fill", 0, &lst);
    }

    /// Minutes given, and seen in both homes.
    fn credits(&self, ben: &Person) {
        let (script, anna) = (&self.script, &self.anna);
        let to = text(&script.must(ben, "status"), "member");
        let gift = self.example(anna, "credit give", 0, &[("mem_abcdefgh", &to[..12])]);
        script.fails(anna, &format!("credit give {to} --minutes 90"), 5, "credit.short");
        script.fails(anna, &format!("credit give {to} --minutes 0"), 2, "usage.invalid_value");
        assert_eq!(self.example(anna, "credit balance", 0, &[])["balance"], -90);
        script.must(ben, "sync");
        let shown = script.must(ben, "credit balance");
        assert_eq!((&shown["balance"], &shown["spendable_here"]), (&90.into(), &210.into()));
        let list = self.example(ben, "credit list", 0, &[]);
        assert_eq!(id(&list["items"][0]), id(&gift));
        assert_eq!(text(&list["items"][0], "note"), "For the shelves");
        let file = self.path("credits.csv");
        let file = self.example(ben, "credit list", 1, &[("credits.csv", &file)]);
        assert_eq!(file["lines"], 1);
    }

    /// A group with two managers, its account, and a thing that it lends.
    fn groups(&self, ben: &Person) {
        let (script, anna) = (&self.script, &self.anna);
        assert_eq!(script.must(anna, "group list")["items"], Value::Array(vec![]));
        let group = id(&self.example(anna, "group found", 0, &[]));
        let grp = ("grp_abcdefgh", &group[..12]);
        let them = text(&script.must(ben, "status"), "member");
        let mem = ("mem_abcdefgh", &them[..12]);
        script.must(ben, "sync");
        script.fails(ben, &format!("group add {group} {them}"), 4, "group.not_manager");
        self.example(ben, "credit give", 1, &[grp]);
        script.must(ben, "sync");
        self.example(anna, "group add", 0, &[grp, mem]);
        let device = text(&script.must(ben, "status"), "device");
        self.example(anna, "credit allot", 1, &[grp, ("dev_abcdefgh", &device[..12])]);
        let tool = id(&self.example(anna, "listing add", 3, &[grp]));
        script.must(ben, "sync");
        let shown = self.example(ben, "group show", 0, &[grp]);
        assert_eq!((&shown["mine"], &shown["balance"]), (&true.into(), &30.into()), "{shown}");
        assert_eq!(shown["managers"].as_array().map(Vec::len), Some(2), "{shown}");
        script.must(ben, &format!("listing edit {tool} --text \"Trois mètres\""));
        let words = format!("credit give {them} --minutes 21 --of {group}");
        script.fails(ben, &words, 5, "credit.short");
        self.example(ben, "credit give", 2, &[grp, mem]);
        script.must(ben, "sync");
        assert_eq!(self.example(anna, "credit balance", 1, &[grp])["balance"], 10);
        let list = self.example(anna, "credit list", 2, &[grp]);
        assert_eq!(list["items"].as_array().map(Vec::len), Some(3), "{list}");
        self.example(anna, "group remove", 0, &[grp, mem]);
        let list = self.example(anna, "group list", 0, &[]);
        assert_eq!(list["items"][0]["managers"].as_array().map(Vec::len), Some(1), "{list}");
        script.must(ben, "sync");
        let words = format!("listing edit {tool} --text \"À moi\"");
        script.fails(ben, &words, 4, "listing.not_allowed");
    }

    /// Who comes, moves, goes.
    fn members(&self, anna_runs: &mut Heard, ben: &Person) {
        let (script, anna) = (&self.script, &self.anna);
        let link = text(&self.example(anna, "invite create", 0, &[]), "link");
        let guests = ["nora", "omar"].map(|name| Person::init(self.root.path(), name).unwrap());
        let asked = guests.each_ref().map(|guest| {
            let answer = script.must(guest, &format!("join {link}"));
            assert_eq!(text(&answer, "status"), "awaiting_approval");
            text(&anna_runs.until(|it| it["event"] == "applied"), "member")
        });
        // Asking how that stands is no news to her, and no success to the one who asks.
        let waits = script.must(&guests[0], "sync");
        assert_eq!(waits["waiting"], true, "{waits}");
        let [nora, omar] = asked.each_ref().map(|id| [("mem_abcdefgh", &id[..12])]);
        self.example(anna, "member approve", 0, &nora);
        self.example(anna, "member refuse", 0, &omar);
        assert_eq!(script.must(&guests[0], "sync")["waiting"], false);
        script.fails(&guests[1], "sync", 4, "join.refused");
        self.example(anna, "member attest", 0, &nora);
        script.fails(
            anna,
            &format!("member attest {} --building escalier", asked[0]),
            7,
            "invalid.code",
        );
        self.example(anna, "member appoint", 0, &nora);
        self.example(anna, "member dismiss", 0, &nora);
        self.example(anna, "member remove", 0, &nora);
        self.devices(ben, &link);
    }

    /// A second device, a lost one, and coming back.
    fn devices(&self, ben: &Person, link: &str) {
        let script = &self.script;
        let ben_runs: Running = ben.run(&[]);
        let laptop = Person::init(self.root.path(), "laptop").unwrap();
        let laptop_runs = laptop.run(&[]);
        let offer = text(&self.example(ben, "device link", 0, &[]), "link");
        let shown = self.example(&laptop, "device link", 1, &[("palier:LINK", &offer)]);
        let code = text(&shown, "code");
        until("both show the code", || script.must(ben, "device link")["status"] == "comparing");
        script.must(&laptop, &format!("device link --confirm \"{code}\" --within 1s"));
        let done = self.example(ben, "device link", 2, &[("314159", &format!("\"{code}\""))]);
        assert_eq!(text(&done, "status"), "linked");
        let new = text(&done, "device");
        self.example(ben, "credit allot", 0, &[("dev_abcdefgh", &new[..12])]);
        self.example(ben, "device revoke", 0, &[("dev_abcdefgh", &new[..12])]);
        drop(laptop_runs);
        drop(ben_runs);
        let file = self.path("words.txt");
        fs::write(&file, &self.words).unwrap();
        let again = Person::at(self.root.path(), "again").unwrap();
        let instead = [("words.txt", file.as_str()), ("palier:LINK", link)];
        let back = self.example(&again, "device recover", 0, &instead);
        assert_eq!(back["hoods"].as_array().map(Vec::len), Some(1), "{back}");
    }

    /// What ends it.
    fn end(&self) {
        let (script, anna) = (&self.script, &self.anna);
        let dump = anna.command(&["dump", "--open"]).output().unwrap();
        let _ = script.example("dump", 0, &[]);
        let lines = String::from_utf8(dump.stdout).unwrap();
        lines.lines().for_each(|line| script.check("dump", &serde_json::from_str(line).unwrap()));
        assert!(lines.lines().count() > 3);
        for line in ["--help", "booking request --help", "--version"] {
            let output = anna.command(&words(line).iter().map(String::as_str).collect::<Vec<_>>());
            let output = { output }.output().unwrap();
            let value: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert!(value["help"].is_string() || value["version"].is_string(), "{value}");
        }
        self.example(anna, "hood leave", 0, &[]);
    }
}

#[test]
fn every_example_of_the_page_can_be_given_and_every_answer_is_as_its_schema_says() {
    if binary().is_none() {
        return;
    }
    let story = Story::begin();
    story.alone();
    story.together();
    story.end();
    let (examples, _) = story.script.missing();
    // Each has a test of its own, or needs this computer's own ports.
    let apart = |line: &String| line.starts_with("palier demo") || line.contains("0.0.0.0:4747");
    let left: Vec<_> = examples.into_iter().filter(|line| !apart(line)).collect();
    assert!(left.is_empty(), "never given: {left:#?}");
    let (_, names) = story.script.missing();
    let apart = ["Demo", "Welcome", "Help", "Version"];
    let left: Vec<_> = names.iter().filter(|name| !apart.contains(&name.as_str())).collect();
    assert!(left.is_empty(), "never seen: {left:#?}");
    assert!(page().len() > 50);
}
