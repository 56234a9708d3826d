//! A room that three want: who waits is seen by all in one order, what comes free is
//! offered in that order and runs out, nobody is passed over in silence; and a room that
//! cannot be used for a while. Real processes.

use std::time::{Duration, Instant};

use palier_tests::script::words;
use palier_tests::{Answer, Person, Running, binary};
use serde_json::Value;
use tempfile::TempDir;

struct House {
    _root: TempDir,
    anna: Person,
    runs: Option<Running>,
    guests: Vec<Person>,
    room: String,
    /// Where Anna listens: elsewhere after each start.
    hub: String,
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

fn code(answer: &Answer) -> String {
    text(&answer.json["error"], "code")
}

fn items(value: &Value) -> Vec<Value> {
    value["items"].as_array().unwrap_or_else(|| panic!("no items: {value}")).clone()
}

/// Exchanges; on a busy machine a neighbour may be out of reach for a moment.
fn exchange(by: &Person, line: &str) {
    let begun = Instant::now();
    loop {
        let answer = say(by, line);
        if answer.exit != 6 {
            assert_eq!(answer.exit, 0, "{}", answer.json);
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "{}", answer.json);
    }
}

const SLOT: &str = "--start 2031-05-10T14:00 --end 2031-05-10T18:00";
/// A day and an hour later.
const LATER: &str = "--now +25h";

impl House {
    fn begin(terms: &str) -> Option<Self> {
        binary()?;
        let root = TempDir::new().unwrap();
        let anna = Person::init(root.path(), "anna").unwrap();
        must(&anna, "hood found \"Les Lilas\" --zone Europe/Paris");
        let runs = anna.run(&[]);
        let hub = runs.address();
        let mut guests = Vec::new();
        for name in ["ben", "chloe", "dora"] {
            let guest = Person::init(root.path(), name).unwrap();
            let link = text(&must(&anna, "invite create"), "link");
            must(&guest, &format!("join {link}"));
            guests.push(guest);
        }
        let line = format!("listing add room --title Salle --until 2040-01-01 {terms}");
        let room = text(&must(&anna, &line), "id");
        let it = Self { _root: root, anna, runs: Some(runs), guests, room, hub };
        for guest in &it.guests {
            it.sync(guest, "");
        }
        Some(it)
    }

    fn sync(&self, by: &Person, now: &str) {
        exchange(by, &format!("{now} sync --peer {}", self.hub));
    }

    /// Looks until something holds; exchanges before, but for whom all others come to.
    fn until(&self, by: &Person, now: &str, line: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            if by.home != self.anna.home {
                self.sync(by, now);
            }
            let told = must(by, &format!("{now} {line}"));
            if holds(&told) {
                return told;
            }
            assert!(begun.elapsed() < Duration::from_secs(90), "{line}: {told}");
        }
    }

    /// Asks; gives the booking once Anna has it.
    fn ask(&self, who: usize, more: &str) -> String {
        let line = format!("booking request {} {SLOT} {more}", self.room);
        let id = text(&must(&self.guests[who], &line), "id");
        self.sync(&self.guests[who], "");
        id
    }

    fn show(&self, who: usize, id: &str, now: &str, holds: impl Fn(&Value) -> bool) -> Value {
        self.until(&self.guests[who], now, &format!("booking show {id}"), holds)
    }

    fn has_status(&self, who: usize, id: &str, now: &str, status: &str) -> Value {
        self.show(who, id, now, |it| it["status"] == status)
    }

    /// Anna's device goes on at another time.
    fn goes_on(&mut self, now: &str) {
        if let Some(runs) = self.runs.take() {
            runs.stop();
        }
        let words = words(now);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let runs = self.anna.run(&words);
        self.hub = runs.address();
        self.runs = Some(runs);
    }

    fn ends(mut self) {
        if let Some(runs) = self.runs.take() {
            runs.stop();
        }
    }
}

#[test]
fn what_comes_free_is_offered_to_the_first_and_then_to_the_next() {
    let Some(mut house) = House::begin("--instant --offer 24h") else { return };
    let list = format!("waitlist list {}", house.room);
    let first = house.ask(0, "");
    house.has_status(0, &first, "", "confirmed");
    let second = house.ask(1, "--wait");
    let shown = house.has_status(1, &second, "", "waiting");
    assert_eq!(shown["waitlist"], 1, "{shown}");
    let third = house.ask(2, "--wait");
    let shown = house.has_status(2, &third, "", "waiting");
    assert_eq!(shown["waitlist"], 2, "{shown}");
    // All see the same order, by ids that say nothing; each knows his own.
    for (who, mine) in [(0, None), (1, Some(0)), (2, Some(1))] {
        let told = house.until(&house.guests[who], "", &list, |it| items(it).len() == 2);
        let told = items(&told);
        let ids: Vec<String> = told.iter().map(|it| text(it, "booking")).collect();
        assert_eq!(ids, [second.clone(), third.clone()]);
        let own: Vec<usize> = (0..2).filter(|n| told[*n]["mine"] == true).collect();
        assert_eq!(own, mine.into_iter().collect::<Vec<_>>());
        assert!(told.iter().all(|it| it["overtaken"] == 0 && it["has_room"] == false));
    }
    // It comes free: the first is asked, and who comes by does not get it.
    must(&house.guests[0], &format!("booking cancel {first}"));
    house.sync(&house.guests[0], "");
    let shown = house.has_status(1, &second, "", "offered");
    assert_eq!(
        (&shown["offer"]["taken"], &shown["offer"]["ran_out"]),
        (&false.into(), &false.into())
    );
    let late = house.ask(0, "");
    house.has_status(0, &late, "", "refused");
    house.has_status(2, &third, "", "waiting");
    // Nobody answers for a day: the next one's turn.
    house.goes_on(LATER);
    let answer = say(&house.guests[1], &format!("{LATER} waitlist take {second}"));
    assert_eq!(code(&answer), "waitlist.ran_out");
    house.has_status(2, &third, LATER, "offered");
    let shown = house.has_status(1, &second, LATER, "cancelled");
    assert_eq!(shown["reason"], "offer_ran_out", "{shown}");
    must(&house.guests[2], &format!("{LATER} waitlist take {third}"));
    let shown = house.has_status(2, &third, LATER, "confirmed");
    assert_eq!(shown["firm"], true);
    // Who let it pass may wait again, and be the next.
    let again = text(&must(&house.guests[1], &format!("{LATER} waitlist join {second}")), "id");
    let shown = house.has_status(1, &again, LATER, "waiting");
    assert_eq!(shown["waitlist"], 1, "{shown}");
    must(&house.guests[1], &format!("{LATER} waitlist leave {again}"));
    house.has_status(1, &again, LATER, "cancelled");
    house.until(&house.guests[0], LATER, &list, |it| items(it).is_empty());
    house.ends();
}

#[test]
fn who_decides_is_told_whose_turn_it_is_and_passes_nobody_over_in_silence() {
    let Some(house) = House::begin("") else { return };
    let first = house.ask(0, "");
    must(&house.anna, &format!("booking accept {first}"));
    let second = house.ask(1, "--wait");
    house.has_status(1, &second, "", "waiting");
    let third = house.ask(2, "--wait");
    house.has_status(2, &third, "", "waiting");
    let to_decide = || items(&must(&house.anna, "booking list --to-decide")).len();
    assert_eq!(to_decide(), 0);
    must(&house.guests[0], &format!("booking cancel {first}"));
    house.sync(&house.guests[0], "");
    let list = format!("waitlist list {}", house.room);
    let told = items(&house.until(&house.anna, "", &list, |it| items(it)[0]["has_room"] == true));
    assert_eq!(text(&told[0], "booking"), second);
    assert_eq!(to_decide(), 2, "both could have it");
    let line = format!("waitlist offer {second} --for-time 2h --text \"Toujours ?\"");
    must(&house.anna, &line);
    assert_eq!(code(&say(&house.anna, &line)), "waitlist.offered");
    let shown = house.has_status(1, &second, "", "offered");
    assert_eq!(shown["offer"]["text"], "Toujours ?");
    // Another may be preferred, though not in silence.
    let line = format!("booking accept {third}");
    assert_eq!(code(&say(&house.anna, &line)), "booking.offered");
    must(&house.anna, &format!("{line} --anyway"));
    house.has_status(2, &third, "", "confirmed");
    for who in 0..3 {
        let told = house.until(&house.guests[who], "", &list, |it| items(it).len() == 1);
        assert_eq!(items(&told)[0]["overtaken"], 1, "{told}");
    }
    let shown = must(&house.guests[1], &format!("booking show {second}"));
    let told = shown["history"].as_array().unwrap();
    assert!(told.iter().any(|it| it["what"] == "overtaken"), "{shown}");
    house.ends();
}

#[test]
fn a_room_that_cannot_be_used_tells_those_who_had_it_why_and_what_else_there_is() {
    let Some(house) = House::begin("--instant") else { return };
    let booking = house.ask(0, "");
    house.has_status(0, &booking, "", "confirmed");
    let line =
        format!("booking request {} --start 2031-05-12T14:00 --end 2031-05-12T18:00", house.room);
    let other = text(&must(&house.guests[1], &line), "id");
    house.has_status(1, &other, "", "confirmed");
    let block = format!(
        "calendar block {} --from 2031-05-10T00:00 --to 2031-05-11T00:00 --cancel --text \"Dégât des eaux\"",
        house.room
    );
    let dry = must(&house.anna, &format!("{block} --dry-run"));
    assert_eq!(dry["saved"], false);
    let done = must(&house.anna, &block);
    assert_eq!((&done["saved"], &done["cancelled"]), (&true.into(), &dry["cancelled"]));
    let fallen = done["cancelled"].as_array().unwrap();
    assert_eq!((fallen.len(), text(&fallen[0], "booking")), (1, booking.clone()), "{done}");
    let shown = house.show(0, &booking, "", |it| it["status"] == "cancelled" && it["text"] != "");
    assert_eq!(
        (text(&shown, "reason"), text(&shown, "text")),
        ("unavailable".into(), "Dégât des eaux".into())
    );
    let instead = &shown["alternatives"][0];
    let (from, to) = (text(instead, "start"), text(instead, "end"));
    let line = format!("booking request {} --start {from} --end {to}", house.room);
    let next = text(&must(&house.guests[0], &line), "id");
    house.has_status(0, &next, "", "confirmed");
    house.has_status(1, &other, "", "confirmed");
    // In the meantime nobody can have it.
    let answer = say(&house.guests[2], &format!("booking request {} {SLOT}", house.room));
    house.sync(&house.guests[2], "");
    let answer = if answer.exit == 0 {
        say(&house.guests[2], &format!("booking request {} {SLOT}", house.room))
    } else {
        answer
    };
    assert_eq!(code(&answer), "booking.why.blackout");
    house.ends();
}
