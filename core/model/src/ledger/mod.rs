//! Credits (`PROTOCOL.md` §7): minutes of help, passed on by transfers that each name
//! what they rely on.
//!
//! Invariant: what a transfer is worth is a pure function of the transfer and of what lies
//! in its past ([`rule`]); so what counts once counts for ever, whatever comes later and
//! in whatever order. No closing of a log voids a transfer.

mod account;
mod draft;
mod project;
pub mod records;
mod rows;
pub mod rule;

pub use account::{
    DeviceFigures, Figures, Line, available, double_spend, figures, line_of, of_deal, statement,
};
pub use draft::{DraftError, close, transfer};
pub use project::{LedgerFacts, file_close, file_transfer, recount_lines, take, take_note};
pub use records::{Account, CloseAccount, Note, Transfer, bounds, inner};
pub use rows::{
    AccountRow, Accounts, Chain, CloseRow, Closes, ClosesOf, Deals, Edges, NoteRow, Notes, Open,
    OpenRow, Statement, Sums, SumsRow, TransferRow, Transfers,
};
pub use rule::{Cover, Held};

/// The credit line of a member, in minutes: how far below nothing the balance may go. It
/// lies with the device that the member's admission names.
pub const LINE_MINUTES: u64 = 120;
