//! Publishing: listings, profiles, and the domains in which resources are decided.

use std::collections::BTreeSet;

use rand_core::CryptoRng;

use super::calendar::check_terms;
use super::{ActError, Replica};
use crate::booking::{DomainId, DomainRecord, Holder, Record, Resource, Terms, bounds};
use crate::journal::change::ChangeBody;
use crate::journal::edited::{Edited, past_of};
use crate::journal::{Descriptor, Owner, kind, open, ready_heads};
use crate::keys::{DocId, EntryHash, MemberId};
use crate::listing::{
    self, Invalid, ListingContent, ListingEdit, ListingKind, ListingRow, Listings, ProfileEdit,
    WriteError, profile_document,
};
use crate::projection::Changes;
use crate::rows::Tx;
use crate::time::Instant;

/// How a resource is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deciding {
    /// Whose word is firm.
    pub holder: Holder,
    /// Members entitled to stand in, beside the owner.
    pub deciders: BTreeSet<MemberId>,
    /// Capacity, lengths, price.
    pub terms: Terms,
}

/// A listing that would be over already is a slip.
fn check_until(until: Option<Instant>, now: Instant) -> Result<(), ActError> {
    match until {
        Some(until) if until <= now => Err(ActError::invalid("listing.until.past")),
        _ => Ok(()),
    }
}

impl Replica {
    /// This device, as a holder.
    pub fn as_holder(&self) -> Holder {
        Holder {
            member: self.me.member,
            device: self.me.keys.id(),
            incarnation: self.own.incarnation,
        }
    }

    /// Publishes a listing of this member. What can be booked gets a domain of its own.
    pub fn publish(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        draft: ListingContent,
        deciding: Option<Deciding>,
    ) -> Result<(DocId, Changes), ActError> {
        self.publish_for(tx, now, rng, (self.owner(), draft), deciding)
    }

    /// Publishes a listing of this member, or of a group that he manages.
    pub fn publish_for(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        (owner, draft): (Owner, ListingContent),
        deciding: Option<Deciding>,
    ) -> Result<(DocId, Changes), ActError> {
        let drafts = (owner, vec![draft]);
        let (ids, changes) = self.publish_with_parts(tx, now, rng, drafts, deciding)?;
        // One draft, one listing.
        let id = ids.first().copied().ok_or_else(|| ActError::invalid("listing.parts"))?;
        Ok((id, changes))
    }

    /// Publishes a listing and its parts, of this member or of a group that he manages: the
    /// whole first. They are decided in one domain, so that what is booked of a part keeps
    /// the whole from being booked, and the other way round; each is booked by itself, and
    /// may be given other terms later.
    pub fn publish_with_parts(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        (owner, mut drafts): (Owner, Vec<ListingContent>),
        mut deciding: Option<Deciding>,
    ) -> Result<(Vec<DocId>, Changes), ActError> {
        self.check_member()?;
        self.check_may_publish(&owner, deciding.as_mut())?;
        if drafts.len() > bounds::RESOURCES || (drafts.len() > 1 && deciding.is_none()) {
            return Err(ActError::invalid("listing.parts").with("limit", bounds::RESOURCES - 1));
        }
        let mut descriptors = Vec::with_capacity(drafts.len());
        for draft in &drafts {
            draft.check().map_err(invalid)?;
            check_until(draft.expires_at, now)?;
            let mut number = [0; 16];
            rng.fill_bytes(&mut number);
            descriptors.push(Descriptor::object(self.hood.hash, owner, number));
        }
        let ids: Vec<DocId> = descriptors.iter().map(Descriptor::id).collect();
        let mut changes = Changes::default();
        if let Some(deciding) = deciding {
            let capacities = drafts.iter().map(|draft| draft.capacity);
            let resources: Vec<_> = ids.iter().copied().zip(capacities).collect();
            let domain = self.found_domain(tx, now, (owner, &resources), deciding, &mut changes)?;
            drafts.iter_mut().for_each(|draft| draft.domain = Some(domain));
        }
        for (descriptor, draft) in descriptors.iter().zip(&drafts) {
            let body = listing::create(now, draft).map_err(unwritable)?;
            self.write_change(tx, descriptor, &body, &mut changes)?;
        }
        Ok((ids, changes))
    }

    /// Whether this member may publish for an owner; who decides for a group follows from who
    /// manages it.
    fn check_may_publish(
        &self,
        owner: &Owner,
        deciding: Option<&mut Deciding>,
    ) -> Result<(), ActError> {
        match (owner, deciding) {
            (Owner::Group(group), Some(deciding)) => {
                self.check_manager(group)?;
                // Its managers decide, those who come later as well.
                let managers = self.authority.managers(group).into_iter();
                let others = managers.filter(|it| *it != self.me.member);
                deciding.deciders = others.take(bounds::DECIDERS).collect();
                // Whoever decides for a group writes in its documents.
                match self.is_managers_device(group, &deciding.holder.device) {
                    true => Ok(()),
                    false => Err(ActError::not_allowed("group.not_manager")),
                }
            }
            // Help is between people.
            (Owner::Group(_), None) => Err(ActError::conflict("group.only_resources")),
            _ => Ok(()),
        }
    }

    fn found_domain(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        (owner, resources): (Owner, &[(DocId, u32)]),
        deciding: Deciding,
        changes: &mut Changes,
    ) -> Result<DomainId, ActError> {
        let Deciding { holder, deciders, terms } = deciding;
        check_terms(&terms)?;
        self.check_tiers(&terms)?;
        let resource = |(place, (listing, capacity)): (usize, &(DocId, u32))| Resource {
            listing: *listing,
            part_of: (place > 0).then_some(0),
            // The first is the whole, of which the terms say how many there are.
            terms: match place {
                0 => terms.clone(),
                _ => Terms { capacity: *capacity, ..terms.clone() },
            },
        };
        let resources = resources.iter().enumerate().map(resource).collect();
        let deciders = deciders.into_iter().collect();
        let record = DomainRecord { at: now, resources, holder, deciders };
        let payload = record.to_payload().map_err(|_| ActError::invalid("listing.terms"))?;
        let open = Descriptor::open(self.hood.hash, owner, now);
        self.write(tx, &open, kind::open::DOMAIN, |_| payload, changes)
    }

    /// A listing of one's own, or of a group that one manages.
    pub fn own_listing(&self, tx: &Tx<'_>, id: &DocId) -> Result<ListingRow, ActError> {
        let row =
            tx.row::<Listings>(id)?.ok_or_else(|| ActError::not_found("listing.not_found"))?;
        let is_managed = match &row.owner {
            Owner::Group(group) => self.authority.is_manager(group, &self.me.member),
            owner => *owner == self.owner(),
        };
        if is_managed { Ok(row) } else { Err(ActError::not_allowed("listing.not_allowed")) }
    }

    /// Changes fields of a listing of one's own.
    pub fn edit_listing(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        id: &DocId,
        edit: &ListingEdit,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        self.own_listing(tx, id)?;
        check_until(edit.expires_at.flatten(), now)?;
        let descriptor = self.object(tx, id)?;
        let (document, past) = self.document(tx, &descriptor)?;
        let mut changes = Changes::default();
        let body = listing::edit(&document, &past, now, edit).map_err(unwritable)?;
        if let Some(body) = body {
            self.write_change(tx, &descriptor, &body, &mut changes)?;
        }
        Ok(changes)
    }

    /// Changes fields of one's profile, which is made where there is none.
    pub fn edit_profile(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        edit: &ProfileEdit,
    ) -> Result<Changes, ActError> {
        self.check_member()?;
        let descriptor = profile_document(self.hood.hash, self.me.member);
        let mut changes = Changes::default();
        self.write_profile(tx, now, descriptor, edit, &mut changes)?;
        Ok(changes)
    }

    /// Changes fields of a profile, a member's or a group's, which is made where there is
    /// none.
    pub(super) fn write_profile(
        &mut self,
        tx: &mut Tx<'_>,
        now: Instant,
        descriptor: Descriptor,
        edit: &ProfileEdit,
        changes: &mut Changes,
    ) -> Result<(), ActError> {
        let (document, past) = self.document(tx, &descriptor)?;
        let body = if document.is_empty() {
            let mut content = listing::ProfileContent::default();
            edit.apply_to(&mut content);
            Some(listing::create_profile(now, &content).map_err(unwritable)?)
        } else {
            listing::edit_profile(&document, &past, now, edit).map_err(unwritable)?
        };
        if let Some(body) = body {
            self.write_change(tx, &descriptor, &body, changes)?;
        }
        Ok(())
    }

    fn object(&self, tx: &Tx<'_>, id: &DocId) -> Result<Descriptor, ActError> {
        let row = tx.row::<crate::journal::Documents>(id)?;
        Ok(row.ok_or_else(|| ActError::not_found("listing.not_found"))?.descriptor)
    }

    /// A document with the changes that a new one follows. Opens this device's log of
    /// it first, since the new entry names what came before it there.
    fn document(
        &mut self,
        tx: &mut Tx<'_>,
        descriptor: &Descriptor,
    ) -> Result<(Edited, Vec<EntryHash>), ActError> {
        let log = open(tx, &self.author_in(&descriptor.owner), descriptor)?;
        let mut changes = Changes::default();
        self.learn_facts(tx, &log, &[EntryHash(log.0)])?;
        self.project(tx, &[EntryHash(log.0)], &mut changes)?;
        let id = descriptor.id();
        let document = self.documents.read(tx, &id)?.cloned().unwrap_or_default();
        let heads = ready_heads(tx, &id)?;
        let past = past_of(tx, &document, &id, &heads)?;
        Ok((document, past.ok_or_else(|| ActError::conflict("listing.unreadable"))?))
    }

    fn write_change(
        &mut self,
        tx: &mut Tx<'_>,
        descriptor: &Descriptor,
        body: &ChangeBody,
        changes: &mut Changes,
    ) -> Result<EntryHash, ActError> {
        self.write(tx, descriptor, kind::CHANGE, |_| body.to_payload(), changes)
    }
}

/// Whether listings of a kind can be booked by time.
pub const fn is_resource(kind: ListingKind) -> bool {
    matches!(
        kind,
        ListingKind::Tool | ListingKind::Parking | ListingKind::Storage | ListingKind::Room
    )
}

fn invalid(errors: Invalid) -> ActError {
    let first = errors.0.first().map_or("listing.invalid", |error| error.code);
    let all: Vec<_> = errors.0.iter().map(|error| error.code).collect();
    ActError::invalid(first).with("fields", all.join(" "))
}

fn unwritable(error: WriteError) -> ActError {
    match error {
        WriteError::Invalid(errors) => invalid(errors),
        WriteError::Edit(_) => ActError::conflict("listing.cannot_edit"),
        _ => ActError::conflict("listing.cannot_edit"),
    }
}
