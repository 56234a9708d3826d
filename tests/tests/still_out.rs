//! A drill that is not brought back: whoever decides knows, and his device gives it to nobody
//! who would come before it can be back; nothing that holds falls, and nobody else is told.

use palier_tests::Person;
use palier_tests::street::{Street, fails, id, must, show};
use serde_json::Value;

const LATER: &str = "--until 2031-12-31T00:00";

fn at(time: &str, line: &str) -> String {
    format!("--now 2031-05-01T{time}:00+02:00 {line}")
}

fn between(from: &str, to: &str) -> String {
    format!("--start 2031-05-01T{from} --end 2031-05-01T{to}")
}

/// `HH:MM` of the first start at which it is free, as somebody is told.
fn first_free(by: &Person, tool: &str, now: &str) -> String {
    let line = format!("calendar free {tool} --from 2031-05-01T12:30 --to 2031-05-01T15:30");
    let free = must(by, &at(now, &line));
    let item = free["items"].as_array().unwrap().iter().find(|it| it["free"] != 0).cloned();
    item.map_or_else(String::new, |it| it["start"].as_str().unwrap()[11..16].to_owned())
}

/// Everything of one home goes into another, which acts at a time.
fn pass_at(street: &Street, from: &Person, to: &Person, now: &str) {
    let file = street.path("now.palier");
    must(from, &at(now, &format!("bundle export {file}")));
    must(to, &at(now, &format!("bundle import {file}")));
}

fn whats(shown: &Value) -> Vec<String> {
    let history = shown["history"].as_array().unwrap().iter();
    history.map(|it| it["what"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_not_back_is_given_to_nobody_and_nothing_that_holds_falls() {
    let Some(street) = Street::begin(&["owner", "awa", "karim"]) else { return };
    let [owner, awa, karim] = street.people();
    let tool = id(&must(owner, &format!("listing add tool --title Perceuse --instant {LATER}")));
    street.share();
    let first = id(&must(awa, &format!("booking request {tool} {}", between("10:00", "12:00"))));
    let next = id(&must(karim, &format!("booking request {tool} {}", between("15:30", "17:00"))));
    street.share();
    for (by, booking) in [(awa, &first), (karim, &next)] {
        assert_eq!(show(by, booking)["status"], "confirmed");
    }
    must(owner, &at("10:05", &format!("booking handover {first}")));
    street.share();

    // Its end passes and nobody says that it is back.
    assert_eq!(first_free(owner, &tool, "11:00"), "12:30", "it is not late yet");
    assert_eq!(first_free(owner, &tool, "12:30"), "14:30", "two hours from now");
    assert_eq!(first_free(karim, &tool, "12:30"), "12:30", "sealed: nobody else knows");
    let quote = format!("calendar quote {tool} {}", between("13:00", "14:00"));
    let told = must(owner, &at("12:30", &quote));
    let why = told["why_not"].as_array().unwrap();
    assert_eq!((why.len(), &why[0]["code"]), (1, &"booking.why.still_out".into()), "{told}");
    assert!(told["alternatives"].as_array().unwrap().iter().all(|it| {
        let start = it["start"].as_str().unwrap();
        !("2031-05-01T10:00".."2031-05-01T14:30").contains(&start)
    }));

    // The device says no for what would come before, and yes for what comes later.
    let ask = |from: &str, to: &str| {
        let line = format!("booking request {tool} {}", between(from, to));
        id(&must(karim, &at("12:30", &line)))
    };
    let soon = ask("13:00", "14:00");
    let later = ask("15:00", "15:30");
    pass_at(&street, karim, owner, "12:30");
    pass_at(&street, owner, karim, "12:30");
    let refused = must(karim, &at("12:31", &format!("booking show {soon}")));
    assert_eq!(
        (&refused["status"], &refused["reason"]),
        (&"refused".into(), &"still_out".into()),
        "{refused}"
    );
    let confirmed = must(karim, &at("12:31", &format!("booking show {later}")));
    assert_eq!((&confirmed["status"], &confirmed["firm"]), (&"confirmed".into(), &true.into()));
    // A person cannot give away either what is not there.
    must(owner, &at("12:32", &format!("listing edit {tool} --by-request")));
    street.pass(owner, karim);
    let other = ask("13:00", "14:00");
    pass_at(&street, karim, owner, "12:33");
    let accept = format!("booking accept {other}");
    let error = fails(owner, &at("12:33", &accept), "booking.why.still_out");
    assert!(error["params"]["until_at"].as_str().unwrap().contains("T14:33"), "{error}");

    // Whoever comes next stays confirmed, and is told.
    let before = show(karim, &next);
    assert_eq!((&before["status"], &before["firm"]), (&"confirmed".into(), &true.into()));
    let problem = format!("booking problem {next} not-back --text \"J'attends Awa\"");
    fails(karim, &at("14:00", &problem), "booking.step.other_side");
    must(owner, &at("14:00", &problem));
    street.pass(owner, karim);
    let told = must(karim, &at("14:05", &format!("booking show {next}")));
    assert_eq!(told["status"], "confirmed", "{told}");
    assert!(whats(&told).contains(&"not_back".to_owned()), "{told}");
    // It stays out however long it takes.
    let weeks = format!(
        "--now 2031-06-20T12:00 calendar quote {tool} --start 2031-06-20T13:00 \
         --end 2031-06-20T14:00"
    );
    let days = must(owner, &weeks);
    assert_eq!(days["why_not"][0]["code"], "booking.why.still_out", "{days}");

    // Back: free again at once, and a person may say yes.
    must(owner, &at("12:45", &format!("booking return {first}")));
    assert_eq!(first_free(owner, &tool, "12:45"), "12:30");
    must(owner, &at("12:46", &accept));
    street.share();
    let shown = must(karim, &at("12:50", &format!("booking show {other}")));
    assert_eq!((&shown["status"], &shown["firm"]), (&"confirmed".into(), &true.into()));
    let digest = |by: &Person| by.must(&["--offline", "status"]).text("open_digest");
    assert_eq!([owner, awa, karim].map(digest), [(); 3].map(|()| digest(owner)));
}
