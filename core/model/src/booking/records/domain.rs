//! The founding of a domain: what it decides about, and who decides.

use serde::{Deserialize, Serialize};

use super::{Record, RecordError, Terms, bounds, check_instant, within};
use crate::journal::kind::{self, Kind};
use crate::keys::{DeviceId, DocId, EntryHash, MemberId};
use crate::time::Instant;

/// A domain is named by the entry that founded it.
pub type DomainId = EntryHash;

/// One incarnation of one device: it alone writes the spine of a tenure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Holder {
    /// Whose device.
    pub member: MemberId,
    /// The device.
    pub device: DeviceId,
    /// Which of its incarnations.
    pub incarnation: u32,
}

/// Something that can be booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its listing; a resource never changes its domain.
    pub listing: DocId,
    /// The resource it is part of, as its place in the list: an earlier one.
    pub part_of: Option<u16>,
    /// What holds until a decision sets other terms.
    pub terms: Terms,
}

/// Founds a domain. Its id is the entry's hash, its owner the document's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainRecord {
    /// Claimed time.
    pub at: Instant,
    /// A part-of tree, parents first.
    pub resources: Vec<Resource>,
    /// Who writes the spine of tenure 0.
    pub holder: Holder,
    /// Members entitled to decide besides the owner; sorted, no doubles.
    pub deciders: Vec<MemberId>,
}

impl DomainRecord {
    /// A domain of one resource.
    pub fn single(
        at: Instant,
        listing: DocId,
        terms: Terms,
        holder: Holder,
        mut deciders: Vec<MemberId>,
    ) -> Self {
        deciders.sort_unstable();
        deciders.dedup();
        Self { at, resources: vec![Resource { listing, part_of: None, terms }], holder, deciders }
    }

    /// The place of a resource in the list.
    pub fn index_of(&self, listing: &DocId) -> Option<usize> {
        self.resources.iter().position(|resource| resource.listing == *listing)
    }
}

impl Record for DomainRecord {
    const KIND: Kind = kind::open::DOMAIN;

    fn check(&self) -> Result<(), RecordError> {
        check_instant(self.at)?;
        within((1..=bounds::RESOURCES).contains(&self.resources.len()), "resources")?;
        for (index, resource) in self.resources.iter().enumerate() {
            within(
                resource.part_of.is_none_or(|parent| usize::from(parent) < index),
                "part of a later resource",
            )?;
            within(self.index_of(&resource.listing) == Some(index), "resource named twice")?;
            resource.terms.check()?;
        }
        let sorted = self.deciders.windows(2).all(|pair| pair[0] < pair[1]);
        within(sorted && self.deciders.len() <= bounds::DECIDERS, "deciders")
    }
}
