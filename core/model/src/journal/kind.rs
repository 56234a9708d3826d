//! Kinds of entry. Unknown kinds are carried and kept untouched.
//!
//! Numbers are on the wire for ever: never reuse one.

/// A kind of entry, as it stands in the header.
pub type Kind = u16;

/// Entry 0 of every log.
pub const LOG_START: Kind = 0;
/// A change of an automerge document (class object).
pub const CHANGE: Kind = 1;

/// Charter acts.
pub mod charter {
    use super::Kind;
    /// The first act: founder, limits, charter version.
    pub const FOUND: Kind = 0x10;
    /// A new member.
    pub const ADMIT: Kind = 0x11;
    /// Building and landlord of a member.
    pub const ATTEST: Kind = 0x12;
    /// A role given.
    pub const APPOINT: Kind = 0x13;
    /// A role taken back.
    pub const DISMISS: Kind = 0x14;
    /// A member removed, with the closing of its logs.
    pub const REMOVE: Kind = 0x15;
    /// A co-signature under another act.
    pub const SECOND: Kind = 0x16;
    /// A member left of its own will.
    pub const LEAVE: Kind = 0x17;
    /// A group founded, a manager more, a manager less.
    pub const GROUP: Kind = 0x18;
    /// Reserved: guardians, and what they do.
    pub const GUARDIANS: Kind = 0x19;
    /// Reserved: a new identity continues an old one.
    pub const SUCCEED: Kind = 0x1a;
    /// Reserved: a measure of moderation.
    pub const MEASURE: Kind = 0x1b;
    /// Reserved: a period is dropped.
    pub const HORIZON: Kind = 0x1c;
    /// Reserved: a person's documents are dropped.
    pub const ERASE: Kind = 0x1d;
    /// Reserved: limits changed.
    pub const LIMITS: Kind = 0x1e;
}

/// Identity acts.
pub mod identity {
    use super::Kind;
    /// A device certified, by the phrase or by another device.
    pub const CERTIFY: Kind = 0x30;
    /// A device revoked, with the closing of its logs.
    pub const REVOKE: Kind = 0x31;
    /// A key epoch opened.
    pub const EPOCH: Kind = 0x32;
    /// Reserved: a mandate granted.
    pub const MANDATE: Kind = 0x33;
    /// Reserved: a mandate ended.
    pub const MANDATE_END: Kind = 0x34;
}

/// Open records.
pub mod open {
    use super::Kind;
    /// A domain of resources is founded: who holds it, who may stand in.
    pub const DOMAIN: Kind = 0x50;
    /// A decision in a domain.
    pub const DECISION: Kind = 0x51;
    /// A lost holder is closed.
    pub const CLOSE_HOLDER: Kind = 0x52;
    /// Reserved: an announcement.
    pub const ANNOUNCE: Kind = 0x53;
    /// Thanks after a deal.
    pub const THANKS: Kind = 0x54;
    /// What the neighbourhood is called, and the zone of its clocks.
    pub const PLACE: Kind = 0x55;
}

/// Sealed records: the header shows only that something is sealed, or a grant.
pub mod sealed {
    use super::Kind;
    /// A deal key handed to one reader.
    pub const GRANT: Kind = 0x70;
    /// A sealed record; its inner kind is in the plaintext.
    pub const RECORD: Kind = 0x71;
}

/// Ledger records.
pub mod ledger {
    use super::Kind;
    /// A transfer of credits.
    pub const TRANSFER: Kind = 0x90;
    /// The account of a device ends: its heir.
    pub const CLOSING: Kind = 0x91;
}
