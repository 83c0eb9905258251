//! A run that ends without an epoch: whose fault that is, and what it leaves behind. `docs/spec/06-epochs.md`, "Runs".

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{Fault, FaultKind, MemberIndex, Run};

use crate::event::Event;
use crate::room::Room;
use crate::room::lobby::newcomers::Failed;
use crate::room::membership::Membership;
use crate::room::succession::Which;
use crate::room::succession::attempt::Attempt;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::Admitted;

impl<S: CryptoSuite> Room<S> {
    /// Ends the run that is under way without an epoch, for want of time or for a later one. If this member has confirmed it,
    /// it may still end well.
    pub(crate) fn set_aside(&mut self, now: Timestamp) {
        self.note_failed_newcomers(now);
        let waits_in_vain = self.waits_for_other_rules();
        let Some(attempt) = self.succession.current.take() else {
            return;
        };
        self.note_failed_guests(now, &attempt);
        // Who is still at it does not make this member wait for a proposal that it has left.
        self.succession.missed.settle(attempt.hint);
        let run = attempt.run();
        // Who keeps other rules refuses the run, and the others had no time to go on with it.
        let mut silent = if waits_in_vain {
            Vec::new()
        } else {
            attempt.silent()
        };
        let undecodable = if silent.is_empty() {
            Vec::new()
        } else {
            run.undecodable()
        };
        // Who could not contribute for want of a neighbour's key was not silent by its own doing.
        let kept_out = run.kept_out_by(&undecodable);
        silent.retain(|member| !kept_out.contains(member));
        let offering = &mut self.lobby.offering;
        if attempt.proposal.parent.is_none() {
            // In the name of an epoch of others anyone makes up runs, of anyone who gathers.
            offering.note_silent(attempt.offers_of(&silent));
        }
        offering.spend(attempt.used_offers());
        offering.spend(attempt.offers_of(&undecodable));
        let (fault, culprits) = if undecodable.is_empty() {
            (None, silent)
        } else {
            (Some(FaultKind::UndecodableKey), undecodable)
        };
        let mut claimed = claimed(run, &culprits);
        if attempt.proposal.parent.is_none() && fault.is_none() {
            // Of these it is told that they keep other rules.
            claimed.retain(|it| !self.lobby.others.differs(it));
        }
        if let Some(member) = self.phase.member_mut() {
            for identity in member.unserved_in(&attempt) {
                let identity = member.epoch.identity(identity);
                if let Some(identity) = identity.filter(|it| !claimed.contains(it)) {
                    claimed.push(identity);
                }
            }
        }
        let failed = Event::AgreementFailed { fault, claimed };
        self.common.out.tell(failed);
        if attempt.has_confirmed() {
            self.succession.keep_confirmed(attempt);
        }
    }

    /// The view ends. If its run failed for want of those who would have come in, it is charged to them; if for want of a member,
    /// which may not want them in, there are views without any now, in which it has nothing to refuse.
    fn note_failed_newcomers(&mut self, now: Timestamp) {
        let current = self.succession.current.as_ref();
        let current = current.filter(|attempt| !attempt.joining.is_empty());
        let failed = current.map(|attempt| self.failed_newcomers(attempt, &attempt.silent()));
        let Some(failed) = failed else {
            return;
        };
        // What members want has ended it, or one that refuses them, and not the time.
        let current = self.succession.current.as_ref();
        let is_cut_short = self.is_so(now, |situation| {
            (self.succession.waits_for_newcomers() && situation.wants_own_change())
                || current.is_some_and(|attempt| situation.is_refused_in(attempt))
        });
        if self.phase.is_member() && !is_cut_short {
            let view = self.common.me.times().view;
            self.lobby.newcomers.have_failed(now, view, failed);
        }
    }

    /// For want of whom of those who would come in a run fails.
    fn failed_newcomers(&self, attempt: &Attempt<S>, culprits: &[MemberIndex]) -> Failed {
        let me = self.common.me.public();
        let member = self.phase.member();
        let has_proven =
            |it: &Admitted| member.is_some_and(|member| member.strangers.has_proven(it));
        attempt.failed_newcomers(culprits, me, has_proven)
    }

    /// Takes note that a member that gathers was in a run in vain.
    fn note_failed_host(&mut self, now: Timestamp, attempt: &Attempt<S>) {
        if attempt.proposal.parent.is_some() {
            let view = self.common.me.times().view;
            self.lobby.turns.note_failed_host(now, view);
        }
    }

    /// Whether a member is waited for in the run of a first epoch under way of which it is known that it keeps other rules.
    pub(in crate::room) fn waits_for_other_rules(&self) -> bool {
        let run = self.succession.current.as_ref();
        let run = run.filter(|run| run.proposal.parent.is_none());
        run.is_some_and(|run| {
            let mut awaited = run.offers_of(&run.silent()).into_iter();
            awaited.any(|offer| self.lobby.offering.keeps_other_rules(&offer))
        })
    }

    /// The view of a member that gathers is over without an epoch.
    pub(crate) fn end_gathering(&mut self, now: Timestamp) {
        if let Some(attempt) = self.succession.current.take() {
            self.note_failed_host(now, &attempt);
            self.succession.current = Some(attempt);
        }
        let is_of_weather = !self.waits_for_other_rules();
        self.set_aside(now);
        // Nobody takes part in it, and this member neither: its offer serves a proposal of another, if one comes.
        self.lobby.turns.held = None;
        if is_of_weather {
            self.common.pulse.have_failed();
            self.common.keep_pace();
        }
        self.succession.missed.clear();
        self.lobby.turns.pending.clear();
        self.lobby.turns.gather_again(now);
        self.lobby.roll.gather_again();
        self.lobby.say_heard_soon(&mut self.common.at(now));
        self.plan_proposal(now);
    }

    pub(super) fn fail(
        &mut self,
        now: Timestamp,
        attempt: &Attempt<S>,
        which: Which,
        fault: &Fault,
    ) {
        self.common.out.tell(Event::AgreementFailed {
            fault: Some(fault.kind),
            claimed: claimed(attempt.run(), &fault.culprits),
        });
        // An offer that its owner has stated inside the epoch is that member's for certain, and so is what was done with it.
        let member = self.phase.member();
        let stated = member.map(|member| member.stated_by(attempt, &fault.culprits));
        for member in stated.unwrap_or_default() {
            self.strike_for_fault(&member);
            self.note_cheat(now, member, fault.kind);
        }
        self.note_failed_guests(now, attempt);
        let offering = &mut self.lobby.offering;
        offering.spend(attempt.used_offers());
        offering.spend(attempt.offers_of(&fault.culprits));
        offering.spend(attempt.offers_of(&attempt.run().undecodable()));
        let failed = self.failed_newcomers(attempt, &fault.culprits);
        if self.phase.is_member() && !failed.silent.is_empty() {
            let view = self.common.me.times().view;
            self.lobby.newcomers.have_failed(now, view, failed);
        }
        match which {
            // A change goes on with its next view.
            Which::Current if !self.phase.gathers() => {
                self.phase.cut_short();
                self.common.timers.set(Timer::View, now);
            }
            Which::Current => {
                self.note_failed_host(now, attempt);
                self.common.timers.stop(Timer::View);
                self.lobby.turns.gather_again(now);
                self.plan_proposal(now);
            }
            Which::Confirmed(_) => {}
        }
    }

    /// A run in which members of another room were listed has failed: the next one is without them for a while.
    pub(super) fn note_failed_guests(&mut self, now: Timestamp, attempt: &Attempt<S>) {
        if attempt.has_guests {
            let first = part(self.common.me.times().view, 2);
            let offers = &attempt.proposal.offers;
            self.lobby.guest_lists.note_failed(now, offers, first);
            self.votes.tries.note_not_come(now, first);
        }
    }

    /// The view of a host is over without an epoch, for a member that goes over into it.
    pub(in crate::room) fn end_guest_run(&mut self, now: Timestamp) {
        self.set_aside(now);
        if let Some(member) = self.phase.member_mut() {
            let has_confirmed = member.changing.has_confirmed();
            member.epoch.thaw(has_confirmed);
        }
        self.say_next();
        self.common.timers.set(Timer::Advertise, now);
        self.common.timers.set(Timer::Change, now);
    }
}

impl<S: CryptoSuite> Membership<S> {
    /// Who brought into the cut of a run what it did not serve, as a member knows that could not confirm for that.
    pub(crate) fn unserved_in(&mut self, attempt: &Attempt<S>) -> BTreeSet<MemberIndex> {
        let continuing = attempt.continuing.as_ref();
        let without_cut = continuing.filter(|_| attempt.cut.is_none());
        let brought = without_cut
            .and_then(|continuing| self.epoch.brought_into(attempt.run().sid(), continuing));
        brought.map_or_else(BTreeSet::new, |brought| self.epoch.unserved(brought))
    }

    /// The members of the epoch that ends among those at fault in a run that follows it.
    fn stated_by(&self, attempt: &Attempt<S>, culprits: &[MemberIndex]) -> Vec<IdentityKey> {
        let continuing = attempt.continuing.iter().flatten();
        let old: BTreeSet<_> = continuing
            .filter_map(|member| self.epoch.identity(*member))
            .collect();
        let at_fault = claimed(attempt.run(), culprits).into_iter();
        at_fault.filter(|identity| old.contains(identity)).collect()
    }
}

fn claimed<S: CryptoSuite>(run: &Run<S>, members: &[MemberIndex]) -> Vec<IdentityKey> {
    members
        .iter()
        .filter_map(|member| run.member(*member))
        .map(|member| member.offer().identity)
        .collect()
}
