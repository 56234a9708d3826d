//! A carrier that lies: what leaves its device is withheld, doubled, put in another
//! order, said again later, altered, or claimed to be somebody else's.

use ed25519_dalek::SigningKey;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use serde_bytes::ByteBuf;

use crate::journal::{Entry, Header, Run, sign_entry};
use crate::sync::frame::{Frame, NewsItem, Runs};

/// Frames of runs that are kept to be said again.
const KEPT: usize = 12;
/// Of a hundred frames that carry entries, so many are tampered with.
const TAMPERED: u32 = 30;

/// Changes a frame blindly, as a broken line or a careless liar does.
pub(super) fn mangle(bytes: &mut Vec<u8>, rng: &mut ChaCha20Rng) {
    if bytes.is_empty() {
        return;
    }
    let at = rng.next_u32() as usize % bytes.len();
    match rng.next_u32() % 4 {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, 0xff),
        2 => {
            let again = bytes.clone();
            bytes.extend(again);
        }
        _ => bytes[at] ^= 1 << (rng.next_u32() % 8),
    }
}

/// A device whose streams lie, with what it keeps to say again.
pub(super) struct Carrier {
    signing: SigningKey,
    kept: Vec<Vec<u8>>,
}

impl Carrier {
    /// A carrier with a device's key.
    pub(super) fn new(signing: SigningKey) -> Self {
        Self { signing, kept: Vec::new() }
    }

    /// Keeps a run to be said at some time, whatever is in it.
    pub(super) fn keep(&mut self, run: &Run) {
        let runs = vec![ByteBuf::from(run.to_bytes())];
        self.keep_frame(Frame::Runs(Runs { runs, done: Vec::new() }).to_bytes());
    }

    fn keep_frame(&mut self, bytes: Vec<u8>) {
        if self.kept.len() >= KEPT {
            self.kept.remove(0);
        }
        self.kept.push(bytes);
    }

    /// What is sent in place of a frame.
    pub(super) fn twist(&mut self, bytes: Vec<u8>, rng: &mut ChaCha20Rng) -> Vec<Vec<u8>> {
        let frame = match Frame::from_bytes(&bytes) {
            Ok(Some(frame @ (Frame::Runs(_) | Frame::News(_)))) => frame,
            _ => return vec![bytes],
        };
        if rng.next_u32() % 100 >= TAMPERED {
            if matches!(frame, Frame::Runs(_)) {
                self.keep_frame(bytes.clone());
            }
            return vec![bytes];
        }
        match frame {
            Frame::Runs(runs) => self.twist_runs(runs, bytes, rng),
            Frame::News(mut news) => {
                match rng.next_u32() % 5 {
                    0 => return Vec::new(),
                    1 => return vec![bytes.clone(), bytes],
                    // Nothing of what is new, as if there were nothing.
                    2 => {
                        news.items.clear();
                        news.inline.clear();
                    }
                    3 => news.items.extend(news.items.first().map(|item| NewsItem {
                        seq: item.seq.wrapping_add(u64::from(rng.next_u32())),
                        ..*item
                    })),
                    _ => {
                        for run in &mut news.inline {
                            self.alter(run, rng);
                        }
                    }
                }
                vec![Frame::News(news).to_bytes()]
            }
            _ => vec![bytes],
        }
    }

    fn twist_runs(
        &mut self,
        mut runs: Runs,
        bytes: Vec<u8>,
        rng: &mut ChaCha20Rng,
    ) -> Vec<Vec<u8>> {
        match rng.next_u32() % 8 {
            0 => return Vec::new(),
            1 => return vec![bytes.clone(), bytes],
            2 => runs.runs.reverse(),
            3 => runs.runs.clear(),
            4 if !self.kept.is_empty() => {
                let at = rng.next_u32() as usize % self.kept.len();
                return vec![self.kept[at].clone(), bytes];
            }
            _ => {
                for run in &mut runs.runs {
                    self.alter(run, rng);
                }
            }
        }
        vec![Frame::Runs(runs).to_bytes()]
    }

    fn alter(&self, bytes: &mut ByteBuf, rng: &mut ChaCha20Rng) {
        let Ok(mut run) = Run::from_bytes(bytes) else { return };
        if run.entries.is_empty() {
            return;
        }
        let at = rng.next_u32() as usize % run.entries.len();
        match rng.next_u32() % 7 {
            0 => run.entries[at].payload.push(7),
            1 => run.entries[at].signature = None,
            2 => run.entries.truncate(at),
            3 => run.entries.swap(0, at),
            4 => {
                let again = run.entries[at].clone();
                run.entries.insert(at, again);
            }
            5 => self.put_words(&mut run, at),
            _ => self.go_on(&mut run),
        }
        *bytes = ByteBuf::from(run.to_bytes());
    }

    /// Other words under somebody's name, with everything right but the signature.
    fn put_words(&self, run: &mut Run, at: usize) {
        run.entries.truncate(at + 1);
        let Some(entry) = run.entries.last_mut() else { return };
        let mut payload = entry.payload.clone();
        payload.reverse();
        *entry = self.signed(&entry.header, payload);
    }

    /// One entry more at the end of somebody's log.
    fn go_on(&self, run: &mut Run) {
        let Some(last) = run.entries.last() else { return };
        let mut header = last.header.clone();
        header.log = header.log_id();
        header.previous = last.hash();
        header.seq += 1;
        header.causes.clear();
        let entry = self.signed(&header, last.payload.clone());
        run.entries.push(entry);
    }

    fn signed(&self, like: &Header, payload: Vec<u8>) -> Entry {
        let Header { log, seq, previous, causes, kind, .. } = like.clone();
        let header = Header::new(log, seq, previous, causes, kind, &payload);
        let signature = sign_entry(&header.hash(), &self.signing);
        Entry { header, payload, signature: Some(signature) }
    }
}
