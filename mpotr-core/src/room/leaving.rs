//! The last message, and the end of this member's part. `docs/spec/06-epochs.md`, "Leaving".
//!
//! ```text
//! leave ─> fin, the last message ─┬─> final at all who are still here ─> closed, the last statement ─> ended
//!                                 └─> all have left: closing ─> done ─> reveal ─> ended
//! ```

use mpotr_crypto::CryptoSuite;

use super::Room;
use super::early::Early;
use crate::epoch::Epoch;
use crate::error::Rejection;
use crate::event::{Departure, DropReason, Event};
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{ContentKind, Lock, Packet, Presence, Reveal};

/// How often `finish` may begin anew because something has moved: with much to send over a slow line there is an end, too.
const MOST_WAITS: u32 = 30;

impl<S: CryptoSuite> Room<S> {
    /// Leaves in order: after what was given to [`Room::send`] has reached everyone. [`Event::Ended`] tells when, or that
    /// the others did not answer in time. A room that is not secure yet ends at once if it has nothing to send; if it has, it
    /// waits to be secure, as long as that takes.
    pub fn leave(&mut self, now: Timestamp) {
        if self.leaving {
            return;
        }
        self.leaving = true;
        if self.epoch.is_some() {
            if self.expired {
                // The last message cannot be written any more.
                self.end();
                return;
            }
            self.wait_to_leave(now);
            // What waits is written first. In a run, the last message waits for its end.
            self.seal_waiting(now);
            self.after_epoch(now);
        } else if !self.fates.is_any_waiting() {
            self.end();
        }
    }

    /// As [`Room::leave`], for one who cannot wait for long: a room that is not secure, or is being left already, ends at
    /// once. It tells of each text that waits in it as [`Event::Dropped`], and of each that is on its way to somebody as
    /// [`Event::Missed`].
    pub fn stop(&mut self, now: Timestamp) {
        if self.ended {
            return;
        }
        if self.epoch.is_none() || self.leaving {
            self.leaving = true;
            self.end();
        } else {
            self.leave(now);
        }
    }

    /// Sends the last message, once.
    pub(super) fn send_fin(&mut self, now: Timestamp) {
        let may_write = |epoch: &&mut Epoch<S>| !epoch.is_frozen() && epoch.is_present(epoch.me());
        let Some(epoch) = self.epoch.as_mut().filter(may_write) else {
            return;
        };
        let fin = epoch.seal_content(ContentKind::Fin, Vec::new()).ok();
        self.transmits.extend(fin.map(|(_, _, packet)| packet));
        self.wait_to_leave(now);
    }

    /// Something has moved: the others have `finish` for the next step, though not longer in all than [`MOST_WAITS`] times
    /// that.
    pub(super) fn wait_to_leave(&mut self, now: Timestamp) {
        let finish = self.config.timers.finish;
        let last = now.after(finish.saturating_mul(MOST_WAITS));
        let last = *self.leave_by.get_or_insert(last);
        self.held_up_until = None;
        self.timers.set(Timer::Finish, now.after(finish).min(last));
    }

    /// Takes the next step to the end, if one is due, and returns whether it has said so: together with the others if all leave, or else when this member's last message, and
    /// so all before it, is final.
    pub(super) fn end_if_final(&mut self, now: Timestamp) -> bool {
        let Some(epoch) = self.epoch.as_ref().filter(|_| self.leaving) else {
            return false;
        };
        let has_said_all = !epoch.is_present(epoch.me());
        // What waits to be sent is waited for, and the last message after it.
        let may_end = has_said_all || epoch.is_alone();
        match self.presence {
            Presence::Done if epoch.are_all_done() => self.end(),
            Presence::Closing if epoch.have_all_closed() => {
                self.step_to(now, Presence::Done);
                return true;
            }
            Presence::Present | Presence::Asking | Presence::Closed
                if has_said_all && epoch.is_complete() =>
            {
                self.step_to(now, Presence::Closing);
                return true;
            }
            Presence::Present if may_end && epoch.is_final() && epoch.may_become_complete() => {
                let later = now.after(self.config.timers.linger);
                self.timers.set_if_idle(Timer::Linger, later);
            }
            Presence::Present if may_end && epoch.is_final() => self.end(),
            Presence::Present
            | Presence::Asking
            | Presence::Closed
            | Presence::Closing
            | Presence::Done => {}
        }
        false
    }

    /// States that this member is one step further.
    fn step_to(&mut self, now: Timestamp, presence: Presence) {
        let Some(epoch) = &mut self.epoch else { return };
        self.presence = presence;
        if presence == Presence::Done {
            epoch.end();
        }
        self.transmits.extend(epoch.seal_statement(presence));
        self.timers.stop(Timer::Linger);
        self.timers
            .set(Timer::Finish, now.after(self.config.timers.finish));
        // Others are asked where no step follows.
        self.timers.stop(Timer::Query);
    }

    /// The others did not answer, or leave, in time.
    pub(super) fn give_up(&mut self, now: Timestamp) {
        if !self.waits_for_others(now) {
            self.end();
        }
    }

    /// Whether texts wait, and somebody who is silent holds them up: the others get them when that one is left out. What
    /// leaves it out is a change, which is asked for here, long before `silent` asks for it. It has the time of a change in
    /// which somebody is silent: `suspect`, two views, and `finish` for what follows.
    fn waits_for_others(&mut self, now: Timestamp) -> bool {
        let Some(epoch) = &self.epoch else {
            return false;
        };
        let may_send = epoch.is_present(epoch.me()) && !epoch.is_alone() && !self.expired;
        if !may_send || !self.fates.is_any_waiting() {
            return false;
        }
        if self.held_up_until.is_none() {
            let timers = &self.config.timers;
            let change = timers.suspect.saturating_add(timers.view.saturating_mul(2));
            let until = now.after(change.saturating_add(timers.finish));
            let until = self.leave_by.map_or(until, |last| until.min(last));
            self.held_up_until = Some(until);
            self.ask_for_refresh(now);
        }
        let until = self.held_up_until.filter(|until| now < *until);
        if let Some(until) = until {
            self.timers.set(Timer::Finish, until);
        }
        until.is_some()
    }

    /// Takes what a member has published.
    pub(super) fn handle_reveal(&mut self, reveal: &Reveal) -> Result<(), Rejection> {
        if let Some(old) = self
            .retired
            .as_mut()
            .filter(|old| old.hint() == reveal.hint)
        {
            old.open_reveal(reveal)?;
            self.close_retired();
            return Ok(());
        }
        let epoch = self.epoch.as_mut();
        let epoch = epoch.filter(|epoch| epoch.hint() == reveal.hint);
        epoch.ok_or(Rejection::UnknownEpoch)?.open_reveal(reveal)
    }

    /// Takes the next step to the end of the epoch before, if all its members have gone on together: each says that all have
    /// installed the next, and when all have said that, publishes what signed for it.
    pub(super) fn close_retired(&mut self) {
        let Some(old) = &mut self.retired else { return };
        let said = old.next_of(old.me());
        let Some((successor, done)) = said.and_then(|next| Some((next.installed?, next.done)))
        else {
            return;
        };
        if !old.have_all_installed(successor) {
            return;
        }
        if !done {
            if let Some(next) = old.own_next() {
                next.done = true;
            }
            self.transmits.extend(old.seal_statement(Presence::Present));
        }
        if old.know_all_installed() && old.publish() {
            let reveal = old.reveal();
            let sid = old.sid();
            self.transmit(&Packet::Reveal(reveal));
            self.events.push_back(Event::Published { sid });
        }
    }

    /// Why what waits to be sent when this member's part ends never will be.
    fn drop_reason(&self) -> DropReason {
        let epoch = self.epoch.as_ref();
        if self.is_excluded(&self.identity.public()) && self.others_have_gone() {
            DropReason::Removed
        } else if epoch.is_some_and(Epoch::is_alone) {
            DropReason::NobodyLeft
        } else if self.expired {
            DropReason::Expired
        } else {
            DropReason::Left
        }
    }

    /// The epoch is too old: what opens its messages is erased. What was written in it and not acknowledged is told to be
    /// missed by those whose word is awaited; what waits goes on to the epoch that follows.
    pub(super) fn expire(&mut self) {
        self.expired = true;
        let _told = self.report();
        self.close_fates(None);
        if let Some(epoch) = &mut self.epoch {
            epoch.expire();
        }
        if self.leaving {
            self.end();
        }
    }

    /// Says so, erases all keys, and ends.
    pub(super) fn end(&mut self) {
        let _told = self.report();
        self.close_fates(None);
        let why = self.drop_reason();
        self.events.extend(self.fates.drop_waiting(why));
        let is_none_lost = self.fates.is_none_lost();
        let departure = match self.epoch.take() {
            Some(mut epoch) => {
                let published = self.presence == Presence::Done && epoch.are_all_done();
                if published {
                    self.transmit(&Packet::Reveal(epoch.reveal()));
                    let sid = epoch.sid();
                    self.events.push_back(Event::Published { sid });
                } else {
                    self.transmits
                        .extend(epoch.seal_statement(Presence::Closed));
                }
                self.records.extend(epoch.last_records());
                let Lock { count, digest } = epoch.final_lock();
                Departure {
                    acknowledged: epoch.is_acknowledged() && is_none_lost,
                    transcripts_equal: epoch.is_final() && !epoch.is_forked(),
                    published,
                    count,
                    digest,
                }
            }
            None => Departure {
                acknowledged: is_none_lost,
                // How the others ordered the end of an epoch that is lost is not known here.
                transcripts_equal: !self.has_lost_epoch,
                published: false,
                count: Lock::EMPTY.count,
                digest: Lock::EMPTY.digest,
            },
        };
        self.ended = true;
        self.timers.clear();
        // The epoch before goes with this one: nobody drains it later.
        self.retired = None;
        self.early = Early::default();
        self.attempt = None;
        self.confirmed.clear();
        self.contributed.clear();
        self.offering.consume();
        self.events.push_back(Event::Ended(departure));
    }
}
