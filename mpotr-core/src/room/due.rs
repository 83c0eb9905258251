//! What is due: each timer, and what the room does when it has run out. `docs/spec/11-events.md`, "Deadlines".

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;

use super::Room;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::Vote;

/// What comes no later than this part of a round trip is on time.
const ON_TIME: u32 = 4;

impl<S: CryptoSuite> Room<S> {
    /// Does what is due. To be called at [`Room::poll_timeout`] or later; a call too early does nothing.
    pub fn handle_timeout(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        self.common.out.begin_input();
        while let Some((timer, due)) = self.common.timers.expire(now) {
            if self.common.out.is_busy() && timer.repeats() {
                self.put_off(now, timer);
                continue;
            }
            if timer.repeats() && self.waits_for_what_came(now, timer, due) {
                continue;
            }
            match timer {
                Timer::Advertise => self.advertise(now, rng),
                Timer::Plan => self.plan_proposal(now),
                Timer::Heard => self.say_heard(now, rng),
                Timer::Propose => self.propose(now, rng),
                Timer::Yield => self.look_again_outside(now, rng),
                Timer::View => self.end_view(now, rng),
                Timer::Change => self.advance_change(now, rng),
                Timer::Door => self.challenge(now, rng),
                Timer::Knock => self.knock_again(now, rng),
                Timer::Vote => self.state_votes(),
                Timer::Reply => self.reply(now),
                Timer::Retry => self.retry(now),
                Timer::Ask => self.ask(now),
                Timer::Abandon => self.abandon(now, rng),
                Timer::Expire => self.expire(now),
                Timer::Finish | Timer::Linger => self.give_up(now),
                Timer::Drain => self.old = None,
                Timer::Answer => {
                    if let Some(old) = &mut self.old {
                        old.answer(&mut self.common.at(now));
                    }
                }
                Timer::Refresh | Timer::Silent => {
                    self.vote(now, Vote::Refresh);
                }
                Timer::Heartbeat => {
                    if self.in_epoch(now, |member, cx, _, _| member.beat(cx)) == Some(true) {
                        self.vote(now, Vote::Refresh);
                    }
                }
                Timer::Window => self.note_delay(now),
                Timer::Acknowledge | Timer::Lock => {
                    self.in_epoch(now, |member, cx, _, departure| member.state(cx, departure));
                }
                Timer::Serve => {
                    self.in_epoch(now, |member, cx, _, _| member.serve(cx));
                }
                Timer::Query => {
                    self.in_epoch(now, |member, cx, _, departure| member.query(cx, departure));
                }
                Timer::Opening => self.ask_all_for_openings(now),
                Timer::Trust => self.expire_trust(now),
                // They are looked after every input.
                Timer::Leeway | Timer::Waiting => {}
            }
            self.take_early(now, rng);
            self.after_input(now);
            self.attend_trust(now, rng);
        }
    }

    /// Something is to be repeated, and what was said before has not left: it waits until that has, and as long again as an
    /// answer to it takes. What the link knows of itself may be wrong, so it is looked at again before long.
    fn put_off(&mut self, now: Timestamp, timer: Timer) {
        let common = &mut self.common;
        let times = common.me.times();
        let answered = if timer.awaits_answers() {
            common.timers.backed_off(timer, times.retry)
        } else {
            part(times.retry, 4)
        };
        let drained = common.out.drains_in().min(times.advertise);
        let later = now.after(drained).after(answered);
        common.timers.set(timer, later);
    }

    /// Something is to be repeated or asked for, and the clock of this member comes late: what others have said meanwhile may wait
    /// to be read here, behind this. It waits as long again, once, so that all that is read first.
    fn waits_for_what_came(&mut self, now: Timestamp, timer: Timer, due: Timestamp) -> bool {
        let times = self.common.me.times();
        let late = now.since(due);
        let waits = late > part(times.round_trip, ON_TIME);
        let until = now.after(late.min(times.view));
        self.common.timers.note_late(timer, waits.then_some(until))
    }

    /// Texts are held up for longer than an answer takes. Who has held them up too often is waited for no longer.
    fn note_delay(&mut self, now: Timestamp) {
        let late = self.in_epoch(now, |member, cx, fates, _| member.held_up_by(cx.now, fates));
        let lagging = self.delays.note(now, late.unwrap_or_default());
        self.in_epoch(now, |member, cx, _, _| {
            member.stop_waiting_for(cx.out, lagging)
        });
    }
}
