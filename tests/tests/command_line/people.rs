//! Groups, members, devices.

use std::fs;

use palier_tests::{Person, Running, until};
use serde_json::Value;

use crate::heard::Heard;
use crate::{Story, id, text};

impl Story {
    /// A group with two managers, its account, and a thing that it lends.
    pub(crate) fn groups(&self, ben: &Person) {
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
        let tool = id(&self.example(anna, "listing add", 4, &[grp]));
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
    pub(crate) fn members(&self, anna_runs: &mut Heard, ben: &Person) {
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
    pub(crate) fn devices(&self, ben: &Person, link: &str) {
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
}
