//! Any order of arrival gives the same document and the same bytes of its row.

use automerge::transaction::Transactable;
use automerge::{ObjType, ROOT, ReadDoc};

use super::testing::{Dice, Log, Node, apply_one, scribble};
use super::{ContentError, Outcome};
use crate::journal::{Entry, Header, kind};

/// Three devices of one owner write, meet at random, and fork their logs.
fn history(dice: &mut Dice, rounds: usize) -> Vec<Entry> {
    let mut all = Vec::new();
    let mut devices: Vec<(Log, Node, usize)> = Vec::new();
    for device in 0..3 {
        let (log, start) = Log::start(device);
        all.push(start);
        devices.push((log, Node::new(), 0));
    }
    for round in 0..rounds {
        for (log, node, seen) in &mut devices {
            if round == 0 || dice.one_in(3) {
                for entry in &all[*seen..] {
                    node.apply(entry);
                }
                *seen = all.len();
            }
            let mut entries: Vec<_> =
                log.edit(node, round as i64, |tx| scribble(dice, tx)).into_iter().collect();
            if let Some(entry) = entries.first().filter(|_| dice.one_in(4)) {
                // A clone of the device goes on from the same place.
                let header = &entry.header;
                let mut clone = Log { id: log.id, tip: header.previous, seq: header.seq - 1 };
                let document = node.document();
                let mut causes = header.causes.clone();
                causes.push(header.previous);
                let past = node.past(&causes);
                let at = crate::time::Instant(7);
                let body = document.edit(&past, at, |tx| scribble(dice, tx)).expect("edit");
                if let Some(body) = body {
                    let fork = clone.append(&header.causes, body.to_payload());
                    if fork.hash() != entry.hash() {
                        assert_eq!(node.apply(&fork), Outcome::Changed);
                        entries.push(fork);
                    }
                }
            }
            all.extend(entries);
        }
    }
    all
}

/// A random order in which causes come first.
fn shuffled(dice: &mut Dice, entries: &[Entry]) -> Vec<Entry> {
    let mut left: Vec<_> = entries.to_vec();
    let mut done = std::collections::BTreeSet::new();
    let mut order = Vec::new();
    while !left.is_empty() {
        let ready: Vec<_> = (0..left.len())
            .filter(|n| {
                let header = &left[*n].header;
                header.seq == 0
                    || done.contains(&header.previous)
                        && header.causes.iter().all(|cause| done.contains(cause))
            })
            .collect();
        let entry = left.swap_remove(ready[dice.below(ready.len())]);
        done.insert(entry.hash());
        order.push(entry);
    }
    order
}

#[test]
fn every_causal_order_one_by_one_or_in_batches_gives_the_same_rows() {
    for seed in 0..40 {
        let mut dice = Dice::new(seed);
        let entries = history(&mut dice, 6);
        let mut reference: Option<Node> = None;
        for order in 0..5 {
            let order_of = shuffled(&mut dice, &entries);
            let mut node = Node::new();
            if order % 2 == 0 {
                for entry in &order_of {
                    assert!(
                        !matches!(apply_one(&mut node, entry), Outcome::Void(_)),
                        "seed {seed}"
                    );
                }
            } else {
                let cut = dice.below(order_of.len());
                node.apply_all(&order_of[..cut]);
                node.apply_all(&order_of[cut..]);
            }
            match &mut reference {
                None => reference = Some(node),
                Some(first) => {
                    assert_eq!(first.objects(), node.objects(), "seed {seed}");
                    let (a, b) = (first.document(), node.document());
                    assert_eq!(a.doc().hydrate(None), b.doc().hydrate(None), "seed {seed}");
                    node.cache.clear();
                    let loaded = node.document();
                    assert_eq!(a.doc().hydrate(None), loaded.doc().hydrate(None), "seed {seed}");
                }
            }
        }
    }
}

#[test]
fn a_fork_of_one_log_removes_nothing() {
    let mut node = Node::new();
    let (mut log, start) = Log::start(0);
    node.apply(&start);
    let first = log.edit(&mut node, 1, |tx| tx.put_object(ROOT, "t", ObjType::Text).map(drop));
    assert!(first.is_some());
    let mut clone = log.clone();
    let before = node.document();
    let text = |word: &'static str| {
        move |tx: &mut automerge::transaction::Transaction<'_>| {
            let (_, text) = tx.get(ROOT, "t")?.ok_or(automerge::AutomergeError::Fail)?;
            tx.splice_text(&text, 0, 0, word)
        }
    };
    log.edit(&mut node, 2, text("here "));
    let body = before.edit(&before.heads(), crate::time::Instant(3), text("there ")).expect("edit");
    let fork = clone.append(&[], body.expect("changed").to_payload());
    assert_eq!(node.apply(&fork), Outcome::Changed);
    let document = node.document();
    let (_, text) = document.doc().get(ROOT, "t").expect("get").expect("there");
    let read = document.doc().text(&text).expect("text");
    assert!(read.contains("here ") && read.contains("there "), "{read}");
}

#[test]
fn bad_content_ends_its_log_and_no_other_even_for_those_who_saw_it() {
    let mut node = Node::new();
    let (mut bad, start) = Log::start(0);
    let (mut good, other_start) = Log::start(1);
    node.apply(&start);
    node.apply(&other_start);
    bad.edit(&mut node, 1, |tx| tx.put(ROOT, "a", 1)).expect("changed");
    let void = bad.append(&[], vec![0xff; 20]);
    assert!(matches!(node.apply(&void), Outcome::Void(ContentError::Body(_))));
    let body = node
        .document()
        .edit(&node.document().heads(), crate::time::Instant(2), |tx| tx.put(ROOT, "b", 2));
    let after = bad.append(&[], body.expect("edit").expect("changed").to_payload());
    assert_eq!(node.apply(&after), Outcome::Void(ContentError::Stopped));
    // The other device saw all of it, and names the void tip as a cause.
    let document = node.document();
    let past = node.past(&[good.tip, after.hash()]);
    assert_eq!(past, document.heads());
    let body = document.edit(&past, crate::time::Instant(3), |tx| tx.put(ROOT, "c", 3));
    let entry = good.append(&[after.hash()], body.expect("edit").expect("changed").to_payload());
    assert_eq!(node.apply(&entry), Outcome::Changed);
    assert_eq!(node.document().change_count(), 2);
}

#[test]
fn an_unknown_kind_stands_for_what_it_has_seen() {
    let mut node = Node::new();
    let (mut log, start) = Log::start(0);
    node.apply(&start);
    log.edit(&mut node, 1, |tx| tx.put(ROOT, "a", 1)).expect("changed");
    let header = Header::new(log.id, 2, log.tip, Vec::new(), 0x7fff, b"later");
    let later = Entry { header, payload: b"later".to_vec(), signature: None };
    assert_ne!(later.header.kind, kind::CHANGE);
    assert_eq!(node.apply(&later), Outcome::Passed);
    (log.tip, log.seq) = (later.hash(), 2);
    assert!(log.edit(&mut node, 2, |tx| tx.put(ROOT, "a", 2)).is_some());
}

#[test]
fn an_entry_whose_cause_is_missing_waits_and_is_not_judged() {
    let mut node = Node::new();
    let (mut log, start) = Log::start(0);
    let entry = log.append(&[], vec![0xff]);
    assert_eq!(node.apply(&entry), Outcome::Waiting(start.hash()));
    assert!(node.objects().is_empty());
}

#[test]
fn documents_are_loaded_once_and_only_when_read_or_changed() {
    let mut node = Node::new();
    let (mut log, start) = Log::start(0);
    node.apply(&start);
    for n in 0..10 {
        log.edit(&mut node, n, |tx| tx.put(ROOT, "n", n)).expect("changed");
    }
    assert_eq!(node.cache.opened(), 0, "it was made here and stayed open");
    node.cache.clear();
    node.document();
    node.document();
    assert_eq!(node.cache.opened(), 1);
}

#[test]
fn a_document_that_is_too_full_is_so_alike_whatever_came_first() {
    let mut entries = Vec::new();
    for device in 0..6 {
        let (mut log, start) = Log::start(device);
        let mut node = Node::new();
        node.apply(&start);
        entries.push(start);
        let fill = |tx: &mut automerge::transaction::Transaction<'_>| {
            let text = tx.put_object(ROOT, "t", ObjType::Text)?;
            tx.splice_text(&text, 0, 0, &"x".repeat(12_000))
        };
        entries.push(log.edit(&mut node, 1, fill).expect("changed"));
        entries.push(log.append(&[], vec![0xff]));
    }
    let mut dice = Dice::new(1);
    let mut seen = Vec::new();
    for batch in [1, 5, 100] {
        let mut node = Node::new();
        for entries in shuffled(&mut dice, &entries).chunks(batch) {
            node.apply_all(entries);
        }
        assert!(node.document().is_full());
        seen.push(node.objects());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    assert_eq!(seen[0].len(), 1);
}
