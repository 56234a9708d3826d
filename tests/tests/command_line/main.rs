//! The command line's contract over processes: every example of `docs/cli.md` is given,
//! every answer is read by the schema that `palier schema` prints.

mod alone;
mod deals;
mod heard;
mod people;

use std::fs;
use std::path::Path;

use jpeg_encoder::{ColorType, Encoder};
use palier_tests::script::{Script, page, words};
use palier_tests::{Person, binary};
use serde_json::Value;
use tempfile::TempDir;

use crate::heard::Heard;

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
