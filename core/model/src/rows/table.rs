//! The tables, and the type of a row in each.

use serde::{Serialize, de::DeserializeOwned};

/// Defines [`Table`] so that number, name and list cannot drift apart.
macro_rules! tables {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $kind:ident;)*) => {
        /// A table of rows ordered by key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Table { $($(#[$doc])* $variant = $number,)* }

        impl Table {
            /// Every table, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name of the table on disk.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What kind of truth the table holds.
            pub const fn kind(self) -> TableKind {
                match self { $(Self::$variant => TableKind::$kind,)* }
            }
        }
    };
}

/// What kind of truth a table holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// Signed entries and what indexes them: the source of everything else.
    Journal,
    /// Follows from open entries alone: equal on all nodes with equal entries.
    Open,
    /// Follows from entries and this device's keys: what its person may read.
    Private,
    /// Known only here (cursors, applications, drafts): no rebuild touches it.
    Local,
}

tables! {
    /// document id → descriptor.
    Documents = 1, "documents", Journal;
    /// log id → [`crate::journal::LogRow`].
    Logs = 2, "logs", Journal;
    /// document id ‖ log id → ().
    LogsByDocument = 3, "logs_by_document", Journal;
    /// log id ‖ seq ‖ entry hash → entry (header, payload, signature if kept).
    Entries = 4, "entries", Journal;
    /// entry hash → (log id, seq): where it lies.
    EntryPlaces = 5, "entry_places", Journal;
    /// n → (entry hash, rolling hash): the order of acceptance on this node.
    Order = 6, "entry_order", Journal;
    /// missing entry hash ‖ waiting entry hash → ().
    Waiting = 7, "waiting", Journal;
    /// entry hash → how many entries it still waits for.
    Pending = 8, "pending", Journal;
    /// listing id → listing row.
    Listings = 20, "listings", Open;
    /// member id → profile row.
    Profiles = 21, "profiles", Open;
    /// domain id → who holds the domain, its terms in force, what it waits for.
    Calendars = 22, "calendars", Open;
    /// domain id ‖ member id ‖ entry hash → decision or closing of a holder.
    Decisions = 23, "decisions", Open;
    /// document id → saved automerge document and its map of entries to changes.
    Objects = 24, "objects", Open;
    /// domain id ‖ booking id → what became of it in the calendar.
    BookingStates = 25, "booking_states", Open;
    /// Reserved, empty: the store counts its tables in this order.
    Accepted = 26, "accepted", Open;
    /// blob id → which entries name it.
    BlobRefs = 27, "blob_refs", Open;
    /// domain id ‖ start ‖ booking id → what counts in the calendar.
    CalendarSlots = 28, "calendar_slots", Open;
    /// () → the name and zone of the neighbourhood.
    Place = 31, "place", Open;
    /// member id ‖ act → what is open about a key epoch.
    Epochs = 30, "epochs", Open;
    /// key tag ‖ log id ‖ seq ‖ entry hash → (): sealed records by the key they need.
    SealedRecords = 32, "sealed_records", Journal;
    /// owner → sums of a member's or group's transfers.
    CreditMembers = 50, "credit_members", Open;
    /// owner ‖ device id → the line of an account, and whether it was spent twice.
    CreditAccounts = 33, "credit_accounts", Open;
    /// entry hash → a transfer of credits and what became of it.
    CreditTransfers = 34, "credit_transfers", Open;
    /// entry hash → a closing of an account and what it passes on.
    CreditCloses = 35, "credit_closes", Open;
    /// what is named ‖ the transfer or closing that names it → ().
    CreditEdges = 36, "credit_edges", Open;
    /// owner ‖ device id ‖ n ‖ entry hash → (): an account's transfers.
    CreditChain = 37, "credit_chain", Open;
    /// owner ‖ device id ‖ entry hash → what an account may still rely on.
    CreditOpen = 38, "credit_open", Open;
    /// owner ‖ claimed time ‖ entry hash → (): what concerns it.
    CreditStatement = 39, "credit_statement", Open;
    /// owner ‖ device id ‖ entry hash → (): closings of an account.
    CreditClosesOf = 29, "credit_closes_of", Open;
    /// booking id → booking as its parties see it.
    Bookings = 40, "bookings", Private;
    /// key tag → deal key this device may read with.
    DealKeys = 41, "deal_keys", Private;
    /// log id ‖ writer epoch ‖ reader epoch → grants of that pair in that log.
    GrantCounts = 42, "grant_counts", Private;
    /// epoch public key → secret.
    EpochSecrets = 43, "epoch_secrets", Private;
    /// booking id ‖ log id → the key this device seals the deal's records with there.
    Deals = 44, "deals", Private;
    /// entry hash → hashes of entries that acknowledged it.
    Receipts = 45, "receipts", Private;
    /// member ‖ invitation ‖ who passed it on → someone who asks to join.
    Applicants = 46, "applicants", Private;
    /// member ‖ invitation ‖ who refused → ().
    Refusals = 47, "refusals", Private;
    /// transfer ‖ who wrote it → the word that went with it.
    CreditNotes = 48, "credit_notes", Private;
    /// booking id → deal about help as its two sides see it.
    Services = 51, "services", Private;
    /// tag of a deal → booking id.
    DealTags = 52, "deal_tags", Private;
    /// tag of a deal ‖ entry hash → (): transfers that name a deal.
    CreditDeals = 53, "credit_deals", Open;
    /// member id ‖ tag of a deal ‖ author → thanks.
    Thanks = 54, "thanks", Open;
    /// group id → what it says of itself.
    GroupProfiles = 57, "group_profiles", Open;
    /// name → value: neighbourhood id, own ids, store id, version of the rows.
    Settings = 60, "settings", Local;
    /// peer store id → how far this node has read it.
    Cursors = 61, "cursors", Local;
    /// invitation secret's hash → invitation this device redeems.
    Invitations = 62, "invitations", Local;
    /// member id → application that came to this device.
    Applications = 63, "applications", Local;
    /// entry hash → it left this device (a session or a bundle took it).
    Sent = 64, "sent", Local;
    /// blob id → size, chunks held, key.
    Blobs = 65, "blobs", Local;
    /// blob id ‖ chunk number → bytes.
    BlobChunks = 66, "blob_chunks", Local;
    /// log id ‖ seq ‖ entry hash → entry that is whole, but follows from what was lost.
    Quarantine = 67, "quarantine", Local;
    /// device id → addresses where it was last heard to listen.
    Addresses = 68, "addresses", Local;
    /// Reserved, empty.
    Unreadable = 69, "unreadable", Local;
    /// class ‖ owner (‖ document for an object) → the log this device writes there.
    OwnLogs = 70, "own_logs", Local;
    /// name → search that is kept.
    SavedSearches = 71, "saved_searches", Local;
    /// listing id → (): no news to the searches that are kept.
    SearchTold = 72, "search_told", Local;
    /// domain id ‖ place in the order ‖ booking id → who waits for room.
    Waitlists = 56, "waitlists", Open;
}

/// A key in its byte form, which sorts as the key does.
pub trait Key {
    /// The bytes.
    fn to_key(&self) -> Vec<u8>;
}

impl Key for [u8] {
    fn to_key(&self) -> Vec<u8> {
        self.to_vec()
    }
}

impl Key for Vec<u8> {
    fn to_key(&self) -> Vec<u8> {
        self.clone()
    }
}

impl Key for u8 {
    fn to_key(&self) -> Vec<u8> {
        vec![*self]
    }
}

impl Key for u64 {
    fn to_key(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }
}

impl Key for str {
    fn to_key(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
}

impl Key for [u8; 32] {
    fn to_key(&self) -> Vec<u8> {
        self.to_vec()
    }
}

macro_rules! id_keys {
    ($($id:ident),*) => { $(
        impl Key for crate::keys::$id {
            fn to_key(&self) -> Vec<u8> {
                self.0.to_vec()
            }
        }
    )* };
}
id_keys!(BlobId, BookingId, DeviceId, DocId, EntryHash, GroupId, HoodHash, LogId, MemberId);

impl Key for crate::journal::Owner {
    fn to_key(&self) -> Vec<u8> {
        use crate::journal::Owner;
        let (tag, id) = match self {
            Owner::Hood => (0, [0; 32]),
            Owner::Member(member) => (1, member.0),
            Owner::Group(group) => (2, group.0),
        };
        std::iter::once(tag).chain(id).collect()
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn to_key(&self) -> Vec<u8> {
        let mut key = self.0.to_key();
        key.extend(self.1.to_key());
        key
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn to_key(&self) -> Vec<u8> {
        let mut key = self.0.to_key();
        key.extend(self.1.to_key());
        key.extend(self.2.to_key());
        key
    }
}

impl<A: Key, B: Key, C: Key, D: Key> Key for (A, B, C, D) {
    fn to_key(&self) -> Vec<u8> {
        let mut key = self.0.to_key();
        key.extend(self.1.to_key());
        key.extend(self.2.to_key());
        key.extend(self.3.to_key());
        key
    }
}

/// A table with the types of its key and its row.
///
/// ```
/// use palier_model::rows::{Table, Typed};
/// struct Documents;
/// impl Typed for Documents {
///     const TABLE: Table = Table::Documents;
///     type Key = palier_model::keys::DocId;
///     type Row = palier_model::journal::Descriptor;
/// }
/// ```
pub trait Typed {
    /// Where the rows lie.
    const TABLE: Table;
    /// What names a row.
    type Key: Key + ?Sized;
    /// What a row holds.
    type Row: Serialize + DeserializeOwned;
}

/// Says of what a table's keys and rows are.
macro_rules! typed_table {
    ($(#[$doc:meta])* $name:ident, $table:ident, $key:ty, $row:ty) => {
        $(#[$doc])*
        pub struct $name;
        impl $crate::rows::Typed for $name {
            const TABLE: $crate::rows::Table = $crate::rows::Table::$table;
            type Key = $key;
            type Row = $row;
        }
    };
}
pub(crate) use typed_table;
