//! A TCP forwarder that a test owns: it counts what passes and can be told to cut the
//! line, without either end knowing of it.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::thread;

/// A way to one process, until it is dropped.
pub struct Forwarder {
    /// Where to call.
    pub address: SocketAddr,
    line: Arc<Line>,
}

struct Line {
    target: SocketAddr,
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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let line = Arc::new(Line {
            target: (Ipv4Addr::LOCALHOST, port).into(),
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

    fn bring_up(&self, mut from: &TcpStream, mut to: &TcpStream) {
        let mut part = [0; 16 << 10];
        while let Ok(n @ 1..) = from.read(&mut part) {
            self.up.fetch_add(n as u64, SeqCst);
            if to.write_all(&part[..n]).is_err() {
                return;
            }
        }
    }

    fn bring_down(&self, mut from: &TcpStream, mut to: &TcpStream) {
        let mut part = [0; 16 << 10];
        while let Ok(n @ 1..) = from.read(&mut part) {
            let room = self.cut_at.load(SeqCst).saturating_sub(self.down.load(SeqCst));
            let passes = n.min(usize::try_from(room).unwrap_or(usize::MAX));
            self.down.fetch_add(passes as u64, SeqCst);
            if to.write_all(&part[..passes]).is_err() {
                return;
            }
            if passes < n {
                self.cut_at.store(u64::MAX, SeqCst);
                self.cuts.fetch_add(1, SeqCst);
                return;
            }
        }
    }
}
