//! Whom the members leave out, as far as this one has heard. `docs/spec/06-epochs.md`, "Changes" and "Who reads a text".

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::MemberIndex;

use crate::policy::Word;
use crate::room::membership::Membership;
use crate::room::votes::Votes;
use crate::wire::Vote;

impl<S: CryptoSuite> Membership<S> {
    /// What each member that is present says to a vote.
    pub(crate) fn words_on(&self, votes: &Votes, vote: &Vote) -> Vec<(IdentityKey, Word)> {
        let epoch = &self.epoch;
        let word = |member: MemberIndex| {
            let identity = epoch.identity(member)?;
            let asks = if member == epoch.me() {
                votes.cast.contains(vote)
            } else {
                let said = epoch.next_of(member);
                said.is_some_and(|next| next.votes.contains(vote))
            };
            let word = if *vote == Vote::Exclude(identity) {
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
        let policy = &votes.policy;
        (!policy.evidence || votes.proven.contains(identity))
            && policy
                .exclude
                .is_met(&self.words_on(votes, &Vote::Exclude(*identity)))
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
        let target = |vote: &Vote| match vote {
            Vote::Exclude(identity) => Some(*identity),
            Vote::Refresh | Vote::Admit(_) | Vote::Policy(_) | Vote::Merge(_) => None,
        };
        let own: BTreeSet<_> = votes.cast.iter().filter_map(target).collect();
        let others = epoch.other_members();
        let said = others.filter_map(|member| epoch.next_of(member));
        let asked: BTreeSet<_> = said
            .flat_map(|next| &next.votes)
            .filter_map(target)
            .collect();
        if own.is_empty() && asked.is_empty() {
            return BTreeSet::new();
        }
        let is_out =
            |identity: &IdentityKey| own.contains(identity) || self.is_excluded(votes, identity);
        let me = epoch.identity(epoch.me());
        let others = epoch.roster().filter(|identity| Some(*identity) != me);
        others
            .filter(|identity| own.contains(identity) || asked.contains(identity))
            .filter(is_out)
            .collect()
    }
}
