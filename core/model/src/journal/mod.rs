//! The journal (`PROTOCOL.md` §2–§4): documents, logs, entries, runs, and the gate
//! through which every foreign byte comes in.
//!
//! Invariant: nothing here asks who may do what; the right to write is asked through
//! [`Rights`], which `authority` implements.

mod append;
mod bundle;
pub mod change;
mod document;
pub mod edited;
mod entry;
mod gate;
pub mod kind;
pub mod limits;
mod log;
mod order;
mod ready;
mod rights;
mod run;
mod sent;
#[cfg(feature = "sim")]
mod vouched;

pub use append::{AppendError, Author, append, append_after, open};
pub use bundle::{
    BUNDLE_BYTES, BundleError, BundleHead, BundleReader, BundleWriter, Root, Section,
};
pub use document::{Class, Descriptor, GroupId, Owner, Period};
pub use entry::{
    Entry, EntryError, HEADER_VERSION, Header, LogStart, PhraseCertificate, Ref, Signature,
    sign_entry, verify_entry,
};
pub use gate::{Refusal, RefusalCode, Verdict, accept};
pub use log::{
    DocumentRow, Documents, Entries, EntryPlace, EntryPlaces, LogRow, Logs, LogsByDocument, Tip,
    Waiting, document_heads, entry, is_ancestor_or_same, log_row, logs_of_document, path,
};
pub use order::{Order, OrderRow, Position, hash_at, position, since};
pub use ready::{Pending, is_ready, ready_heads};
pub(crate) use ready::{mark_unread, settle, wake};
pub use rights::{Right, Rights};
pub use run::{Run, RunError};
pub use sent::{is_sent, mark_sent, sent_up_to};
#[cfg(feature = "sim")]
pub(crate) use vouched::begin as remember_signatures;
