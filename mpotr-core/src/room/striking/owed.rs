//! What a view misses, and of whom. `docs/spec/06-epochs.md`, "Strikes".

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::COMES_LATE;
use crate::room::membership::asked::Owed;
use crate::room::membership::strikes::Missing;
use crate::room::situation::Situation;
use crate::room::succession::attempt::Attempt;
use crate::wire::{MemberBits, Proposal, SidHint, Vote};

impl<S: CryptoSuite> Situation<'_, S> {
    /// Whether a member has stated what it brings into the cut of a run.
    fn has_frozen(&self, member: MemberIndex, attempt: &Attempt<S>) -> bool {
        let run = attempt.run().sid();
        let said = self.epoch().next_of(member);
        said.is_some_and(|next| next.frozen.is_some_and(|(other, _)| other == run))
            || self.has_said_to_confirm(member, attempt)
    }

    fn has_said_to_confirm(&self, member: MemberIndex, attempt: &Attempt<S>) -> bool {
        let run = attempt.run().sid();
        let said = self.epoch().next_of(member);
        said.is_some_and(|next| next.confirmed.iter().any(|(other, _)| *other == run))
    }

    /// The place of a member in a run.
    pub(super) fn place_in_run(
        &self,
        member: MemberIndex,
        attempt: &Attempt<S>,
    ) -> Option<MemberIndex> {
        let continuing = attempt.continuing.as_ref()?;
        let identity = self
            .epoch()
            .identity(member)
            .filter(|_| continuing.contains(&member))?;
        let mut members = attempt.run().members().iter();
        let place = members.position(|it| it.offer().identity == identity);
        place.map(MemberIndex::of)
    }

    /// Whether a member has stated an offer for this view, or for a later one since.
    fn has_come(&self, member: MemberIndex) -> bool {
        let said = self.epoch().next_of(member);
        said.is_some_and(|next| next.offer.is_some() && next.view >= self.view())
    }

    /// Whether a member has left this view for a later one: what it states is about that.
    fn is_ahead(&self, member: MemberIndex) -> bool {
        let said = self.epoch().next_of(member);
        said.is_some_and(|next| next.view > self.view())
    }

    /// The run of this view, if this member takes part in it.
    pub(super) fn run_of_view<'a>(
        &self,
        attempt: Option<&'a Attempt<S>>,
    ) -> Option<&'a Attempt<S>> {
        let view = self.change()?.view;
        attempt.filter(|attempt| {
            attempt.proposal.parent == Some(self.member.name) && attempt.proposal.view == view
        })
    }

    /// The run that the proposer of this view has stated, and whose proposal is not at hand.
    pub(crate) fn proposal_wanted(&self, is_at_hand: bool) -> Option<SidHint> {
        let proposer = self.proposer_of(self.change()?.view)?;
        let said = self.epoch().next_of(proposer).filter(|_| !is_at_hand)?;
        let proposed = said.proposed.filter(|_| said.view == self.view())?;
        (proposer != self.epoch().me()).then(|| SidHint::of(&proposed))
    }

    /// What is missing of a member in this view.
    pub(super) fn owed_by(
        &self,
        member: MemberIndex,
        attempt: Option<&Attempt<S>>,
        is_proposed: bool,
    ) -> Vec<Owed> {
        let Some(place) = attempt.and_then(|attempt| self.place_in_run(member, attempt)) else {
            if !self.has_come(member) {
                return vec![Owed::Word];
            }
            let is_late = attempt.is_none() && !is_proposed && self.is_turn_of(member);
            return is_late.then_some(Owed::Proposal).into_iter().collect();
        };
        let Some(attempt) = attempt else {
            return Vec::new();
        };
        let [contributions, confirmations] = attempt.missing();
        let is_ahead = self.is_ahead(member);
        let is_frozen = is_ahead || attempt.awaits_newcomers() || self.has_frozen(member, attempt);
        let owes = if attempt.has_confirmed() {
            let is_stated = is_ahead || self.has_said_to_confirm(member, attempt);
            [
                (Owed::Confirmation, confirmations.contains(place)),
                (Owed::Cut, !is_stated),
            ]
        } else {
            [
                (Owed::Contribution, contributions.contains(place)),
                (Owed::Freeze, !is_frozen),
            ]
        };
        owes.into_iter()
            .filter(|(_, is_owed)| *is_owed)
            .map(|(owed, _)| owed)
            .collect()
    }

    /// Whether it is a member's turn to propose, and all is said that it waits for.
    fn is_turn_of(&self, member: MemberIndex) -> bool {
        let is_here = |it: MemberIndex| self.has_come(it) || self.is_member_excluded(it);
        self.proposer_of(self.view()) == Some(member) && self.present().all(is_here)
    }

    /// Whether a member may have refused to contribute to a run: since some come in by it whom it has not admitted, or since it
    /// leaves out one whose word is here, and that the member has nothing against.
    fn may_refuse(&self, member: MemberIndex, attempt: &Attempt<S>) -> bool {
        let [contributions, _] = attempt.missing();
        let place = self.place_in_run(member, attempt);
        if !place.is_some_and(|place| contributions.contains(place)) {
            return false;
        }
        let said = self.epoch().next_of(member);
        let admits = |joining: &MemberIndex| {
            let joining = attempt.run().member(*joining);
            said.zip(joining).is_some_and(|(next, joining)| {
                let identity = joining.offer().identity;
                next.votes.contains(&Vote::Admit(identity))
                    || next.admitted.iter().any(|it| it.identity == identity)
            })
        };
        // Whom to be in a roster with is for each to say.
        if attempt.has_guests || !attempt.joining.iter().all(admits) {
            return true;
        }
        let continuing = attempt.continuing.iter().flatten();
        let continuing: MemberBits = continuing.copied().collect();
        self.present().any(|left_out| {
            !continuing.contains(left_out)
                && self.has_come(left_out)
                && !self.is_member_excluded(left_out)
                && !self.would_go_without(member, left_out)
                && !self.is_struck_by_most(left_out)
        })
    }

    /// Whether a member has confirmed a run that another says to have installed: it may wait for the end of that.
    pub(super) fn may_follow(&self, member: MemberIndex) -> bool {
        let installed = self.installed();
        let said = self.epoch().next_of(member);
        said.is_some_and(|next| {
            next.confirmed
                .iter()
                .any(|(run, _)| installed.contains(run))
        })
    }

    /// Those of whom this view misses something, as it ends.
    pub(super) fn missing_in_view(
        &self,
        attempt: Option<&Attempt<S>>,
        is_proposed: bool,
    ) -> Missing {
        let (now, round_trip) = (self.now, self.me.times().round_trip);
        let asked = &self.member.changing.asked;
        let attempt = self.run_of_view(attempt);
        let mut missing = Missing::default();
        if attempt.is_some_and(|attempt| self.member.objects_to(attempt)) {
            return missing;
        }
        for member in self.present() {
            let may_refuse = attempt.is_some_and(|attempt| self.may_refuse(member, attempt));
            if member == self.epoch().me() || self.is_member_excluded(member) || may_refuse {
                continue;
            }
            let owed = self.owed_by(member, attempt, is_proposed);
            let mut late = COMES_LATE.into_iter();
            let is_late = late.any(|owed| asked.is_late(round_trip, member, owed));
            if is_late || !owed.is_empty() {
                missing.all.insert(member);
            }
            let is_enough = |owed: &Owed| asked.is_enough(now, round_trip, member, *owed);
            let (enough, open): (Vec<_>, Vec<_>) = owed.into_iter().partition(is_enough);
            if is_late || !enough.is_empty() {
                missing.asked.insert(member);
            } else {
                let open = open.into_iter().map(|owed| (member, owed));
                missing.unanswered.extend(open);
            }
        }
        missing
    }

    /// Members that a proposal leaves out, although their word is here and this member has nothing against them.
    pub(super) fn left_out_of(&self, proposal: &Proposal) -> Vec<MemberIndex> {
        let is_listed = |offer| proposal.offers.contains(&offer);
        let present = self.present().filter(|it| *it != self.epoch().me());
        present
            .filter(|it| self.offer_of(*it).is_some_and(|offer| !is_listed(offer)))
            .filter(|it| !self.may_be_left_out(*it) && !self.is_replaced(*it, &proposal.offers))
            .collect()
    }
}
