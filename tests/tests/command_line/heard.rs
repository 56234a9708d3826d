//! `palier run`, heard line by line.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use palier_tests::Person;
use palier_tests::script::words;
use serde_json::Value;

/// `palier run` whose lines are read.
pub(crate) struct Heard {
    pub(crate) child: Child,
    pub(crate) lines: mpsc::Receiver<Value>,
    pub(crate) seen: Vec<Value>,
}

impl Heard {
    pub(crate) fn begin(by: &Person, line: &str) -> Self {
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
    pub(crate) fn until(&mut self, is: impl Fn(&Value) -> bool) -> Value {
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
    pub(crate) fn stop(mut self, signal: &str) -> (Option<i32>, Vec<Value>) {
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
