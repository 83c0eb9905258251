//! Time as an argument: milliseconds since an epoch that the caller chooses. Only differences count.

pub use core::time::Duration;

/// A point in the caller's time, in milliseconds. Must never run backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// No clock shows more. What is to be done later than that is never due, whatever the clock shows.
const LATEST: u64 = u64::MAX / 2;

impl Timestamp {
    /// From milliseconds since the caller's epoch. All that is beyond 2^63 - 1 counts as that.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(if millis < LATEST { millis } else { LATEST })
    }

    /// Milliseconds since the caller's epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The point `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero if it is not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// The `n`-th part of a duration; all of it for 0.
pub(crate) fn part(duration: Duration, n: u32) -> Duration {
    duration.checked_div(n).unwrap_or(duration)
}
