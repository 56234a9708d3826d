//! A TCP forwarder that a test owns: it counts what passes and can be told to cut the
//! line, without either end knowing of it. It can be a long line as well: what goes in
//! comes out later.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Parts of a long line that are on their way.
const UNDER_WAY: usize = 4_096;

/// A way to one process, until it is dropped.
pub struct Forwarder {
    /// Where to call.
    pub address: SocketAddr,
    line: Arc<Line>,
}

struct Line {
    target: SocketAddr,
    /// How long each byte is on its way.
    delay: Duration,
    /// Bytes from whoever called to the target.
    up: AtomicU64,
    /// Bytes from the target to whoever called.
    down: AtomicU64,
    /// Once so many came down, the call is cut.
    cut_at: AtomicU64,
    cuts: AtomicU32,
    over: AtomicBool,
}

/// A port nobody listens at yet.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Forwarder {
    /// A forwarder to a port of this machine.
    pub fn to(port: u16) -> io::Result<Self> {
        Self::far(port, Duration::ZERO)
    }

    /// A forwarder on which every byte takes so long, each way.
    pub fn far(port: u16, delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let line = Arc::new(Line {
            target: (Ipv4Addr::LOCALHOST, port).into(),
            delay,
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            cut_at: AtomicU64::new(u64::MAX),
            cuts: AtomicU32::new(0),
            over: AtomicBool::new(false),
        });
        let shared = Arc::clone(&line);
        thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                if shared.over.load(SeqCst) {
                    return;
                }
                let line = Arc::clone(&shared);
                thread::spawn(move || line.carry(&caller));
            }
        });
        Ok(Self { address, line })
    }

    /// Cuts the call over which the next so many bytes have come down, once. Later calls
    /// pass.
    pub fn cut_after(&self, bytes: u64) {
        self.line.cut_at.store(self.down() + bytes, SeqCst);
    }

    /// Bytes that came from the target.
    pub fn down(&self) -> u64 {
        self.line.down.load(SeqCst)
    }

    /// Bytes that passed, both ways together.
    pub fn bytes(&self) -> u64 {
        self.line.up.load(SeqCst) + self.down()
    }

    /// How often the line was cut.
    pub fn cuts(&self) -> u32 {
        self.line.cuts.load(SeqCst)
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.line.over.store(true, SeqCst);
        // Wakes the thread that listens.
        let _ = TcpStream::connect(self.address);
    }
}

impl Line {
    fn carry(self: Arc<Self>, caller: &TcpStream) {
        let Ok(called) = TcpStream::connect(self.target) else { return };
        let _ = (caller.set_nodelay(true), called.set_nodelay(true));
        let (Ok(from), Ok(to)) = (caller.try_clone(), called.try_clone()) else { return };
        let line = Arc::clone(&self);
        let up = thread::spawn(move || {
            line.bring_up(&from, &to);
            let _ = to.shutdown(Shutdown::Both);
        });
        self.bring_down(&called, caller);
        let _ = (called.shutdown(Shutdown::Both), caller.shutdown(Shutdown::Both));
        let _ = up.join();
    }

    fn bring_up(&self, from: &TcpStream, mut to: &TcpStream) {
        self.late(from, |part| {
            self.up.fetch_add(part.len() as u64, SeqCst);
            to.write_all(part).is_ok()
        });
    }

    fn bring_down(&self, from: &TcpStream, mut to: &TcpStream) {
        self.late(from, |part| {
            let room = self.cut_at.load(SeqCst).saturating_sub(self.down.load(SeqCst));
            let passes = part.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            self.down.fetch_add(passes as u64, SeqCst);
            if to.write_all(&part[..passes]).is_err() {
                return false;
            }
            if passes < part.len() {
                self.cut_at.store(u64::MAX, SeqCst);
                self.cuts.fetch_add(1, SeqCst);
                return false;
            }
            true
        });
    }

    /// Reads to the end and hands on each part after its delay, until that fails.
    fn late(&self, mut from: &TcpStream, mut hand_on: impl FnMut(&[u8]) -> bool + Send) {
        let mut part = vec![0; 16 << 10];
        if self.delay.is_zero() {
            while let Ok(n @ 1..) = from.read(&mut part) {
                if !hand_on(&part[..n]) {
                    return;
                }
            }
            return;
        }
        let (sender, parts) = sync_channel(UNDER_WAY);
        thread::scope(|scope| {
            scope.spawn(move || {
                deliver(&parts, hand_on);
                // Whoever reads below is not to wait for what nobody takes any more.
                let _ = from.shutdown(Shutdown::Both);
            });
            while let Ok(n @ 1..) = from.read(&mut part) {
                if sender.send((Instant::now() + self.delay, part[..n].to_vec())).is_err() {
                    return;
                }
            }
            drop(sender);
        });
    }
}

fn deliver(parts: &Receiver<(Instant, Vec<u8>)>, mut hand_on: impl FnMut(&[u8]) -> bool) {
    for (due, part) in parts {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if !hand_on(&part) {
            return;
        }
    }
}
