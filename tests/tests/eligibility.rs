//! A parking place that is open to a building, then to a landlord, then to all; a box whose
//! landlord must be attested, and a cellar that is rented and let on.

use palier_tests::Person;
use palier_tests::street::{Street, fails, id, must, say, show};
use serde_json::Value;

const LATER: &str = "--until 2031-12-31T00:00";

fn member(of: &Person) -> String {
    of.must(&["--offline", "status"]).text("member")
}

/// Codes of what is against a wish of one hour on a day of May.
fn why_not(by: &Person, listing: &str, day: u8) -> Vec<String> {
    let quote = must(
        by,
        &format!(
            "calendar quote {listing} --start 2031-05-{day:02}T10:00 --end 2031-05-{day:02}T11:00"
        ),
    );
    let why = quote["why_not"].as_array().unwrap().iter();
    why.map(|it| it["code"].as_str().unwrap().to_owned()).collect()
}

fn ask(listing: &str, day: u8) -> String {
    format!("booking request {listing} --start 2031-05-{day:02}T10:00 --end 2031-05-{day:02}T11:00")
}

/// On which listings of a kind somebody finds room.
fn found(by: &Person, kind: &str) -> usize {
    let line = format!("calendar free --kind {kind} --from 2031-05-20T10:00 --to 2031-05-20T11:00");
    must(by, &line)["items"].as_array().unwrap().len()
}

#[test]
fn a_place_is_open_to_the_building_then_to_the_landlord_then_to_all() {
    // Next door: the same building. Over there: another one of the same landlord.
    let names = ["owner", "next-door", "over-there", "stranger"];
    let Some(street) = Street::begin(&names) else { return };
    let [owner, near, there, stranger] = street.people();
    // Nobody attests the owner's own home yet: it would be open to nobody.
    let add = |tiers: &str| {
        format!("listing add parking --title Place --instant --tiers {tiers} {LATER}")
    };
    fails(owner, &add("building"), "listing.tiers.not_attested");
    fails(owner, &add("landlord"), "listing.tiers.not_attested");
    for (who, home) in [
        (owner, "--building B --landlord HLM1"),
        (near, "--building B"),
        (there, "--building C --landlord HLM1"),
    ] {
        must(owner, &format!("member attest {} {home}", member(who)));
    }
    let place = id(&must(owner, &add("building")));
    street.share();
    let shown = must(stranger, &format!("listing show {place}"));
    assert_eq!(shown["terms"]["open_to"], "building", "{shown}");
    let open = |by: &Person| {
        let month = must(by, &format!("calendar show {place} --month 2031-05"));
        (month["open_to"].as_str().unwrap().to_owned(), month["open_to_me"] == true)
    };
    assert_eq!(open(near), ("building".to_owned(), true));
    assert_eq!(open(there), ("building".to_owned(), false));
    assert_eq!(open(owner), ("building".to_owned(), true));

    // The rule is told before and when asking, in words; nothing else is offered instead.
    assert!(why_not(near, &place, 1).is_empty());
    for by in [there, stranger] {
        assert_eq!(why_not(by, &place, 1), ["booking.why.tier"]);
        let error = fails(by, &ask(&place, 1), "booking.why.tier");
        assert_eq!(error["params"]["served"], "building", "{error}");
        assert!(error["alternatives"].as_array().is_none_or(Vec::is_empty), "{error}");
        assert_eq!(found(by, "parking"), 0);
        let french = say(by, &format!("--lang fr {}", ask(&place, 1)));
        let message = french.json["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("bâtiment"), "{message}");
    }
    assert_eq!(found(near, "parking"), 1);
    let first = id(&must(near, &ask(&place, 1)));
    street.share();
    let mine = show(near, &first);
    assert_eq!(mine["status"], "confirmed");
    assert_eq!(mine["footing"]["tier"], "building", "{mine}");
    assert_eq!(mine["footing"]["attested"], false);

    // Wider: the landlord's tenants, still not a stranger.
    must(owner, &format!("listing edit {place} --tiers landlord"));
    street.share();
    assert_eq!(open(there), ("landlord".to_owned(), true));
    let second = id(&must(there, &ask(&place, 2)));
    let error = fails(stranger, &ask(&place, 3), "booking.why.tier");
    assert_eq!(error["params"]["served"], "landlord", "{error}");
    street.share();
    assert_eq!(show(there, &second)["status"], "confirmed");

    // The deciding device judges by itself: Near asks while he is still attested as far as
    // his phone knows, and is not any more.
    must(owner, &format!("member attest {} --building D", member(near)));
    let third = id(&must(near, &ask(&place, 3)));
    street.share();
    let refused = show(near, &third);
    assert_eq!(
        (&refused["status"], &refused["reason"]),
        (&"refused".into(), &"not_eligible".into()),
        "{refused}"
    );
    assert_eq!(refused["footing"]["served"], false);
    // What is confirmed stays.
    assert_eq!(show(near, &first)["status"], "confirmed");

    must(owner, &format!("listing edit {place} --tiers all"));
    street.share();
    let fourth = id(&must(stranger, &ask(&place, 4)));
    street.share();
    assert_eq!(show(stranger, &fourth)["status"], "confirmed");
    assert_eq!(show(owner, &fourth)["footing"]["tier"], "outside");
    let digest = |by: &Person| by.must(&["--offline", "status"]).text("open_digest");
    let all = [owner, near, there, stranger].map(digest);
    assert_eq!(all, [(); 4].map(|()| all[0].clone()));
}

#[test]
fn a_box_wants_a_landlords_attestation_and_what_is_let_on_says_who_agrees() {
    let Some(street) = Street::begin(&["owner", "tenant", "guest"]) else { return };
    let [owner, tenant, guest] = street.people();
    must(owner, &format!("member attest {} --building B --landlord HLM2", member(tenant)));
    let storage = "listing add storage --title Box --instant";
    let boxed = id(&must(
        owner,
        &format!("{storage} --attestation required --accept \"Ni essence ni gaz\" {LATER}"),
    ));
    street.share();
    let terms = |by: &Person, listing: &str| -> Value {
        must(by, &format!("listing show {listing}"))["terms"].clone()
    };
    assert_eq!(terms(guest, &boxed)["attestation_required"], true);
    assert_eq!(why_not(guest, &boxed, 1), ["booking.why.not_attested"]);
    fails(guest, &format!("{} --accept", ask(&boxed, 1)), "booking.why.not_attested");
    // Somebody whom another landlord than the owner's attests may.
    let booked = id(&must(tenant, &format!("{} --accept", ask(&boxed, 1))));
    street.share();
    let shown = show(tenant, &booked);
    assert_eq!(
        (&shown["status"], &shown["footing"]["tier"], &shown["footing"]["attested"]),
        (&"confirmed".into(), &"outside".into(), &true.into()),
        "{shown}"
    );
    must(owner, &format!("listing edit {boxed} --attestation none"));
    street.share();
    assert!(why_not(guest, &boxed, 2).is_empty());

    // Rented and let on: not without the landlord's consent, which everybody reads.
    fails(owner, &format!("{storage} --rented {LATER}"), "usage.missing_argument");
    fails(owner, &format!("{storage} --rented --consent \"  \" {LATER}"), "listing.terms");
    let rented = id(&must(
        owner,
        &format!("{storage} --rented --consent \"HLM2, lettre du 3 mars 2031\" {LATER}"),
    ));
    street.share();
    assert_eq!(terms(guest, &rented)["consent"], "HLM2, lettre du 3 mars 2031");
    assert!(terms(guest, &boxed)["consent"].is_null());
    fails(owner, &format!("listing edit {rented} --rented"), "usage.missing_argument");
    must(owner, &format!("listing edit {rented} --owned"));
    street.share();
    assert!(terms(guest, &rented)["consent"].is_null());
}
