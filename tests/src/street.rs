//! A neighbourhood of homes that are opened one after the other, each offline: what is said
//! is passed on by files.

use serde_json::Value;
use tempfile::TempDir;

use crate::script::words;
use crate::{Answer, Person, binary};

/// Its homes; the first founded it.
pub struct Street {
    root: TempDir,
    people: Vec<Person>,
}

impl Street {
    /// Homes by these names; none where there is no program to run.
    ///
    /// # Panics
    /// Where a home cannot be made.
    pub fn begin(names: &[&str]) -> Option<Self> {
        binary()?;
        let root = TempDir::new().expect("a folder");
        let people: Vec<Person> =
            names.iter().map(|name| Person::init(root.path(), name).expect("a home")).collect();
        let street = Self { root, people };
        let first = &street.people[0];
        must(first, "hood found \"Les Érables\" --zone Europe/Paris");
        let running = first.run(&[]);
        for guest in &street.people[1..] {
            let link = first.must(&["invite", "create"]).text("link");
            assert_eq!(guest.must(&["join", &link]).text("status"), "joined");
        }
        drop(running);
        street.share();
        Some(street)
    }

    /// The people, in the order of their names.
    ///
    /// # Panics
    /// Where there are not so many.
    pub fn people<const N: usize>(&self) -> [&Person; N] {
        let people: Vec<&Person> = self.people.iter().collect();
        people.try_into().unwrap_or_else(|_| panic!("not {N} people"))
    }

    /// A path in the folder of the street.
    pub fn path(&self, name: &str) -> String {
        self.root.path().join(name).to_string_lossy().into_owned()
    }

    /// Everything of one home goes into another.
    pub fn pass(&self, from: &Person, to: &Person) {
        let file = self.path("pass.palier");
        from.must(&["--offline", "bundle", "export", &file]);
        to.must(&["--offline", "bundle", "import", &file]);
    }

    /// Everybody hears of everything.
    pub fn share(&self) {
        for _ in 0..2 {
            for from in &self.people {
                for to in self.people.iter().filter(|to| to.home != from.home) {
                    self.pass(from, to);
                }
            }
        }
    }
}

/// Gives a line offline.
pub fn say(by: &Person, line: &str) -> Answer {
    let line = format!("--offline {line}");
    let words = words(&line);
    by.say(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The same, which must succeed.
///
/// # Panics
/// Where it does not.
pub fn must(by: &Person, line: &str) -> Value {
    let answer = say(by, line);
    assert_eq!(answer.exit, 0, "{line}: {}", answer.json);
    answer.json
}

/// The same, which must fail so.
///
/// # Panics
/// Where it does not, or says no words.
pub fn fails(by: &Person, line: &str, code: &str) -> Value {
    let answer = say(by, line);
    assert_ne!(answer.exit, 0, "{line}: {}", answer.json);
    let error = answer.json["error"].clone();
    assert_eq!(error["code"], code, "{line}: {error}");
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.len() > 10 && !message.contains('{'), "{message}");
    error
}

/// The id of an answer.
pub fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_default().to_owned()
}

/// A booking as somebody sees it.
pub fn show(by: &Person, booking: &str) -> Value {
    must(by, &format!("booking show {booking}"))
}
