//! A service as its two sides see it: a join of what they told each other, computed on
//! reading.
//!
//! Invariant: two sides that hold the same entries are shown the same stage, proposals and
//! history. Only `delivery` is each one's own.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::life::{self, Life, Stage, Told};
use super::records::{Fee, Proposal, StepKind};
use super::rows::{ServiceRow, Services};
use crate::booking::lifecycle::Side;
use crate::booking::{Delivery, Holder, Said, delivery_of};
use crate::journal::{Documents, Owner};
use crate::keys::{BookingId, DocId, EntryHash, MemberId, SeriesId};
use crate::rows::{RowsError, Tx};
use crate::time::{Instant, Interval};

/// A proposal as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposalView {
    /// Its entry.
    pub id: EntryHash,
    /// By which side.
    pub side: Side,
    /// When it was made, as claimed.
    pub at: Instant,
    /// The time it proposes.
    pub interval: Interval,
    /// What is given for it.
    pub fee: Fee,
    /// The word that went with it.
    pub text: String,
    /// Whether it is what is agreed.
    pub agreed: bool,
    /// Whether it can still be agreed to: no later proposal was made knowing it, and it was
    /// made knowing what is agreed.
    pub is_open: bool,
}

/// What a line of history is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// The listing was answered.
    Answered,
    /// A time was proposed.
    Proposed,
    /// A proposal was agreed to.
    Agreed,
    /// Something else was said.
    Said(StepKind),
}

/// Which act did what, by which device, when as it claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The act.
    pub act: EntryHash,
    /// Who.
    pub by: Holder,
    /// When, as claimed.
    pub at: Instant,
    /// What.
    pub deed: Deed,
}

/// A service as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceView {
    /// The deal.
    pub booking: BookingId,
    /// What was answered.
    pub listing: DocId,
    /// Who answered.
    pub requester: MemberId,
    /// Whose listing it is; none while the listing is not here.
    pub owner: Option<MemberId>,
    /// What it was asked together with.
    pub series: Option<SeriesId>,
    /// Which side helps; the other one pays.
    pub helper: Side,
    /// What whoever answered thought it worth.
    pub wish: Option<Fee>,
    /// The word of whoever answered.
    pub note: String,
    /// Where it stands.
    pub life: Life,
    /// Every proposal, oldest first by the claimed time.
    pub proposals: Vec<ProposalView>,
    /// The last word that went with a step.
    pub text: String,
    /// How far the viewer's last act got.
    pub delivery: Delivery,
    /// Which act did what, the answer first, then by the claimed time.
    pub history: Vec<HistoryEntry>,
}

impl ServiceView {
    /// The proposal that is agreed.
    pub fn agreed(&self) -> Option<&ProposalView> {
        self.proposals.iter().find(|proposal| proposal.agreed)
    }

    /// What `side` can agree to at `now`: the newest open proposal of the other side whose time
    /// is not over.
    pub fn open_to(&self, side: Side, now: Instant) -> Option<&ProposalView> {
        let is_open = |it: &&ProposalView| {
            it.side != side && it.is_open && it.interval.end.is_some_and(|end| end > now)
        };
        self.proposals.iter().rfind(is_open)
    }

    /// Whether it is a side's turn at `now`: an answer to look at, or a time to agree to.
    pub fn waits_for(&self, side: Side, now: Instant) -> bool {
        match self.life.stage {
            Stage::Answered => side == Side::Owner,
            Stage::Proposed | Stage::Agreed | Stage::Due => self.open_to(side, now).is_some(),
            _ => false,
        }
    }

    /// The member of a side, where it is known.
    pub const fn member(&self, side: Side) -> Option<MemberId> {
        match side {
            Side::Requester => Some(self.requester),
            Side::Owner => self.owner,
        }
    }
}

/// Whose a listing is, by the document itself.
pub fn owner_of(tx: &Tx<'_>, listing: &DocId) -> Result<Option<MemberId>, RowsError> {
    Ok(match tx.row::<Documents>(listing)?.map(|row| row.descriptor.owner) {
        Some(Owner::Member(member)) => Some(member),
        _ => None,
    })
}

/// The side that a member is on.
pub fn side_of(requester: &MemberId, owner: Option<&MemberId>, member: &MemberId) -> Option<Side> {
    if requester == member {
        Some(Side::Requester)
    } else if owner == Some(member) {
        Some(Side::Owner)
    } else {
        None
    }
}

/// How many records of one kind a device wrote about a deal.
pub fn said_by_device<R>(said: &[Said<R>], by: &Holder) -> usize {
    said.iter().filter(|it| (it.by.member, it.by.device) == (by.member, by.device)).count()
}

/// A deal as `viewer` sees it at `now`. `None`: there is no answer that counts, or none
/// that can be read here.
pub fn view(
    tx: &Tx<'_>,
    booking: &BookingId,
    viewer: &MemberId,
    now: Instant,
) -> Result<Option<ServiceView>, RowsError> {
    let Some(row) = tx.row::<Services>(booking)? else { return Ok(None) };
    let Some(reply) = row.reply().filter(|reply| reply.counts) else { return Ok(None) };
    let requester = reply.by.member;
    let owner = owner_of(tx, &reply.record.listing)?;
    let side = |by: &Holder| side_of(&requester, owner.as_ref(), &by.member);
    let told = told(&row, side);
    let life = life::life(&told, now);
    let agreement = life::in_force(&told).first().map(|(agreed, _)| agreed.id);
    let of_sides = || row.proposals.iter().filter(|it| it.counts && side(&it.by).is_some());
    let set_aside: BTreeSet<EntryHash> =
        of_sides().flat_map(|it| it.record.over.iter().copied()).collect();
    let is_open = |it: &Said<Proposal>| {
        let moves = agreement.is_none_or(|agreement| it.record.over.contains(&agreement));
        moves && !set_aside.contains(&it.entry.hash) && life.agreed != Some(it.entry.hash)
    };
    let mut proposals: Vec<ProposalView> = of_sides()
        .filter_map(|it| {
            Some(ProposalView {
                id: it.entry.hash,
                side: side(&it.by)?,
                at: it.record.at,
                interval: it.record.interval,
                fee: it.record.fee,
                text: it.record.text.clone(),
                agreed: life.agreed == Some(it.entry.hash),
                is_open: is_open(it),
            })
        })
        .collect();
    proposals.sort_unstable_by_key(|it| (it.at, it.id));
    let steps = row.steps.iter().filter(|it| it.counts && side(&it.by).is_some());
    let with_text = steps.filter(|it| !it.record.text.is_empty());
    let last = with_text.max_by_key(|it| (it.record.at, it.entry.hash));
    Ok(Some(ServiceView {
        booking: *booking,
        listing: reply.record.listing,
        requester,
        owner,
        series: reply.record.series,
        helper: if reply.record.helps { Side::Requester } else { Side::Owner },
        wish: reply.record.fee,
        note: reply.record.text.clone(),
        life,
        proposals,
        text: last.map(|it| it.record.text.clone()).unwrap_or_default(),
        delivery: delivery(tx, &row, viewer)?,
        history: history(&row, side),
    }))
}

/// What each side said, as the life is told it.
fn told(row: &ServiceRow, side: impl Fn(&Holder) -> Option<Side>) -> Told {
    let proposals = row.proposals.iter().filter(|it| it.counts).filter_map(|it| {
        let interval = it.record.interval;
        Some(life::Proposed { id: it.entry.hash, side: side(&it.by)?, interval })
    });
    let agreements = row.agreements.iter().filter(|it| it.counts).filter_map(|it| {
        let side = side(&it.by)?;
        let (proposal, over) = (it.record.proposal, it.record.over.clone());
        Some(life::Agreed { id: it.entry.hash, side, proposal, over })
    });
    let said = row.steps.iter().filter(|it| it.counts).filter_map(|it| {
        Some(life::Said { kind: it.record.kind, side: side(&it.by)?, at: it.record.at })
    });
    Told { proposals: proposals.collect(), agreements: agreements.collect(), said: said.collect() }
}

/// All records of a deal that count, whoever wrote them: entry, author, claimed time, what.
fn acts(row: &ServiceRow) -> Vec<HistoryEntry> {
    fn of<R>(
        said: &[Said<R>],
        tell: impl Fn(&R) -> (Instant, Deed),
    ) -> impl Iterator<Item = HistoryEntry> {
        said.iter().filter(|it| it.counts).map(move |it| {
            let (at, deed) = tell(&it.record);
            HistoryEntry { act: it.entry.hash, by: it.by, at, deed }
        })
    }
    let mut acts: Vec<HistoryEntry> = Vec::new();
    acts.extend(row.reply().filter(|it| it.counts).map(|it| HistoryEntry {
        act: it.entry.hash,
        by: it.by,
        at: it.record.at,
        deed: Deed::Answered,
    }));
    let mut later: Vec<HistoryEntry> = of(&row.proposals, |record| (record.at, Deed::Proposed))
        .chain(of(&row.agreements, |record| (record.at, Deed::Agreed)))
        .chain(of(&row.steps, |record| (record.at, Deed::Said(record.kind))))
        .collect();
    later.sort_unstable_by_key(|line| (line.at, line.act));
    acts.extend(later);
    acts
}

fn history(row: &ServiceRow, side: impl Fn(&Holder) -> Option<Side>) -> Vec<HistoryEntry> {
    let mut lines = acts(row);
    lines.retain(|line| side(&line.by).is_some());
    lines
}

/// What the two sides of a deal told each other, as its life is told it.
pub fn told_of(tx: &Tx<'_>, row: &ServiceRow) -> Result<Told, RowsError> {
    let Some(reply) = row.reply().filter(|reply| reply.counts) else {
        return Ok(Told::default());
    };
    let owner = owner_of(tx, &reply.record.listing)?;
    Ok(told(row, |by| side_of(&reply.by.member, owner.as_ref(), &by.member)))
}

/// How far the viewer's last act got.
fn delivery(tx: &Tx<'_>, row: &ServiceRow, viewer: &MemberId) -> Result<Delivery, RowsError> {
    let acts = acts(row);
    let mine = acts.iter().filter(|line| line.by.member == *viewer);
    let Some(last) = mine.max_by_key(|line| (line.at, line.act)) else {
        return Ok(Delivery::Received);
    };
    let theirs = row.agreements.iter().filter(|it| it.by.member != *viewer);
    let named: Vec<EntryHash> = theirs.map(|it| it.record.proposal).collect();
    delivery_of(tx, &last.act, viewer, &named)
}

/// What others than `me` wrote about a deal that counts: what a receipt is owed for.
pub fn theirs(
    tx: &Tx<'_>,
    booking: &BookingId,
    me: &MemberId,
) -> Result<Vec<EntryHash>, RowsError> {
    let Some(row) = tx.row::<Services>(booking)? else { return Ok(Vec::new()) };
    let Some(reply) = row.reply().filter(|reply| reply.counts) else { return Ok(Vec::new()) };
    let owner = owner_of(tx, &reply.record.listing)?;
    if side_of(&reply.by.member, owner.as_ref(), me).is_none() {
        return Ok(Vec::new());
    }
    let side = |by: &Holder| side_of(&reply.by.member, owner.as_ref(), &by.member);
    let lines = history(&row, side).into_iter();
    Ok(lines.filter(|line| line.by.member != *me).map(|line| line.act).collect())
}
