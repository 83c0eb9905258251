//! Whom votes leave out, of which some are those of members that are left out themselves. `docs/spec/06-epochs.md`,
//! "Changes"; why so: `docs/decisions/0025-votes-that-contradict-each-other.md`.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::IdentityKey;

use crate::policy::{Rule, Word};

/// Who asks for whose exclusion.
#[derive(Debug, Default)]
pub(crate) struct Ballot {
    /// Members that are there, who may vote.
    there: BTreeSet<IdentityKey>,
    /// Who is to be left out, and by whose word.
    against: BTreeMap<IdentityKey, BTreeSet<IdentityKey>>,
}

impl Ballot {
    /// A member is there, and asks for these exclusions.
    pub(crate) fn hear(
        &mut self,
        member: IdentityKey,
        excluded: impl IntoIterator<Item = IdentityKey>,
    ) {
        self.there.insert(member);
        for target in excluded {
            self.against.entry(target).or_default().insert(member);
        }
    }

    /// The members who are out, by a rule: one after the other, of those with votes enough the one with most votes first, then
    /// the one that asks for the exclusion of most, then the one with the highest lot. The votes of one that is out count for
    /// nothing from then on. `is_ripe` says of whom it may be asked at all.
    pub(crate) fn out(
        &self,
        rule: &Rule,
        is_ripe: impl Fn(&IdentityKey) -> bool,
        lot: impl Fn(&IdentityKey) -> u64,
    ) -> BTreeSet<IdentityKey> {
        let mut out = BTreeSet::new();
        loop {
            let left = self.against.keys();
            let left = left.filter(|it| self.there.contains(*it) && !out.contains(*it));
            let enough = left.filter(|it| is_ripe(it) && rule.is_met(&self.words(it, &out)));
            let next = enough.max_by(|one, other| {
                let weight = |it| (self.votes_against(rule, it, &out), self.votes_of(it, &out));
                let heavier = weight(one).cmp(&weight(other));
                heavier.then_with(|| lot(one).cmp(&lot(other)))
            });
            let Some(next) = next.copied() else {
                return out;
            };
            out.insert(next);
        }
    }

    /// What each member says to the exclusion of one, when these are out.
    fn words(&self, target: &IdentityKey, out: &BTreeSet<IdentityKey>) -> Vec<(IdentityKey, Word)> {
        let asks = self.against.get(target);
        let word = |member: &IdentityKey| {
            if member == target || out.contains(member) {
                Word::NoVote
            } else if asks.is_some_and(|asks| asks.contains(member)) {
                Word::For
            } else {
                Word::Nothing
            }
        };
        let there = self.there.iter();
        there.map(|member| (*member, word(member))).collect()
    }

    fn votes_against(
        &self,
        rule: &Rule,
        target: &IdentityKey,
        out: &BTreeSet<IdentityKey>,
    ) -> usize {
        let words = self.words(target, out);
        let counts = |it: &&(IdentityKey, Word)| it.1 == Word::For && rule.counts(&it.0, &words);
        words.iter().filter(counts).count()
    }

    /// How many of those who are there and not out it would leave out.
    fn votes_of(&self, member: &IdentityKey, out: &BTreeSet<IdentityKey>) -> usize {
        let left = self
            .against
            .iter()
            .filter(|(target, _)| self.there.contains(*target) && !out.contains(*target));
        left.filter(|(target, by)| *target != member && by.contains(member))
            .count()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::num::NonZeroU16;

    use super::*;

    fn key(member: u8) -> IdentityKey {
        IdentityKey::new([member; 32])
    }

    /// Of so many members, named `a`, `b` and so on, whom votes leave out, if lots are drawn in this order, first who is out
    /// first.
    fn out_by(rule: &Rule, members: u8, votes: &[&str], order: &str) -> String {
        let mut ballot = Ballot::default();
        for voter in (b'a'..).take(usize::from(members)) {
            let own = votes.iter().filter(|vote| vote.as_bytes()[0] == voter);
            ballot.hear(key(voter), own.map(|vote| key(vote.as_bytes()[1])));
        }
        let lot = |it: &IdentityKey| {
            let place = order.bytes().position(|other| key(other) == *it);
            u64::MAX.saturating_sub(place.unwrap().try_into().unwrap())
        };
        let out = ballot.out(rule, |_| true, lot);
        let out = out.iter().map(|it| char::from(it.as_bytes()[0]));
        out.collect()
    }

    fn out(members: u8, votes: &[&str], order: &str) -> String {
        out_by(&Rule::Anyone, members, votes, order)
    }

    fn quorum(votes: u16) -> Rule {
        Rule::Quorum(NonZeroU16::new(votes).unwrap())
    }

    #[test]
    fn votes_that_contradict_none_all_count() {
        assert_eq!(out(4, &[], "abcd"), "");
        assert_eq!(out(4, &["ab"], "abcd"), "b");
        assert_eq!(out(4, &["ab", "ac", "bc"], "abcd"), "bc");
        assert_eq!(out(4, &["aa"], "abcd"), "", "nobody votes on itself");
        assert_eq!(
            out(2, &["ax", "ab"], "abx"),
            "b",
            "who is outside is no member"
        );
    }

    /// One statement holds hundreds of votes, also against keys that its author makes up.
    #[test]
    fn names_that_one_makes_up_are_not_looked_at() {
        let mut ballot = Ballot::default();
        ballot.hear(key(0), (1..=255).map(key));
        (1..3).for_each(|member| ballot.hear(key(member), []));
        let looked_at = Cell::new(0);
        let is_ripe = |_: &IdentityKey| {
            looked_at.set(looked_at.get() + 1);
            true
        };
        let out = ballot.out(&Rule::Anyone, is_ripe, |_| 0);
        assert_eq!(out, [key(1), key(2)].into());
        assert!(looked_at.get() <= 9, "{}", looked_at.get());
    }

    /// However they vote, one is left that nobody who is left wants out.
    #[test]
    fn however_they_vote_somebody_stays() {
        assert_eq!(out(3, &["ab", "bc", "ca"], "bac"), "ab");
        assert_eq!(out(3, &["ab", "bc", "ca"], "abc"), "ac");
        assert_eq!(out(4, &["ab", "bc", "cd", "da"], "bdac"), "bd");
        assert_eq!(out(2, &["ab", "ba"], "ab"), "a");
        assert_eq!(out(2, &["ab", "ba"], "ba"), "b");
        let all: Vec<String> = ("abcd".chars())
            .flat_map(|by| "abcd".chars().map(move |of| format!("{by}{of}")))
            .collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(out(4, &all, "abcd"), "abc");
    }

    /// Who is voted out takes nobody along, though it votes against all at that moment.
    #[test]
    fn who_votes_against_many_goes_before_those() {
        for order in ["abcd", "dcba", "bcda"] {
            assert_eq!(out(4, &["ad", "db", "dc"], order), "d");
            assert_eq!(out(4, &["ad", "da", "db", "dc"], order), "d");
        }
    }

    /// What one or a few say, whatever the lots, takes no vote from more of the others.
    #[test]
    fn the_votes_of_most_are_not_made_void() {
        let few = ["da", "db", "dc", "ea", "eb", "ec"];
        let most = ["ad", "bd", "cd", "ae", "be", "ce"];
        for rule in [Rule::Anyone, quorum(2), quorum(3)] {
            for order in ["abcde", "edcba"] {
                assert_eq!(out_by(&rule, 5, &[few, most].concat(), order), "de");
                let against_one = ["da", "ea", "ad", "bd", "cd"];
                let left = out_by(&rule, 5, &against_one, order);
                assert!(left.contains('d'), "{left}");
            }
        }
    }

    /// A quorum is one of those who were there: who is out makes it no smaller.
    #[test]
    fn a_vote_that_is_void_is_none() {
        let votes = ["ad", "bd", "da", "ea"];
        assert_eq!(out_by(&quorum(2), 5, &votes, "dabce"), "d");
        assert_eq!(out_by(&quorum(2), 5, &votes, "adbce"), "a");
        let founders = Rule::Founders([key(b'a'), key(b'b')].into());
        assert_eq!(out_by(&founders, 3, &["ab", "ba", "bc"], "abc"), "b");
        // The word of who is no founder weighs nothing.
        assert_eq!(out_by(&founders, 3, &["ab", "ba", "ca"], "bac"), "b");
        assert_eq!(out_by(&founders, 3, &["ca"], "abc"), "");
    }
}
