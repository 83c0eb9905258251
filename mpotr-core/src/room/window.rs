//! Texts that wait for the fate of those on their way, and members that hold them up. `docs/spec/06-epochs.md`, "Talking".
//!
//! A member that acknowledges little and late holds up what all others wait for, and no silence tells of it. So the time that
//! texts are held up has an end in each epoch, and after it nobody is waited for whom it depends on.

use mpotr_crypto::CryptoSuite;

use super::Room;
use crate::event::Event;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;

/// So often in an epoch texts are held up for longer than an answer takes before members are not waited for.
const MOST_DELAYS: u32 = 4;

/// How long texts have been held up in the present epoch.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Since when, or since the last delay; none are, otherwise.
    since: Option<Timestamp>,
    /// How often for longer than an answer takes.
    delays: u32,
}

impl<S: CryptoSuite> Room<S> {
    /// How long an answer takes: a repetition, and a quiet acknowledgement. Who leaves has as long in all for the delays of
    /// others as half of `finish`.
    fn patience(&self) -> Duration {
        let timers = &self.config.timers;
        let patience = timers
            .retry
            .saturating_add(timers.acknowledge.saturating_mul(2));
        if self.leaving {
            patience.min(part(timers.finish, MOST_DELAYS.saturating_mul(2)))
        } else {
            patience
        }
    }

    /// Watches what holds up the texts that wait.
    pub(super) fn watch_window(&mut self, now: Timestamp) {
        let held = self.epoch.as_ref().and_then(|epoch| {
            let (seq, at) = self.fates.held_up_by()?;
            // Who has frozen acknowledges nothing, nor does who has no room; and what nobody has may not have gone out.
            let can_answer = !self.is_in_run() && !epoch.is_crowded() && epoch.has_arrived(seq);
            can_answer.then_some(at)
        });
        let Some(at) = held else {
            self.window.since = None;
            self.timers.stop(Timer::Window);
            return;
        };
        let since = *self.window.since.get_or_insert(now);
        let late = at.max(since).after(self.patience());
        self.timers.set(Timer::Window, late);
    }

    /// Texts are held up for longer than an answer takes.
    pub(super) fn note_delay(&mut self, now: Timestamp) {
        self.window.since = Some(now);
        self.window.delays = self.window.delays.saturating_add(1);
        let held = self.fates.held_up_by();
        if let Some((seq, _)) = held.filter(|_| self.window.delays >= MOST_DELAYS)
            && let Some(epoch) = &mut self.epoch
        {
            let late = epoch.stop_waiting_for_late(seq);
            let late = late.into_iter().map(|member| Event::Lagging { member });
            self.events.extend(late);
        }
    }
}
