//! The runs that this member takes part in, and what may become one. `docs/spec/06-epochs.md`, "Runs".

pub(super) mod attempt;
pub(super) mod changes;
pub(super) mod missed;
pub(super) mod pending;

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{
    Confirmation, Contribution, MemberIndex, Offer, OfferDigest, RoundPacket as _, Run, RunMember,
    Unfilled,
};

use super::context::Context;
use super::light::{LightRun, Objected, Seeds};
use super::membership::Membership;
use super::membership::asked::Owed;
use crate::error::Rejection;
use crate::time::{Duration, Timestamp, part};
use crate::wire::{EpochName, SealedPacket, SidHint};
use attempt::{Attempt, Leave};
use changes::Changes;
use missed::Missed;
use pending::Pending;

/// Which of the runs that this member takes part in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// The one that it contributed to last.
    Current,
    /// An earlier one that it confirmed, by its place among them.
    Confirmed(usize),
}

/// A packet of one of the two rounds.
pub(super) enum Round {
    First(Contribution),
    Second(Confirmation),
}

impl Round {
    /// Whether it carries its sender's signature.
    pub(super) fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool {
        match self {
            Self::First(contribution) => contribution.is_authentic(run),
            Self::Second(confirmation) => confirmation.is_authentic(run),
        }
    }
}

/// What others have asked for: it comes without being asked for again.
#[derive(Debug, Default)]
pub(super) struct Overheard {
    /// When the last of these was asked for.
    at: Timestamp,
    /// Packets of the run under way, by round and sender.
    pub(super) rounds: BTreeSet<(u8, MemberIndex)>,
    /// Whether the last question left some of them out. The next does not: anyone can ask, of a few, so that nobody answers.
    pub(super) has_left_out: bool,
}

impl Overheard {
    /// Others ask for something: what was asked for long ago has come, or is lost.
    pub(super) fn note(
        &mut self,
        now: Timestamp,
        round_trip: Duration,
        rounds: impl IntoIterator<Item = (u8, MemberIndex)>,
    ) {
        if !self.counts(now, round_trip) {
            self.rounds.clear();
        }
        self.at = now;
        self.rounds.extend(rounds);
    }

    /// Whether the answers are still under way.
    pub(super) fn counts(&self, now: Timestamp, round_trip: Duration) -> bool {
        now.since(self.at) < part(round_trip, UNDER_WAY)
    }
}

/// Answers to a question of another are under way for this part of a round trip.
const UNDER_WAY: u32 = 2;

/// Runs, and what may become one.
pub(super) struct Succession<S: CryptoSuite> {
    /// The run that this member contributed to last.
    pub(super) current: Option<Attempt<S>>,
    /// Earlier runs that this member confirmed, the last one last.
    pub(super) confirmed: Vec<Attempt<S>>,
    /// Proposals for the epoch that follows.
    pub(super) changes: Changes,
    /// Packets of runs and epochs that this member does not know yet.
    pub(super) pending: Pending,
    /// A run for the epoch that follows in which others are, and whose proposal was missed.
    pub(super) missed: Missed,
    /// What others have asked for since this member did.
    pub(super) overheard: Overheard,
    /// What this member waited for when it asked last in this step, and of whom.
    pub(super) awaited: BTreeSet<(MemberIndex, Owed)>,
    /// A deviating member: the count of light runs that it states.
    #[cfg(feature = "insider")]
    pub(super) false_count: Option<u8>,
    /// A deviating member: it shows no joiner who it is.
    #[cfg(feature = "insider")]
    pub(super) spoils_tags: bool,
    /// The light run that this member answered last.
    pub(super) light: Option<LightRun<S>>,
    /// Earlier ones that it shared in, the last one last.
    pub(super) shared: Vec<LightRun<S>>,
    /// Why it has ended the last view that it ended for an objection.
    pub(super) objected: Option<Objected<S>>,
    /// SEEDs that it has not answered.
    pub(super) seeds: Seeds,
    /// How many it has made.
    pub(super) proposed: u64,
    /// How many light runs have led on since the last full one.
    pub(super) light_changes: u32,
    /// When that one led on.
    pub(super) proven: Timestamp,
}

impl<S: CryptoSuite> Default for Succession<S> {
    fn default() -> Self {
        Self {
            current: None,
            confirmed: Vec::new(),
            changes: Changes::default(),
            pending: Pending::default(),
            missed: Missed::default(),
            overheard: Overheard::default(),
            awaited: BTreeSet::new(),
            #[cfg(feature = "insider")]
            false_count: None,
            #[cfg(feature = "insider")]
            spoils_tags: false,
            light: None,
            shared: Vec::new(),
            objected: None,
            seeds: Seeds::default(),
            proposed: 0,
            light_changes: 0,
            proven: Timestamp::default(),
        }
    }
}

impl<S: CryptoSuite> Succession<S> {
    /// Whether this member takes part in a run that may still lead to an epoch.
    pub(super) const fn is_any_running(&self) -> bool {
        let is_any_full = self.current.is_some() || !self.confirmed.is_empty();
        is_any_full || self.light.is_some() || !self.shared.is_empty()
    }

    /// Whether a change of this member's epoch in which it takes part leads to one of this name.
    pub(super) fn leads_from(&self, own: EpochName, name: EpochName) -> bool {
        let mut full = self.current.iter().chain(&self.confirmed);
        let mut light = self.light.iter().chain(&self.shared);
        full.any(|run| run.proposal.parent == Some(own) && run.proposal.name == name)
            || light.any(|run| run.seed.body().terms.handle.as_bytes() == name.as_bytes())
    }

    /// The run of a packet.
    pub(super) fn which(&self, hint: SidHint) -> Option<Which> {
        if self.current.as_ref().is_some_and(|run| run.hint == hint) {
            return Some(Which::Current);
        }
        let earlier = self.confirmed.iter().position(|run| run.hint == hint);
        earlier.map(Which::Confirmed)
    }

    /// Puts a packet into its slot.
    pub(super) fn fill(&mut self, which: Which, packet: Round) -> Result<(), Unfilled> {
        let attempt = match which {
            Which::Current => self.current.as_mut(),
            Which::Confirmed(place) => self.confirmed.get_mut(place),
        };
        match (attempt, packet) {
            (None, _) => Err(Unfilled::Replayed),
            (Some(attempt), Round::First(contribution)) => attempt.add_contribution(contribution),
            (Some(attempt), Round::Second(confirmation)) => attempt.add_confirmation(confirmation),
        }
    }

    /// Takes a run out, for a step.
    pub(super) fn take(&mut self, which: Which) -> Option<Attempt<S>> {
        match which {
            Which::Current => self.current.take(),
            Which::Confirmed(place) if place < self.confirmed.len() => {
                Some(self.confirmed.remove(place))
            }
            Which::Confirmed(_) => None,
        }
    }

    /// Puts a run back after a step.
    pub(super) fn put_back(&mut self, which: Which, attempt: Attempt<S>) {
        match which {
            Which::Current => self.current = Some(attempt),
            Which::Confirmed(place) => {
                let place = place.min(self.confirmed.len());
                self.confirmed.insert(place, attempt);
            }
        }
    }

    /// Whether the epoch that ends, and the other runs, allow the next step of one that was taken out.
    pub(super) fn leave_of(
        &self,
        attempt: &mut Attempt<S>,
        which: Which,
        member: Option<&mut Membership<S>>,
    ) -> Leave {
        let run = attempt.run().sid();
        let Some(continuing) = &attempt.continuing else {
            // What was confirmed later forsook it, or is for the same parent.
            let is_last = match which {
                Which::Current => true,
                Which::Confirmed(place) => {
                    place == self.confirmed.len()
                        && !self.current.as_ref().is_some_and(Attempt::has_confirmed)
                }
            };
            return Leave {
                to_confirm: true,
                to_install: is_last,
            };
        };
        let Some(member) = member else {
            return Leave {
                to_confirm: false,
                to_install: false,
            };
        };
        if !attempt.has_confirmed() {
            attempt.cut = member.epoch.cut(run, continuing);
        }
        let is_agreed = |cut| member.is_agreed(run, continuing, cut);
        Leave {
            to_confirm: attempt.cut.is_some() && !member.objects_to(attempt),
            to_install: attempt.cut.is_some_and(is_agreed) && member.may_install(&run),
        }
    }

    /// The places of all runs, the one that was confirmed last first: of a run that fails, the place is taken by one that was
    /// looked at.
    pub(super) fn all(&self) -> impl Iterator<Item = Which> + use<S> {
        let confirmed = (0..self.confirmed.len()).rev();
        confirmed.map(Which::Confirmed).chain([Which::Current])
    }

    /// Sends again what this member sent in its runs.
    pub(super) fn repeat_round(&self, cx: &mut Context<'_, S>) {
        let runs = self.confirmed.iter().chain(&self.current);
        for run in runs {
            cx.out
                .transmit_in_run(run.hint, run.own_packets(), run.enclosure());
        }
        if let Some(run) = &self.light {
            let hint = SidHint::of(&run.name);
            let enclosure = Some(run.enclosure.as_ref());
            cx.out.transmit_in_run(hint, run.own_packets(), enclosure);
        }
    }

    /// An offer that is in the run under way.
    pub(super) fn offer(&self, digest: &OfferDigest) -> Option<&Offer> {
        let mut members = self.current.iter().flat_map(|it| it.run().members());
        let member = members.find(|member| member.offer().digest::<S>() == *digest);
        member.map(RunMember::offer)
    }

    /// Keeps a packet of an epoch to be: it can be read from when this member has confirmed its run.
    pub(super) fn keep_pending(
        &mut self,
        sealed: &SealedPacket,
        packet: &[u8],
    ) -> Result<(), Rejection> {
        let mut runs = self.current.iter().chain(&self.confirmed);
        let sender = runs.find_map(|run| run.sender_of(sealed));
        let sender = sender.ok_or(Rejection::UnknownEpoch)?;
        self.pending.keep_of_epoch(sender, packet)
    }

    /// Gives up all runs, and the proposals for what would have followed.
    pub(super) fn give_up(&mut self) {
        self.current = None;
        self.missed.clear();
        self.confirmed.clear();
        self.changes.clear();
        self.light = None;
        self.shared.clear();
        self.objected = None;
        self.seeds.clear();
    }

    /// Whether the run under way waits for those who would come in.
    pub(super) fn waits_for_newcomers(&self) -> bool {
        let current = self.current.as_ref();
        current.is_some_and(Attempt::awaits_newcomers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::room::judging::{Judge, Parent};
    use crate::room::testing::{NOW, Suite, Two};
    use crate::wire::Packet;

    /// One of two in a run that the other has proposed.
    fn run() -> (Two, Attempt<Suite>) {
        let mut two = Two::new();
        let proposal = two.proposal(0, Policy::default());
        let judge = Judge {
            now: NOW,
            parent: Parent::None,
            me: &two.common.me,
            lobby: &two.lobby,
            votes: &two.votes,
            running: None,
        };
        let run = judge.judge(&proposal).ok().unwrap().run;
        let own = two.lobby.offering.consume(None).unwrap();
        let identity = &*two.common.me.identity;
        let attempt = Attempt::start(proposal, run, identity, own.secrets, &mut two.rng);
        (two, attempt)
    }

    #[test]
    fn a_run_is_found_by_its_packets_and_comes_back_to_its_place() {
        let (_, attempt) = run();
        let (hint, offer) = (attempt.hint, attempt.proposal.offers[0]);
        let mut succession = Succession::default();
        assert!(!succession.is_any_running());
        succession.put_back(Which::Current, attempt);
        assert_eq!(succession.which(hint), Some(Which::Current));
        assert!(succession.offer(&offer).is_some());
        let attempt = succession.take(Which::Current).unwrap();
        assert_eq!(succession.which(hint), None);
        succession.keep_confirmed(attempt);
        assert_eq!(succession.which(hint), Some(Which::Confirmed(0)));
        assert!(succession.take(Which::Confirmed(1)).is_none());
        assert!(succession.take(Which::Confirmed(0)).is_some());
        assert!(!succession.is_any_running());
    }

    #[test]
    fn a_first_epoch_needs_no_leave_but_that_of_later_runs() {
        let (_, mut attempt) = run();
        let mut succession = Succession::default();
        let leave = succession.leave_of(&mut attempt, Which::Current, None);
        assert!(leave.to_confirm && leave.to_install);
        // Another was confirmed after it.
        succession.confirmed.push(run().1);
        let leave = succession.leave_of(&mut attempt, Which::Confirmed(0), None);
        assert!(leave.to_confirm && !leave.to_install);
        // In a change nothing is allowed that the epoch does not allow.
        attempt.continuing = Some(MemberIndex::all(2).collect());
        let leave = succession.leave_of(&mut attempt, Which::Current, None);
        assert!(!leave.to_confirm && !leave.to_install);
    }

    #[test]
    fn what_was_sent_in_a_run_is_sent_again_and_the_proposal_by_its_maker_alone() {
        let (mut two, attempt) = run();
        let mut succession = Succession::default();
        succession.put_back(Which::Current, attempt);
        let mut cx = two.common.at(NOW);
        succession.repeat_round(&mut cx);
        let sent = two.common.out.sent();
        assert!(matches!(sent.as_slice(), [Packet::Contribution(..)]));
    }

    /// A packet in the other's name that it has not signed.
    fn forge(attempt: &mut Attempt<Suite>) {
        let other = u16::from(attempt.run().me().get() == 0);
        let Some(Packet::Contribution(_, mut forged)) = attempt.own_packets().pop() else {
            panic!("nothing was contributed");
        };
        forged.sender = MemberIndex::new(other);
        attempt.add_contribution(forged).unwrap();
    }

    #[test]
    fn what_is_forged_does_not_keep_a_member_in_a_run_in_which_it_is_alone() {
        let (mut two, mut attempt) = run();
        let me = &two.common.me;
        two.lobby.renew_offer(me, NOW, None, &mut two.rng);
        let own = two.lobby.offering.own(None).unwrap();
        let fresh = own.member.offer().clone();
        two.other.offering.hear(NOW, fresh).unwrap();
        let better = two.proposal(0, Policy::default());
        assert!(attempt.yields_to(&better));
        forge(&mut attempt);
        assert!(attempt.yields_to(&better));
    }

    #[test]
    fn what_is_forged_uses_no_offer() {
        let (_, mut attempt) = run();
        forge(&mut attempt);
        let own = attempt.run().me().get();
        let used = attempt
            .proposal
            .offers
            .iter()
            .map(|it| attempt.has_used(it));
        let used: Vec<_> = used.collect();
        assert_eq!(used, [own == 0, own == 1]);
        // And is missing still.
        assert_eq!(attempt.silent(), [MemberIndex::new(1 - own)]);
    }
}
