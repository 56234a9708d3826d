//! Where a booking stands between its two sides.

use serde::{Deserialize, Serialize};

use crate::booking::records::StepKind;
use crate::time::{Instant, Interval};

/// A return that only one side told stands after so long without another word; so does a
/// no-show, and the end of a booking of which nobody said anything.
pub const SILENCE_MS: i64 = 7 * Instant::DAY_MS;

/// A side of a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Whoever asked.
    Requester,
    /// The owner, and whoever decides beside him.
    Owner,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Requester, Self::Owner];

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Requester => Self::Owner,
            Self::Owner => Self::Requester,
        }
    }
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It holds, and nothing was said yet.
    Booked,
    /// It was handed over.
    HandedOver,
    /// It was handed over, and its end has passed.
    Overdue,
    /// One side says that it is back.
    Returned,
    /// Its end has passed, and neither side said anything.
    Ended,
    /// Nobody came for it.
    NoShow,
    /// It is lost.
    Lost,
    /// The two sides say different things.
    Disputed,
    /// Over: both say so, or nobody spoke against it for seven days.
    Closed,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Booked,
        Self::HandedOver,
        Self::Overdue,
        Self::Returned,
        Self::Ended,
        Self::NoShow,
        Self::Lost,
        Self::Disputed,
        Self::Closed,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::HandedOver => "handed_over",
            Self::Overdue => "overdue",
            Self::Returned => "returned",
            Self::Ended => "ended",
            Self::NoShow => "no_show",
            Self::Lost => "lost",
            Self::Disputed => "disputed",
            Self::Closed => "closed",
        }
    }
}

/// Something a side said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    /// What.
    pub kind: StepKind,
    /// By which side.
    pub side: Side,
    /// When, as claimed.
    pub at: Instant,
}

/// When each side said something first, as claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Word {
    /// Whoever asked.
    pub requester: Option<Instant>,
    /// The owner's side.
    pub owner: Option<Instant>,
}

impl Word {
    fn of(kind: StepKind, said: &[Said]) -> Self {
        let first = |side: Side| {
            said.iter().filter(|it| it.kind == kind && it.side == side).map(|it| it.at).min()
        };
        Self { requester: first(Side::Requester), owner: first(Side::Owner) }
    }

    /// That of one side.
    pub const fn by(&self, side: Side) -> Option<Instant> {
        match side {
            Side::Requester => self.requester,
            Side::Owner => self.owner,
        }
    }

    /// Whether either said it.
    pub const fn is_said(&self) -> bool {
        self.requester.is_some() || self.owner.is_some()
    }

    /// Whether both did.
    pub const fn is_agreed(&self) -> bool {
        self.requester.is_some() && self.owner.is_some()
    }

    /// When it was said last, of the two.
    pub(crate) fn last(&self) -> Option<Instant> {
        self.requester.max(self.owner)
    }
}

/// Where a booking stands between its two sides, and what each said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// Where it stands.
    pub stage: Stage,
    /// When it is for.
    pub interval: Interval,
    /// Who says that it was handed over.
    pub handed_over: Word,
    /// Who says that it came back.
    pub returned: Word,
    /// Who says that it is damaged.
    pub damaged: Word,
    /// When the stage changes by itself.
    pub changes_at: Option<Instant>,
}

/// Where a booking that holds stands at `now`, by all that was said.
pub fn life(interval: &Interval, said: &[Said], now: Instant) -> Life {
    let word = |kind| Word::of(kind, said);
    let (handed_over, returned) = (word(StepKind::HAND_OVER), word(StepKind::RETURN));
    let (lost, no_show) = (word(StepKind::LOST), word(StepKind::NO_SHOW));
    let quarrel = word(StepKind::DISPUTED).is_said()
        // He never came, and he has it; it is back, and it is lost.
        || (no_show.owner.is_some() && (handed_over.requester.is_some() || returned.requester.is_some()))
        || (lost.owner.is_some() && returned.requester.is_some() && returned.owner.is_none());
    let is_over = interval.end.is_some_and(|end| end <= now);
    // A stage, until silence closes it.
    let until_silence = |stage: Stage, since: Instant| {
        let closes = since.max(interval.start).plus_ms(SILENCE_MS);
        if closes <= now { (Stage::Closed, None) } else { (stage, Some(closes)) }
    };
    let (stage, changes_at) = if quarrel {
        let settled = word(StepKind::SETTLED).is_agreed();
        (if settled { Stage::Closed } else { Stage::Disputed }, None)
    } else if returned.is_agreed() {
        (Stage::Closed, None)
    } else if let Some(at) = returned.last() {
        until_silence(Stage::Returned, at)
    } else if lost.is_said() {
        let settled = word(StepKind::SETTLED).is_agreed();
        (if settled { Stage::Closed } else { Stage::Lost }, None)
    } else if handed_over.is_said() {
        if is_over { (Stage::Overdue, None) } else { (Stage::HandedOver, interval.end) }
    } else if let Some(at) = no_show.owner {
        until_silence(Stage::NoShow, at)
    } else {
        match interval.end {
            Some(end) if is_over => until_silence(Stage::Ended, end),
            end => (Stage::Booked, end),
        }
    };
    let damaged = word(StepKind::DAMAGED);
    Life { stage, interval: *interval, handed_over, returned, damaged, changes_at }
}
