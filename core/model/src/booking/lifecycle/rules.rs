//! Who may say what, from which stage, and when.

use super::stage::{Life, Side, Stage};
use crate::booking::records::StepKind;
use crate::time::Instant;

const MINUTE_MS: i64 = 60_000;

/// Who may say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// Either.
    Either,
    /// One of them.
    Only(Side),
}

/// Until when it may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// As long as its stage lasts.
    Ever,
    /// So long after the end, in milliseconds; as long as it has none.
    AfterEnd(i64),
}

/// One thing that may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What.
    pub kind: StepKind,
    /// By whom.
    pub by: Sides,
    /// From which stages.
    pub from: &'static [Stage],
    /// Not before so long after the start, in milliseconds; before it where negative.
    pub after_start_ms: i64,
    /// Until when.
    pub until: Until,
    /// Whether one side may say it again.
    pub repeats: bool,
}

use Stage::{Booked, Closed, Disputed, Ended, HandedOver, Lost, NoShow, Overdue, Returned};

/// What may be said. A quarrel can begin thirty days after the end at the latest.
pub const RULES: [Rule; 10] = [
    Rule {
        kind: StepKind::HAND_OVER,
        by: Sides::Either,
        from: &[Booked, HandedOver, Overdue],
        after_start_ms: -Instant::DAY_MS,
        until: Until::Ever,
        repeats: false,
    },
    Rule {
        kind: StepKind::RETURN,
        by: Sides::Either,
        from: &[Booked, HandedOver, Overdue, Returned, Ended, Lost],
        after_start_ms: 0,
        until: Until::Ever,
        repeats: false,
    },
    Rule {
        kind: StepKind::NO_SHOW,
        by: Sides::Only(Side::Owner),
        from: &[Booked, Ended],
        after_start_ms: 30 * MINUTE_MS,
        until: Until::AfterEnd(7 * Instant::DAY_MS),
        repeats: false,
    },
    Rule {
        kind: StepKind::DAMAGED,
        by: Sides::Either,
        from: &[HandedOver, Overdue, Returned, Ended, Closed],
        after_start_ms: -Instant::DAY_MS,
        until: Until::AfterEnd(30 * Instant::DAY_MS),
        repeats: true,
    },
    Rule {
        kind: StepKind::LOST,
        by: Sides::Either,
        from: &[HandedOver, Overdue],
        after_start_ms: -Instant::DAY_MS,
        until: Until::Ever,
        repeats: false,
    },
    Rule {
        kind: StepKind::OCCUPIED,
        by: Sides::Only(Side::Requester),
        from: &[Booked, HandedOver],
        after_start_ms: -15 * MINUTE_MS,
        until: Until::AfterEnd(0),
        repeats: true,
    },
    Rule {
        kind: StepKind::OVERSTAY,
        by: Sides::Only(Side::Owner),
        from: &[Overdue, Ended],
        after_start_ms: 0,
        until: Until::AfterEnd(30 * Instant::DAY_MS),
        repeats: true,
    },
    Rule {
        kind: StepKind::DISPUTED,
        by: Sides::Either,
        from: &[Returned, Ended, NoShow, Lost, Closed],
        after_start_ms: 0,
        until: Until::AfterEnd(30 * Instant::DAY_MS),
        repeats: false,
    },
    Rule {
        kind: StepKind::SETTLED,
        by: Sides::Either,
        from: &[Disputed, Lost],
        after_start_ms: -Instant::DAY_MS,
        until: Until::Ever,
        repeats: false,
    },
    Rule {
        kind: StepKind::NOT_BACK,
        by: Sides::Only(Side::Owner),
        from: &[Booked],
        after_start_ms: -Instant::DAY_MS,
        until: Until::AfterEnd(0),
        repeats: true,
    },
];

/// Why something cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError<S = Stage> {
    /// It is the other side's to say.
    #[error("the other side says that")]
    OtherSide,
    /// Not from where the deal stands.
    #[error("not from where it stands")]
    Stage(S),
    /// This side said so before.
    #[error("that was said before")]
    Said,
    /// Too early.
    #[error("too early")]
    TooEarly {
        /// From when on it may be said.
        from: Instant,
    },
    /// Too late.
    #[error("too late")]
    TooLate {
        /// Until when it could be.
        until: Instant,
    },
}

impl<S> StepError<S> {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherSide => "booking.step.other_side",
            Self::Stage(_) => "booking.step.stage",
            Self::Said => "booking.step.said",
            Self::TooEarly { .. } => "booking.step.too_early",
            Self::TooLate { .. } => "booking.step.too_late",
        }
    }
}

/// Whether a side may say something now. `before`: whether it said so before.
pub fn may(
    life: &Life,
    kind: StepKind,
    side: Side,
    before: bool,
    now: Instant,
) -> Result<(), StepError> {
    let rule = RULES.iter().find(|rule| rule.kind == kind);
    let rule = rule.ok_or(StepError::Stage(life.stage))?;
    if rule.by == Sides::Only(side.other()) {
        return Err(StepError::OtherSide);
    }
    if before && !rule.repeats {
        return Err(StepError::Said);
    }
    if !rule.from.contains(&life.stage) {
        return Err(StepError::Stage(life.stage));
    }
    let from = life.interval.start.plus_ms(rule.after_start_ms);
    if now < from {
        return Err(StepError::TooEarly { from });
    }
    if let (Until::AfterEnd(ms), Some(end)) = (rule.until, life.interval.end) {
        let until = end.plus_ms(ms);
        if now >= until {
            return Err(StepError::TooLate { until });
        }
    }
    Ok(())
}
