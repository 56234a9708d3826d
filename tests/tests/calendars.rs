//! Calendars by hand: opening hours in the record, a request refused with every reason in
//! words, what is free minute by minute against a count made here, days of 23 and 25
//! hours, new terms that disturb nothing, calendar files out and in.

use std::fs;
use std::path::Path;

use jiff::{Timestamp, ToSpan as _};
use palier_tests::script::words;
use palier_tests::{Answer, Person, Running, binary};
use serde_json::Value;
use tempfile::TempDir;

/// Anna's room, and Ben who wants it: two homes, two processes.
struct Two {
    root: TempDir,
    anna: Person,
    ben: Person,
    anna_runs: Running,
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

fn fails(by: &Person, line: &str, code: &str) -> Value {
    let answer = say(by, line);
    assert_ne!(answer.exit, 0, "{line}");
    let error = answer.json["error"].clone();
    assert_eq!(error["code"], code, "{line}: {error}");
    error
}

/// Everything that a refusal says, by code.
fn codes(error: &Value) -> Vec<String> {
    let also = error["also"].as_array().cloned().unwrap_or_default();
    let all = std::iter::once(error).chain(&also);
    all.map(|it| it["code"].as_str().unwrap_or_default().to_owned()).collect()
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_default().to_owned()
}

/// Minutes since 1970 of an instant as scripts read it.
fn minute(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("no instant: {value}"));
    text.parse::<Timestamp>().unwrap().as_second() / 60
}

impl Two {
    fn begin() -> Option<Self> {
        binary()?;
        let root = TempDir::new().unwrap();
        let anna = Person::init(root.path(), "anna").unwrap();
        must(&anna, "hood found \"Les Lilas\" --zone Europe/Paris");
        let anna_runs = anna.run(&[]);
        let ben = Person::init(root.path(), "ben").unwrap();
        let link = must(&anna, "invite create")["link"].as_str().unwrap().to_owned();
        must(&ben, &format!("join {link}"));
        Some(Self { root, anna, ben, anna_runs })
    }

    fn add(&self, line: &str) -> String {
        let listing = id(&must(&self.anna, line));
        must(&self.ben, "sync");
        listing
    }

    /// Ben asks, Anna says yes.
    fn book(&self, listing: &str, from: &str, to: &str, quantity: u32) -> String {
        let line =
            format!("booking request {listing} --start {from} --end {to} --quantity {quantity}");
        let booking = id(&must(&self.ben, &line));
        must(&self.ben, "sync");
        must(&self.anna, &format!("booking accept {booking}"));
        must(&self.ben, "sync");
        booking
    }

    fn path(&self, name: &str) -> String {
        self.root.path().join(name).to_str().unwrap().to_owned()
    }
}

#[test]
fn whoever_asks_outside_the_terms_is_told_every_rule_in_words_and_what_else_there_is() {
    let Some(two) = Two::begin() else { return };
    let room = two.add(
        "listing add room --title Salle --hours \"mon-fri 08:00-20:00\" --hours \"sat 20:00-02:00\" \
         --day \"2031-05-08 10:00-12:00\" --closed 2031-05-09 --holidays closed --step 30m \
         --min 1h --max 8h --notice 2h --horizon 3650d --buffer 15m --quota 2/week --price 2eur/h",
    );
    let shown = must(&two.ben, &format!("listing show {room}"));
    let terms = &shown["terms"];
    assert_eq!(terms["hours"].as_array().unwrap().len(), 6);
    assert_eq!(terms["hours"][5]["to"], "26:00");
    assert_eq!((&terms["step_minutes"], &terms["min_minutes"]), (&30.into(), &60.into()));
    assert_eq!(terms["time_zone"], "Europe/Paris");
    let ask = |from: &str, to: &str| format!("booking request {room} --start {from} --end {to}");
    // Monday, 5 May 2031 is a day like others; the 8th has hours of its own.
    for (from, to, told) in [
        ("2031-05-05T07:00", "2031-05-05T09:00", vec!["closed"]),
        ("2031-05-05T09:10", "2031-05-05T10:00", vec!["too_short", "step"]),
        ("2031-05-05T08:00", "2031-05-05T20:00", vec!["too_long"]),
        ("2031-05-08T09:00", "2031-05-08T11:00", vec!["exception"]),
        ("2031-05-09T09:00", "2031-05-09T11:00", vec!["exception"]),
        ("2031-05-01T09:00", "2031-05-01T11:00", vec!["holiday"]),
        ("2031-05-04T03:00", "2031-05-04T05:00", vec!["closed"]),
        ("2051-05-05T09:00", "2051-05-05T11:00", vec!["too_far"]),
        ("2020-05-05T09:00", "2020-05-05T11:00", vec!["past", "too_soon"]),
    ] {
        let first = format!("booking.why.{}", told[0]);
        let error = fails(&two.ben, &ask(from, to), &first);
        let told: Vec<String> = told.iter().map(|it| format!("booking.why.{it}")).collect();
        assert_eq!(codes(&error), told, "{from} {to}: {error}");
        for lang in ["fr", "en"] {
            let error = fails(&two.ben, &format!("--lang {lang} {}", ask(from, to)), &first);
            let message = error["message"].as_str().unwrap();
            assert!(message.len() > 10 && !message.contains('{'), "{message}");
        }
        // Only what keeps all the terms is offered: of a wish that is too short or too
        // long, nothing as long.
        let is_long = !matches!(told[0].as_str(), "booking.why.too_short" | "booking.why.too_long");
        if from.starts_with("2031") && is_long {
            let other = &error["alternatives"][0];
            let (start, end) = (other["start"].as_str().unwrap(), other["end"].as_str().unwrap());
            let line = format!("calendar quote {room} --start {start} --end {end}");
            let quote = must(&two.ben, &line);
            assert_eq!(quote["available"], true, "{quote}");
        }
    }
    let words = fails(
        &two.ben,
        &format!("--lang en {}", ask("2031-05-05T09:10", "2031-05-05T09:50")),
        "booking.why.too_short",
    );
    let message = words["message"].as_str().unwrap();
    assert!(message.contains("1 h at least") && message.contains("30 min"), "{message}");
    // Within the terms it is asked, accepted, and counted by the quota.
    let first = two.book(&room, "2031-05-05T09:00", "2031-05-05T11:00", 1);
    two.book(&room, "2031-05-06T09:00", "2031-05-06T11:00", 1);
    let error = fails(&two.ben, &ask("2031-05-07T09:00", "2031-05-07T11:00"), "booking.why.quota");
    assert_eq!(error["params"]["window"], "week");
    must(&two.ben, &ask("2031-05-12T09:00", "2031-05-12T11:00"));
    // New terms leave what is confirmed, and say what they would not allow.
    let edit = format!("listing edit {room} --hours \"mon-fri 10:00-20:00\" --min 3h");
    let dry = must(&two.anna, &format!("{edit} --dry-run"));
    assert_eq!(dry["saved"], false);
    let done = must(&two.anna, &edit);
    assert_eq!((&done["saved"], &done["would_not_fit"]), (&true.into(), &dry["would_not_fit"]));
    assert_eq!(done["would_not_fit"].as_array().unwrap().len(), 2, "{done}");
    assert_eq!(done["would_not_fit"][0]["booking"], first.as_str());
    must(&two.ben, "sync");
    let shown = must(&two.ben, &format!("booking show {first}"));
    assert_eq!((&shown["status"], &shown["firm"]), (&"confirmed".into(), &true.into()));
    let error =
        fails(&two.ben, &ask("2031-05-13T09:00", "2031-05-13T11:00"), "booking.why.too_short");
    assert_eq!(codes(&error), ["booking.why.too_short", "booking.why.closed"]);
    two.anna_runs.stop();
}

#[test]
fn a_whole_day_is_a_local_day_and_costs_its_hours() {
    let Some(two) = Two::begin() else { return };
    let room = two.add("listing add room --title Salle --price 2eur/h");
    for (date, next, start, end, hours, cents) in [
        ("2027-03-28", "2027-03-29", "2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z", 23, 4_600),
        ("2027-10-31", "2027-11-01", "2027-10-30T22:00:00Z", "2027-10-31T23:00:00Z", 25, 5_000),
    ] {
        for line in [
            format!("calendar quote {room} --start {date} --end {next}"),
            format!("calendar quote {room} --on {date}"),
        ] {
            let quote = must(&two.ben, &line);
            let at = |field: &str| {
                quote[field].as_str().unwrap().parse::<Timestamp>().unwrap().to_string()
            };
            assert_eq!((at("start").as_str(), at("end").as_str()), (start, end), "{line}");
            assert_eq!(quote["minutes"], hours * 60);
            assert_eq!((&quote["total"], &quote["currency"]), (&cents.into(), &"cents".into()));
            assert_eq!(quote["lines"][0]["unit"], "hour");
            assert_eq!(quote["lines"][0]["count"], hours);
        }
    }
    // The cheapest lawful combination, line by line.
    must(
        &two.anna,
        &format!("listing edit {room} --price 2eur/h --price 12eur/day --deposit 50eur"),
    );
    must(&two.ben, "sync");
    let quote = must(
        &two.ben,
        &format!("calendar quote {room} --start 2027-05-03T08:00 --end 2027-05-04T10:00"),
    );
    let lines: Vec<_> = quote["lines"].as_array().unwrap().iter().collect();
    assert_eq!((&lines[0]["unit"], &lines[0]["amount"]), (&"day".into(), &1_200.into()));
    assert_eq!((&lines[1]["unit"], &lines[1]["amount"]), (&"hour".into(), &400.into()));
    assert_eq!((&quote["total"], &quote["deposit_cents"]), (&1_600.into(), &5_000.into()));
    fails(
        &two.anna,
        &format!("listing edit {room} --price 2eur/h --price 3eur/h"),
        "invalid.prices",
    );
    two.anna_runs.stop();
}

#[test]
fn what_is_free_is_told_minute_by_minute_as_a_count_from_outside_finds_it() {
    let Some(two) = Two::begin() else { return };
    let boxes = two.add("listing add storage --title Boxes --capacity 3 --buffer 30m");
    let mut dice: u64 = 7;
    let mut roll = |n: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (dice >> 33) % n
    };
    let base: Timestamp = "2031-05-05T00:00:00Z".parse().unwrap();
    let at = |minute: i64| (base + minute.minutes()).to_string();
    let start = base.as_second() / 60;
    let mut booked: Vec<(i64, i64, i64)> = Vec::new();
    for _ in 0..8 {
        let from = roll(1_200) as i64;
        let to = from + 1 + roll(300) as i64;
        let quantity = 1 + roll(2) as i64;
        let line = format!(
            "booking request {boxes} --start {} --end {} --quantity {quantity}",
            at(from),
            at(to)
        );
        let booking = id(&must(&two.ben, &line));
        must(&two.ben, "sync");
        // At no minute of it or of its gap may more than three be out, gaps included.
        let out = |minute: i64| -> i64 {
            booked.iter().filter(|(a, b, _)| *a <= minute && minute < b + 30).map(|it| it.2).sum()
        };
        let fits = (from..to + 30).all(|minute| out(minute) + quantity <= 3);
        let answer = say(&two.anna, &format!("booking accept {booking}"));
        assert_eq!(answer.exit == 0, fits, "{from} {to} {quantity}: {}", answer.json);
        if fits {
            booked.push((from, to, quantity));
        }
        must(&two.ben, "sync");
    }
    assert!(booked.len() > 2, "{booked:?}");
    let line = format!("calendar free {boxes} --from {} --to {}", at(0), at(1_600));
    for by in [&two.anna, &two.ben] {
        let mut told = Vec::new();
        for slot in must(by, &line)["items"].as_array().unwrap() {
            assert_eq!(minute(&slot["start"]) - start, told.len() as i64, "no holes");
            let length = minute(&slot["end"]) - minute(&slot["start"]);
            told.extend((0..length).map(|_| slot["free"].as_i64().unwrap()));
        }
        let by_hand = |minute: i64| -> i64 {
            let out = |at: i64| -> i64 {
                booked.iter().filter(|(a, b, _)| *a <= at && at < b + 30).map(|it| it.2).sum()
            };
            (3 - (minute..minute + 31).map(out).max().unwrap()).max(0)
        };
        assert_eq!(told, (0..1_600).map(by_hand).collect::<Vec<_>>());
    }
    // A month that a person can read, and a script.
    let month = must(&two.ben, &format!("calendar show {boxes} --month 2031-05"));
    assert_eq!(month["days"].as_array().unwrap().len(), 31);
    assert_eq!(month["busy"].as_array().unwrap().len(), booked.len());
    assert_eq!(month["days"][4]["state"], "partly");
    let open = month["days"][20].clone();
    assert_eq!((&open["state"], &open["free_minutes"]), (&"free".into(), &1_440.into()));
    two.anna_runs.stop();
}

#[test]
fn rooms_free_on_saturday_morning_are_found_by_kind_and_length() {
    let Some(two) = Two::begin() else { return };
    let early =
        two.add("listing add room --until 2040-01-01 --title Tôt --hours \"sat 08:00-10:00\"");
    let late =
        two.add("listing add room --until 2040-01-01 --title Tard --hours \"sat 10:00-22:00\"");
    let taken = two.add("listing add room --until 2040-01-01 --title Prise");
    two.add("listing add parking --until 2040-01-01 --title Place");
    // 2031-05-10 is a Saturday.
    two.book(&taken, "2031-05-10T08:00", "2031-05-10T12:00", 1);
    let now = "--now 2031-05-07T12:00";
    let found = |line: &str| -> Vec<(String, i64)> {
        let answer = must(&two.ben, &format!("{now} calendar free {line}"));
        let items = answer["items"].as_array().unwrap().clone();
        let mut found: Vec<_> = items
            .iter()
            .map(|it| {
                let length = minute(&it["end"]) - minute(&it["start"]);
                (it["listing"].as_str().unwrap().to_owned(), length)
            })
            .collect();
        found.sort();
        found
    };
    let mut both = vec![(early.clone(), 120), (late.clone(), 120)];
    both.sort();
    assert_eq!(found("--kind room --on saturday-morning --length 2h"), both);
    assert_eq!(found("--kind room --on samedi-matin --length 3h"), []);
    assert_eq!(found("--kind room --on saturday-morning"), [], "nobody has the whole morning");
    let evening = found("--kind room --on saturday-evening");
    assert_eq!(evening.len(), 2, "{evening:?}");
    // What is taken may be asked for, and who asks is told.
    let ask = format!("booking request {taken} --start 2031-05-10T09:00 --end 2031-05-10T11:00");
    let asked = must(&two.ben, &ask);
    assert_eq!(asked["why_not"][0]["code"], "booking.why.taken", "{asked}");
    let other = &asked["alternatives"][0];
    assert_eq!(minute(&other["end"]) - minute(&other["start"]), 120, "{asked}");
    // Closed for a while, and open again.
    must(&two.anna, &format!("calendar block {late} --from 2031-05-10T09:00 --to 2031-05-11"));
    must(&two.ben, "sync");
    assert_eq!(found("--kind room --on saturday-morning --length 2h"), [(early, 120)]);
    let ask = format!("booking request {late} --start 2031-05-10T10:00 --end 2031-05-10T12:00");
    fails(&two.ben, &ask, "booking.why.blackout");
    must(
        &two.anna,
        &format!("calendar block {late} --from 2031-05-10T09:00 --to 2031-05-11 --remove"),
    );
    must(&two.ben, "sync");
    must(&two.ben, &ask);
    two.anna_runs.stop();
}

fn lines(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn a_calendar_file_keeps_its_ids_and_a_busy_one_closes_the_room() {
    let Some(two) = Two::begin() else { return };
    let room = two.add("listing add room --until 2040-01-01 --title Salle");
    let booking = two.book(&room, "2031-03-30T01:00", "2031-03-30T04:00", 1);
    let file = two.path("mine.ics");
    let told = must(&two.ben, &format!("calendar export {file} --mine"));
    assert_eq!(told["events"], 1);
    let before = lines(Path::new(&file));
    let value = |lines: &[String], name: &str| {
        let found = lines.iter().find_map(|line| line.strip_prefix(&format!("{name}:")));
        found.map(str::to_owned).unwrap_or_default()
    };
    assert_eq!(value(&before, "STATUS"), "CONFIRMED");
    assert!(before.iter().any(|line| line == "BEGIN:VTIMEZONE"));
    assert!(before.contains(&"DTSTART;TZID=Europe/Paris:20310330T010000".to_owned()));
    let sequence: u32 = value(&before, "SEQUENCE").parse().unwrap();
    must(&two.ben, &format!("booking cancel {booking}"));
    must(&two.ben, &format!("calendar export {file} --mine"));
    let after = lines(Path::new(&file));
    assert_eq!(value(&after, "STATUS"), "CANCELLED");
    assert!(value(&after, "SEQUENCE").parse::<u32>().unwrap() > sequence);
    let uid = |lines: &[String]| lines.concat().split("UID:").nth(1).unwrap()[..50].to_owned();
    assert_eq!(uid(&before), uid(&after));
    must(&two.ben, "sync");

    let busy = two.path("busy.ics");
    fs::write(
        &busy,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1@x\r\n\
         DTSTART;TZID=Europe/Paris:20270405T090000\r\nDTEND;TZID=Europe/Paris:20270405T110000\r\n\
         END:VEVENT\r\nBEGIN:VEVENT\r\nUID:2@x\r\nDTSTART;TZID=Mars/Olympus:20270406T090000\r\n\
         DTEND;TZID=Mars/Olympus:20270406T110000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    )
    .unwrap();
    let line = format!("--now 2027-04-01T08:00 calendar import {room} {busy}");
    let dry = must(&two.anna, &format!("{line} --dry-run"));
    assert_eq!((&dry["saved"], &dry["blocked"]), (&false.into(), &1.into()));
    let told = must(&two.anna, &line);
    assert_eq!(told["left_out"][0]["event"], 2, "{told}");
    must(&two.ben, "sync");
    let ask = format!(
        "--now 2027-04-01T08:00 booking request {room} --start 2027-04-05T10:00 --end 2027-04-05T12:00"
    );
    fails(&two.ben, &ask, "booking.why.blackout");
    fails(&two.anna, &format!("calendar import {room} {}", two.path("mine")), "file.not_found");
    two.anna_runs.stop();
}
