//! Two devices link, and whoever stands between them is seen.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;

struct Pair {
    old: Offer,
    new: Accept,
    old_keys: DeviceKeys,
    new_keys: DeviceKeys,
    rng: ChaCha20Rng,
    first: Vec<u8>,
}

const MEMBER: MemberId = MemberId([3; 32]);

fn pair(seed: u64) -> Pair {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let (old_keys, new_keys) = (DeviceKeys::generate(&mut rng), DeviceKeys::generate(&mut rng));
    let secret = LinkSecret::generate(&mut rng);
    let (old, first) = Offer::new(secret.clone(), MEMBER, &old_keys, &mut rng);
    let new = Accept::new(secret, &new_keys, &mut rng);
    Pair { old, new, old_keys, new_keys, rng, first }
}

fn sent(step: LinkStep) -> Vec<u8> {
    match step {
        LinkStep::Send(frame) | LinkStep::Compare { send: Some(frame), .. } => frame,
        other => panic!("nothing to send: {other:?}"),
    }
}

fn shown(step: &LinkStep) -> String {
    match step {
        LinkStep::Compare { code, .. } => code.to_string(),
        other => panic!("no code: {other:?}"),
    }
}

impl Pair {
    /// Up to the codes: (old's, new's).
    fn compare(&mut self) -> (String, String) {
        let Self { old, new, new_keys, rng, first, .. } = self;
        let commitment = sent(new.receive(first, new_keys, rng).unwrap());
        let reveal = sent(old.receive(&commitment, rng).unwrap());
        let step = new.receive(&reveal, new_keys, rng).unwrap();
        let new_code = shown(&step);
        let old_code = shown(&old.receive(&sent(step), rng).unwrap());
        (old_code, new_code)
    }
}

#[test]
fn two_devices_link_and_hand_over() {
    for old_confirms_first in [true, false] {
        let mut p = pair(1);
        let (old_code, new_code) = p.compare();
        assert_eq!(old_code, new_code);
        assert_eq!(p.new.member(), Some(MEMBER));
        assert_eq!(p.old.hand_over(b"", &p.old_keys, &mut p.rng), Err(LinkError::Order));
        let expected =
            NewDevice { device: p.new_keys.id(), agreement: p.new_keys.agreement_public() };
        if old_confirms_first {
            assert_eq!(p.old.confirm(&new_code), Ok(LinkStep::Wait));
        }
        let confirmed = sent(p.new.confirm(&old_code, &p.new_keys, &mut p.rng).unwrap());
        let mut step = p.old.receive(&confirmed, &mut p.rng).unwrap();
        if !old_confirms_first {
            assert_eq!(step, LinkStep::Wait);
            step = p.old.confirm(&new_code).unwrap();
        }
        assert_eq!(step, LinkStep::Certify(expected));
        let payload = vec![5; LINK_PAYLOAD_BYTES];
        let too_large =
            p.old.hand_over(&[payload.as_slice(), &[0]].concat(), &p.old_keys, &mut p.rng);
        assert_eq!(too_large, Err(LinkError::TooLarge(LINK_PAYLOAD_BYTES + 1)));
        let last = p.old.hand_over(&payload, &p.old_keys, &mut p.rng).unwrap();
        let done = p.new.receive(&last, &p.new_keys, &mut p.rng).unwrap();
        assert_eq!(done, LinkStep::Done(Zeroizing::new(payload)));
        assert_eq!(p.old.receive(&confirmed, &mut p.rng), Err(LinkError::Order));
    }
}

#[test]
fn a_man_in_the_middle_who_swaps_keys_makes_the_codes_differ() {
    // He photographed the QR, so the frames are open to him: the worst there is.
    let mut differ = 0;
    for seed in 0..1_000 {
        let mut p = pair(seed);
        let secret = p.old.secret.clone();
        let (mut to_old, mut to_new);
        let his = DeviceKeys::generate(&mut p.rng);
        let his_first;
        (to_new, his_first) = Offer::new(secret.clone(), MEMBER, &his, &mut p.rng);
        to_old = Accept::new(secret, &his, &mut p.rng);
        // He plays the new device to the old one, and the old one to the new one; he
        // plays the second game to its end before he reveals anything in the first.
        let commitment = sent(p.new.receive(&his_first, &p.new_keys, &mut p.rng).unwrap());
        let reveal = sent(to_new.receive(&commitment, &mut p.rng).unwrap());
        let step = p.new.receive(&reveal, &p.new_keys, &mut p.rng).unwrap();
        let new_code = shown(&step);
        to_new.receive(&sent(step), &mut p.rng).unwrap();
        let commitment = sent(to_old.receive(&p.first, &his, &mut p.rng).unwrap());
        let reveal = sent(p.old.receive(&commitment, &mut p.rng).unwrap());
        let step = to_old.receive(&reveal, &his, &mut p.rng).unwrap();
        let old_code = shown(&p.old.receive(&sent(step), &mut p.rng).unwrap());
        if old_code != new_code {
            differ += 1;
            assert_eq!(p.old.confirm(&new_code), Err(LinkError::Code));
            // No second try.
            assert_eq!(p.old.confirm(&old_code), Err(LinkError::Order));
        }
    }
    assert_eq!(differ, 1_000);
}

#[test]
fn whoever_reveals_something_else_than_committed_is_refused() {
    // The new device, having seen the old one's reveal, looks for a better nonce.
    let mut p = pair(1);
    let commitment = sent(p.new.receive(&p.first, &p.new_keys, &mut p.rng).unwrap());
    let reveal = sent(p.old.receive(&commitment, &mut p.rng).unwrap());
    p.new.reveal.nonce[0] ^= 1;
    let step = p.new.receive(&reveal, &p.new_keys, &mut p.rng).unwrap();
    assert_eq!(p.old.receive(&sent(step), &mut p.rng), Err(LinkError::Commitment));
    // And the old one.
    let mut p = pair(1);
    let commitment = sent(p.new.receive(&p.first, &p.new_keys, &mut p.rng).unwrap());
    p.old.reveal.nonce[0] ^= 1;
    let reveal = sent(p.old.receive(&commitment, &mut p.rng).unwrap());
    assert_eq!(p.new.receive(&reveal, &p.new_keys, &mut p.rng), Err(LinkError::Commitment));
}

#[test]
fn nothing_is_handed_over_before_both_ends_confirmed() {
    let mut p = pair(1);
    let (_, code) = p.compare();
    assert_eq!(p.old.confirm(&code), Ok(LinkStep::Wait));
    assert_eq!(p.old.hand_over(b"", &p.old_keys, &mut p.rng), Err(LinkError::Order));
    // Somebody who knows the secret and the code, but not the new device's key.
    let stranger = DeviceKeys::generate(&mut p.rng);
    let forged = sent(p.new.confirm(&code, &stranger, &mut p.rng).unwrap());
    assert_eq!(p.old.receive(&forged, &mut p.rng), Err(LinkError::Signature));
    assert_eq!(p.old.hand_over(b"", &p.old_keys, &mut p.rng), Err(LinkError::Order));
}

#[test]
fn a_handover_by_another_than_the_old_device_is_refused() {
    let mut p = pair(1);
    let (_, code) = p.compare();
    let confirmed = sent(p.new.confirm(&code, &p.new_keys, &mut p.rng).unwrap());
    p.old.receive(&confirmed, &mut p.rng).unwrap();
    p.old.confirm(&code).unwrap();
    let stranger = DeviceKeys::generate(&mut p.rng);
    let forged = p.old.hand_over(b"a trap", &stranger, &mut p.rng).unwrap();
    let refused = p.new.receive(&forged, &p.new_keys, &mut p.rng);
    assert_eq!(refused, Err(LinkError::Signature));
}

#[test]
fn every_flipped_byte_and_every_frame_sent_back_is_refused() {
    let frames_until = |stop: usize| {
        let mut p = pair(1);
        let mut frames = vec![p.first.clone()];
        while frames.len() <= stop {
            let last = &frames[frames.len() - 1];
            let step = if frames.len() % 2 == 1 {
                p.new.receive(last, &p.new_keys, &mut p.rng)
            } else {
                p.old.receive(last, &mut p.rng)
            };
            frames.push(sent(step.unwrap()));
        }
        (p, frames)
    };
    for stop in 0..4 {
        let (_, frames) = frames_until(stop);
        for at in 0..frames[stop].len() {
            let (mut p, mut frames) = frames_until(stop);
            frames[stop][at] ^= 1;
            let refused = if stop % 2 == 0 {
                p.new.receive(&frames[stop], &p.new_keys, &mut p.rng)
            } else {
                p.old.receive(&frames[stop], &mut p.rng)
            };
            assert_eq!(refused, Err(LinkError::Frame));
        }
        let (mut p, frames) = frames_until(stop);
        let back = if stop % 2 == 0 {
            p.old.receive(&frames[stop], &mut p.rng)
        } else {
            p.new.receive(&frames[stop], &p.new_keys, &mut p.rng)
        };
        assert!(back.is_err());
    }
    let mut p = pair(1);
    assert_eq!(p.old.receive(&vec![0; 1 << 20], &mut p.rng), Err(LinkError::Frame));
}

#[test]
fn frames_show_no_keys_to_who_lacks_the_secret() {
    let mut p = pair(1);
    let commitment = sent(p.new.receive(&p.first, &p.new_keys, &mut p.rng).unwrap());
    let reveal = sent(p.old.receive(&commitment, &mut p.rng).unwrap());
    for needle in [MEMBER.0, p.old_keys.id().0, p.old_keys.agreement_public()] {
        assert!(!reveal.windows(32).any(|window| window == needle));
    }
    let other = LinkSecret::generate(&mut p.rng);
    let mut stranger = Accept::new(other, &p.new_keys, &mut p.rng);
    let refused = stranger.receive(&p.first, &p.new_keys, &mut p.rng);
    assert_eq!(refused, Err(LinkError::Frame));
}
