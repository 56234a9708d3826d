//! One word a side and deal, whatever was written on however many devices; shown to others
//! when both have spoken or after seven days, and not before.

use palier_model::booking::{Holder, Record};
use palier_model::journal::Ref;
use palier_model::keys::{DeviceId, DocId, EntryHash, LogId, MemberId};
use palier_model::thanks::{Given, SILENCE_MS, Thanks, bounds, shown_from, spoken};
use palier_model::time::Instant;
use proptest::prelude::*;

const NOW: Instant = Instant(1_924_938_000_000);

fn hash(n: u8) -> EntryHash {
    EntryHash([n; 32])
}

fn given(n: u8, log: u8, seq: u64, at: i64, text: Option<&str>, over: &[u8]) -> Given {
    let by = Holder { member: MemberId([1; 32]), device: DeviceId([log; 32]), incarnation: 0 };
    let mut over: Vec<EntryHash> = over.iter().map(|n| hash(*n)).collect();
    over.sort_unstable();
    let text = text.map(str::to_owned);
    let record = Thanks { at: NOW.plus_ms(at), to: MemberId([2; 32]), deal: [3; 32], text, over };
    let entry = Ref { document: DocId([log; 32]), log: LogId([log; 32]), seq, hash: hash(n) };
    Given { entry, by, record }
}

#[test]
fn a_later_word_replaces_an_earlier_one_and_taking_back_is_not_undone_by_chance() {
    let text = |all: &[Given]| spoken(all, |_| true).and_then(|it| it.word.record.text.clone());
    let first = given(9, 1, 1, 0, Some("a"), &[]);
    assert_eq!(text(std::slice::from_ref(&first)).as_deref(), Some("a"));
    let second = given(5, 1, 2, 0, Some("b"), &[]);
    assert_eq!(text(&[first.clone(), second.clone()]).as_deref(), Some("b"));
    // Another device that knew of it replaces it; one that did not stands beside it.
    let knew = given(7, 2, 1, 0, Some("c"), &[5]);
    assert_eq!(text(&[first.clone(), second.clone(), knew]).as_deref(), Some("c"));
    let apart = given(2, 2, 1, 0, None, &[9]);
    assert_eq!(text(&[second.clone(), apart.clone()]), None);
    assert_eq!(text(&[apart, second]), None);
    // What does not count replaces nothing.
    let void = given(4, 1, 9, 0, None, &[9]);
    let seen = [first, void];
    let kept = spoken(&seen, |it| it.entry.hash != hash(4)).unwrap();
    assert_eq!(kept.word.record.text.as_deref(), Some("a"));
}

#[test]
fn thanks_are_shown_when_both_spoke_or_after_seven_days() {
    assert_eq!(shown_from(NOW, false), NOW.plus_ms(SILENCE_MS));
    assert!(shown_from(NOW, true) <= Instant(0));
    // A correction hides nothing again.
    let both = [given(1, 1, 1, 0, Some("a"), &[]), given(2, 1, 2, 5_000, Some("b"), &[])];
    assert_eq!(spoken(&both, |_| true).unwrap().since, NOW);
}

#[test]
fn a_word_is_of_at_most_five_hundred_characters() {
    let of = |text: &str| given(1, 1, 1, 0, Some(text), &[]).record;
    assert!(of(&"é".repeat(bounds::TEXT_CHARS)).to_payload().is_ok());
    assert!(of(&"é".repeat(bounds::TEXT_CHARS + 1)).to_payload().is_err());
    assert!(of(" \n").to_payload().is_err());
    let back = Thanks::from_payload(&of("merci").to_payload().unwrap()).unwrap();
    assert_eq!(back, of("merci"));
}

/// Slowly and obviously: strikes out what another replaces, then sorts what is left.
fn stands_slowly(all: &[Given], counts: &[bool]) -> Option<EntryHash> {
    let those: Vec<&Given> = all.iter().zip(counts).filter(|(_, is)| **is).map(|it| it.0).collect();
    let mut struck = std::collections::BTreeSet::new();
    for one in &those {
        struck.extend(one.record.over.iter().copied());
        let lower = those.iter().filter(|it| it.entry.log == one.entry.log);
        struck.extend(lower.filter(|it| it.entry.seq < one.entry.seq).map(|it| it.entry.hash));
    }
    let left = those.iter().filter(|it| !struck.contains(&it.entry.hash));
    let mut left: Vec<_> = left.map(|it| (it.record.text.is_some(), it.entry.hash)).collect();
    left.sort_unstable();
    left.first().map(|it| it.1)
}

proptest! {
    #[test]
    fn what_stands_follows_from_the_set_and_from_what_counts(
        words in prop::collection::vec(
            (0_u8..3, 0_u64..4, any::<bool>(), prop::collection::btree_set(0_u8..8, 0..3), any::<bool>()),
            0..8,
        ),
        turns in 0_usize..8,
    ) {
        let all: Vec<Given> = (0_u8..).zip(&words).map(|(n, (log, seq, text, over, _))| {
            // One names only what was there before it.
            let over: Vec<u8> = over.iter().copied().filter(|it| *it < n).collect();
            given(n, *log, *seq, i64::from(n), text.then_some("x"), &over)
        }).collect();
        let counts: Vec<bool> = words.iter().map(|it| it.4).collect();
        let is = |it: &Given| counts[usize::from(it.entry.hash.0[0])];
        let seen = spoken(&all, is).map(|it| it.word.entry.hash);
        prop_assert_eq!(seen, stands_slowly(&all, &counts));
        let mut other = all.clone();
        let len = other.len().max(1);
        other.rotate_left(turns % len);
        prop_assert_eq!(spoken(&other, is).map(|it| it.word.entry.hash), seen);
    }
}
