//! Texts that wait for the fate of those on their way, and members that hold them up. `docs/spec/06-epochs.md`, "Talking".
//!
//! A member that acknowledges little and late holds up what all others wait for, and no silence tells of it. So the time that
//! texts are held up has an end in each epoch, and after it nobody is waited for whom it depends on.

use mpotr_crypto::CryptoSuite;

use crate::event::Event;
use crate::room::context::Context;
use crate::room::fates::Fates;
use crate::room::leaving::Departing;
use crate::room::membership::Membership;
use crate::time::{Timestamp, part};
use crate::timers::Timer;

/// So often in an epoch texts are held up for longer than an answer takes before members are not waited for.
const MOST_DELAYS: u32 = 4;

/// How long texts have been held up in an epoch.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// Since when, or since the last delay; none are, otherwise.
    since: Option<Timestamp>,
    /// How often for longer than an answer takes.
    delays: u32,
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
            let most = part(cx.me.times().finish, MOST_DELAYS.saturating_mul(2));
            patience = patience.min(most);
        }
        let since = *self.talk.window.since.get_or_insert(cx.now);
        cx.timers.set(Timer::Window, at.max(since).after(patience));
    }

    /// Texts are held up for longer than an answer takes.
    pub(crate) fn note_delay(&mut self, cx: &mut Context<'_, S>, fates: &Fates) {
        let window = &mut self.talk.window;
        window.since = Some(cx.now);
        window.delays = window.delays.saturating_add(1);
        let held = fates.held_up_by();
        if let Some((seq, _)) = held.filter(|_| window.delays >= MOST_DELAYS) {
            for member in self.epoch.stop_waiting_for_late(seq) {
                cx.out.tell(Event::Lagging { member });
            }
        }
    }
}
