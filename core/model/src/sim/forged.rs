//! Entries that no writer of ours would make, with good signatures: forks, causes that
//! are nowhere, logs in other people's documents, floods, shapes that are none.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

use super::world::SimNode;
use crate::journal::{
    Author, Descriptor, Entry, Header, LogStart, Owner, Run, append, kind, limits, log_row, open,
    sign_entry,
};
use crate::keys::{EntryHash, HoodHash, LogId, MemberId};
use crate::rows::Tx;
use crate::time::Instant;

/// Entries of a flood: more than may follow a closing.
const FLOOD: usize = limits::PAST_CLOSING as usize + 10;

/// What a forger works with.
pub(super) struct Forger<'a> {
    pub(super) author: Author,
    pub(super) hood: HoodHash,
    pub(super) member: MemberId,
    pub(super) victim: MemberId,
    pub(super) now: Instant,
    pub(super) rng: &'a mut ChaCha20Rng,
}

impl Forger<'_> {
    fn open_document(&self) -> Descriptor {
        Descriptor::open(self.hood, Owner::Member(self.member), self.now)
    }

    fn noise(&mut self, bytes: usize) -> Vec<u8> {
        let mut noise = vec![0; bytes];
        self.rng.fill_bytes(&mut noise);
        noise
    }

    /// Forges one thing into a device's own rows, or into what its carrier keeps to say.
    pub(super) fn forge(&mut self, node: &mut SimNode) -> Option<&'static str> {
        match self.rng.next_u32() % 12 {
            0..3 => self.fork(node).map(|()| "forks a log of its own"),
            3..5 => self.nowhere(node).map(|()| "names causes that are nowhere"),
            5 | 6 => self.foreign(node).map(|()| "opens a log in somebody else's document"),
            7 => self.flood(node).map(|()| "floods a log"),
            _ => self.misshapen(node).map(|()| "signs what is no entry"),
        }
    }

    /// The end of this device's open log.
    fn end(&self, tx: &mut Tx<'_>) -> Option<(LogId, u64, EntryHash)> {
        let log = open(tx, &self.author, &self.open_document()).ok()?;
        let tip = log_row(tx, &log).ok()??.tips.last().copied()?;
        Some((log, tip.seq, tip.hash))
    }

    fn entry(&self, header: Header, payload: Vec<u8>) -> Entry {
        let signature = sign_entry(&header.hash(), &self.author.signing);
        Entry { header, payload, signature: Some(signature) }
    }

    /// Two entries after one, or two branches of a document that is edited.
    fn fork(&mut self, node: &mut SimNode) -> Option<()> {
        let before = node.stores.memory(&self.hood)?.clone();
        let mut tx = Tx::new(&before);
        let (log, seq, previous) = self.end(&mut tx)?;
        for _ in 0..2 {
            let payload = self.noise(40);
            let header =
                Header::new(log, seq + 1, previous, Vec::new(), kind::open::ANNOUNCE, &payload);
            let run = Run { entries: vec![self.entry(header, payload)] };
            take(node, &mut tx, &self.hood, &run)?;
        }
        commit(node, tx.into_writes(), &self.hood)
    }

    fn nowhere(&mut self, node: &mut SimNode) -> Option<()> {
        let before = node.stores.memory(&self.hood)?.clone();
        let mut tx = Tx::new(&before);
        let (log, seq, previous) = self.end(&mut tx)?;
        let mut causes = Vec::new();
        for _ in 0..=self.rng.next_u32() % 3 {
            let mut hash = [0; 32];
            self.rng.fill_bytes(&mut hash);
            causes.push(EntryHash(hash));
        }
        let payload = self.noise(60);
        let kinds = [kind::open::DECISION, kind::open::DOMAIN, kind::open::PLACE];
        let kind = kinds[self.rng.next_u32() as usize % kinds.len()];
        let header = Header::new(log, seq + 1, previous, causes, kind, &payload);
        let run = Run { entries: vec![self.entry(header, payload)] };
        take(node, &mut tx, &self.hood, &run)?;
        commit(node, tx.into_writes(), &self.hood)
    }

    /// A log where only another member may write.
    fn foreign(&mut self, node: &mut SimNode) -> Option<()> {
        let before = node.stores.memory(&self.hood)?.clone();
        let mut tx = Tx::new(&before);
        let owner = Owner::Member(self.victim);
        let descriptor = match self.rng.next_u32() % 3 {
            0 => Descriptor::open(self.hood, owner, self.now),
            1 => Descriptor::sealed(self.hood, owner, self.now),
            _ => Descriptor::identity(self.hood, self.victim),
        };
        let payload = self.noise(50);
        append(&mut tx, &self.author, &descriptor, kind::open::DECISION, |_| payload).ok()?;
        // Said once and not kept: its own gate would not have let it in either.
        let log = open(&mut tx, &self.author, &descriptor).ok()?;
        let runs = Run::collect(&tx, &log, &[], usize::MAX).ok()?;
        let carrier = node.carrier.as_mut()?;
        runs.iter().for_each(|run| carrier.keep(run));
        Some(())
    }

    fn flood(&mut self, node: &mut SimNode) -> Option<()> {
        let before = node.stores.memory(&self.hood)?.clone();
        let mut tx = Tx::new(&before);
        let descriptor = self.open_document();
        for number in 0..FLOOD {
            let payload = number.to_le_bytes().to_vec();
            append(&mut tx, &self.author, &descriptor, kind::open::ANNOUNCE, |_| payload).ok()?;
        }
        commit(node, tx.into_writes(), &self.hood)
    }

    /// Bytes with a good signature that are no entry of that log.
    fn misshapen(&mut self, node: &mut SimNode) -> Option<()> {
        let before = node.stores.memory(&self.hood)?.clone();
        let mut tx = Tx::new(&before);
        let (log, seq, previous) = self.end(&mut tx)?;
        let which = self.rng.next_u32() % 7;
        let payload = self.noise(if which == 0 { limits::PAYLOAD_BYTES + 1 } else { 30 });
        let mut header =
            Header::new(log, seq + 1, previous, Vec::new(), kind::open::ANNOUNCE, &payload);
        match which {
            0 => {}
            1 => header.causes = vec![EntryHash([9; 32]), EntryHash([3; 32])],
            2 => header.version = 9,
            3 => header.seq += 5,
            4 => header.seq = u64::MAX,
            5 => header.previous = EntryHash([5; 32]),
            _ => {
                // A log whose right comes from an act that certifies somebody else.
                let start = LogStart {
                    descriptor: self.open_document(),
                    device: self.author.device,
                    incarnation: self.author.incarnation,
                    act: previous,
                    continues: None,
                    certificate: None,
                };
                let payload = crate::codec::encode(&start);
                let header = Header::new(
                    LogId::ZERO,
                    0,
                    EntryHash::ZERO,
                    Vec::new(),
                    kind::LOG_START,
                    &payload,
                );
                let entry = self.entry(header, payload);
                node.carrier.as_mut()?.keep(&Run { entries: vec![entry] });
                return Some(());
            }
        }
        let entry = self.entry(header, payload);
        node.carrier.as_mut()?.keep(&Run { entries: vec![entry] });
        Some(())
    }
}

/// Puts a run into the forger's own rows through its own gate.
fn take(node: &SimNode, tx: &mut Tx<'_>, hood: &HoodHash, run: &Run) -> Option<()> {
    let replica = node.engine.replica(hood)?;
    crate::journal::accept(tx, replica.authority(), run).ok().map(drop)
}

fn commit(node: &mut SimNode, writes: crate::rows::Writes, hood: &HoodHash) -> Option<()> {
    node.stores.memory_mut(hood)?.commit(writes);
    Some(())
}
