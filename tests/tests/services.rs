//! Help between processes: a need is answered, a time proposed and counter-proposed, agreed,
//! done by both, paid in minutes, and thanked for. All of it offline, by files; a third
//! neighbour carries it and learns nothing of the sealed words.

use palier_tests::needle::{Needle, find};
use palier_tests::{Answer, Person, binary, until};
use serde_json::Value;
use tempfile::TempDir;

const BEFORE: &str = "2031-05-01T08:00:00+02:00";
const START: &str = "2031-05-01T14:00:00+02:00";
const END: &str = "2031-05-01T16:00:00+02:00";
const AFTER: &str = "2031-05-01T16:05:00+02:00";
const LATER: &str = "2031-12-31T00:00:00+01:00";

/// Everything of one home goes into another, by a file.
fn pass(from: &Person, to: &Person, root: &TempDir) {
    let file = root.path().join("pass.palier");
    let file = file.to_str().unwrap();
    from.must(&["--offline", "bundle", "export", file]);
    to.must(&["--offline", "bundle", "import", file]);
}

fn at(now: &str, by: &Person, words: &[&str]) -> Answer {
    by.say(&[&["--offline", "--now", now], words].concat())
}

fn must(now: &str, by: &Person, words: &[&str]) -> Value {
    by.must(&[&["--offline", "--now", now], words].concat()).json
}

fn refused(answer: &Answer, exit: i32, code: &str) {
    let told = (answer.exit, answer.json["error"]["code"].as_str());
    assert_eq!(told, (exit, Some(code)), "{}", answer.json);
}

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap_or_default().to_owned()
}

struct Street {
    root: TempDir,
    owner: Person,
    helper: Person,
    third: Person,
    need: String,
}

impl Street {
    fn begin() -> Option<Self> {
        binary()?;
        let root = TempDir::new().unwrap();
        let make = |name: &str| Person::init(root.path(), name).unwrap();
        let (owner, helper, third) = (make("owner"), make("helper"), make("third"));
        owner.must(&["hood", "found", "Ici"]);
        let running = owner.run(&[]);
        for guest in [&helper, &third] {
            let link = owner.must(&["invite", "create"]).text("link");
            assert_eq!(guest.must(&["join", &link]).text("status"), "joined");
        }
        drop(running);
        let words = ["listing", "add", "need", "--title", "Étagères", "--price", "60min/h"];
        let words = [&["--offline"], &words[..], &["--until", LATER]].concat();
        let need = owner.must(&words).text("id");
        let it = Self { root, owner, helper, third, need };
        it.share();
        Some(it)
    }

    fn all(&self) -> [&Person; 3] {
        [&self.owner, &self.helper, &self.third]
    }

    fn share(&self) {
        for from in self.all() {
            for to in self.all() {
                if from.home != to.home {
                    pass(from, to, &self.root);
                }
            }
        }
    }

    fn show(&self, by: &Person, booking: &str, now: &str) -> Value {
        must(now, by, &["booking", "show", booking])
    }

    /// An answer, with a time that is agreed.
    fn agreed(&self, minutes: &str) -> String {
        let words = ["booking", "request", &self.need, "--start", START, "--end", END];
        let words = [&words[..], &["--minutes", minutes]].concat();
        let booking = id(&must(BEFORE, &self.helper, &words));
        self.share();
        must(BEFORE, &self.owner, &["booking", "accept", &booking]);
        self.share();
        booking
    }

    fn thanks(&self, by: &Person, of: &Person, now: &str) -> Vec<Value> {
        let of = of.must(&["--offline", "status"]).text("member");
        let list = must(now, by, &["thanks", "list", &of]);
        list["items"].as_array().cloned().unwrap_or_default()
    }
}

fn balance(of: &Person) -> i64 {
    of.must(&["--offline", "credit", "balance"]).json["balance"].as_i64().unwrap()
}

#[test]
fn a_need_is_answered_timed_done_paid_and_thanked_for_and_a_third_learns_no_word() {
    let Some(street) = Street::begin() else { return };
    let Street { owner, helper, third, need, .. } = &street;
    let needles = [(); 5].map(|()| Needle::random());
    let [word, phone, place, done, thanks] = needles.each_ref().map(|needle| needle.text());
    // Answered, from a phone that sees nobody.
    let asked = must(BEFORE, helper, &["booking", "request", need, "--text", word]);
    let booking = &id(&asked);
    let answers = |by: &Person| must(BEFORE, by, &["listing", "show", need])["answers"].clone();
    assert_eq!(answers(owner), 0, "nothing reached her yet");
    refused(&at(BEFORE, owner, &["booking", "show", booking]), 3, "booking.not_found");
    assert_eq!(street.show(helper, booking, BEFORE)["delivery"], "on_device");
    street.share();
    assert_eq!((answers(owner), answers(third)), (1.into(), Value::Null));
    let shown = street.show(owner, booking, BEFORE);
    assert_eq!((&shown["status"], &shown["note"]), (&"requested".into(), &word.into()));
    assert_eq!((&shown["start"], &shown["service"]["helper"]), (&Value::Null, &"requester".into()));
    let waits = must(BEFORE, owner, &["booking", "list", "--to-decide"]);
    assert_eq!(waits["items"][0]["id"], booking.as_str());
    refused(&at(BEFORE, owner, &["booking", "request", need]), 5, "booking.own");

    // He proposes, she proposes another time, each apart.
    let propose = |by: &Person, start: &str, end: &str, text: &str| {
        let words = ["booking", "propose", booking, "--start", start, "--end", end];
        must(BEFORE, by, &[&words[..], &["--text", text]].concat());
    };
    propose(helper, "2031-05-01T09:00:00+02:00", "2031-05-01T10:30:00+02:00", phone);
    refused(&at(BEFORE, helper, &["booking", "accept", booking]), 5, "booking.no_proposal");
    street.share();
    propose(owner, START, END, place);
    street.share();
    let shown = street.show(helper, booking, BEFORE);
    let proposals = shown["service"]["proposals"].as_array().unwrap();
    assert_eq!(proposals.len(), 2);
    // 60 minutes an hour, an hour begun is paid whole.
    let by = |side: &str| proposals.iter().find(|it| it["by"] == side).unwrap();
    assert_eq!(by("requester")["price"]["minutes"], 120);
    assert_eq!((&by("requester")["open"], &by("owner")["open"]), (&false.into(), &true.into()));
    must(BEFORE, helper, &["booking", "accept", booking]);
    street.share();
    for side in [owner, helper] {
        let shown = street.show(side, booking, BEFORE);
        assert_eq!(shown["status"], "agreed");
        assert!(shown["start"].as_str().unwrap().starts_with("2031-05-01T1"), "{shown}");
        let proposals = shown["service"]["proposals"].as_array().unwrap();
        let agreed = proposals.iter().find(|it| it["agreed"] == true).unwrap();
        assert_eq!((&agreed["by"], &agreed["text"]), (&"owner".into(), &place.into()));
        assert_eq!(street.show(side, booking, AFTER)["status"], "due");
    }
    refused(&at(BEFORE, helper, &["booking", "done", booking]), 5, "booking.step.too_early");

    // It is done: he says so and is paid nothing by that; she confirms and pays.
    let said = must(AFTER, helper, &["booking", "done", booking, "--text", done]);
    assert_eq!(said["payment"], Value::Null);
    street.share();
    assert_eq!(street.show(owner, booking, AFTER)["status"], "done");
    refused(&at(AFTER, owner, &["thanks", "give", booking, "--text", "x"]), 5, "thanks.not_closed");
    let said = must(AFTER, owner, &["booking", "done", booking]);
    assert_eq!((&said["payment"]["status"], &said["unpaid"]), (&"paid".into(), &Value::Null));
    refused(&at(AFTER, owner, &["credit", "pay", booking]), 5, "credit.paid");
    street.share();
    assert_eq!((balance(owner), balance(helper)), (-120, 120));
    for side in [owner, helper] {
        let shown = street.show(side, booking, AFTER);
        assert_eq!((&shown["status"], &shown["payment"]["paid"]), (&"closed".into(), &120.into()));
        let line = must(AFTER, side, &["credit", "list"])["items"][0].clone();
        assert_eq!(line["booking"], booking.as_str(), "its sides know what it was for");
    }
    let csv = street.root.path().join("credits.csv");
    must(AFTER, helper, &["credit", "list", "--csv", csv.to_str().unwrap()]);
    assert!(std::fs::read_to_string(&csv).unwrap().contains(booking.as_str()));

    // Thanks: shown to others once both have spoken.
    must(AFTER, helper, &["thanks", "give", booking, "--text", "Aimable"]);
    street.share();
    assert_eq!(street.thanks(helper, owner, AFTER).len(), 1, "his own word");
    for other in [owner, third] {
        assert!(street.thanks(other, owner, AFTER).is_empty(), "before both spoke");
        let week = "2031-05-08T17:00:00+02:00";
        assert_eq!(street.thanks(other, owner, week).len(), 1, "after seven days");
    }
    must(AFTER, owner, &["thanks", "give", booking, "--text", "Vite fait"]);
    must(AFTER, owner, &["thanks", "give", booking, "--text", thanks]);
    street.share();
    for by in street.all() {
        let of_owner = street.thanks(by, owner, AFTER);
        let of_helper = street.thanks(by, helper, AFTER);
        assert_eq!((of_owner.len(), of_helper.len()), (1, 1), "one word a side");
        assert_eq!(
            (&of_helper[0]["text"], &of_helper[0]["mutual"]),
            (&thanks.into(), &true.into())
        );
        let is_party = by.home != third.home;
        assert_eq!(of_helper[0]["booking"].is_string(), is_party, "{}", of_helper[0]);
    }
    let whom = helper.must(&["--offline", "status"]).text("member");
    assert_eq!(must(AFTER, third, &["member", "show", &whom])["thanks"], 1);
    must(AFTER, owner, &["thanks", "withdraw", booking]);
    refused(&at(AFTER, owner, &["thanks", "withdraw", booking]), 3, "thanks.none");
    street.share();
    assert!(street.thanks(third, helper, AFTER).is_empty());
    assert!(street.thanks(third, owner, AFTER).iter().all(|it| it["mutual"] == false));

    // The need is filled: nobody else answers, what is agreed stays.
    must(AFTER, owner, &["listing", "fill", need]);
    street.share();
    refused(&at(AFTER, third, &["booking", "request", need]), 5, "listing.filled");
    refused(&at(AFTER, third, &["booking", "show", booking]), 3, "booking.not_found");
    let sealed: Vec<&Needle> = needles[..4].iter().collect();
    assert_eq!(find(&sealed, &third.home, false), vec![], "a sealed word lies with the third");
    assert!(!find(&[&needles[4]], &third.home, false).is_empty(), "open words are found so");
    let digest = |of: &Person| of.must(&["--offline", "status"]).text("open_digest");
    assert!(street.all().iter().all(|home| digest(home) == digest(owner)));
}

#[test]
fn what_cannot_be_paid_here_stays_due_until_it_can() {
    let Some(street) = Street::begin() else { return };
    let Street { owner, helper, .. } = &street;
    let booking = &street.agreed("180");
    let said = must(AFTER, owner, &["booking", "done", booking]);
    assert_eq!(said["payment"]["status"], "due");
    assert_eq!(said["unpaid"]["code"], "credit.short");
    assert_eq!(said["unpaid"]["params"]["available"], "120");
    street.share();
    assert_eq!(street.show(helper, booking, AFTER)["payment"]["mine"], false);
    refused(&at(AFTER, owner, &["credit", "pay", booking]), 5, "credit.short");
    refused(&at(AFTER, helper, &["credit", "pay", booking]), 5, "credit.not_payer");
    // Minutes come in, and then it can.
    let to = owner.must(&["--offline", "status"]).text("member");
    street.third.must(&["--offline", "credit", "give", &to, "--minutes", "60"]);
    pass(&street.third, owner, &street.root);
    must(AFTER, owner, &["credit", "pay", booking]);
    street.share();
    for side in [owner, helper] {
        assert_eq!(street.show(side, booking, AFTER)["payment"]["status"], "paid");
    }
    assert_eq!((balance(owner), balance(helper)), (-120, 180));
}

#[test]
fn two_who_agree_at_once_see_one_time_and_either_can_end_it() {
    let Some(street) = Street::begin() else { return };
    let Street { owner, helper, need, .. } = &street;
    let booking = &id(&must(BEFORE, helper, &["booking", "request", need]));
    street.share();
    let propose = |by: &Person, start: &str, end: &str| {
        let words = ["booking", "propose", booking, "--start", start, "--end", end];
        must(BEFORE, by, &words);
    };
    propose(owner, "2031-05-02T10:00:00+02:00", "2031-05-02T11:00:00+02:00");
    propose(helper, START, END);
    street.share();
    // Each agrees to the other's, apart.
    for side in [owner, helper] {
        must(BEFORE, side, &["booking", "accept", booking]);
    }
    street.share();
    let time = |by: &Person| {
        let shown = street.show(by, booking, BEFORE);
        (shown["status"].clone(), shown["start"].clone(), shown["end"].clone())
    };
    assert_eq!(time(owner), time(helper));
    let proposals = &street.show(owner, booking, BEFORE)["service"]["proposals"];
    let agreed: Vec<&Value> =
        proposals.as_array().unwrap().iter().filter(|it| it["agreed"] == true).collect();
    assert_eq!(agreed.len(), 1);
    assert_eq!(agreed[0]["by"], "requester", "the earlier one");
    // A verb of what is lent says nothing here.
    refused(&at(BEFORE, owner, &["booking", "handover", booking]), 5, "booking.is_service");
    must(BEFORE, helper, &["booking", "cancel", booking, "--text", "Malade"]);
    street.share();
    for side in [owner, helper] {
        let shown = street.show(side, booking, BEFORE);
        assert_eq!(shown["status"], "cancelled");
        assert_eq!(
            (&shown["reason"], &shown["text"]),
            (&"cancelled_by_requester".into(), &"Malade".into())
        );
    }
    refused(&at(AFTER, owner, &["booking", "done", booking]), 5, "booking.step.stage");
    must(BEFORE, owner, &["booking", "problem", booking, "disputed"]);
    for side in [owner, helper] {
        street.share();
        must(BEFORE, side, &["booking", "problem", booking, "settled"]);
    }
    street.share();
    assert_eq!(street.show(helper, booking, BEFORE)["status"], "closed");
}

#[test]
fn two_devices_that_pay_apart_have_paid_twice_and_it_is_given_back() {
    let Some(street) = Street::begin() else { return };
    let Street { root, owner, helper, .. } = &street;
    let booking = &street.agreed("60");
    let laptop = Person::init(root.path(), "laptop").unwrap();
    let (phone_runs, laptop_runs) = (owner.run(&[]), laptop.run(&[]));
    let link = owner.must(&["device", "link"]).text("link");
    let code = laptop.must(&["device", "link", &link]).text("code");
    until("both show the code", || owner.must(&["device", "link"]).text("status") == "comparing");
    laptop.must(&["device", "link", "--confirm", &code, "--within", "1s"]);
    assert_eq!(owner.must(&["device", "link", "--confirm", &code]).text("status"), "linked");
    let reads = || laptop.say(&["booking", "show", booking]).json["status"] == "agreed";
    until("the laptop reads the deal", reads);
    drop((phone_runs, laptop_runs));
    let device = laptop.must(&["--offline", "status"]).text("device");
    owner.must(&["--offline", "credit", "allot", &device, "--minutes", "60"]);
    pass(owner, &laptop, root);
    // Apart, both say that it was done, and both pay.
    for own in [owner, &laptop] {
        let said = must(AFTER, own, &["booking", "done", booking]);
        assert_eq!(said["payment"]["status"], "paid", "{said}");
    }
    pass(&laptop, owner, root);
    pass(owner, helper, root);
    for side in [owner, helper] {
        let payment = &street.show(side, booking, AFTER)["payment"];
        assert_eq!((&payment["paid"], &payment["excess"]), (&120.into(), &60.into()), "{payment}");
    }
    must(AFTER, helper, &["credit", "pay", booking]);
    street.share();
    for side in [owner, helper] {
        let payment = &street.show(side, booking, AFTER)["payment"];
        assert_eq!((&payment["paid"], &payment["excess"]), (&60.into(), &0.into()), "{payment}");
    }
    assert_eq!((balance(owner), balance(helper)), (-60, 60));
}
