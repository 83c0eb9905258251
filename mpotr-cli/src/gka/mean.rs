//! Means over the members of a group, and the conversions that they need.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use serde::Serialize;

/// A mean over members: whole where every member does the same, which is nearly always.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Mean {
    /// Exactly so many.
    Whole(u64),
    /// To the hundredth, rounded down.
    Broken(f64),
}

impl Mean {
    /// The mean of a total over so many members.
    pub(super) fn of(total: u64, members: usize) -> Self {
        let members = NonZeroU64::new(wide(members)).unwrap_or(NonZeroU64::MIN);
        let (whole, rest) = (total / members, total % members);
        if rest == 0 {
            return Self::Whole(whole);
        }
        let hundredths = rest.saturating_mul(100) / members;
        // Below 2^53, as any such count is, the sum is exact to the hundredth.
        Self::Broken(float(whole.saturating_mul(100).saturating_add(hundredths)) / 100.0)
    }
}

impl fmt::Display for Mean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Broken(broken) => write!(f, "{broken:.1}"),
        }
    }
}

/// The mean share of one member.
pub(super) fn share(total: Duration, members: usize) -> Duration {
    let members = u32::try_from(members).unwrap_or(u32::MAX);
    total.checked_div(members).unwrap_or(total)
}

/// A count as the sums are kept.
pub(super) fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A count as a float: exact below 2^53.
#[expect(clippy::as_conversions, reason = "no lossless conversion exists")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Mean, share};

    #[test]
    fn a_mean_is_whole_where_it_can_be() {
        assert_eq!(Mean::of(12, 4), Mean::Whole(3));
        assert_eq!(Mean::of(0, 4), Mean::Whole(0));
        assert_eq!(Mean::of(7, 2), Mean::Broken(3.5));
        assert_eq!(Mean::of(10, 3), Mean::Broken(3.33));
    }

    #[test]
    fn a_share_of_time_is_that_of_one_member() {
        assert_eq!(
            share(Duration::from_micros(12), 4),
            Duration::from_micros(3)
        );
        assert_eq!(
            share(Duration::from_micros(12), 0),
            Duration::from_micros(12)
        );
    }
}
