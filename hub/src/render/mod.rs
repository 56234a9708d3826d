//! What people read for each answer.
//!
//! Pure: an answer in, a text out. Whatever a neighbour wrote passes [`plain`], so
//! that nobody's title can move the cursor or colour of somebody's terminal.

mod calendar;
mod credit;
mod deal;
mod ends;
mod group;
mod machine;
mod people;
mod reminder;
mod request;
mod series;
mod service;
mod sharing;
mod style;
mod table;
mod when;
mod words;

pub use machine::{run_event, stage};
pub use reminder::worded;
pub use style::{View, plain};
pub use when::alternatives;
pub use words::words_of;

use crate::answer::Answer;

/// The text for an answer.
pub fn prose(answer: &Answer, view: &View<'_>) -> String {
    if view.quiet
        && let Some(text) = terse(answer)
    {
        return text;
    }
    match answer {
        Answer::Saved(it) => view.with("saved", [("id", style::short(&it.id).into())]),
        Answer::Init(it) => machine::init(it, view),
        Answer::Welcome(it) => machine::welcome(it, view),
        Answer::Status(it) => machine::status(it, view),
        Answer::Sync(it) => machine::sync(it, view),
        Answer::Doctor(it) => machine::doctor(it, view),
        Answer::Demo(it) => machine::demo(it, view),
        Answer::BundleExported(it) => machine::exported(it, view),
        Answer::BundleImported(it) => machine::imported(it, view),
        Answer::Completions(it) => it.script.clone(),
        Answer::Help(it) => it.help.clone(),
        Answer::Version(it) => format!("palier {}", it.version),
        Answer::Schemas(_) => answer.to_json().unwrap_or_default(),
        Answer::Hoods(it) => people::hoods(&it.items, view),
        Answer::Hood(it) => people::hood(it, view),
        Answer::Sheet(it) => people::sheet(it, view),
        Answer::Invitation(it) => people::invitation(it, view),
        Answer::Invitations(it) => people::invitations(&it.items, view),
        Answer::Joined(it) => people::joined(it, view),
        Answer::Members(it) => people::members(it, view),
        Answer::Member(it) => people::member(it, view),
        Answer::Groups(it) => group::groups(&it.items, view),
        Answer::Group(it) => group::group(it, view),
        Answer::Devices(it) => people::devices(&it.items, view),
        Answer::DeviceLink(it) => people::device_link(it, view),
        Answer::Recovered(it) => people::recovered(it, view),
        Answer::Profile(it) => people::profile(it, view),
        Answer::Listings(it) => sharing::listings(it, view),
        Answer::SavedSearches(it) => sharing::saved_searches(&it.items, view),
        Answer::ListingDetail(it) => sharing::listing(it, view),
        Answer::PhotoAdded(it) => view.with("photo-added", [("id", style::short(&it.id).into())]),
        Answer::PhotoFile(it) => {
            view.with("photo-file", [("file", plain(&it.file).into()), ("bytes", it.bytes.into())])
        }
        Answer::TermsSaved(it) => calendar::terms_saved(it, view),
        Answer::Calendar(it) => calendar::month(it, view),
        Answer::FreeSlots(it) => calendar::slots(&it.items, view),
        Answer::FreeResources(it) => calendar::resources(&it.items, view),
        Answer::Quote(it) => calendar::quote(it, view),
        Answer::CalendarExported(it) => calendar::exported(it, view),
        Answer::CalendarImported(it) => calendar::imported(it, view),
        Answer::BookingRequested(it) => calendar::requested(it, view),
        Answer::BookingDone(it) => service::done(it, view),
        Answer::Reminders(it) => reminder::reminders(&it.items, view),
        Answer::ThanksList(it) => service::thanks(&it.items, view),
        Answer::EndAsked(it) => ends::asked(it, view),
        Answer::SeriesPlan(it) => series::plan(it, view),
        Answer::SeriesSaved(it) => series::saved(it, view),
        Answer::SeriesDone(it) => series::done(it, view),
        Answer::Bookings(it) => sharing::bookings(it, view),
        Answer::Booking(it) => sharing::booking(it, view),
        Answer::QrShown(it) => deal::shown(it, view),
        Answer::QrChecked(it) => deal::checked(it, view),
        Answer::Waitlist(it) => sharing::waitlist(&it.items, view),
        Answer::CreditBalance(it) => credit::balance(it, view),
        Answer::CreditLines(it) => credit::lines(it, view),
        Answer::CreditFile(it) => {
            view.with("credit-file", [("file", plain(&it.file).into()), ("n", it.lines.into())])
        }
    }
}

/// With `-q`: what a script needs and nothing else.
fn terse(answer: &Answer) -> Option<String> {
    Some(match answer {
        Answer::Saved(it) => it.id.clone(),
        Answer::TermsSaved(it) => it.id.to_string(),
        Answer::BookingRequested(it) => it.id.to_string(),
        Answer::BookingDone(it) => it.id.to_string(),
        Answer::EndAsked(it) => it.id.to_string(),
        Answer::SeriesSaved(it) => it.id.to_string(),
        Answer::PhotoAdded(it) => it.id.to_string(),
        Answer::Invitation(it) => it.link.clone()?,
        Answer::Sheet(it) => it.link.clone(),
        Answer::QrShown(it) => it.code.clone(),
        Answer::DeviceLink(it) => it.code.clone().or_else(|| it.link.clone())?,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
