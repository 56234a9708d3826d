//! The journal (`PROTOCOL.md` §2–§4): documents, logs, entries, runs, and the gate
//! through which every foreign byte comes in.
//!
//! Invariant: nothing here asks who may do what; the right to write is asked through
//! [`Rights`], which `authority` implements.

mod document;
mod entry;
pub mod kind;
pub mod limits;

pub use document::{Class, Descriptor, GroupId, Owner, Period};
pub use entry::{
    Entry, EntryError, HEADER_VERSION, Header, LogStart, PhraseCertificate, Ref, Signature,
    sign_entry, verify_entry,
};
