//! Prose about a request that is open: what whoever decides is to know, and whoever asked.

use super::style::View;
use crate::answer::{Booking, BookingStatus, TextAccepted};

pub(super) fn of_booking(it: &Booking, view: &View<'_>) -> String {
    if !matches!(it.status, BookingStatus::Requested | BookingStatus::Displaced) {
        return String::new();
    }
    let text = match it.text_accepted {
        TextAccepted::NotAsked => return String::new(),
        TextAccepted::Current => "text-accepted-current",
        TextAccepted::Other => "text-accepted-other",
        TextAccepted::Missing => "text-accepted-missing",
    };
    format!("  {}\n", view.get(text))
}
