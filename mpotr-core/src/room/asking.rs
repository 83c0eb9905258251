//! What the application asks for: texts, votes, the end. `docs/spec/06-epochs.md`, "Talking", "Changes" and "Leaving".

use mpotr_crypto::{CryptoSuite, IdentityKey};

use super::Room;
use super::phase::Phase;
use crate::error::VoteError;
#[cfg(doc)]
use crate::event::Event;
use crate::policy::{Policy, PolicyError};
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{EpochName, Vote};

impl<S: CryptoSuite> Room<S> {
    /// Is willing to be in a roster with this identity, and asks that it be let in, as far as the policy asks for this
    /// member's word. One that was left out by a vote is welcome again. It may come before anything was heard of the
    /// identity, and is kept until the identity is in, also where other members have to ask for it too. Under
    /// [`Admission::Only`](crate::Admission::Only) it adds nobody.
    ///
    /// # Errors
    /// [`VoteError::TooMany`]; nothing has changed then.
    pub fn admit(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), VoteError> {
        let opposite = Vote::Exclude(identity);
        self.votes
            .check_place_for(&Vote::Admit(identity), &opposite)?;
        if !self.votes.accept(identity) {
            return Ok(());
        }
        if self.phase.gathers() {
            // A run that lists it may wait for that, or a room that has given up listing this member.
            self.common.timers.set_earlier(Timer::Yield, now);
            // Of one that gathers no offer was kept so far: who hears a knock sends its own again.
            self.lobby.knock_soon(&mut self.common.at(now));
        }
        if !self.vote(now, Vote::Admit(identity)) {
            // Who asks again has not been heard, it may be.
            self.say_next();
        }
        self.after_input(now);
        Ok(())
    }

    /// Asks that a member be left out of the next epoch, as far as the policy asks for this member's word.
    ///
    /// # Errors
    /// [`VoteError::TooMany`]; nothing has changed then.
    pub fn exclude(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), VoteError> {
        self.vote_out(now, identity)?;
        self.after_input(now);
        Ok(())
    }

    /// Asks for another policy, as far as the present one asks for this member's word. The last such vote counts.
    ///
    /// # Errors
    /// Nobody would read it, or it asks for what the members of the present epoch cannot give
    /// ([`Policy::check_for`]): such a vote counts for nobody.
    pub fn change_policy(&mut self, now: Timestamp, policy: Policy) -> Result<(), PolicyError> {
        match self.situation(now) {
            Some(situation) => policy.check_for(&situation.roster_left())?,
            None => policy.check()?,
        }
        let votes = &mut self.votes.cast;
        votes.retain(|vote| !matches!(vote, Vote::Policy(_)));
        if policy == self.votes.policy {
            self.say_next();
        } else {
            self.vote(now, Vote::Policy(policy));
        }
        self.after_input(now);
        Ok(())
    }

    /// The policy of the room, or without an epoch the one that this member is ready for.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.votes.policy
    }

    /// What this member asks for and has not come true.
    pub fn votes(&self) -> impl Iterator<Item = &Vote> {
        self.votes.cast.iter()
    }

    /// Asks for an epoch with fresh keys.
    pub fn refresh(&mut self, now: Timestamp) {
        self.vote(now, Vote::Refresh);
        self.after_input(now);
    }

    /// Takes back what this member asked for: by [`Room::admit`], [`Room::exclude`], [`Room::change_policy`] or
    /// [`Room::refresh`]. An identity whose admission is taken back before it is in is asked about again, under
    /// [`Admission::Ask`](crate::Admission::Ask). Returns whether there was anything to take back. What the others have
    /// acted on already stays.
    pub fn withdraw(&mut self, now: Timestamp, vote: &Vote) -> bool {
        let epoch = self.phase.epoch();
        let is_in = |identity: &IdentityKey| {
            epoch.is_some_and(|epoch| epoch.roster().any(|member| member == *identity))
        };
        let is_withdrawn = self.votes.withdraw(vote, is_in);
        if is_withdrawn && self.phase.is_member() {
            // A vote counts until the others have heard that it does not.
            self.say_next();
            self.common.timers.set(Timer::Change, now);
        }
        self.after_input(now);
        is_withdrawn
    }

    /// Leaves in order: after what was given to [`Room::send`] has reached everyone. What is held is dropped. [`Event::Ended`] tells when, or that
    /// the others did not answer in time. A room that is not secure yet ends at once if it has nothing to send; if it has, it
    /// waits to be secure, as long as that takes.
    pub fn leave(&mut self, now: Timestamp) {
        if self.departure.is_asked {
            return;
        }
        self.departure.is_asked = true;
        let dropped = self.fates.drop_held();
        self.common.out.events.extend(dropped);
        match &self.phase {
            // The last message cannot be written.
            Phase::Member(member) if member.talk.is_expired => self.end(now),
            Phase::Member(_) => {
                self.departure.wait(&mut self.common.at(now));
                // What waits is written first. In a run, the last message waits for its end.
                self.seal_waiting(now);
                self.after_input(now);
            }
            Phase::Gathering(_) if !self.fates.is_any_waiting() => self.end(now),
            Phase::Gathering(_) | Phase::Ended => {}
        }
    }

    /// As [`Room::leave`], for one who cannot wait for long: a room that is not secure, or is being left already, ends at
    /// once. It tells of each text that waits in it as [`Event::Dropped`], and of each that is on its way to a member as
    /// [`Event::Missed`].
    pub fn stop(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Ended => {}
            Phase::Member(_) if !self.departure.is_asked => self.leave(now),
            Phase::Member(_) | Phase::Gathering(_) => {
                self.departure.is_asked = true;
                self.end(now);
            }
        }
    }

    /// Asks that this room and another become one, as far as the policy asks for this member's word on who is let in: that
    /// of which [`Event::OtherEpoch`](crate::Event::OtherEpoch) has told. All members of one room go over into the other,
    /// or none: the members of both have to vote for it, and each decides whom it is in a roster with
    /// ([`Admission`](crate::Admission)).
    ///
    /// # Errors
    /// [`VoteError::TooMany`]; nothing has changed then.
    pub fn merge(&mut self, now: Timestamp, name: EpochName) -> Result<(), VoteError> {
        let neighbours = &self.lobby.neighbours;
        if neighbours.is_own(name) {
            // They are one already.
            return Ok(());
        }
        // By whichever name, it is one room, and one vote.
        let is_same = |other: EpochName| neighbours.are_one(name, other);
        self.votes
            .forget_merges(|other| other != name && is_same(other));
        self.votes
            .check_place_for_merge(name, |other| neighbours.is_there(other))?;
        if !self.vote(now, Vote::Merge(name)) {
            // Who asks again has not been heard, it may be.
            self.say_next();
        }
        self.after_input(now);
        Ok(())
    }
}
