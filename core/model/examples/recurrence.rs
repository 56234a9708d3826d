//! Expands rules of recurrence: a line in, a line of JSON out.
//!
//! Each line of standard input holds, apart by spaces: a zone, the start on the wall clock
//! (`20270307T023000`), a rule (`FREQ=WEEKLY;COUNT=5`), how many to tell, and any number of
//! starts that are taken out. Answers `[["20270307T023000", 1804383000], …]`: each start on
//! the wall clock, and in seconds since 1970; or `{"error": "…"}`.

#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::io::BufRead;

use palier_model::time::civil::DateTime;
use palier_model::time::{Recurrence, Rule, Zone};

/// Most occurrences of one answer.
const MOST: usize = 10_000;

fn main() -> std::io::Result<()> {
    for line in std::io::stdin().lock().lines() {
        match expand(&line?) {
            Ok(starts) => println!("[{}]", starts.join(", ")),
            Err(error) => println!("{{\"error\": \"{error}\"}}"),
        }
    }
    Ok(())
}

fn expand(line: &str) -> Result<Vec<String>, String> {
    let words: Vec<&str> = line.split(' ').collect();
    let [zone, start, rule, count, without @ ..] = words.as_slice() else {
        return Err("ZONE START RULE COUNT [EXCEPTION…]".into());
    };
    let zone = Zone::named(zone).map_err(|error| error.to_string())?;
    let rule: Rule = rule.parse().map_err(|error| format!("{error}"))?;
    let start = wall(start)?;
    let count: usize = count.parse().map_err(|_| "not a count")?;
    let mut recurrence = Recurrence::new(start, rule).map_err(|error| error.to_string())?;
    recurrence.exceptions =
        without.iter().map(|at| wall(at)).collect::<Result<BTreeSet<_>, _>>()?;
    recurrence.check().map_err(|error| error.to_string())?;
    let tell = |at: DateTime| {
        let instant = zone.instant(at).map_err(|error| error.to_string())?;
        Ok(format!("[\"{}\", {}]", at.strftime("%Y%m%dT%H%M%S"), instant.0 / 1_000))
    };
    recurrence.starts().take(count.min(MOST)).map(tell).collect()
}

fn wall(text: &str) -> Result<DateTime, String> {
    DateTime::strptime("%Y%m%dT%H%M%S", text).map_err(|_| format!("not a wall time: {text}"))
}
