//! Texts that wait for the fate of those on their way, and members that hold them up. `docs/spec/06-epochs.md`, "Talking".
//!
//! A member that acknowledges little and late holds up what all others wait for, and no silence tells of it. So how often it
//! may has an end, and after it nobody waits for that member in this epoch.

use mpotr_crypto::{CryptoSuite, IdentityKey};

use crate::event::Event;
use crate::room::context::Context;
use crate::room::fates::Fates;
use crate::room::leaving::Departing;
use crate::room::membership::Membership;
use crate::room::outbox::Outbox;
use crate::time::{Timestamp, part};
use crate::timers::Timer;

/// What a member that leaves spends on one delay, of the time it has in all: as a member may be late four times, half of it goes
/// by before that one is not waited for.
const PART_OF_FINISH: u32 = 8;

/// How long texts have been held up in an epoch.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// Since when, or since the last delay; none are, otherwise.
    since: Option<Timestamp>,
}

impl<S: CryptoSuite> Membership<S> {
    /// Watches what holds up the texts that wait. Who leaves has as long in all for the delays of others as half of `finish`.
    pub(crate) fn watch_window(
        &mut self,
        cx: &mut Context<'_, S>,
        fates: &Fates,
        departure: &Departing,
        is_in_run: bool,
    ) {
        let epoch = &self.epoch;
        // Who has frozen acknowledges nothing, nor does who has no room; and what nobody has may not have gone out.
        let can_answer = |seq| !is_in_run && !epoch.is_crowded() && epoch.has_arrived(seq);
        let held = fates.held_up_by().filter(|(seq, _)| can_answer(*seq));
        let Some((_, at)) = held else {
            self.talk.window.since = None;
            cx.timers.stop(Timer::Window);
            return;
        };
        let mut patience = cx.me.times().patience();
        if departure.is_asked {
            patience = patience.min(part(cx.me.times().finish, PART_OF_FINISH));
        }
        let since = *self.talk.window.since.get_or_insert(cx.now);
        cx.timers.set(Timer::Window, at.max(since).after(patience));
    }

    /// Texts are held up for longer than an answer takes: by whom.
    pub(crate) fn held_up_by(&mut self, now: Timestamp, fates: &Fates) -> Vec<IdentityKey> {
        self.talk.window.since = Some(now);
        let first = fates.held_up_by();
        first.map_or_else(Vec::new, |(seq, _)| self.epoch.late(seq))
    }

    /// These have held texts up too often: they are waited for no longer.
    pub(crate) fn stop_waiting_for(&mut self, out: &mut Outbox, members: Vec<IdentityKey>) {
        for member in members {
            self.epoch.stop_waiting_for(&member);
            out.tell(Event::Lagging { member });
        }
    }
}
