//! Acts on the wire: one form each, bounded, and open to fields of a later version.

use ed25519_dalek::SigningKey;
use palier_model::authority::phrase::PhraseAct;
use palier_model::authority::{
    ActError, CLOSING_TIPS, Caps, Certify, ClosedTip, Closing, Found, Inviters, Payload, Policy,
    Preamble, Remove, Revoke, Role, Roles,
};
use palier_model::journal::{Class, Owner, Ref, Signature, limits};
use palier_model::keys::{DeviceId, DocId, EntryHash, HoodHash, LogId, MemberId};
use palier_model::time::Instant;

const HOOD: HoodHash = HoodHash([9; 32]);

fn preamble() -> Preamble {
    Preamble::new(Instant(5), Vec::new())
}

fn tip(n: u16) -> ClosedTip {
    let mut hash = [0xff; 32];
    hash[..2].copy_from_slice(&n.to_be_bytes());
    ClosedTip {
        device: DeviceId([0xff; 32]),
        class: Class::Open,
        owner: Owner::Member(MemberId([0xff; 32])),
        incarnation: u32::MAX,
        log: LogId(hash),
        seq: u64::MAX,
        hash: EntryHash(hash),
    }
}

fn found(caps: Caps) -> Found {
    Found {
        preamble: preamble(),
        hood: HOOD,
        founder: MemberId([1; 32]),
        identity: EntryHash([2; 32]),
        caps,
        policy: Policy { inviters: Inviters::Hubs, approval: false },
    }
}

#[test]
fn the_largest_act_fits_one_payload() {
    let refs = (0..64u8).map(|n| Ref {
        document: DocId([n; 32]),
        log: LogId([n; 32]),
        seq: u64::MAX,
        hash: EntryHash([n; 32]),
    });
    let act = Revoke {
        preamble: Preamble::new(Instant(i64::MAX), refs.collect()),
        device: DeviceId([1; 32]),
        closing: Closing::new((0..CLOSING_TIPS as u16).map(tip)),
        phrase: Some(Signature([7; 64])),
    };
    assert!(act.to_bytes().len() <= limits::PAYLOAD_BYTES);
    assert_eq!(Revoke::from_bytes(&act.to_bytes()), Ok(act));
}

#[test]
fn fields_of_a_later_version_are_left_alone_but_a_newer_charter_is_not_read() {
    let act = found(Caps::default());
    let mut bytes = act.to_bytes();
    bytes.extend([1, 2, 3]);
    assert_eq!(Found::from_bytes(&bytes), Ok(act.clone()));
    let mut newer = act;
    newer.preamble.version += 1;
    assert_eq!(Found::from_bytes(&newer.to_bytes()), Err(ActError::Version(2)));
}

#[test]
fn what_is_out_of_order_or_out_of_range_is_refused() {
    let tight = found(Caps::default().with(Class::Open, 3));
    assert_eq!(Found::from_bytes(&tight.to_bytes()), Err(ActError::Caps));
    let mut act = Remove {
        preamble: preamble(),
        member: MemberId([1; 32]),
        closing: Closing::new([tip(1), tip(2)]),
    };
    assert!(Remove::from_bytes(&act.to_bytes()).is_ok());
    // The same tip twice, by hand.
    let bytes = act.to_bytes();
    let one = palier_model::codec::encode(&tip(1));
    let start = bytes.len() - 2 * one.len();
    let doubled = [&bytes[..start], &one[..], &one[..]].concat();
    assert_eq!(Remove::from_bytes(&doubled), Err(ActError::Closing));
    let one_ref =
        Ref { document: DocId([1; 32]), log: LogId([1; 32]), seq: 1, hash: EntryHash([1; 32]) };
    act.preamble.refs = vec![one_ref, one_ref];
    assert_eq!(Remove::from_bytes(&act.to_bytes()), Err(ActError::Refs));
}

#[test]
fn roles_are_a_set() {
    let both: Roles = Role::ALL.into_iter().collect();
    assert!(both.has(Role::Hub) && both.has(Role::Coordinator) && Roles::NONE.is_empty());
    assert_eq!(both.iter().count(), 2);
}

#[test]
fn a_phrase_signature_holds_for_one_act_of_one_kind_in_one_neighbourhood() {
    let phrase = SigningKey::from_bytes(&[3; 32]);
    let member = MemberId(phrase.verifying_key().to_bytes());
    let device = DeviceId([4; 32]);
    let mut certify = Certify { preamble: preamble(), device, agreement: [5; 32], phrase: None };
    assert!(!certify.is_signed_by(&HOOD, &member));
    certify.sign(&HOOD, &phrase);
    assert!(certify.is_signed_by(&HOOD, &member));
    assert!(!certify.is_signed_by(&HoodHash([8; 32]), &member));
    let other = Certify { agreement: [6; 32], ..certify.clone() };
    assert!(!other.is_signed_by(&HOOD, &member));
}
