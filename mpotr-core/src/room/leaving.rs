//! The last message, and the end of this member's part. `docs/spec/06-epochs.md`, "Leaving".
//!
//! ```text
//! leave ─> fin, the last message ─┬─> final at all who are still here ─> closed, the last statement ─> ended
//!                                 └─> all have left: closing ─> done ─> reveal ─> ended
//! ```

use mpotr_crypto::CryptoSuite;

use super::context::Context;
use super::fates::Fates;
use super::membership::Membership;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{ContentKind, Presence};

/// How often `finish` may begin anew because something has moved: with much to send over a slow line there is an end, too.
const MOST_WAITS: u32 = 30;

/// How many times `finish` the others have in all to sign an order that grows, while nothing else moves: a member that signs one
/// message more each time would hold up the end for as long as there are any.
const MOST_WAITS_FOR_ORDER: u32 = 3;

/// How far this member is with its end.
#[derive(Debug)]
pub(super) struct Departing {
    /// Whether the application has asked for it.
    pub(super) is_asked: bool,
    /// When this member stops to wait for the others, whatever moves.
    by: Option<Timestamp>,
    /// When it stops to wait for them if nothing moves but the final order.
    order_by: Option<Timestamp>,
    /// Until when texts that a silent member holds up are waited for.
    held_up_until: Option<Timestamp>,
    /// When it has sent its last message.
    last_word: Option<Timestamp>,
    /// How far it is, as its statements say.
    pub(super) presence: Presence,
}

/// What is to be done next about the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nothing, as far as it is known here.
    Wait,
    /// A step was stated: it is to be seen what follows from it.
    Stated,
    /// This member's part is over.
    Over,
}

impl Default for Departing {
    fn default() -> Self {
        Self {
            is_asked: false,
            by: None,
            order_by: None,
            held_up_until: None,
            last_word: None,
            presence: Presence::Present,
        }
    }
}

impl Departing {
    /// Something has moved: the others have `finish` for the next step, though not longer in all than [`MOST_WAITS`] times
    /// that.
    pub(super) fn wait<S: CryptoSuite>(&mut self, cx: &mut Context<'_, S>) {
        self.held_up_until = None;
        let finish = cx.me.times().finish;
        let last = cx.now.after(finish.saturating_mul(MOST_WAITS));
        let last = *self.by.get_or_insert(last);
        let order_by = cx.now.after(finish.saturating_mul(MOST_WAITS_FOR_ORDER));
        self.order_by = Some(order_by.min(last));
        cx.timers.set(Timer::Finish, cx.now.after(finish).min(last));
    }

    /// Until when the others are waited for who may leave, too: at the pace of the room since the last message, for who leaves with
    /// this member has said so while that became final; and for the floor of that from now on.
    fn lingers_until<S: CryptoSuite>(&self, cx: &Context<'_, S>) -> Timestamp {
        let since = self.last_word.unwrap_or(cx.now);
        let paced = since.after(cx.me.times().linger);
        paced.max(cx.now.after(cx.me.config.timers.linger))
    }

    /// More is final: the others have `finish` for the rest, though not longer in all than [`MOST_WAITS_FOR_ORDER`] times that
    /// since anything else has moved.
    pub(super) fn wait_for_order<S: CryptoSuite>(&self, cx: &mut Context<'_, S>) {
        let next = cx.now.after(cx.me.times().finish);
        let next = self.order_by.map_or(next, |last| next.min(last));
        cx.timers.set(Timer::Finish, next);
    }
}

impl<S: CryptoSuite> Membership<S> {
    /// Sends the last message, once.
    pub(super) fn send_fin(&mut self, cx: &mut Context<'_, S>, departure: &mut Departing) {
        let epoch = &mut self.epoch;
        if epoch.is_frozen() || !epoch.is_present(epoch.me()) {
            return;
        }
        let fin = epoch.seal_content(ContentKind::Fin, Vec::new()).ok();
        cx.out.write(fin.map(|(_, _, packet)| packet));
        departure.last_word = Some(cx.now);
        departure.wait(cx);
    }

    /// Whether this member has sent its last message: what follows is for the others to agree.
    pub(super) fn has_said_goodbye(&self) -> bool {
        !self.epoch.is_present(self.epoch.me())
    }

    /// Takes the next step to the end, if one is due: together with the others if all leave, or else when this member's last
    /// message, and so all before it, is final.
    pub(super) fn end_if_final(
        &mut self,
        cx: &mut Context<'_, S>,
        departure: &mut Departing,
    ) -> Ending {
        if !departure.is_asked {
            return Ending::Wait;
        }
        let epoch = &self.epoch;
        let has_said_all = self.has_said_goodbye();
        // What waits to be sent is waited for, and the last message after it.
        let may_end = has_said_all || epoch.is_alone();
        match departure.presence {
            Presence::Done if epoch.are_all_done() => Ending::Over,
            Presence::Closing if epoch.have_all_closed() => {
                self.step_to(cx, departure, Presence::Done)
            }
            Presence::Present | Presence::Asking | Presence::Closed
                if has_said_all && epoch.is_complete() =>
            {
                self.step_to(cx, departure, Presence::Closing)
            }
            Presence::Present if may_end && epoch.is_final() && epoch.may_become_complete() => {
                cx.timers
                    .set_if_idle(Timer::Linger, departure.lingers_until(cx));
                Ending::Wait
            }
            Presence::Present if may_end && epoch.is_final() => Ending::Over,
            Presence::Present
            | Presence::Asking
            | Presence::Closed
            | Presence::Closing
            | Presence::Done => Ending::Wait,
        }
    }

    /// States that this member is one step further.
    fn step_to(
        &mut self,
        cx: &mut Context<'_, S>,
        departure: &mut Departing,
        presence: Presence,
    ) -> Ending {
        departure.presence = presence;
        if presence == Presence::Done {
            self.epoch.end();
        }
        cx.out.state(self.epoch.seal_statement(presence));
        cx.timers.stop(Timer::Linger);
        let finish = cx.now.after(cx.me.times().finish);
        cx.timers.set(Timer::Finish, finish);
        // Others are asked where no step follows.
        cx.timers.stop(Timer::Query);
        Ending::Stated
    }

    /// Whether texts wait, and a silent member holds them up: the others get them when that one is left out. What leaves it out
    /// is a change, which is asked for at once, long before `silent` asks for it. It has the time of a change in which a member
    /// is silent: `suspect`, two views, and `finish` for what follows. Returns whether they are waited for, and whether the
    /// change is to be asked for.
    pub(super) fn waits_for_others(
        &self,
        cx: &mut Context<'_, S>,
        fates: &Fates,
        departure: &mut Departing,
    ) -> (bool, bool) {
        let may_send = !self.has_said_goodbye() && !self.epoch.is_alone() && !self.talk.is_expired;
        if !may_send || !fates.is_any_waiting() {
            return (false, false);
        }
        let is_first = departure.held_up_until.is_none();
        let until = *departure.held_up_until.get_or_insert_with(|| {
            let times = cx.me.times();
            let change = times.suspect.saturating_add(times.view.saturating_mul(2));
            let until = cx.now.after(change.saturating_add(times.finish));
            departure.by.map_or(until, |last| until.min(last))
        });
        if cx.now >= until {
            return (false, is_first);
        }
        cx.timers.set(Timer::Finish, until);
        (true, is_first)
    }

    /// Whether all say that all have closed, this member among them: what signed for it may be published.
    pub(super) fn may_publish(&self, departure: &Departing) -> bool {
        departure.presence == Presence::Done && self.epoch.are_all_done()
    }
}

#[cfg(test)]
mod tests {
    use super::{Departing, MOST_WAITS};
    use crate::room::testing::common;
    use crate::time::Timestamp;
    use crate::timers::Timer;

    #[test]
    fn who_leaves_waits_for_the_others_from_its_last_message_on() {
        let (mut common, _) = common(1);
        let floor = common.me.config.timers.linger;
        common.me.times.linger = floor.saturating_mul(10);
        let at = |floors| Timestamp::default().after(floor.saturating_mul(floors));
        let departure = Departing {
            last_word: Some(at(0)),
            ..Departing::default()
        };
        // That became final soon, or late.
        assert_eq!(departure.lingers_until(&common.at(at(2))), at(10));
        assert_eq!(departure.lingers_until(&common.at(at(12))), at(13));
    }

    #[test]
    fn what_moves_puts_the_end_off_and_not_for_ever() {
        let (mut common, _) = common(1);
        let finish = common.me.times().finish;
        let mut departure = Departing::default();
        let mut now = Timestamp::default();
        let last = now.after(finish.saturating_mul(MOST_WAITS));
        for _ in 0..2 * MOST_WAITS {
            departure.wait(&mut common.at(now));
            let end = common.timers.next();
            assert_eq!(end, Some(now.after(finish).min(last)));
            now = now.after(finish / 2);
        }
        assert_eq!(common.timers.next(), Some(last));
        assert_eq!(common.timers.expire(last), Some((Timer::Finish, last)));
    }
}
