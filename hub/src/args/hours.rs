//! Times of a week and of a day on the command line: opening hours, closed days, quotas.

use std::str::FromStr;

use jiff::civil::Date;
use palier_model::booking::Cancellation;
use palier_model::booking::availability::{Measure, Quota, QuotaWindow};
use palier_model::time::{HolidayCalendar, HolidayHours, WeekWindow, Weekday, Window};

use super::Duration;

/// Minutes of a day.
const DAY: u16 = 1_440;
/// Most dates that one argument names.
const MAX_DATES: usize = 400;

/// Words that take something away.
fn is_none(text: &str) -> bool {
    matches!(text, "none" | "aucun" | "aucune")
}

/// A length of time in milliseconds, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanArg(pub Option<u64>);

impl FromStr for SpanArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if is_none(text) {
            return Ok(Self(None));
        }
        let length = text.parse::<Duration>().map_err(|_| "30m, 2h, 7d, none".to_owned())?;
        Ok(Self(u64::try_from(length.as_ms()).ok().filter(|ms| *ms > 0)))
    }
}

/// Minutes from one step of the clock to the next, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepArg(pub Option<u16>);

impl FromStr for StepArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "15m, 30m, 1h, 1d, none".to_owned();
        let SpanArg(Some(ms)) = text.parse().map_err(|_| bad())? else { return Ok(Self(None)) };
        let minutes = u16::try_from(ms / 60_000).map_err(|_| bad())?;
        let fits = ms % 60_000 == 0 && minutes > 0 && DAY.is_multiple_of(minutes);
        if fits { Ok(Self(Some(minutes))) } else { Err(bad()) }
    }
}

/// `08:00`, `8`, `8h30`, `24:00` in minutes.
fn clock(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once([':', 'h']).unwrap_or((text, ""));
    let number = |part: &str| {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, if minute.is_empty() { 0 } else { number(minute)? });
    let all = hour * 60 + minute;
    (minute < 60 && all <= DAY).then_some(all)
}

/// `08:00-20:00`; an end at or before the start lies on the next day.
pub(super) fn window(text: &str) -> Option<Window> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (clock(from)?, clock(to)?);
    let to = if to <= from { to + DAY } else { to };
    let window = Window { from, to };
    window.is_valid().then_some(window)
}

/// `10:00-12:00,14:00-18:00`.
fn windows(text: &str) -> Option<Vec<Window>> {
    text.split(',').map(|part| window(part.trim())).collect()
}

pub(super) fn weekday(text: &str) -> Option<Weekday> {
    let names = [
        ["monday", "lundi"],
        ["tuesday", "mardi"],
        ["wednesday", "mercredi"],
        ["thursday", "jeudi"],
        ["friday", "vendredi"],
        ["saturday", "samedi"],
        ["sunday", "dimanche"],
    ];
    let means =
        |names: &[&str; 2]| names.iter().any(|name| text.len() >= 3 && name.starts_with(text));
    names.iter().position(means).map(|at| Weekday::ALL[at])
}

/// `mon-fri`, `mon,wed`, `sat-sun`.
pub(super) fn weekdays(text: &str) -> Option<Vec<Weekday>> {
    let mut days = Vec::new();
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (weekday(from)?, weekday(to)?);
        let count = usize::from(to.days_after(from)) + 1;
        let first = usize::from(from.index());
        days.extend((first..first + count).map(|day| Weekday::ALL[day % 7]));
    }
    Some(days)
}

/// Hours of the week: `mon-fri 08:00-20:00`, or `always`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursArg(pub Option<Vec<WeekWindow>>);

impl FromStr for HoursArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        if matches!(text.as_str(), "always" | "toujours") {
            return Ok(Self(None));
        }
        let read = || {
            let (days, hours) = text.split_once(' ')?;
            let (days, hours) = (weekdays(days)?, windows(hours.trim())?);
            let each = |day: Weekday| {
                hours.iter().map(move |window| WeekWindow { weekday: day, window: *window })
            };
            Some(days.into_iter().flat_map(each).collect())
        };
        read().map(|hours| Self(Some(hours))).ok_or_else(|| {
            "mon-fri 08:00-20:00; sat 10:00-12:00,14:00-18:00; fri 20:00-02:00; always".to_owned()
        })
    }
}

/// The dates from one to another.
pub(super) fn dates(text: &str) -> Option<Vec<Date>> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let (from, to): (Date, Date) = (from.parse().ok()?, to.parse().ok()?);
    let all: Vec<Date> = from
        .series(jiff::Span::new().days(1))
        .take(MAX_DATES + 1)
        .take_while(|date| *date <= to)
        .collect();
    ((1..=MAX_DATES).contains(&all.len())).then_some(all)
}

/// Dates: `2027-12-25`, `2027-12-24..2028-01-02`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatesArg(pub Vec<Date>);

impl FromStr for DatesArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = dates(text.trim());
        found.map(Self).ok_or_else(|| "2027-12-25, 2027-12-24..2028-01-02".to_owned())
    }
}

/// Hours of dates unlike others: `2027-12-24 10:00-14:00`, `2027-12-24 usual`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayHoursArg {
    /// The dates.
    pub dates: Vec<Date>,
    /// Their hours; none: as usual again.
    pub hours: Option<Vec<Window>>,
}

impl FromStr for DayHoursArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let read = || {
            let (days, hours) = text.split_once(' ')?;
            let hours = match hours.trim() {
                "usual" | "habituel" => None,
                "closed" | "fermé" | "ferme" => Some(Vec::new()),
                hours => Some(windows(hours)?),
            };
            Some(Self { dates: dates(days)?, hours })
        };
        let takes = "2027-12-24 10:00-14:00; 2027-12-24 closed; 2027-12-24 usual";
        read().ok_or_else(|| takes.to_owned())
    }
}

/// What holds on public holidays: `open`, `closed`, `10:00-16:00`; with
/// `alsace-moselle` before it, of these too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolidaysArg(pub Option<HolidayHours>);

impl FromStr for HolidaysArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let (calendar, hours) = match text.strip_prefix("alsace-moselle ") {
            Some(hours) => (HolidayCalendar::AlsaceMoselle, hours.trim()),
            None => (HolidayCalendar::France, text.as_str()),
        };
        let windows = match hours {
            "open" | "ouvert" => return Ok(Self(None)),
            "closed" | "fermé" | "ferme" => Some(Vec::new()),
            hours => windows(hours),
        };
        let takes = "open, closed, 10:00-16:00, alsace-moselle closed";
        let windows = windows.ok_or_else(|| takes.to_owned())?;
        Ok(Self(Some(HolidayHours { calendar, windows })))
    }
}

/// How much one member may have: `2/week`, `10h/month`, `3/30d`, `2/ahead`, `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaArg(pub Option<Quota>);

impl FromStr for QuotaArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        if is_none(&text) {
            return Ok(Self(None));
        }
        let read = || {
            let (most, window) = text.split_once('/')?;
            let most = match most.parse::<u32>() {
                Ok(count) => Measure::Bookings(count),
                Err(_) => {
                    let length = most.parse::<Duration>().ok()?;
                    Measure::Minutes(u32::try_from(length.as_ms() / 60_000).ok()?)
                }
            };
            let window = match window {
                "day" | "jour" => QuotaWindow::Day,
                "week" | "semaine" => QuotaWindow::Week,
                "month" | "mois" => QuotaWindow::Month,
                "ahead" | "à venir" | "avenir" => QuotaWindow::Ahead,
                rolling => {
                    let days = rolling.strip_suffix(['d', 'j'])?.parse().ok()?;
                    QuotaWindow::Rolling { days }
                }
            };
            let quota = Quota { window, most };
            quota.is_valid().then_some(Self(Some(quota)))
        };
        read().ok_or_else(|| "2/week, 10h/month, 3/30d, 2/ahead, none".to_owned())
    }
}

/// What cancelling costs: `48h` (after that all), `48h 50%`, `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelArg(pub Cancellation);

impl FromStr for CancelArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        if is_none(&text) {
            return Ok(Self(Cancellation::default()));
        }
        let read = || {
            let (span, fee) = text.split_once(' ').unwrap_or((&text, "100%"));
            let free_until_ms = span.parse::<SpanArg>().ok()?.0?;
            let fee_percent = fee.trim().strip_suffix('%')?.trim().parse().ok()?;
            let cancellation = Cancellation { free_until_ms, fee_percent };
            (fee_percent <= 100).then_some(Self(cancellation))
        };
        read().ok_or_else(|| "48h, 2d 50%, none".to_owned())
    }
}

/// A month: `2027-03`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthArg(pub Date);

impl FromStr for MonthArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let first = format!("{}-01", text.trim()).parse();
        first.map(Self).map_err(|_| "2027-03".to_owned())
    }
}

/// Which day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Today,
    Tomorrow,
    Weekday(Weekday),
    Date(Date),
}

/// A day or a part of one: `saturday-morning`, `2027-03-28`, `tomorrow-evening`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnArg {
    on: On,
    /// Minutes of the wall clock, if it is a part.
    part: Option<(u16, u16)>,
}

impl FromStr for OnArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_lowercase();
        let takes = || "saturday, saturday-morning, tomorrow-evening, 2027-03-28".to_owned();
        let parts: [(&str, (u16, u16)); 8] = [
            ("-morning", (480, 720)),
            ("-matin", (480, 720)),
            ("-après-midi", (720, 1_080)),
            ("-apres-midi", (720, 1_080)),
            ("-afternoon", (720, 1_080)),
            ("-midi", (720, 840)),
            ("-evening", (1_080, 1_320)),
            ("-soir", (1_080, 1_320)),
        ];
        let cut = parts.iter().find_map(|(end, part)| Some((text.strip_suffix(end)?, *part)));
        let (day, part) = cut.map_or((text.as_str(), None), |(day, part)| (day, Some(part)));
        let on = match day {
            "today" | "aujourd'hui" | "aujourdhui" => On::Today,
            "tomorrow" | "demain" => On::Tomorrow,
            day => match (weekday(day), day.parse()) {
                (Some(weekday), _) => On::Weekday(weekday),
                (None, Ok(date)) => On::Date(date),
                (None, Err(_)) => return Err(takes()),
            },
        };
        Ok(Self { on, part })
    }
}

impl OnArg {
    /// The date that is meant on `today`. A weekday is the next one, today included.
    pub fn date(self, today: Date) -> Option<Date> {
        match self.on {
            On::Today => Some(today),
            On::Tomorrow => today.tomorrow().ok(),
            On::Date(date) => Some(date),
            On::Weekday(weekday) => {
                let days = i64::from(weekday.days_after(Weekday::of(today)));
                today.checked_add(jiff::Span::new().days(days)).ok()
            }
        }
    }

    /// From which minute to which, if a part of the day is meant.
    pub const fn part(self) -> Option<(u16, u16)> {
        self.part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Option<Vec<(u8, u16, u16)>> {
        let HoursArg(hours) = text.parse().unwrap();
        let tell = |it: WeekWindow| (it.weekday.index(), it.window.from, it.window.to);
        hours.map(|hours| hours.into_iter().map(tell).collect())
    }

    #[test]
    fn hours_of_a_week_are_read_in_both_languages() {
        assert_eq!(hours("always"), None);
        assert_eq!(
            hours("sat-mon 8-20"),
            Some(vec![(5, 480, 1_200), (6, 480, 1_200), (0, 480, 1_200)])
        );
        assert_eq!(hours("lun,mer 8h30-12h"), Some(vec![(0, 510, 720), (2, 510, 720)]));
        assert_eq!(hours("fri 20:00-02:00"), Some(vec![(4, 1_200, 1_560)]));
        assert_eq!(hours("Sun 10:00-12:00, 14:00-24:00").map(|it| it.len()), Some(2));
        for bad in ["", "mon", "mon 8", "mon 25:00-26:00", "m 8-20", "mon 8:60-9", "8-20"] {
            assert!(bad.parse::<HoursArg>().is_err(), "{bad}");
        }
    }

    #[test]
    fn dates_and_their_hours_are_bounded() {
        let count = |text: &str| text.parse::<DatesArg>().map(|it| it.0.len()).ok();
        assert_eq!(count("2027-12-24..2028-01-02"), Some(10));
        assert_eq!(count("2027-02-29"), None);
        assert_eq!(count("2027-01-02..2027-01-01"), None);
        assert_eq!(count("2027-01-01..2037-01-01"), None);
        let day: DayHoursArg = "2027-12-24 10:00-14:00".parse().unwrap();
        assert_eq!(day.hours, Some(vec![Window { from: 600, to: 840 }]));
        let usual: DayHoursArg = "2027-12-24 usual".parse().unwrap();
        assert_eq!(usual.hours, None);
        assert!("2027-12-24".parse::<DayHoursArg>().is_err());
    }

    #[test]
    fn quotas_cancellations_and_steps_say_what_they_take() {
        let quota = |text: &str| text.parse::<QuotaArg>().ok().map(|it| it.0);
        let two = Quota { window: QuotaWindow::Week, most: Measure::Bookings(2) };
        assert_eq!(quota("2/week"), Some(Some(two)));
        let hours =
            Quota { window: QuotaWindow::Rolling { days: 30 }, most: Measure::Minutes(600) };
        assert_eq!(quota("10h/30d"), Some(Some(hours)));
        assert_eq!((quota("none"), quota("0/week"), quota("2/year")), (Some(None), None, None));
        let cancel: CancelArg = "2d 50%".parse().unwrap();
        assert_eq!((cancel.0.free_until_ms, cancel.0.fee_percent), (172_800_000, 50));
        assert!("2d 150%".parse::<CancelArg>().is_err());
        let step = |text: &str| text.parse::<StepArg>().ok().map(|it| it.0);
        assert_eq!((step("15m"), step("7m"), step("none")), (Some(Some(15)), None, Some(None)));
        assert_eq!("none".parse(), Ok(SpanArg(None)));
    }

    #[test]
    fn a_day_is_meant_as_people_say_it() {
        let friday = Date::constant(2027, 3, 26);
        let date = |text: &str| text.parse::<OnArg>().unwrap().date(friday);
        assert_eq!(date("saturday-morning"), Some(Date::constant(2027, 3, 27)));
        assert_eq!(date("vendredi-soir"), Some(friday));
        assert_eq!(date("jeudi-après-midi"), Some(Date::constant(2027, 4, 1)));
        assert_eq!(date("2027-03-28"), Some(Date::constant(2027, 3, 28)));
        assert_eq!("samedi-matin".parse::<OnArg>().unwrap().part(), Some((480, 720)));
        for bad in ["", "someday", "2027-02-30", "-morning"] {
            assert!(bad.parse::<OnArg>().is_err(), "{bad}");
        }
    }
}
