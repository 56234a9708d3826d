//! What a phone reminds of, between two homes: what begins, is to be handed over, brought
//! back or answered; each told once under one id, in the person's words; nothing where
//! nothing is due.

use jiff::Timestamp;
use palier_tests::script::words;
use palier_tests::{Answer, Person, Running, binary};
use serde_json::Value;
use tempfile::TempDir;

struct Two {
    _root: TempDir,
    anna: Person,
    ben: Person,
    runs: Running,
}

fn say(by: &Person, line: &str) -> Answer {
    let words = words(line);
    by.say(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn must(by: &Person, line: &str) -> Value {
    let answer = say(by, line);
    assert_eq!(answer.exit, 0, "{line}: {}", answer.json);
    answer.json
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field}: {value}")).to_owned()
}

fn items(value: &Value) -> Vec<Value> {
    value["items"].as_array().unwrap_or_else(|| panic!("no items: {value}")).clone()
}

fn utc(value: &Value, field: &str) -> String {
    text(value, field).parse::<Timestamp>().unwrap().to_string()
}

impl Two {
    fn begin() -> Option<Self> {
        binary()?;
        let root = TempDir::new().unwrap();
        let anna = Person::init(root.path(), "anna").unwrap();
        must(&anna, "hood found \"Les Lilas\" --zone Europe/Paris");
        let runs = anna.run(&[]);
        let ben = Person::init(root.path(), "ben").unwrap();
        let link = text(&must(&anna, "invite create"), "link");
        must(&ben, &format!("join {link}"));
        Some(Self { _root: root, anna, ben, runs })
    }

    fn add(&self, line: &str) -> String {
        let listing = text(&must(&self.anna, &format!("{line} --until 2040-01-01")), "id");
        must(&self.ben, "sync");
        listing
    }
}

/// Kinds that are due, with all of them.
fn due(by: &Person, now: &str, within: &str) -> (Vec<String>, Vec<Value>) {
    let all = items(&must(by, &format!("{now} calendar due --within {within}")));
    (all.iter().map(|it| text(it, "kind")).collect(), all)
}

#[test]
fn each_side_is_told_in_time_what_it_has_to_do_and_nothing_once_it_is_done() {
    let Some(two) = Two::begin() else { return };
    let drill = two.add("listing add tool --title Perceuse");
    assert!(due(&two.anna, "", "7d").0.is_empty());
    assert!(due(&two.ben, "", "7d").0.is_empty());
    let line = format!("booking request {drill} --start 2031-05-05T10:00 --end 2031-05-05T12:00");
    let booking = text(&must(&two.ben, &line), "id");
    must(&two.ben, "sync");
    let (kinds, all) = due(&two.anna, "", "7d");
    assert_eq!(kinds, ["question"]);
    assert_eq!(text(&all[0], "id"), format!("{booking}.question"));
    assert_eq!(utc(&all[0], "until"), "2031-05-05T08:00:00Z");
    must(&two.anna, &format!("booking accept {booking}"));
    must(&two.ben, "sync");
    assert!(due(&two.anna, "", "7d").0.is_empty(), "it was answered");

    let early = "--now 2031-05-05T08:30";
    assert!(due(&two.ben, early, "20m").0.is_empty(), "not yet");
    let (kinds, all) = due(&two.ben, early, "2h");
    assert_eq!(kinds, ["starts_soon"]);
    assert_eq!(utc(&all[0], "at"), "2031-05-05T07:00:00Z");
    assert_eq!(due(&two.anna, early, "2h").0, ["hand_over"]);
    for (lang, word) in [("fr", "Perceuse : commence"), ("en", "Perceuse: begins")] {
        let (_, all) = due(&two.ben, &format!("--lang {lang} {early}"), "2h");
        let title = text(&all[0], "title");
        assert!(title.starts_with(word) && title.contains("2031"), "{title}");
    }

    must(&two.anna, &format!("--now 2031-05-05T10:05 booking handover {booking}"));
    must(&two.ben, "sync");
    let now = "--now 2031-05-05T10:10";
    let (kinds, before) = due(&two.ben, now, "1d");
    assert_eq!(kinds, ["return_due", "overdue"]);
    assert_eq!(utc(&before[0], "at"), "2031-05-05T09:00:00Z");
    assert_eq!(due(&two.anna, now, "1d").0, ["overdue"]);
    assert_eq!(due(&two.ben, now, "10m").0, Vec::<String>::new(), "a short window is quiet");

    // Another end: the same reminders, later.
    must(&two.ben, &format!("{now} booking extend {booking} --until 2031-05-05T14:00"));
    must(&two.ben, "sync");
    assert_eq!(due(&two.anna, now, "1d").0, ["end_question", "overdue"]);
    must(&two.anna, &format!("{now} booking extend {booking} --accept"));
    must(&two.ben, "sync");
    let (kinds, after) = due(&two.ben, now, "1d");
    assert_eq!(kinds, ["return_due", "overdue"]);
    assert_eq!(text(&after[0], "id"), text(&before[0], "id"));
    assert_eq!(utc(&after[0], "at"), "2031-05-05T11:00:00Z");
    let late = "--now 2031-05-05T15:00";
    assert_eq!(due(&two.ben, late, "1d").0, ["overdue"]);
    for by in [&two.ben, &two.anna] {
        must(by, &format!("{late} booking return {booking}"));
        must(&two.ben, "sync");
    }
    assert!(due(&two.ben, late, "30d").0.is_empty());
    assert!(due(&two.anna, late, "30d").0.is_empty());
    let answer = say(&two.ben, "calendar due --within 400d");
    assert_eq!((answer.exit, text(&answer.json["error"], "code")), (7, "invalid.range".into()));
    two.runs.stop();
}
