//! The two streams: answers on standard output, all else on standard error.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::answer::{Answer, DumpEvent};
use crate::backend::Progress;
use crate::commands::{Outcome, Sink, Told};
use crate::errors::{CliError, Result};
use crate::render;
use crate::texts::Texts;

/// What takes longer than this shows how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// How to speak to who called.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// One JSON object on standard output.
    pub json: bool,
    /// Only what a script needs.
    pub quiet: bool,
}

/// Standard output and standard error.
pub struct Terminal {
    texts: &'static Texts,
    manner: Manner,
    bar: Mutex<Option<ProgressBar>>,
    since: Instant,
}

impl Terminal {
    /// For one command.
    pub fn new(texts: &'static Texts, manner: Manner) -> Self {
        Self { texts, manner, bar: Mutex::new(None), since: Instant::now() }
    }

    /// The texts of the language spoken.
    pub const fn texts(&self) -> &'static Texts {
        self.texts
    }

    /// Says what came of a command; gives the exit code.
    pub fn finish(&self, result: Result<Outcome>) -> u8 {
        self.end_progress();
        let said = match result {
            Ok(outcome) => self.outcome(&outcome),
            Err(error) => self.error(&error),
        };
        match said {
            Ok(exit) => exit,
            // Who read has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Err(error) => CliError::io(&error, Path::new("stdout")).exit(),
        }
    }

    /// Help, version, a script: as it is.
    pub fn print(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    /// One line of a stream of JSON.
    pub fn event(&self, event: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(event).map_err(CliError::internal)?;
        self.print(&line).map_err(|error| CliError::io(&error, Path::new("stdout")))
    }

    /// A line for people, beside the answer.
    pub fn note(&self, text: &str) {
        if !self.manner.quiet {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    fn outcome(&self, outcome: &Outcome) -> io::Result<u8> {
        if let Some(answer) = &outcome.answer {
            self.print(&self.shown(answer)?)?;
        }
        Ok(outcome.exit)
    }

    fn shown(&self, answer: &Answer) -> io::Result<String> {
        Ok(match answer {
            _ if self.manner.json => answer.to_json()?,
            Answer::Completions(completions) => completions.script.clone(),
            Answer::Schemas(_) => answer.to_json()?,
            _ => {
                let color = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
                let view = render::View { texts: self.texts, color, quiet: self.manner.quiet };
                render::prose(answer, &view)
            }
        })
    }

    fn error(&self, error: &CliError) -> io::Result<u8> {
        if self.manner.json {
            self.print(&serde_json::to_string(&error.to_answer(self.texts))?)?;
        } else {
            let mut err = io::stderr().lock();
            writeln!(err, "{}", render::plain(&error.message(self.texts)))?;
            let hint = error.hint(self.texts);
            if !hint.is_empty() {
                writeln!(err, "{}", render::plain(&hint))?;
            }
        }
        Ok(error.exit())
    }

    fn end_progress(&self) {
        if let Ok(mut bar) = self.bar.lock()
            && let Some(bar) = bar.take()
        {
            bar.finish_and_clear();
        }
    }
}

impl Sink for Terminal {
    fn progress(&self, progress: Progress) {
        if self.manner.quiet || self.since.elapsed() < PATIENCE || !io::stderr().is_terminal() {
            return;
        }
        let Ok(mut slot) = self.bar.lock() else { return };
        let bar = slot.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(progress.total, ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        let template = match progress.total {
            Some(_) => "{spinner} {msg} {bar:30} {human_pos}/{human_len}",
            None => "{spinner} {msg} {human_pos}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if let Some(total) = progress.total {
            bar.set_length(total);
        }
        bar.set_position(progress.done);
        bar.set_message(render::stage(progress.stage, self.texts));
    }

    fn line<'a>(&'a self, event: &'a DumpEvent) -> Told<'a> {
        Box::pin(async move { self.event(event) })
    }
}
