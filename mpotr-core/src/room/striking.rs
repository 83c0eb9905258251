//! Who says and does not do is left out. `docs/spec/06-epochs.md`, "Strikes".
//!
//! When a view fails, this member looks for whom: what it asked for by name, often and for long, and did not get. What others
//! report counts as far as they sign it, and never alone.

mod owed;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::MemberIndex;

use super::Room;
use super::membership::Membership;
use super::membership::asked::Owed;
use super::membership::strikes::{self, Missing};
use super::repairing::Questions;
use super::situation::Situation;
use super::votes::Votes;
use crate::time::{Timestamp, part};
use crate::wire::{MemberBits, Next, Proposal, SidHint};

/// What each member wants of one that is late with it.
const COMES_LATE: [Owed; 4] = [
    Owed::Word,
    Owed::Contribution,
    Owed::Freeze,
    Owed::Confirmation,
];

/// Those who may pass on the word of a member that a proposal leaves out do so a quarter of a round trip after one another.
const STEPS_OF_ROUND_TRIP: u32 = 4;

impl<S: CryptoSuite> Situation<'_, S> {
    fn own_strikes(&self, member: MemberIndex) -> u32 {
        let suspect = self.me.times().suspect;
        self.member.changing.strikes.of(member, self.now, suspect)
    }

    /// Whether more than half of the members that take part say something about the strikes that they have given, this one among
    /// them.
    fn do_most_say(&self, own: bool, says: impl Fn(&Next) -> bool) -> bool {
        let epoch = self.epoch();
        let takes_part = |it: &MemberIndex| *it != epoch.me() && !self.is_member_excluded(*it);
        let others: Vec<_> = self.present().filter(takes_part).collect();
        let said = others.iter().filter_map(|it| epoch.next_of(*it));
        let number = said.filter(|next| says(next)).count();
        let number = number.saturating_add(usize::from(own));
        number.saturating_mul(2) > others.len().saturating_add(1)
    }

    /// Whether more than half of the members have signed two strikes of a member.
    fn is_struck_by_most(&self, member: MemberIndex) -> bool {
        let own = self.own_strikes(member) >= strikes::ENOUGH;
        self.do_most_say(own, |next| next.struck_twice.contains(member))
    }

    /// Whether a member may be left out for its strikes: by two of this member's own, or by one, and two of most. What others say
    /// never does it alone.
    pub(super) fn is_struck(&self, member: MemberIndex) -> bool {
        let own = self.own_strikes(member);
        own >= strikes::ENOUGH || (own > 0 && self.is_struck_by_most(member))
    }

    /// Whether another would take part in a roster without a member that has strikes, by what it has signed.
    fn would_go_without(&self, other: MemberIndex, member: MemberIndex) -> bool {
        let said = self.epoch().next_of(other);
        said.is_some_and(|next| {
            next.struck_twice.contains(member)
                || (next.struck.contains(member) && self.is_struck_by_most(member))
        })
    }

    /// Whether this member leaves another out of what it proposes, for its strikes. If not all who stay would take part without
    /// it they get another view to see for themselves; in the end most count.
    pub(super) fn is_left_out(&self, member: MemberIndex) -> bool {
        let epoch = self.epoch();
        let stays = |it: &MemberIndex| {
            *it != epoch.me()
                && *it != member
                && !self.is_member_excluded(*it)
                && !self.is_struck(*it)
        };
        let is_patient = self.own_strikes(member) < strikes::PATIENCE;
        self.is_struck(member)
            && (self
                .present()
                .filter(stays)
                .all(|other| self.would_go_without(other, member))
                || (!is_patient && self.is_struck_by_most(member)))
    }

    /// Whether a member's turn to propose is passed over: it has two strikes of this one and of most, so that most pass it over.
    pub(super) fn is_passed_over(&self, member: MemberIndex) -> bool {
        self.own_strikes(member) >= strikes::ENOUGH && self.is_struck_by_most(member)
    }

    /// Whether a member may be left out of a roster.
    pub(super) fn may_be_left_out(&self, member: MemberIndex) -> bool {
        self.has_gone(member) || self.is_struck(member)
    }
}

impl<S: CryptoSuite> Membership<S> {
    /// Members ask for the word of others.
    pub(super) fn hear_asking(&mut self, asking: Vec<(MemberIndex, Vec<MemberIndex>)>) {
        let Some(view) = self.changing.change.as_ref().map(|change| change.view) else {
            return;
        };
        for (asker, lacked) in asking {
            let said = self.epoch.next_of(asker);
            if said.is_some_and(|next| next.view == view && next.offer.is_some()) {
                lacked
                    .into_iter()
                    .for_each(|it| self.changing.asked.overhear(it));
            }
        }
    }

    /// An epoch begins: one strike of each member is carried over, and how long it was waited for.
    pub(super) fn take_over_strikes(&mut self, votes: &Votes) {
        for (member, identity) in self.epoch.indices().zip(self.epoch.roster()) {
            if let Some(waited) = votes.carried.waited(&identity) {
                self.changing.strikes.carry(member, waited);
            }
        }
    }
}

impl<S: CryptoSuite> Room<S> {
    /// A view ends without an epoch: strikes those for want of whom, as far as this member can tell. Returns whether there
    /// are any.
    pub(super) fn judge_view(&mut self, now: Timestamp) -> bool {
        let change = self.phase.change();
        let Some((view, began)) = change.map(|change| (change.view, change.entered)) else {
            return false;
        };
        let waits = self.waits_until().is_some_and(|until| now < until);
        let is_objected = self.is_objected(view);
        if let Some(mut missing) = self.missing_of_light(now) {
            let light = self.succession.light.as_ref();
            let has_joiners = light.is_some_and(|run| run.has_joiners());
            if waits || is_objected || has_joiners {
                // As this one does, others may wait for the end of an earlier run, or have ended this one. And with whom to be in a
                // roster is for each to say: the view that follows lists nobody who would come in.
                missing = Missing::default();
            }
            let unserved = self.unserved_in_light();
            if !unserved.is_empty() {
                // Who waits for what these bring makes nobody wait.
                missing = Missing {
                    asked: unserved.clone(),
                    all: unserved,
                    ..Missing::default()
                };
            }
            let member = self.phase.member_mut();
            return member.is_some_and(|member| {
                member.changing.asked.go_on_with(&missing.unanswered);
                let members = member.epoch.members();
                member
                    .changing
                    .strikes
                    .end_view([began, now], members, missing)
            });
        }
        let is_proposed = self.succession.changes.has_come(view);
        let current = self.succession.current.as_ref();
        let Some(situation) = self.situation(now) else {
            return false;
        };
        let mut missing = situation.missing_in_view(current, is_proposed);
        let follows = |it: &MemberIndex| situation.may_follow(*it);
        let may_follow: Vec<_> = missing.all.iter().copied().filter(follows).collect();
        let attempt = self.succession.current.take();
        let Some(member) = self.phase.member_mut() else {
            self.succession.current = attempt;
            return false;
        };
        if let Some(attempt) = &attempt {
            let unserved = member.unserved_in(attempt);
            missing.all.extend(&unserved);
            missing.asked.extend(unserved);
        }
        let strikes = &mut member.changing.strikes;
        for other in may_follow {
            if missing.asked.contains(&other) && strikes.excuse(other) {
                missing.asked.remove(&other);
                missing.all.remove(&other);
            }
        }
        member.changing.asked.go_on_with(&missing.unanswered);
        let is_any_struck = strikes.end_view([began, now], member.epoch.members(), missing);
        self.succession.current = attempt;
        is_any_struck
    }

    /// What a member has signed in this view makes it fail.
    pub(super) fn strike_for_fault(&mut self, identity: &IdentityKey) {
        if let Some(member) = self.phase.member_mut()
            && let Some(place) = member.place_of(identity)
            && place != member.epoch.me()
        {
            member.changing.strikes.note_fault(place);
        }
    }

    /// The epoch ends: who was struck in it is remembered for a while.
    pub(super) fn carry_strikes(&mut self) {
        let Some(member) = self.phase.member() else {
            return;
        };
        let struck = member.changing.strikes.fresh();
        let struck =
            struck.filter_map(|(it, waited)| member.epoch.identity(it).map(|it| (it, waited)));
        self.votes.carried.end_epoch(struck);
    }

    /// The proposal of this view is missed, if that is stated and has not come.
    pub(super) fn note_proposal_missed(&mut self, now: Timestamp) {
        let view = self.phase.change().map_or(0, |change| change.view);
        let is_at_hand = self.succession.changes.has_come(view);
        let wanted = self
            .situation(now)
            .and_then(|situation| situation.proposal_wanted(is_at_hand));
        if let Some(run) = wanted {
            self.succession.missed.note(run);
        }
    }

    /// Another asks for the proposal of a run.
    pub(super) fn overhear_proposal_missing(&mut self, now: Timestamp, run: SidHint) {
        let view = self.phase.change().map_or(0, |change| change.view);
        let is_at_hand = self.succession.changes.has_come(view);
        let proposer = self.situation(now).and_then(|situation| {
            let wanted = situation.proposal_wanted(is_at_hand)?;
            situation.proposer_of(view).filter(|_| wanted == run)
        });
        if let Some(member) = self.phase.member_mut() {
            let asked = &mut member.changing.asked;
            proposer.into_iter().for_each(|it| asked.overhear(it));
        }
    }

    /// It is this member's turn to ask: notes what is missing, and what of it this member asks for itself.
    pub(super) fn note_asked(&mut self, now: Timestamp, own: &Questions) {
        let view = self.phase.change().map_or(0, |change| change.view);
        let is_proposed = self.succession.changes.has_come(view);
        let current = self.succession.current.as_ref();
        let Some(situation) = self.situation(now) else {
            return;
        };
        let attempt = situation.run_of_view(current);
        let me = situation.epoch().me();
        let mut noted = Vec::new();
        for member in situation.present().filter(|it| *it != me) {
            let place = attempt.and_then(|attempt| situation.place_in_run(member, attempt));
            let asks = |bits: &MemberBits| place.is_some_and(|place| bits.contains(place));
            let [contributions, confirmations] = &own.rounds;
            for owed in situation.owed_by(member, attempt, is_proposed) {
                let is_own = match owed {
                    Owed::Contribution => asks(contributions),
                    Owed::Confirmation => asks(confirmations),
                    // Asked for in either way.
                    Owed::Proposal => true,
                    // Others ask for these each by itself.
                    Owed::Word | Owed::Freeze | Owed::Cut if own.words.contains(member) => true,
                    Owed::Word | Owed::Freeze | Owed::Cut => continue,
                };
                noted.push((member, owed, is_own));
            }
        }
        if let Some(member) = self.phase.member_mut() {
            for (other, owed, is_own) in noted {
                member.changing.asked.note(now, other, owed, is_own);
            }
        }
    }

    /// Another asks for packets of the run of this view, by their places.
    pub(super) fn overhear_missing(&mut self, now: Timestamp, places: [&MemberBits; 2]) {
        let current = self.succession.current.as_ref();
        let Some(situation) = self.situation(now) else {
            return;
        };
        let Some(attempt) = situation.run_of_view(current) else {
            return;
        };
        let is_asked = |place: MemberIndex| places.iter().any(|bits| bits.contains(place));
        let asked: Vec<_> = situation
            .present()
            .filter(|it| situation.place_in_run(*it, attempt).is_some_and(is_asked))
            .collect();
        if let Some(member) = self.phase.member_mut() {
            asked
                .into_iter()
                .for_each(|it| member.changing.asked.overhear(it));
        }
    }

    /// A proposal leaves out members whose word for this view is here: its maker may have missed that. So this member passes it
    /// on, once in a view, unless others do, and takes no part.
    pub(super) fn pass_on_left_out(&mut self, now: Timestamp, proposal: &Proposal) {
        let Some(situation) = self.situation(now) else {
            return;
        };
        let left_out = situation.left_out_of(proposal);
        let rank = u32::from(situation.epoch().me().get());
        let Some(member) = self.phase.member_mut().filter(|_| !left_out.is_empty()) else {
            return;
        };
        let step = part(self.common.me.times().round_trip, STEPS_OF_ROUND_TRIP);
        for other in left_out {
            if member.changing.relayed.insert(other) {
                let answer = super::lobby::answering::Answer::Statement(other);
                self.lobby.answering.ask(now, answer, rank, step);
            }
        }
        self.lobby.wait_for_turn(&mut self.common.at(now));
    }
}
