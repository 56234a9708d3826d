//! Sessions and sync (`PROTOCOL.md` §8): two nodes meet, find out what each lacks, and
//! keep each other up to date, as a state machine that is given frames and the time and
//! gives back frames and effects. Bytes: `docs/format/session.md`.
//!
//! Invariants: nothing is known of a stranger or told to one; what a session stores went
//! through the gate, in a transaction of the caller's, before it is acknowledged; no queue
//! in a session is longer than its constant in [`limits`].

pub mod cursor;
pub mod frame;
mod invite;
pub mod limits;
pub mod meeting;
mod short;

pub use cursor::{Cursor, CursorRow, Cursors, Interest, StoreId};
pub use frame::{DeviceAddresses, Frame, FrameError, PROTOCOL};
pub use invite::{INVITATION_PREFIX, InvitationLink, LinkError, RECOVERY_PREFIX, RecoverySheet};
pub use meeting::{Credential, MeetKey, Meeting, Met, Peer, PeerCheck, PeerIds, Role, Step};
pub use short::Short;
