//! A light run by which others come in has come to nothing: whom that is charged to. `docs/spec/06-epochs.md`, "At the door".

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::light::{Seed, ViewEnd};

use super::LightRun;
use crate::room::Room;
use crate::room::lobby::newcomers::Failed;
use crate::room::membership::applicants::admitted;
use crate::room::situation::Situation;
use crate::time::Timestamp;

impl<S: CryptoSuite> Room<S> {
    /// The view ends, like this if it was one of a light run: what comes of those who would have come in, and of a full run.
    pub(in crate::room) fn set_aside_for(&mut self, now: Timestamp, how: Option<ViewEnd>) {
        self.note_failed_joiners(now, how);
        self.set_aside(now);
    }

    /// The view ends. If those who would have come in have not shown who they are, it is charged to them, and to the word of those
    /// who had seen them; if it fails for another reason, there are views without any now.
    pub(in crate::room) fn note_failed_joiners(&mut self, now: Timestamp, how: Option<ViewEnd>) {
        let run = self.succession.light.as_ref();
        let Some(run) = run.filter(|run| run.has_joiners()) else {
            return;
        };
        if how == Some(ViewEnd::WrongTag) {
            self.lobby.newcomers.note_wrong_tag();
        }
        let awaited = run.awaited_joiners();
        let me = self.common.me.public();
        let proposer = self.phase.epoch();
        let proposer = proposer.and_then(|epoch| epoch.identity(run.seed.body().proposer));
        let (mut silent, mut alive) = (BTreeMap::new(), BTreeSet::new());
        for (place, identity) in run.joining() {
            if awaited.contains(place) {
                let by: BTreeSet<IdentityKey> = proposer.into_iter().collect();
                silent.insert(identity, by);
            } else {
                alive.insert(identity);
            }
        }
        let by = proposer.into_iter().filter(|it| *it != me);
        let by = if silent.is_empty() {
            BTreeSet::new()
        } else {
            by.collect()
        };
        let is_in_vain = self.is_so(now, |situation| {
            let run = self.succession.light.as_ref();
            situation.wants_own_change()
                || run.is_some_and(|run| situation.is_refused_in_light(run))
        });
        if !is_in_vain {
            let unready = silent.keys().copied();
            self.lobby.newcomers.note_unready(unready);
            let view = self.common.me.times().view;
            let failed = Failed { silent, alive, by };
            self.lobby.newcomers.have_failed(now, view, failed);
        }
    }

    /// A SEED is not answered. If it lists those whom this member refuses, it says so: without its answer they come in by no run.
    pub(in crate::room) fn refuse_listed(&mut self, now: Timestamp, seed: &Seed) {
        let refused = self.situation(now).map(|situation| {
            let listed = seed.offers.iter().map(admitted::<S>);
            let refused = listed.filter(|it| situation.refuses(&it.identity));
            refused.map(|it| it.offer).collect::<Vec<_>>()
        });
        let refused = refused.unwrap_or_default();
        if !refused.is_empty()
            && let Some(member) = self.phase.member_mut()
            && member.refuse(&refused, &[])
        {
            self.say_next();
        }
    }
}

impl<S: CryptoSuite> Situation<'_, S> {
    /// Whether a light run lists a newcomer whom a member refuses.
    pub(in crate::room) fn is_refused_in_light(&self, run: &LightRun<S>) -> bool {
        let mut offers = run.seed.body().offers.iter();
        offers.any(|offer| self.refused_by(&admitted::<S>(offer)).next().is_some())
    }
}
