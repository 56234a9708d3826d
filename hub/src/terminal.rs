//! The two streams: answers on standard output, all else on standard error.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::answer::{Answer, DumpEvent};
use crate::backend::{Progress, Stage};
use crate::commands::{Outcome, Sink, Told};
use crate::errors::{CliError, Result};
use crate::render;
use crate::texts::Texts;

/// Whoever read a stream went away: the end of it, and no failure.
const READER_GONE: &str = "output.closed";
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
    waiting: Mutex<Waiting>,
}

impl Terminal {
    /// For one command.
    pub fn new(texts: &'static Texts, manner: Manner) -> Self {
        Self { texts, manner, waiting: Mutex::new(Waiting::Over) }
    }

    /// The texts of the language spoken.
    pub const fn texts(&self) -> &'static Texts {
        self.texts
    }

    /// Says what came of a command; gives the exit code.
    pub fn finish(&self, result: Result<Outcome>) -> u8 {
        self.end_progress();
        let outcome = match result {
            Ok(outcome) => outcome,
            // Who read the stream has seen enough.
            Err(error) if error.code == READER_GONE => return 0,
            Err(error) => {
                // Whoever does not hear why still learns by the exit code that it failed.
                let _ = self.error(&error);
                return error.exit();
            }
        };
        let said = match &outcome.answer {
            None => Ok(()),
            Some(answer) => self.shown(answer).and_then(|text| self.print(&text)),
        };
        match said {
            // Whether the reader stayed or not: what was asked for is done.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let error = CliError::io(&error, Path::new("stdout"));
                let _ = self.error(&error);
                error.exit()
            }
            _ => outcome.exit,
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
        self.print(&line).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => CliError::new(READER_GONE),
            _ => CliError::io(&error, Path::new("stdout")),
        })
    }

    /// A line for people, beside the answer.
    pub fn note(&self, text: &str) {
        if !self.manner.quiet {
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    fn shown(&self, answer: &Answer) -> io::Result<String> {
        let color = !self.manner.json && may_color();
        let view = render::View { texts: self.texts, color, quiet: self.manner.quiet };
        if !self.manner.json {
            return Ok(render::prose(answer, &view));
        }
        let worded = render::worded(answer, &view);
        Ok(worded.as_ref().unwrap_or(answer).to_json()?)
    }

    fn error(&self, error: &CliError) -> io::Result<()> {
        if self.manner.json {
            self.print(&serde_json::to_string(&error.to_answer(self.texts))?)?;
        } else {
            let mut err = io::stderr().lock();
            writeln!(err, "{}", render::plain(&error.message(self.texts)))?;
            if let Some(words) = &error.to_read {
                writeln!(err, "  {}", render::plain(words))?;
            }
            let hint = error.hint(self.texts);
            if !hint.is_empty() {
                writeln!(err, "{}", render::plain(&hint))?;
            }
            let view = render::View { texts: self.texts, color: false, quiet: false };
            let others = render::alternatives(&error.alternatives, &view);
            if !others.is_empty() {
                writeln!(err, "{others}")?;
            }
        }
        Ok(())
    }

    /// From now on something goes on: once it has taken a second, it shows how far it is,
    /// also where nothing more is heard of it.
    pub fn begin(self: &Arc<Self>) {
        if !self.shows_progress() {
            return;
        }
        if let Ok(mut waiting) = self.waiting.lock() {
            *waiting = Waiting::Since(Instant::now());
        }
        let terminal = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(PATIENCE).await;
            if let Ok(mut waiting) = terminal.waiting.lock() {
                waiting.show(terminal.texts);
            }
        });
    }

    fn shows_progress(&self) -> bool {
        !self.manner.quiet && io::stderr().is_terminal()
    }

    fn end_progress(&self) {
        if let Ok(mut waiting) = self.waiting.lock()
            && let Waiting::Shown(bar) = std::mem::replace(&mut *waiting, Waiting::Over)
        {
            bar.finish_and_clear();
        }
    }
}

/// What stands for how far something is.
enum Waiting {
    /// Nothing goes on.
    Over,
    /// It goes on, not yet for long; nothing was heard of it.
    Since(Instant),
    /// It goes on, not yet for long, and is so far.
    At(Instant, Progress),
    /// It takes long.
    Shown(ProgressBar),
}

impl Waiting {
    /// Takes what was heard; shows it where it has taken long.
    fn hear(&mut self, progress: Progress, texts: &Texts) {
        match self {
            Self::Over => {}
            Self::Since(since) | Self::At(since, _) => {
                let (since, long) = (*since, since.elapsed() >= PATIENCE);
                *self = Self::At(since, progress);
                if long {
                    self.show(texts);
                }
            }
            Self::Shown(bar) => draw(bar, progress, texts),
        }
    }

    /// Begins to show it.
    fn show(&mut self, texts: &Texts) {
        let progress = match self {
            Self::Over | Self::Shown(_) => return,
            Self::Since(_) => Progress { stage: Stage::Working, done: 0, total: None },
            Self::At(_, progress) => *progress,
        };
        let bar = ProgressBar::with_draw_target(progress.total, ProgressDrawTarget::stderr());
        bar.enable_steady_tick(Duration::from_millis(120));
        draw(&bar, progress, texts);
        *self = Self::Shown(bar);
    }
}

fn draw(bar: &ProgressBar, progress: Progress, texts: &Texts) {
    let template = match progress.total {
        Some(_) => "{spinner} {msg} {bar:30} {human_pos}/{human_len}",
        None if progress.done > 0 => "{spinner} {msg} {human_pos}",
        None => "{spinner} {msg}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if let Some(total) = progress.total {
        bar.set_length(total);
    }
    bar.set_position(progress.done);
    bar.set_message(render::stage(progress.stage, texts));
}

/// Colour only where a person looks, and wants it.
fn may_color() -> bool {
    let says = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    io::stdout().is_terminal()
        && says("NO_COLOR").is_none()
        && says("TERM").is_none_or(|terminal| terminal != "dumb")
}

impl Sink for Terminal {
    fn progress(&self, progress: Progress) {
        if let Ok(mut waiting) = self.waiting.lock() {
            waiting.hear(progress, self.texts);
        }
    }

    fn line<'a>(&'a self, event: &'a DumpEvent) -> Told<'a> {
        Box::pin(async move { self.event(event) })
    }
}
