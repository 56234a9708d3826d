//! Members and carriers that do not play by the rules: signed entries that no honest
//! device writes, and frames that arrive other than they were sent.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

use super::world::World;
use crate::authority::{Role, build};
use crate::booking::{
    Calendars, CloseHolder, Decision, DomainRecord, DomainView, Holder, Op, Reason, Record, Terms,
};
use crate::journal::{Author, Descriptor, Owner, append, kind};
use crate::keys::{BookingId, DocId, EntryHash, HoodHash};
use crate::rows::Tx;
use crate::time::{Instant, Interval};

/// Changes a frame as a carrier that lies may.
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

fn noise(rng: &mut ChaCha20Rng) -> Vec<u8> {
    let mut bytes = vec![0; rng.next_u32() as usize % 200];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// A member's device writes an entry that no honest one writes, past every check of its
/// own, and starts anew.
pub(super) fn odd_entry(world: &mut World, node: usize, hood: &HoodHash) -> Option<String> {
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
    let which = rng.next_u32() % 12;
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
    Some(format!("node {node} writes odd entry {which} of kind {kind:#x}"))
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
