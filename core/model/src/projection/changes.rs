//! Which rows changed, for screens and for what follows from them.

use std::collections::BTreeSet;

use crate::booking::DomainId;
use crate::journal::Owner;
use crate::keys::{BookingId, DocId, EntryHash, GroupId, MemberId};

/// What a batch of entries changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Something in charter or identity: members, roles, devices.
    pub authority: bool,
    /// Members of whose closed logs something came on which it hangs how far they count.
    pub recount: BTreeSet<MemberId>,
    /// Members with a new key epoch, or devices that could hold one.
    pub epochs: BTreeSet<MemberId>,
    /// Listings.
    pub listings: BTreeSet<DocId>,
    /// Profiles.
    pub profiles: BTreeSet<MemberId>,
    /// Groups that say something else of themselves.
    pub groups: BTreeSet<GroupId>,
    /// Calendars of these domains.
    pub domains: BTreeSet<DomainId>,
    /// Bookings this member is a party of.
    pub bookings: BTreeSet<BookingId>,
    /// Members and groups whose credits read otherwise now.
    pub credits: BTreeSet<Owner>,
    /// Members who were thanked.
    pub thanks: BTreeSet<MemberId>,
    /// Someone asks to join, or was refused.
    pub applications: bool,
    /// Name or zone of the neighbourhood.
    pub place: bool,
    /// Entries whose content could not be read, with the code of the reason.
    pub unreadable: Vec<(EntryHash, &'static str)>,
}

impl Changes {
    /// Whether nothing a screen shows has changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what another batch changed.
    pub fn merge(&mut self, other: Self) {
        self.authority |= other.authority;
        self.place |= other.place;
        self.recount.extend(other.recount);
        self.applications |= other.applications;
        self.epochs.extend(other.epochs);
        self.listings.extend(other.listings);
        self.profiles.extend(other.profiles);
        self.groups.extend(other.groups);
        self.domains.extend(other.domains);
        self.bookings.extend(other.bookings);
        self.credits.extend(other.credits);
        self.thanks.extend(other.thanks);
        self.unreadable.extend(other.unreadable);
    }
}
