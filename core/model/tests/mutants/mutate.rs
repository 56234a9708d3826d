//! Mutations of bytes that are encoded values.

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

/// A number below `below`.
pub(crate) fn below(rng: &mut ChaCha20Rng, below: usize) -> usize {
    rng.next_u32() as usize % below.max(1)
}

/// One of a few.
pub(crate) fn one_of<'a, T>(rng: &mut ChaCha20Rng, of: &'a [T]) -> Option<&'a T> {
    of.get(below(rng, of.len()))
}

/// A number at an edge.
pub(crate) fn edge(rng: &mut ChaCha20Rng) -> u64 {
    let edges = [
        0,
        1,
        2,
        63,
        64,
        65,
        127,
        128,
        255,
        256,
        4_095,
        4_096,
        65_535,
        65_536,
        1 << 20,
        1 << 31,
        (1 << 32) - 1,
        1 << 32,
        1 << 62,
        (1 << 63) - 1,
        1 << 63,
        u64::MAX - 1,
        u64::MAX,
    ];
    edges[below(rng, edges.len())]
}

/// A number as a varint.
pub(crate) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Changes an encoded value at one to three places: numbers to their edges, ids to other
/// ids that are known, lengths that lie, pieces cut, doubled, moved, or of another value.
pub(crate) fn mutate(
    rng: &mut ChaCha20Rng,
    bytes: &mut Vec<u8>,
    ids: &[[u8; 32]],
    other: &[u8],
    limit: usize,
) {
    for _ in 0..1 + below(rng, 3) {
        let at = below(rng, bytes.len() + 1).min(bytes.len());
        let end = (at + below(rng, 48)).min(bytes.len());
        match below(rng, 12) {
            0 if at < bytes.len() => bytes[at] ^= 1 << below(rng, 8),
            1 if at < bytes.len() => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(rng, 5)],
            2 => bytes.truncate(at),
            3 => {
                let number = rng.next_u32() as u8;
                bytes.insert(at, number);
            }
            4 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            5 => drop(bytes.drain(at..end)),
            6 => {
                bytes.truncate(at);
                bytes.extend(&other[below(rng, other.len() + 1).min(other.len())..]);
            }
            7 | 8 => swap_id(rng, bytes, ids),
            9 | 10 => {
                let mut end = at;
                while end < bytes.len() && bytes[end] >= 0x80 && end - at < 9 {
                    end += 1;
                }
                let end = (end + 1).min(bytes.len()).max(at);
                let number = varint(edge(rng));
                bytes.splice(at..end, number);
            }
            _ => {
                let part = bytes[at..end].to_vec();
                let times = below(rng, 400);
                bytes.splice(at..at, part.repeat(times));
            }
        }
        bytes.truncate(limit);
    }
}

/// Puts another known id in the place of one.
fn swap_id(rng: &mut ChaCha20Rng, bytes: &mut Vec<u8>, ids: &[[u8; 32]]) {
    let Some(new) = one_of(rng, ids).copied() else { return };
    let places: Vec<usize> = bytes
        .windows(32)
        .enumerate()
        .filter(|(_, window)| ids.iter().any(|id| id == window))
        .map(|(at, _)| at)
        .collect();
    match one_of(rng, &places) {
        Some(at) => bytes[*at..*at + 32].copy_from_slice(&new),
        None => bytes.extend(new),
    }
}
