//! The node's errors as the command line tells them.

use std::path::Path;

use jiff::tz::TimeZone;
use palier_model::keys::KeystoreError;
use palier_model::replica::{ActError, ErrorKind};
use palier_node::home::HomeError;
use palier_node::node::NodeError;
use palier_node::store::StoreError;

use crate::answer::{Span, When};
use crate::errors::{CliError, Kind, TABLE};

/// An error of an open node.
pub(super) fn of_node(error: NodeError) -> CliError {
    of(error, Path::new(""))
}

/// An error of the node whose home is `home`.
pub(super) fn of(error: NodeError, home: &Path) -> CliError {
    match error {
        NodeError::Act(error) => of_act(error),
        NodeError::Home(error) => of_home(error, home),
        NodeError::Store(error) => of_store(&error),
        NodeError::Keystore(error) => of_keystore(&error),
        NodeError::Net(error) => {
            tracing::info!(%error, "network");
            CliError::new("net.listen").param("detail", error)
        }
        NodeError::NoHood => CliError::new("hood.not_found"),
        NodeError::NoIdentity => CliError::new("home.none").param("home", home.display()),
        NodeError::Unreachable => CliError::new("net.unreachable"),
        NodeError::TimedOut => CliError::new("net.timed_out"),
        NodeError::Closed => CliError::new("node.gone"),
        other => CliError::internal(other),
    }
}

pub(super) fn of_act(error: ActError) -> CliError {
    let kind = match error.kind {
        ErrorKind::Invalid => Kind::Invalid,
        ErrorKind::NotAllowed => Kind::NotAllowed,
        ErrorKind::NotFound => Kind::NotFound,
        ErrorKind::Conflict => Kind::Conflict,
        ErrorKind::Storage => Kind::Storage,
        _ => Kind::Internal,
    };
    let known = TABLE.iter().any(|(code, _)| *code == error.code);
    let mut told =
        if known { CliError::new(error.code) } else { CliError::of_kind(error.code, kind) };
    for (name, value) in error.params {
        told = told.param(name, value);
    }
    told.to_read = error.to_read;
    told.also = error.also.into_iter().map(of_act).collect();
    told.alternatives = error
        .offers
        .iter()
        .map(|offer| Span {
            start: When::new(offer.interval.start, &TimeZone::UTC),
            end: offer.interval.end.map(|end| When::new(end, &TimeZone::UTC)),
        })
        .collect();
    told
}

fn of_home(error: HomeError, home: &Path) -> CliError {
    match error {
        HomeError::NotThere(_) => CliError::new("home.none").param("home", home.display()),
        HomeError::There(_) => CliError::new("home.already").param("home", home.display()),
        HomeError::Held { .. } => CliError::new("home.busy").param("home", home.display()),
        HomeError::Store(error) => of_store(&error),
        other => CliError::internal(other),
    }
}

fn of_store(error: &StoreError) -> CliError {
    match error {
        StoreError::StorageFull => CliError::new("storage.full"),
        StoreError::ReadOnly => CliError::new("storage.read_only"),
        StoreError::Corrupt(_) | StoreError::Foreign => CliError::new("storage.corrupt"),
        StoreError::NewerFormat { .. } => CliError::new("home.newer"),
        StoreError::Busy => CliError::new("home.busy"),
        other => {
            tracing::warn!(error = %other, "store");
            CliError::new("storage.failed")
        }
    }
}

fn of_keystore(error: &KeystoreError) -> CliError {
    match error {
        KeystoreError::Denied | KeystoreError::Locked => CliError::new("home.denied"),
        KeystoreError::Corrupt => CliError::new("storage.corrupt"),
        other => {
            tracing::warn!(error = %other, "keystore");
            CliError::new(if other.to_string().contains("space") {
                "storage.full"
            } else {
                "storage.failed"
            })
        }
    }
}
