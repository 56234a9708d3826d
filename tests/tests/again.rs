//! What comes again by hand: help on several dates written and answered as one, in both
//! sides' calendar files; hours closed each week; a busy calendar with rules; a listing on
//! clocks of its own; a garage and its places.

use std::fs;

use jiff::Timestamp;
use palier_tests::script::words;
use palier_tests::{Answer, Person, Running, binary};
use serde_json::Value;
use tempfile::TempDir;

struct Two {
    root: TempDir,
    anna: Person,
    ben: Person,
    runs: Running,
}

fn say(by: &Person, line: &str) -> Answer {
    let words = words(line);
    by.say(&words.iter().map(String::as_str).collect::<Vec<_>>())
}

fn must(by: &Person, line: &str) -> Value {
    let answer = say(by, line);
    assert_eq!(answer.exit, 0, "{line}: {}", answer.json);
    answer.json
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field}: {value}")).to_owned()
}

fn items(value: &Value) -> Vec<Value> {
    value["items"].as_array().unwrap_or_else(|| panic!("no items: {value}")).clone()
}

fn utc(value: &Value, field: &str) -> String {
    text(value, field).parse::<Timestamp>().unwrap().to_string()
}

impl Two {
    fn begin() -> Option<Self> {
        binary()?;
        let root = TempDir::new().unwrap();
        let anna = Person::init(root.path(), "anna").unwrap();
        must(&anna, "hood found \"Les Lilas\" --zone Europe/Paris");
        let runs = anna.run(&[]);
        let ben = Person::init(root.path(), "ben").unwrap();
        let link = text(&must(&anna, "invite create"), "link");
        must(&ben, &format!("join {link}"));
        Some(Self { root, anna, ben, runs })
    }

    fn add(&self, line: &str) -> String {
        let listing = text(&must(&self.anna, &format!("{line} --until 2040-01-01")), "id");
        must(&self.ben, "sync");
        listing
    }

    /// Ben asks, Anna says yes.
    fn book(&self, listing: &str, from: &str, to: &str) -> String {
        let line = format!("booking request {listing} --start {from} --end {to}");
        let booking = text(&must(&self.ben, &line), "id");
        must(&self.ben, "sync");
        must(&self.anna, &format!("booking accept {booking}"));
        must(&self.ben, "sync");
        booking
    }
}

fn codes(value: &Value, field: &str) -> Vec<String> {
    value[field].as_array().unwrap().iter().map(|it| text(it, "code")).collect()
}

/// Each event of a calendar file: UID, DTSTART, STATUS, SEQUENCE.
fn events(two: &Two, by: &Person, of: &str) -> Vec<[String; 4]> {
    let path = two.root.path().join("out.ics");
    let file = path.to_str().unwrap();
    must(by, &format!("calendar export {file} {of}"));
    let unfolded = fs::read_to_string(file).unwrap().replace("\r\n ", "");
    let of = |event: &str, name: &str| {
        let line = event.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.rsplit_once(':').unwrap_or_default().1.to_owned()
    };
    let told = unfolded.split("BEGIN:VEVENT").skip(1);
    let mut all: Vec<[String; 4]> = told
        .map(|event| ["UID", "DTSTART", "STATUS", "SEQUENCE"].map(|name| of(event, name)))
        .collect();
    all.sort_by(|a, b| a[1].cmp(&b[1]));
    all
}

#[test]
fn help_for_each_tuesday_is_asked_for_answered_and_called_off_date_by_date() {
    let Some(two) = Two::begin() else { return };
    let lessons = two.add("listing add offer --title Cours --price 60min/h");
    let tuesdays = |verb: &str, count: u32, more: &str| {
        format!(
            "series {verb} {lessons} --start 2031-05-06T18:00 --end 2031-05-06T19:00 \
             --every tue --count {count} {more}"
        )
    };
    let plan = must(&two.ben, &tuesdays("plan", 4, ""));
    assert_eq!((&plan["free"], &plan["conflicts"]), (&4.into(), &0.into()), "{plan}");
    assert_eq!((text(&plan, "currency"), &plan["total"]), ("minutes".into(), &240.into()));
    let made = must(&two.ben, &tuesdays("create", 4, "--text Piano"));
    let series = text(&made, "id");
    let ids: Vec<String> = items(&made).iter().map(|it| text(it, "booking")).collect();
    assert_eq!(ids.len(), 4);
    must(&two.ben, "sync");
    assert!(events(&two, &two.ben, "--mine").iter().all(|it| it[2] == "TENTATIVE"));
    let done = items(&must(&two.anna, &format!("booking accept --series {series}")));
    assert!(done.len() == 4 && done.iter().all(|it| it["done"] == true), "{done:?}");
    must(&two.ben, "sync");
    let listed = items(&must(&two.ben, &format!("booking list --series {series}")));
    assert!(listed.len() == 4 && listed.iter().all(|it| it["status"] == "agreed"), "{listed:?}");
    // What is agreed stands against the same again; a fifth Tuesday is free.
    let plan = must(&two.ben, &tuesdays("plan", 5, ""));
    assert_eq!((&plan["free"], &plan["conflicts"]), (&1.into(), &4.into()), "{plan}");
    assert_eq!(codes(&items(&plan)[0], "why_not"), ["booking.why.busy"]);
    let refused = say(&two.ben, &tuesdays("create", 5, ""));
    assert_eq!(
        (refused.exit, text(&refused.json["error"], "code")),
        (5, "series.conflicts".into())
    );
    let more = must(&two.ben, &tuesdays("create", 5, "--skip-conflicts"));
    assert_eq!(items(&more).iter().filter(|it| it["booking"].is_string()).count(), 1);
    must(&two.ben, "sync");
    // Both sides have it in their calendars, at one instant, under one id.
    let (mine, hers) = (events(&two, &two.ben, "--mine"), events(&two, &two.anna, "--mine"));
    assert_eq!(mine.len(), 5);
    assert_eq!(mine[0][0], format!("{}@palier", ids[0]));
    assert_eq!(mine[0][1..3], ["20310506T180000", "CONFIRMED"]);
    assert_eq!(mine[4][2], "TENTATIVE");
    let same = |all: &[[String; 4]]| all.iter().map(|it| it[..3].to_vec()).collect::<Vec<_>>();
    assert_eq!(same(&mine), same(&hers));
    assert_eq!(events(&two, &two.anna, &format!("--listing {lessons}")).len(), 5);
    let due = must(&two.ben, "--now 2031-05-06T16:30 calendar due --within 1h");
    assert_eq!(text(&items(&due)[0], "kind"), "help_soon");
    must(&two.ben, &format!("booking cancel {}", ids[1]));
    must(&two.ben, "sync");
    for by in [&two.ben, &two.anna] {
        let after = events(&two, by, "--mine");
        assert_eq!(after[1][0], mine[1][0], "the id stays");
        assert_eq!(after[1][2], "CANCELLED");
        let sequence = |of: &[String; 4]| of[3].parse::<u32>().unwrap();
        assert!(sequence(&after[1]) > sequence(&mine[1]));
        assert_eq!(same(&after)[2..], same(&mine)[2..]);
    }
    let left = items(&must(&two.ben, &format!("booking cancel --series {series}")));
    assert_eq!(left.len(), 3, "{left:?}");
    two.runs.stop();
}

#[test]
fn hours_closed_each_week_are_refused_until_it_is_said_never() {
    let Some(two) = Two::begin() else { return };
    let room = two.add("listing add room --title Salle --closed \"every mon 12:00-14:00\"");
    // Mondays before and after the clocks change.
    for day in ["2031-03-24", "2031-03-31"] {
        let ask = format!("booking request {room} --start {day}T13:00 --end {day}T15:00");
        let error = say(&two.ben, &ask).json["error"].clone();
        assert_eq!(text(&error, "code"), "booking.why.blackout", "{error}");
        let line = format!("calendar free {room} --from {day}T11:00 --to {day}T15:00");
        let slots = items(&must(&two.ben, &line));
        let free: Vec<i64> = slots.iter().map(|it| it["free"].as_i64().unwrap()).collect();
        assert_eq!(free, [1, 0, 1], "{slots:?}");
        assert!(
            text(&slots[1], "start").contains("T12:00")
                && text(&slots[1], "end").contains("T14:00")
        );
    }
    let shown = must(&two.ben, &format!("listing show {room}"));
    assert_eq!(shown["terms"]["closures"].as_array().unwrap().len(), 1, "{shown}");
    // What is confirmed stays, and is told.
    two.book(&room, "2031-04-01T09:00", "2031-04-01T11:00");
    let line = format!("listing edit {room} --closed \"chaque mar 10:00-12:00\"");
    let told = must(&two.anna, &line);
    assert_eq!(told["would_not_fit"].as_array().unwrap().len(), 1, "{told}");
    must(&two.ben, "sync");
    must(
        &two.ben,
        &format!("booking request {room} --start 2031-03-24T13:00 --end 2031-03-24T15:00"),
    );
    must(&two.anna, &format!("listing edit {room} --closed never"));
    must(&two.ben, "sync");
    let shown = must(&two.ben, &format!("listing show {room}"));
    assert!(shown["terms"]["closures"].as_array().unwrap().is_empty(), "{shown}");
    let bad = say(&two.anna, &format!("listing edit {room} --closed \"every mon\""));
    assert_eq!((bad.exit, text(&bad.json["error"], "code")), (2, "usage.invalid_value".into()));
    two.runs.stop();
}

#[test]
fn a_busy_calendar_with_rules_closes_each_of_its_times_up_to_the_horizon() {
    let Some(two) = Two::begin() else { return };
    let room = two.add("listing add room --title Salle");
    let busy = two.root.path().join("busy.ics");
    fs::write(
        &busy,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1@x\r\n\
         DTSTART;TZID=Europe/Paris:20270302T090000\r\nDTEND;TZID=Europe/Paris:20270302T110000\r\n\
         RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=100\r\nEXDATE;TZID=Europe/Paris:20270420T090000\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n",
    )
    .unwrap();
    let now = "--now 2027-04-01T08:00";
    let file = busy.to_str().unwrap();
    let told = must(&two.anna, &format!("{now} calendar import {room} {file} --to 2027-06-01"));
    // Tuesdays from the 6th of April to the 25th of May, without the 20th of April.
    assert_eq!((&told["events"], &told["blocked"]), (&1.into(), &7.into()), "{told}");
    must(&two.ben, "sync");
    for (day, closed) in [
        ("2027-04-06", true),
        ("2027-04-13", true),
        ("2027-04-20", false),
        ("2027-04-27", true),
        ("2027-05-25", true),
        ("2027-06-08", false),
    ] {
        let line = format!("{now} calendar free {room} --from {day}T09:00 --to {day}T11:00");
        let free = items(&must(&two.ben, &line));
        assert_eq!(free[0]["free"] == 0, closed, "{day}: {free:?}");
    }
    two.runs.stop();
}

#[test]
fn what_is_said_of_a_listing_is_meant_on_its_own_clocks() {
    let Some(two) = Two::begin() else { return };
    let room = two.add("listing add room --title Salle --time-zone Africa/Cairo --price 2eur/h");
    let quote = must(&two.ben, &format!("calendar quote {room} --on 2027-04-30"));
    assert_eq!(utc(&quote, "start"), "2027-04-29T22:00:00Z");
    assert_eq!((&quote["minutes"], &quote["total"]), (&1_380.into(), &4_600.into()), "{quote}");
    let booking = two.book(&room, "2027-04-30", "2027-05-01");
    let shown = must(&two.ben, &format!("booking show {booking}"));
    assert_eq!(utc(&shown, "start"), "2027-04-29T22:00:00Z");
    assert_eq!(utc(&shown, "end"), "2027-04-30T21:00:00Z");
    two.runs.stop();
}

#[test]
fn a_garage_and_its_places_keep_each_other_and_places_do_not() {
    let Some(two) = Two::begin() else { return };
    let garage =
        two.add("listing add parking --title Garage --part \"Place 1\" --part \"Place 2\"");
    let shown = must(&two.ben, &format!("listing show {garage}"));
    let parts: Vec<String> =
        shown["parts"].as_array().unwrap().iter().map(|it| it.as_str().unwrap().into()).collect();
    assert_eq!(parts.len(), 2, "{shown}");
    let part = must(&two.ben, &format!("listing show {}", parts[0]));
    assert_eq!((text(&part, "part_of"), text(&part, "title")), (garage.clone(), "Place 1".into()));
    two.book(&parts[0], "2031-05-05T10:00", "2031-05-05T12:00");
    let free = |of: &str| {
        let line = format!("calendar free {of} --from 2031-05-05T10:00 --to 2031-05-05T12:00");
        items(&must(&two.ben, &line))[0]["free"].clone()
    };
    assert_eq!([&garage, &parts[0], &parts[1]].map(|of| free(of)), [0, 0, 1].map(Value::from));
    let ask = format!("booking request {garage} --start 2031-05-05T09:00 --end 2031-05-05T11:00");
    assert_eq!(codes(&must(&two.ben, &ask), "why_not"), ["booking.why.part"]);
    let many: String = (0..64).map(|n| format!(" --part P{n}")).collect();
    let refused = say(&two.anna, &format!("listing add parking --title Trop{many}"));
    assert_eq!((refused.exit, text(&refused.json["error"], "code")), (7, "listing.parts".into()));
    let refused = say(&two.anna, "listing add offer --title Aide --part Un");
    assert_eq!((refused.exit, text(&refused.json["error"], "code")), (7, "listing.parts".into()));
    two.runs.stop();
}
