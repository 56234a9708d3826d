use super::*;

fn signing(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn peers() -> PeerIds {
    PeerIds { initiator: vec![1; 38], responder: vec![2; 38] }
}

fn hood(n: u8) -> Credential {
    Credential {
        key: MeetKey::Hood(HoodId([n; 32])),
        member: MemberId([n; 32]),
        certificate: vec![n; 200],
        expect: None,
    }
}

fn side(role: Role, credentials: Vec<Credential>, n: u8) -> Meeting {
    Meeting::new(role, peers(), credentials, signing(n), &[n; 32])
}

const ALL: fn(&MeetKey, &Peer) -> bool = |_, _| true;
const NONE: fn(&MeetKey, &Peer) -> bool = |_, _| false;

/// What went over the wire, as (who sent, type, length), and what each side made of it.
type Shape = Vec<(char, u8, usize)>;

fn run(
    mut a: Meeting,
    a_check: &dyn PeerCheck,
    mut b: Meeting,
    b_check: &dyn PeerCheck,
) -> (Shape, Option<Met>, Option<Met>) {
    let mut shape = Vec::new();
    let (mut met_a, mut met_b) = (None, None);
    let mut next = a.start();
    let mut to_b = true;
    while let Some(frame) = next.take() {
        let bytes = frame.to_bytes();
        shape.push((if to_b { 'I' } else { 'R' }, bytes[0], bytes.len()));
        let frame = Frame::from_bytes(&bytes).unwrap();
        let step = if to_b { b.handle(frame, b_check) } else { a.handle(frame, a_check) };
        match step {
            Step::Send(frame) => next = Some(frame),
            Step::Done(frame, met) => {
                *(if to_b { &mut met_b } else { &mut met_a }) = Some(met);
                next = frame;
            }
            Step::Failed(frame) => next = frame,
        }
        to_b = !to_b;
    }
    (shape, met_a, met_b)
}

#[test]
fn two_members_meet_and_know_each_other() {
    let a = side(Role::Initiator, vec![hood(9), hood(5)], 1);
    let b = side(Role::Responder, vec![hood(6), hood(5)], 2);
    let (_, a, b) = run(a, &ALL, b, &ALL);
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!((a.credential, b.credential), (1, 1));
    assert_eq!(a.peer.device, DeviceId(signing(2).verifying_key().to_bytes()));
    assert_eq!(b.peer.device, DeviceId(signing(1).verifying_key().to_bytes()));
    assert_eq!(a.nonces, b.nonces);
}

#[test]
fn the_first_of_several_shared_neighbourhoods_is_met_and_the_others_are_named() {
    let a = side(Role::Initiator, vec![hood(5), hood(9), hood(7)], 1);
    let b = side(Role::Responder, vec![hood(9), hood(5)], 2);
    let (_, a, b) = run(a, &ALL, b, &ALL);
    let (a, b) = (a.unwrap(), b.unwrap());
    assert_eq!((a.credential, b.credential), (0, 1));
    assert_eq!((a.also, b.also), (vec![1], vec![0]));
}

#[test]
fn every_failure_has_the_same_shape_on_the_wire() {
    let member = || side(Role::Responder, vec![hood(5), hood(6)], 2);
    // Knows nothing, and says so as an honest node does.
    let nothing = run(side(Role::Initiator, vec![], 1), &ALL, member(), &ALL);
    // Knows a name and address only: the same as nothing, it has other neighbourhoods.
    let other = run(side(Role::Initiator, vec![hood(8), hood(9)], 1), &ALL, member(), &ALL);
    assert_eq!(nothing.0, other.0);
    // Knows the id and has no right (ex-member, revoked device).
    let ex = run(side(Role::Initiator, vec![hood(5)], 1), &ALL, member(), &NONE);
    // Knows the id and sends a proof that is not signed as it should be.
    let mut forger = side(Role::Initiator, vec![hood(5)], 1);
    forger.peers.initiator = vec![1; 38];
    forger.device = DeviceId([77; 32]);
    let forged = run(forger, &ALL, member(), &ALL);
    for (shape, a, b) in [&nothing, &other, &ex, &forged] {
        assert!(a.is_none() && b.is_none());
        let frames: Vec<_> = shape.iter().map(|(who, _, len)| (*who, *len)).collect();
        let meet = limits::MEET_FRAME_BYTES;
        let proof = limits::PROOF_FRAME_BYTES;
        assert_eq!(frames, [('I', meet), ('R', meet), ('I', proof), ('R', proof)]);
        // All that the responder said: a meet that is noise to whoever lacks the secret,
        // and the one "no".
        let said: Vec<_> = shape.iter().filter(|(who, ..)| *who == 'R').collect();
        assert_eq!(said.iter().map(|(_, kind, _)| *kind).collect::<Vec<_>>(), [0x81, 0x83]);
    }
    let (good, ..) = run(side(Role::Initiator, vec![hood(5)], 1), &ALL, member(), &ALL);
    let sizes = |shape: &Shape| shape.iter().map(|(_, _, len)| *len).collect::<Vec<_>>();
    assert_eq!(sizes(&good), sizes(&nothing.0));
}

#[test]
fn the_refusal_bytes_do_not_depend_on_the_reason() {
    let mut answers = Vec::new();
    for (credentials, check) in [(vec![], ALL), (vec![hood(5)], NONE), (vec![hood(4)], ALL)] {
        let mut a = side(Role::Initiator, credentials, 1);
        let mut b = side(Role::Responder, vec![hood(5)], 2);
        let Step::Send(answer) = b.handle(a.start(), &check) else { panic!() };
        let Step::Send(third) = a.handle(Some(answer), &ALL) else { panic!() };
        let Step::Failed(Some(last)) = b.handle(Some(third), &check) else { panic!() };
        answers.push(last.to_bytes());
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_relay_cannot_splice_two_connections() {
    // The man in the middle has one connection to each, under its own transport id.
    let mut a = side(Role::Initiator, vec![hood(5)], 1);
    a.peers = PeerIds { initiator: vec![1; 38], responder: vec![3; 38] };
    let mut b = side(Role::Responder, vec![hood(5)], 2);
    b.peers = PeerIds { initiator: vec![3; 38], responder: vec![2; 38] };
    let (_, a, b) = run(a, &ALL, b, &ALL);
    assert!(a.is_none() && b.is_none());
}

#[test]
fn a_slot_reflected_to_its_sender_is_no_answer() {
    let mut a = side(Role::Initiator, vec![hood(5)], 1);
    let Some(Frame::Meet(first)) = a.start() else { panic!() };
    let step = a.handle(Some(Frame::MeetAnswer(first)), &ALL);
    assert!(matches!(step, Step::Send(Frame::No(()))));
}

#[test]
fn an_invitation_is_met_only_with_the_device_it_names() {
    let bearer = |expect| {
        let key = MeetKey::Invitation([3; 32]);
        let credential = Credential { key, member: MemberId([1; 32]), certificate: vec![], expect };
        side(Role::Initiator, vec![credential], 1)
    };
    let redeemer = || {
        let key = MeetKey::Invitation([3; 32]);
        let credential =
            Credential { key, member: MemberId::ZERO, certificate: vec![], expect: None };
        side(Role::Responder, vec![hood(5), credential], 2)
    };
    let right = DeviceId(signing(2).verifying_key().to_bytes());
    let (_, a, b) = run(bearer(Some(right)), &ALL, redeemer(), &ALL);
    assert!(a.is_some() && b.is_some());
    let (_, a, _) = run(bearer(Some(DeviceId([8; 32]))), &ALL, redeemer(), &ALL);
    assert!(a.is_none());
}

#[test]
fn the_same_secret_as_invitation_link_and_neighbourhood_is_three_different_keys() {
    let keys =
        [MeetKey::Hood(HoodId([3; 32])), MeetKey::Invitation([3; 32]), MeetKey::Link([3; 32])];
    assert!(keys[0].key() != keys[1].key() && keys[1].key() != keys[2].key());
    assert!(keys[1].context() != keys[2].context());
}
