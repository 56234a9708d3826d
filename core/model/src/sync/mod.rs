//! Sessions and sync (`PROTOCOL.md` §8): two nodes meet, find out what each lacks, and
//! keep each other up to date, as a state machine that is given frames and the time and
//! gives back frames and effects. Bytes: `docs/format.md`.
//!
//! Invariants: nothing is known of a stranger or told to one; what a session stores went
//! through the gate, in a transaction of the caller's, before it is acknowledged; no queue
//! in a session is longer than its constant in [`limits`].

mod addresses;
pub mod blob;
mod comparing;
pub mod cursor;
mod effect;
mod exchange;
pub mod frame;
mod hearing;
mod invite;
mod join;
pub mod limits;
mod live;
pub mod meeting;
mod outbox;
mod page;
mod reading;
pub mod reconcile;
mod retry;
mod session;
mod short;
mod telling;

#[cfg(test)]
mod tests;

pub use cursor::{Cursor, CursorRow, Cursors, Interest, StoreId};
pub use effect::{CloseReason, Effect, Stats};
pub use exchange::Open;
pub use frame::{DeviceAddresses, Frame, FrameError, PROTOCOL};
pub use invite::{INVITATION_PREFIX, InvitationLink, RECOVERY_PREFIX, RecoverySheet};
pub use join::{Application, JoinAnswer, JoinForm, Welcome, bearer_entry};
pub use live::{FetchBook, SessionId};
pub use meeting::{Credential, MeetKey, Meeting, Met, Peer, PeerCheck, PeerIds, Role, Step};
pub use session::{Accepted, Config, Context, Session};
pub use short::Short;
