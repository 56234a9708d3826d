//! What whole-system tests share: the `palier` command as another process, in folders of
//! its own. Tests live in `tests/`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub mod forwarder;
pub mod needle;
pub mod neighbourhood;
#[cfg(target_os = "linux")]
pub mod netns;
pub mod process;
pub mod rogue;
pub mod schema;
pub mod script;
pub mod street;

/// The built command: `PALIER_BIN`, or the one beside this test; none where it was not
/// built (`cargo xtask test` builds it first).
pub fn binary() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("PALIER_BIN") {
        return Some(given.into());
    }
    let beside = std::env::current_exe().ok()?.parent()?.parent()?.join("palier");
    beside.is_file().then_some(beside)
}

/// A home and the command for it.
#[derive(Clone)]
pub struct Person {
    binary: PathBuf,
    /// The folder.
    pub home: PathBuf,
    /// The place outside every backup.
    pub state: PathBuf,
    /// Where everything that its processes log goes, at the most talkative level.
    pub log: Option<PathBuf>,
    /// The network namespace its processes live in, if it is not this one.
    pub place: Option<String>,
    /// Words before every command: a tracer, or the way to where the home is seen.
    pub way: Vec<String>,
}

/// What a command answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The exit code.
    pub exit: i32,
    /// Standard output as JSON.
    pub json: Value,
}

impl Answer {
    /// A text of the answer.
    pub fn text(&self, field: &str) -> String {
        self.json[field].as_str().unwrap_or_default().to_owned()
    }
}

impl Person {
    /// A home that is not there yet.
    pub fn at(root: &Path, name: &str) -> Option<Self> {
        let binary = binary()?;
        let (home, state) = (root.join(name), root.join("state"));
        Some(Self { binary, home, state, log: None, place: None, way: Vec::new() })
    }

    /// A person with a home.
    pub fn init(root: &Path, name: &str) -> Option<Self> {
        let person = Self::at(root, name)?;
        person.must(&["init", "--name", name]);
        Some(person)
    }

    /// The command, not started.
    ///
    /// # Panics
    /// Where its log cannot be written.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut line: Vec<&OsStr> = self.way.iter().map(OsStr::new).collect();
        if let Some(place) = &self.place {
            line.extend(["ip", "netns", "exec", place].map(OsStr::new));
        }
        line.push(self.binary.as_os_str());
        let mut command = Command::new(line[0]);
        command.args(&line[1..]);
        command
            .arg("--json")
            .arg("--home")
            .arg(&self.home)
            .args(words)
            .env("PALIER_STATE", &self.state)
            .env_remove("PALIER_HOME")
            .env_remove("PALIER_AS")
            .stdin(Stdio::null());
        if let Some(log) = &self.log {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
            let file = file.expect("a log");
            command.env("PALIER_LOG", "trace").env("RUST_LOG", "trace").stderr(file);
        }
        command
    }

    /// Gives a command and reads its answer.
    ///
    /// # Panics
    /// Where its log cannot be written.
    pub fn say(&self, words: &[&str]) -> Answer {
        let output = self.command(words).output();
        let Ok(output) = output else { return Answer { exit: -1, json: Value::Null } };
        let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        Answer { exit: output.status.code().unwrap_or(-1), json }
    }

    /// Gives a command that must succeed.
    ///
    /// # Panics
    /// Where it does not.
    pub fn must(&self, words: &[&str]) -> Answer {
        let answer = self.say(words);
        assert_eq!(answer.exit, 0, "{words:?}: {}", answer.json);
        answer
    }

    /// Everything of this home goes into another, by a file.
    ///
    /// # Panics
    /// Where something of it is refused.
    pub fn pass_to(&self, other: &Self) {
        let file = self.home.with_file_name("passed.palier");
        let file = file.to_str().expect("a path");
        self.must(&["--offline", "bundle", "export", file]);
        other.must(&["--offline", "bundle", "import", file]);
    }

    /// Starts `palier run` on any port of loopback and waits until it can be asked.
    ///
    /// # Panics
    /// Where it does not come up.
    pub fn run(&self, words: &[&str]) -> Running {
        self.run_at("127.0.0.1:0", words)
    }

    /// As [`Person::run`], listening somewhere else.
    ///
    /// # Panics
    /// Where it does not come up.
    pub fn run_at(&self, listen: &str, words: &[&str]) -> Running {
        let mut all = vec!["run", "--no-mdns", "--listen", listen];
        all.extend(words);
        let mut command = self.command(&all);
        command.stdout(Stdio::null());
        if self.log.is_none() {
            command.stderr(Stdio::null());
        }
        let child = command.spawn();
        let running = Running { child: child.expect("palier run"), person: self.clone() };
        let begun = Instant::now();
        loop {
            let status = self.say(&["status"]);
            if status.json["running"] == true && !status.json["listening"][0].is_null() {
                return running;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "palier run did not come up");
            std::thread::yield_now();
        }
    }
}

/// A `palier run` that ends with this value.
pub struct Running {
    child: Child,
    /// Whose it is.
    pub person: Person,
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> String {
        let status = self.person.must(&["status"]);
        status.json["listening"][0].as_str().unwrap_or_default().to_owned()
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process lives.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it as Ctrl-C does: what was kept back is written, neighbours are told.
    ///
    /// # Panics
    /// Where it does not end.
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg("-INT").arg(self.child.id().to_string()).status();
        assert!(asked.is_ok_and(|status| status.success()), "palier run cannot be asked to end");
        until("palier run ends", || matches!(self.child.try_wait(), Ok(Some(_))));
    }

    /// Ends it at once, as a power cut does.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks until the answer is as wanted.
///
/// # Panics
/// Where it does not become so in half a minute.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::yield_now();
    }
}
