//! Votes, as this member gives them. `docs/spec/06-epochs.md`, "Changes".

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::FaultKind;

use super::Room;
use crate::error::VoteError;
use crate::event::Event;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::Vote;

impl<S: CryptoSuite> Room<S> {
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
            // With votes enough about others, this one can be asked for when one of those is taken back: the proof stays.
            let _has_no_place = self.vote_out(now, member);
        }
        is_news
    }

    pub(super) fn vote_out(
        &mut self,
        now: Timestamp,
        identity: IdentityKey,
    ) -> Result<(), VoteError> {
        if identity != self.common.me.public() {
            let opposite = Vote::Admit(identity);
            self.votes
                .check_place_for(&Vote::Exclude(identity), &opposite)?;
            self.votes.cast.remove(&Vote::Admit(identity));
            self.vote(now, Vote::Exclude(identity));
        }
        Ok(())
    }

    /// Asks for something, at once. Returns whether that is new.
    pub(super) fn vote(&mut self, now: Timestamp, vote: Vote) -> bool {
        let is_news = self.votes.vote(vote);
        if is_news {
            // A vote counts when the others have heard it.
            self.say_next();
        }
        self.common.timers.set(Timer::Change, now);
        is_news
    }

    /// States the votes that the others have not heard, in a moment.
    pub(super) fn vote_soon(&mut self, now: Timestamp) {
        let soon = now.after(self.common.me.times().gather);
        self.common.timers.set_if_idle(Timer::Vote, soon);
    }

    /// States the votes, unless a change has done so meanwhile.
    pub(super) fn state_votes(&mut self) {
        let Some(epoch) = self.phase.epoch() else {
            return;
        };
        let said = epoch.next_of(epoch.me());
        let said = said.map_or(&[][..], |next| &next.votes);
        if !self.votes.cast.iter().eq(said) && epoch.is_present(epoch.me()) {
            self.say_next();
        }
    }
}
