//! The only clock: claimed time for records, steady time for sessions.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant as Steady, SystemTime, UNIX_EPOCH};

use palier_model::time::Instant;

/// A clock whose claimed time can be shifted, for scripts and tests. It buys nothing.
#[derive(Debug)]
pub struct Clock {
    began: Steady,
    shift_ms: AtomicI64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { began: Steady::now(), shift_ms: AtomicI64::new(0) }
    }
}

impl Clock {
    /// What records claim.
    pub fn claimed(&self) -> Instant {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ms = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        Instant(ms.saturating_add(self.shift_ms.load(Ordering::Relaxed)))
    }

    /// Makes `at` what records claim from now on.
    pub fn set(&self, at: Instant) {
        self.shift_ms.store(0, Ordering::Relaxed);
        let shift = at.0.saturating_sub(self.claimed().0);
        self.shift_ms.store(shift, Ordering::Relaxed);
    }

    /// A clock that claims `at` from now on, beside this one, which goes on as it is.
    pub fn claiming(&self, at: Instant) -> Self {
        let clock = Self { began: self.began, shift_ms: AtomicI64::new(0) };
        clock.set(at);
        clock
    }

    /// Milliseconds since this clock began: never goes back.
    pub fn steady(&self) -> Instant {
        Instant(i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}
