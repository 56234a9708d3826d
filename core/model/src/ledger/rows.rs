//! Rows of ledgers.

use serde::{Deserialize, Serialize};

use super::records::{Account, CloseAccount, Note, Transfer};
use super::rule::{Cover, Held};
use crate::journal::{Owner, Ref};
use crate::keys::{DeviceId, EntryHash, MemberId};
use crate::rows::typed_table;

/// A transfer and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferRow {
    /// Its entry.
    pub at: Ref,
    /// Who wrote it.
    pub payer: Account,
    /// What it says.
    pub record: Transfer,
    /// What its payer has left, if it counts; else why it is held.
    pub state: Result<Cover, Held>,
}

/// A closing and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseRow {
    /// Its entry.
    pub at: Ref,
    /// Which device of the member wrote it.
    pub by: Account,
    /// What it says.
    pub record: CloseAccount,
    /// What it passes on, or why it is held.
    pub state: Result<Cover, Held>,
}

/// An account that wrote transfers or was closed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccountRow {
    /// The line its covers were worked out with, in minutes.
    pub line: u64,
    /// The first n under which two transfers stand: a proven double spend.
    pub double: Option<u32>,
}

/// Sums of an owner's transfers with others. Each is a sum over a set, so the order of
/// arrival has no say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SumsRow {
    /// Minutes passed to others, as far as they count.
    pub given: u64,
    /// Minutes had from others, as far as they count.
    pub received: u64,
    /// Minutes to others whose transfers are held.
    pub held_out: u64,
    /// Minutes from others whose transfers are held.
    pub held_in: u64,
    /// Whether one of its accounts is proven to have spent twice.
    pub double_spend: bool,
}

/// Something an account may rely on and nobody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OpenRow {
    /// A transfer that counts, of so many minutes.
    Paid(u32),
    /// A closing by which the account inherits.
    Inherited(Account),
}

/// A note, as one of its two readers has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRow {
    /// Its entry: of several notes that of the smaller hash is kept.
    pub entry: EntryHash,
    /// What it says.
    pub record: Note,
}

typed_table!(
    /// owner → sums.
    Sums, CreditMembers, Owner, SumsRow
);
typed_table!(
    /// owner ‖ device → account.
    Accounts, CreditAccounts, (Owner, DeviceId), AccountRow
);
typed_table!(
    /// entry hash → transfer.
    Transfers, CreditTransfers, EntryHash, TransferRow
);
typed_table!(
    /// entry hash → closing.
    Closes, CreditCloses, EntryHash, CloseRow
);
typed_table!(
    /// what is named ‖ the transfer or closing that names it → ().
    Edges, CreditEdges, (EntryHash, EntryHash), ()
);
typed_table!(
    /// owner ‖ device ‖ n ‖ entry hash → (): an account's transfers.
    Chain, CreditChain, (Owner, DeviceId, (u64, EntryHash)), ()
);
typed_table!(
    /// owner ‖ device ‖ entry hash → what the account may still rely on.
    Open, CreditOpen, (Owner, DeviceId, EntryHash), OpenRow
);
typed_table!(
    /// owner ‖ claimed time ‖ entry hash → (): what concerns a member or a group.
    Statement, CreditStatement, (Owner, u64, EntryHash), ()
);
typed_table!(
    /// owner ‖ closed device ‖ entry hash → (): closings of an account.
    ClosesOf, CreditClosesOf, (Owner, DeviceId, EntryHash), ()
);
typed_table!(
    /// transfer ‖ who wrote it → the word that went with it.
    Notes, CreditNotes, (EntryHash, MemberId), NoteRow
);
typed_table!(
    /// tag of a deal ‖ payer ‖ entry hash → (): transfers that name a deal.
    Deals, CreditDeals, ([u8; 32], Owner, EntryHash), ()
);
