//! Who may do what (`PROTOCOL.md` §6): a deterministic function of the set of acts.
//!
//! Invariant: nothing here depends on the order of arrival or on any clock; the
//! time an act claims decides nothing.

pub mod act;
mod answers;
pub mod build;
mod closing;
mod contest;
mod credit;
mod cut;
mod engine;
mod fact;
mod graph;
mod groups;
mod grow;
pub mod phrase;
mod rights;
mod rule;
mod touch;

pub use act::{
    ActError, Admit, Appoint, Attest, CHARTER_VERSION, Caps, Certify, Dismiss, Found, Group,
    GroupAct, Home, Inviters, Leave, Payload, Policy, Preamble, Remove, Revoke, Role, Roles,
    Second,
};
pub use answers::Standing;
pub use closing::{CLOSING_TIPS, ClosedTip, Closing};
pub use cut::Cut;
pub use engine::{Authority, Device, Member, Status};
pub use fact::{Body, Fact};
pub use groups::Managed;
pub use grow::Added;
pub use rights::{Permission, Reach};
pub use rule::Void;
