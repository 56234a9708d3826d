//! What is due in the next days.

use palier_model::reminder::{Reminder as Found, ReminderKind as Kind};

use super::Opened;
use super::bookings::title_of;
use crate::answer::{List, Reminder, ReminderKind, When};
use crate::backend::Scope;
use crate::errors::Result;

impl Opened {
    /// What a phone is to tell; in which words is said where the answer is shown.
    pub(super) async fn due(&self, scope: &Scope, within_ms: i64) -> Result<List<Reminder>> {
        let hood = self.hood_of(scope).await?;
        let zone = self.zone_of(hood).await?;
        let found: Vec<(Found, String)> = self
            .look(hood, move |replica, tx, now| {
                let mut named = Vec::new();
                for reminder in replica.reminders(tx, now, within_ms)? {
                    let title = title_of(tx, &reminder.listing)?;
                    named.push((reminder, title));
                }
                Ok(named)
            })
            .await?;
        let shown = found.into_iter().map(|(it, listing_title)| Reminder {
            id: it.id(),
            kind: kind(it.kind),
            at: When::new(it.at, &zone),
            until: it.until.map(|until| When::new(until, &zone)),
            booking: it.booking.into(),
            listing: it.listing.into(),
            listing_title,
            start: it.when.map(|when| When::new(when.start, &zone)),
            end: it.when.and_then(|when| when.end).map(|end| When::new(end, &zone)),
            title: String::new(),
        });
        Ok(List { items: shown.collect(), next: None })
    }
}

const fn kind(kind: Kind) -> ReminderKind {
    match kind {
        Kind::StartsSoon => ReminderKind::StartsSoon,
        Kind::HandOver => ReminderKind::HandOver,
        Kind::ReturnDue => ReminderKind::ReturnDue,
        Kind::Overdue => ReminderKind::Overdue,
        Kind::NoticeEnds => ReminderKind::NoticeEnds,
        Kind::Question => ReminderKind::Question,
        Kind::EndQuestion => ReminderKind::EndQuestion,
        Kind::OfferRunsOut => ReminderKind::OfferRunsOut,
        Kind::HelpSoon => ReminderKind::HelpSoon,
        Kind::HelpDone => ReminderKind::HelpDone,
    }
}
