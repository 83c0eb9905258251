//! Proposals that cannot be taken part in yet, and the offers that are asked for on their account. `docs/spec/06-epochs.md`,
//! "Proposals".
//!
//! Anyone can make one up, with thousands of offers that do not exist. So few wait, and not for long; one whose maker is not
//! known asks for the offer of that alone; and what they ask for together is one short question.

use core::cmp::Reverse;
use std::collections::BTreeSet;

use mpotr_gka::OfferDigest;

use super::turns::place;
use crate::error::Rejection;
use crate::time::{Duration, Timestamp};
use crate::wire::{MAX_REQUESTED, Proposal, SidHint};

/// The most proposals that wait.
const MAX_WAITING: usize = 8;
/// The offer of a maker is asked for so many times: what has not come by then has to be proposed again.
const QUESTIONS_FOR_MAKER: usize = 2;
/// The offers of the others so many times.
const QUESTIONS: usize = 12;
/// Of a proposal whose maker is not known so many more offers may be lacking than are at hand.
const MAX_LACKING: usize = 64;

/// A proposal that waits.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) proposal: Proposal,
    /// When it came.
    pub(crate) since: Timestamp,
    /// Its run, if the offers that it lists were at hand when it was looked at last.
    pub(crate) run: Option<SidHint>,
    /// Whether its maker was seen to have signed it.
    pub(crate) is_signed: bool,
    /// How often offers were asked for on its account.
    asked: usize,
}

impl Pending {
    /// A proposal that comes now, of which the maker is known and all offers are, if there is a run.
    pub(crate) const fn new(now: Timestamp, proposal: Proposal, run: Option<SidHint>) -> Self {
        Self {
            proposal,
            since: now,
            is_signed: run.is_some(),
            run,
            asked: 0,
        }
    }

    /// Its place among those that wait: of the highest view first, and of one view that of the maker whose turn came first.
    pub(crate) fn place(&self) -> (Reverse<u32>, Option<OfferDigest>) {
        let (view, Reverse(maker)) = place(&self.proposal);
        (Reverse(view), maker)
    }

    /// Its maker's offer is at hand by now, and has signed it: the others are asked for, as often as if it came now.
    pub(crate) const fn note_signed(&mut self) {
        self.is_signed = true;
        self.asked = 0;
    }
}

/// Proposals that wait, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct Backlog(Vec<Pending>);

impl Backlog {
    /// Those that wait.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Pending> {
        self.0.iter()
    }

    /// Whether a proposal waits.
    pub(crate) fn contains(&self, proposal: &Proposal) -> bool {
        self.iter().any(|other| other.proposal == *proposal)
    }

    /// Whether none waits.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// None waits from now on.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Keeps a proposal, of which so many offers are lacking. Of too many the oldest gives way whose maker is not known, or else
    /// the oldest: its maker repeats it if it counts.
    ///
    /// # Errors
    /// It is there already; or its maker is not known, and it lists too much that is not, either.
    pub(crate) fn keep(&mut self, pending: Pending, lacking: usize) -> Result<(), Rejection> {
        if self.contains(&pending.proposal) {
            return Err(Rejection::Replayed);
        }
        let listed = pending.proposal.offers.len();
        let at_hand = listed.saturating_sub(lacking);
        // Of the members of an epoch who comes in has heard nobody.
        let is_of_first = pending.proposal.parent.is_none();
        if is_of_first && !pending.is_signed && lacking > at_hand.saturating_add(MAX_LACKING) {
            return Err(Rejection::Quota);
        }
        if self.0.len() >= MAX_WAITING {
            let junk = self.0.iter().position(|it| !it.is_signed);
            self.0.remove(junk.unwrap_or(0));
        }
        self.0.push(pending);
        Ok(())
    }

    /// Takes all out, the best first, to be looked at.
    pub(crate) fn take(&mut self) -> Vec<Pending> {
        let mut all = std::mem::take(&mut self.0);
        all.sort_by_key(Pending::place);
        all
    }

    /// One that was looked at waits on.
    pub(crate) fn put_back(&mut self, pending: Pending) {
        self.0.push(pending);
    }

    /// The offers to ask for now: as many for each proposal as for the others, and of more than that others each time. What was
    /// asked for in vain, or has waited for longer than a view, waits no more.
    pub(crate) fn ask(
        &mut self,
        now: Timestamp,
        view: Duration,
        is_lacking: impl Fn(&OfferDigest) -> bool,
    ) -> BTreeSet<OfferDigest> {
        self.0.retain(|it| {
            let most = if it.is_signed || it.proposal.parent.is_some() {
                QUESTIONS
            } else {
                QUESTIONS_FOR_MAKER
            };
            it.asked < most && now.since(it.since) <= view
        });
        let share = MAX_REQUESTED.checked_div(self.0.len()).unwrap_or(0);
        let mut wanted = BTreeSet::new();
        for it in &mut self.0 {
            let maker = it.proposal.offers.get(usize::from(it.proposal.proposer));
            let lacking: Vec<_> = if it.is_signed {
                let offers = it.proposal.offers.iter();
                offers.filter(|offer| is_lacking(offer)).collect()
            } else {
                maker.into_iter().filter(|it| is_lacking(it)).collect()
            };
            let from = it.asked.saturating_mul(share);
            let Some(from) = from.checked_rem(lacking.len()) else {
                continue;
            };
            let some = lacking.iter().cycle().skip(from);
            wanted.extend(some.take(share.min(lacking.len())).map(|it| **it));
            it.asked = it.asked.saturating_add(1);
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::{SignatureBytes, SuiteId};
    use mpotr_gka::{EpochName, RoomId};

    use super::*;
    use crate::policy::Policy;

    const VIEW: Duration = Duration::from_secs(4);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn proposal(name: u8, members: u8) -> Proposal {
        Proposal {
            suite: SuiteId::ChaCha20Poly1305,
            room: RoomId::new([1; 32]),
            parent: None,
            name: EpochName::new([name; 16]),
            view: 0,
            host: None,
            policy: Policy::default(),
            proposer: 0,
            commitments: None,
            offers: (0..members)
                .map(|n| OfferDigest::new([n ^ name; 32]))
                .collect(),
            signature: SignatureBytes::new([0; 64]),
        }
    }

    fn keep(
        backlog: &mut Backlog,
        millis: u64,
        proposal: Proposal,
        is_signed: bool,
        lacking: usize,
    ) -> Result<(), Rejection> {
        let mut pending = Pending::new(at(millis), proposal, None);
        pending.is_signed = is_signed;
        backlog.keep(pending, lacking)
    }

    #[test]
    fn few_wait_and_junk_gives_way_first() {
        let mut backlog = Backlog::default();
        keep(&mut backlog, 0, proposal(100, 2), true, 1).unwrap();
        for name in 0..=8 {
            keep(&mut backlog, 0, proposal(name, 2), false, 1).unwrap();
        }
        let again = keep(&mut backlog, 0, proposal(8, 2), false, 1);
        assert_eq!(again, Err(Rejection::Replayed));
        assert_eq!(backlog.0.len(), MAX_WAITING);
        assert!(backlog.contains(&proposal(100, 2)));
        let fat = keep(&mut backlog, 0, proposal(50, 70), false, 68);
        assert_eq!(fat, Err(Rejection::Quota));
        keep(&mut backlog, 0, proposal(50, 70), true, 68).unwrap();
    }

    #[test]
    fn of_an_unknown_maker_its_offer_is_asked_for_and_then_the_others() {
        let mut backlog = Backlog::default();
        let one = proposal(1, 40);
        keep(&mut backlog, 0, one.clone(), false, 40).unwrap();
        assert_eq!(backlog.ask(at(0), VIEW, |_| true), [one.offers[0]].into());
        for mut it in backlog.take() {
            it.note_signed();
            backlog.put_back(it);
        }
        let all = backlog.ask(at(1), VIEW, |it| *it != one.offers[0]);
        assert_eq!(all, one.offers[1..].iter().copied().collect());
        // One that was made up with it, by a maker who is there, leaves room for it.
        let fat = proposal(128, 120);
        keep(&mut backlog, 1, fat, true, 120).unwrap();
        let mut asked = BTreeSet::new();
        for _ in 0..2 {
            let both = backlog.ask(at(2), VIEW, |_| true);
            assert!(both.len() <= MAX_REQUESTED);
            asked.extend(both);
        }
        assert!(one.offers.iter().all(|it| asked.contains(it)));
        assert!(backlog.ask(at(4001), VIEW, |_| true).len() <= MAX_REQUESTED / 2 * 2);
        assert!(backlog.ask(at(4002), VIEW, |_| true).is_empty());
        assert!(backlog.is_empty());
    }

    #[test]
    fn what_is_asked_for_in_vain_waits_no_more() {
        let mut backlog = Backlog::default();
        keep(&mut backlog, 0, proposal(1, 3), false, 2).unwrap();
        for _ in 0..QUESTIONS_FOR_MAKER {
            assert!(!backlog.ask(at(0), VIEW, |_| true).is_empty());
        }
        assert!(backlog.ask(at(0), VIEW, |_| true).is_empty());
        assert!(backlog.is_empty());
    }
}
