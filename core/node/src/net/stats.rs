//! Counters of what links carried: frames with their headers, before encryption.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::event::LinkId;

/// What a link, or all links together, carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Frames received.
    pub frames_in: u64,
    /// Frames sent.
    pub frames_out: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    frames_in: AtomicU64,
    frames_out: AtomicU64,
}

impl Counters {
    fn read(&self) -> Stats {
        Stats {
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            frames_in: self.frames_in.load(Ordering::Relaxed),
            frames_out: self.frames_out.load(Ordering::Relaxed),
        }
    }
}

/// Counts for one link and for all.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    link: Arc<Counters>,
    total: Arc<Counters>,
}

impl Meter {
    pub(super) fn received(&self, bytes: u64) {
        for counters in [&self.link, &self.total] {
            counters.bytes_in.fetch_add(bytes, Ordering::Relaxed);
            counters.frames_in.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn sent(&self, bytes: u64, frames: u64) {
        for counters in [&self.link, &self.total] {
            counters.bytes_out.fetch_add(bytes, Ordering::Relaxed);
            counters.frames_out.fetch_add(frames, Ordering::Relaxed);
        }
    }
}

/// All live links' counters and their sum since the start.
#[derive(Debug, Default)]
pub(super) struct Board {
    total: Arc<Counters>,
    links: Mutex<BTreeMap<LinkId, Arc<Counters>>>,
}

impl Board {
    pub(super) fn open(&self, link: LinkId) -> Meter {
        let counters = Arc::<Counters>::default();
        self.lock().insert(link, counters.clone());
        Meter { link: counters, total: self.total.clone() }
    }

    pub(super) fn close(&self, link: LinkId) {
        self.lock().remove(&link);
    }

    pub(super) fn total(&self) -> Stats {
        self.total.read()
    }

    pub(super) fn link(&self, link: LinkId) -> Option<Stats> {
        self.lock().get(&link).map(|counters| counters.read())
    }

    pub(super) fn links(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<LinkId, Arc<Counters>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
