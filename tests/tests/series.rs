//! A choir wants the room every Tuesday evening: two homes, two processes. Every date is
//! shown with what stands against it before anything is written; then all, or all but
//! those; then answered as one, each booking on its own.

use jiff::Timestamp;
use palier_tests::script::words;
use palier_tests::{Answer, Person, Running, binary};
use serde_json::Value;
use tempfile::TempDir;

struct Two {
    _root: TempDir,
    anna: Person,
    ben: Person,
    runs: Running,
    room: String,
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

fn utc(value: &Value, field: &str) -> String {
    text(value, field).parse::<Timestamp>().unwrap().to_string()
}

fn items(value: &Value) -> Vec<Value> {
    value["items"].as_array().unwrap_or_else(|| panic!("no items: {value}")).clone()
}

fn codes(value: &Value, field: &str) -> Vec<String> {
    value[field].as_array().unwrap().iter().map(|it| text(it, "code")).collect()
}

impl Two {
    fn begin(terms: &str) -> Option<Self> {
        binary()?;
        let root = TempDir::new().unwrap();
        let anna = Person::init(root.path(), "anna").unwrap();
        must(&anna, "hood found \"Les Lilas\" --zone Europe/Paris");
        let runs = anna.run(&[]);
        let ben = Person::init(root.path(), "ben").unwrap();
        let link = text(&must(&anna, "invite create"), "link");
        must(&ben, &format!("join {link}"));
        let room = text(&must(&anna, &format!("listing add room --title Salle {terms}")), "id");
        must(&ben, "sync");
        Some(Self { _root: root, anna, ben, runs, room })
    }

    /// Ben's series, with what comes after.
    fn series(&self, verb: &str, from: &str, to: &str, more: &str) -> String {
        format!("series {verb} {} --start {from} --end {to} {more}", self.room)
    }
}

#[test]
fn every_date_is_told_before_anything_is_written_then_all_or_all_but_those() {
    let terms = "--hours \"mon-fri 08:00-22:00\" --holidays closed --horizon 3650d --price 2eur/h";
    let Some(two) = Two::begin(terms) else { return };
    // Somebody has the 8th of April.
    let line =
        format!("booking request {} --start 2031-04-08T19:00 --end 2031-04-08T21:00", two.room);
    let other = text(&must(&two.ben, &line), "id");
    must(&two.ben, "sync");
    must(&two.anna, &format!("booking accept {other}"));
    must(&two.ben, "sync");
    let before = items(&must(&two.ben, "booking list")).len();

    // 2031-03-25 is a Tuesday; clocks change on the 30th; the holidays are fixed by law.
    let tuesdays = "--every tue --until 2031-04-29 --except 2031-04-22";
    let of = |verb: &str| two.series(verb, "2031-03-25T18:00", "2031-03-25T20:00", tuesdays);
    let plan = must(&two.ben, &of("plan"));
    let all = items(&plan);
    let starts: Vec<String> = all.iter().map(|it| utc(it, "start")).collect();
    let expected = ["03-25T17", "04-01T16", "04-08T16", "04-15T16", "04-29T16"];
    assert_eq!(starts, expected.map(|at| format!("2031-{at}:00:00Z")));
    let free: Vec<bool> = all.iter().map(|it| it["available"].as_bool().unwrap()).collect();
    assert_eq!(free, [true, true, false, true, true]);
    assert_eq!(codes(&all[2], "why_not"), ["booking.why.taken"]);
    assert!(all.iter().all(|it| it["total"] == 400), "{plan}");
    assert_eq!((&plan["total"], &plan["total_free"]), (&2_000.into(), &1_600.into()));
    assert_eq!((&plan["free"], &plan["conflicts"]), (&4.into(), &1.into()));
    let instead = &all[2]["alternatives"][0];
    let (from, to) = (text(instead, "start"), text(instead, "end"));
    let quote = must(&two.ben, &format!("calendar quote {} --start {from} --end {to}", two.room));
    assert_eq!(quote["available"], true, "{quote}");

    // All or nothing.
    let refused = say(&two.ben, &of("create"));
    assert_eq!(refused.exit, 5, "{}", refused.json);
    let error = &refused.json["error"];
    assert_eq!(error["code"], "series.conflicts");
    assert_eq!(
        (&error["params"]["conflicts"], &error["params"]["occurrences"]),
        (&"1".into(), &"5".into())
    );
    assert_eq!(codes(error, "also"), ["series.conflict", "booking.why.taken"]);
    let at = text(&error["also"][1]["params"], "start_at").parse::<Timestamp>().unwrap();
    assert_eq!(at.to_string(), starts[2]);
    for lang in ["fr", "en"] {
        let answer = say(&two.ben, &format!("--lang {lang} {}", of("create")));
        let message = text(&answer.json["error"], "message");
        assert!(message.contains("2031") && !message.contains('{'), "{message}");
    }
    assert_eq!(items(&must(&two.ben, "booking list")).len(), before, "nothing was written");

    // All but those, and all but one more.
    let line = format!("{} --skip-conflicts --skip 2031-04-15 --text Chorale", of("create"));
    let made = must(&two.ben, &line);
    let series = text(&made, "id");
    assert!(series.starts_with("ser_"), "{series}");
    assert_eq!(made["total"], 1_200);
    let written: Vec<bool> = items(&made).iter().map(|it| it["booking"].is_string()).collect();
    assert_eq!(written, [true, true, false, true]);
    let mine = items(&must(&two.ben, &format!("booking list --series {}", &series[..12])));
    assert_eq!(mine.len(), 3);
    assert!(mine.iter().all(|it| it["series"] == series.as_str() && it["status"] == "requested"));
    let shown = must(&two.ben, &format!("booking show {}", text(&mine[0], "id")));
    assert_eq!((text(&shown, "series"), text(&shown, "note")), (series.clone(), "Chorale".into()));

    // One is refused by itself; the rest is accepted as one.
    must(&two.ben, "sync");
    let last = text(&items(&made)[3], "booking");
    must(&two.anna, &format!("booking refuse {last}"));
    let done = items(&must(&two.anna, &format!("booking accept --series {series}")));
    assert_eq!(done.len(), 2, "{done:?}");
    assert!(done.iter().all(|it| it["done"] == true), "{done:?}");
    must(&two.ben, "sync");
    let status = |id: &str| text(&must(&two.ben, &format!("booking show {id}")), "status");
    let of_item = |n: usize| text(&items(&made)[n], "booking");
    assert_eq!([0, 1, 3].map(|n| status(&of_item(n))), ["confirmed", "confirmed", "refused"]);
    // What one has now stands in the way of the same again.
    let again = must(&two.ben, &of("plan"));
    assert_eq!((&again["free"], &again["conflicts"]), (&2.into(), &3.into()), "{again}");
    // One date is given up, then what is left.
    must(&two.ben, &format!("booking cancel {}", of_item(0)));
    let done = items(&must(&two.ben, &format!("booking cancel --series {series}")));
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!(text(&done[0], "booking"), of_item(1));
    assert!(items(&must(&two.ben, &format!("booking cancel --series {series}"))).is_empty());
    let none = say(&two.ben, "booking accept --series ser_aaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_eq!((none.exit, text(&none.json["error"], "code")), (3, "series.not_found".into()));
    two.runs.stop();
}

#[test]
fn a_quota_counts_over_the_whole_series_and_no_date_stands_in_the_way_of_another() {
    let Some(two) = Two::begin("--quota 2/week --horizon 3650d --buffer 1h") else { return };
    let of =
        |verb: &str, more: &str| two.series(verb, "2031-05-05T09:00", "2031-05-05T11:00", more);
    let why = |plan: &Value| -> Vec<Vec<String>> {
        items(plan).iter().map(|it| codes(it, "why_not")).collect()
    };
    // Monday to Wednesday of two weeks: the third of each is one too many.
    let plan = must(&two.ben, &of("plan", "--every mon-wed --count 6"));
    let none = Vec::<String>::new();
    let quota = vec!["booking.why.quota".to_owned()];
    let expected = [&none, &none, &quota, &none, &none, &quota].map(Clone::clone);
    assert_eq!(why(&plan), expected, "{plan}");
    // Without the Monday of the first week its Wednesday is none too many.
    let plan = must(&two.ben, &of("plan", "--every mon-wed --count 6 --except 2031-05-05"));
    assert_eq!(plan["free"], 4, "{plan}");
    // 24 hours each day leave no hour between two.
    let line = two.series("plan", "2031-07-07T09:00", "2031-07-08T09:00", "--every week --count 3");
    assert_eq!(must(&two.ben, &line)["conflicts"], 0);
    let line = two.series("plan", "2031-07-07T09:00", "2031-07-08T09:00", "--every day --count 3");
    let taken = vec!["booking.why.taken".to_owned()];
    assert_eq!(why(&must(&two.ben, &line)), [none.clone(), taken, none], "every other day");
    // The second Tuesday and the last day of a month.
    for (every, days) in [
        ("month 2tue", ["2031-05-13", "2031-06-10", "2031-07-08"]),
        ("month -1", ["2031-05-31", "2031-06-30", "2031-07-31"]),
    ] {
        let plan = must(&two.ben, &of("plan", &format!("--every \"{every}\" --count 3")));
        let told: Vec<String> =
            items(&plan).iter().map(|it| text(it, "start")[..10].to_owned()).collect();
        assert_eq!(told, days, "{every}");
    }
    for (more, exit, code) in [
        ("--every day --count 201", 7, "series.too_many"),
        ("--every day --until 2031-05-04", 7, "series.empty"),
        ("--every day", 2, "usage.missing_argument"),
        ("--every never --count 2", 2, "usage.invalid_value"),
        ("--every day --count 2 --until 2031-06-01", 2, "usage.conflict"),
    ] {
        let answer = say(&two.ben, &of("plan", more));
        assert_eq!(
            (answer.exit, text(&answer.json["error"], "code")),
            (exit, code.into()),
            "{more}"
        );
    }
    let line = of("create", "--every day --count 2 --skip 2031-05-09");
    let answer = say(&two.ben, &line);
    assert_eq!((answer.exit, text(&answer.json["error"], "code")), (7, "series.not_a_day".into()));
    let answer = say(&two.anna, &of("plan", "--every day --count 2"));
    assert_eq!(text(&answer.json["error"], "code"), "booking.own");
    two.runs.stop();
}
