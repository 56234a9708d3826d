//! Commands: from arguments to operations of the node and back to answers.
//!
//! [`execute`] is the same in this process and behind the socket of `palier run`.

mod booking;
mod bundle;
mod calendar;
mod credit;
mod device;
mod group;
mod hood;
mod listing;
mod local;
mod member;
mod node;
mod qr;
mod resolve;
mod series;
mod thanks;
mod waitlist;

pub use local::{completions, schema, welcome};

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use jiff::tz::TimeZone;
use palier_model::time::Instant;

use crate::answer::{Answer, DumpEvent, Help, Version};
use crate::args::{self, Command, Global};
use crate::backend::{Backend, OnProgress, Progress, Scope};
use crate::errors::{CliError, Kind, Result};

/// A line on its way to who called, who may be slow to read.
pub type Told<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// Where things go while a command works.
pub trait Sink: Send + Sync {
    /// How far it is. Must not block.
    fn progress(&self, progress: Progress);
    /// One line of a stream.
    fn line<'a>(&'a self, event: &'a DumpEvent) -> Told<'a>;
}

/// The surroundings of a command.
#[derive(Clone)]
pub struct Context {
    /// What relative paths start from.
    pub cwd: PathBuf,
    /// The home, for `status`.
    pub home: PathBuf,
    /// Whether `palier run` holds the home.
    pub running: bool,
    /// The time it is where the command was given: what `--now +2h` counts from.
    pub clock: Instant,
    /// Where progress and streams go.
    pub sink: Arc<dyn Sink>,
}

impl Context {
    fn path(&self, path: &std::path::Path) -> PathBuf {
        self.cwd.join(path)
    }

    fn progress(&self) -> OnProgress {
        let sink = Arc::clone(&self.sink);
        Arc::new(move |progress| sink.progress(progress))
    }
}

/// What a command gives back.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The answer; none after a stream.
    pub answer: Option<Answer>,
    /// The exit code: an answer may be partial.
    pub exit: u8,
}

impl<T: Into<Answer>> From<T> for Outcome {
    fn from(answer: T) -> Self {
        Self { answer: Some(answer.into()), exit: 0 }
    }
}

impl From<args::Told> for Outcome {
    fn from(told: args::Told) -> Self {
        match told {
            args::Told::Help(help) => Help { help }.into(),
            args::Told::Version(_) => {
                Version { version: env!("CARGO_PKG_VERSION").to_owned() }.into()
            }
        }
    }
}

impl Outcome {
    /// The same with the exit code of `kind` if `partial`.
    fn partial_if(mut self, partial: bool, kind: Kind) -> Self {
        if partial {
            self.exit = kind.exit();
        }
        self
    }
}

/// Does what a command says on an open home.
pub async fn execute<B: Backend>(
    node: &B,
    context: &Context,
    global: &Global,
    command: Option<Command>,
) -> Result<Outcome> {
    let scope = Scope { hood: global.hood.clone(), mandate_of: None, offline: global.offline };
    let Some(claimed) = global.now else {
        return execute_on(node, context, scope, global, command).await;
    };
    // On the clocks of the place, as every other time of the command line.
    let zone = node.zone(&scope).await?;
    let now = claimed.resolve(&zone, context.clock).ok_or_else(|| CliError::new("invalid.time"))?;
    execute_on(&node.claiming(now), context, scope, global, command).await
}

async fn execute_on<B: Backend>(
    node: &B,
    context: &Context,
    mut scope: Scope,
    global: &Global,
    command: Option<Command>,
) -> Result<Outcome> {
    if let Some(member) = &global.mandate_of {
        scope.mandate_of = Some(resolve::member(node, &scope, member).await?);
    }
    let on = On { node, context, scope: &scope, clocks: None };
    match command {
        None | Some(Command::Status) => node::status(on).await,
        Some(Command::Sync(it)) => node::sync(on, it).await,
        Some(Command::Doctor(it)) => node::doctor(on, it).await,
        Some(Command::Dump(_)) => node::dump(on).await,
        Some(Command::Hood(it)) => hood::hood(on, it).await,
        Some(Command::Invite(it)) => hood::invite(on, it).await,
        Some(Command::Join(it)) => hood::join(on, it).await,
        Some(Command::Member(it)) => member::member(on, it).await,
        Some(Command::Profile(it)) => member::profile(on, it).await,
        Some(Command::Group(it)) => group::group(on, it).await,
        Some(Command::Device(it)) => device::device(on, it).await,
        Some(Command::Listing(it)) => listing::listing(on, it).await,
        Some(Command::Search(it)) => listing::search(on, it).await,
        Some(Command::Photo(it)) => listing::photo(on, it).await,
        Some(Command::Calendar(it)) => calendar::calendar(on, it).await,
        Some(Command::Booking(it)) => booking::booking(on, it).await,
        Some(Command::Series(it)) => series::series(on, it).await,
        Some(Command::Qr(it)) => qr::qr(on, it).await,
        Some(Command::Waitlist(it)) => waitlist::waitlist(on, it).await,
        Some(Command::Credit(it)) => credit::credit(on, it).await,
        Some(Command::Thanks(it)) => thanks::thanks(on, it).await,
        Some(Command::Bundle(it)) => bundle::bundle(on, it).await,
        Some(Command::Schema(it)) => schema(it.answer.as_deref()),
        // These open homes themselves; they never come here.
        Some(Command::Init(_) | Command::Run(_) | Command::Demo(_) | Command::Completions(_)) => {
            Err(CliError::new("usage"))
        }
    }
}

/// A node, and where and when something is asked of it.
struct On<'a, B> {
    node: &'a B,
    context: &'a Context,
    scope: &'a Scope,
    /// On whose clocks wall times are meant; the neighbourhood's where nothing is said.
    clocks: Option<&'a TimeZone>,
}

impl<B> Clone for On<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for On<'_, B> {}

impl<'a, B: Backend> On<'a, B> {
    /// The same on other clocks: what is said of a listing is meant on its own.
    fn on_clocks<'b>(self, clocks: &'b TimeZone) -> On<'b, B>
    where
        'a: 'b,
    {
        On { clocks: Some(clocks), ..self }
    }

    async fn zone(&self) -> Result<TimeZone> {
        match self.clocks {
            Some(clocks) => Ok(clocks.clone()),
            None => self.node.zone(self.scope).await,
        }
    }

    /// The instant that a person meant, on the clocks of the place.
    async fn instant(&self, time: args::TimeArg) -> Result<Instant> {
        let zone = self.zone().await?;
        time.resolve(&zone, self.node.now()).ok_or_else(|| CliError::new("invalid.time"))
    }

    async fn instant_if(&self, time: Option<args::TimeArg>) -> Result<Option<Instant>> {
        match time {
            None => Ok(None),
            Some(time) => self.instant(time).await.map(Some),
        }
    }
}

/// What an edit changes: at least something.
fn changed<T: Default + PartialEq>(patch: T) -> Result<T> {
    if patch == T::default() {
        return Err(CliError::new("usage.nothing_to_change"));
    }
    Ok(patch)
}

fn paging(page: args::Page) -> crate::backend::Paging {
    crate::backend::Paging { limit: page.limit, after: page.after }
}

#[cfg(test)]
mod tests;
