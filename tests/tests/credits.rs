//! Credits between processes: a gift and its word, a line shared by two devices that do
//! not see each other, and an old copy that spends the same minutes again.

use std::path::Path;

use palier_tests::{Answer, Person, Running, binary, until};
use serde_json::Value;
use tempfile::TempDir;

fn joined(root: &Path, host: &Person, name: &str) -> Person {
    let guest = Person::init(root, name).unwrap();
    let link = host.must(&["invite", "create"]).text("link");
    assert_eq!(guest.must(&["join", &link]).text("status"), "joined");
    guest
}

fn member(of: &Person) -> String {
    of.must(&["--offline", "status"]).text("member")
}

fn device(of: &Person) -> String {
    of.must(&["--offline", "status"]).text("device")
}

fn balance(by: &Person, of: Option<&str>) -> Value {
    let mut words = vec!["--offline", "credit", "balance"];
    words.extend(of);
    by.must(&words).json
}

fn give(by: &Person, to: &str, minutes: u32) -> Answer {
    by.say(&["--offline", "credit", "give", to, "--minutes", &minutes.to_string()])
}

fn refused(answer: &Answer, code: &str) -> Value {
    assert_eq!((answer.exit, answer.json["error"]["code"].as_str()), (5, Some(code)));
    answer.json["error"]["params"].clone()
}

fn lines(by: &Person) -> Vec<Value> {
    let list = by.must(&["--offline", "credit", "list"]).json;
    list["items"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_gift_is_in_both_balances_and_its_word_is_read_by_the_two_alone() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let anna = Person::init(root.path(), "anna").unwrap();
    anna.must(&["hood", "found", "Ici"]);
    let runs = anna.run(&[]);
    let (bo, eve) = (joined(root.path(), &anna, "bo"), joined(root.path(), &anna, "eve"));
    drop(runs);
    bo.pass_to(&anna);
    let (from, to) = (member(&anna), member(&bo));
    let word = "Pour les étagères, et =merci";
    let gift = anna.must(&["--offline", "credit", "give", &to, "--minutes", "90", "--note", word]);
    anna.pass_to(&bo);
    anna.pass_to(&eve);
    for home in [&anna, &bo, &eve] {
        assert_eq!(balance(home, Some(&from))["balance"], -90);
        assert_eq!(balance(home, Some(&to))["balance"], 90);
    }
    assert_eq!(balance(&anna, None)["spendable_here"], 30);
    assert_eq!(balance(&bo, None)["spendable_here"], 210);
    for (home, direction) in [(&anna, "given"), (&bo, "received")] {
        let line = lines(home).remove(0);
        assert_eq!(line["id"], gift.text("id").as_str());
        assert_eq!((line["minutes"].as_u64(), line["counts"].as_bool()), (Some(90), Some(true)));
        assert_eq!((&line["direction"], &line["note"]), (&direction.into(), &word.into()));
    }
    assert!(lines(&eve).is_empty());
    // The word is in no row and no file that a third can read.
    let dump = eve.command(&["--offline", "dump", "--open"]).output().unwrap();
    let hex: String = "étagères".bytes().map(|byte| format!("{byte:02x}")).collect();
    let told = String::from_utf8_lossy(&dump.stdout);
    assert!(told.contains("credit_transfers") && !told.contains(&hex));
    let csv = root.path().join("credits.csv");
    let written = bo.must(&["--offline", "credit", "list", "--csv", csv.to_str().unwrap()]);
    assert_eq!(written.json["lines"], 1);
    let text = std::fs::read_to_string(&csv).unwrap();
    assert!(text.contains(",received,") && text.contains(",90,true,,\"Pour les étagères"));
    // Whoever has it may pass it on, in part beyond what came.
    assert_eq!(give(&bo, &from, 211).exit, 5);
    assert_eq!(give(&bo, &from, 200).exit, 0);
    bo.pass_to(&eve);
    assert_eq!(balance(&eve, Some(&to))["balance"], -110);
    refused(&give(&anna, &from, 1), "credit.oneself");
}

/// Anna's home, running, and Bo with a phone and a laptop.
struct TwoDevices {
    anna: Person,
    runs: Running,
    phone: Person,
    laptop: Person,
}

fn two_devices(root: &Path) -> TwoDevices {
    let anna = Person::init(root, "anna").unwrap();
    anna.must(&["hood", "found", "Ici"]);
    let runs = anna.run(&[]);
    let phone = joined(root, &anna, "bo");
    let phone_runs = phone.run(&["--peer", &runs.address()]);
    let laptop = Person::init(root, "laptop").unwrap();
    let laptop_runs = laptop.run(&[]);
    let link = phone.must(&["device", "link"]).text("link");
    let code = laptop.must(&["device", "link", &link]).text("code");
    until("both show the code", || phone.must(&["device", "link"]).text("status") == "comparing");
    laptop.must(&["device", "link", "--confirm", &code, "--within", "1s"]);
    assert_eq!(phone.must(&["device", "link", "--confirm", &code]).text("status"), "linked");
    let known = |of: &Person| {
        let list = of.say(&["device", "list"]);
        let items = list.json["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter(|it| it["status"] == "active").count()
    };
    until("both know of both", || known(&phone) == 2 && known(&laptop) == 2);
    drop((laptop_runs, phone_runs));
    TwoDevices { anna, runs, phone, laptop }
}

#[test]
fn a_line_of_120_shared_by_two_devices_apart_is_never_overspent() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let TwoDevices { anna, runs, phone, laptop } = two_devices(root.path());
    drop(runs);
    let (bo, to) = (member(&phone), member(&anna));
    assert_eq!(balance(&phone, None)["spendable_here"], 120);
    assert_eq!(balance(&laptop, None)["spendable_here"], 0);
    let short = refused(&give(&laptop, &to, 1), "credit.short");
    assert_eq!(short["available"], "0");
    phone.must(&["--offline", "credit", "allot", &device(&laptop), "--minutes", "60"]);
    phone.pass_to(&laptop);
    // From here on the two do not see each other.
    for own in [&phone, &laptop] {
        assert_eq!(balance(own, None)["spendable_here"], 60);
        let short = refused(&give(own, &to, 90), "credit.short");
        assert_eq!((&short["available"], &short["minutes"]), (&"60".into(), &"90".into()));
        assert_eq!(give(own, &to, 60).exit, 0);
        let short = refused(&give(own, &to, 1), "credit.short");
        assert_eq!(short["available"], "0");
        assert_eq!(balance(own, None)["balance"], -60);
    }
    for _ in 0..2 {
        for from in [&phone, &laptop, &anna] {
            for into in [&phone, &laptop, &anna] {
                if from.home != into.home {
                    from.pass_to(into);
                }
            }
        }
    }
    for home in [&phone, &laptop, &anna] {
        let shown = balance(home, Some(&bo));
        assert_eq!((&shown["balance"], &shown["line"]), (&(-120).into(), &120.into()));
        assert_eq!((&shown["overdraft"], &shown["held_out"]), (&0.into(), &0.into()));
        assert_eq!(shown["double_spend"], false);
        assert_eq!(balance(home, Some(&to))["balance"], 120);
    }
    let digest = |of: &Person| of.must(&["--offline", "status"]).text("open_digest");
    assert_eq!(digest(&phone), digest(&anna));
    assert_eq!(digest(&laptop), digest(&anna));
    for home in [&phone, &anna] {
        assert_eq!(home.must(&["--offline", "doctor", "--rebuild"]).json["ok"], true);
        assert_eq!(balance(home, Some(&bo))["balance"], -120);
    }
}

#[test]
fn what_a_revoked_device_could_still_spend_passes_to_the_one_that_revoked_it() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let TwoDevices { anna, runs, phone, laptop } = two_devices(root.path());
    drop(runs);
    let (bo, to) = (member(&phone), member(&anna));
    phone.must(&["--offline", "credit", "allot", &device(&laptop), "--minutes", "100"]);
    phone.pass_to(&laptop);
    assert_eq!(give(&laptop, &to, 30).exit, 0);
    laptop.pass_to(&phone);
    phone.must(&["--offline", "device", "revoke", &device(&laptop)]);
    assert_eq!(balance(&phone, None)["spendable_here"], 90);
    // The lost one goes on apart: what it spent counts, and the excess is shown.
    assert_eq!(give(&laptop, &to, 70).exit, 0);
    assert_eq!(give(&phone, &to, 90).exit, 0);
    for (from, into) in [(&laptop, &anna), (&phone, &anna), (&anna, &phone)] {
        from.pass_to(into);
    }
    for home in [&anna, &phone] {
        let shown = balance(home, Some(&bo));
        assert_eq!((&shown["balance"], &shown["overdraft"]), (&(-190).into(), &70.into()));
        assert_eq!(shown["double_spend"], false);
    }
}

fn copy(from: &Path, to: &Path) {
    let done = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.is_ok_and(|status| status.success()));
}

#[test]
fn an_old_copy_that_spends_again_is_proven_and_gets_no_new_deal() {
    if binary().is_none() {
        return;
    }
    let root = TempDir::new().unwrap();
    let anna = Person::init(root.path(), "anna").unwrap();
    anna.must(&["hood", "found", "Ici"]);
    let runs = anna.run(&[]);
    let bo = joined(root.path(), &anna, "bo");
    drop(runs);
    bo.pass_to(&anna);
    let (from, to) = (member(&bo), member(&anna));
    let place =
        bo.must(&["--offline", "listing", "add", "parking", "--title", "Place 14"]).text("id");
    copy(&bo.home, &root.path().join("backup"));
    assert_eq!(give(&bo, &to, 100).exit, 0);
    bo.pass_to(&anna);
    std::fs::remove_dir_all(&bo.home).unwrap();
    copy(&root.path().join("backup"), &bo.home);
    assert_eq!(give(&bo, &to, 110).exit, 0);
    bo.pass_to(&anna);
    anna.pass_to(&bo);
    for home in [&anna, &bo] {
        let shown = balance(home, Some(&from));
        assert_eq!((&shown["balance"], &shown["overdraft"]), (&(-210).into(), &90.into()));
        assert_eq!(shown["double_spend"], true);
    }
    let (start, end) = ("2031-05-01T10:00:00+02:00", "2031-05-01T12:00:00+02:00");
    let words = ["--offline", "booking", "request", &place, "--start", start, "--end", end];
    let asked = anna.say(&words);
    assert_eq!(
        (asked.exit, asked.json["error"]["code"].as_str()),
        (4, Some("credit.double_spend"))
    );
}
