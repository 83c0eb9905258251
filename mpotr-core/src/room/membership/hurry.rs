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
    /// The longest wait, where it is not the calm one.
    most: Option<Duration>,
}

impl Hurry {
    pub(crate) fn of<S: CryptoSuite>(epoch: &Epoch<S>, am_leaving: bool, timers: &Timers) -> Self {
        let leaving = epoch.leaving().max(usize::from(am_leaving));
        let most = epoch
            .owes_to_leavers_alone()
            .then(|| part(timers.finish, 4));
        Self {
            leaving: u32::try_from(leaving).unwrap_or(u32::MAX),
            most,
        }
    }

    /// The wait before a statement that takes so long otherwise. Who leaves waits for the others, so they answer in an eighth
    /// of the time. Of many who leave together each answers the more seldom, and there are no more answers in a while than
    /// with one: what they wait for is the last messages of all, and not what each has seen of them so far.
    pub(crate) fn wait(self, calm: Duration) -> Duration {
        let first = part(calm, 8);
        let most = self.most.unwrap_or(calm).max(first);
        match self.leaving {
            0 => calm,
            leaving => first.saturating_mul(leaving).min(most),
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
