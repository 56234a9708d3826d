//! The real node behind [`Host`] and [`Backend`]: one file for each subject, nothing in
//! them but the way from the node's types to answers and back.

mod bookings;
mod breakdown;
mod bundle;
mod calendar;
mod calendar_file;
mod credits;
mod ends;
mod errors;
mod events;
mod groups;
mod help_series;
mod hoods;
mod link;
mod listings;
mod machine;
mod operations;
mod people;
mod photos;
mod qr;
mod recovery;
mod reminders;
mod searches;
mod series;
mod services;
mod waiting;

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use palier_model::authority::Role;
use palier_model::keys::{DeviceId, HoodHash, Phrase};
use palier_model::listing::fold;
use palier_model::projection::Place;
use palier_node::home::{Home, Platform, default_state, write_atomically};
use palier_node::node::{Identity, NetworkConfig, Node, NodeConfig};

use crate::answer::{Init, Recovered, Saved};
use crate::backend::{Backend, Host, Opening, Recovery, Scope};
use crate::errors::{CliError, Result};

/// Where a hub listens when nothing else is said.
const HUB_PORT: u16 = 4747;

/// The shortest beginning of a neighbourhood's id: `hsh_` and four more.
const MIN_ID_BYTES: usize = 8;

/// Homes on this machine.
pub struct NodeHost;

/// An open home.
#[derive(Clone)]
pub struct Opened {
    node: Node,
    dir: PathBuf,
    /// What was waited for while it was opened.
    identity: Identity,
    device: DeviceId,
    /// How things stood before anybody was met.
    known: events::Known,
}

fn state_dir() -> Result<PathBuf> {
    let state = default_state(&|name| std::env::var_os(name), Platform::CURRENT);
    state.ok_or_else(|| CliError::new("home.none"))
}

impl Host for NodeHost {
    type Node = Opened;

    fn exists(&self, home: &Path) -> bool {
        Home::is_there(home)
    }

    async fn init(&self, home: &Path, name: String) -> Result<Init> {
        let new =
            Node::init(home, &state_dir()?, &name).map_err(|error| errors::of(error, home))?;
        Ok(Init {
            member: new.identity.member.into(),
            device: new.keys.id().into(),
            phrase: crate::answer::Phrase { fr: new.words.0, en: new.words.1 },
        })
    }

    async fn recover(&self, home: &Path, given: Recovery, opening: Opening) -> Result<Recovered> {
        let phrase = Phrase::parse(&given.phrase).map_err(|_| CliError::new("invalid.phrase"))?;
        let back = given.link.as_deref().map(recovery::WayBack::from_text).transpose()?;
        let state = state_dir()?;
        let made = match self.exists(home) {
            true => Node::recover_again(home, &state, &phrase),
            false => {
                let name = given.name.as_deref().unwrap_or(recovery::NAMELESS);
                Node::init_from_phrase(home, &state, &phrase, name)
            }
        };
        let identity = made.map_err(|error| errors::of(error, home))?;
        let node = self.open(home, opening).await?;
        let hoods = match back {
            None => Ok(Vec::new()),
            Some(back) => node.come_back(back, given.within_ms).await,
        };
        let device = node.device;
        node.close().await;
        let hoods = hoods?.into_iter().map(Into::into).collect();
        Ok(Recovered { member: identity.member.into(), device: device.into(), hoods })
    }

    async fn open(&self, home: &Path, opening: Opening) -> Result<Opened> {
        let config = NodeConfig { now: opening.now, ..NodeConfig::offline(home, state_dir()?) };
        let node = Node::open(config).await.map_err(|error| errors::of(error, home))?;
        let (identity, device, is_hub) = node
            .call(|host| {
                let member = host.engine.me().member;
                let is_hub = host
                    .engine
                    .hoods()
                    .any(|(_, replica)| replica.authority().has_role(&member, Role::Hub));
                Ok((host.identity.clone(), host.engine.me().keys.id(), is_hub))
            })
            .await
            .map_err(errors::of_node)?;
        let known = match &opening.network {
            Some(network) if network.serve => events::Known::of(&node).await,
            _ => events::Known::default(),
        };
        let opened = Opened { node, dir: home.to_owned(), identity, device, known };
        if let Some(network) = opening.network {
            let mut listen = network.listen;
            if listen.is_empty() {
                let port = if is_hub && network.serve { HUB_PORT } else { 0 };
                listen.push(format!("/ip4/0.0.0.0/tcp/{port}"));
            }
            let config = NetworkConfig {
                // An address that is given out must lead to the same node tomorrow.
                hub: network.serve && (is_hub || !network.advertise.is_empty()),
                listen,
                advertise: network.advertise,
                peers: network.peers,
                mdns: network.mdns,
            };
            if let Err(error) = opened.node.connect(config).await {
                opened.node.shutdown().await;
                return Err(errors::of_node(error));
            }
            opened.until_listening().await;
        }
        Ok(opened)
    }
}

impl Opened {
    /// The neighbourhood that is meant.
    async fn hood_of(&self, scope: &Scope) -> Result<HoodHash> {
        if scope.mandate_of.is_some_and(|member| member != self.identity.member) {
            return Err(CliError::new("mandate.none"));
        }
        let wanted = scope.hood.clone();
        let found = self
            .node
            .call(move |host| {
                let hoods: Vec<HoodHash> = host.engine.hoods().map(|(hood, _)| *hood).collect();
                let mut named = Vec::new();
                for hood in hoods {
                    let name = host.read(&hood, |replica, tx, _| Ok(replica.name(tx)?))?;
                    named.push((hood, name));
                }
                Ok(named)
            })
            .await
            .map_err(errors::of_node)?;
        let wanted = wanted.as_deref().map(str::trim);
        let fits = |of: &&(HoodHash, String)| wanted.is_none_or(|wanted| is_meant(wanted, of));
        // A name that is given whole is meant before those that merely hold it.
        let exact = |of: &&(HoodHash, String)| wanted.is_some_and(|it| fold(it) == fold(&of.1));
        let exact: Vec<_> = found.iter().filter(exact).cloned().collect();
        let found = if exact.is_empty() { found } else { exact };
        let mut fitting = found.iter().filter(fits);
        match (fitting.next(), fitting.next()) {
            (Some((hood, _)), None) => Ok(*hood),
            (Some(_), Some(_)) => Err(CliError::new("hood.ambiguous")),
            (None, _) if wanted.is_some() => Err(CliError::new("hood.not_found")),
            (None, _) => Err(CliError::new("hood.none")),
        }
    }

    async fn zone_of(&self, hood: HoodHash) -> Result<TimeZone> {
        let row = self.node.read(hood, |_, tx, _| Ok(tx.row::<Place>(Place::KEY)?)).await;
        let zone = row.map_err(errors::of_node)?.map(|row| row.record.zone);
        Ok(zone.and_then(|zone| TimeZone::get(&zone).ok()).unwrap_or_else(TimeZone::system))
    }

    /// Waits until the sockets are open, so that an address can be given.
    async fn until_listening(&self) {
        for _ in 0..200 {
            if self.node.addresses().await.is_ok_and(|addrs| !addrs.is_empty()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    }
}

/// Whether a neighbourhood is meant: by its id, the start of it, its name or a part of it.
fn is_meant(wanted: &str, (hood, name): &(HoodHash, String)) -> bool {
    let by_id = wanted.len() >= MIN_ID_BYTES && hood.to_string().starts_with(wanted);
    let by_name = fold(wanted);
    by_id || (!by_name.is_empty() && fold(name).contains(&by_name))
}

/// A file of at most `limit` bytes; none where it is larger.
fn read_file(file: &Path, limit: usize) -> Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let failed = |error: std::io::Error| CliError::io(&error, file);
    // A device or a pipe may never end.
    if !std::fs::metadata(file).map_err(failed)?.is_file() {
        return Err(CliError::new("file.no_file").param("file", file.display()));
    }
    let mut bytes = Vec::new();
    let open = std::fs::File::open(file).map_err(failed)?;
    open.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok((bytes.len() <= limit).then_some(bytes))
}

/// Writes a file whole, or leaves what was there. Devices and folders are not replaced.
fn write_file(file: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::metadata(file).is_ok_and(|there| !there.is_file()) {
        return Err(CliError::new("file.no_file").param("file", file.display()));
    }
    write_atomically(file, bytes).map_err(|error| CliError::io(&error, file))
}

fn saved(id: impl std::fmt::Display) -> Saved {
    Saved { id: id.to_string(), saved: true }
}
