//! A cellar whose owner asks everybody to accept what must not be stored in it: nobody asks
//! without it, and no device says yes by itself to whoever accepted other words.

use palier_tests::street::{Street, fails, id, must, show};

const TEXT: &str = "Ni essence, ni gaz, ni nourriture.";
const LATER: &str = "--until 2031-12-31T00:00";

#[test]
fn nobody_asks_without_the_text_and_other_words_wait_for_a_person() {
    let Some(street) = Street::begin(&["owner", "awa", "karim"]) else { return };
    let [owner, awa, karim] = street.people();
    let cellar = id(&must(
        owner,
        &format!(
            "listing add storage --title Cave --instant --capacity 9 --accept \"{TEXT}\" {LATER}"
        ),
    ));
    street.share();
    let ask = |month: u8, more: &str| {
        format!(
            "booking request {cellar} --start 2031-{month:02}-01T10:00 \
             --end 2031-{month:02}-08T10:00 {more}"
        )
    };
    // The text is shown to whoever has not accepted it, to scripts and to people.
    let error = fails(awa, &ask(2, ""), "booking.text_to_accept");
    assert_eq!(error["to_read"], TEXT, "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--accept"), "{error}");
    assert!(!error["params"].to_string().contains("essence"), "{error}");
    assert!(must(awa, "booking list")["items"].as_array().unwrap().is_empty());
    let every = "--every week --count 3";
    let series = |more: &str| {
        format!(
            "series create {cellar} --start 2031-06-02T10:00 --end 2031-06-03T10:00 {every} {more}"
        )
    };
    let error = fails(awa, &series(""), "booking.text_to_accept");
    assert_eq!(error["to_read"], TEXT);
    assert!(must(awa, "booking list")["items"].as_array().unwrap().is_empty(), "none of it");
    must(awa, &format!("series plan {cellar} --start 2031-06-02 --end 2031-06-03 {every}"));

    // Accepted: the device says yes by itself, to one and to a series.
    let first = id(&must(awa, &ask(2, "--accept")));
    must(awa, &series("--accept"));
    street.share();
    let shown = show(awa, &first);
    assert_eq!(
        (&shown["status"], &shown["text_accepted"]),
        (&"confirmed".into(), &"current".into()),
        "{shown}"
    );
    let all = must(awa, "booking list")["items"].as_array().unwrap().clone();
    assert_eq!(all.iter().filter(|it| it["status"] == "confirmed").count(), 4, "{all:?}");

    // Other words, which Karim has not heard of when he accepts the old ones.
    must(owner, &format!("listing edit {cellar} --accept \"{TEXT} Ni batteries.\""));
    let old = id(&must(karim, &ask(3, "--accept")));
    street.share();
    for person in [owner, karim] {
        let shown = show(person, &old);
        assert_eq!(
            (&shown["status"], &shown["text_accepted"]),
            (&"requested".into(), &"other".into()),
            "{shown}"
        );
    }
    let waits = must(owner, "booking list --to-decide");
    assert_eq!(waits["items"][0]["text_accepted"], "other", "{waits}");
    // What was confirmed under the old words stays, and is told so to nobody as a fault.
    assert_eq!(show(awa, &first)["status"], "confirmed");
    // A person may say yes all the same; whoever asks anew accepts the new words.
    must(owner, &format!("booking accept {old}"));
    let new = id(&must(karim, &ask(4, "--accept")));
    street.share();
    assert_eq!(show(karim, &old)["status"], "confirmed");
    let shown = show(karim, &new);
    assert_eq!(
        (&shown["status"], &shown["text_accepted"]),
        (&"confirmed".into(), &"current".into()),
        "{shown}"
    );
    // No text any more: nothing to accept.
    must(owner, &format!("listing edit {cellar} --accept \"\""));
    street.share();
    let free = id(&must(awa, &ask(5, "")));
    street.share();
    assert_eq!(show(awa, &free)["status"], "confirmed");
}
