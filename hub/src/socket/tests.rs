use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};

use super::*;
use crate::answer::Saved;
use crate::backend::Stage;
use crate::commands::{Outcome, Sink, Told};

struct Echo;

impl Handler for Echo {
    async fn handle(&self, request: Request, lines: mpsc::Sender<Line>) {
        let progress = Progress { stage: Stage::Syncing, done: 1, total: None };
        let _ = lines.send(Line::Progress(progress)).await;
        let done = match request.argv[1].as_str() {
            "fail" => Line::Done {
                exit: 5,
                answer: None,
                error: Some(CliError::new("booking.taken").param("id", "x")),
            },
            "vanish" => return,
            word => Line::Done { exit: 0, answer: Some(Saved::of(word).into()), error: None },
        };
        let _ = lines.send(done).await;
    }
}

#[derive(Default)]
struct Seen(Mutex<Vec<Progress>>);

impl Sink for Seen {
    fn progress(&self, progress: Progress) {
        self.0.lock().unwrap().push(progress);
    }
    fn line<'a>(&'a self, _: &'a DumpEvent) -> Told<'a> {
        Box::pin(async { Ok(()) })
    }
}

fn request(word: &str) -> Request {
    Request {
        argv: vec!["palier".into(), word.into()],
        cwd: "/".into(),
        lang: Lang::En,
        clock: Instant(0),
    }
}

/// Runs `test` while a server holds `home`.
async fn while_held<F: Future<Output = ()>>(home: &Path, test: impl FnOnce() -> F) {
    let server = Server::bind(home).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.serve(Arc::new(Echo), async {
        let _ = stopped.await;
    }));
    test().await;
    stop.send(()).unwrap();
    serving.await.unwrap();
}

#[tokio::test]
async fn answers_progress_and_errors_cross_the_socket() {
    let home = tempfile::tempdir().unwrap();
    while_held(home.path(), || async {
        let seen = Seen::default();
        let answer = call(home.path(), &request("hello"), &seen).await.unwrap();
        assert_eq!(answer, Some(Outcome::from(Saved::of("hello"))));
        assert_eq!(seen.0.lock().unwrap().len(), 1);
        let error = call(home.path(), &request("fail"), &seen).await.unwrap_err();
        assert_eq!((error.code.as_str(), error.exit()), ("booking.taken", 5));
        let error = call(home.path(), &request("vanish"), &seen).await.unwrap_err();
        assert_eq!(error.code, "node.gone");
    })
    .await;
    assert_eq!(call(home.path(), &request("x"), &Seen::default()).await, Ok(None));
}

#[tokio::test]
async fn the_socket_is_private_and_a_crashed_owners_is_taken_over() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path().join("palier.sock");
    drop(std::os::unix::net::UnixListener::bind(&at).unwrap());
    assert!(at.exists(), "a crash leaves the socket");
    assert_eq!(call(home.path(), &request("x"), &Seen::default()).await, Ok(None));
    while_held(home.path(), || async {
        assert_eq!(std::fs::metadata(&at).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(call(home.path(), &request("x"), &Seen::default()).await.unwrap().is_some());
    })
    .await;
    assert!(!at.exists());
}

#[tokio::test]
async fn a_long_path_falls_back_to_a_short_one_that_the_home_names() {
    let base = tempfile::tempdir().unwrap();
    let home = base.path().join("étage".repeat(30));
    std::fs::create_dir(&home).unwrap();
    while_held(&home, || async {
        let path = SocketPath::of(&home).find().unwrap();
        assert!(path.as_os_str().len() <= 100 && !path.starts_with(&home));
        let folder = std::fs::metadata(path.parent().unwrap()).unwrap();
        assert_eq!(folder.permissions().mode() & 0o777, 0o700);
        assert!(call(&home, &request("x"), &Seen::default()).await.unwrap().is_some());
    })
    .await;
    assert_eq!(call(&home, &request("x"), &Seen::default()).await, Ok(None));
}

#[tokio::test]
async fn garbage_and_endless_requests_get_one_error_line_and_no_memory() {
    let home = tempfile::tempdir().unwrap();
    while_held(home.path(), || async {
        let at = home.path().join("palier.sock");
        for bytes in [b"{}\n".to_vec(), b"\xff\xfe\n".to_vec(), vec![b'x'; MAX_REQUEST_BYTES + 1]] {
            let mut stream = UnixStream::connect(&at).await.unwrap();
            // The server may close before all is written.
            let _ = stream.write_all(&bytes).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            if bytes.len() < MAX_REQUEST_BYTES {
                let Line::Done { exit, .. } = serde_json::from_slice(&answer).unwrap() else {
                    panic!("no last line")
                };
                assert_eq!(exit, 2);
            }
        }
        assert!(call(home.path(), &request("x"), &Seen::default()).await.unwrap().is_some());
    })
    .await;
}
