//! How long a larger group will take, from the two largest that were measured.
//!
//! ```text
//! t(n) = a n + b n^2        each member does some work of its own (a), and some for each member (b)
//! ```

use std::time::Duration;

/// Measured times of one series.
#[derive(Clone, Debug, Default)]
pub(super) struct Forecast {
    /// The two largest sizes so far with their times, the larger last.
    last: [Option<(f64, f64)>; 2],
}

impl Forecast {
    /// Whether there is enough to go by.
    pub(super) const fn is_ready(&self) -> bool {
        matches!(self.last, [Some(_), Some(_)])
    }

    /// Takes note of a time. Sizes come in rising order; one that is not larger than the last is passed over.
    pub(super) fn note(&mut self, members: usize, time: Duration) {
        let members = float(members);
        if self.last.iter().flatten().all(|(n, _)| *n < members) {
            self.last = [self.last[1], Some((members, time.as_secs_f64()))];
        }
    }

    /// The time of a group of so many, if at least one size was measured.
    pub(super) fn estimate(&self, members: usize) -> Option<Duration> {
        let n = float(members);
        let (large, time) = self.last[1]?;
        let square = time * (n / large).powi(2);
        let fitted = self.last[0].map(|(small, small_time)| {
            let b = (time / large - small_time / small) / (large - small);
            let a = time / large - b * large;
            // Noise can make either negative; then all is taken to be for each pair, which grows fastest.
            if a > 0.0 && b > 0.0 {
                a * n + b * n * n
            } else {
                square
            }
        });
        Some(Duration::try_from_secs_f64(fitted.unwrap_or(square)).unwrap_or(Duration::MAX))
    }
}

/// A group has at most 4,096 members.
fn float(members: usize) -> f64 {
    f64::from(u32::try_from(members).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Forecast;

    fn forecast(measured: &[(usize, u64)]) -> Forecast {
        let mut forecast = Forecast::default();
        for (members, millis) in measured {
            forecast.note(*members, Duration::from_millis(*millis));
        }
        forecast
    }

    #[track_caller]
    fn assert_estimates(forecast: &Forecast, members: usize, millis: u64) {
        let estimate = forecast.estimate(members).unwrap().as_secs_f64() * 1e3;
        let expected = Duration::from_millis(millis).as_secs_f64() * 1e3;
        assert!(
            (estimate / expected - 1.0).abs() < 1e-6,
            "{estimate} is not {expected}"
        );
    }

    #[test]
    fn nothing_is_known_before_the_first_size() {
        assert_eq!(Forecast::default().estimate(8), None);
        assert!(!forecast(&[(8, 1)]).is_ready());
        assert!(forecast(&[(8, 1), (16, 3)]).is_ready());
    }

    #[test]
    fn one_size_is_taken_to_grow_with_the_square() {
        assert_estimates(&forecast(&[(8, 10)]), 32, 160);
    }

    #[test]
    fn two_sizes_tell_what_is_per_member_from_what_is_per_pair() {
        // 3 n + n^2 milliseconds.
        let forecast = forecast(&[(4, 28), (10, 130)]);
        assert_estimates(&forecast, 100, 10_300);
        // A small first size does not make a large group look slower than it is.
        assert!(forecast.estimate(100).unwrap() < Duration::from_millis(13_000));
    }

    #[test]
    fn the_two_largest_sizes_decide() {
        assert_estimates(
            &forecast(&[(2, 500), (4, 28), (10, 130), (10, 900), (3, 900)]),
            100,
            10_300,
        );
    }

    #[test]
    fn noise_makes_an_estimate_too_long_rather_than_too_short() {
        assert_estimates(&forecast(&[(4, 40), (8, 40)]), 16, 160);
    }
}
