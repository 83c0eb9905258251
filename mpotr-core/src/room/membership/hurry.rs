//! How soon members are answered that leave, and wait for it. `docs/spec/06-epochs.md`, "Timers".

use mpotr_crypto::CryptoSuite;

use crate::config::Timers;
use crate::epoch::Epoch;
use crate::time::{Duration, part};

/// How soon those who leave are answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hurry {
    /// Members that are leaving; none: no hurry.
    leaving: u32,
    /// The shortest wait and the longest one of who owes its word to those who leave alone.
    bounds: Option<(Duration, Duration)>,
    /// The longest wait of the others, where that is more than the calm one.
    most: Duration,
}

/// While last messages come a member that leaves, too, says what it has of them no sooner than after this part of `retry`: it
/// need not say so if they all come.
const PART_OF_RETRY: u32 = 4;
/// And no later than after this part of `finish`: they may not all come.
const PART_OF_FINISH: u32 = 4;

impl Hurry {
    pub(crate) fn of<S: CryptoSuite>(epoch: &Epoch<S>, am_leaving: bool, timers: &Timers) -> Self {
        let leaving = epoch.leaving().max(usize::from(am_leaving));
        let bounds = epoch.owes_to_leavers_alone().then(|| {
            let least = part(timers.retry, PART_OF_RETRY);
            (least, part(timers.finish, PART_OF_FINISH).max(least))
        });
        Self {
            leaving: u32::try_from(leaving).unwrap_or(u32::MAX),
            bounds,
            most: part(timers.retry, PART_OF_RETRY),
        }
    }

    /// Whether nobody leaves.
    pub(crate) const fn is_none(self) -> bool {
        self.leaving == 0
    }

    /// The wait before a statement that the others wait for: an eighth of what it takes otherwise, where nobody leaves.
    pub(crate) fn wait_if(self, is_awaited: bool, calm: Duration) -> Duration {
        if is_awaited {
            part(calm, 8)
        } else {
            self.wait(calm)
        }
    }

    /// The wait before a statement that takes so long otherwise. Who leaves waits for the others, so they answer in an eighth
    /// of the time. Of many who leave together each answers the more seldom, and there are no more answers in a while than
    /// with one: what they wait for is the last messages of all, and not what each has seen of them so far.
    pub(crate) fn wait(self, calm: Duration) -> Duration {
        let first = part(calm, 8);
        let (least, most) = self.bounds.unwrap_or((first, calm.max(self.most)));
        match self.leaving {
            0 => calm,
            leaving => first.saturating_mul(leaving).max(least).min(most),
        }
    }

    /// The wait before a question to all, of which each answer is heard by all: up to eight members ask as soon as one.
    pub(crate) fn wait_to_ask(self, calm: Duration) -> Duration {
        match self.leaving {
            0 => calm,
            leaving => part(calm, 8).saturating_mul(leaving.div_ceil(8)).min(calm),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Hurry;
    use crate::time::Duration;

    #[test]
    fn of_many_who_leave_each_is_answered_the_more_seldom() {
        let wait = |leaving, calm| {
            let hurry = Hurry {
                leaving,
                bounds: None,
                most: Duration::from_millis(500),
            };
            hurry.wait(Duration::from_millis(calm)).as_millis()
        };
        // Where an answer takes little time, too: up to a quarter of `retry`.
        let quick = [0, 1, 8, 48, 400].map(|leaving| wait(leaving, 32));
        assert_eq!(quick, [32, 4, 32, 192, 500]);
        let slow = [0, 1, 8, 48].map(|leaving| wait(leaving, 1000));
        assert_eq!(slow, [1000, 125, 1000, 1000]);
    }
}
