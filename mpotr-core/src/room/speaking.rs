//! What the room asks of its epoch, and says there, if there is one. `docs/spec/06-epochs.md`, "Talking".

use std::cell::OnceCell;
use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};

use super::Room;
use super::context::Context;
use super::fates::Fates;
use super::leaving::Departing;
use super::membership::Membership;
use super::situation::Situation;
use crate::time::{Duration, Timestamp};
use crate::wire::{EpochName, Proposal};

impl<S: CryptoSuite> Room<S> {
    /// What holds in the epoch now.
    pub(super) fn situation(&self, now: Timestamp) -> Option<Situation<'_, S>> {
        Some(Situation {
            now,
            me: &self.common.me,
            member: self.phase.member()?,
            offering: &self.lobby.offering,
            neighbours: &self.lobby.neighbours,
            guest_lists: &self.lobby.guest_lists,
            newcomers: &self.lobby.newcomers,
            votes: &self.votes,
            may_go_on_light: {
                let refresh = self.common.me.times().refresh;
                self.succession
                    .may_go_on_light(now, refresh, Duration::ZERO)
            },
            voted_out: OnceCell::new(),
        })
    }

    /// Whether something holds in the epoch now.
    pub(super) fn is_so(&self, now: Timestamp, holds: impl Fn(&Situation<'_, S>) -> bool) -> bool {
        self.situation(now)
            .is_some_and(|situation| holds(&situation))
    }

    /// The epochs with which any member votes to become one.
    pub(super) fn voted_merges(&self, now: Timestamp) -> BTreeSet<EpochName> {
        let situation = self.situation(now);
        situation.map_or_else(BTreeSet::new, |it| it.proposed_merges())
    }

    /// Whether a run, or a change, is under way.
    pub(super) fn is_in_run(&self) -> bool {
        self.succession.is_any_running() || self.phase.change().is_some()
    }

    /// Does something in the epoch, if this member is in one.
    pub(super) fn in_epoch<T>(
        &mut self,
        now: Timestamp,
        act: impl FnOnce(&mut Membership<S>, &mut Context<'_, S>, &mut Fates, &Departing) -> T,
    ) -> Option<T> {
        let member = self.phase.member_mut()?;
        let cx = &mut self.common.at(now);
        Some(act(member, cx, &mut self.fates, &self.departure))
    }

    /// Seals what waits, as far as it may be on its way now.
    pub(super) fn seal_waiting(&mut self, now: Timestamp) {
        if let Some(member) = self.phase.member_mut() {
            let cx = &mut self.common.at(now);
            member.seal_waiting(cx, &mut self.fates, &mut self.departure, &mut self.votes);
        }
    }

    /// States what this member says about the next epoch.
    pub(super) fn say_next(&mut self) {
        if let Some(member) = self.phase.member_mut() {
            member.say_next(&mut self.common.out, &self.votes);
        }
    }

    /// Whether an identity was left out by a vote.
    pub(super) fn is_shut_out(&self, now: Timestamp, identity: &IdentityKey) -> bool {
        match self.situation(now) {
            Some(situation) => situation.is_shut_out(identity),
            None => self.votes.exclusions.holds(identity),
        }
    }

    /// Whether a proposal is for the epoch that follows this member's.
    pub(super) fn is_of_change(&self, proposal: &Proposal) -> bool {
        let member = self.phase.member();
        member.is_some_and(|member| Some(member.name) == proposal.parent)
    }
}
