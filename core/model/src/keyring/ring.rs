//! Which epoch counts: a pure function of the epochs and of the active devices.

use std::collections::{BTreeMap, BTreeSet};

use super::epoch::{EPOCH_DEVICES, EPOCH_PREDECESSORS, Epoch};
use crate::keys::{DeviceId, EntryHash};
use crate::seal::EpochKey;

/// What is open about an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochFacts {
    /// The act.
    pub hash: EntryHash,
    /// The device that wrote it, and so knows its secret.
    pub author: DeviceId,
    /// The key.
    pub public: EpochKey,
    /// The acts it follows.
    pub predecessors: Vec<EntryHash>,
    /// The devices it is sealed to.
    pub devices: Vec<DeviceId>,
    /// How many earlier secrets it holds.
    pub earlier: usize,
    /// Whether it has not seen a revocation that counts. Whoever was revoked may then know
    /// its secret, though it is not sealed to him: from an epoch that followed it, or by
    /// what was handed over when his device was linked.
    pub is_blind: bool,
}

/// Why a device should open the next epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// There is none yet.
    NoEpoch,
    /// A device that was revoked knows each of them.
    AllStale,
    /// Several are current: devices opened them without seeing each other's.
    Several,
    /// The one that is written to is not sealed to every active device: it was opened by
    /// one that had not heard of another one's certificate.
    LeftOut,
}

#[derive(Debug, Clone)]
struct Node {
    facts: EpochFacts,
    /// Longest way back to an epoch without predecessors.
    depth: u32,
    stale: bool,
    /// Whether an epoch that counts follows it.
    succeeded: bool,
    /// Whether any epoch follows it.
    followed: bool,
}

/// The epochs of one member.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    epochs: BTreeMap<EntryHash, Node>,
    active: BTreeSet<DeviceId>,
}

impl EpochFacts {
    /// The facts of an act that `author` wrote.
    pub fn new(hash: EntryHash, author: DeviceId, epoch: &Epoch) -> Self {
        Self {
            hash,
            author,
            public: epoch.public,
            predecessors: epoch.predecessors.clone(),
            devices: epoch.devices.iter().map(|sealed| sealed.device).collect(),
            earlier: epoch.earlier_secrets(),
            is_blind: false,
        }
    }
}

impl Keyring {
    /// The keyring of these epochs, in whatever order, and of the devices that are
    /// certified and not revoked. An epoch of which a predecessor is not here waits
    /// for it: it does not count yet.
    pub fn new(
        epochs: impl IntoIterator<Item = EpochFacts>,
        active: impl IntoIterator<Item = DeviceId>,
    ) -> Self {
        let active: BTreeSet<DeviceId> = active.into_iter().collect();
        let facts: BTreeMap<EntryHash, EpochFacts> =
            epochs.into_iter().map(|facts| (facts.hash, facts)).collect();
        let mut followers: BTreeMap<EntryHash, Vec<EntryHash>> = BTreeMap::new();
        let mut missing: BTreeMap<EntryHash, usize> = BTreeMap::new();
        for (hash, facts) in &facts {
            let before: BTreeSet<&EntryHash> = facts.predecessors.iter().collect();
            missing.insert(*hash, before.len());
            for predecessor in before {
                followers.entry(*predecessor).or_default().push(*hash);
            }
        }
        let mut ready: Vec<EntryHash> =
            missing.iter().filter(|(_, count)| **count == 0).map(|(hash, _)| *hash).collect();
        let mut ring = Self { epochs: BTreeMap::new(), active };
        let mut order = Vec::new();
        while let Some(hash) = ready.pop() {
            let Some(facts) = facts.get(&hash) else { continue };
            ring.add(facts.clone());
            order.push(hash);
            for follower in followers.get(&hash).into_iter().flatten() {
                if let Some(count) = missing.get_mut(follower) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        ready.push(*follower);
                    }
                }
            }
        }
        // From the last to the first: each is passed after all that follow it.
        for hash in order.iter().rev() {
            ring.pass_back(hash);
        }
        ring
    }

    fn add(&mut self, facts: EpochFacts) {
        let before = facts.predecessors.iter().filter_map(|hash| self.epochs.get(hash));
        let depth = before.map(|node| node.depth.saturating_add(1)).max().unwrap_or(0);
        // Its author knows the secret as well as those it is sealed to.
        let is_active = |device| self.active.contains(device);
        let stale =
            facts.is_blind || !is_active(&facts.author) || !facts.devices.iter().all(is_active);
        let hash = facts.hash;
        self.epochs.insert(hash, Node { facts, depth, stale, succeeded: false, followed: false });
    }

    fn pass_back(&mut self, hash: &EntryHash) {
        let Some(node) = self.epochs.get(hash) else { return };
        let counts = !node.stale || node.succeeded;
        for predecessor in node.facts.predecessors.clone() {
            if let Some(before) = self.epochs.get_mut(&predecessor) {
                before.succeeded |= counts;
                before.followed = true;
            }
        }
    }

    /// The epoch that others write to: the deepest that is not stale, then the one of
    /// the smaller hash. Without one, nothing can be sealed to this member until a
    /// device opens the next.
    pub fn for_writing(&self) -> Option<&EpochFacts> {
        // The first of the smallest: deepest first, then by hash.
        let fresh = self.epochs.values().filter(|node| !node.stale);
        fresh.min_by_key(|node| (u32::MAX - node.depth, node.facts.hash)).map(|node| &node.facts)
    }

    /// The epochs whose secret no device knows that was revoked.
    pub fn fresh(&self) -> impl Iterator<Item = &EpochFacts> {
        self.epochs.values().filter(|node| !node.stale).map(|node| &node.facts)
    }

    /// The epochs that are current: not stale, and not followed by one that is not.
    pub fn current(&self) -> impl Iterator<Item = &EpochFacts> {
        let nodes = self.epochs.values();
        nodes.filter(|node| !node.stale && !node.succeeded).map(|node| &node.facts)
    }

    /// Whether a device that sees this should open the next epoch.
    pub fn needs_new_epoch(&self) -> Option<Need> {
        match self.current().count() {
            0 if self.epochs.is_empty() => Some(Need::NoEpoch),
            0 => Some(Need::AllStale),
            1 if self.leaves_out() => Some(Need::LeftOut),
            1 => None,
            _ => Some(Need::Several),
        }
    }

    /// Whether another epoch would be sealed to a device that this one leaves out.
    fn leaves_out(&self) -> bool {
        self.active.len() <= EPOCH_DEVICES && !self.left_out().is_empty()
    }

    /// The device that opens the next epoch at once. The others do only if it stays
    /// silent: if all did, there would be several again. The author of the epoch that is
    /// written to, else the active device of the smallest id.
    pub fn opener(&self) -> Option<DeviceId> {
        match self.for_writing() {
            Some(facts) => Some(facts.author),
            None => self.active.first().copied(),
        }
    }

    /// The acts that the next epoch follows: those which none follows; if there are more
    /// than an epoch can name, the deepest. Stale ones too: their secrets go along.
    pub fn tips(&self) -> Vec<EntryHash> {
        let mut tips: Vec<_> = self.epochs.values().filter(|node| !node.followed).collect();
        tips.sort_by_key(|node| (u32::MAX - node.depth, node.facts.hash));
        tips.truncate(EPOCH_PREDECESSORS);
        let mut tips: Vec<_> = tips.iter().map(|node| node.facts.hash).collect();
        tips.sort_unstable();
        tips
    }

    /// Active devices that the epoch which is written to is not sealed to.
    pub fn left_out(&self) -> Vec<DeviceId> {
        let Some(facts) = self.for_writing() else { return Vec::new() };
        self.active.iter().filter(|device| !facts.devices.contains(device)).copied().collect()
    }

    /// The epochs whose secret some active device knows for sure: it is sealed to one of
    /// them, or the epoch that is written to holds it. Where a device opened one and was
    /// revoked by another that never learnt its secret, what was sealed to it then can be
    /// read by nobody.
    pub fn held(&self) -> BTreeSet<EpochKey> {
        let mut before = BTreeSet::new();
        let next = self.for_writing();
        let mut stack = next.map(|facts| facts.predecessors.clone()).unwrap_or_default();
        while let Some(hash) = stack.pop() {
            if before.insert(hash)
                && let Some(node) = self.epochs.get(&hash)
            {
                stack.extend(&node.facts.predecessors);
            }
        }
        // Secrets are handed on all together: which one is missing cannot be seen.
        let holds_all = next.is_some_and(|facts| facts.earlier >= before.len());
        let is_held = |facts: &EpochFacts| {
            self.active.contains(&facts.author)
                || facts.devices.iter().any(|device| self.active.contains(device))
                || (holds_all && before.contains(&facts.hash))
        };
        let all = self.epochs.values().map(|node| &node.facts);
        all.filter(|facts| is_held(facts)).map(|facts| facts.public).collect()
    }

    /// Every epoch that counts or did, in the order of hashes: readers watch them all.
    pub fn all(&self) -> impl Iterator<Item = &EpochFacts> {
        self.epochs.values().map(|node| &node.facts)
    }

    /// Whether an epoch is known and stale.
    pub fn is_stale(&self, hash: &EntryHash) -> bool {
        self.epochs.get(hash).is_some_and(|node| node.stale)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dev(n: u8) -> DeviceId {
        DeviceId([n; 32])
    }

    fn act(n: u8) -> EntryHash {
        EntryHash([n; 32])
    }

    fn epoch(hash: u8, author: u8, predecessors: &[u8], devices: &[u8]) -> EpochFacts {
        EpochFacts {
            hash: act(hash),
            author: dev(author),
            public: EpochKey([hash; 32]),
            predecessors: predecessors.iter().map(|n| act(*n)).collect(),
            devices: devices.iter().map(|n| dev(*n)).collect(),
            earlier: 0,
            is_blind: false,
        }
    }

    fn ring(epochs: &[EpochFacts], active: &[u8]) -> Keyring {
        Keyring::new(epochs.to_vec(), active.iter().map(|n| dev(*n)))
    }

    fn writes_to(ring: &Keyring) -> Option<EntryHash> {
        ring.for_writing().map(|facts| facts.hash)
    }

    #[test]
    fn a_revoked_device_makes_its_epochs_stale() {
        let epochs = [epoch(1, 1, &[], &[1, 2])];
        let before = ring(&epochs, &[1, 2]);
        assert_eq!((writes_to(&before), before.needs_new_epoch()), (Some(act(1)), None));
        let after = ring(&epochs, &[1]);
        assert_eq!((writes_to(&after), after.needs_new_epoch()), (None, Some(Need::AllStale)));
        assert_eq!((after.opener(), after.tips()), (Some(dev(1)), vec![act(1)]));
        let healed = ring(&[epochs[0].clone(), epoch(2, 1, &[1], &[1])], &[1]);
        assert_eq!((writes_to(&healed), healed.needs_new_epoch()), (Some(act(2)), None));
        assert!(healed.is_stale(&act(1)) && !healed.is_stale(&act(2)));
    }

    #[test]
    fn an_older_epoch_that_a_revoked_device_was_told_of_is_not_written_to_again() {
        // Phone 2 was linked after epoch 1, was handed its secret, and is revoked.
        let blind = |facts: EpochFacts| EpochFacts { is_blind: true, ..facts };
        let old = [blind(epoch(1, 1, &[], &[1])), blind(epoch(2, 1, &[1], &[1, 2]))];
        let after = ring(&old, &[1]);
        assert_eq!((writes_to(&after), after.needs_new_epoch()), (None, Some(Need::AllStale)));
        assert_eq!(after.fresh().count(), 0);
        let healed = ring(&[old[0].clone(), old[1].clone(), epoch(3, 1, &[2], &[1])], &[1]);
        assert_eq!(writes_to(&healed), Some(act(3)));
    }

    #[test]
    fn an_epoch_written_by_a_revoked_device_is_stale_whomever_it_is_sealed_to() {
        // A thief opens one that names only the honest phone, and keeps the secret.
        let epochs = [epoch(1, 1, &[], &[1]), epoch(2, 9, &[1], &[1])];
        assert_eq!(writes_to(&ring(&epochs, &[1, 9])), Some(act(2)));
        let after = ring(&epochs, &[1]);
        assert_eq!((writes_to(&after), after.needs_new_epoch()), (Some(act(1)), None));
    }

    #[test]
    fn several_current_are_merged_and_until_then_the_smaller_hash_counts() {
        let mut epochs =
            vec![epoch(1, 1, &[], &[1, 2]), epoch(9, 1, &[1], &[1, 2]), epoch(5, 2, &[1], &[1, 2])];
        let split = ring(&epochs, &[1, 2]);
        assert_eq!(
            (writes_to(&split), split.needs_new_epoch()),
            (Some(act(5)), Some(Need::Several))
        );
        assert_eq!((split.opener(), split.tips()), (Some(dev(2)), vec![act(5), act(9)]));
        epochs.push(epoch(7, 2, &[5, 9], &[1, 2]));
        let merged = ring(&epochs, &[1, 2]);
        assert_eq!((writes_to(&merged), merged.needs_new_epoch()), (Some(act(7)), None));
    }

    #[test]
    fn deepest_counts_before_smaller_hash_and_stale_ones_carry_on_the_line() {
        let epochs = [
            epoch(1, 1, &[], &[1]),
            epoch(2, 1, &[1], &[1, 9]),
            epoch(8, 1, &[2], &[1]),
            epoch(3, 1, &[], &[1]),
        ];
        let ring = ring(&epochs, &[1]);
        assert_eq!(writes_to(&ring), Some(act(8)));
        let current: Vec<_> = ring.current().map(|facts| facts.hash).collect();
        assert_eq!(current, [act(3), act(8)]);
    }

    #[test]
    fn an_epoch_whose_secret_went_with_a_revoked_device_is_not_held() {
        // 1 and 2 revoked each other apart; 1 opened an epoch of its own, 2 stays.
        let holding = |facts: EpochFacts, earlier| EpochFacts { earlier, ..facts };
        let old = [epoch(1, 1, &[], &[1, 2]), holding(epoch(2, 1, &[1], &[1]), 1)];
        let keys = |names: &[u8]| names.iter().map(|n| EpochKey([*n; 32])).collect();
        let held = |next: EpochFacts| ring(&[&old[..], &[next]].concat(), &[2]).held();
        assert_eq!(held(holding(epoch(3, 2, &[2], &[2]), 1)), keys(&[1, 3]));
        // Whoever recovered with the phrase knows it, and hands it on.
        assert_eq!(held(holding(epoch(3, 2, &[2], &[2]), 2)), keys(&[1, 2, 3]));
        // Opened before it was heard of.
        assert_eq!(held(holding(epoch(3, 2, &[1], &[2]), 1)), keys(&[1, 3]));
    }

    #[test]
    fn a_new_device_is_left_out_until_the_next_epoch() {
        let ring = ring(&[epoch(1, 1, &[], &[1])], &[1, 2]);
        let asked = (ring.needs_new_epoch(), ring.opener(), ring.left_out());
        assert_eq!(asked, (Some(Need::LeftOut), Some(dev(1)), vec![dev(2)]));
        assert_eq!(Keyring::default().needs_new_epoch(), Some(Need::NoEpoch));
        assert_eq!(Keyring::default().opener(), None);
    }

    #[test]
    fn more_devices_than_an_epoch_can_hold_do_not_ask_for_one_after_the_other() {
        let crowd: Vec<u8> = (1..=EPOCH_DEVICES as u8 + 1).collect();
        let full = epoch(1, 1, &[], &crowd[..EPOCH_DEVICES]);
        assert_eq!(ring(&[full], &crowd).needs_new_epoch(), None);
    }

    #[test]
    fn an_epoch_waits_for_its_predecessors() {
        let waiting = ring(&[epoch(2, 1, &[1], &[1]), epoch(3, 1, &[2], &[1])], &[1]);
        assert_eq!(waiting.needs_new_epoch(), Some(Need::NoEpoch));
        let naming_itself = ring(&[epoch(1, 1, &[1], &[1])], &[1]);
        assert_eq!(writes_to(&naming_itself), None);
    }

    #[test]
    fn a_flood_of_epochs_is_passed_in_time_and_names_no_more_than_allowed() {
        let hash = |n: u32| {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            EntryHash(bytes)
        };
        let line = (0..20_000u32).map(|n| EpochFacts {
            hash: hash(n),
            predecessors: if n % 1_000 == 0 { Vec::new() } else { vec![hash(n - 1)] },
            ..epoch(0, 1, &[], &[1])
        });
        let ring = Keyring::new(line, [dev(1)]);
        assert_eq!(writes_to(&ring), Some(hash(999)));
        assert_eq!(ring.tips().len(), EPOCH_PREDECESSORS);
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(
            graph in prop::collection::vec((1u8..4, any::<u16>(), any::<u8>()), 1..12),
            active in prop::collection::btree_set(1u8..4, 0..4),
            shuffle: u64,
        ) {
            let epochs: Vec<_> = graph
                .iter()
                .enumerate()
                .map(|(n, (author, before, devices))| {
                    let before: Vec<u8> =
                        (0..n as u8).filter(|k| before & (1 << k) != 0).collect();
                    let devices: Vec<u8> = (1..4).filter(|k| devices & (1 << k) != 0).collect();
                    // Hashes in another order than depth.
                    let name = |k: u8| k.wrapping_mul(167);
                    let before: Vec<u8> = before.into_iter().map(name).collect();
                    epoch(name(n as u8), *author, &before, &devices)
                })
                .collect();
            let active: Vec<u8> = active.into_iter().collect();
            let one = ring(&epochs, &active);
            let mut moved = epochs.clone();
            moved.sort_by_key(|facts| blake3::hash(&[&facts.hash.0[..], &shuffle.to_le_bytes()].concat()).to_hex().to_string());
            let two = ring(&moved, &active);
            prop_assert_eq!(writes_to(&one), writes_to(&two));
            prop_assert_eq!(one.needs_new_epoch(), two.needs_new_epoch());
            prop_assert_eq!(one.tips(), two.tips());
            // After the next epoch, opened by any active device, exactly one is current.
            if let Some(opener) = one.opener() {
                let mut next = epochs.clone();
                next.push(EpochFacts {
                    predecessors: one.tips(),
                    author: opener,
                    ..epoch(255, 1, &[], &active)
                });
                let after = ring(&next, &active);
                prop_assert_eq!(after.needs_new_epoch(), None);
                prop_assert_eq!(writes_to(&after), Some(act(255)));
                prop_assert!(after.left_out().is_empty());
            }
        }
    }
}
