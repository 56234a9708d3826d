//! Entries: one link in the chain of one device's log.

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::document::Descriptor;
use super::{kind, limits};
use crate::codec::{self, DecodeError};
use crate::keys::{DeviceId, DocId, EntryHash, LogId};

pub use crate::keys::{PhraseCertificate, Signature};

/// What a signature is made over, before the entry hash.
const SIGNATURE_CONTEXT: &[u8] = b"palier entry v1";

/// Version of the header that this code writes.
pub const HEADER_VERSION: u8 = 1;

/// Why an entry is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The header's bytes are not a header.
    #[error("header: {0}")]
    Header(#[from] DecodeError),
    /// A version this code does not know.
    #[error("header version {0} is not known here")]
    Version(u8),
    /// Causes are not sorted, doubled, or more than allowed.
    #[error("causes are not in order")]
    Causes,
    /// The payload is larger than allowed, or not the one the header names.
    #[error("payload does not match the header")]
    Payload,
    /// Entry 0 and only entry 0 has no log, no previous and kind 0.
    #[error("entry 0 out of place")]
    Start,
    /// The signature is not the device's over this entry.
    #[error("bad signature")]
    Signature,
}

/// What is hashed and signed. Field order is wire order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`HEADER_VERSION`].
    pub version: u8,
    /// The log; [`LogId::ZERO`] in entry 0, whose hash is the log id.
    pub log: LogId,
    /// Position in the log, from 0.
    pub seq: u64,
    /// The entry before; zero in entry 0.
    pub previous: EntryHash,
    /// Heads of other logs of the same document that were seen; sorted, no doubles.
    pub causes: Vec<EntryHash>,
    /// See [`kind`].
    pub kind: kind::Kind,
    /// Bytes of payload.
    pub payload_len: u32,
    /// BLAKE3 of the payload.
    pub payload_hash: [u8; 32],
}

/// The header without payload length and hash: what a sealed payload is bound to.
#[derive(Serialize)]
struct Core<'a> {
    version: u8,
    log: &'a LogId,
    seq: u64,
    previous: &'a EntryHash,
    causes: &'a [EntryHash],
    kind: kind::Kind,
}

impl Header {
    /// A header for `payload`, in the place that `log`, `seq` and `previous` give.
    pub fn new(
        log: LogId,
        seq: u64,
        previous: EntryHash,
        mut causes: Vec<EntryHash>,
        kind: kind::Kind,
        payload: &[u8],
    ) -> Self {
        causes.sort_unstable();
        causes.dedup();
        Self {
            version: HEADER_VERSION,
            log,
            seq,
            previous,
            causes,
            kind,
            payload_len: u32::try_from(payload.len()).unwrap_or(u32::MAX),
            payload_hash: *blake3::hash(payload).as_bytes(),
        }
    }

    /// The encoded header.
    pub fn to_bytes(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// The entry hash: BLAKE3 of the encoded header.
    pub fn hash(&self) -> EntryHash {
        EntryHash(*blake3::hash(&self.to_bytes()).as_bytes())
    }

    /// The log this entry stands in, entry 0 included.
    pub fn log_id(&self) -> LogId {
        if self.seq == 0 { LogId(self.hash().0) } else { self.log }
    }

    /// What a sealed payload is bound to: the header without payload length and hash.
    pub fn core_bytes(&self) -> Vec<u8> {
        codec::encode(&Core {
            version: self.version,
            log: &self.log,
            seq: self.seq,
            previous: &self.previous,
            causes: &self.causes,
            kind: self.kind,
        })
    }

    /// Decodes and checks all that one header alone can be checked for.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryError> {
        let header: Self = codec::decode(bytes, limits::HEADER_BYTES)?;
        header.check()?;
        Ok(header)
    }

    /// Checks all that one header alone can be checked for.
    pub fn check(&self) -> Result<(), EntryError> {
        if self.version != HEADER_VERSION {
            return Err(EntryError::Version(self.version));
        }
        let sorted = self.causes.windows(2).all(|pair| pair[0] < pair[1]);
        if self.causes.len() > limits::CAUSES || !sorted {
            return Err(EntryError::Causes);
        }
        if self.payload_len as usize > limits::PAYLOAD_BYTES {
            return Err(EntryError::Payload);
        }
        let is_start = self.log == LogId::ZERO
            && self.previous == EntryHash::ZERO
            && self.kind == kind::LOG_START
            && self.causes.is_empty();
        let is_later = self.log != LogId::ZERO
            && self.previous != EntryHash::ZERO
            && self.kind != kind::LOG_START
            && self.seq < limits::LOG_ENTRIES;
        let in_place = if self.seq == 0 { is_start } else { is_later };
        if in_place { Ok(()) } else { Err(EntryError::Start) }
    }
}

/// A header, its payload, and the signature where it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What is hashed.
    pub header: Header,
    /// What the header's hash stands for.
    #[serde(with = "serde_bytes")]
    pub payload: Vec<u8>,
    /// The device's signature; a later one in the log vouches where it is missing.
    pub signature: Option<Signature>,
}

impl Entry {
    /// The entry hash.
    pub fn hash(&self) -> EntryHash {
        self.header.hash()
    }

    /// Checks header, and payload against header. Not the signature.
    pub fn check(&self) -> Result<(), EntryError> {
        self.header.check()?;
        let fits = self.payload.len() == self.header.payload_len as usize
            && blake3::hash(&self.payload).as_bytes() == &self.header.payload_hash;
        if fits { Ok(()) } else { Err(EntryError::Payload) }
    }

    /// Checks the signature, if there is one, against the device's key.
    pub fn verify(&self, device: &DeviceId) -> Result<(), EntryError> {
        match &self.signature {
            Some(signature) => verify_entry(&self.hash(), signature, device),
            None => Err(EntryError::Signature),
        }
    }
}

/// A pointer to an entry of any document, inside a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ref {
    /// The document it stands in.
    pub document: DocId,
    /// The log.
    pub log: LogId,
    /// Its position there.
    pub seq: u64,
    /// Its hash.
    pub hash: EntryHash,
}

/// Payload of entry 0 of every log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogStart {
    /// The document.
    pub descriptor: Descriptor,
    /// The device that writes this log.
    pub device: DeviceId,
    /// The device's incarnation: a restore or a clone begins the next.
    pub incarnation: u32,
    /// The act that gives the right to write: the certificate of the device in its
    /// member's identity (zero where entry 0 itself carries it), or the charter act.
    pub act: EntryHash,
    /// The last entry of the device's previous log of that class and owner.
    pub continues: Option<Ref>,
    /// In an identity log of a phrase-certified device: the certificate itself.
    pub certificate: Option<PhraseCertificate>,
}

/// Signs an entry hash with a device's key.
pub fn sign_entry(hash: &EntryHash, key: &SigningKey) -> Signature {
    Signature(key.sign(&signed_bytes(hash)).to_bytes())
}

/// Checks a signature over an entry hash, strictly (no small-order or unreduced keys).
pub fn verify_entry(
    hash: &EntryHash,
    signature: &Signature,
    device: &DeviceId,
) -> Result<(), EntryError> {
    let check = || {
        let key = VerifyingKey::from_bytes(&device.0).map_err(|_| EntryError::Signature)?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(&signed_bytes(hash), &signature).map_err(|_| EntryError::Signature)
    };
    #[cfg(feature = "sim")]
    return super::vouched::once(hash, signature, device, check);
    #[cfg(not(feature = "sim"))]
    check()
}

fn signed_bytes(hash: &EntryHash) -> Vec<u8> {
    [SIGNATURE_CONTEXT, &hash.0].concat()
}
