//! Identities and the keys behind them (`PROTOCOL.md` §1): ids as newtypes, the
//! phrase of a member, the keys of a device and where they are kept.
//!
//! Invariant: a secret is wiped when dropped, and no `Debug` shows one.

pub(crate) mod aead;
mod device;
mod envelope;
mod ids;
mod keystore;
mod link;
mod link_text;
mod link_wire;
mod member;
mod phrase;
mod signature;

pub use device::{DeviceKeys, DeviceKeysError};
pub use envelope::{Envelope, EnvelopeError};
pub use ids::{
    BlobId, BookingId, DeviceId, DocId, EntryHash, GroupId, HoodHash, HoodId, IdError, LogId,
    MemberId, SeriesId,
};
pub use keystore::{Keystore, KeystoreError, MemoryKeystore};
pub use link::{Accept, LinkError, LinkStep, NewDevice, Offer};
pub use link_text::{LINK_ADDRESS_BYTES, LINK_ADDRESSES, LinkSecret, LinkText, LinkTextError};
pub use link_wire::{LINK_FRAME_BYTES, LINK_PAYLOAD_BYTES, LinkCode};
pub use member::{MemberKey, PhraseCertificate, PhraseSignature};
pub use phrase::{Language, Phrase, PhraseError};
pub use signature::{BadSignature, Signature};
