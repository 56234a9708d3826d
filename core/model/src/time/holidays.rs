//! Public holidays of France.
//!
//! The eleven *jours fériés* are those of the Code du travail, article L3133-1
//! (<https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000033008129>). Article
//! L3134-13 adds two in Moselle, Bas-Rhin and Haut-Rhin: 26 December, and Good Friday
//! (there by the letter only in communes with a Protestant or a mixed church).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::zone::plus_days;

/// A public holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Holiday {
    /// 1 January, *jour de l'an*.
    NewYear,
    /// The Friday before Easter, *vendredi saint*; Alsace and Moselle.
    GoodFriday,
    /// *Lundi de Pâques*.
    EasterMonday,
    /// 1 May, *fête du Travail*.
    LabourDay,
    /// 8 May, *Victoire 1945*.
    Victory1945,
    /// 39 days after Easter, *Ascension*.
    Ascension,
    /// 50 days after Easter, *lundi de Pentecôte*.
    WhitMonday,
    /// 14 July, *fête nationale*.
    NationalDay,
    /// 15 August, *Assomption*.
    Assumption,
    /// 1 November, *Toussaint*.
    AllSaints,
    /// 11 November, *Armistice 1918*.
    Armistice1918,
    /// 25 December, *Noël*.
    Christmas,
    /// 26 December, *Saint-Étienne*; Alsace and Moselle.
    SaintStephen,
}

impl Holiday {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NewYear => "new_year",
            Self::GoodFriday => "good_friday",
            Self::EasterMonday => "easter_monday",
            Self::LabourDay => "labour_day",
            Self::Victory1945 => "victory_1945",
            Self::Ascension => "ascension",
            Self::WhitMonday => "whit_monday",
            Self::NationalDay => "national_day",
            Self::Assumption => "assumption",
            Self::AllSaints => "all_saints",
            Self::Armistice1918 => "armistice_1918",
            Self::Christmas => "christmas",
            Self::SaintStephen => "saint_stephen",
        }
    }
}

/// Whose holidays.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum HolidayCalendar {
    /// Those of article L3133-1.
    #[default]
    France,
    /// And those of Alsace and Moselle.
    AlsaceMoselle,
}

impl HolidayCalendar {
    /// The holidays of a year, by date. Two may fall on one day (1 May 2008).
    pub fn of_year(self, year: i16) -> Vec<(Date, Holiday)> {
        let mut days: Vec<(Date, Holiday)> = Vec::with_capacity(13);
        let fixed = [
            (1, 1, Holiday::NewYear),
            (5, 1, Holiday::LabourDay),
            (5, 8, Holiday::Victory1945),
            (7, 14, Holiday::NationalDay),
            (8, 15, Holiday::Assumption),
            (11, 1, Holiday::AllSaints),
            (11, 11, Holiday::Armistice1918),
            (12, 25, Holiday::Christmas),
            (12, 26, Holiday::SaintStephen),
        ];
        let moving = [
            (-2, Holiday::GoodFriday),
            (1, Holiday::EasterMonday),
            (39, Holiday::Ascension),
            (50, Holiday::WhitMonday),
        ];
        let date = |(month, day, holiday)| Some((Date::new(year, month, day).ok()?, holiday));
        days.extend(fixed.into_iter().filter_map(date));
        if let Some(easter) = easter_sunday(year) {
            let date = |(days, holiday)| Some((plus_days(easter, days).ok()?, holiday));
            days.extend(moving.into_iter().filter_map(date));
        }
        let only_east = |h: Holiday| matches!(h, Holiday::GoodFriday | Holiday::SaintStephen);
        days.retain(|(_, holiday)| self == Self::AlsaceMoselle || !only_east(*holiday));
        days.sort_unstable();
        days
    }

    /// The holiday on a date; of two the one that moves.
    pub fn on(self, date: Date) -> Option<Holiday> {
        let days = self.of_year(date.year());
        let moves = |h: &Holiday| matches!(h, Holiday::Ascension);
        days.into_iter().filter(|(day, _)| *day == date).map(|(_, h)| h).max_by_key(moves)
    }
}

/// Easter Sunday of a Gregorian year, 1583–9999.
///
/// The anonymous algorithm of *Nature* (20 April 1876), as in J. Meeus, *Astronomical
/// Algorithms* (1991), chapter 8.
pub fn easter_sunday(year: i16) -> Option<Date> {
    if !(1583..=9999).contains(&year) {
        return None;
    }
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let f = (b + 8) / 25;
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let month = (h + l - 7 * m + 114) / 31;
    let day = (h + l - 7 * m + 114) % 31 + 1;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another way to Easter: the Sunday after the 14th day of the ecclesiastical moon,
    /// by epact (C. Clavius, 1603; L. Lilius' correction), walked day by day.
    fn easter_by_the_moon(year: i16) -> Option<Date> {
        let y = i32::from(year);
        let century = y / 100 + 1;
        let (solar, lunar) = (3 * century / 4 - 12, (8 * century + 5) / 25 - 5);
        let golden = y % 19 + 1;
        let mut epact = (11 * golden + 20 + lunar - solar).rem_euclid(30);
        if epact == 24 || epact == 25 && golden > 11 {
            epact += 1;
        }
        // Full moon on "March n", not before the 21st.
        let mut n = 44 - epact;
        if n < 21 {
            n += 30;
        }
        let mut day = plus_days(Date::new(year, 3, 1).ok()?, i64::from(n)).ok()?;
        while day.weekday() != jiff::civil::Weekday::Sunday {
            day = day.tomorrow().ok()?;
        }
        Some(day)
    }

    #[test]
    fn easter_is_where_the_moon_says() {
        for year in 1583..=9999 {
            assert_eq!(easter_sunday(year), easter_by_the_moon(year), "{year}");
        }
        assert_eq!(easter_sunday(2027), Some(Date::constant(2027, 3, 28)));
        assert_eq!(easter_sunday(1582), None);
    }

    #[test]
    fn the_eleven_days_of_the_law_and_two_more_in_the_east() {
        let of_2027: Vec<_> = HolidayCalendar::France.of_year(2027);
        let text: Vec<String> = of_2027.iter().map(|(date, _)| date.to_string()).collect();
        let told = [
            "2027-01-01",
            "2027-03-29",
            "2027-05-01",
            "2027-05-06",
            "2027-05-08",
            "2027-05-17",
            "2027-07-14",
            "2027-08-15",
            "2027-11-01",
            "2027-11-11",
            "2027-12-25",
        ];
        assert_eq!(text, told);
        let east = HolidayCalendar::AlsaceMoselle;
        assert_eq!(east.of_year(2027).len(), 13);
        assert_eq!(east.on(Date::constant(2027, 3, 26)), Some(Holiday::GoodFriday));
        assert_eq!(HolidayCalendar::France.on(Date::constant(2027, 3, 26)), None);
        assert_eq!(east.on(Date::constant(2027, 12, 26)), Some(Holiday::SaintStephen));
    }

    #[test]
    fn two_holidays_on_one_day_are_one_day() {
        let both = HolidayCalendar::France.of_year(2008);
        let on_may_day = both.iter().filter(|(date, _)| *date == Date::constant(2008, 5, 1));
        assert_eq!(on_may_day.count(), 2);
        let on = HolidayCalendar::France.on(Date::constant(2008, 5, 1));
        assert_eq!(on, Some(Holiday::Ascension));
    }
}
