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
    /// The shortest wait and the longest one, where it is not the calm one.
    bounds: Option<(Duration, Duration)>,
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
        let (least, most) = self.bounds.unwrap_or((first, calm.max(first)));
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
