//! Members who do not play by the rules: acts that are signed well and no honest device
//! writes, because they are somebody else's to do, or were never true.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

use super::forged::Forger;
use super::world::World;
use crate::authority::{Home, Role, build};
use crate::booking::{
    Calendars, CloseHolder, Decision, DomainRecord, DomainView, Holder, Op, Reason, Record, Terms,
};
use crate::journal::{Author, Descriptor, Owner, Ref, append, kind};
use crate::keys::{BookingId, DocId, EntryHash, HoodHash, LogId, MemberId};
use crate::rows::Tx;
use crate::time::{Instant, Interval};

fn noise(rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut bytes = vec![0; rng.next_u32() as usize % 200];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// What a hostile device did.
pub(super) struct Odd {
    /// For the trace.
    pub(super) line: String,
    /// Whom it says it removes.
    pub(super) removes: Option<MemberId>,
}

/// A member's device writes an entry that no honest one writes, past every check of its
/// own, and starts anew.
pub(super) fn odd_entry(world: &mut World, node: usize, hood: &HoodHash) -> Option<Odd> {
    let now = world.now(node).claimed;
    let rng = &mut world.rng;
    let it = &mut world.nodes[node];
    let replica = it.engine.replica(hood)?;
    let (me, own) = (replica.me(), replica.own());
    let author = Author {
        device: me.keys.id(),
        signing: me.keys.signing().clone(),
        incarnation: own.incarnation,
        act: own.act,
        certificate: me.certificate,
    };
    let holder = replica.as_holder();
    let owner = Owner::Member(me.member);
    let victim = replica.authority().members().map(|(id, _)| *id).find(|id| *id != me.member)?;
    let rows = it.stores.memory(hood)?;
    let mut tx = Tx::new(rows);
    let domains = tx.rows_with_prefix::<Calendars>(&[], 64).ok()?;
    let domain = match domains.len() {
        0 => None,
        many => EntryHash::from_slice(&domains[rng.next_u32() as usize % many].0),
    };
    let view = domain.and_then(|id| DomainView::load(&tx, &id).ok().flatten());
    let open = Descriptor::open(*hood, owner, now);
    let charter = Descriptor::charter(*hood);
    let sealed = Descriptor::sealed(*hood, owner, now);
    let identity = Descriptor::identity(*hood, me.member);
    let mut number = [0; 16];
    rng.fill_bytes(&mut number);
    let object = Descriptor::object(*hood, owner, number);
    let which = rng.next_u32() % 24;
    if which >= 17 {
        let member = me.member;
        let mut forger = Forger { author, hood: *hood, member, victim, now, rng };
        let line = forger.forge(it)?;
        world.restart(node);
        return Some(Odd { line: format!("node {node} {line}"), removes: None });
    }
    let (descriptor, kind, payload) = match (which, view) {
        (0 | 1, Some(view)) => (open, kind::open::DECISION, overbook(&view, holder, now, rng)?),
        (2, Some(view)) => {
            let close = CloseHolder {
                at: now,
                domain: view.id,
                tenure: view.row.tenure,
                last: view.row.spine_end,
                seen: view.row.heads.iter().take(8).copied().collect(),
                new_holder: holder,
                phrase: None,
            };
            (open, kind::open::CLOSE_HOLDER, close.to_payload().ok()?)
        }
        (3, Some(view)) => {
            let booking = view.held.first().map_or(BookingId([7; 32]), |held| held.booking);
            let op = Op::Release { booking, reason: Reason::CANCELLED_BY_OWNER };
            (open, kind::open::DECISION, decision(&view, now, op).to_payload().ok()?)
        }
        (4, _) => {
            let draft = build::appoint(now, *hood, me.member, Role::Coordinator);
            (draft.document, draft.kind, draft.payload)
        }
        (5, _) => {
            let draft = build::remove(&tx, replica.authority(), now, victim).ok()?;
            (draft.document, draft.kind, draft.payload)
        }
        (6, _) => (object, kind::CHANGE, noise(rng)),
        (7, _) => (sealed, kind::sealed::GRANT, noise(rng)),
        (8, _) => (sealed, kind::sealed::RECORD, noise(rng)),
        (9, _) => (identity, kind::identity::EPOCH, noise(rng)),
        (10, _) => {
            let terms = Terms::of_capacity(1_000);
            let record = DomainRecord::single(now, DocId([9; 32]), terms, holder, vec![victim]);
            (open, kind::open::DOMAIN, record.to_payload().ok()?)
        }
        (12 | 13, Some(view)) => {
            // A claimed clock, years ago or years ahead.
            let years = if which == 12 { -30 } else { 30 };
            let at = now.plus_ms(years * 365 * Instant::DAY_MS);
            (open, kind::open::DECISION, overbook(&view, holder, at, rng)?)
        }
        (14, Some(view)) => {
            let mut hash = [0; 32];
            rng.fill_bytes(&mut hash);
            let nowhere =
                Ref { document: open.id(), log: LogId(hash), seq: 3, hash: EntryHash(hash) };
            let mut decision = decision(&view, now, Op::Seen);
            decision.prev = Some(nowhere);
            decision.seen.push(nowhere);
            decision.seen.sort_unstable();
            (open, kind::open::DECISION, decision.to_payload().ok()?)
        }
        (15, _) => {
            let draft = build::dismiss(now, *hood, victim, Role::Coordinator);
            (draft.document, draft.kind, draft.payload)
        }
        (16, _) => {
            let acts: Vec<_> = replica.authority().members().collect();
            let draft = build::attest(now, *hood, victim, Home::default());
            let seconded = EntryHash(*blake3::hash(&[acts.len() as u8]).as_bytes());
            let second = build::second(now, *hood, seconded);
            let draft = if rng.next_u32().is_multiple_of(2) { draft } else { second };
            (draft.document, draft.kind, draft.payload)
        }
        _ => {
            let kinds = [0x10, 0x15, 0x50, 0x51, 0x52, 0x55, 0x7777];
            let kind = kinds[rng.next_u32() as usize % kinds.len()];
            let of = if kind < 0x30 { charter } else { open };
            (of, kind, noise(rng))
        }
    };
    append(&mut tx, &author, &descriptor, kind, |_| payload).ok()?;
    let writes = tx.into_writes();
    it.stores.memory_mut(hood)?.commit(writes);
    world.restart(node);
    let removes = (which == 5).then_some(victim);
    let line = format!("node {node} writes odd entry {which} of kind {kind:#x}");
    Some(Odd { line, removes })
}

fn decision(view: &DomainView, at: Instant, op: Op) -> Decision {
    Decision {
        at,
        domain: view.id,
        tenure: view.row.tenure,
        prev: view.row.spine_end.or(view.row.begun_by),
        seen: view.row.heads.iter().take(8).copied().collect(),
        op,
    }
}

/// An acceptance over what is there, by whoever it is.
fn overbook(
    view: &DomainView,
    _me: Holder,
    now: Instant,
    rng: &mut ChaCha20Rng,
) -> Option<Vec<u8>> {
    let resource = view.row.record.resources.first()?.listing;
    let mut booking = [0; 32];
    rng.fill_bytes(&mut booking);
    let start = view.held.first().map_or(now.plus_ms(Instant::DAY_MS), |it| it.interval.start);
    let interval = Interval { start, end: Some(start.plus_ms(7_200_000)) };
    let booking = BookingId(booking);
    let op = Op::Accept { booking, resource, interval, quantity: 1, tier: 0 };
    decision(view, now, op).to_payload().ok()
}
