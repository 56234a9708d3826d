//! Prose about what neighbours share.

use super::style::{View, paragraphs, plain, short};
use super::table::table;
use super::when::{moment, span};
use crate::answer::{
    Booking, BookingStatus, Delivery, List, Listing, ListingDetail, ListingKind, ListingStatus,
    Per, Price, SavedSearch, Waiting,
};

/// Says that a list goes on.
pub(super) fn with_next(text: String, next: Option<&str>, view: &View<'_>) -> String {
    match next {
        None => text,
        Some(next) => format!("{text}\n{}", view.with("list-next", [("next", plain(next).into())])),
    }
}

fn kind(kind: ListingKind, view: &View<'_>) -> String {
    view.get(match kind {
        ListingKind::Offer => "kind-offer",
        ListingKind::Need => "kind-need",
        ListingKind::Tool => "kind-tool",
        ListingKind::Parking => "kind-parking",
        ListingKind::Storage => "kind-storage",
        ListingKind::Room => "kind-room",
        ListingKind::Event => "kind-event",
    })
}

fn listing_status(status: ListingStatus, view: &View<'_>) -> String {
    view.get(match status {
        ListingStatus::Published => "listing-published",
        ListingStatus::Paused => "listing-paused",
        ListingStatus::Filled => "listing-filled",
        ListingStatus::Expired => "listing-expired",
        ListingStatus::Withdrawn => "listing-withdrawn",
    })
}

pub(super) fn price(price: Price, view: &View<'_>) -> String {
    let unit = |per| {
        view.get(match per {
            Per::Once => "per-once",
            Per::Hour => "per-hour",
            Per::Day => "per-day",
            Per::Week => "per-week",
            Per::Month => "per-month",
        })
    };
    match price {
        Price::Free => view.get("price-free"),
        Price::Credits { minutes, per } => {
            view.with("price-credits", [("n", minutes.into()), ("per", unit(per).into())])
        }
        Price::Euros { cents, per } => {
            let params = [("amount", decimal(cents, view).into()), ("per", unit(per).into())];
            view.with("price-euros", params)
        }
    }
}

fn decimal(cents: u64, view: &View<'_>) -> String {
    let point = view.get("decimal-point");
    format!("{}{point}{:02}", cents / 100, cents % 100)
}

/// An amount of money.
pub(super) fn money(cents: u64, view: &View<'_>) -> String {
    view.with("price-euros", [("amount", decimal(cents, view).into()), ("per", "".into())])
}

pub(super) fn listings(list: &List<Listing>, view: &View<'_>) -> String {
    if list.items.is_empty() {
        return view.get("listings-none");
    }
    let headings = ["col-id", "col-kind", "col-title", "col-owner", "col-price", "col-status"];
    let headings: Vec<String> = headings.iter().map(|key| view.get(key)).collect();
    let row = |it: &Listing| {
        vec![
            short(&it.id),
            kind(it.kind, view),
            plain(&it.title),
            plain(&it.owner_name),
            price(it.price, view),
            listing_status(it.status, view),
        ]
    };
    let rows: Vec<_> = list.items.iter().map(row).collect();
    with_next(table(&headings, &rows), list.next.as_deref(), view)
}

pub(super) fn saved_searches(items: &[SavedSearch], view: &View<'_>) -> String {
    if items.is_empty() {
        return view.get("searches-none");
    }
    let headings = ["col-name", "col-asks"];
    let headings: Vec<String> = headings.iter().map(|key| view.get(key)).collect();
    let row = |it: &SavedSearch| {
        let asks = [
            Some(plain(&it.words)).filter(|words| !words.is_empty()),
            it.kind.map(|of| kind(of, view)),
            it.category.as_deref().map(plain),
            it.zone.as_deref().map(plain),
            it.price.map(|most| view.with("search-at-most", [("price", price(most, view).into())])),
        ];
        let asks: Vec<String> = asks.into_iter().flatten().collect();
        let asks = if asks.is_empty() { view.get("search-all") } else { asks.join(", ") };
        vec![plain(&it.name), asks]
    };
    table(&headings, &items.iter().map(row).collect::<Vec<_>>())
}

pub(super) fn listing(it: &ListingDetail, view: &View<'_>) -> String {
    let base = &it.listing;
    let mut out =
        format!("{} {}\n", view.strong(&plain(&base.title)), view.faint(&short(&base.id)));
    let what = format!("{}, {}", kind(base.kind, view), listing_status(base.status, view));
    out.push_str(&format!("  {what}\n"));
    out.push_str(&view.field("col-owner", &plain(&base.owner_name)));
    out.push_str(&view.field("col-price", &price(base.price, view)));
    out.push_str(&view.field("field-category", &plain(&base.category)));
    out.push_str(&view.field("field-zone", &plain(&base.zone)));
    if base.capacity > 1 {
        out.push_str(&view.field("field-capacity", &base.capacity.to_string()));
    }
    let until = base.until.as_ref().map(|when| moment(when, view)).unwrap_or_default();
    out.push_str(&view.field("field-until", &until));
    if let Some(answers) = it.answers.filter(|n| *n > 0) {
        out.push_str(&format!("  {}\n", view.with("listing-answers", [("n", answers.into())])));
    }
    let holder = it.holder.map(|device| short(&device)).unwrap_or_default();
    out.push_str(&view.field("field-holder", &holder));
    let whole = it.part_of.map(|whole| short(&whole)).unwrap_or_default();
    out.push_str(&view.field("field-part-of", &whole));
    let parts = it.parts.iter().map(short).collect::<Vec<_>>().join(" ");
    out.push_str(&view.field("field-parts", &parts));
    if let Some(terms) = &it.terms {
        out.push_str(&super::calendar::terms(terms, view));
    }
    let photos = base.photos.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    out.push_str(&view.field("field-photos", &photos));
    if !it.text.is_empty() {
        out.push_str(&format!("\n{}\n", paragraphs(&it.text)));
    }
    out.trim_end().to_owned()
}

fn booking_status(it: &Booking, view: &View<'_>) -> String {
    let key = match it.status {
        BookingStatus::Requested => "booking-requested",
        BookingStatus::Waiting => "booking-waiting",
        BookingStatus::Offered => "booking-offered",
        BookingStatus::Confirmed if it.firm => "booking-firm",
        BookingStatus::Confirmed => "booking-confirmed",
        BookingStatus::Displaced => "booking-displaced",
        BookingStatus::Refused => "booking-refused",
        BookingStatus::Cancelled => "booking-cancelled",
        BookingStatus::HandedOver => "booking-handed-over",
        BookingStatus::Overdue => "booking-overdue",
        BookingStatus::Returned => "booking-returned",
        BookingStatus::Ended => "booking-ended",
        BookingStatus::NoShow => "booking-no-show",
        BookingStatus::Lost => "booking-lost",
        BookingStatus::Disputed => "booking-disputed",
        BookingStatus::Closed => "booking-closed",
        BookingStatus::Proposed => "booking-proposed",
        BookingStatus::Agreed => "booking-agreed",
        BookingStatus::Due => "booking-due",
        BookingStatus::Done => "booking-done",
        BookingStatus::Withdrawn => "booking-withdrawn",
        BookingStatus::Lapsed => "booking-lapsed",
    };
    view.get(key)
}

/// When it is for; of help, once a time was proposed.
fn booking_span(it: &Booking, view: &View<'_>) -> String {
    let start = it.start.as_ref();
    start.map_or_else(|| view.get("no-time"), |start| span(start, it.end.as_ref(), view))
}

pub(super) fn bookings(list: &List<Booking>, view: &View<'_>) -> String {
    if list.items.is_empty() {
        return view.get("bookings-none");
    }
    let headings = ["col-id", "col-title", "col-when", "col-status"];
    let headings: Vec<String> = headings.iter().map(|key| view.get(key)).collect();
    let row = |it: &Booking| {
        vec![short(&it.id), plain(&it.title), booking_span(it, view), booking_status(it, view)]
    };
    let rows: Vec<_> = list.items.iter().map(row).collect();
    with_next(table(&headings, &rows), list.next.as_deref(), view)
}

pub(super) fn booking(it: &Booking, view: &View<'_>) -> String {
    let status = booking_status(it, view);
    let status = match it.status {
        BookingStatus::Confirmed | BookingStatus::Agreed => view.good(&status),
        BookingStatus::Displaced
        | BookingStatus::Refused
        | BookingStatus::Overdue
        | BookingStatus::Lost
        | BookingStatus::Disputed => view.bad(&status),
        _ => status,
    };
    let mut out = format!("{} {}\n", view.strong(&plain(&it.title)), view.faint(&short(&it.id)));
    out.push_str(&format!("  {status}\n  {}\n", booking_span(it, view)));
    if !it.waiting_for.is_empty() {
        let who = it.waiting_for.iter().map(short).collect::<Vec<_>>().join(", ");
        out.push_str(&format!("  {}\n", view.with("booking-waiting-for", [("who", who.into())])));
    }
    if let Some(series) = &it.series {
        out.push_str(&view.field("field-series", &short(series)));
    }
    let why = if it.reason.is_empty() { String::new() } else { reason(&it.reason, view) };
    out.push_str(&view.field("field-reason", &why));
    if it.waitlist > 0 {
        out.push_str(&format!(
            "  {}\n",
            view.with("booking-waitlist", [("n", it.waitlist.into())])
        ));
    }
    if let Some(offer) = &it.offer {
        let until = [("until", moment(&offer.until, view).into())];
        let told = match (offer.taken, offer.ran_out) {
            (true, _) => view.get("offer-taken"),
            (false, true) => view.with("offer-ran-out", until),
            (false, false) => view.good(&view.with("offer-until", until)),
        };
        out.push_str(&format!("  {told}\n"));
        out.push_str(&view.field("field-text", &plain(&offer.text)));
    }
    out.push_str(&super::request::of_booking(it, view));
    out.push_str(&super::ends::of_booking(it, view));
    if it.mine {
        let delivery = view.get(match it.delivery {
            Delivery::OnDevice => "delivery-on-device",
            Delivery::Sent => "delivery-sent",
            Delivery::Received => "delivery-received",
        });
        out.push_str(&format!("  {delivery}\n"));
    }
    if let Some(service) = &it.service {
        out.push_str(&super::service::proposals(service, view));
    }
    if let Some(payment) = &it.payment {
        out.push_str(&format!("  {}\n", super::service::payment(payment, view)));
    }
    if !it.alternatives.is_empty() {
        out.push_str(&format!("  {}\n", view.get("booking-alternatives")));
        for other in &it.alternatives {
            let when = span(&other.start, other.end.as_ref(), view);
            out.push_str(&format!(
                "    {} {}: {when}\n",
                short(&other.listing),
                plain(&other.title)
            ));
        }
    }
    for event in &it.history {
        let mut what = reason(&event.what, view);
        if let Some(until) = &event.until {
            what.push_str(&format!(": {}", moment(until, view)));
        }
        let line = format!("  {}  {what}\n", moment(&event.at, view));
        out.push_str(&view.faint(&line));
    }
    out.trim_end().to_owned()
}

/// A stable code in words; one that this version does not know is shown as it is.
fn reason(code: &str, view: &View<'_>) -> String {
    let key = format!("why-{}", code.replace(['.', '_'], "-"));
    view.texts.try_with(&key, []).unwrap_or_else(|| plain(code))
}

/// What else there is to say of one that waits.
fn notes(it: &Waiting, view: &View<'_>) -> String {
    let mut notes = Vec::new();
    if it.mine {
        notes.push(view.get("waitlist-mine"));
    }
    if it.overtaken > 0 {
        notes.push(view.with("waitlist-overtaken", [("n", it.overtaken.into())]));
    }
    match &it.offered_until {
        Some(until) => {
            notes.push(view.with("waitlist-offered", [("until", moment(until, view).into())]));
        }
        None if it.has_room => notes.push(view.get("waitlist-room")),
        None => {}
    }
    notes.join(", ")
}

pub(super) fn waitlist(items: &[Waiting], view: &View<'_>) -> String {
    if items.is_empty() {
        return view.get("waitlist-none");
    }
    let headings = ["col-place", "col-id", "col-title", "col-when", "col-status"];
    let headings: Vec<String> = headings.iter().map(|key| view.get(key)).collect();
    let row = |it: &Waiting| {
        vec![
            it.place.map(|place| place.to_string()).unwrap_or_default(),
            short(&it.booking),
            plain(&it.title),
            span(&it.start, it.end.as_ref(), view),
            notes(it, view),
        ]
    };
    table(&headings, &items.iter().map(row).collect::<Vec<_>>())
}
