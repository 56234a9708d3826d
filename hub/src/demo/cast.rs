//! Who plays: one process and one home each.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::network::Forwarder;
use crate::answer::{DumpEvent, Init};
use crate::backend::Progress;
use crate::commands::{Sink, Told};
use crate::errors::{CliError, Result};
use crate::socket::{self, Request};
use crate::texts::Lang;

/// How long a process may take to come up or to end.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often something awaited is looked at.
const LOOK: Duration = Duration::from_millis(40);

/// A person, or the hub, and their process.
pub(super) struct Actor {
    /// The name neighbours see.
    pub(super) name: &'static str,
    /// The home.
    pub(super) home: PathBuf,
    /// Who they are.
    pub(super) identity: Init,
    /// The way to them.
    pub(super) way: Forwarder,
    listen: SocketAddr,
    state: PathBuf,
    process: Option<Child>,
}

impl Actor {
    /// Makes a home, in a process of its own.
    pub(super) async fn new(
        folder: &Path,
        name: &'static str,
        listen: SocketAddr,
        way: Forwarder,
    ) -> Result<Self> {
        let home = folder.join(name.to_lowercase());
        let state = folder.join("state").join(name.to_lowercase());
        let mut command = palier(&home, &state)?;
        command.args(["init", "--name", name]);
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .map_err(CliError::internal)?
            .map_err(|error| CliError::io(&error, &home))?;
        let identity = serde_json::from_slice(&output.stdout)
            .map_err(|_| CliError::new("demo.failed").param("step", format!("init {name}")))?;
        Ok(Self { name, home, identity, way, listen, state, process: None })
    }

    /// Starts the process and waits until it can be asked.
    pub(super) async fn start(&mut self, peers: &[SocketAddr]) -> Result<()> {
        let mut command = palier(&self.home, &self.state)?;
        command.args(["run", "--no-mdns", "--listen", &self.listen.to_string()]);
        command.args(["--advertise", &self.way.address.to_string()]);
        for peer in peers {
            command.args(["--peer", &peer.to_string()]);
        }
        let log = self.home.with_extension("log");
        let file = File::create(&log).map_err(|error| CliError::io(&error, &log))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        self.process = Some(command.spawn().map_err(|error| CliError::io(&error, &self.home))?);
        let begun = Instant::now();
        while !socket::is_held(&self.home).await {
            let ended =
                self.process.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if ended || begun.elapsed() > PATIENCE {
                return Err(self.failed("run"));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Gives a command to the process and reads its answer.
    pub(super) async fn ask<T: DeserializeOwned>(&self, words: &[&str]) -> Result<T> {
        let mut argv = vec!["palier".to_owned(), "--json".to_owned()];
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        let request = Request {
            argv,
            cwd: self.home.clone(),
            lang: Lang::En,
            clock: palier_model::time::Instant(Timestamp::now().as_millisecond()),
        };
        let outcome = socket::call(&self.home, &request, &Nowhere).await?;
        let answer = outcome.and_then(|outcome| outcome.answer);
        let json = answer.and_then(|answer| answer.to_json().ok());
        json.and_then(|json| serde_json::from_str(&json).ok()).ok_or_else(|| self.failed(words[0]))
    }

    /// Asks again and again until the answer is as awaited.
    pub(super) async fn wait<T: DeserializeOwned>(
        &self,
        what: &str,
        words: &[&str],
        awaited: impl Fn(&T) -> bool,
    ) -> Result<T> {
        let begun = Instant::now();
        loop {
            match self.ask::<T>(words).await {
                Ok(answer) if awaited(&answer) => return Ok(answer),
                // What has not arrived yet is not found yet.
                Ok(_) | Err(CliError { kind: crate::errors::Kind::NotFound, .. }) => {}
                Err(error) => return Err(error),
            }
            if begun.elapsed() > PATIENCE {
                return Err(self.failed(what));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Ends the process in order, or at once if it does not listen.
    pub(super) async fn stop(&mut self) {
        let Some(mut child) = self.process.take() else { return };
        let pid = child.id().to_string();
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &pid]).status();
        let begun = Instant::now();
        while asked.as_ref().is_ok_and(|status| status.success()) && begun.elapsed() < PATIENCE {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
        let _ = child.kill();
        let _ = child.wait();
    }

    fn failed(&self, step: &str) -> CliError {
        CliError::new("demo.failed").param("step", format!("{}: {step}", self.name))
    }
}

impl Drop for Actor {
    /// Nothing of the demo outlives it, also where it is interrupted.
    fn drop(&mut self) {
        if let Some(child) = &mut self.process {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// This program, as another process with a home of its own.
fn palier(home: &Path, state: &Path) -> Result<Command> {
    let program = std::env::current_exe().map_err(CliError::internal)?;
    let mut command = Command::new(program);
    command.env("PALIER_STATE", state).env_remove("PALIER_HOME").env_remove("PALIER_AS");
    command.arg("--json").arg("--home").arg(home);
    Ok(command)
}

/// The demo shows no progress of its actors.
struct Nowhere;

impl Sink for Nowhere {
    fn progress(&self, _: Progress) {}

    fn line<'a>(&'a self, _: &'a DumpEvent) -> Told<'a> {
        Box::pin(async { Ok(()) })
    }
}
