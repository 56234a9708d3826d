//! Networks made of Linux network namespaces: routers, NAT, cables to cut. Needs root.
//!
//! Invariant: everything a [`Lab`] made is gone when it is dropped, and nothing outside its
//! namespaces is touched.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Set in CI where a skipped test would look like a passed one.
const REQUIRED: &str = "PALIER_REQUIRE_NETNS";

static LABS: AtomicU32 = AtomicU32::new(0);

/// How a home router hides the phones behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nat {
    /// Keeps the port when it can: holes can be punched.
    Kind,
    /// A random port for each destination: they cannot.
    Symmetric,
}

/// Two homes behind routers with NAT, and a hub on the net between them:
/// `a`—`homea`—`core`—`homeb`—`b`, and `hub` on `core`.
pub struct Lab {
    prefix: String,
}

impl Lab {
    /// Where the hub is.
    pub const HUB: &str = "203.0.113.2";
    const PLACES: [&str; 6] = ["core", "hub", "homea", "homeb", "a", "b"];

    /// Builds it; `None`, said loudly, where namespaces cannot be made.
    pub fn two_homes(nat: Nat) -> Option<Lab> {
        let number = LABS.fetch_add(1, Ordering::Relaxed);
        let lab = Lab { prefix: format!("palier{}x{number}", std::process::id()) };
        let able = run("nft", &["--version"]).and_then(|()| {
            Lab::PLACES.iter().try_for_each(|place| run("ip", &["netns", "add", &lab.name(place)]))
        });
        if let Err(error) = able {
            assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, but: {error}");
            eprintln!(
                "SKIPPED: no network namespaces here ({error}); needs root, iproute2, nftables"
            );
            return None;
        }
        lab.build(nat).expect("the lab stands");
        Some(lab)
    }

    fn build(&self, nat: Nat) -> Result<(), String> {
        for place in Lab::PLACES {
            self.inside(place, "ip", &["link", "set", "lo", "up"])?;
        }
        self.cable("core", "tohub", "203.0.113.1", "hub", "eth0", Lab::HUB)?;
        self.cable("core", "tohomea", "198.51.100.1", "homea", "wan0", "198.51.100.2")?;
        self.cable("core", "tohomeb", "192.0.2.1", "homeb", "wan0", "192.0.2.2")?;
        self.cable("homea", "lan0", "10.1.0.1", "a", "eth0", "10.1.0.2")?;
        self.cable("homeb", "lan0", "10.2.0.1", "b", "eth0", "10.2.0.2")?;
        let gateways = [
            ("hub", "203.0.113.1"),
            ("homea", "198.51.100.1"),
            ("homeb", "192.0.2.1"),
            ("a", "10.1.0.1"),
            ("b", "10.2.0.1"),
        ];
        for (place, gateway) in gateways {
            self.inside(place, "ip", &["route", "add", "default", "via", gateway])?;
        }
        for place in ["core", "homea", "homeb"] {
            self.inside(place, "sh", &["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])?;
        }
        for home in ["homea", "homeb"] {
            self.nat(home, nat)?;
        }
        Ok(())
    }

    fn nat(&self, home: &str, nat: Nat) -> Result<(), String> {
        let ports = match nat {
            Nat::Kind => "",
            Nat::Symmetric => "fully-random",
        };
        // Strangers' packets are dropped without a word, as home routers do.
        let rules = format!(
            "add table ip home
             add chain ip home out {{ type nat hook postrouting priority 100; }}
             add rule ip home out oifname wan0 masquerade {ports}
             add chain ip home in {{ type filter hook input priority 0; }}
             add rule ip home in iifname wan0 ct state established,related accept
             add rule ip home in iifname wan0 drop
             add chain ip home through {{ type filter hook forward priority 0; }}
             add rule ip home through iifname wan0 ct state established,related accept
             add rule ip home through iifname wan0 drop"
        );
        self.inside(home, "nft", &[&rules])
    }

    /// A cable between two places, each end with an address in a /24.
    fn cable(
        &self,
        one: &str,
        one_end: &str,
        one_ip: &str,
        two: &str,
        two_end: &str,
        two_ip: &str,
    ) -> Result<(), String> {
        let far = self.name(two);
        self.inside(
            one,
            "ip",
            &[
                "link", "add", "name", one_end, "type", "veth", "peer", "name", two_end, "netns",
                &far,
            ],
        )?;
        for (place, end, ip) in [(one, one_end, one_ip), (two, two_end, two_ip)] {
            self.inside(place, "ip", &["addr", "add", &format!("{ip}/24"), "dev", end])?;
            self.inside(place, "ip", &["link", "set", end, "up"])?;
        }
        Ok(())
    }

    fn name(&self, place: &str) -> String {
        format!("{}{place}", self.prefix)
    }

    fn inside(&self, place: &str, program: &str, arguments: &[&str]) -> Result<(), String> {
        let name = self.name(place);
        run("ip", &[&["netns", "exec", &name, program], arguments].concat())
    }

    /// Pulls the cable between a phone's home router and the phone.
    pub fn cut(&self, home: &str) {
        self.inside(home, "ip", &["link", "set", "lan0", "down"]).expect("cut");
    }

    /// Puts it back.
    pub fn join(&self, home: &str) {
        self.inside(home, "ip", &["link", "set", "lan0", "up"]).expect("joined");
    }

    /// Bytes that went through a phone's interface, in and out.
    pub fn traffic(&self, place: &str) -> u64 {
        let output = Command::new("ip")
            .args(["netns", "exec", &self.name(place), "cat", "/proc/net/dev"])
            .output()
            .expect("counters");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find(|line| line.trim().starts_with("eth0:")).expect("eth0");
        let fields: Vec<u64> =
            line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
        fields[0] + fields[8]
    }

    /// Moves a person to a place: their processes live there from now on.
    #[must_use]
    pub fn put(&self, place: &str, mut person: crate::Person) -> crate::Person {
        person.place = Some(self.name(place));
        person
    }

    /// Runs a program at a place and talks with it in lines of JSON.
    pub fn start(&self, place: &str, program: &Path, arguments: &[&str]) -> Probe {
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.name(place)])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let stdin = child.stdin.take().expect("stdin");
        let stdout = BufReader::new(child.stdout.take().expect("stdout"));
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let Ok(event) = serde_json::from_str(&line) else { continue };
                if sender.send(event).is_err() {
                    break;
                }
            }
        });
        Probe { place: place.into(), child, stdin, events }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for place in Lab::PLACES {
            let _ = run("ip", &["netns", "del", &self.name(place)]);
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{program} {}: {said}", arguments.join(" ")))
}

/// A program under test.
pub struct Probe {
    place: String,
    child: Child,
    stdin: ChildStdin,
    events: Receiver<Value>,
}

impl Probe {
    /// Gives it a command.
    pub fn say(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("it still runs");
    }

    /// The first event that fits, dropping others; fails after `patience`.
    pub fn wait(
        &mut self,
        what: &str,
        patience: Duration,
        mut fits: impl FnMut(&Value) -> bool,
    ) -> Value {
        let end = Instant::now() + patience;
        let mut seen = Vec::new();
        loop {
            match self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(event) if fits(&event) => return event,
                Ok(event) => seen.push(event.to_string()),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{}: no {what} in {patience:?}; seen: {seen:#?}", self.place)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{} ended while waiting for {what}; seen: {seen:#?}", self.place)
                }
            }
        }
    }

    /// The first event of this name.
    pub fn event(&mut self, name: &str, patience: Duration) -> Value {
        self.wait(name, patience, |event| event["event"] == name)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds an example of `palier-node` in the profile of this test and says where it is.
pub fn example(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("test binary");
    let profile = this.parent().and_then(Path::parent).expect("target/PROFILE/deps");
    // Tests of the whole workspace have built it already, with what all share.
    let beside = std::env::current_exe()
        .ok()
        .and_then(|test| Some(test.parent()?.parent()?.join("examples").join(name)));
    if let Some(built) = beside.filter(|built| built.is_file()) {
        return built;
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "-q", "-p", "palier-node", "--example", name]);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo").success(), "{name} does not build");
    profile.join("examples").join(name)
}
