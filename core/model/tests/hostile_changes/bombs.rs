//! Changes and documents made to cost as much as they can.

use crate::scene::*;

pub(crate) fn bombs() {
    let document = honest();
    let next = next_op(&document);
    let (root, first) = (ObjectRef::Root, ObjectRef::Made(own(0)));
    let made = |kind| put(ObjectRef::Root, "a", kind);
    let insert = |value| Op::Insert { list: first, after: After::Head, value };
    let splice = |text: String| Op::Splice { text: first, after: After::Head, insert: text };
    let run = |count| Op::RemoveRun { from: first, first: own(1), count };
    let named =
        |entry: EntryHash, op: Op| ChangeBody { table: vec![entry], ..body(next, vec![op]) };
    let far = OpRef { entry: 1, number: u32::MAX };
    let nest = |depth: u32| {
        let mut ops = vec![made(NewValue::Map)];
        ops.extend((0..depth).map(|n| put(ObjectRef::Made(own(n)), "a", NewValue::Map)));
        body(next, ops)
    };
    let refused: Vec<(&str, ChangeBody)> = vec![
        (
            "ten bytes that remove 4 G elements",
            body(next, vec![made(NewValue::List), insert(NewValue::Null), run(u32::MAX)]),
        ),
        (
            "10 M operations by runs",
            body(next, {
                let mut ops = vec![made(NewValue::List), insert(NewValue::Null)];
                ops.extend((0..5_000).map(|_| run(1_000_000)));
                ops
            }),
        ),
        (
            "a run over what was never inserted",
            body(next, vec![made(NewValue::Text), splice("ab".into()), run(3)]),
        ),
        ("64 KiB of text", body(next, vec![made(NewValue::Text), splice("x".repeat(65_000))])),
        ("counter near 2^32", body(u64::from(u32::MAX), vec![made(NewValue::Null)])),
        ("counter near 2^63", body(1 << 63, vec![made(NewValue::Null)])),
        ("counter at the end", body(u64::MAX, vec![made(NewValue::Null)])),
        ("counter zero", body(0, vec![made(NewValue::Null)])),
        ("counter one too high", body(next + 1, vec![made(NewValue::Null)])),
        ("counter one too low", body(next - 1, vec![made(NewValue::Null)])),
        ("deep nesting", nest(16)),
        ("very deep nesting", nest(6_000)),
        ("itself as container", body(next, vec![put(first, "a", NewValue::Map)])),
        (
            "two that contain each other",
            body(
                next,
                vec![
                    put(ObjectRef::Made(own(1)), "a", NewValue::Map),
                    put(first, "a", NewValue::Map),
                ],
            ),
        ),
        (
            "after itself",
            body(
                next,
                vec![
                    made(NewValue::List),
                    Op::Insert {
                        list: first,
                        after: After::Element(own(1)),
                        value: NewValue::Null,
                    },
                ],
            ),
        ),
        (
            "an entry nobody has",
            named(
                hash(77),
                put(ObjectRef::Made(OpRef { entry: 1, number: 0 }), "a", NewValue::Null),
            ),
        ),
        (
            "an operation that entry lacks",
            named(hash(0), put(ObjectRef::Made(far), "a", NewValue::Null)),
        ),
        (
            "a scalar as container",
            body(next, vec![made(NewValue::Int(1)), put(first, "b", NewValue::Null)]),
        ),
        (
            "a removal as container",
            body(
                next,
                vec![
                    made(NewValue::Map),
                    Op::Delete { map: root, key: "a".into(), over: vec![own(0)] },
                    put(ObjectRef::Made(own(1)), "b", NewValue::Null),
                ],
            ),
        ),
        ("a map used as list", body(next, vec![made(NewValue::Map), insert(NewValue::Null)])),
        ("a list used as text", body(next, vec![made(NewValue::List), splice("x".into())])),
        (
            "a number put into a text",
            body(next, vec![made(NewValue::Text), insert(NewValue::Int(1))]),
        ),
        (
            "a predecessor under another key",
            body(
                next,
                vec![
                    made(NewValue::Null),
                    Op::Put {
                        map: root,
                        key: "b".into(),
                        value: NewValue::Null,
                        over: vec![own(0)],
                    },
                ],
            ),
        ),
        (
            "a predecessor twice",
            body(
                next,
                vec![
                    made(NewValue::Null),
                    Op::Delete { map: root, key: "a".into(), over: vec![own(0), own(0)] },
                ],
            ),
        ),
        (
            "a removal of nothing",
            body(next, vec![Op::Delete { map: root, key: "a".into(), over: vec![] }]),
        ),
        (
            "an increment of what is no counter",
            body(
                next,
                vec![
                    made(NewValue::Int(1)),
                    Op::Increment { map: root, key: "a".into(), by: 1, over: vec![own(0)] },
                ],
            ),
        ),
        (
            "an increment out of range",
            body(
                next,
                vec![
                    made(NewValue::Counter(1)),
                    Op::Increment { map: root, key: "a".into(), by: i64::MAX, over: vec![own(0)] },
                ],
            ),
        ),
        ("a counter out of range", body(next, vec![made(NewValue::Counter(i64::MIN))])),
        (
            "a time before all time",
            ChangeBody { at: Instant(i64::MIN), ..body(next, vec![made(NewValue::Null)]) },
        ),
        (
            "an entry named in vain",
            ChangeBody { table: vec![hash(0)], ..body(next, vec![made(NewValue::Null)]) },
        ),
        ("a long key", body(next, vec![put(root, &"k".repeat(65), NewValue::Null)])),
        (
            "5,000 values side by side",
            body(next, (0..5_000).map(|_| put(root, "title", NewValue::Null)).collect()),
        ),
        (
            "two values at one element",
            body(
                next,
                vec![
                    made(NewValue::List),
                    insert(NewValue::Null),
                    Op::Set { list: first, element: own(1), value: NewValue::Null, over: vec![] },
                ],
            ),
        ),
        ("no operation", body(next, vec![])),
    ];
    let before = document.to_row();
    for (what, body) in refused {
        let payload = body.to_payload();
        let mut target = document.clone();
        let outcome = within_limits(what, || target.apply(&hash(50), &document.heads(), &payload));
        assert!(outcome.is_err(), "{what} was accepted");
        assert_ne!(outcome, Err(ContentError::Unreadable), "{what} got as far as automerge");
        assert_eq!(target.to_row(), before, "{what} left something behind");
        still_works(&target, 1);
    }
    // What follows keeps within every limit and must be bearable.
    let accepted: Vec<(&str, ChangeBody)> = vec![
        (
            "as much text as one change may hold",
            body(next, vec![made(NewValue::Text), splice("é".repeat(16_383))]),
        ),
        (
            "10,000 inserts at the head",
            body(next, {
                let mut ops = vec![made(NewValue::List)];
                ops.extend((0..10_000).map(|_| insert(NewValue::Null)));
                ops
            }),
        ),
        (
            "8,000 maps",
            body(next, {
                let mut ops = vec![made(NewValue::List)];
                ops.extend((0..8_000).map(|_| insert(NewValue::Map)));
                ops
            }),
        ),
        (
            "one element removed 8,000 times",
            body(next, {
                let mut ops = vec![made(NewValue::List), insert(NewValue::Null)];
                ops.extend((0..8_000).map(|_| run(1)));
                ops
            }),
        ),
        (
            "one value put over 6,000 times",
            body(next, {
                let mut ops = vec![made(NewValue::Null)];
                ops.extend((0..6_000).map(|n| Op::Put {
                    map: root,
                    key: "a".into(),
                    value: NewValue::Null,
                    over: vec![own(n)],
                }));
                ops
            }),
        ),
        (
            "a counter pushed to the edge",
            body(next, {
                let mut ops = vec![made(NewValue::Counter(1 << 31))];
                ops.extend((0..5_000).map(|_| Op::Increment {
                    map: root,
                    key: "a".into(),
                    by: 1 << 31,
                    over: vec![own(0)],
                }));
                ops
            }),
        ),
    ];
    for (what, body) in accepted {
        let payload = body.to_payload();
        let mut target = document.clone();
        let outcome = within_limits(what, || target.apply(&hash(50), &document.heads(), &payload));
        assert_eq!(outcome, Ok(()), "{what}: {} bytes, {} ops", payload.len(), body.count());
        still_works(&target, 2);
        within_limits("  and read", || listing_of(&target));
    }
}

/// Fills a document to the brim in several ways: each step stays bearable, small edits
/// go on to the last part of it, then it says nothing.
pub(crate) fn overfull() {
    let first = ObjectRef::Made(own(0));
    let text = "x".repeat(CHANGE_OPS as usize - 1);
    let shapes: [(&str, NewValue, Vec<Op>); 5] = [
        (
            "text",
            NewValue::Text,
            vec![Op::Splice { text: first, after: After::Head, insert: text }],
        ),
        ("elements", NewValue::List, inserts(10_000, &NewValue::Null)),
        ("maps", NewValue::List, inserts(2_000, &NewValue::Map)),
        ("texts", NewValue::List, inserts(2_000, &NewValue::Text)),
        ("keys", NewValue::Map, {
            let key = |n| put(first, &format!("{n:05}"), NewValue::Int(n));
            (0..4_000).map(key).collect()
        }),
    ];
    for (what, container, fill) in shapes {
        let mut document = honest();
        for n in 0..40 {
            let mut ops = vec![put(ObjectRef::Root, "fill", container.clone())];
            ops.extend(fill.clone());
            let payload = body(next_op_of(&document), ops).to_payload();
            let heads = document.heads();
            let apply = || document.apply(&hash(100 + n), &heads, &payload);
            within_limits(&format!("full of {what}"), apply).expect("within limits");
            if document.is_full() {
                break;
            }
            let withdraw =
                ListingEdit { state: Some(ListingState::Withdrawn), ..Default::default() };
            let long = ListingEdit { text: Some("y".repeat(4_000)), ..Default::default() };
            let heads = document.heads();
            if document.op_count() > DOCUMENT_OPS / 4 * 3 {
                let refused = edit(&document, &heads, Instant(9), &long);
                assert_eq!(refused, Err(WriteError::Edit(EditError::DocumentFull)), "{what}");
            }
            if document.op_count() < DOCUMENT_OPS / 16 * 15 && what != "maps" && what != "texts" {
                assert!(matches!(edit(&document, &heads, Instant(9), &withdraw), Ok(Some(_))));
            }
            let load = || Edited::from_row(&document.to_row()).expect("row");
            within_limits_at_best("  and loaded", load);
        }
        assert!(document.is_full(), "{what}: {} operations", document.op_count());
        assert_eq!(listing_of(&document), None);
        assert!(Edited::from_row(&document.to_row()).is_some_and(|read| read.is_full()));
    }
}

/// Thousands of tiny changes, each a branch of its own: the worst shape of a document.
pub(crate) fn many_branches() {
    let mut document = honest();
    let heads = document.heads();
    let start = next_op_of(&document);
    let payload =
        body(start, vec![put(ObjectRef::Root, "state", NewValue::Str("published".into()))])
            .to_payload();
    for n in 0..600 {
        document.apply(&hash(10_000 + n), &heads, &payload).expect("good");
    }
    within_limits("one more of 600 branches", || document.apply(&hash(9_999), &heads, &payload))
        .expect("good");
    within_limits("an edit over 600 branches", || still_works(&document, 3));
    within_limits("600 branches loaded", || Edited::from_row(&document.to_row()).expect("row"));
    const { assert!(DOCUMENT_CHANGES > 601) };
}
