//! Identities and the keys behind them (`PROTOCOL.md` §1): ids as newtypes, the
//! phrase of a member, the keys of a device and where they are kept.

mod ids;

pub use ids::{
    BlobId, BookingId, DeviceId, DocId, EntryHash, HoodHash, HoodId, IdError, LogId, MemberId,
};
