//! Who may say what of a service, from which stage, and when.

use super::life::{FORGOTTEN_MS, Life, Stage};
use super::records::StepKind;
use crate::booking::lifecycle::{Side, Sides, StepError, Until};
use crate::time::Instant;

/// What a side can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Move {
    /// Propose a time.
    Propose,
    /// Agree to a time that the other side proposed.
    Agree,
    /// Say something.
    Say(StepKind),
}

impl Move {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Propose,
        Self::Agree,
        Self::Say(StepKind::DECLINED),
        Self::Say(StepKind::WITHDRAWN),
        Self::Say(StepKind::CANCELLED),
        Self::Say(StepKind::DONE),
        Self::Say(StepKind::DISPUTED),
        Self::Say(StepKind::SETTLED),
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Propose => "proposed",
            Self::Agree => "agreed",
            Self::Say(kind) => kind.code(),
        }
    }
}

/// One thing that may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What.
    pub what: Move,
    /// By whom.
    pub by: Sides,
    /// From which stages.
    pub from: &'static [Stage],
    /// Not before so long after the agreed start, in milliseconds; none: at any time.
    pub after_start_ms: Option<i64>,
    /// Until when, after the agreed end.
    pub until: Until,
    /// Whether one side may do it again.
    pub repeats: bool,
}

use Stage::{Agreed, Answered, Cancelled, Closed, Disputed, Done, Due, Proposed};

/// What may be done. A time that is agreed can be moved by agreeing to another.
pub const RULES: [Rule; 8] = [
    Rule {
        what: Move::Propose,
        by: Sides::Either,
        from: &[Answered, Proposed, Agreed, Due],
        after_start_ms: None,
        until: Until::Ever,
        repeats: true,
    },
    Rule {
        what: Move::Agree,
        by: Sides::Either,
        from: &[Proposed, Agreed, Due],
        after_start_ms: None,
        until: Until::Ever,
        repeats: true,
    },
    Rule {
        what: Move::Say(StepKind::DECLINED),
        by: Sides::Only(Side::Owner),
        from: &[Answered, Proposed],
        after_start_ms: None,
        until: Until::Ever,
        repeats: false,
    },
    Rule {
        what: Move::Say(StepKind::WITHDRAWN),
        by: Sides::Only(Side::Requester),
        from: &[Answered, Proposed],
        after_start_ms: None,
        until: Until::Ever,
        repeats: false,
    },
    Rule {
        what: Move::Say(StepKind::CANCELLED),
        by: Sides::Either,
        from: &[Agreed, Due],
        after_start_ms: None,
        until: Until::Ever,
        repeats: false,
    },
    Rule {
        what: Move::Say(StepKind::DONE),
        by: Sides::Either,
        from: &[Agreed, Due, Done],
        after_start_ms: Some(0),
        until: Until::AfterEnd(FORGOTTEN_MS),
        repeats: false,
    },
    Rule {
        what: Move::Say(StepKind::DISPUTED),
        by: Sides::Either,
        from: &[Done, Cancelled, Closed],
        after_start_ms: None,
        until: Until::AfterEnd(FORGOTTEN_MS),
        repeats: false,
    },
    Rule {
        what: Move::Say(StepKind::SETTLED),
        by: Sides::Either,
        from: &[Disputed],
        after_start_ms: None,
        until: Until::Ever,
        repeats: false,
    },
];

/// Whether a side may do something now. `before`: whether it did before.
pub fn may(
    life: &Life,
    what: Move,
    side: Side,
    before: bool,
    now: Instant,
) -> Result<(), StepError<Stage>> {
    let rule = RULES.iter().find(|rule| rule.what == what);
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
    let Some(interval) = life.interval else { return Ok(()) };
    if let Some(after_ms) = rule.after_start_ms {
        let from = interval.start.plus_ms(after_ms);
        if now < from {
            return Err(StepError::TooEarly { from });
        }
    }
    if let (Until::AfterEnd(ms), Some(end)) = (rule.until, interval.end) {
        let until = end.plus_ms(ms);
        if now >= until {
            return Err(StepError::TooLate { until });
        }
    }
    Ok(())
}
