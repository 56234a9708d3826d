//! Frames of every type, filled with what is known, what is at an edge, and noise.

use palier_model::journal::{Class, Position, Run, Signature, log_row};
use palier_model::keys::{BlobId, DeviceId, MemberId};
use palier_model::rows::{Rows, Tx};
use palier_model::sync::frame::{
    Ack, Addresses, BlobChunk, BlobHead, BlobWant, Bye, Channel, Claim, Hello, Need, News,
    NewsItem, Ping, Reconcile, Runs, Sealed, Want,
};
use palier_model::sync::meeting::{Meet, Proof};
use palier_model::sync::{Cursor, DeviceAddresses, Frame, Interest, Short, StoreId};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use serde_bytes::ByteBuf;

use crate::mutate::{below, edge, mutate, one_of};
use crate::pen::Pen;

fn id(rng: &mut ChaCha20Rng, pen: &Pen) -> [u8; 32] {
    let mut noise = [0; 32];
    rng.fill_bytes(&mut noise);
    if below(rng, 3) == 0 { noise } else { *one_of(rng, &pen.ids).expect("ids") }
}

fn short(rng: &mut ChaCha20Rng, pen: &Pen) -> Short {
    Short::of(&id(rng, pen))
}

fn position(rng: &mut ChaCha20Rng, pen: &Pen) -> Position {
    Position { n: edge(rng), hash: id(rng, pen) }
}

fn many<T>(
    rng: &mut ChaCha20Rng,
    most: usize,
    mut one: impl FnMut(&mut ChaCha20Rng) -> T,
) -> Vec<T> {
    let count = if below(rng, 20) == 0 { most } else { below(rng, 6) };
    (0..count).map(|_| one(rng)).collect()
}

/// Runs of this member, and now and then whole logs of others.
fn runs(rng: &mut ChaCha20Rng, pen: &Pen, rows: &dyn Rows, most: usize) -> Vec<ByteBuf> {
    (0..1 + below(rng, most)).map(|_| ByteBuf::from(pen.run(rng, rows))).collect()
}

fn item(rng: &mut ChaCha20Rng, pen: &Pen, rows: &dyn Rows) -> NewsItem {
    let log = *one_of(rng, &pen.logs).expect("logs");
    let tip =
        log_row(&Tx::new(rows), &log).ok().flatten().and_then(|row| row.tips.first().copied());
    match (below(rng, 3), tip) {
        (0, Some(tip)) => {
            let seq = if below(rng, 2) == 0 { tip.seq } else { edge(rng) };
            NewsItem { log: Short::of(&log.0), seq, tip: Short::of(&tip.hash.0) }
        }
        _ => NewsItem { log: short(rng, pen), seq: edge(rng), tip: short(rng, pen) },
    }
}

/// A frame of a type chosen by chance.
pub(crate) fn frame(rng: &mut ChaCha20Rng, pen: &Pen, rows: &dyn Rows) -> Frame {
    match below(rng, 27) {
        26 => {
            let number = one_of(rng, &[1, 2, 3, 5, 300, u32::MAX]).copied().unwrap_or(1);
            Frame::Channel(Channel { number, frame: frame(rng, pen, rows).to_bytes() })
        }
        0 => Frame::Hello(Hello {
            store: StoreId([below(rng, 3) as u8; 16]),
            position: position(rng, pen),
            cursor: (below(rng, 2) == 0)
                .then(|| Cursor { store: StoreId([1; 16]), position: position(rng, pen) }),
            cursor_good: below(rng, 2) == 0,
            interest: Interest {
                floors: many(rng, 7, |rng| {
                    (*one_of(rng, &Class::ALL).expect("classes"), edge(rng) as u32)
                }),
            },
        }),
        1..=3 => {
            let mut message = vec![0x61];
            message.extend(many(rng, 4_000, |rng| edge(rng) as u8));
            Frame::Reconcile(Reconcile { round: edge(rng) as u32 % 3, message })
        }
        4 => Frame::Need(Need {
            ids: many(rng, 4_096, |rng| id(rng, pen)),
            last: below(rng, 2) == 0,
        }),
        5..=7 => Frame::News(News {
            to: (below(rng, 2) == 0).then(|| position(rng, pen)),
            items: many(rng, 4_096, |rng| item(rng, pen, rows)),
            inline: if below(rng, 2) == 0 { runs(rng, pen, rows, 3) } else { Vec::new() },
        }),
        8 | 9 => Frame::Wants(many(rng, 1_024, |rng| {
            let have = many(rng, 64, |rng| (edge(rng), short(rng, pen)));
            Want { log: short(rng, pen), have }
        })),
        10..=13 => Frame::Runs(Runs {
            runs: runs(rng, pen, rows, 4),
            done: many(rng, 1_024, |rng| short(rng, pen)),
        }),
        14 => Frame::Ack(Ack {
            runs: edge(rng) as u32,
            news: edge(rng) as u32,
            read: (below(rng, 2) == 0).then(|| edge(rng)),
        }),
        15 => Frame::BlobWant(BlobWant { blob: BlobId(id(rng, pen)), held: edge(rng) as u8 }),
        16 => Frame::BlobHead(BlobHead {
            blob: BlobId(id(rng, pen)),
            size: edge(rng) as u32,
            chunks: many(rng, 8, |rng| id(rng, pen)),
        }),
        17 => Frame::BlobChunk(BlobChunk {
            blob: BlobId(id(rng, pen)),
            index: edge(rng) as u8,
            bytes: vec![7; below(rng, 65_536)],
        }),
        18 => Frame::Addresses(Addresses {
            devices: many(rng, 64, |rng| DeviceAddresses {
                device: DeviceId(id(rng, pen)),
                addresses: many(rng, 8, |rng| "/ip4/1.2.3.4/tcp/1".repeat(below(rng, 14))),
            }),
        }),
        19 => Frame::Sealed(Sealed { ciphertext: vec![1; below(rng, 5_000)] }),
        20 => Frame::Ping(Ping { answer: below(rng, 2) == 0 }),
        21 if below(rng, 4) == 0 => Frame::Bye(Bye { reason: edge(rng) as u8 }),
        22 if below(rng, 4) == 0 => {
            let meet = Meet { version: 1, nonce: id(rng, pen), slots: [id(rng, pen); 8] };
            if below(rng, 2) == 0 { Frame::Meet(meet) } else { Frame::MeetAnswer(meet) }
        }
        23 if below(rng, 4) == 0 => {
            let claim = Claim {
                member: MemberId(id(rng, pen)),
                device: DeviceId(id(rng, pen)),
                signature: Signature([3; 64]),
            };
            Frame::Proof(Proof { slot: edge(rng) as u8, claim, certificate: vec![1; 40] })
        }
        24 if below(rng, 4) == 0 => Frame::No(()),
        // A flood of small runs in one frame.
        25 if below(rng, 20) == 0 => {
            let one = pen.run(rng, rows);
            let is_small = one.len() < 200 && Run::from_bytes(&one).is_ok();
            let times = if is_small { 1_000 } else { 1 };
            Frame::Runs(Runs { runs: vec![ByteBuf::from(one); times], done: Vec::new() })
        }
        _ => Frame::Ping(Ping { answer: false }),
    }
}

/// The bytes of a frame, mutated now and then.
pub(crate) fn bytes(
    rng: &mut ChaCha20Rng,
    pen: &Pen,
    rows: &dyn Rows,
    heard: &[Vec<u8>],
) -> Vec<u8> {
    let mut bytes = match one_of(rng, heard) {
        Some(heard) if below(rng, 4) == 0 => heard.clone(),
        _ => frame(rng, pen, rows).to_bytes(),
    };
    if below(rng, 4) == 0 {
        let kind = bytes.first().copied().unwrap_or(0);
        let other = one_of(rng, heard).cloned().unwrap_or_default();
        mutate(rng, &mut bytes, &pen.ids, &other, 300_000);
        if let Some(first) = bytes.first_mut().filter(|_| below(rng, 4) > 0) {
            *first = kind;
        }
    }
    bytes
}
