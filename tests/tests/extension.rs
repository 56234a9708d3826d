//! Another end: asked for offline and granted by one of two deciders who do not hear each
//! other, granted or refused by a device itself, and a cellar rented until notice.

use std::fs;

use palier_tests::script::words;
use palier_tests::{Person, binary};
use serde_json::Value;
use tempfile::TempDir;

/// One home after the other, each offline; what is said is passed on by files.
struct Street {
    root: TempDir,
    hub: Person,
    owner: Person,
    awa: Person,
    karim: Person,
    hub_device: String,
}

impl Street {
    fn begin() -> Option<Self> {
        binary()?;
        let root = TempDir::new().unwrap();
        let make = |name: &str| Person::init(root.path(), name).unwrap();
        let (hub, owner, awa, karim) = (make("hub"), make("owner"), make("awa"), make("karim"));
        must(&hub, "hood found \"Les Érables\" --zone Europe/Paris");
        let running = hub.run(&[]);
        for guest in [&owner, &awa, &karim] {
            let link = hub.must(&["invite", "create"]).text("link");
            assert_eq!(guest.must(&["join", &link]).text("status"), "joined");
        }
        drop(running);
        let hub_device = hub.must(&["status"]).text("device");
        let street = Self { root, hub, owner, awa, karim, hub_device };
        street.share();
        Some(street)
    }

    fn everyone(&self) -> [&Person; 4] {
        [&self.hub, &self.owner, &self.awa, &self.karim]
    }

    fn share(&self) {
        for _ in 0..2 {
            for from in self.everyone() {
                for to in self.everyone() {
                    if from.home != to.home {
                        self.pass(from, to);
                    }
                }
            }
        }
    }

    /// Everything of one home goes into another, by a file.
    fn pass(&self, from: &Person, to: &Person) {
        let file = self.root.path().join("pass.palier");
        let file = file.to_str().unwrap();
        from.must(&["--offline", "bundle", "export", file]);
        to.must(&["--offline", "bundle", "import", file]);
    }

    fn add(&self, line: &str) -> String {
        let id = id(&must(&self.owner, line));
        self.share();
        id
    }

    /// Awa has it, accepted by `by`, and everybody has heard of it.
    fn book(&self, by: &Person, listing: &str, when: &str) -> String {
        let booking = id(&must(&self.awa, &format!("booking request {listing} {when}")));
        self.share();
        must(by, &format!("booking accept {booking}"));
        self.share();
        booking
    }

    /// The lines of a name in the calendar file of a person's bookings.
    fn file(&self, by: &Person, name: &str) -> Vec<String> {
        let file = self.root.path().join("mine.ics");
        let file = file.to_str().unwrap();
        by.must(&["--offline", "calendar", "export", file, "--mine"]);
        let text = fs::read_to_string(file).unwrap();
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.map(str::to_owned).collect()
    }
}

fn say(by: &Person, line: &str) -> palier_tests::Answer {
    let line = format!("--offline {line}");
    let words = words(&line);
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
    let message = error["message"].as_str().unwrap();
    assert!(message.len() > 10 && !message.contains('{'), "{message}");
    error
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_default().to_owned()
}

fn show(by: &Person, booking: &str) -> Value {
    must(by, &format!("booking show {booking}"))
}

/// `MM-DDTHH:MM` of an instant.
fn short(value: &Value) -> &str {
    value.as_str().map_or("", |text| &text[5..16])
}

/// The end in force, what became of the one asked for, whether the end is firm.
fn end(shown: &Value) -> (&str, &str, bool) {
    let became = shown["asked_end"]["became"].as_str().unwrap_or_default();
    (short(&shown["end"]), became, shown["end_firm"] == true)
}

#[test]
fn a_later_end_granted_apart_gives_way_to_what_is_firm_and_the_booking_keeps_its_own() {
    let Some(street) = Street::begin() else { return };
    let Street { hub, owner, awa, karim, hub_device, .. } = &street;
    let place = street.add(&format!(
        "listing add parking --title Place --price 2eur/h --buffer 30m --holder {hub_device} \
         --until 2031-12-31T00:00"
    ));
    let booking = street.book(hub, &place, "--start 2031-05-01T10:00 --end 2031-05-01T12:00");
    assert_eq!(end(&show(awa, &booking)), ("05-01T12:00", "", true));
    let (uid, sequence) = (street.file(awa, "UID"), street.file(awa, "SEQUENCE"));

    // What it would cost more, before anything is said.
    let extend = |until: &str| format!("booking extend {booking} --until 2031-05-01T{until}");
    let dry = must(awa, &format!("{} --dry-run", extend("14:00")));
    assert_eq!(
        (&dry["saved"], &dry["total"], &dry["added"]),
        (&false.into(), &400.into(), &400.into())
    );
    assert_eq!(
        (&dry["then"]["total"], &dry["then"]["lines"][0]["count"]),
        (&800.into(), &4.into())
    );
    assert_eq!(dry["then"]["available"], true);
    assert!(show(awa, &booking)["asked_end"].is_null());

    // Only whoever has it asks; the hub gives the time after it to another meanwhile.
    fails(owner, &extend("14:00"), "booking.end.requester");
    fails(owner, &format!("booking extend {booking} --accept"), "booking.end.not_asked");
    must(awa, &format!("{} --text \"Il pleut\"", extend("14:00")));
    assert_eq!(end(&show(awa, &booking)), ("05-01T12:00", "asked", true));
    let other = id(&must(
        karim,
        &format!("booking request {place} --start 2031-05-01T13:30 --end 2031-05-01T15:00"),
    ));
    street.pass(karim, hub);
    must(hub, &format!("booking accept {other}"));
    street.pass(awa, owner);
    assert_eq!(show(owner, &booking)["asked_end"]["note"], "Il pleut");
    must(owner, &format!("booking extend {booking} --accept"));
    let apart = show(owner, &booking);
    assert_eq!(end(&apart), ("05-01T14:00", "granted", false));
    assert_eq!(apart["firm"], true, "the booking itself is");
    assert_eq!(apart["waiting_for"][0], hub_device.as_str());

    street.share();
    for person in [hub, owner, awa] {
        let shown = show(person, &booking);
        assert_eq!(end(&shown), ("05-01T12:00", "did_not_fit", true), "{shown}");
        assert_eq!(shown["asked_end"]["reason"], "taken");
        assert_eq!((&shown["status"], &shown["firm"]), (&"confirmed".into(), &true.into()));
        let kept = shown["history"].as_array().unwrap().iter().any(|it| it["what"] == "end_kept");
        assert!(kept, "{shown}");
    }
    let theirs = show(karim, &other);
    assert_eq!((&theirs["status"], &theirs["firm"]), (&"confirmed".into(), &true.into()));

    // As late as there is room, with the gap of half an hour.
    let asked = must(awa, &extend("14:00"));
    assert_eq!(short(&asked["latest_end"]), "05-01T13:00", "{asked}");
    assert_eq!(asked["then"]["why_not"][0]["code"], "booking.why.taken");
    street.pass(awa, hub);
    assert_eq!(short(&show(hub, &booking)["asked_end"]["latest_end"]), "05-01T13:00");
    let error = fails(hub, &format!("booking extend {booking} --accept"), "booking.taken");
    assert_eq!(error["also"][0]["code"], "booking.end.latest", "{error}");
    must(hub, &format!("booking extend {booking} --refuse --text \"Pris après\""));
    street.share();
    let refused = show(awa, &booking);
    assert_eq!(end(&refused), ("05-01T12:00", "refused", true));
    assert_eq!(refused["asked_end"]["text"], "Pris après");
    must(awa, &extend("13:00"));
    street.share();
    must(hub, &format!("booking extend {booking} --accept"));
    street.share();
    for person in [hub, owner, awa] {
        assert_eq!(end(&show(person, &booking)), ("05-01T13:00", "granted", true));
    }
    // The same event with a higher number, and the end that holds.
    let now = street.file(awa, "SEQUENCE");
    let number = |lines: &[String]| lines[0]["SEQUENCE:".len()..].parse::<u32>().unwrap();
    assert_eq!(street.file(awa, "UID"), uid);
    assert!(number(&now) > number(&sequence), "{now:?} after {sequence:?}");
    let ends = street.file(awa, "DTEND");
    assert!(ends[0].ends_with("20310501T130000"), "{ends:?}");

    // Overdue counts from the end that holds.
    let at = |time: &str, what: &str| format!("--now 2031-05-01T{time} booking {what} {booking}");
    must(awa, &at("10:05", "handover"));
    assert_eq!(must(awa, &at("12:30", "show"))["status"], "handed_over");
    assert_eq!(must(awa, &at("13:01", "show"))["status"], "overdue");
    let digest = |person: &Person| person.must(&["--offline", "status"]).text("open_digest");
    assert_eq!(street.everyone().map(digest), [(); 4].map(|()| digest(hub)));
}

#[test]
fn a_device_answers_for_what_is_instant_and_says_what_the_terms_do_not_allow() {
    let Some(street) = Street::begin() else { return };
    let Street { owner, awa, .. } = &street;
    let tool = street.add(
        "listing add tool --title Perceuse --instant --max 2d --notice 1d --until 2031-12-31T00:00",
    );
    let booking = id(&must(
        awa,
        &format!("booking request {tool} --start 2031-05-01T10:00 --end 2031-05-02T10:00"),
    ));
    street.share();
    assert_eq!(show(awa, &booking)["status"], "confirmed");
    // The notice of the terms is for the start: it has begun.
    let now = "--now 2031-05-02T09:00";
    let error = fails(
        awa,
        &format!("{now} booking extend {booking} --until 2031-05-04T10:00"),
        "booking.why.too_long",
    );
    assert_eq!(error["also"][0]["code"], "booking.end.latest", "{error}");
    let latest = error["also"][0]["params"]["latest_at"].clone();
    assert_eq!(short(&latest), "05-03T10:00");
    fails(awa, &format!("{now} booking extend {booking} --no-end"), "booking.why.open_ended");
    fails(
        awa,
        &format!("booking notice {booking} --until 2031-05-02T10:00"),
        "booking.notice.has_end",
    );
    must(awa, &format!("{now} booking extend {booking} --until 2031-05-03T10:00"));
    street.pass(awa, owner);
    assert_eq!(end(&show(owner, &booking)), ("05-03T10:00", "granted", true));
    street.pass(owner, awa);
    assert_eq!(end(&show(awa, &booking)), ("05-03T10:00", "granted", true));
    // An earlier end frees the rest. The clock was set back meanwhile: what was asked last is
    // what counts, whatever it claims.
    let earlier = "--now 2031-05-02T08:30";
    must(awa, &format!("{earlier} booking extend {booking} --until 2031-05-02T18:00"));
    street.pass(awa, owner);
    street.pass(owner, awa);
    assert_eq!(end(&show(awa, &booking)), ("05-02T18:00", "granted", true));
    // What would not be kept is not taken.
    let ask =
        |n: u32| format!("{now} booking extend {booking} --until 2031-05-02T17:{:02}", n + 10);
    (2..16).for_each(|n| drop(must(awa, &ask(n))));
    fails(awa, &ask(16), "booking.end.too_many");
}

#[test]
fn a_cellar_is_rented_over_the_turn_of_the_year_until_somebody_gives_notice() {
    let Some(street) = Street::begin() else { return };
    let Street { owner, awa, karim, .. } = &street;
    let cellar = street.add(
        "listing add storage --title Cave --price 30eur/month --leave-notice 30d \
         --until 2032-12-31T00:00",
    );
    let terms = &must(awa, &format!("listing show {cellar}"))["terms"];
    assert_eq!(terms["leave_notice_minutes"], 30 * 24 * 60);
    let quote = must(awa, &format!("calendar quote {cellar} --start 2030-12-01"));
    assert!(quote["total"].is_null() && quote["available"] == true, "{quote}");
    assert_eq!(terms["prices"][0]["cents"], 3_000);
    assert_eq!(terms["prices"][0]["per"], "month");
    let booking = street.book(owner, &cellar, "--start 2030-12-01");
    let shown = show(awa, &booking);
    assert_eq!((&shown["rolling"], &shown["end"]), (&true.into(), &Value::Null));
    // It is taken on both sides of the turn of the year, for everybody.
    for month in ["2030-12", "2031-01", "2032-06"] {
        let days = must(karim, &format!("calendar show {cellar} --month {month}"));
        let days = days["days"].as_array().unwrap().clone();
        assert!(days.iter().all(|day| day["state"] == "full"), "{month}: {days:?}");
    }
    let free = |from: &str, to: &str| {
        let free = must(karim, &format!("calendar free {cellar} --from {from} --to {to}"));
        free["items"].as_array().unwrap().iter().filter(|it| it["free"] != 0).count()
    };
    assert_eq!(free("2030-12-01", "2031-03-01"), 0);
    fails(awa, &format!("booking extend {booking} --until 2031-02-01"), "booking.end.notice");

    // Either side's notice is held to the terms.
    let notice = |now: &str, until: &str| {
        format!("--now {now} booking notice {booking} --until {until} --text \"Je pars\"")
    };
    for person in [awa, owner] {
        let line = notice("2031-01-10T12:00", "2031-02-01");
        let error = fails(person, &line, "booking.notice.too_early");
        let earliest = error["params"]["earliest_at"].clone();
        assert_eq!(short(&earliest), "02-09T12:00", "{error}");
    }
    must(awa, &notice("2031-01-10T12:00", "2031-02-15"));
    let said = show(awa, &booking);
    assert_eq!(
        (&said["notice"]["by"], &said["notice"]["took"]),
        (&"requester".into(), &false.into())
    );
    assert_eq!(said["rolling"], true, "until the device that decides has heard of it");
    street.share();
    for person in [awa, owner] {
        let shown = show(person, &booking);
        assert_eq!(
            (short(&shown["end"]), &shown["rolling"]),
            ("02-15T00:00", &false.into()),
            "{shown}"
        );
        assert_eq!(
            (&shown["notice"]["by"], &shown["notice"]["took"]),
            (&"requester".into(), &true.into())
        );
        assert_eq!((&shown["firm"], &shown["end_firm"]), (&true.into(), &true.into()));
    }
    assert_eq!(free("2031-01-01", "2031-02-15"), 0);
    assert_eq!(free("2031-02-15", "2031-04-01"), 1);

    // The owner ends it earlier, lawfully: the earlier of both holds.
    must(owner, &notice("2031-01-11T12:00", "2031-02-12"));
    street.share();
    let shown = show(awa, &booking);
    assert_eq!((short(&shown["end"]), &shown["notice"]["by"]), ("02-12T00:00", &"owner".into()));
    // The next has it from then on, and no sooner.
    let next = id(&must(karim, &format!("booking request {cellar} --start 2031-02-12")));
    street.share();
    must(owner, &format!("booking accept {next}"));
    street.share();
    assert_eq!(show(karim, &next)["status"], "confirmed");
    assert_eq!(show(awa, &booking)["status"], "confirmed");
}
