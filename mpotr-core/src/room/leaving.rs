//! The last message, and the end of this member's part. `docs/spec/06-epochs.md`, "Leaving".
//!
//! ```text
//! leave ─> fin, the last message ─> final at all who are still here ─> closed, the last statement ─> ended
//! ```

use mpotr_crypto::CryptoSuite;

use super::Room;
use crate::epoch::Epoch;
use crate::event::{Departure, Event};
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{ContentKind, Lock, Presence};

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
            self.timers
                .set(Timer::Finish, now.after(self.config.timers.finish));
            // What waits is written first. In a run, the last message waits for its end.
            self.flush_queue(now);
            if self.queue.is_empty() || self.expired {
                self.send_fin(now);
            }
            self.after_epoch(now);
        } else if self.queue.is_empty() {
            self.end();
        }
    }

    /// Sends the last message, once.
    pub(super) fn send_fin(&mut self, now: Timestamp) {
        let may_write = |epoch: &&mut Epoch<S>| !epoch.is_frozen() && epoch.is_present(epoch.me());
        let Some(epoch) = self.epoch.as_mut().filter(may_write) else {
            return;
        };
        let fin = epoch.seal_content(ContentKind::Fin, Vec::new());
        self.transmits.extend(fin.map(|(_, _, packet)| packet));
        self.timers
            .set(Timer::Finish, now.after(self.config.timers.finish));
    }

    /// Ends when the last message, and so all before it, is final.
    pub(super) fn end_if_final(&mut self) {
        if self.leaving && self.epoch.as_ref().is_some_and(Epoch::is_final) {
            self.end();
        }
    }

    /// The others did not answer in time.
    pub(super) fn give_up(&mut self) {
        self.end();
    }

    /// Says so, erases all keys, and ends.
    pub(super) fn end(&mut self) {
        let departure = match self.epoch.take() {
            Some(mut epoch) => {
                self.transmits
                    .extend(epoch.seal_statement(Presence::Closed));
                let Lock { count, digest } = epoch.final_lock();
                Departure {
                    acknowledged: epoch.is_acknowledged() && !self.missed,
                    transcripts_equal: epoch.is_final() && !epoch.is_forked(),
                    count,
                    digest,
                }
            }
            None => Departure {
                acknowledged: self.queue.is_empty(),
                transcripts_equal: true,
                count: Lock::EMPTY.count,
                digest: Lock::EMPTY.digest,
            },
        };
        self.ended = true;
        self.timers.clear();
        self.attempt = None;
        self.confirmed.clear();
        self.contributed.clear();
        self.queue.clear();
        self.offering.consume();
        self.events.push_back(Event::Ended(departure));
    }
}
