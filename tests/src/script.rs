//! The command line as a script has it: every answer is read by its schema, and every
//! example of `docs/cli.md` can be given.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Person;
use crate::schema::Schemas;

/// The page of commands.
const PAGE: &str = include_str!("../../docs/cli.md");

/// What the page says of one command.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Its examples, as they stand there.
    pub examples: Vec<String>,
    /// The names of its answers.
    pub answers: Vec<String>,
}

/// The words of a line, as a shell reads them.
///
/// # Panics
/// Where quotes do not close.
pub fn words(line: &str) -> Vec<String> {
    shlex::split(line).unwrap_or_else(|| panic!("quotes do not close: {line}"))
}

/// Every command of the page.
pub fn page() -> BTreeMap<String, Told> {
    let mut all = BTreeMap::new();
    for section in PAGE.split("\n### palier ").skip(1) {
        let (name, rest) = section.split_once('\n').unwrap_or((section, ""));
        let fenced = rest.split("```").nth(1).unwrap_or_default();
        let answers = rest.lines().find_map(|line| line.strip_prefix("- Answers: "));
        let told = Told {
            examples: fenced.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
            answers: answers
                .into_iter()
                .flat_map(|names| names.split('`').skip(1).step_by(2))
                .map(str::to_owned)
                .collect(),
        };
        all.insert(name.to_owned(), told);
    }
    all
}

/// A script that notes what it has seen.
pub struct Script {
    schemas: Schemas,
    page: BTreeMap<String, Told>,
    seen: RefCell<BTreeSet<String>>,
    given: RefCell<BTreeSet<String>>,
}

impl Script {
    /// Reads the schemas that the program prints.
    pub fn new(by: &Person) -> Self {
        Self {
            schemas: Schemas::of(&by.must(&["schema"]).json),
            page: page(),
            seen: RefCell::default(),
            given: RefCell::default(),
        }
    }

    /// Gives a command that must succeed; gives its answer.
    ///
    /// # Panics
    /// Where it fails, or its answer is not as the page and the schema say.
    pub fn must(&self, by: &Person, line: &str) -> Value {
        let (exit, value) = self.give(by, line);
        assert_eq!(exit, 0, "{line}: {value}");
        value
    }

    /// Gives a command that must fail so; gives its answer.
    ///
    /// # Panics
    /// Where it does not.
    pub fn fails(&self, by: &Person, line: &str, exit: i32, code: &str) -> Value {
        let (left, value) = self.give(by, line);
        assert_eq!((left, value["error"]["code"].as_str()), (exit, Some(code)), "{line}: {value}");
        value
    }

    /// Gives a command; gives its exit code and the one object of its answer.
    ///
    /// # Panics
    /// Where the answer is not one object, or not as the page and the schema say.
    pub fn give(&self, by: &Person, line: &str) -> (i32, Value) {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = by.command(&words).output().expect("the command");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(text.lines().count(), 1, "{line}: one object: {text}");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let exit = output.status.code().unwrap_or(-1);
        self.check(line, &value);
        (exit, value)
    }

    /// Checks an answer, or a line of a stream, that was given to a command.
    ///
    /// # Panics
    /// Where it is not as the page and the schema say.
    pub fn check(&self, line: &str, value: &Value) {
        if !value["error"].is_null() {
            self.note(line, "Error", value);
            let told = |field: &str| value["error"][field].as_str().unwrap_or_default();
            for field in ["message", "hint"] {
                let text = told(field);
                assert!(!text.is_empty() && !text.contains('{'), "{line}: {field}: {value}");
            }
            return;
        }
        let told = &self.page[&self.command(line)];
        let mut why = Vec::new();
        for name in &told.answers {
            match self.schemas.check(name, value) {
                Ok(()) => return self.note(line, name, value),
                Err(reason) => why.push(reason),
            }
        }
        panic!("{line}: {why:?}");
    }

    fn note(&self, line: &str, name: &str, value: &Value) {
        if let Err(why) = self.schemas.check(name, value) {
            panic!("{line}: {why}");
        }
        if name == "Saved" {
            assert_eq!(value["saved"], true, "{line}");
        }
        self.seen.borrow_mut().insert(name.to_owned());
    }

    /// The command that a line gives: its longest name on the page.
    fn command(&self, line: &str) -> String {
        let words = words(line);
        let found = (0..words.len()).flat_map(|at| {
            [2, 1].map(|n| words.iter().skip(at).take(n).cloned().collect::<Vec<_>>().join(" "))
        });
        let found = found.into_iter().find(|name| self.page.contains_key(name));
        found.unwrap_or_else(|| panic!("{line}: no command of the page"))
    }

    /// The example `n` of a command, ready to be given: without the program's name and
    /// with some words put in for others. It must hold each of these.
    ///
    /// # Panics
    /// Where it does not.
    pub fn example(&self, name: &str, n: usize, instead: &[(&str, &str)]) -> String {
        let line = &self.page[name].examples[n];
        self.given.borrow_mut().insert(line.clone());
        let line = line.split(" > ").next().unwrap_or_default();
        let mut line = line.strip_prefix("palier ").unwrap_or(line).to_owned();
        for (what, by) in instead {
            assert!(line.contains(what), "{line} holds no {what}");
            line = line.replace(what, by);
        }
        line
    }

    /// What of the page and of the schemas was not seen yet.
    pub fn missing(&self) -> (Vec<String>, Vec<String>) {
        let given = self.given.borrow();
        let examples = self.page.values().flat_map(|told| &told.examples);
        let examples = examples.filter(|line| !given.contains(*line)).cloned().collect();
        let seen = self.seen.borrow();
        let names = self.schemas.names().filter(|name| !seen.contains(*name));
        (examples, names.map(str::to_owned).collect())
    }
}
