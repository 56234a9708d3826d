//! The side of `palier run`.

use std::future::Future;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::{Line, MAX_REQUEST_BYTES, Request, SocketPath};
use crate::errors::CliError;

/// Commands served at one time; more wait their turn.
const MAX_CALLS: usize = 64;
/// How long a caller may take to say what it wants.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a caller may leave its answer unread.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Lines of a response that may wait to be written.
const LINES: usize = 256;

/// What serves a request. The last line sent must be [`Line::Done`]. Lines are sent
/// without waiting for a slow caller to read them only up to a bound.
pub trait Handler: Send + Sync + 'static {
    /// Does what the request says.
    fn handle(
        &self,
        request: Request,
        lines: mpsc::Sender<Line>,
    ) -> impl Future<Output = ()> + Send;
}

/// A socket that listens.
pub struct Server {
    listener: UnixListener,
    path: SocketPath,
    owner_uid: u32,
}

impl Server {
    /// Listens for commands about `home`, which the caller must hold.
    pub fn bind(home: &Path) -> io::Result<Self> {
        let path = SocketPath::of(home);
        let at = path.prepare()?;
        let listener = UnixListener::bind(&at)?;
        std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o600))?;
        let owner_uid = std::fs::metadata(home)?.uid();
        Ok(Self { listener, path, owner_uid })
    }

    /// Serves until `stop` is done, then lets what was begun finish.
    pub async fn serve<H: Handler>(self, handler: Arc<H>, stop: impl Future<Output = ()>) {
        let slots = Arc::new(Semaphore::new(MAX_CALLS));
        let mut calls = JoinSet::new();
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                accepted = self.listener.accept() => accepted,
                Some(_) = calls.join_next() => continue,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file handles, most likely: give what runs time to end.
                    tracing::warn!(%error, "cannot accept a command");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            if !self.is_owner(&stream) {
                tracing::warn!("a command of another user was turned away");
                continue;
            }
            let (handler, slots) = (Arc::clone(&handler), Arc::clone(&slots));
            calls.spawn(async move {
                let Ok(_slot) = slots.acquire().await else { return };
                if let Err(error) = serve_one(&*handler, stream).await {
                    tracing::debug!(%error, "a command was given up");
                }
            });
        }
        self.path.clean();
        let _ = tokio::time::timeout(WRITE_TIMEOUT, async {
            while calls.join_next().await.is_some() {}
        })
        .await;
    }

    fn is_owner(&self, stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| peer.uid() == self.owner_uid || peer.uid() == 0)
    }
}

async fn serve_one<H: Handler>(handler: &H, stream: UnixStream) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = Vec::new();
    let mut reader = BufReader::new(read.take(MAX_REQUEST_BYTES as u64));
    match tokio::time::timeout(REQUEST_TIMEOUT, reader.read_until(b'\n', &mut line)).await {
        Ok(read) => read?,
        Err(_) => return Err(io::ErrorKind::TimedOut.into()),
    };
    let request = match serde_json::from_slice::<Request>(&line) {
        Ok(request) if line.ends_with(b"\n") => request,
        _ => {
            let error = CliError::new("usage");
            let done = Line::Done { exit: error.exit(), answer: None, error: Some(error) };
            return write_line(&mut write, &done).await;
        }
    };
    let (sender, mut lines) = mpsc::channel(LINES);
    let work = handler.handle(request, sender);
    // When the caller is gone, nobody wants the answer: the work is dropped.
    let mut rest = reader.into_inner().into_inner();
    let gone = async move {
        let mut byte = [0u8; 1];
        let _ = rest.read(&mut byte).await;
    };
    let answer = async move {
        while let Some(line) = lines.recv().await {
            write_line(&mut write, &line).await?;
        }
        io::Result::Ok(())
    };
    tokio::select! {
        ((), written) = async { tokio::join!(work, answer) } => written,
        () = gone => Ok(()),
    }
}

async fn write_line(write: &mut OwnedWriteHalf, line: &Line) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    match tokio::time::timeout(WRITE_TIMEOUT, write.write_all(&bytes)).await {
        Ok(written) => written,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
