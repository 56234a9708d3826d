//! Where a deal about help stands between its two sides.
//!
//! # Which time counts
//! An agreement counts where it names a proposal of the *other* side. It replaces the
//! agreements it names as `over`: those its writer knew. Of several that none of the rest
//! replaces (both agreed at once to what the other had proposed, or one side agreed on two
//! devices), the one with the earlier start counts, then the earlier end, then the smaller
//! hash of the proposal and of the agreement. Both sides consented to each of them, and
//! nobody misses the one that comes first; the other can be proposed anew.

use serde::{Deserialize, Serialize};

use super::records::StepKind;
use crate::booking::lifecycle::{Side, Word};
use crate::keys::EntryHash;
use crate::time::{Instant, Interval};

/// What only one side calls done stands after so long without another word.
pub const SILENCE_MS: i64 = 7 * Instant::DAY_MS;
/// What nobody said anything about is no longer asked after, so long after its end.
pub(super) const FORGOTTEN_MS: i64 = 30 * Instant::DAY_MS;

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Somebody answered, and no time was proposed.
    Answered,
    /// A time was proposed, and none is agreed.
    Proposed,
    /// A time is agreed.
    Agreed,
    /// Its time has passed, and neither side said anything.
    Due,
    /// One side says that it was done.
    Done,
    /// Over: both say so, or nobody spoke against it for seven days.
    Closed,
    /// Its time passed long ago, and neither side ever said anything.
    Lapsed,
    /// The owner said no.
    Declined,
    /// Whoever answered took it back.
    Withdrawn,
    /// What was agreed was called off.
    Cancelled,
    /// The two sides say different things.
    Disputed,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Answered,
        Self::Proposed,
        Self::Agreed,
        Self::Due,
        Self::Done,
        Self::Closed,
        Self::Lapsed,
        Self::Declined,
        Self::Withdrawn,
        Self::Cancelled,
        Self::Disputed,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Proposed => "proposed",
            Self::Agreed => "agreed",
            Self::Due => "due",
            Self::Done => "done",
            Self::Closed => "closed",
            Self::Lapsed => "lapsed",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Cancelled => "cancelled",
            Self::Disputed => "disputed",
        }
    }
}

/// A time that a side proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proposed {
    /// Its entry.
    pub id: EntryHash,
    /// By which side.
    pub side: Side,
    /// When.
    pub interval: Interval,
}

/// A side agreed to a proposal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Agreed {
    /// Its entry.
    pub id: EntryHash,
    /// Which side.
    pub side: Side,
    /// The proposal it names.
    pub proposal: EntryHash,
    /// Agreements it replaces.
    pub over: Vec<EntryHash>,
}

/// Something else that a side said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// What.
    pub kind: StepKind,
    /// By which side.
    pub side: Side,
    /// When, as claimed.
    pub at: Instant,
}

/// All that the two sides told each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Times that were proposed.
    pub proposals: Vec<Proposed>,
    /// What was agreed to.
    pub agreements: Vec<Agreed>,
    /// All else.
    pub said: Vec<Said>,
}

/// The agreements that none of the others replaces, with the proposal each names; the one
/// that counts first.
pub fn in_force(told: &Told) -> Vec<(&Agreed, Proposed)> {
    let named = |it: &Agreed| {
        let of = |proposal: &&Proposed| proposal.id == it.proposal && proposal.side != it.side;
        told.proposals.iter().find(of).copied()
    };
    let valid: Vec<(&Agreed, Proposed)> =
        told.agreements.iter().filter_map(|it| Some((it, named(it)?))).collect();
    let is_replaced = |id: &EntryHash| valid.iter().any(|(other, _)| other.over.contains(id));
    let mut heads: Vec<_> = valid.iter().filter(|(it, _)| !is_replaced(&it.id)).copied().collect();
    heads.sort_unstable_by_key(|(it, proposal)| {
        (proposal.interval.start, proposal.interval.end, proposal.id, it.id)
    });
    heads.dedup_by_key(|(it, _)| it.id);
    heads
}

/// Where a deal stands, and what each side said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// Where it stands.
    pub stage: Stage,
    /// The proposal that is agreed.
    pub agreed: Option<EntryHash>,
    /// When it is for, once that is agreed.
    pub interval: Option<Interval>,
    /// Who says that it was done.
    pub done: Word,
    /// Who ended it before it was done.
    pub ended: Word,
    /// When the stage changes by itself.
    pub changes_at: Option<Instant>,
}

/// Where a deal stands at `now`, by all that was said.
pub fn life(told: &Told, now: Instant) -> Life {
    let word = |kinds: &[StepKind]| {
        let of = |side: Side| {
            let by = told.said.iter().filter(|it| it.side == side && kinds.contains(&it.kind));
            by.map(|it| it.at).min()
        };
        Word { requester: of(Side::Requester), owner: of(Side::Owner) }
    };
    let done = word(&[StepKind::DONE]);
    let ended = word(&[StepKind::DECLINED, StepKind::WITHDRAWN, StepKind::CANCELLED]);
    let at = |stage, changes_at| (stage, changes_at);
    let agreed = in_force(told).first().map(|(_, proposal)| *proposal);
    let (stage, changes_at) = match agreed {
        None if ended.requester.is_some() => at(Stage::Withdrawn, None),
        None if ended.owner.is_some() => at(Stage::Declined, None),
        None if told.proposals.is_empty() => at(Stage::Answered, None),
        None => at(Stage::Proposed, None),
        Some(Proposed { interval, .. }) => {
            // One called it off, and the other says that it was done.
            let quarrel = word(&[StepKind::DISPUTED]).is_said()
                || (ended.requester.is_some() && done.owner.is_some())
                || (ended.owner.is_some() && done.requester.is_some());
            if quarrel {
                let settled = word(&[StepKind::SETTLED]).is_agreed();
                at(if settled { Stage::Closed } else { Stage::Disputed }, None)
            } else if ended.is_said() {
                at(Stage::Cancelled, None)
            } else if done.is_agreed() {
                at(Stage::Closed, None)
            } else if let Some(last) = done.last() {
                until(Stage::Done, last.max(interval.start).plus_ms(SILENCE_MS), Stage::Closed, now)
            } else {
                let end = interval.end.unwrap_or(interval.start);
                let forgotten = end.plus_ms(FORGOTTEN_MS);
                if end <= now {
                    until(Stage::Due, forgotten, Stage::Lapsed, now)
                } else {
                    at(Stage::Agreed, Some(end))
                }
            }
        }
    };
    Life {
        stage,
        agreed: agreed.map(|proposal| proposal.id),
        interval: agreed.map(|proposal| proposal.interval),
        done,
        ended,
        changes_at,
    }
}

/// One stage until an instant, another from then on.
fn until(first: Stage, at: Instant, then: Stage, now: Instant) -> (Stage, Option<Instant>) {
    if at <= now { (then, None) } else { (first, Some(at)) }
}
