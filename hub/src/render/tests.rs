use jiff::tz::TimeZone;
use palier_model::keys::{BookingId, DeviceId, DocId, MemberId};
use palier_model::time::Instant;

use super::*;
use crate::answer::{
    Alternative, Answer, Booking, BookingStatus, BundleImported, Delivery, Event, Invitation, List,
    Listing, ListingKind, ListingStatus, Per, Price, Refused, Saved, When, Word,
};
use crate::texts::{Lang, Texts};

const HOUR_MS: i64 = 3_600_000;

fn view(lang: Lang) -> View<'static> {
    View { texts: Texts::of(lang), color: false, quiet: false }
}

/// Hours after 2026-12-01T00:00 in Paris.
fn when(hours: i64) -> When {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    When::new(Instant(1_796_079_600_000 + hours * HOUR_MS), &paris)
}

fn listing(title: &str) -> Listing {
    Listing {
        id: DocId([1; 32]).into(),
        kind: ListingKind::Parking,
        title: title.to_owned(),
        status: ListingStatus::Published,
        owner: Some(MemberId([2; 32]).into()),
        group: None,
        owner_name: "Marcel".into(),
        category: String::new(),
        zone: String::new(),
        price: Price::Euros { cents: 450, per: Per::Day },
        capacity: 1,
        photos: vec![],
        until: None,
    }
}

fn displaced() -> Booking {
    Booking {
        id: BookingId([3; 32]).into(),
        series: None,
        listing: DocId([1; 32]).into(),
        title: "Place 14".into(),
        status: BookingStatus::Displaced,
        firm: false,
        waiting_for: vec![DeviceId([4; 32]).into()],
        start: Some(when(14)),
        end: Some(when(18)),
        zone: "Europe/Paris".into(),
        quantity: 1,
        requester: None,
        mine: true,
        reason: "booking.displaced".into(),
        note: String::new(),
        footing: None,
        text_accepted: Default::default(),
        text: String::new(),
        alternatives: vec![Alternative {
            listing: DocId([1; 32]).into(),
            title: "Place 14".into(),
            start: when(38),
            end: Some(when(64)),
        }],
        waitlist: 1,
        offer: None,
        handed_over: Word::default(),
        returned: Word::default(),
        service: None,
        payment: None,
        end_firm: false,
        rolling: false,
        asked_end: None,
        notice: None,
        delivery: Delivery::Received,
        history: vec![Event {
            what: "unheard.of".into(),
            at: when(1),
            until: None,
            by: None,
            device: None,
        }],
    }
}

#[test]
fn who_was_displaced_reads_why_what_else_is_free_and_the_place_in_the_queue() {
    let text = prose(&Answer::from(displaced()), &view(Lang::Fr));
    for piece in [
        "écartée",
        "mardi 1er décembre 2026, 14:00 – 18:00",
        "mercredi 2 décembre 2026, 14:00 – jeudi 3 décembre 2026, 16:00",
        "une autre a été acceptée avant",
        "Rang 1",
        "Reçue par l'autre côté",
        "unheard.of",
    ] {
        assert!(text.contains(piece), "no {piece:?} in:\n{text}");
    }
    let text = prose(&Answer::from(displaced()), &view(Lang::En));
    assert!(text.contains("Tuesday 1 December 2026, 14:00 – 18:00"), "{text}");
}

#[test]
fn what_a_neighbour_wrote_cannot_drive_the_terminal() {
    let evil = "Place\x1b[2J\x1b]0;x\x07\r\n14\u{202e}evil\u{9b}31m";
    let answer = Answer::from(List::whole(vec![listing(evil)]));
    for lang in Lang::ALL {
        let text = prose(&answer, &view(lang));
        let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(bad), "{text:?}");
        assert_eq!(text.lines().count(), 2, "a title makes no rows of its own");
    }
}

#[test]
fn colour_only_where_it_is_wanted() {
    let answer = Answer::from(displaced());
    assert!(!prose(&answer, &view(Lang::Fr)).contains('\x1b'));
    let colourful = View { texts: Texts::of(Lang::Fr), color: true, quiet: false };
    assert!(prose(&answer, &colourful).contains("\x1b[31mécartée\x1b[0m"));
}

#[test]
fn quiet_says_only_what_a_script_needs() {
    let quiet = View { texts: Texts::of(Lang::En), color: false, quiet: true };
    assert_eq!(prose(&Saved::of("bkg_x").into(), &quiet), "bkg_x");
    let invitation = Invitation {
        id: "inv_1".into(),
        link: Some("palier:abc".into()),
        approval: false,
        uses_left: 1,
        expires: when(0),
        saved: true,
    };
    assert_eq!(prose(&invitation.into(), &quiet), "palier:abc");
}

#[test]
fn amounts_and_counts_read_as_in_each_language() {
    let list = Answer::from(List { items: vec![listing("P")], next: Some("k".into()) });
    let fr = prose(&list, &view(Lang::Fr));
    assert!(fr.contains("4,50 € par jour") && fr.contains("--after k"), "{fr}");
    assert!(prose(&list, &view(Lang::En)).contains("€4.50 a day"));
    let imported = |accepted| {
        let refused = vec![Refused { code: "gate.signature".into(), n: 2 }];
        prose(&BundleImported { accepted, refused }.into(), &view(Lang::Fr))
    };
    assert_eq!(imported(1), "1 nouvel écrit pris.\n2 refusés (gate.signature).");
    assert!(imported(0).starts_with("Rien de nouveau"));
}
