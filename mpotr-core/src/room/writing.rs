//! Texts, as the application gives them and takes them back. `docs/spec/06-epochs.md`, "Who reads a text".

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::zeroize::Zeroizing;

use super::Room;
use super::phase::Phase;
use super::seen::Roster;
use crate::epoch::Epoch;
use crate::error::SendError;
use crate::event::{DropReason, Event, TextId};
use crate::seen::Seen;
use crate::time::Timestamp;
use crate::wire::Content;

impl<S: CryptoSuite> Room<S> {
    /// Takes a text for the roster that its author has `seen`: it leaves now if few others are on their way, or else as soon
    /// as that is so, and it is sealed to members of that roster alone. An event tells its fate: [`Event::Acknowledged`],
    /// [`Event::Missed`] or [`Event::Dropped`]. It comes back as [`Event::Held`] if others come in before it has left.
    ///
    /// # Errors
    /// Why it was not taken; its bytes are wiped.
    pub fn send(&mut self, now: Timestamp, body: Vec<u8>, seen: Seen) -> Result<TextId, SendError> {
        let body = Zeroizing::new(body);
        let length = body.len();
        let limit = self.longest_text();
        if length > limit {
            return Err(SendError::TooLong { length, limit });
        }
        self.may_write()?;
        let seen = self.roster_seen(seen)?;
        let text_id = self.fates.take(body, seen)?;
        self.seal_waiting(now);
        self.after_input(now);
        Ok(text_id)
    }

    /// Lets a text leave that is held: its author has `seen` who reads it now. It leaves before those that were written
    /// after it and wait.
    ///
    /// # Errors
    /// [`SendError::NoSuchText`] of one that is not held, or why it stays so.
    pub fn release(
        &mut self,
        now: Timestamp,
        text_id: TextId,
        seen: Seen,
    ) -> Result<(), SendError> {
        self.may_write()?;
        if !self.fates.is_held(text_id) {
            return Err(SendError::NoSuchText);
        }
        let seen = self.roster_seen(seen)?;
        self.fates.release(text_id, seen);
        self.seal_waiting(now);
        self.after_input(now);
        Ok(())
    }

    /// Takes a text back that waits or is held, and gives it back: [`Event::Dropped`] tells of it. `None` of one that is on
    /// its way, has a fate or never was.
    pub fn discard(&mut self, now: Timestamp, text_id: TextId) -> Option<Vec<u8>> {
        let body = self.fates.discard(text_id)?;
        let why = DropReason::Discarded;
        self.common.out.tell(Event::Dropped { text_id, why });
        if self.departure.is_asked && !self.fates.is_any_waiting() {
            // It was the last that the end waited for.
            match self.phase {
                Phase::Gathering(_) => self.end(now),
                Phase::Member(_) | Phase::Ended => self.seal_waiting(now),
            }
        }
        self.after_input(now);
        Some(body)
    }

    /// Whether [`Room::send`] takes a text of any length. An application with much to send waits while it does not.
    #[must_use]
    pub fn takes_texts(&self) -> bool {
        self.fates.has_room()
    }

    /// The most bytes of a text: as many as the carrier takes as one packet, at most [`MAX_BODY`](crate::MAX_BODY).
    #[must_use]
    pub fn longest_text(&self) -> usize {
        let members = self.phase.epoch().map_or(1, Epoch::members);
        Content::most_body(self.common.out.max_packet(), members)
    }

    /// Whether anything may still be written here.
    fn may_write(&self) -> Result<(), SendError> {
        if self.has_ended() {
            Err(SendError::Ended)
        } else if self.departure.is_asked {
            Err(SendError::Leaving)
        } else if self.phase.epoch().is_some_and(Epoch::is_alone) {
            Err(SendError::NobodyLeft)
        } else {
            Ok(())
        }
    }

    /// The roster that an author has seen, if it has all who would read its text by now.
    fn roster_seen(&self, seen: Seen) -> Result<Roster, SendError> {
        let me = self.common.me.public();
        let known = self.rosters.seen(seen, &self.votes.admission, me);
        let Some(epoch) = self.phase.epoch() else {
            return known.ok_or(SendError::NotSecure);
        };
        let is_seen = |identity: &_| known.as_ref().is_some_and(|it| it.contains(identity));
        let added = epoch
            .roster()
            .filter(|identity| *identity != me && !is_seen(identity));
        let added: Vec<_> = added.collect();
        match (known, seen) {
            (Some(roster), _) if added.is_empty() => Ok(roster),
            (None, Seen::Expected) => Err(SendError::NotSecure),
            (Some(_) | None, _) => Err(SendError::StaleRoster { added }),
        }
    }
}
