//! What counts in a domain, found by when it is: rows by class of length and start.
//!
//! A booking that overlaps a range may have begun long before it, but not longer before
//! than it is long. So bookings lie in classes, each of lengths up to twice those of the
//! one before; of a class only what began up to its greatest length before the range is
//! read. Invariant: a question costs what lies in and around its range, not the age or
//! the size of the calendar.

use super::calendar::{Held, end_ms};
use super::records::DomainId;
use super::rows::CalendarSlots;
use crate::codec;
use crate::keys::BookingId;
use crate::rows::{Key, Rows as _, RowsError, Table, Tx, Typed as _, prefix_end};
use crate::time::Interval;

/// Domain id, class of length, start in milliseconds, booking id.
pub type SlotKey = (DomainId, u8, u64, BookingId);

/// Lengths of the first class, as a power of two of milliseconds: a little over an hour.
const SHORTEST_BITS: u32 = 22;
/// The class of what has no end.
const OPEN: u8 = u8::MAX;
/// Most slots of one class that one question reads.
const SLOTS: usize = 1 << 17;
/// Largest row, in bytes.
const ROW_BYTES: usize = 1 << 10;
/// Where the class stands in a key.
const CLASS_AT: usize = 32;

/// The class of an interval.
fn class_of(interval: &Interval) -> u8 {
    let Some(length) = interval.length_ms() else { return OPEN };
    let length = u64::try_from(length).unwrap_or(0).max(1);
    let bits = u64::BITS - (length - 1).leading_zeros();
    u8::try_from(bits.saturating_sub(SHORTEST_BITS)).unwrap_or(OPEN - 1)
}

/// The greatest length in a class; none: for ever.
fn longest_ms(class: u8) -> Option<i64> {
    let bits = u32::from(class) + SHORTEST_BITS;
    (class != OPEN).then(|| 1_i64.checked_shl(bits).filter(|ms| *ms > 0).unwrap_or(i64::MAX))
}

/// Where a booking that counts lies.
pub fn slot_key(domain: &DomainId, interval: &Interval, booking: &BookingId) -> SlotKey {
    let start = u64::try_from(interval.start.0).unwrap_or(0);
    (*domain, class_of(interval), start, *booking)
}

/// What counts in a domain and shares an instant with `range`, by start.
pub fn slots_over(
    tx: &Tx<'_>,
    domain: &DomainId,
    range: &Interval,
) -> Result<Vec<Held>, RowsError> {
    let (table, end) = (CalendarSlots::TABLE, prefix_end(&domain.to_key()));
    let at = |ms: i64| u64::try_from(ms).unwrap_or(0);
    let mut held: Vec<Held> = Vec::new();
    let mut class = 0_u8;
    loop {
        // The next class in which there is anything.
        let from = (*domain, class).to_key();
        let Some((key, _)) = tx.scan(table, &from, &end, false, 1)?.pop() else { break };
        let Some(found) = key.get(CLASS_AT) else { break };
        class = *found;
        let first = longest_ms(class).map_or(0, |longest| range.start.0.saturating_sub(longest));
        let from = (*domain, class, at(first)).to_key();
        let to = (*domain, class, at(end_ms(range))).to_key();
        for (key, row) in tx.scan(table, &from, &to, false, SLOTS)? {
            let slot: Held = codec::decode_kept(&row, ROW_BYTES)
                .map_err(|_| RowsError::Corrupt { table: Table::CalendarSlots, key })?;
            if slot.interval.overlaps(range) {
                held.push(slot);
            }
        }
        let Some(next) = class.checked_add(1) else { break };
        class = next;
    }
    held.sort_unstable_by_key(|held| (held.interval.start, held.booking));
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::booking::records::Holder;
    use crate::keys::{DeviceId, DocId, EntryHash, MemberId};
    use crate::rows::MemoryRows;
    use crate::time::Instant;

    fn held(number: u32, interval: Interval) -> Held {
        let mut id = [0; 32];
        id[..4].copy_from_slice(&number.to_be_bytes());
        Held {
            booking: BookingId(id),
            resource: DocId([1; 32]),
            interval,
            quantity: 1,
            firm: true,
            place: number,
            decided_by: Holder {
                member: MemberId([1; 32]),
                device: DeviceId([1; 32]),
                incarnation: 0,
            },
            decision: EntryHash([2; 32]),
            resized: None,
        }
    }

    #[test]
    fn a_class_holds_lengths_up_to_its_greatest() {
        let of = |ms| class_of(&Interval { start: Instant(5), end: Some(Instant(5 + ms)) });
        assert_eq!((of(1), of(1 << 22), of((1 << 22) + 1)), (0, 0, 1));
        for ms in [1, 3_600_000, 86_400_000, 31_622_400_000, 7_258_118_400_000] {
            let class = of(ms);
            assert!(longest_ms(class).is_some_and(|longest| ms <= longest), "{ms}");
            assert!(class == 0 || longest_ms(class - 1).is_some_and(|longest| ms > longest));
        }
        assert_eq!(class_of(&Interval { start: Instant(5), end: None }), OPEN);
        assert_eq!(longest_ms(OPEN), None);
    }

    #[test]
    fn a_range_is_answered_as_if_every_slot_were_looked_at() {
        let (domain, other) = (EntryHash([7; 32]), EntryHash([8; 32]));
        let mut dice: u64 = 1;
        let mut roll = |n: i64| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            i64::try_from(dice >> 33).unwrap_or(0) % n
        };
        let mut rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let mut all = Vec::new();
        let span = 40 * Instant::DAY_MS;
        for number in 0..600 {
            let start = Instant(roll(span));
            let longest = 1_i64 << (10 + roll(24));
            let end = (roll(20) > 0).then(|| start.plus_ms(1 + roll(longest)));
            let it = held(number, Interval { start, end });
            tx.put::<CalendarSlots>(&slot_key(&domain, &it.interval, &it.booking), &it);
            tx.put::<CalendarSlots>(&slot_key(&other, &it.interval, &it.booking), &it);
            all.push(it);
        }
        rows.commit(tx.into_writes());
        all.sort_unstable_by_key(|it| (it.interval.start, it.booking));
        let tx = Tx::new(&rows);
        for _ in 0..400 {
            let start = Instant(roll(span + Instant::DAY_MS) - Instant::DAY_MS / 2);
            let longest = 1_i64 << (10 + roll(22));
            let length = 1 + roll(longest);
            let end = (roll(10) > 0).then(|| start.plus_ms(length));
            let range = Interval { start, end };
            let told: Vec<Held> =
                all.iter().filter(|it| it.interval.overlaps(&range)).cloned().collect();
            assert_eq!(slots_over(&tx, &domain, &range), Ok(told), "{range:?}");
        }
    }
}
