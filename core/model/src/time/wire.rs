//! How dates and recurrences are written into records.
//!
//! A date is year, month, day; a wall time and a rule are texts as RFC 5545 writes them.
//! Invariant: what is read back is what was written, and there is one way to write it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::opening::Closure;
use super::rrule::{date_time_text, read_date_time};
use super::{Recurrence, limits};

/// A [`Closure`] as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ClosureText {
    start: String,
    rule: String,
    exceptions: Vec<String>,
    minutes: u32,
}

impl From<Closure> for ClosureText {
    fn from(closure: Closure) -> Self {
        let Closure { recurrence, minutes } = closure;
        Self {
            start: date_time_text(recurrence.start),
            rule: recurrence.rule.to_string(),
            exceptions: recurrence.exceptions.iter().map(|at| date_time_text(*at)).collect(),
            minutes,
        }
    }
}

impl TryFrom<ClosureText> for Closure {
    type Error = &'static str;

    fn try_from(text: ClosureText) -> Result<Self, Self::Error> {
        if text.exceptions.len() > limits::RULE_EXCEPTIONS {
            return Err("exceptions");
        }
        let start = read_date_time(&text.start).ok_or("start")?;
        let rule = text.rule.parse().map_err(|_| "rule")?;
        let exceptions = text.exceptions.iter().map(|at| read_date_time(at));
        let exceptions: Option<BTreeSet<_>> = exceptions.collect();
        let recurrence = Recurrence { start, rule, exceptions: exceptions.ok_or("exceptions")? };
        Ok(Self { recurrence, minutes: text.minutes })
    }
}

/// Hours by date, as a sequence of (year, month, day, hours).
pub(super) mod dates {
    use std::collections::BTreeMap;

    use jiff::civil::Date;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    use crate::time::{Window, limits};

    type Wire = Vec<((i16, u8, u8), Vec<Window>)>;

    pub(in crate::time) fn serialize<S: Serializer>(
        dates: &BTreeMap<Date, Vec<Window>>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        let parts =
            |date: &Date| (date.year(), date.month().unsigned_abs(), date.day().unsigned_abs());
        let wire: Wire = dates.iter().map(|(date, hours)| (parts(date), hours.clone())).collect();
        wire.serialize(s)
    }

    pub(in crate::time) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<BTreeMap<Date, Vec<Window>>, D::Error> {
        let wire = Wire::deserialize(d)?;
        if wire.len() > limits::EXCEPTIONS {
            return Err(D::Error::custom("too many dates"));
        }
        let date = |(year, month, day): (i16, u8, u8)| {
            Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
        };
        let dates = wire.into_iter().map(|(parts, hours)| Some((date(parts)?, hours)));
        let dates: Option<BTreeMap<_, _>> = dates.collect();
        dates.ok_or_else(|| D::Error::custom("no such date"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use crate::codec;
    use crate::time::{Closure, OpeningPlan, Recurrence, Window};

    fn plan() -> OpeningPlan {
        let rule = "FREQ=MONTHLY;BYDAY=1MO".parse().unwrap_or_else(|error| panic!("{error}"));
        let start = Date::constant(2026, 1, 5).at(8, 0, 0, 0);
        let mut recurrence = Recurrence::new(start, rule).unwrap_or_else(|error| panic!("{error}"));
        recurrence.exceptions.insert(Date::constant(2026, 2, 2).at(8, 0, 0, 0));
        let exceptions = [
            (Date::constant(2027, 12, 24), vec![Window { from: 600, to: 840 }]),
            (Date::constant(2027, 12, 25), Vec::new()),
        ];
        OpeningPlan {
            exceptions: exceptions.into(),
            closures: vec![Closure { recurrence, minutes: 120 }],
            ..OpeningPlan::default()
        }
    }

    #[test]
    fn a_plan_is_read_back_as_it_was_written() {
        let bytes = codec::encode(&plan());
        assert_eq!(codec::decode::<OpeningPlan>(&bytes, 1_000), Ok(plan()));
    }

    #[test]
    fn a_date_that_is_none_and_one_told_twice_are_refused() {
        let hours: Vec<Window> = Vec::new();
        let plan = |dates: &[(i16, u8, u8)]| {
            let dates: Vec<_> = dates.iter().map(|date| (*date, hours.clone())).collect();
            let none: Option<u8> = None;
            codec::encode(&(none, dates, none, hours.clone(), hours.clone()))
        };
        let read = |bytes: &[u8]| codec::decode::<OpeningPlan>(bytes, 1_000).is_ok();
        assert!(read(&plan(&[(2027, 2, 28), (2027, 3, 1)])));
        assert!(!read(&plan(&[(2027, 2, 29)])), "no such day");
        assert!(!read(&plan(&[(2027, 2, 28), (2027, 2, 28)])), "a date twice");
        assert!(!read(&plan(&[(2027, 3, 1), (2027, 2, 28)])), "not in order");
    }
}
