//! Whom the members leave out, as far as this one has heard. `docs/spec/06-epochs.md`, "Changes" and "Who reads a text".

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::MemberIndex;

use crate::policy::Word;
use crate::room::membership::Membership;
use crate::room::membership::ballot::Ballot;
use crate::room::votes::Votes;
use crate::wire::Vote;

/// Whom a vote would leave out.
const fn target(vote: &Vote) -> Option<IdentityKey> {
    match vote {
        Vote::Exclude(identity) => Some(*identity),
        Vote::Refresh | Vote::Admit(_) | Vote::Policy(_) | Vote::Merge(_) => None,
    }
}

impl<S: CryptoSuite> Membership<S> {
    /// What each member that is present says to a vote. Who is out has none on who else is.
    pub(crate) fn words_on(&self, votes: &Votes, vote: &Vote) -> Vec<(IdentityKey, Word)> {
        let epoch = &self.epoch;
        let out = match vote {
            Vote::Exclude(_) => self.voted_out(votes),
            Vote::Refresh | Vote::Admit(_) | Vote::Policy(_) | Vote::Merge(_) => BTreeSet::new(),
        };
        let word = |member: MemberIndex| {
            let identity = epoch.identity(member)?;
            let asks = if member == epoch.me() {
                votes.cast.contains(vote)
            } else {
                let said = epoch.next_of(member);
                said.is_some_and(|next| next.votes.contains(vote))
            };
            let word = if *vote == Vote::Exclude(identity) || out.contains(&identity) {
                Word::NoVote
            } else if asks {
                Word::For
            } else {
                Word::Nothing
            };
            Some((identity, word))
        };
        let present = epoch.indices().filter(|member| epoch.is_present(*member));
        present.filter_map(word).collect()
    }

    /// Whether enough members ask that an identity be left out, and with proof if the policy asks for that.
    pub(crate) fn is_excluded(&self, votes: &Votes, identity: &IdentityKey) -> bool {
        if self.is_there(identity) {
            return self.voted_out(votes).contains(identity);
        }
        let is_proven = !votes.policy.evidence || votes.proven.contains(identity);
        let words = || self.words_on(votes, &Vote::Exclude(*identity));
        is_proven && votes.policy.exclude.is_met(&words())
    }

    /// Whether an identity is that of a member that is present.
    pub(crate) fn is_there(&self, identity: &IdentityKey) -> bool {
        let place = self.place_of(identity);
        place.is_some_and(|place| self.epoch.is_present(place))
    }

    /// The members whom the votes leave out of the next epoch: all who have heard the same votes say the same. Who is no member
    /// has no votes that could contradict any, and names of those cost nothing here, however many one makes up.
    pub(crate) fn voted_out(&self, votes: &Votes) -> BTreeSet<IdentityKey> {
        let epoch = &self.epoch;
        let mut ballot = Ballot::default();
        for member in epoch.indices().filter(|it| epoch.is_present(*it)) {
            let Some(identity) = epoch.identity(member) else {
                continue;
            };
            if member == epoch.me() {
                ballot.hear(identity, votes.cast.iter().filter_map(target));
            } else {
                let said = epoch.next_of(member).into_iter();
                let asked = said.flat_map(|next| &next.votes);
                ballot.hear(identity, asked.filter_map(target));
            }
        }
        let policy = &votes.policy;
        let is_ripe = |it: &IdentityKey| !policy.evidence || votes.proven.contains(it);
        ballot.out(&policy.exclude, is_ripe, |it| epoch.lot_of(it))
    }

    /// Whether nothing that is written is sealed now: one would read it whom this member wants out, or who has the votes against
    /// it; or this one has them against itself, and the others have decided to be without it.
    pub(crate) fn withholds_texts(&self, votes: &Votes) -> bool {
        let me = self.epoch.identity(self.epoch.me());
        !self.excluding(votes).is_empty() || me.is_some_and(|me| self.is_excluded(votes, &me))
    }

    /// Other members of this epoch whose exclusion this one has asked for, or has the votes. No text is sealed while there
    /// is one, whatever becomes of the views: it would be read by who is to be left out.
    pub(crate) fn excluding(&self, votes: &Votes) -> BTreeSet<IdentityKey> {
        let epoch = &self.epoch;
        let own: BTreeSet<_> = votes.cast.iter().filter_map(target).collect();
        let out = self.voted_out(votes);
        let me = epoch.identity(epoch.me());
        let others = epoch.roster().filter(|identity| Some(*identity) != me);
        others
            .filter(|identity| own.contains(identity) || out.contains(identity))
            .collect()
    }
}
