//! A proposal that this member takes no part in, or not yet. `docs/spec/06-epochs.md`, "Proposals".

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::RosterError;

use crate::error::Rejection;
use crate::event::Event;
use crate::room::Room;
use crate::room::context::Context;
use crate::room::judging::Verdict;
use crate::room::lobby::Lobby;
use crate::room::lobby::backlog::Pending;
use crate::room::lobby::offering::OwnOffer;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::Proposal;

impl<S: CryptoSuite> Lobby<S> {
    /// A proposal of a first epoch lists this member and is too far ahead for it: it comes nearer by as many views as
    /// members that it has heard of are in it.
    pub(super) fn note_stale(&mut self, takes: impl Fn(&IdentityKey) -> bool, proposal: &Proposal) {
        let listed = |own: &OwnOffer<S>| proposal.offers.contains(&own.digest);
        let is_ahead = proposal.view > self.turns.views.next(None);
        let own = self.offering.own(None);
        if !is_ahead || proposal.parent.is_some() || !own.is_some_and(listed) {
            return;
        }
        // Who is not there makes nobody come nearer.
        let own = own.map(|own| own.member.offer().identity);
        let mut members = BTreeSet::new();
        for digest in &proposal.offers {
            match self.offering.offer(digest).map(|offer| offer.identity) {
                Some(identity) if Some(identity) == own || takes(&identity) => {
                    members.insert(identity);
                }
                Some(_) | None => return,
            }
        }
        if self.signs(proposal) == Some(true) {
            let members = u32::try_from(members.len()).unwrap_or(u32::MAX);
            self.turns.views.approach(proposal, members);
        }
    }

    /// The claimed identity of who has signed a proposal of a first epoch.
    fn maker_of(&self, proposal: &Proposal) -> Option<IdentityKey> {
        let is_signed = proposal.parent.is_none() && self.signs(proposal) == Some(true);
        let maker = proposal.offers.get(usize::from(proposal.proposer));
        let offer = maker
            .filter(|_| is_signed)
            .map(|it| self.offering.offer(it));
        offer.flatten().map(|offer| offer.identity)
    }

    /// Others may count the own offer as used or as that of one who is silent, so that a fresh one takes its place. One that is
    /// younger than a view stays, no matter who proposes without it; and what nobody has signed whose offer is at hand says nothing:
    /// anyone can send such proposals, and an offer that changes all the time is in no roster.
    pub(super) fn give_up_offer(&mut self, cx: &Context<'_, S>, proposal: &Proposal) {
        let (view, parent) = (cx.me.times().view, proposal.parent);
        let own = self.offering.own(parent);
        let is_old = own.is_some_and(|own| cx.now.since(own.made) >= view);
        if is_old && self.signs(proposal) == Some(true) {
            self.offering.keep_own(|other| other != parent);
        }
    }

    /// Those who do not need the key that does not decode take part: this member waits until they have given up.
    /// In the name of an epoch of others anyone makes up such proposals.
    fn stay_out(&mut self, cx: &Context<'_, S>, proposal: &Proposal) {
        if proposal.parent.is_some() {
            return;
        }
        self.turns.leave_view(cx.now, proposal);
        self.turns.keep_out(cx.now.after(cx.me.times().view));
    }

    /// Keeps a proposal until the offers that it lists are at hand, and asks for those that are lost: for that of its maker first,
    /// which shows whether there is one.
    ///
    /// # Errors
    /// It waits already; its maker's offer is at hand, and it is not its maker's: then nothing is asked for, and no place is
    /// taken, in another's name; or it is not, and far more is lacking than is at hand.
    pub(in crate::room) fn wait_for_offers(
        &mut self,
        cx: &mut Context<'_, S>,
        proposal: Proposal,
    ) -> Result<(), Rejection> {
        if self.turns.pending.contains(&proposal) {
            return Err(Rejection::Replayed);
        }
        let signs = self.signs(&proposal);
        if signs == Some(false) {
            return Err(Rejection::NotAuthentic);
        }
        let lacking = self.offering.missing(&proposal.offers).len();
        let is_of_first = proposal.parent.is_none();
        let own = self.offering.own(proposal.parent).map(|own| own.digest);
        let own = own.filter(|own| proposal.offers.contains(own));
        let is_first = self.turns.pending.is_empty();
        let pending = &mut self.turns.pending;
        let mut waiting = Pending::new(cx.now, proposal, None);
        waiting.is_signed = signs.is_some();
        pending.keep(waiting, lacking)?;
        if is_first {
            cx.timers.begin_anew(Timer::Ask);
        }
        let soon = cx.now.after(cx.me.times().round_trip);
        cx.timers.set_if_idle(Timer::Ask, soon);
        if own.is_some_and(|own| self.be_listed(cx, own)) {
            cx.timers.set_earlier(Timer::Ask, soon);
        }
        if is_of_first {
            self.request_pending(cx);
        }
        // Those of the members of an epoch come with their contributions.
        Ok(())
    }
}

impl<S: CryptoSuite> Room<S> {
    /// A proposal is refused: offers at fault are barred.
    pub(in crate::room) fn refuse(
        &mut self,
        now: Timestamp,
        proposal: &Proposal,
        verdict: Verdict,
    ) -> Rejection {
        match verdict {
            Verdict::Wait => Rejection::UnusableOffer,
            Verdict::Ask(people) => {
                self.ask_about(now, people);
                Rejection::NotAdmitted
            }
            Verdict::Refuse(rejection) => rejection,
            Verdict::Bar(offer) => {
                self.lobby.offering.spend([offer]);
                Rejection::UnusableOffer
            }
            Verdict::Roster(error) => {
                self.lobby.bar_undecodable(&proposal.offers, &error);
                if matches!(error, RosterError::UndecodableKey { .. }) {
                    self.lobby.stay_out(&self.common.at(now), proposal);
                    self.plan_proposal(now);
                }
                error.into()
            }
        }
    }

    /// Others would be in an epoch with this member whom the application has not admitted.
    pub(crate) fn ask_about(&mut self, now: Timestamp, people: BTreeSet<IdentityKey>) {
        for claimed in people {
            let is_shut_out = self.is_shut_out(now, &claimed);
            let is_news = self.lobby.others.note_person(now, claimed);
            // One that goes over with its room does not come in alone.
            if is_news && !is_shut_out && self.phase.gathers() {
                self.common.out.tell(Event::WantsIn { claimed });
            }
        }
    }

    /// Another begins an epoch under other rules. It hears of those of this member by a proposal alone: so this one makes its own,
    /// beside its offer, whatever else comes of that run, and though it may not know how long an answer takes. A run of this
    /// member's rules in which that one is waited for comes to nothing.
    fn note_other_rules(&mut self, now: Timestamp, proposal: &Proposal) {
        let maker = proposal.offers.get(usize::from(proposal.proposer));
        if let Some((claimed, offer)) = self.lobby.maker_of(proposal).zip(maker) {
            self.lobby.others.note_differing(claimed);
            let offering = &mut self.lobby.offering;
            let own = offering.own(None);
            let is_listed = own.is_some_and(|own| proposal.offers.contains(&own.digest));
            if is_listed && offering.keeps_other_rules(offer) {
                // Its proposal comes again, so it may not have heard of that.
                let pause = self.common.me.times().retry;
                self.lobby.others.tell_again(now, pause);
            }
            offering.note_other_rules(offer);
            let run = self.lobby.offering.run_of(proposal);
            run.into_iter()
                .for_each(|run| self.succession.missed.settle(run));
            self.advertise_soon(now);
            if self.waits_for_other_rules() {
                self.common.timers.stop(Timer::View);
                self.end_gathering(now);
            }
        }
    }

    /// One begins an epoch under the rules of this member: those that it was heard to keep before it keeps no more.
    pub(in crate::room) fn note_same_rules(&mut self, proposal: &Proposal) {
        if let Some(maker) = self.lobby.maker_of(proposal) {
            self.lobby.others.note_same(&maker);
        }
    }

    pub(in crate::room) fn note_refused(
        &mut self,
        now: Timestamp,
        rejection: &Rejection,
        proposal: &Proposal,
    ) {
        let is_for_others = matches!(rejection, Rejection::StaleView | Rejection::NotListed);
        let missed = self.succession.missed.run().filter(|_| is_for_others);
        if let Some(run) = missed.filter(|run| self.lobby.offering.is_of_run(proposal, *run)) {
            self.succession.missed.settle(run);
        }
        if *rejection == Rejection::OtherPolicy {
            self.note_other_rules(now, proposal);
            let maker = self.lobby.maker_of(proposal);
            let others = &mut self.lobby.others;
            if proposal.suite == S::ID {
                others.note_policy(&proposal.policy, maker);
            } else {
                others.note_suites([proposal.suite.code()]);
            }
        }
        let is_of_first = proposal.parent.is_none();
        let is_own_policy = proposal.policy == self.votes.policy;
        if is_of_first && is_own_policy && self.lobby.others.is_any_differing() {
            self.note_same_rules(proposal);
        }
        if *rejection == Rejection::StaleView {
            let takes = |identity: &IdentityKey| self.votes.takes(identity);
            self.lobby.note_stale(takes, proposal);
        }
        let waits = self.phase.gathers() && self.succession.current.is_none();
        if waits && is_for_others {
            self.lobby.give_up_offer(&self.common.at(now), proposal);
            self.advertise_soon(now);
        }
    }
}
