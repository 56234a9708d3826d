//! Values on the command line: ids and their beginnings, times, durations, addresses.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use palier_model::keys::{GroupId, MemberId};
use palier_model::time::Instant;

use crate::answer::Prefixed;

/// Fewest characters after the prefix that may stand for an id.
const MIN_ID_CHARS: usize = 4;

/// An id, or the beginning of one, as a person copies it from a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ref<T> {
    text: String,
    kind: PhantomData<T>,
}

impl<T: Prefixed> Ref<T> {
    /// The id, if it was given whole.
    pub fn whole(&self) -> Option<T> {
        self.text.parse().ok()
    }

    /// Whether `id` begins like this.
    pub fn fits(&self, id: &T) -> bool {
        id.to_string().starts_with(&self.text)
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<T: Prefixed> FromStr for Ref<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        let body = text.strip_prefix(T::PREFIX).ok_or_else(|| T::PREFIX.to_owned())?;
        let base32 = |c: char| c.is_ascii_lowercase() || ('2'..='7').contains(&c);
        let whole = body.len() == T::CHARS;
        let fits = (MIN_ID_CHARS..=T::CHARS).contains(&body.len()) && body.chars().all(base32);
        if !fits || (whole && text.parse::<T>().is_err()) {
            return Err(T::PREFIX.to_owned());
        }
        Ok(Self { text, kind: PhantomData })
    }
}

/// A member or a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartyRef {
    /// A member.
    Member(Ref<MemberId>),
    /// A group.
    Group(Ref<GroupId>),
}

impl FromStr for PartyRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().starts_with(GroupId::PREFIX) {
            true => text.parse().map(Self::Group),
            false => text.parse().map(Self::Member),
        }
    }
}

/// A time as a person or a script gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeArg {
    /// `2026-12-01T14:00:00+01:00`: the same everywhere.
    Instant(Timestamp),
    /// `2026-12-01T14:00` or `2026-12-01`: on the wall clock of the place.
    Local(DateTime),
    /// `+2h`: from now.
    FromNow(SignedDuration),
}

impl TimeArg {
    /// The instant meant, given the place's zone and the time it is. Wall-clock times
    /// in a gap take the offset before it, in a fold the first.
    pub fn resolve(self, zone: &TimeZone, now: Instant) -> Option<Instant> {
        match self {
            Self::Instant(at) => Some(Instant(at.as_millisecond())),
            Self::Local(wall) => {
                let at = zone.to_ambiguous_zoned_datetime(wall).compatible().ok()?.timestamp();
                Some(Instant(at.as_millisecond()))
            }
            Self::FromNow(delay) => {
                Some(Instant(now.0.checked_add(i64::try_from(delay.as_millis()).ok()?)?))
            }
        }
    }
}

impl FromStr for TimeArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(delay) = text.strip_prefix('+') {
            let delay = Duration::from_str(delay).map_err(|_| TIMES.to_owned())?;
            return Ok(Self::FromNow(delay.0));
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::Instant(at));
        }
        text.parse::<DateTime>().map(Self::Local).map_err(|_| TIMES.to_owned())
    }
}

/// How a time may be given.
const TIMES: &str = "2026-12-01, 2026-12-01T14:00, 2026-12-01T14:00+01:00, +2h";

/// Reads a whole number within bounds.
pub(super) fn between(
    least: u32,
    most: u32,
) -> impl Fn(&str) -> Result<u32, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| format!("{least}–{most}"))
    }
}

/// A length of time: `30s`, `5m`, `1h30m`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duration(pub SignedDuration);

impl Duration {
    /// Longest length taken, in days.
    const MAX_DAYS: i64 = 3_660;

    /// In milliseconds.
    pub fn as_ms(self) -> i64 {
        i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX)
    }

    /// As the standard library holds it.
    pub fn as_std(self) -> std::time::Duration {
        self.0.unsigned_abs()
    }
}

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let mut total_s: i64 = 0;
        let mut digits = String::new();
        let bad = || "30s, 5m, 1h30m, 7d".to_owned();
        for c in text.chars() {
            if c.is_ascii_digit() && digits.len() < 9 {
                digits.push(c);
                continue;
            }
            let unit_s = match c {
                's' => 1,
                'm' => 60,
                'h' => 3_600,
                'd' => 86_400,
                'w' => 604_800,
                _ => return Err(bad()),
            };
            let count: i64 = digits.parse().map_err(|_| bad())?;
            digits.clear();
            total_s = count
                .checked_mul(unit_s)
                .and_then(|part| total_s.checked_add(part))
                .filter(|total| *total <= Self::MAX_DAYS * 86_400)
                .ok_or_else(bad)?;
        }
        if text.is_empty() || !digits.is_empty() {
            return Err(bad());
        }
        Ok(Self(SignedDuration::from_secs(total_s)))
    }
}

/// Where a node listens or is dialled: `127.0.0.1:4747`, `[::1]:4747`, or a libp2p
/// multiaddress, kept as a multiaddress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(pub String);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(at) = text.parse::<SocketAddr>() {
            let family = if at.is_ipv4() { "ip4" } else { "ip6" };
            return Ok(Self(format!("/{family}/{}/tcp/{}", at.ip(), at.port())));
        }
        let sane = text.len() <= 512 && text.chars().all(|c| c.is_ascii_graphic());
        if text.starts_with('/') && sane {
            return Ok(Self(text.to_owned()));
        }
        Err("127.0.0.1:4747".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use palier_model::keys::{BookingId, MemberId};

    use super::*;

    #[test]
    fn an_id_may_be_shortened_but_never_mistaken_for_another_kind() {
        let id = BookingId([9; 32]);
        let whole: Ref<BookingId> = id.to_string().parse().unwrap();
        assert_eq!(whole.whole(), Some(id));
        let short: Ref<BookingId> = id.to_string()[..12].to_uppercase().parse().unwrap();
        assert_eq!(short.whole(), None);
        assert!(short.fits(&id) && !short.fits(&BookingId([8; 32])));
        assert!(id.to_string().parse::<Ref<MemberId>>().is_err());
        for bad in ["bkg_", "bkg_a", "bkg_abc!", "bkg_é7777777", "", "bkg_0000"] {
            assert!(bad.parse::<Ref<BookingId>>().is_err(), "{bad}");
        }
        let too_long = format!("{id}aaaa");
        assert!(too_long.parse::<Ref<BookingId>>().is_err());
    }

    #[test]
    fn wall_clock_times_use_the_offset_before_a_gap_and_the_first_of_a_fold() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let at = |text: &str| {
            let ms = text.parse::<TimeArg>().unwrap().resolve(&paris, Instant(0)).unwrap().0;
            Timestamp::from_millisecond(ms).unwrap().to_string()
        };
        assert_eq!(at("2026-07-01T14:00"), "2026-07-01T12:00:00Z");
        assert_eq!(at("2026-07-01"), "2026-06-30T22:00:00Z");
        assert_eq!(at("2026-03-29T02:30"), "2026-03-29T01:30:00Z");
        assert_eq!(at("2026-10-25T02:30"), "2026-10-25T00:30:00Z");
        assert_eq!(at("2026-07-01T14:00:00+02:00"), "2026-07-01T12:00:00Z");
        assert_eq!(at("+1h30m"), "1970-01-01T01:30:00Z");
        for bad in ["", "demain", "2026-13-01", "+", "+5", "25:00"] {
            assert!(bad.parse::<TimeArg>().is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_are_bounded_and_strict() {
        let ms = |text: &str| text.parse::<Duration>().map(Duration::as_ms).ok();
        assert_eq!(ms("30s"), Some(30_000));
        assert_eq!(ms("1h30m"), Some(5_400_000));
        assert_eq!(ms("2w"), Some(1_209_600_000));
        for bad in ["", "30", "s", "1x", "-5s", "99999999999s", "999999999w", "1 h"] {
            assert_eq!(ms(bad), None, "{bad}");
        }
    }

    #[test]
    fn addresses_become_multiaddresses() {
        let address = |text: &str| text.parse::<Address>().map(|a| a.0).ok();
        assert_eq!(address("127.0.0.1:4747").as_deref(), Some("/ip4/127.0.0.1/tcp/4747"));
        assert_eq!(address("[::1]:0").as_deref(), Some("/ip6/::1/tcp/0"));
        assert_eq!(address("/ip4/1.2.3.4/tcp/1").as_deref(), Some("/ip4/1.2.3.4/tcp/1"));
        for bad in ["", "nowhere", "localhost", "127.0.0.1", "1.2.3.4:99999", "/é"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }
}
