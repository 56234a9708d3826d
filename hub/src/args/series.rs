//! `palier series …`: what comes again.

use std::collections::BTreeSet;
use std::str::FromStr;

use clap::{Args, Subcommand};
use jiff::civil::{Date, DateTime};
use palier_model::keys::DocId;
use palier_model::time::{Bound, Pattern, Rule, Weekday};

use super::hours::{DatesArg, weekday, weekdays};
use super::values::between;
use super::{Ref, TimeArg};

/// `palier series …`
#[derive(Debug, Clone, Subcommand)]
pub enum Series {
    /// Show every occurrence, what it costs and what stands against it.
    Plan(SeriesPlan),
    /// Ask for all of them.
    Create(SeriesCreate),
}

/// Which occurrences.
#[derive(Debug, Clone, Args)]
pub struct SeriesPlan {
    /// The listing.
    #[arg(value_name = "LISTING")]
    pub listing: Ref<DocId>,
    /// When the first begins.
    #[arg(long, value_name = "TIME")]
    pub start: TimeArg,
    /// When that ends.
    #[arg(long, value_name = "TIME")]
    pub end: TimeArg,
    /// How it comes again.
    #[arg(long, value_name = "WHEN")]
    pub every: EveryArg,
    /// The last day, included.
    #[arg(long, value_name = "DATE", conflicts_with = "count", required_unless_present = "count")]
    pub until: Option<UntilArg>,
    /// How many times.
    #[arg(long, value_name = "N", value_parser = between(1, 10_000))]
    pub count: Option<u32>,
    /// Dates on which nothing of it is.
    #[arg(long, value_name = "DATES")]
    pub except: Vec<DatesArg>,
    /// How many of those alike.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = between(1, 10_000))]
    pub quantity: u32,
}

/// `palier series create`
#[derive(Debug, Clone, Args)]
pub struct SeriesCreate {
    /// Which.
    #[command(flatten)]
    pub of: SeriesPlan,
    /// All but those that cannot be had.
    #[arg(long)]
    pub skip_conflicts: bool,
    /// All but these; each must be a day of it.
    #[arg(long, value_name = "DATES")]
    pub skip: Vec<DatesArg>,
    /// A word to the owner. Only who decides reads it.
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Accept the text of the listing.
    #[arg(long)]
    pub accept: bool,
}

impl SeriesPlan {
    /// The rule that is meant.
    pub fn rule(&self) -> Rule {
        let bound = match (self.until, self.count) {
            (Some(until), _) => Bound::Until(until.0),
            (None, Some(count)) => Bound::Count(count),
            (None, None) => Bound::Forever,
        };
        Rule { pattern: self.every.pattern.clone(), interval: self.every.interval, bound }
    }
}

/// All dates that several arguments name.
pub fn all_dates(of: &[DatesArg]) -> BTreeSet<Date> {
    of.iter().flat_map(|dates| &dates.0).copied().collect()
}

/// How something comes again: `day`, `3 days`, `tue,thu`, `2 weeks fri`, `month`,
/// `month 1,15`, `month -1`, `month 2tue`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EveryArg {
    /// Which days.
    pub pattern: Pattern,
    /// Of every so many days, weeks or months.
    pub interval: u16,
}

impl FromStr for EveryArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let takes = "day, 3 days, tue,thu, 2 weeks fri, month, month 1,15, month -1, month 2tue";
        every(&text).ok_or_else(|| takes.to_owned())
    }
}

fn every(text: &str) -> Option<EveryArg> {
    let mut words = text.split_whitespace().peekable();
    let number = words.peek().and_then(|word| word.parse::<u16>().ok());
    if number.is_some() {
        words.next();
    }
    let unit = words.next()?;
    let days = words.next();
    if words.next().is_some() {
        return None;
    }
    let weekly = |days: Option<&str>| {
        let weekdays = days.map_or(Some(Vec::new()), weekdays)?.into_iter().collect();
        Some(Pattern::Weekly { weekdays, week_start: Weekday::Monday })
    };
    let pattern = match unit {
        "day" | "days" | "jour" | "jours" if days.is_none() => Pattern::Daily,
        "week" | "weeks" | "semaine" | "semaines" => weekly(days)?,
        "month" | "months" | "mois" => monthly(days)?,
        named if number.is_none() && days.is_none() => weekly(Some(named))?,
        _ => return None,
    };
    let arg = EveryArg { pattern, interval: number.unwrap_or(1) };
    let rule = Rule { pattern: arg.pattern.clone(), interval: arg.interval, bound: Bound::Forever };
    rule.check().ok().map(|()| arg)
}

/// Days of a month: by number, or by weekday.
fn monthly(days: Option<&str>) -> Option<Pattern> {
    let Some(days) = days else { return Some(Pattern::MonthlyByDay { days: BTreeSet::new() }) };
    let numbers: Option<BTreeSet<i8>> = days.split(',').map(|day| day.parse().ok()).collect();
    if let Some(days) = numbers {
        return Some(Pattern::MonthlyByDay { days });
    }
    let nth = |day: &str| {
        let split = day.find(|c: char| c.is_alphabetic())?;
        let (nth, name) = day.split_at(split);
        Some((nth.parse::<i8>().ok().filter(|nth| *nth != 0)?, weekday(name)?))
    };
    let weekdays: Option<BTreeSet<(i8, Weekday)>> = days.split(',').map(nth).collect();
    Some(Pattern::MonthlyByWeekday { weekdays: weekdays? })
}

/// The last day, or the last moment at which one may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UntilArg(pub DateTime);

impl FromStr for UntilArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let takes = || "2027-06-30, 2027-06-30T18:00".to_owned();
        if text.contains('T') {
            return text.parse().map(Self).map_err(|_| takes());
        }
        let date: Date = text.parse().map_err(|_| takes())?;
        Ok(Self(date.at(23, 59, 59, 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Option<String> {
        let EveryArg { pattern, interval } = text.parse().ok()?;
        Some(Rule { pattern, interval, bound: Bound::Forever }.to_string())
    }

    #[test]
    fn what_comes_again_is_said_as_people_say_it_in_both_languages() {
        for (text, told) in [
            ("day", "FREQ=DAILY"),
            ("3 jours", "FREQ=DAILY;INTERVAL=3"),
            ("tue,thu", "FREQ=WEEKLY;BYDAY=TU,TH"),
            ("mar", "FREQ=WEEKLY;BYDAY=TU"),
            ("Mon-Fri", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
            ("week", "FREQ=WEEKLY"),
            ("2 semaines ven", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
            ("month", "FREQ=MONTHLY"),
            ("mois 1,15", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
            ("month -1", "FREQ=MONTHLY;BYMONTHDAY=-1"),
            ("2 months 2tue,-1fri", "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR,2TU"),
        ] {
            assert_eq!(rule(text).as_deref(), Some(told), "{text}");
        }
        for bad in ["", "2", "0 days", "day tue", "2 tue", "month 32", "month 0", "month 6tue"] {
            assert_eq!(rule(bad), None, "{bad}");
        }
        for bad in ["year", "month tue", "tue thu", "week 1", "month 1,tue", "day day day"] {
            assert_eq!(rule(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_last_day_is_included_and_a_last_moment_is_kept() {
        let until = |text: &str| text.parse::<UntilArg>().map(|it| it.0.to_string()).ok();
        assert_eq!(until("2027-06-30").as_deref(), Some("2027-06-30T23:59:59"));
        assert_eq!(until("2027-06-30T18:00").as_deref(), Some("2027-06-30T18:00:00"));
        for bad in ["", "june", "2027-02-30", "2027-06-30Tnoon"] {
            assert_eq!(until(bad), None, "{bad}");
        }
    }
}
