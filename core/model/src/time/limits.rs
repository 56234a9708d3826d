//! Limits on what is said about time.

/// Longest name of a zone, in bytes.
pub const ZONE_NAME_BYTES: usize = 64;

/// Most days, weeks or months from one occurrence to the next.
pub const RULE_INTERVAL: u16 = 1_000;
/// Most occurrences that a rule may count.
pub const RULE_COUNT: u32 = 10_000;
/// Most occurrences taken out of one recurrence.
pub const RULE_EXCEPTIONS: usize = 1_000;
/// Longest text of a rule, in bytes.
pub const RULE_TEXT_BYTES: usize = 500;
/// Most occurrences that one question gives.
pub const OCCURRENCES: usize = 10_000;
/// Longest occurrence, in minutes: a year.
pub const OCCURRENCE_MINUTES: u32 = 366 * 1_440;

/// Windows of a week.
pub const WEEK_WINDOWS: usize = 64;
/// Windows of one day.
pub const DAY_WINDOWS: usize = 8;
/// Days unlike others.
pub const EXCEPTIONS: usize = 400;
/// Closures at a fixed time.
pub const BLACKOUTS: usize = 512;
/// Closures that come again.
pub const CLOSURES: usize = 16;
/// Last minute at which a window may end: the end of the next day.
pub const LAST_MINUTE: u16 = 2_880;
/// Longest closure that comes again, in minutes: four weeks.
pub const CLOSURE_MINUTES: u32 = 28 * 1_440;
/// Longest range that one question may be about, in days: a little over ten years.
pub const RANGE_DAYS: i64 = 3_700;
