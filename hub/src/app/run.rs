//! `palier run`: holds the home, stays in touch, serves other commands.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use palier_model::time::Instant;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

use super::HOME_PATIENCE;
use crate::answer::{DumpEvent, RunEvent};
use crate::args::{self, Parsed, Run};
use crate::backend::{Backend, Host, Network, Opening, Progress, Scope};
use crate::commands::{self, Context, Outcome, Sink, Told};
use crate::errors::{CliError, Kind, Result};
use crate::render;
use crate::socket::{Handler, Line, Request, Server};
use crate::terminal::Terminal;
use crate::texts::Texts;

/// How `run` speaks.
#[derive(Clone, Copy)]
pub(super) struct Voice<'a> {
    /// In lines of JSON.
    pub(super) json: bool,
    /// Where.
    pub(super) terminal: &'a Terminal,
}

impl Voice<'_> {
    fn tell(self, event: &RunEvent) -> Result<()> {
        if self.json {
            return self.terminal.event(event);
        }
        self.terminal.note(&render::run_event(event, self.terminal.texts()));
        Ok(())
    }
}

/// Why `run` ends.
enum End {
    /// Ctrl-C.
    Interrupted,
    /// SIGTERM, or the node is closed.
    Stopped,
    /// What it says cannot be written.
    Failed(CliError),
}

/// Holds the home until stopped: by SIGTERM with exit 0, by Ctrl-C with exit 130. Whoever
/// reads its lines and goes away stops it too.
pub(super) async fn run<H: Host>(
    host: H,
    home: &Path,
    offline: bool,
    now: Option<Instant>,
    it: Run,
    voice: Voice<'_>,
) -> Result<Outcome> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::internal)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(CliError::internal)?;
    let node = tokio::select! {
        opened = open(&host, home, offline, now, it) => Arc::new(opened?),
        _ = interrupt.recv() => return Err(CliError::new("interrupted")),
        _ = terminate.recv() => return Ok(Outcome { answer: None, exit: 0 }),
    };
    let mut events = node.events();
    let server = Server::bind(home).map_err(|error| CliError::io(&error, home))?;
    let (stop, stopped) = watch::channel(false);
    let handler = Arc::new(Commands { node: Arc::clone(&node), home: home.to_owned() });
    let serving = tokio::spawn(server.serve(handler, wait_for(stopped)));

    let status = match node.status(&Scope::default()).await {
        // What was met is mended before anything more is answered.
        Err(error) if error.code == "storage.corrupt" => node.status(&Scope::default()).await?,
        status => status?,
    };
    let ready = RunEvent::Ready { device: status.device, listening: status.listening };
    let mut said = voice.tell(&ready);
    let end = loop {
        if let Err(error) = said {
            break End::Failed(error);
        }
        tokio::select! {
            _ = interrupt.recv() => break End::Interrupted,
            _ = terminate.recv() => break End::Stopped,
            event = events.recv() => match event {
                Some(event) => said = voice.tell(&event),
                None => break End::Stopped,
            },
        }
    };
    let _ = stop.send(true);
    let _ = serving.await;
    match Arc::try_unwrap(node) {
        Ok(node) => node.close().await,
        Err(_) => tracing::warn!("a command was still at work when the node stopped"),
    }
    let exit = match end {
        End::Interrupted => Kind::Interrupted.exit(),
        End::Stopped => 0,
        End::Failed(error) => return Err(error),
    };
    voice.tell(&RunEvent::Stopped)?;
    Ok(Outcome { answer: None, exit })
}

/// Opens the home; another command may hold it for a moment.
async fn open<H: Host>(
    host: &H,
    home: &Path,
    offline: bool,
    now: Option<Instant>,
    it: Run,
) -> Result<H::Node> {
    let addresses =
        |all: Vec<args::Address>| all.into_iter().map(|address| address.0).collect::<Vec<_>>();
    let network = (!offline).then(|| Network {
        listen: addresses(it.listen),
        advertise: addresses(it.advertise),
        peers: addresses(it.peer),
        mdns: !it.no_mdns,
        serve: true,
    });
    let opening = Opening { network, now };
    let begun = std::time::Instant::now();
    loop {
        match host.open(home, opening.clone()).await {
            Err(error) if error.code == "home.busy" && begun.elapsed() < HOME_PATIENCE => {
                // Another `run` will not go away: say so at once.
                if crate::socket::is_held(home).await {
                    return Err(error.param("home", home.display()));
                }
                tokio::time::sleep(super::HOME_RETRY).await;
            }
            opened => return opened,
        }
    }
}

async fn wait_for(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Serves the commands that come through the socket.
struct Commands<B> {
    node: Arc<B>,
    home: PathBuf,
}

impl<B: Backend> Handler for Commands<B> {
    async fn handle(&self, request: Request, lines: mpsc::Sender<Line>) {
        let result = self.execute(request, &lines).await;
        let done = match result {
            Ok(outcome) => Line::Done { exit: outcome.exit, answer: outcome.answer, error: None },
            Err(error) => Line::Done { exit: error.exit(), answer: None, error: Some(error) },
        };
        let _ = lines.send(done).await;
    }
}

impl<B: Backend> Commands<B> {
    async fn execute(&self, request: Request, lines: &mpsc::Sender<Line>) -> Result<Outcome> {
        let argv: Vec<OsString> = request.argv.iter().map(OsString::from).collect();
        let Parsed::Command(cli) = args::parse(&argv, Texts::of(request.lang))? else {
            return Err(CliError::new("usage"));
        };
        let context = Context {
            cwd: request.cwd,
            home: self.home.clone(),
            running: true,
            clock: request.clock,
            sink: Arc::new(Lines(lines.clone())),
        };
        commands::execute(&*self.node, &context, &cli.global, cli.command).await
    }
}

/// Progress and streams into the response.
struct Lines(mpsc::Sender<Line>);

impl Sink for Lines {
    fn progress(&self, progress: Progress) {
        // Progress that finds no room is out of date anyway.
        let _ = self.0.try_send(Line::Progress(progress));
    }

    fn line<'a>(&'a self, event: &'a DumpEvent) -> Told<'a> {
        let line = Line::Event { event: event.clone() };
        Box::pin(async move { self.0.send(line).await.map_err(|_| CliError::new("interrupted")) })
    }
}
