//! Who comes in by a light run, as far as it goes by what members have said. `docs/spec/14-light-runs.md`, "In a room".

use std::collections::BTreeMap;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::OfferDigest;
use mpotr_gka::light::{ChangeKind, MAX_JOINERS, Seed};

use super::Situation;
use crate::error::Rejection;
use crate::room::judging::{Verdict, await_that, require};
use crate::room::membership::applicants::admitted;
use crate::wire::Admitted;

impl<S: CryptoSuite> Situation<'_, S> {
    /// The offers of newcomers who have answered some member, and which are not at hand.
    pub(crate) fn unheard(&self) -> Vec<OfferDigest> {
        if self.joins_light() {
            // Theirs are seen when a SEED lists them.
            return Vec::new();
        }
        let offers: Vec<_> = self.answered().into_iter().map(|it| it.offer).collect();
        self.offering.missing(&offers)
    }

    /// The newcomers whom the policy lets in by a light run, in a view that takes any, by what members have said; of one identity
    /// that for which most speaks.
    pub(crate) fn joining(&self) -> Vec<Admitted> {
        if !self.takes_newcomers() || !self.joins_light() {
            return Vec::new();
        }
        let mut one_each = BTreeMap::new();
        for it in self.newcomers_stated() {
            let is_let_in = self.offering.offer(&it.offer).is_none()
                && self.lets_in(&it.identity)
                && self.may_be_listed(&it)
                && self.is_taken_by_all(&it);
            let Some(trust) = self.trust_in(&it).filter(|_| is_let_in) else {
                continue;
            };
            let most = one_each.entry(it.identity).or_insert((trust, it));
            if trust > most.0 {
                *most = (trust, it);
            }
        }
        let is_alive = |it: &Admitted| self.newcomers.is_alive(&it.identity);
        let mut joining: Vec<_> = one_each.into_values().map(|(_, it)| it).collect();
        // Who was there when others failed the room goes first.
        if joining.iter().any(is_alive) {
            joining.retain(is_alive);
        }
        joining
    }

    /// Those of them whom this member can list in a view: they have shown it who they are, for the epoch that it would propose.
    pub(crate) fn to_list(&self, view: u32) -> Vec<Admitted> {
        let applying = self.member.strangers.applying(view);
        let Some(applying) = applying.filter(|it| it.handle().is_some()) else {
            return Vec::new();
        };
        let mut joining = self.joining();
        joining.retain(|it| applying.has_opened(it));
        joining.truncate(MAX_JOINERS);
        joining
    }

    /// Whether this member takes part in a run by which these come in: members' own changes go first; nobody is left out by it; each
    /// may be listed, by the word of the proposer, who has signed that it has seen who they are, and of the others; and that one's
    /// word counts, who may have made such up before.
    pub(crate) fn judge_joiners(&self, seed: &Seed) -> Result<(), Verdict> {
        require(
            seed.terms.kind == ChangeKind::Refresh,
            Rejection::NotAdmitted,
        )?;
        let proposer = self.epoch().identity(seed.proposer);
        let proposer = proposer.ok_or(Verdict::Refuse(Rejection::UnknownSender))?;
        for offer in &seed.offers {
            let newcomer = admitted::<S>(offer);
            let identity = newcomer.identity;
            let is_inside = self.member.place_of(&identity).is_some();
            let may_come = !is_inside && !self.refuses(&identity) && !self.is_excluded(&identity);
            require(may_come, Rejection::NotAdmitted)?;
            let is_refused = self.refused_by(&newcomer).next().is_some();
            require(!is_refused, Rejection::NotAdmitted)?;
            await_that(self.may_join(&newcomer, proposer))?;
            let fails = self.newcomers.fails_until(self.now, &identity, &proposer);
            await_that(fails.is_none())?;
        }
        await_that(!self.newcomers.doubts(self.now, &proposer))?;
        await_that(!self.wants_own_change() && !self.is_full_run_wanted())
    }
}
