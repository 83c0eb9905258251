//! When a member proposes a first epoch, and which views it may still take part in. `docs/spec/06-epochs.md`, "Proposals".

use std::collections::BTreeMap;

use mpotr_gka::OfferDigest;

use super::backlog::Backlog;
use crate::config::Timers;
use crate::time::{Duration, Timestamp, part};
use crate::wire::{EpochName, Proposal, SidHint};

/// The most parents whose views are remembered.
const MAX_PARENTS: usize = 64;

/// Where it is known who is to come, nobody else is waited for: the quiet after the last is this part of `gather`.
const QUIET_IF_KNOWN: u32 = 4;

/// The lowest view of each parent that this member may still take part in: of first epochs, and of the epoch into which its own
/// goes over.
#[derive(Debug, Default)]
pub(crate) struct Views(BTreeMap<Option<EpochName>, u32>);

impl Views {
    /// The lowest view of a parent that this member may still take part in.
    pub(crate) fn next(&self, parent: Option<EpochName>) -> u32 {
        self.0.get(&parent).copied().unwrap_or(0)
    }

    /// The furthest view of a first epoch that a proposal may have: members that have tried in vain for longer are ahead by a
    /// view of each of them.
    pub(crate) fn furthest(&self, proposal: &Proposal) -> u32 {
        let members = u32::try_from(proposal.offers.len()).unwrap_or(u32::MAX);
        self.next(proposal.parent).saturating_add(members)
    }

    /// A view is over, or another is taken part in.
    pub(crate) fn leave(&mut self, parent: Option<EpochName>, view: u32) {
        if self.0.len() >= MAX_PARENTS {
            self.0
                .retain(|other, _| *other == parent || other.is_none());
        }
        let next = self.0.entry(parent).or_insert(0);
        *next = (*next).max(view.saturating_add(1));
    }

    /// A proposal is of a view that is too far ahead to be taken part in: those who made it have tried in vain for longer than
    /// this member, which comes nearer with each.
    pub(crate) fn approach(&mut self, proposal: &Proposal, members: u32) {
        let next = self.next(proposal.parent);
        if next < proposal.view {
            let nearer = next.saturating_add(members).min(proposal.view);
            self.0.insert(proposal.parent, nearer);
        }
    }
}

/// The signs of a run whose proposal is missed put off the own one by so many round trips at most, after the longest gathering.
const PATIENCE_WITH_SIGNS: u32 = 8;

/// After so many runs with members of epochs that have failed in a row, a first epoch has a view for itself: who makes epochs
/// up does not keep those apart who are there.
const RUNS_OF_HOSTS: u32 = 2;

/// So many times `suspect` those who have gone on have to let a member in again: its place there is free after one at the latest.
const SUSPECTS_TO_COME_BACK: u32 = 2;

/// When this member proposes.
#[derive(Debug)]
pub(crate) struct Turns {
    pub(crate) views: Views,
    /// When this member began to look for others.
    entered: Timestamp,
    /// Whether it was in an epoch before, in which others have gone on.
    comes_back: bool,
    /// Runs with members of epochs that have failed in a row.
    failed_hosts: u32,
    /// Until when only runs of a first epoch are taken part in.
    first_epochs: Timestamp,
    /// When the gathering began.
    began: Timestamp,
    /// When an offer was heard that is news.
    news: Timestamp,
    /// Until when to wait for the proposal of a run in which others are seen to be.
    busy: Timestamp,
    /// Until when others may be in a run in which this member cannot take part.
    kept_out: Timestamp,
    /// Proposals that list offers which are not at hand, or in whose place a better one may still come.
    pub(crate) pending: Backlog,
    /// The own proposal, which nobody takes part in yet: this one neither, for the proposal of one whose turn came before may
    /// still come.
    pub(crate) held: Option<Held>,
}

/// How good a proposal is: the later its view the better, and in one view the earlier its maker's turn.
pub(crate) fn place(proposal: &Proposal) -> (u32, core::cmp::Reverse<Option<OfferDigest>>) {
    let maker = proposal.offers.get(usize::from(proposal.proposer)).copied();
    (proposal.view, core::cmp::Reverse(maker))
}

/// A proposal that its maker would give up for a better one.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) proposal: Proposal,
    pub(crate) run: SidHint,
}

impl Held {
    /// Whether another proposal is the one to take part in: of a later view, or of one whose turn came before.
    pub(crate) fn yields_to(&self, other: &Proposal) -> bool {
        let own = &self.proposal;
        // Who has an epoch proposes it to those who have none.
        other.parent != own.parent || place(other) > place(own)
    }
}

impl Turns {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            views: Views::default(),
            entered: now,
            comes_back: false,
            failed_hosts: 0,
            first_epochs: now,
            began: now,
            news: now,
            busy: now,
            kept_out: now,
            pending: Backlog::default(),
            held: None,
        }
    }

    /// This member looks for others from now on.
    pub(crate) const fn enter(&mut self, now: Timestamp) {
        self.entered = now;
        self.comes_back = false;
        self.failed_hosts = 0;
        self.gather_again(now);
    }

    /// The same for one without which others have gone on in its epoch: it goes back to these, and not to others who are outside.
    pub(crate) const fn enter_again(&mut self, now: Timestamp) {
        self.enter(now);
        self.comes_back = true;
    }

    /// Whether this member looks for those who have gone on without it.
    pub(crate) const fn comes_back(&self) -> bool {
        self.comes_back
    }

    /// Until when those who say that they have an epoch go first, so that those who come to a room together do not form
    /// another: once for each time that this member enters, however often that is said.
    pub(crate) fn hosts_until(&self, times: &Timers) -> Timestamp {
        let first = times.gathering().saturating_add(times.propose);
        let longer = times.suspect.saturating_mul(SUSPECTS_TO_COME_BACK);
        let again = if self.comes_back {
            longer
        } else {
            Duration::default()
        };
        self.entered.after(first).after(again)
    }

    /// A run with members of an epoch has failed.
    pub(crate) fn note_failed_host(&mut self, now: Timestamp, view: Duration) {
        self.failed_hosts = self.failed_hosts.wrapping_add(1);
        if self.failed_hosts.is_multiple_of(RUNS_OF_HOSTS) {
            self.first_epochs = now.after(view);
        }
    }

    /// Whether first epochs have this time for themselves.
    pub(crate) fn is_of_first_epochs(&self, now: Timestamp) -> bool {
        now < self.first_epochs
    }

    /// An offer was heard that is news.
    pub(crate) const fn heard(&mut self, now: Timestamp) {
        self.news = now;
    }

    /// When an offer was heard that is news.
    pub(crate) const fn news(&self) -> Timestamp {
        self.news
    }

    /// A run ended without an epoch: members gather anew, and take their turns from here.
    pub(crate) const fn gather_again(&mut self, now: Timestamp) {
        self.began = now;
        self.news = now;
    }

    /// A view is over, or another is taken part in. Anyone can make up a view of an epoch of others: that closes none.
    pub(crate) fn leave_view(&mut self, now: Timestamp, proposal: &Proposal) {
        self.held = None;
        if proposal.parent.is_none() {
            self.views.leave(None, proposal.view);
        }
        self.gather_again(now);
    }

    /// Others are in a run whose proposal was missed: it is sent again until then.
    pub(crate) const fn wait_for_proposal(&mut self, until: Timestamp) {
        self.busy = until;
    }

    /// Others may be in a run in which this member cannot take part, for as long as its view lasts.
    pub(crate) const fn keep_out(&mut self, until: Timestamp) {
        self.kept_out = until;
    }

    /// When the first candidate proposes: after a while without news. `is_known` tells whether it is known who is to come,
    /// `is_any_missing` whether others have heard an offer that this member has not.
    pub(crate) fn gathered(
        &self,
        times: &Timers,
        is_known: bool,
        is_any_missing: bool,
    ) -> Timestamp {
        let quiet = if is_known {
            part(times.gather, QUIET_IF_KNOWN)
        } else {
            times.gather
        };
        let latest = self.began.after(times.gathering());
        let gathered = if is_any_missing {
            latest
        } else {
            self.news.after(quiet).min(latest)
        };
        // Two proposals of one view use up the offers of each other's members. Anyone can give such signs, though.
        let patience = times.round_trip.saturating_mul(PATIENCE_WITH_SIGNS);
        gathered
            .max(self.busy.min(latest.after(patience)))
            .max(self.kept_out)
    }

    /// Whether others were seen to be in a run since the gathering began, or shortly before: a proposal of this view may be under
    /// way.
    pub(crate) fn has_signs_of_run(&self) -> bool {
        self.busy > self.began
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::{SignatureBytes, SuiteId};
    use mpotr_gka::RoomId;

    use super::*;
    use crate::policy::Policy;

    fn proposal(view: u32, members: u8) -> Proposal {
        Proposal {
            suite: SuiteId::ChaCha20Poly1305,
            room: RoomId::new([1; 32]),
            parent: None,
            name: EpochName::new([2; 16]),
            view,
            host: None,
            policy: Policy::default(),
            proposer: 0,
            commitments: None,
            offers: (0..members).map(|n| OfferDigest::new([n; 32])).collect(),
            signature: SignatureBytes::new([0; 64]),
        }
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_member_comes_nearer_to_those_who_have_tried_for_longer() {
        let mut views = Views::default();
        assert_eq!(views.furthest(&proposal(0, 3)), 3);
        views.approach(&proposal(8, 3), 3);
        assert_eq!(views.next(None), 3);
        views.approach(&proposal(8, 3), 3);
        views.approach(&proposal(8, 3), 3);
        assert_eq!(views.next(None), 8);
        views.approach(&proposal(2, 3), 3);
        assert_eq!(views.next(None), 8);
    }

    #[test]
    fn a_proposal_that_is_held_yields_to_one_whose_turn_came_before() {
        let made_by = |proposer, view| Proposal {
            proposer,
            ..proposal(view, 3)
        };
        let held = Held {
            proposal: made_by(1, 4),
            run: SidHint::new([1; 8]),
        };
        assert!(held.yields_to(&made_by(0, 4)) && held.yields_to(&made_by(2, 5)));
        assert!(!held.yields_to(&made_by(2, 4)) && !held.yields_to(&made_by(0, 3)));
        assert!(!held.yields_to(&made_by(1, 4)));
    }

    #[test]
    fn of_parents_those_that_strangers_make_up_are_forgotten() {
        let mut views = Views::default();
        views.leave(None, 7);
        for n in 0..=u8::MAX {
            views.leave(Some(EpochName::new([n | 1; 16])), u32::from(n));
        }
        assert!(views.0.len() <= MAX_PARENTS);
        assert_eq!(views.next(None), 8);
    }

    #[test]
    fn the_first_proposes_after_a_while_without_news_and_at_last_in_any_case() {
        let times = Timers {
            gather: Duration::from_secs(1),
            ..Timers::RELAY
        };
        let mut turns = Turns::new(at(0));
        turns.heard(at(500));
        assert_eq!(turns.gathered(&times, false, false), at(1500));
        assert_eq!(turns.gathered(&times, true, false), at(750));
        assert_eq!(turns.gathered(&times, true, true), at(4000));
        turns.heard(at(60_000));
        assert_eq!(turns.gathered(&times, false, false), at(4000));
        turns.keep_out(at(9000));
        assert_eq!(turns.gathered(&times, false, true), at(9000));
    }

    #[test]
    fn signs_of_a_run_put_off_a_proposal_that_is_late_already_and_not_for_ever() {
        let times = Timers {
            round_trip: Duration::from_secs(1),
            gather: Duration::from_secs(1),
            ..Timers::RELAY
        };
        let mut turns = Turns::new(at(0));
        assert!(!turns.has_signs_of_run());
        turns.wait_for_proposal(at(5000));
        assert!(turns.has_signs_of_run());
        for is_any_missing in [false, true] {
            assert_eq!(turns.gathered(&times, false, is_any_missing), at(5000));
        }
        turns.wait_for_proposal(at(60_000));
        assert_eq!(turns.gathered(&times, false, false), at(12_000));
        turns.gather_again(at(60_000));
        assert!(!turns.has_signs_of_run());
    }

    #[test]
    fn after_two_runs_of_hosts_in_vain_a_first_epoch_has_its_turn() {
        let mut turns = Turns::new(at(0));
        let view = Duration::from_secs(8);
        turns.note_failed_host(at(1000), view);
        assert!(!turns.is_of_first_epochs(at(1000)));
        turns.note_failed_host(at(2000), view);
        assert!(turns.is_of_first_epochs(at(9999)));
        assert!(!turns.is_of_first_epochs(at(10_000)));
        turns.note_failed_host(at(10_000), view);
        assert!(!turns.is_of_first_epochs(at(10_000)));
    }
}
