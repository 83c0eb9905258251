//! What a person asks for: who comes in, who is left out, which policy, fresh keys. `docs/spec/06-epochs.md`, "Changes".

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::FaultKind;

use super::Room;
use crate::error::WishError;
use crate::event::Event;
use crate::policy::{Policy, PolicyError};
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::Wish;

impl<S: CryptoSuite> Room<S> {
    /// Is willing to be in a roster with this identity, and asks that it be let in, as far as the policy asks for this
    /// member's word. One that was left out by a vote is welcome again. It may come before anything was heard of the
    /// identity, and is kept until the identity is in, also where other members have to ask for it too. Under
    /// [`Admission::Only`](crate::Admission::Only) it adds nobody.
    ///
    /// # Errors
    /// [`WishError::TooMany`]; nothing has changed then.
    pub fn admit(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), WishError> {
        let opposite = Wish::Exclude(identity);
        self.votes
            .check_place_for(&Wish::Admit(identity), &opposite)?;
        if !self.votes.accept(identity) {
            return Ok(());
        }
        if !self.wish(now, Wish::Admit(identity)) {
            // Who asks again has not been heard, it may be.
            self.say_next();
        }
        self.after_input(now);
        Ok(())
    }

    /// Asks that a member be left out of the next epoch, as far as the policy asks for this member's word.
    ///
    /// # Errors
    /// [`WishError::TooMany`]; nothing has changed then.
    pub fn exclude(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), WishError> {
        self.vote_out(now, identity)?;
        self.after_input(now);
        Ok(())
    }

    /// Asks for another policy, as far as the present one asks for this member's word. The last such wish counts.
    ///
    /// # Errors
    /// Nobody would read it, or it asks for what the members of the present epoch cannot give
    /// ([`Policy::check_for`]): such a wish counts for nobody.
    pub fn change_policy(&mut self, now: Timestamp, policy: Policy) -> Result<(), PolicyError> {
        match self.situation(now) {
            Some(situation) => policy.check_for(&situation.roster_left())?,
            None => policy.check()?,
        }
        let wishes = &mut self.votes.wishes;
        wishes.retain(|wish| !matches!(wish, Wish::Policy(_)));
        if policy == self.votes.policy {
            self.say_next();
        } else {
            self.wish(now, Wish::Policy(policy));
        }
        self.after_input(now);
        Ok(())
    }

    /// The policy of the room, or without an epoch the one that this member is ready for.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.votes.policy
    }

    /// Asks for an epoch with fresh keys.
    pub fn refresh(&mut self, now: Timestamp) {
        self.wish(now, Wish::Refresh);
        self.after_input(now);
    }

    /// Takes back what this member asked for: by [`Room::admit`], [`Room::exclude`], [`Room::change_policy`] or
    /// [`Room::refresh`]. An identity whose admission is taken back before it is in is asked about again, under
    /// [`Admission::Ask`](crate::Admission::Ask). Returns whether there was anything to take back. What the others have
    /// acted on already stays.
    pub fn withdraw(&mut self, now: Timestamp, wish: &Wish) -> bool {
        let epoch = self.phase.epoch();
        let is_in = |identity: &IdentityKey| {
            epoch.is_some_and(|epoch| epoch.roster().any(|member| member == *identity))
        };
        let is_withdrawn = self.votes.withdraw(wish, is_in);
        if is_withdrawn && self.phase.is_member() {
            // A vote counts until the others have heard that it does not.
            self.say_next();
            self.common.timers.set(Timer::Change, now);
        }
        self.after_input(now);
        is_withdrawn
    }

    /// A member of this epoch is proven to have cheated: it is to be left out, as far as the policy goes by this member's
    /// word.
    pub(super) fn note_cheat(&mut self, now: Timestamp, member: IdentityKey, kind: FaultKind) {
        if member != self.common.me.public() && self.prove(now, member) {
            self.common.out.tell(Event::Cheated { member, kind });
        }
    }

    /// Takes note that there is proof against a member, and votes by it. Returns whether that is news.
    pub(super) fn prove(&mut self, now: Timestamp, member: IdentityKey) -> bool {
        let is_news = self.votes.proven.insert(member);
        if is_news && self.common.me.config.exclude_cheats {
            // With wishes enough about others, this one can be asked for when one of those is taken back: the proof stays.
            let _has_no_place = self.vote_out(now, member);
        }
        is_news
    }

    fn vote_out(&mut self, now: Timestamp, identity: IdentityKey) -> Result<(), WishError> {
        if identity != self.common.me.public() {
            let opposite = Wish::Admit(identity);
            self.votes
                .check_place_for(&Wish::Exclude(identity), &opposite)?;
            self.votes.wishes.remove(&Wish::Admit(identity));
            self.wish(now, Wish::Exclude(identity));
        }
        Ok(())
    }

    /// Asks for something, at once. Returns whether that is new.
    pub(super) fn wish(&mut self, now: Timestamp, wish: Wish) -> bool {
        let is_news = self.votes.wish(wish);
        if is_news {
            // A vote counts when the others have heard it.
            self.say_next();
        }
        self.common.timers.set(Timer::Change, now);
        is_news
    }

    /// Asks for the admission of those who wait, where this member admits them without asking a person. Where the policy takes
    /// the word of others too, they have to hear this member's before there is a change: all such votes of one moment go out
    /// together.
    pub(super) fn vote_on_candidates(&mut self, now: Timestamp) {
        let Some(situation) = self.situation(now) else {
            return;
        };
        let waiting: Vec<_> = situation.waiting().collect();
        if self.votes.want_in(waiting) {
            self.vote_soon(now);
        }
    }

    /// States the wishes that the others have not heard, in a moment.
    pub(super) fn vote_soon(&mut self, now: Timestamp) {
        let soon = now.after(self.common.me.times().gather);
        self.common.timers.set_if_idle(Timer::Vote, soon);
    }

    /// States the wishes, unless a change has done so meanwhile.
    pub(super) fn vote(&mut self) {
        let Some(epoch) = self.phase.epoch() else {
            return;
        };
        let said = epoch.next_of(epoch.me());
        let said = said.map_or(&[][..], |next| &next.wishes);
        if !self.votes.wishes.iter().eq(said) && epoch.is_present(epoch.me()) {
            self.say_next();
        }
    }
}
