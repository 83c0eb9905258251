//! What an outsider sends draws from the room, over 300 seconds, at most three times as many bytes, and one kilobyte for
//! each time that the room may say to those outside that it is there.

use mpotr_core::Duration;

use crate::measures::Haunted;
use crate::outsider::HAUNTS;

/// So many times what the outsider sent.
const TIMES: u64 = 3;
/// So much each time that the room may say that it is there.
const ANSWER: u64 = 1000;
/// The room says that it is there at most once in this time, or in so many round trips if those take longer.
const ADVERTISES: Duration = Duration::from_secs(30);
const ADVERTISES_ROUND_TRIPS: u32 = 60;

/// What the room sent with the outsider and without it.
pub(crate) fn check(with: &Haunted, without: &Haunted, round_trip: Duration) -> Result<(), String> {
    let drawn = with.room.saturating_sub(without.room);
    let every = ADVERTISES.max(round_trip.saturating_mul(ADVERTISES_ROUND_TRIPS));
    let answers = HAUNTS.as_millis().div_ceil(every.as_millis().max(1));
    let answers = u64::try_from(answers).unwrap_or(u64::MAX);
    let allowed = with.outsider.saturating_mul(TIMES);
    let allowed = allowed.saturating_add(answers.saturating_mul(ANSWER));
    if drawn > allowed {
        return Err(format!(
            "{} bytes of an outsider drew {drawn} bytes from the room, and {allowed} are allowed",
            with.outsider
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mpotr_core::Duration;

    use super::check;
    use crate::measures::Haunted;

    #[test]
    fn more_than_three_times_and_a_kilobyte_each_half_minute_is_too_much() {
        let haunted = |room, outsider| Haunted { room, outsider };
        let quiet = haunted(50_000, 0);
        let second = Duration::from_secs(1);
        let allowed = 50_000 + 3 * 2000 + 10 * 1000;
        assert!(check(&haunted(allowed, 2000), &quiet, second / 10).is_ok());
        assert!(check(&haunted(allowed + 1, 2000), &quiet, second / 10).is_err());
        // Sixty round trips of a second are a minute: half as many answers.
        assert!(check(&haunted(allowed - 5000, 2000), &quiet, second).is_ok());
        assert!(check(&haunted(allowed - 4999, 2000), &quiet, second).is_err());
    }
}
