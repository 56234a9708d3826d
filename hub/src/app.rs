//! From a command line to an exit code: which process does it, and how it ends.

mod home;
mod run;

pub use home::home_folder;

use std::ffi::OsString;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use palier_model::time::Instant;

use crate::args::{self, Cli, Command, Device, Parsed};
use crate::backend::{Backend, Host, Network, Opening, Progress, Recovery, Stage};
use crate::commands::{self, Context, Outcome, Sink};
use crate::demo;
use crate::errors::{CliError, Kind, Result};
use crate::socket::{self, Request};
use crate::terminal::{Manner, Terminal};
use crate::texts::{Lang, Texts};

/// How long a command waits for another that holds the home.
const HOME_PATIENCE: Duration = Duration::from_secs(10);
/// How often it looks.
const HOME_RETRY: Duration = Duration::from_millis(20);
/// Longest input read for the recovery words.
const MAX_PHRASE_BYTES: u64 = 4 * 1024;

/// Does what a command line says; gives the exit code.
pub fn run<H: Host>(argv: &[OsString], host: H) -> u8 {
    let lang = Lang::detect(argv, |name| std::env::var(name).ok());
    let texts = Texts::of(lang);
    let json = args::wants_json(argv);
    let cli = match args::parse(argv, texts) {
        Ok(Parsed::Command(cli)) => *cli,
        Ok(Parsed::Text(told)) => {
            return Terminal::new(texts, Manner { json, quiet: false }).finish(Ok(told.into()));
        }
        Err(error) => {
            return Terminal::new(texts, Manner { json, quiet: false }).finish(Err(error));
        }
    };
    log_to_stderr(cli.global.verbose);
    let manner = Manner { json: cli.global.json, quiet: cli.global.quiet };
    let terminal = Arc::new(Terminal::new(texts, manner));
    let app = App { argv, lang, texts, json: manner.json, terminal: Arc::clone(&terminal), host };
    let result = app.dispatch(cli);
    terminal.finish(result)
}

struct App<'a, H> {
    argv: &'a [OsString],
    lang: Lang,
    texts: &'static Texts,
    json: bool,
    terminal: Arc<Terminal>,
    host: H,
}

impl<H: Host> App<'_, H> {
    fn dispatch(self, cli: Cli) -> Result<Outcome> {
        match &cli.command {
            Some(Command::Completions(it)) => return commands::completions(it.shell, self.texts),
            Some(Command::Schema(it)) => return commands::schema(it.answer.as_deref()),
            _ => {}
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(CliError::internal)?;
        let work = self.work(cli);
        let result = runtime.block_on(work);
        match &result {
            // A thread that waits for the person to type goes with the process.
            Err(error) if error.kind == Kind::Interrupted => runtime.shutdown_background(),
            // A thread that hangs in the system must not keep the answer back.
            _ => runtime.shutdown_timeout(Duration::from_secs(5)),
        }
        result
    }

    async fn work(self, cli: Cli) -> Result<Outcome> {
        match cli.command {
            Some(Command::Run(_)) => self.hold(cli).await,
            _ => until_interrupted(self.once(cli)).await,
        }
    }

    /// `palier run`, which stops in order.
    async fn hold(self, mut cli: Cli) -> Result<Outcome> {
        let now = self.claimed(&cli)?;
        let home = home_folder(cli.global.home.as_deref(), cli.global.profile.as_deref())?;
        let Some(Command::Run(it)) = cli.command.take() else {
            return Err(CliError::new("usage"));
        };
        if !self.host.exists(&home) {
            return Err(CliError::new("home.none").param("home", home.display()));
        }
        let voice = run::Voice { json: self.json, terminal: &self.terminal };
        run::run(self.host, &home, cli.global.offline, now, it, voice).await
    }

    /// Everything that comes to an end by itself.
    async fn once(self, mut cli: Cli) -> Result<Outcome> {
        let claimed = self.claimed(&cli)?;
        if let Some(Command::Demo(it)) = &cli.command {
            return demo::tell(it, self.texts, self.json, &self.terminal).await;
        }
        let home = home_folder(cli.global.home.as_deref(), cli.global.profile.as_deref())?;
        match cli.command.take() {
            Some(Command::Init(it)) => {
                if self.host.exists(&home) {
                    return Err(CliError::new("home.already").param("home", home.display()));
                }
                self.terminal.begin();
                Ok(self.host.init(&home, it.name).await?.into())
            }
            Some(Command::Device(Device::Recover(it))) => {
                self.recover(&home, cli.global.offline, it, claimed).await
            }
            None if !self.host.exists(&home) => Ok(commands::welcome(&home)),
            _ if !self.host.exists(&home) => {
                Err(CliError::new("home.none").param("home", home.display()))
            }
            command => {
                cli.command = command;
                self.on_home(&home, cli, claimed).await
            }
        }
    }

    /// The time that is claimed while a home is opened: the zone of the place is not
    /// known yet.
    fn claimed(&self, cli: &Cli) -> Result<Option<Instant>> {
        let Some(claimed) = cli.global.now else { return Ok(None) };
        let now = claimed.resolve(&TimeZone::system(), clock());
        now.map(Some).ok_or_else(|| CliError::new("invalid.time"))
    }

    async fn recover(
        &self,
        home: &Path,
        offline: bool,
        it: args::DeviceRecover,
        claimed: Option<Instant>,
    ) -> Result<Outcome> {
        let file = it.phrase;
        let phrase = tokio::task::spawn_blocking(move || read_phrase(file.as_deref()))
            .await
            .map_err(CliError::internal)??;
        self.terminal.begin();
        let (link, name, within_ms) = (it.link, it.name, it.within.as_ms());
        let given = Recovery { phrase, link, name, within_ms };
        let network = network_of(offline, Vec::new());
        let opening = Opening { network, now: claimed };
        Ok(self.host.recover(home, given, opening).await?.into())
    }

    /// Through the socket of the process that holds the home, else by opening it.
    async fn on_home(&self, home: &Path, cli: Cli, claimed: Option<Instant>) -> Result<Outcome> {
        self.terminal.begin();
        let cwd = std::env::current_dir().map_err(|error| CliError::io(&error, Path::new(".")))?;
        let request = Request {
            argv: self.argv.iter().map(|word| word.to_string_lossy().into_owned()).collect(),
            cwd: cwd.clone(),
            lang: self.lang,
            clock: clock(),
        };
        let sink: Arc<dyn Sink> = self.terminal.clone();
        let opening = Opening {
            network: needs_network(&cli)
                .then(|| network_of(cli.global.offline, peers(&cli)))
                .flatten(),
            now: claimed,
        };
        let begun = std::time::Instant::now();
        let node = loop {
            if let Some(outcome) = socket::call(home, &request, &*sink).await? {
                return Ok(outcome);
            }
            match self.host.open(home, opening.clone()).await {
                Err(error) if error.code == "home.busy" && begun.elapsed() < HOME_PATIENCE => {
                    sink.progress(Progress { stage: Stage::Waiting, done: 0, total: None });
                    tokio::time::sleep(HOME_RETRY).await;
                }
                opened => break opened?,
            }
        };
        let context =
            Context { cwd, home: home.to_owned(), running: false, clock: request.clock, sink };
        let result = commands::execute(&node, &context, &cli.global, cli.command).await;
        node.close().await;
        result
    }
}

/// The time on this computer's clock.
fn clock() -> Instant {
    Instant(Timestamp::now().as_millisecond())
}

/// Whether a command talks to neighbours.
fn needs_network(cli: &Cli) -> bool {
    matches!(
        &cli.command,
        Some(
            Command::Sync(_)
                | Command::Join(_)
                | Command::Device(Device::Link(_))
                | Command::Photo(args::Photo::Get(_))
        )
    )
}

fn peers(cli: &Cli) -> Vec<String> {
    match &cli.command {
        Some(Command::Sync(it)) => it.peer.iter().map(|address| address.0.clone()).collect(),
        _ => Vec::new(),
    }
}

fn network_of(offline: bool, peers: Vec<String>) -> Option<Network> {
    (!offline).then(|| Network { peers, mdns: true, ..Network::default() })
}

fn read_phrase(file: Option<&Path>) -> Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    let (read, path) = match file {
        None => {
            let input = std::io::stdin().lock();
            (input.take(MAX_PHRASE_BYTES).read_to_string(&mut text), Path::new("stdin"))
        }
        Some(path) => {
            let file = std::fs::File::open(path).map_err(|error| CliError::io(&error, path))?;
            (file.take(MAX_PHRASE_BYTES).read_to_string(&mut text), path)
        }
    };
    match read {
        Ok(_) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(CliError::new("invalid.phrase"))
        }
        Err(error) => Err(CliError::io(&error, path)),
    }
}

/// The work, or `interrupted` when the person stops it.
async fn until_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(CliError::internal)?;
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => Err(CliError::new("interrupted")),
        _ = terminate.recv() => Err(CliError::new("interrupted")),
    }
}

fn log_to_stderr(verbose: u8) {
    use std::io::IsTerminal as _;
    use tracing_subscriber::EnvFilter;
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("PALIER_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
}
