//! Blobs on demand, in chunks that are each checked by themselves.
//!
//! A blob's id is BLAKE3 of its bytes, which is a tree: with the chaining values of its
//! 64 KiB chunks (eight at most) each chunk is checked when it comes, so that a cut
//! transfer goes on where it stopped and a liar is found at his first chunk.

use std::collections::{BTreeMap, VecDeque};

use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use serde::{Deserialize, Serialize};

use super::effect::{Effect, Out};
use super::frame::{BlobChunk, BlobHead, BlobWant, Frame};
use super::limits;
use crate::keys::BlobId;
use crate::rows::{Key, Rows, RowsError, Table, Tx, Typed};

/// What is kept of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobRow {
    /// Bytes.
    pub size: u32,
    /// Chaining value of each chunk; none where one chunk is all.
    pub chunks: Vec<[u8; 32]>,
    /// Chunks held: bit i for chunk i.
    pub held: u8,
}

impl BlobRow {
    /// Whether every chunk is here.
    pub fn is_whole(&self) -> bool {
        self.held == mask(self.size)
    }
}

/// blob id → row.
pub struct Blobs;
impl Typed for Blobs {
    const TABLE: Table = Table::Blobs;
    type Key = BlobId;
    type Row = BlobRow;
}

/// A blob that is empty or too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a blob has 1 to {} bytes", limits::BLOB_BYTES)]
pub struct BlobSizeError;

/// Keeps a blob of this device's own; gives its id.
pub fn put(tx: &mut Tx<'_>, bytes: &[u8]) -> Result<BlobId, BlobSizeError> {
    let size = u32::try_from(bytes.len()).map_err(|_| BlobSizeError)?;
    if bytes.is_empty() || bytes.len() > limits::BLOB_BYTES {
        return Err(BlobSizeError);
    }
    let id = BlobId(*blake3::hash(bytes).as_bytes());
    let chunks: Vec<_> = if bytes.len() > limits::BLOB_CHUNK_BYTES {
        (0_u8..)
            .zip(bytes.chunks(limits::BLOB_CHUNK_BYTES))
            .map(|(index, chunk)| chaining_value(index, chunk))
            .collect()
    } else {
        Vec::new()
    };
    for (index, chunk) in (0_u8..).zip(bytes.chunks(limits::BLOB_CHUNK_BYTES)) {
        tx.put_raw(Table::BlobChunks, chunk_key(&id, index), chunk.to_vec());
    }
    tx.put::<Blobs>(&id, &BlobRow { size, chunks, held: mask(size) });
    Ok(id)
}

/// Keeps a chunk that a session checked.
pub fn put_chunk(
    tx: &mut Tx<'_>,
    id: &BlobId,
    size: u32,
    chunks: &[[u8; 32]],
    index: u8,
    bytes: &[u8],
) -> Result<BlobRow, RowsError> {
    let mut row =
        tx.row::<Blobs>(id)?.unwrap_or_else(|| BlobRow { size, chunks: chunks.to_vec(), held: 0 });
    row.held |= 1_u8.checked_shl(u32::from(index)).unwrap_or(0);
    tx.put_raw(Table::BlobChunks, chunk_key(id, index), bytes.to_vec());
    tx.put::<Blobs>(id, &row);
    Ok(row)
}

/// A blob's bytes, where all of it is here and nothing on disk was altered.
pub fn read(tx: &Tx<'_>, id: &BlobId) -> Result<Option<Vec<u8>>, RowsError> {
    let Some(row) = tx.row::<Blobs>(id)?.filter(BlobRow::is_whole) else { return Ok(None) };
    let mut bytes = Vec::with_capacity(row.size as usize);
    for index in 0..count(row.size) {
        bytes.extend(tx.get(Table::BlobChunks, &chunk_key(id, index))?.unwrap_or_default());
    }
    if blake3::hash(&bytes).as_bytes() == &id.0 {
        Ok(Some(bytes))
    } else {
        Err(RowsError::Corrupt { table: Table::BlobChunks, key: id.to_key() })
    }
}

/// Most blobs of one neighbourhood that are looked at.
const BLOBS: usize = 1 << 16;

/// The blobs of which all is here, or (not `whole`) only a part.
pub fn held(tx: &Tx<'_>, whole: bool) -> Result<Vec<BlobId>, RowsError> {
    let rows = tx.rows_with_prefix::<Blobs>(&[], BLOBS)?;
    let fits = rows.into_iter().filter(|(_, row)| row.is_whole() == whole);
    Ok(fits.filter_map(|(key, _)| BlobId::from_slice(&key)).collect())
}

/// Whether a listing or a profile shows it.
pub fn is_shown(tx: &Tx<'_>, id: &BlobId) -> Result<bool, RowsError> {
    let end = crate::rows::prefix_end(&id.0);
    Ok(!tx.scan(Table::BlobRefs, &id.0, &end, false, 1)?.is_empty())
}

/// Brings what is known of a blob in line with the chunks that are left of it; those that
/// are gone will be asked for again.
pub fn mend(tx: &mut Tx<'_>, id: &BlobId) -> Result<(), RowsError> {
    let end = crate::rows::prefix_end(&id.0);
    let chunks = tx.scan(Table::BlobChunks, &id.0, &end, false, usize::from(u8::MAX))?;
    let held = chunks
        .iter()
        .filter_map(|(key, _)| key.get(32))
        .fold(0_u8, |held, index| held | 1_u8.checked_shl(u32::from(*index)).unwrap_or(0));
    if let Some(row) = tx.row::<Blobs>(id)? {
        tx.put::<Blobs>(id, &BlobRow { held: row.held & held, ..row });
        return Ok(());
    }
    let bytes: Vec<u8> = chunks.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    if blake3::hash(&bytes).as_bytes() != &id.0 || put(tx, &bytes).is_err() {
        chunks.into_iter().for_each(|(key, _)| tx.delete_raw(Table::BlobChunks, key));
    }
    Ok(())
}

fn chunk_key(id: &BlobId, index: u8) -> Vec<u8> {
    let mut key = id.to_key();
    key.push(index);
    key
}

fn count(size: u32) -> u8 {
    u8::try_from((size as usize).div_ceil(limits::BLOB_CHUNK_BYTES)).unwrap_or(u8::MAX)
}

/// One bit for each chunk of a blob of `size` bytes.
fn mask(size: u32) -> u8 {
    u8::try_from((1_u32 << u32::from(count(size).min(8))) - 1).unwrap_or(u8::MAX)
}

fn chaining_value(index: u8, chunk: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(u64::from(index) * limits::BLOB_CHUNK_BYTES as u64);
    hasher.update(chunk).finalize_non_root()
}

/// Whether chaining values are those of the blob.
fn head_holds(head: &BlobHead) -> bool {
    let size = head.size as usize;
    if size == 0 || size > limits::BLOB_BYTES {
        return false;
    }
    if size <= limits::BLOB_CHUNK_BYTES {
        return head.chunks.is_empty();
    }
    if head.chunks.len() != usize::from(count(head.size)) {
        return false;
    }
    let split = left_count(head.chunks.len());
    let (left, right) = head.chunks.split_at(split);
    let root = merge_subtrees_root(&subtree(left), &subtree(right), Mode::Hash);
    root.as_bytes() == &head.blob.0
}

/// The largest power of two below `n`: BLAKE3 fills its trees from the left.
const fn left_count(n: usize) -> usize {
    let half = n.next_power_of_two() / 2;
    if half == 0 { 1 } else { half }
}

fn subtree(chunks: &[[u8; 32]]) -> [u8; 32] {
    match chunks {
        [] => [0; 32],
        [one] => *one,
        several => {
            let (left, right) = several.split_at(left_count(several.len()));
            merge_subtrees_non_root(&subtree(left), &subtree(right), Mode::Hash)
        }
    }
}

fn chunk_holds(head: &BlobHead, index: u8, bytes: &[u8]) -> bool {
    let last = count(head.size).saturating_sub(1);
    let expected = match index.cmp(&last) {
        std::cmp::Ordering::Less => limits::BLOB_CHUNK_BYTES,
        std::cmp::Ordering::Equal => {
            head.size as usize - usize::from(last) * limits::BLOB_CHUNK_BYTES
        }
        std::cmp::Ordering::Greater => return false,
    };
    if bytes.len() != expected {
        return false;
    }
    if head.chunks.is_empty() {
        blake3::hash(bytes).as_bytes() == &head.blob.0
    } else {
        head.chunks.get(usize::from(index)) == Some(&chaining_value(index, bytes))
    }
}

struct Fetch {
    head: Option<BlobHead>,
    held: u8,
}

/// A peer's wants of blobs, and this node's.
#[derive(Default)]
pub(super) struct BlobDesk {
    serving: VecDeque<(BlobId, u8, bool)>,
    fetching: BTreeMap<BlobId, Fetch>,
}

impl BlobDesk {
    /// Asks for a blob; false where too many are under way with this peer.
    pub(super) fn fetch(&mut self, blob: BlobId, held: u8, out: &mut Out) -> bool {
        if self.fetching.len() >= limits::BLOB_FETCHES || self.fetching.contains_key(&blob) {
            return false;
        }
        self.fetching.insert(blob, Fetch { head: None, held });
        out.send(&Frame::BlobWant(BlobWant { blob, held }));
        true
    }

    /// Whether anything is awaited.
    pub(super) fn is_waiting(&self) -> bool {
        !self.fetching.is_empty()
    }

    /// Takes a peer's want in; false where it asks for too many.
    pub(super) fn want(&mut self, want: BlobWant) -> bool {
        if self.serving.len() >= limits::BLOB_QUEUE {
            return false;
        }
        self.serving.push_back((want.blob, want.held, false));
        true
    }

    /// Leaves off what was to be sent.
    pub(super) fn serve_nothing(&mut self) {
        self.serving.clear();
    }

    /// Sends the next head or chunk; gives the bytes that count for the window.
    pub(super) fn serve(&mut self, tx: &Tx<'_>, out: &mut Out) -> Result<Option<usize>, RowsError> {
        let Some((blob, held, headed)) = self.serving.front_mut() else { return Ok(None) };
        let row = tx.row::<Blobs>(blob)?;
        let Some(row) = row.filter(BlobRow::is_whole) else {
            let head = BlobHead { blob: *blob, size: 0, chunks: Vec::new() };
            self.serving.pop_front();
            out.send(&Frame::BlobHead(head));
            return Ok(Some(0));
        };
        if !*headed {
            *headed = true;
            let head = BlobHead { blob: *blob, size: row.size, chunks: row.chunks };
            out.send(&Frame::BlobHead(head));
            return Ok(Some(0));
        }
        let next = (0..count(row.size)).find(|index| *held & (1 << (*index).min(7)) == 0);
        let Some(index) = next else {
            self.serving.pop_front();
            return Ok(Some(0));
        };
        *held |= 1 << index.min(7);
        let bytes = tx.get(Table::BlobChunks, &chunk_key(blob, index))?.unwrap_or_default();
        let chunk = BlobChunk { blob: *blob, index, bytes };
        Ok(Some(out.send(&Frame::BlobChunk(chunk))))
    }

    /// Takes a head in; false where it is none that was asked for.
    pub(super) fn head(&mut self, head: BlobHead, out: &mut Out) -> bool {
        let Some(fetch) = self.fetching.get_mut(&head.blob) else { return false };
        if head_holds(&head) {
            fetch.head = Some(head);
            self.finish_if_whole(out);
        } else {
            self.fetching.remove(&head.blob);
            out.push(Effect::BlobMissing(head.blob));
        }
        true
    }

    /// Takes a chunk in; false where it is none that was asked for.
    pub(super) fn chunk(&mut self, chunk: BlobChunk, out: &mut Out) -> bool {
        let Some(fetch) = self.fetching.get_mut(&chunk.blob) else { return false };
        let Some(head) = &fetch.head else { return false };
        if !chunk_holds(head, chunk.index, &chunk.bytes) {
            self.fetching.remove(&chunk.blob);
            out.push(Effect::BlobMissing(chunk.blob));
            return true;
        }
        fetch.held |= 1 << chunk.index.min(7);
        out.push(Effect::BlobChunk {
            blob: chunk.blob,
            size: head.size,
            chunks: head.chunks.clone(),
            index: chunk.index,
            bytes: chunk.bytes,
        });
        self.finish_if_whole(out);
        true
    }

    fn finish_if_whole(&mut self, out: &mut Out) {
        self.fetching.retain(|blob, fetch| {
            let whole = fetch.head.as_ref().is_some_and(|head| fetch.held == mask(head.size));
            if whole {
                out.push(Effect::BlobDone(*blob));
            }
            !whole
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::MemoryRows;

    fn bytes(size: usize) -> Vec<u8> {
        (0..size).map(|i| u8::try_from(i * 7 % 251).unwrap()).collect()
    }

    #[test]
    fn chunks_of_every_size_are_those_of_the_blob() {
        let k = limits::BLOB_CHUNK_BYTES;
        for size in [1, 5, k - 1, k, k + 1, 2 * k, 3 * k + 5, 5 * k, 7 * k, 8 * k - 1, 8 * k] {
            let rows = MemoryRows::default();
            let mut tx = Tx::new(&rows);
            let id = put(&mut tx, &bytes(size)).unwrap();
            let row = tx.row::<Blobs>(&id).unwrap().unwrap();
            let head = BlobHead { blob: id, size: row.size, chunks: row.chunks };
            assert!(head_holds(&head), "{size}");
            for (index, chunk) in (0..).zip(bytes(size).chunks(k)) {
                assert!(chunk_holds(&head, index, chunk), "{size} {index}");
                let mut wrong = chunk.to_vec();
                wrong[0] ^= 1;
                assert!(!chunk_holds(&head, index, &wrong));
            }
            let mut lying = head.clone();
            if let Some(first) = lying.chunks.first_mut() {
                first[0] ^= 1;
                assert!(!head_holds(&lying));
            }
            assert_eq!(read(&tx, &id).unwrap(), Some(bytes(size)));
        }
    }

    #[test]
    fn a_lost_chunk_is_asked_for_again_and_a_lost_row_is_made_of_the_chunks() {
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let whole = bytes(3 * limits::BLOB_CHUNK_BYTES);
        let id = put(&mut tx, &whole).unwrap();
        tx.delete::<Blobs>(&id);
        mend(&mut tx, &id).unwrap();
        assert_eq!(read(&tx, &id).unwrap(), Some(whole));
        tx.delete_raw(Table::BlobChunks, chunk_key(&id, 1));
        mend(&mut tx, &id).unwrap();
        assert_eq!(read(&tx, &id).unwrap(), None);
        assert_eq!(tx.row::<Blobs>(&id).unwrap().unwrap().held, 0b101);
        assert_eq!((held(&tx, true).unwrap(), held(&tx, false).unwrap()), (vec![], vec![id]));
        tx.delete::<Blobs>(&id);
        mend(&mut tx, &id).unwrap();
        assert!(tx.scan(Table::BlobChunks, &[], &[], false, 9).unwrap().is_empty());
    }

    #[test]
    fn a_blob_altered_on_disk_is_not_given_out() {
        let rows = MemoryRows::default();
        let mut tx = Tx::new(&rows);
        let id = put(&mut tx, &bytes(100)).unwrap();
        tx.put_raw(Table::BlobChunks, chunk_key(&id, 0), bytes(99));
        assert!(read(&tx, &id).is_err());
        assert_eq!(put(&mut tx, &bytes(limits::BLOB_BYTES + 1)), Err(BlobSizeError));
    }
}
