//! A drill is lent, handed over by a code and brought back; a third neighbour checks the
//! code without any network, and it serves for nothing else.

use palier_tests::{Person, binary};
use tempfile::TempDir;

const START: &str = "2031-05-01T10:00:00+02:00";
const END: &str = "2031-05-03T12:00:00+02:00";
/// Until when it is shown.
const LATER: &str = "2031-12-31T00:00:00+01:00";
const THEN: &str = "2031-05-01T10:05:00+02:00";

struct Loan {
    /// Its folder goes with it.
    _root: TempDir,
    owner: Person,
    asker: Person,
    third: Person,
    tool: String,
    booking: String,
}

impl Loan {
    /// A drill is asked for and accepted, and everybody has heard of it.
    fn begin() -> Option<Self> {
        binary()?;
        let root = TempDir::new().unwrap();
        let make = |name: &str| Person::init(root.path(), name).unwrap();
        let (owner, asker, third) = (make("owner"), make("asker"), make("third"));
        owner.must(&["hood", "found", "Ici"]);
        let running = owner.run(&[]);
        for guest in [&asker, &third] {
            let link = owner.must(&["invite", "create"]).text("link");
            assert_eq!(guest.must(&["join", &link]).text("status"), "joined");
        }
        drop(running);
        let tool = owner
            .must(&["--offline", "listing", "add", "tool", "--title", "Perceuse", "--until", LATER])
            .text("id");
        let mut it = Self { _root: root, owner, asker, third, tool, booking: String::new() };
        it.share();
        it.booking = it.ask();
        it.share();
        it.owner.must(&["--offline", "booking", "accept", &it.booking]);
        it.share();
        Some(it)
    }

    fn ask(&self) -> String {
        let words = ["--offline", "booking", "request", &self.tool, "--start", START, "--end", END];
        self.asker.must(&words).text("id")
    }

    fn share(&self) {
        let everyone = [&self.owner, &self.asker, &self.third];
        for from in everyone {
            for to in everyone {
                if from.home != to.home {
                    from.pass_to(to);
                }
            }
        }
    }

    fn status(&self, person: &Person, now: &str) -> String {
        let words = ["--offline", "--now", now, "booking", "show", &self.booking];
        person.must(&words).text("status")
    }

    fn code(&self, person: &Person, step: &str, now: &str) -> String {
        let words = ["--offline", "--now", now, "qr", "show", &self.booking, "--step", step];
        person.must(&words).text("code")
    }

    /// The code of the refusal; an empty text where it is valid.
    fn check(&self, code: &str, more: &[&str], now: &str) -> String {
        let words = [&["--offline", "--now", now, "qr", "verify", code], more].concat();
        let said = self.third.say(&words);
        if said.exit == 0 {
            assert_eq!(said.json["valid"], true);
            return String::new();
        }
        assert!([5, 7].contains(&said.exit), "{}", said.exit);
        said.json["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

#[test]
fn a_drill_is_lent_and_comes_back_and_a_third_home_checks_the_code_offline() {
    let Some(loan) = Loan::begin() else { return };
    assert_eq!(loan.status(&loan.asker, THEN), "confirmed");
    let code = loan.code(&loan.owner, "handover", THEN);
    let booking = ["--booking", &loan.booking, "--step", "handover"];
    assert_eq!(loan.check(&code, &booking, THEN), "");
    // The third neighbour is no party of the deal and cannot read it.
    assert_eq!(loan.third.say(&["--offline", "booking", "show", &loan.booking]).exit, 3);

    // The borrower scans what the owner shows: both have said so.
    let words = ["--offline", "--now", THEN, "booking", "handover", &loan.booking, "--qr", &code];
    loan.asker.must(&[&words[..], &["--text", "Une rayure"]].concat());
    let shown = loan.asker.must(&["--offline", "--now", THEN, "booking", "show", &loan.booking]);
    assert_eq!(shown.text("status"), "handed_over");
    assert!(
        shown.json["handed_over"]["owner"].is_object()
            || shown.json["handed_over"]["owner"].is_string()
    );
    loan.share();
    assert_eq!(loan.status(&loan.owner, THEN), "handed_over");
    let late = "2031-05-03T12:00:01+02:00";
    for person in [&loan.owner, &loan.asker] {
        assert_eq!(loan.status(person, late), "overdue");
    }
    // What was handed over cannot be cancelled any more.
    let cancel = ["--offline", "--now", THEN, "booking", "cancel", &loan.booking];
    assert_eq!(loan.asker.say(&cancel).json["error"]["code"], "booking.wrong_state");

    // Brought back a day early: the owner says so, the other by the owner's code or alone.
    let early = "2031-05-02T09:00:00+02:00";
    loan.owner.must(&["--offline", "--now", early, "booking", "return", &loan.booking]);
    assert_eq!(loan.status(&loan.owner, early), "returned");
    loan.share();
    loan.asker.must(&["--offline", "--now", early, "booking", "return", &loan.booking]);
    loan.share();
    for person in [&loan.owner, &loan.asker] {
        assert_eq!(loan.status(person, early), "closed");
    }
    // The rest of the time is free for somebody else.
    let words = ["--offline", "--now", early, "booking", "request", &loan.tool];
    let rest = ["--start", "2031-05-02T14:00:00+02:00", "--end", "2031-05-02T16:00:00+02:00"];
    let next = loan.third.must(&[&words[..], &rest[..]].concat()).text("id");
    loan.third.pass_to(&loan.owner);
    loan.owner.must(&["--offline", "--now", early, "booking", "accept", &next]);
}

#[test]
fn a_code_serves_no_other_booking_step_or_day_and_no_letter_of_it_can_be_changed() {
    let Some(loan) = Loan::begin() else { return };
    let other = loan.ask();
    for (person, step) in [(&loan.owner, "handover"), (&loan.asker, "return")] {
        let code = loan.code(person, step, THEN);
        assert_eq!(loan.check(&code, &[], THEN), "");
        assert_eq!(loan.check(&code, &["--booking", &other], THEN), "qr.other_booking");
        let wrong = if step == "handover" { "return" } else { "handover" };
        assert_eq!(loan.check(&code, &["--step", wrong], THEN), "qr.other_step");
        assert_eq!(loan.check(&code, &[], "2031-05-02T10:04:00+02:00"), "");
        assert_eq!(loan.check(&code, &[], "2031-05-02T10:05:00+02:00"), "qr.expired");
        assert_eq!(loan.check(&code, &[], "2031-05-01T09:00:00+02:00"), "qr.not_yet");
        for at in (code.find('/').unwrap() + 1..code.len()).step_by(37) {
            let mut wrong = code.clone().into_bytes();
            wrong[at] = if wrong[at] == b'A' { b'B' } else { b'A' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert_eq!(loan.check(&wrong, &[], THEN), "qr.tampered", "letter {at}");
        }
        assert_eq!(loan.check("bonjour", &[], THEN), "qr.not_one");
    }
    // One's own code is nobody else's word.
    let own = loan.code(&loan.asker, "handover", THEN);
    let words = ["--offline", "--now", THEN, "booking", "handover", &loan.booking, "--qr", &own];
    assert_eq!(loan.asker.say(&words).json["error"]["code"], "qr.not_party");
    // Somebody who has no part in it can show none.
    let words = ["--offline", "--now", THEN, "qr", "show", &loan.booking, "--step", "handover"];
    assert_eq!(loan.third.say(&words).exit, 3);
}

/// Whoever reports the same again and again is kept four times of it, and told so; what else
/// he says counts all the same.
#[test]
fn whoever_says_the_same_again_and_again_can_still_bring_it_back() {
    let Some(loan) = Loan::begin() else { return };
    let say = |now: &str, words: &[&str]| {
        let [verb, rest @ ..] = words else { panic!("no verb") };
        let line =
            [&["--offline", "--now", now, "booking", verb, &loan.booking][..], rest].concat();
        loan.asker.say(&line)
    };
    assert_eq!(say(THEN, &["handover"]).exit, 0);
    for time in 0..20 {
        let said = say(THEN, &["problem", "damaged", "--text", &format!("Rayure {time}")]);
        assert_eq!(said.exit, if time < 4 { 0 } else { 5 }, "{}", said.json);
        if time >= 4 {
            assert_eq!(said.json["error"]["code"], "booking.step.said");
        }
    }
    let early = "2031-05-02T09:00:00+02:00";
    assert_eq!(say(early, &["return"]).exit, 0);
    loan.share();
    loan.owner.must(&["--offline", "--now", early, "booking", "return", &loan.booking]);
    loan.share();
    for person in [&loan.owner, &loan.asker] {
        assert_eq!(loan.status(person, early), "closed");
    }
}

#[test]
fn nobody_came_and_somebody_did_is_a_dispute_until_both_settle_it() {
    let Some(loan) = Loan::begin() else { return };
    let soon = "2031-05-01T10:29:00+02:00";
    let no_show = |now: &str| {
        let words = ["--offline", "--now", now, "booking", "problem", &loan.booking, "no-show"];
        loan.owner.say(&words)
    };
    assert_eq!(no_show(soon).json["error"]["code"], "booking.step.too_early");
    let problem = |person: &Person, what: &str, now: &str| {
        person.say(&["--offline", "--now", now, "booking", "problem", &loan.booking, what])
    };
    assert_eq!(
        problem(&loan.asker, "no-show", THEN).json["error"]["code"],
        "booking.step.other_side"
    );
    let now = "2031-05-01T10:31:00+02:00";
    loan.asker.must(&["--offline", "--now", now, "booking", "handover", &loan.booking]);
    assert_eq!(no_show(now).exit, 0);
    loan.share();
    for person in [&loan.owner, &loan.asker] {
        assert_eq!(loan.status(person, now), "disputed");
    }
    assert_eq!(problem(&loan.owner, "settled", now).exit, 0);
    loan.share();
    assert_eq!(loan.status(&loan.asker, now), "disputed");
    assert_eq!(problem(&loan.asker, "settled", now).exit, 0);
    assert_eq!(problem(&loan.asker, "settled", now).json["error"]["code"], "booking.step.said");
    loan.share();
    for person in [&loan.owner, &loan.asker] {
        assert_eq!(loan.status(person, now), "closed");
    }
}
