//! `palier demo`: a neighbourhood of separate processes on this computer.
//!
//! Each person is a `palier run` of its own, with its own home, and reaches the others
//! only through TCP forwarders that the demo owns, so that it can cut the network
//! without the product knowing. Every line of the story is told after it was read back
//! from another process than the one that did it.

mod cast;
mod network;
mod story;
mod verdict;

use std::path::PathBuf;
use std::time::Instant;

use crate::args;
use crate::commands::Outcome;
use crate::errors::{CliError, Result};
use crate::terminal::Terminal;
use crate::texts::Texts;

/// Tells the story; gives what every process said at its end.
pub async fn tell(
    it: &args::Demo,
    texts: &'static Texts,
    json: bool,
    terminal: &Terminal,
) -> Result<Outcome> {
    let begun = Instant::now();
    let folder = Folder::new(it.keep.clone())?;
    let narrator = Narrator { texts, json, terminal };
    let mut story = story::Story::begin(&folder.path, narrator).await?;
    let told = story.tell().await;
    let outcome = match told {
        Ok(()) => story.verdict(begun).await,
        Err(error) => Err(error),
    };
    if let (Ok(_), Some(hold)) = (&outcome, it.hold) {
        let params = [
            ("directory", folder.path.display().to_string().into()),
            ("seconds", (hold.as_ms() / 1_000).into()),
        ];
        narrator.say("demo-hold", params);
        tokio::time::sleep(hold.as_std()).await;
    }
    story.end().await;
    let mut demo = outcome?;
    if folder.kept() {
        let params = [("directory", folder.path.display().to_string().into())];
        narrator.say("demo-kept", params);
    } else {
        narrator.say("demo-gone", []);
        demo.directory = None;
        demo.nodes.iter_mut().for_each(|node| node.home = None);
    }
    let agreed = demo.converged && demo.contested_slot_holders == 1;
    let mut outcome = Outcome::from(demo);
    if !agreed {
        outcome.exit = CliError::new("demo.disagree").exit();
    }
    Ok(outcome)
}

/// Where the homes are made.
struct Folder {
    path: PathBuf,
    /// Removed at the end unless it is to be kept.
    temporary: Option<tempfile::TempDir>,
}

impl Folder {
    fn new(keep: Option<PathBuf>) -> Result<Self> {
        match keep {
            None => {
                let temporary = tempfile::Builder::new()
                    .prefix("palier-demo-")
                    .tempdir()
                    .map_err(|error| CliError::io(&error, &std::env::temp_dir()))?;
                Ok(Self { path: temporary.path().to_owned(), temporary: Some(temporary) })
            }
            Some(keep) => {
                let path =
                    std::path::absolute(&keep).map_err(|error| CliError::io(&error, &keep))?;
                std::fs::create_dir_all(&path).map_err(|error| CliError::io(&error, &path))?;
                Ok(Self { path, temporary: None })
            }
        }
    }

    const fn kept(&self) -> bool {
        self.temporary.is_none()
    }
}

/// Tells the lines of the story: beside the answer, which ends it.
#[derive(Clone, Copy)]
struct Narrator<'a> {
    texts: &'static Texts,
    json: bool,
    terminal: &'a Terminal,
}

impl Narrator<'_> {
    fn say<'a>(&self, key: &str, params: impl IntoIterator<Item = crate::texts::Param<'a>>) {
        let line = self.texts.with(key, params);
        if self.json {
            self.terminal.note(&line);
        } else {
            // Who reads may have seen enough; the demo goes on to its end all the same.
            let _ = self.terminal.print(&line);
        }
    }
}
