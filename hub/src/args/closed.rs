//! When a place is closed, on the command line.

use std::str::FromStr;

use jiff::civil::Date;
use palier_model::booking::ClosedAgain;
use palier_model::time::{Bound, Rule};

use super::EveryArg;
use super::hours::{dates, window};

/// When a place is closed: dates, or hours that come again (`every mon 12:00-14:00`), or
/// `never`: no more of those that come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClosedArg {
    /// On these dates.
    Dates(Vec<Date>),
    /// Again and again; none: no longer.
    Again(Option<ClosedAgain>),
}

impl FromStr for ClosedArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        if matches!(text.as_str(), "never" | "jamais") {
            return Ok(Self::Again(None));
        }
        let again = || {
            let (every, rest) = text.split_once(' ')?;
            let (days, hours) = rest.trim().rsplit_once(' ')?;
            let every = matches!(every, "every" | "chaque").then_some(days)?;
            let EveryArg { pattern, interval } = every.parse().ok()?;
            let rule = Rule { pattern, interval, bound: Bound::Forever };
            Some(Self::Again(Some(ClosedAgain { rule, window: window(hours)? })))
        };
        let found = dates(&text).map(Self::Dates).or_else(again);
        found.ok_or_else(|| {
            "2027-12-25, 2027-12-24..2028-01-02, \"every mon 12:00-14:00\", never".to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_again_and_again_is_said_in_both_languages() {
        for (text, told) in [
            ("every mon 12:00-14:00", Some("FREQ=WEEKLY;BYDAY=MO")),
            ("chaque lun,jeu 12h-14h", Some("FREQ=WEEKLY;BYDAY=MO,TH")),
            ("every month 1mon 08:00-12:00", Some("FREQ=MONTHLY;BYDAY=1MO")),
            ("every 2 weeks fri 22:00-02:00", Some("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR")),
            ("every mon", None),
            ("mon 12:00-14:00", None),
            ("every year 12:00-14:00", None),
            ("every mon 25:00-26:00", None),
        ] {
            let rule = match text.parse::<ClosedArg>() {
                Ok(ClosedArg::Again(Some(again))) => Some(again.rule.to_string()),
                _ => None,
            };
            assert_eq!(rule.as_deref(), told, "{text}");
        }
        assert_eq!("jamais".parse(), Ok(ClosedArg::Again(None)));
    }
}
