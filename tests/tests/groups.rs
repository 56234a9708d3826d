//! A tool library of two managers, between processes: its account is the same in every
//! home, and either of them lends.

use palier_tests::{Person, binary};
use serde_json::Value;
use tempfile::TempDir;

const START: &str = "2031-05-01T10:00:00+02:00";
const END: &str = "2031-05-03T12:00:00+02:00";
/// Until when it is shown.
const LATER: &str = "2031-12-31T00:00:00+01:00";

struct Library {
    /// Its folder goes with it.
    _root: TempDir,
    anna: Person,
    bo: Person,
    eve: Person,
    group: String,
}

impl Library {
    /// Anna's group, with Bo as its second manager, and Eve who is none.
    fn begin() -> Option<Self> {
        binary()?;
        let root = TempDir::new().unwrap();
        let make = |name: &str| Person::init(root.path(), name).unwrap();
        let (anna, bo, eve) = (make("anna"), make("bo"), make("eve"));
        anna.must(&["hood", "found", "Ici"]);
        let running = anna.run(&[]);
        for guest in [&bo, &eve] {
            let link = anna.must(&["invite", "create"]).text("link");
            assert_eq!(guest.must(&["join", &link]).text("status"), "joined");
        }
        drop(running);
        let words = ["--offline", "group", "found", "Outilthèque", "--about", "Pour tous"];
        let group = anna.must(&words).text("id");
        assert!(group.starts_with("grp_"));
        let it = Self { _root: root, anna, bo, eve, group };
        it.share();
        let member = it.bo.must(&["--offline", "status"]).text("member");
        it.anna.must(&["--offline", "group", "add", &it.group, &member]);
        it.share();
        Some(it)
    }

    fn homes(&self) -> [&Person; 3] {
        [&self.anna, &self.bo, &self.eve]
    }

    fn share(&self) {
        for from in self.homes() {
            for to in self.homes() {
                if from.home != to.home {
                    from.pass_to(to);
                }
            }
        }
    }

    fn balance(&self, by: &Person) -> Value {
        by.must(&["--offline", "credit", "balance", "--of", &self.group]).json
    }

    fn fails(&self, by: &Person, words: &[&str], code: &str) {
        let answer = by.say(&[&["--offline"], words].concat());
        assert_eq!(answer.json["error"]["code"], code, "{}", answer.json);
    }
}

fn said(words: &[String; 7]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn minutes_given_to_a_group_are_seen_and_spent_by_its_managers() {
    let Some(it) = Library::begin() else { return };
    it.eve.must(&["--offline", "credit", "give", &it.group, "--minutes", "30"]);
    it.share();
    for home in it.homes() {
        let shown = it.balance(home);
        assert_eq!((&shown["balance"], &shown["line"]), (&30.into(), &0.into()), "{shown}");
        assert_eq!((&shown["group"], &shown["member"]), (&it.group.clone().into(), &Value::Null));
    }
    assert_eq!(it.balance(&it.anna)["spendable_here"], 30);
    assert_eq!(it.balance(&it.bo)["spendable_here"], 0);
    assert_eq!(it.balance(&it.eve)["spendable_here"], Value::Null);
    let to = it.eve.must(&["--offline", "status"]).text("member");
    let spend = |minutes: &'static str| {
        ["credit", "give", &to, "--minutes", minutes, "--of", &it.group].map(str::to_owned)
    };
    it.fails(&it.eve, &said(&spend("1")), "group.not_manager");
    it.fails(&it.bo, &said(&spend("1")), "credit.short");
    let device = it.bo.must(&["--offline", "status"]).text("device");
    let allot = ["credit", "allot", &device, "--minutes", "12", "--of", &it.group];
    it.anna.must(&[&["--offline"][..], &allot].concat());
    it.share();
    it.fails(&it.bo, &said(&spend("13")), "credit.short");
    it.bo.must(&[&["--offline"][..], &said(&spend("12"))].concat());
    it.share();
    for home in it.homes() {
        assert_eq!(it.balance(home)["balance"], 18);
        let list = home.must(&["--offline", "credit", "list", "--of", &it.group]).json;
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let ways: Vec<_> = items.iter().filter_map(|line| line["direction"].as_str()).collect();
        assert_eq!(ways.len(), 3, "{list}");
        for way in ["given", "received", "allotted"] {
            assert!(ways.contains(&way), "{list}");
        }
    }
}

#[test]
fn either_manager_lends_what_the_group_has_until_he_is_put_off() {
    let Some(it) = Library::begin() else { return };
    let words = ["listing", "add", "tool", "--title", "Perceuse", "--until", LATER, "--group"];
    let words = [&["--offline"], &words[..], &[it.group.as_str()]].concat();
    let tool = it.anna.must(&words).text("id");
    it.share();
    let shown = it.eve.must(&["--offline", "listing", "show", &tool]);
    assert_eq!(shown.json["group"], it.group.as_str());
    assert_eq!(
        (&shown.json["owner"], shown.text("owner_name")),
        (&Value::Null, "Outilthèque".into())
    );
    let ask = ["--offline", "booking", "request", &tool, "--start", START, "--end", END];
    let booking = it.eve.must(&ask).text("id");
    it.share();
    let edit = ["listing", "edit", &tool, "--text", "Avec ses forets"];
    it.fails(&it.eve, &edit, "listing.not_allowed");
    it.bo.must(&[&["--offline"][..], &edit].concat());
    it.bo.must(&["--offline", "booking", "accept", &booking]);
    it.share();
    // Anna's device holds it: once it has seen Bo's word, that is firm.
    it.anna.must(&["--offline", "status"]);
    it.share();
    let shown = it.eve.must(&["--offline", "booking", "show", &booking]);
    assert_eq!(shown.text("status"), "confirmed", "{}", shown.json);
    let text = it.eve.must(&["--offline", "listing", "show", &tool]).text("text");
    assert_eq!(text, "Avec ses forets");
    let member = it.bo.must(&["--offline", "status"]).text("member");
    it.anna.must(&["--offline", "group", "remove", &it.group, &member]);
    // Bo has not heard of it.
    it.bo.must(&["--offline", "listing", "edit", &tool, "--text", "À moi"]);
    it.share();
    for home in it.homes() {
        let text = home.must(&["--offline", "listing", "show", &tool]).text("text");
        assert_eq!(text, "Avec ses forets");
    }
    it.fails(&it.bo, &edit, "listing.not_allowed");
    it.fails(&it.eve, &["group", "remove", &it.group, &member], "group.no_manager");
}
