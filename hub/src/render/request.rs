//! Prose about a request that is open: what whoever decides is to know, and whoever asked.

use super::style::View;
use crate::answer::{Booking, BookingStatus, Footing, TextAccepted};

pub(super) fn of_booking(it: &Booking, view: &View<'_>) -> String {
    if !matches!(it.status, BookingStatus::Requested | BookingStatus::Displaced) {
        return String::new();
    }
    let text = match it.text_accepted {
        TextAccepted::NotAsked => None,
        TextAccepted::Current => Some("text-accepted-current"),
        TextAccepted::Other => Some("text-accepted-other"),
        TextAccepted::Missing => Some("text-accepted-missing"),
    };
    let who = it.footing.as_ref().map(|who| footing(who, view));
    let lines = who.into_iter().chain(text.map(|text| view.get(text)));
    lines.map(|line| format!("  {line}\n")).collect()
}

/// What whoever asks is to the place.
fn footing(it: &Footing, view: &View<'_>) -> String {
    let near = view.get(match it.tier.as_str() {
        "building" => "footing-building",
        "landlord" => "footing-landlord",
        _ => "footing-outside",
    });
    match it.served {
        true => near,
        false => format!("{near} {}", view.bad(&view.get("footing-not-served"))),
    }
}

/// Who may ask, where not everybody may.
pub(super) fn open_to(code: &str, view: &View<'_>) -> String {
    match code {
        "building" => view.get("open-to-building"),
        "landlord" => view.get("open-to-landlord"),
        "nobody" => view.get("open-to-nobody"),
        _ => String::new(),
    }
}
