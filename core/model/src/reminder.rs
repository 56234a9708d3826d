//! Reminders: what a phone tells its person, and when. A pure function of what the person
//! sees, of `now` and of a window; nothing is written, nothing is remembered.
//!
//! Invariants: one reminder for a deal and a kind, under one id, so that one that moved
//! (another end, another time) takes the place of the one before; nothing of what is over,
//! refused or said already; what is told in a window is told in every longer one.

use crate::booking::lifecycle::{Side, Stage};
use crate::booking::{Became, BookingView, Status};
use crate::keys::{BookingId, DocId, MemberId};
use crate::service::{ServiceView, Stage as ServiceStage};
use crate::time::{Instant, Interval};

/// So long before something begins or is brought back it is told.
pub const LEAD_MS: i64 = 60 * 60_000;
/// So long before the end that a notice names it is told.
pub const NOTICE_LEAD_MS: i64 = 7 * Instant::DAY_MS;
/// Of what has no end, a hand-over that nobody told is asked for so long.
const HAND_OVER_MS: i64 = 7 * Instant::DAY_MS;
/// Longest window that is looked at.
pub const WINDOW_MS: i64 = 366 * Instant::DAY_MS;
/// Most reminders of one window.
pub const REMINDERS: usize = 1_000;

/// What it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReminderKind {
    /// What this person booked begins.
    StartsSoon,
    /// Somebody comes for what is this person's.
    HandOver,
    /// What this person has is to be brought back.
    ReturnDue,
    /// It was to be back.
    Overdue,
    /// It ends by notice.
    NoticeEnds,
    /// Somebody asks, and this person may answer.
    Question,
    /// Somebody asks for another end, and this person may answer.
    EndQuestion,
    /// What this person waits for and was offered goes to the next one.
    OfferRunsOut,
    /// Help was agreed for then.
    HelpSoon,
    /// Its time is over: it can be said that it was done.
    HelpDone,
}

impl ReminderKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::StartsSoon,
        Self::HandOver,
        Self::ReturnDue,
        Self::Overdue,
        Self::NoticeEnds,
        Self::Question,
        Self::EndQuestion,
        Self::OfferRunsOut,
        Self::HelpSoon,
        Self::HelpDone,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::StartsSoon => "starts_soon",
            Self::HandOver => "hand_over",
            Self::ReturnDue => "return_due",
            Self::Overdue => "overdue",
            Self::NoticeEnds => "notice_ends",
            Self::Question => "question",
            Self::EndQuestion => "end_question",
            Self::OfferRunsOut => "offer_runs_out",
            Self::HelpSoon => "help_soon",
            Self::HelpDone => "help_done",
        }
    }
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reminder {
    /// What.
    pub kind: ReminderKind,
    /// Of which deal.
    pub booking: BookingId,
    /// Of which listing.
    pub listing: DocId,
    /// From when it is to be told; past: now.
    pub at: Instant,
    /// From when it is not to be told any more; none: until something is said.
    pub until: Option<Instant>,
    /// The time that it is about, where it is about one.
    pub when: Option<Interval>,
}

impl Reminder {
    /// What a phone calls it: the same as long as it is the same reminder.
    pub fn id(&self) -> String {
        format!("{}.{}", self.booking, self.kind.code())
    }

    /// Whether it is to be told from `now` on, before `end`.
    fn is_due(&self, now: Instant, end: Instant) -> bool {
        self.at < end && self.until.is_none_or(|until| until > now)
    }
}

/// What is due of a booking that `me` is a party of.
pub fn of_booking(view: &BookingView, me: &MemberId, now: Instant, end: Instant) -> Vec<Reminder> {
    let side = match view.requester == Some(*me) {
        true => Side::Requester,
        false => Side::Owner,
    };
    let Interval { start, end: ends } = view.interval;
    let mut found = Vec::new();
    let mut tell = |kind, at, until| {
        let (booking, listing) = (view.booking, view.listing);
        let when = Some(view.interval);
        found.push(Reminder { kind, booking, listing, at, until, when });
    };
    if view.status == Status::Requested && side == Side::Owner {
        let asked = view.history.first().map_or(now, |line| line.at);
        tell(ReminderKind::Question, asked, Some(start));
    }
    let stage = view.life.map(|life| life.stage);
    match stage.filter(|_| view.status == Status::Confirmed) {
        Some(Stage::Booked) if side == Side::Requester => {
            tell(ReminderKind::StartsSoon, start.plus_ms(-LEAD_MS), Some(start));
        }
        Some(Stage::Booked) => {
            let last = start.plus_ms(HAND_OVER_MS);
            let until = ends.map_or(last, |end| end.min(last));
            tell(ReminderKind::HandOver, start.plus_ms(-LEAD_MS), Some(until));
        }
        Some(Stage::HandedOver) => {
            if let Some(end) = ends {
                if side == Side::Requester {
                    // Of what is had for less than the lead, once it began.
                    tell(ReminderKind::ReturnDue, end.plus_ms(-LEAD_MS).max(start), Some(end));
                }
                tell(ReminderKind::Overdue, end, None);
            }
        }
        Some(Stage::Overdue) => tell(ReminderKind::Overdue, ends.unwrap_or(start), None),
        _ => {}
    }
    let goes_on = matches!(stage, Some(Stage::Booked | Stage::HandedOver));
    if let Some(notice) = view.notice.as_ref().filter(|notice| notice.took && goes_on) {
        tell(ReminderKind::NoticeEnds, notice.end.plus_ms(-NOTICE_LEAD_MS), Some(notice.end));
    }
    let asked = view.asked_end.as_ref().filter(|asked| asked.became == Became::Open);
    if let Some(asked) = asked.filter(|_| side == Side::Owner) {
        tell(ReminderKind::EndQuestion, asked.at, None);
    }
    let offer = view.offer.as_ref().filter(|it| it.is_running(now) && side == Side::Requester);
    if let Some(offer) = offer.filter(|_| view.status == Status::Offered) {
        tell(ReminderKind::OfferRunsOut, offer.until.plus_ms(-LEAD_MS), Some(offer.until));
    }
    found.retain(|reminder| reminder.is_due(now, end));
    found
}

/// What is due of help that `side` is a side of.
pub fn of_service(view: &ServiceView, side: Side, now: Instant, end: Instant) -> Vec<Reminder> {
    let mut found = Vec::new();
    let mut tell = |kind, at, until, when| {
        let (booking, listing) = (view.booking, view.listing);
        found.push(Reminder { kind, booking, listing, at, until, when });
    };
    if view.waits_for(side, now) {
        let proposed = view.open_to(side, now);
        let asked = view.history.first().map_or(now, |line| line.at);
        let at = proposed.map_or(asked, |it| it.at);
        let when = proposed.map(|it| it.interval);
        tell(ReminderKind::Question, at, when.and_then(|it| it.end), when);
    }
    if let Some(agreed) = view.life.interval {
        let ends = agreed.end.unwrap_or(agreed.start);
        match view.life.stage {
            ServiceStage::Agreed => {
                let start = agreed.start;
                tell(ReminderKind::HelpSoon, start.plus_ms(-LEAD_MS), Some(start), Some(agreed));
                tell(ReminderKind::HelpDone, ends, None, Some(agreed));
            }
            ServiceStage::Due => tell(ReminderKind::HelpDone, ends, None, Some(agreed)),
            _ => {}
        }
    }
    found.retain(|reminder| reminder.is_due(now, end));
    found
}

/// All of them, by when they are told; at most [`REMINDERS`].
pub fn in_order(mut all: Vec<Reminder>) -> Vec<Reminder> {
    all.sort_unstable_by_key(|it| (it.at, it.booking, it.kind));
    all.truncate(REMINDERS);
    all
}

#[cfg(test)]
mod tests;
