//! The bytes of a change, once released, are read for ever (`docs/format.md`).

use palier_model::journal::change::{After, ChangeBody, NewValue, ObjectRef, Op, OpRef};
use palier_model::keys::EntryHash;
use palier_model::time::Instant;

const GOLDEN: &str = include_str!("golden/changes-v1.txt");

/// Every operation and every value.
fn every_operation() -> ChangeBody {
    let own = |number| OpRef { entry: 0, number };
    let other = |number| OpRef { entry: 1, number };
    let (root, list, text) = (
        ObjectRef::Root,
        ObjectRef::Made(own(0)),
        ObjectRef::Made(OpRef { entry: 2, number: 300 }),
    );
    let put = |key: &str, value| Op::Put { map: root, key: key.into(), value, over: vec![] };
    ChangeBody {
        at: Instant(1_767_225_600_000),
        start_op: 301,
        table: vec![EntryHash([0x11; 32]), EntryHash([0x22; 32])],
        ops: vec![
            put("l", NewValue::List),
            put("m", NewValue::Map),
            put("t", NewValue::Text),
            put("n", NewValue::Null),
            put("b", NewValue::Bool(true)),
            put("i", NewValue::Int(-2)),
            put("s", NewValue::Str("é".into())),
            put("y", NewValue::Bytes(vec![1, 2])),
            put("c", NewValue::Counter(5)),
            Op::Delete { map: root, key: "n".into(), over: vec![own(3), other(7)] },
            Op::Increment { map: root, key: "c".into(), by: -1, over: vec![own(8)] },
            Op::Insert { list, after: After::Head, value: NewValue::Counter(1) },
            Op::Insert { list, after: After::Element(own(11)), value: NewValue::Null },
            Op::Set { list, element: own(12), value: NewValue::Bool(false), over: vec![own(12)] },
            Op::Add { list, element: own(11), by: 1, over: vec![own(11)] },
            Op::Remove { from: list, element: own(12), over: vec![own(13)] },
            Op::Splice { text, after: After::Head, insert: "aé🙂".into() },
            Op::RemoveRun { from: text, first: own(16), count: 2 },
        ],
    }
}

#[test]
fn a_change_has_the_bytes_of_version_1() {
    let body = every_operation();
    let payload = body.to_payload();
    let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
    let golden = GOLDEN.lines().find_map(|line| line.strip_prefix("every_operation = "));
    assert_eq!(golden, Some(hex.as_str()));
    assert_eq!(ChangeBody::from_payload(&payload), Ok(body));
}
