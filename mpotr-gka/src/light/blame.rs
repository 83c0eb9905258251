//! Who is at fault when a light run fails: a function of what was signed. `docs/spec/14-light-runs.md`, "Blame".

use mpotr_crypto::{CryptoSuite, JointChallenge, Sharer};

use super::Context;
use super::closing::{Opened, close};
use super::cut::LightCut;
use super::freeze::Freeze;
use super::packet::Signed;
use super::seed::{Seed, Watch};
use super::share::Share;
use crate::continuation::Continuation;
use crate::fault::{Fault, FaultKind};
use crate::member_index::MemberIndex;

/// A packet of a light run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangePacket {
    /// SEED.
    Seed,
    /// FREEZE.
    Freeze,
    /// CUT.
    Cut,
    /// SHARE.
    Share,
    /// OBJECT.
    Object,
}

/// What a failure comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// These packets do not carry their sender's signature, or are not here: they were never received, and their senders are
    /// asked for them. Nobody is looked for before every packet is signed.
    NotReceived(Vec<(ChangePacket, MemberIndex)>),
    /// A member signed what no honest one signs.
    Fault(Fault),
    /// Nothing is wrong that can be seen from here.
    Nobody,
}

/// All that was said in a light run. The shares are one of each who stays, in order.
pub(super) struct LightRun<'a> {
    pub(super) seed: &'a Signed<Seed>,
    pub(super) cut: &'a Signed<LightCut>,
    pub(super) freezes: &'a [Signed<Freeze>],
    pub(super) shares: &'a [Signed<Share>],
}

impl LightRun<'_> {
    /// Signatures first, then what the proposer made of the FREEZEs, then each share.
    pub(super) fn blame<S: CryptoSuite>(
        &self,
        parent: &Continuation<S>,
        challenge: &JointChallenge<S>,
        context: &Context<'_, S>,
    ) -> Verdict {
        let (seed, cut) = (self.seed.body(), self.cut.body());
        let wrong_cut = || Verdict::Fault(Fault::of(FaultKind::WrongCut, seed.proposer));
        let freezes = match self.signed(parent, seed.terms.watch) {
            Ok(freezes) => freezes,
            Err(verdict) => return verdict,
        };
        let opened = match Opened::of(parent, seed, &freezes) {
            Ok(opened) => opened,
            // No honest proposer lists what it cannot add up.
            Err(Fault { kind, mut culprits }) => {
                culprits.push(seed.proposer);
                culprits.sort_unstable();
                culprits.dedup();
                return Verdict::Fault(Fault { kind, culprits });
            }
        };
        let is_installed = freezes.iter().any(|it| it.standing.installed.is_some());
        let is_other_seed = freezes.iter().any(|it| it.seed != cut.seed);
        // What is not held here is no reason to name anyone.
        let closing = close(context.order, &freezes);
        if is_installed
            || is_other_seed
            || freezes.len() != cut.freezes.len()
            || opened.keys != cut.keys
            || opened.nonces != cut.nonces
            || closing.is_some_and(|closing| closing != cut.closing)
        {
            return wrong_cut();
        }
        let staying = &seed.terms.staying;
        let parts = staying.iter().filter_map(|it| parent.part_of(*it));
        let parts: Vec<_> = parts.collect();
        let said = parts.iter().zip(&opened.each).zip(self.shares);
        let wrong = challenge.wrong(said.map(|((part, nonces), share)| Sharer {
            part,
            nonces,
            share: &share.body().share,
        }));
        if wrong.is_empty() {
            return Verdict::Nobody;
        }
        let culprits = wrong.into_iter().filter_map(|place| staying.get(place));
        Verdict::Fault(Fault {
            kind: FaultKind::WrongJointShare,
            culprits: culprits.copied().collect(),
        })
    }

    /// The FREEZEs that CUT lists, if everything is signed by whom it claims.
    fn signed<S: CryptoSuite>(
        &self,
        parent: &Continuation<S>,
        watch: Watch,
    ) -> Result<Vec<&Freeze>, Verdict> {
        let (seed, cut) = (self.seed.body(), self.cut.body());
        let mut unsigned = Vec::new();
        if !self.seed.is_authentic(parent) {
            unsigned.push((ChangePacket::Seed, seed.proposer));
        }
        let has_cut = self.cut.is_authentic(parent);
        if !has_cut {
            unsigned.push((ChangePacket::Cut, seed.proposer));
        }
        let mut freezes = Vec::new();
        for (member, digest) in seed.terms.staying.iter().zip(&cut.freezes) {
            let is_it =
                |it: &&Signed<Freeze>| it.body().sender == *member && it.digest::<S>() == *digest;
            match self.freezes.iter().find(is_it) {
                Some(freeze) if freeze.is_authentic(parent) => freezes.push(freeze.body()),
                // The digest covers the signature: the proposer listed this one, which it had to look at.
                Some(_) if watch == Watch::Eager && has_cut => {
                    let fault = Fault::of(FaultKind::WrongCut, seed.proposer);
                    return Err(Verdict::Fault(fault));
                }
                Some(_) | None => unsigned.push((ChangePacket::Freeze, *member)),
            }
        }
        let forged = self.shares.iter().filter(|it| !it.is_authentic(parent));
        unsigned.extend(forged.map(|it| (ChangePacket::Share, it.body().sender)));
        if unsigned.is_empty() {
            Ok(freezes)
        } else {
            Err(Verdict::NotReceived(unsigned))
        }
    }
}
