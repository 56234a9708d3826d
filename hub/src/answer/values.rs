//! Values inside answers: ids with their prefix, instants with their offset.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use palier_model::keys::{
    BlobId, BookingId, DeviceId, DocId, EntryHash, GroupId, HoodHash, LogId, MemberId, SeriesId,
};
use palier_model::time::Instant;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An id whose text begins with a prefix of its kind.
pub trait Prefixed: fmt::Display + FromStr {
    /// The prefix, as `lst_`.
    const PREFIX: &'static str;
    /// How many characters stand after it.
    const CHARS: usize;
}

macro_rules! prefixed {
    ($($id:ident),+) => { $(impl Prefixed for $id {
        const PREFIX: &'static str = $id::PREFIX;
        const CHARS: usize = $id::CHARS;
    })+ };
}
prefixed!(
    BlobId, BookingId, DeviceId, DocId, EntryHash, GroupId, HoodHash, LogId, MemberId, SeriesId
);

/// An id as scripts read it: its text, not its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shown<T>(pub T);

impl<T> From<T> for Shown<T> {
    fn from(id: T) -> Self {
        Self(id)
    }
}

impl<T: fmt::Display> fmt::Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Prefixed> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: Prefixed> Deserialize<'de> for Shown<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| de::Error::custom(format!("no id like {}…", T::PREFIX)))
    }
}

impl<T: Prefixed> JsonSchema for Shown<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}id", T::PREFIX).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": format!("^{}[a-z2-7]{{{}}}$", T::PREFIX, T::CHARS) })
    }
}

/// An instant and the offset of its place at that instant: RFC 3339 in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// The instant.
    pub at: Instant,
    /// What the place's clocks add to UTC then.
    pub offset: Offset,
}

impl When {
    /// `at` as the clocks of `zone` show it.
    pub fn new(at: Instant, zone: &TimeZone) -> Self {
        let offset = zone.to_offset(timestamp(at));
        Self { at, offset }
    }

    /// The wall-clock time.
    pub fn wall(&self) -> jiff::civil::DateTime {
        self.offset.to_datetime(timestamp(self.at))
    }
}

/// Held within what a calendar can show: a claimed time may be anything.
fn timestamp(at: Instant) -> Timestamp {
    let limit_ms = Timestamp::MAX.as_millisecond() - 2 * Instant::DAY_MS;
    let held = at
        .0
        .clamp(-limit_ms.min(-(Timestamp::MIN.as_millisecond() + 2 * Instant::DAY_MS)), limit_ms);
    Timestamp::from_millisecond(held).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        timestamp(self.at).display_with_offset(self.offset).fmt(f)
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let at: Timestamp = text.parse().map_err(de::Error::custom)?;
        let pieces = jiff::fmt::temporal::Pieces::parse(&text).map_err(de::Error::custom)?;
        let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
        Ok(Self { at: Instant(at.as_millisecond()), offset })
    }
}

impl JsonSchema for When {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "When".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_carry_the_offset_of_their_place() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let summer = When::new(Instant(1_782_907_200_000), &paris);
        assert_eq!(serde_json::to_string(&summer).unwrap(), "\"2026-07-01T14:00:00+02:00\"");
        let back: When = serde_json::from_str("\"2026-07-01T14:00:00+02:00\"").unwrap();
        assert_eq!(back, summer);
        assert_eq!(summer.wall().to_string(), "2026-07-01T14:00:00");
    }

    #[test]
    fn absurd_claimed_times_are_shown_not_panicked_on() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        for ms in [i64::MIN, i64::MAX, -1, 0] {
            let when = When::new(Instant(ms), &paris);
            assert!(!when.to_string().is_empty());
            let _ = when.wall();
        }
    }
}
