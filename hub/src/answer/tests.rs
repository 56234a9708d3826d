use super::*;

/// The file that holds the shapes scripts rely on.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/schema.json");

#[test]
fn schemas_are_those_that_were_promised() {
    let now = serde_json::to_string_pretty(&schemas()).unwrap() + "\n";
    if std::env::var_os("PALIER_UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &now).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    assert!(now == golden, "an answer changed its shape; PALIER_UPDATE_GOLDEN=1 writes {GOLDEN}");
}

#[test]
fn an_answer_crosses_the_socket_unchanged() {
    let answer = Answer::from(Saved::of("bkg_x"));
    let line = serde_json::to_string(&answer).unwrap();
    assert_eq!(line, r#"{"type":"Saved","value":{"id":"bkg_x","saved":true}}"#);
    assert_eq!(serde_json::from_str::<Answer>(&line).unwrap(), answer);
    assert_eq!(answer.to_json().unwrap(), r#"{"id":"bkg_x","saved":true}"#);
}

#[test]
fn lists_end_with_next_null() {
    let list = Answer::Waitlist(List::whole(vec![]));
    assert_eq!(list.to_json().unwrap(), r#"{"items":[],"next":null}"#);
}
