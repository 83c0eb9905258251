//! Who comes in from outside: what members have said of newcomers, and what follows from it. `docs/spec/06-epochs.md`,
//! "Newcomers".

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::OfferDigest;

use super::Situation;
use crate::policy::Word;
use crate::room::lobby::refusals::answered;
use crate::room::succession::attempt::Attempt;
use crate::wire::{Admitted, Vote};

/// How much speaks for it that a newcomer has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Trust {
    /// This member has verified it.
    is_proven: bool,
    /// So many others say so.
    trusted: usize,
}

impl<'a, S: CryptoSuite> Situation<'a, S> {
    /// The same to a newcomer, by a vote for whom it is or for what it has answered with.
    fn words_on_newcomer(&self, newcomer: &Admitted) -> Vec<(IdentityKey, Word)> {
        let vote = Vote::Admit(newcomer.identity);
        let mut words = self.words_on(&vote);
        let epoch = self.epoch();
        let present = epoch.indices().filter(|member| epoch.is_present(*member));
        let have_checked = present.filter(|member| {
            let said = epoch.next_of(*member);
            said.is_some_and(|next| next.admitted.contains(newcomer))
        });
        let have_checked: BTreeSet<_> = have_checked.filter_map(|it| epoch.identity(it)).collect();
        for (identity, word) in &mut words {
            if have_checked.contains(identity) && *word == Word::Nothing {
                *word = Word::For;
            }
        }
        words
    }

    /// Whether this member lets an identity in that is outside, as far as it is asked.
    pub(crate) fn lets_in(&self, identity: &IdentityKey) -> bool {
        !self.roster_left().contains(identity)
            && !self.is_shut_out(identity)
            && !self.is_excluded(identity)
            && self.votes.admission.admits(identity)
    }

    /// Whether who has answered under an identity is stated: this member lets it in, or another instance of it is inside, and is
    /// asked by that.
    pub(crate) fn may_state(&self, identity: &IdentityKey) -> bool {
        self.lets_in(identity) || self.member.place_of(identity).is_some()
    }

    /// Whether a newcomer may be listed in this view: a member says that it has answered, and there are the votes.
    pub(crate) fn may_be_listed(&self, newcomer: &Admitted) -> bool {
        let rule = &self.votes.policy.admit;
        self.answered().contains(newcomer) && rule.is_met(&self.words_on_newcomer(newcomer))
    }

    /// Whether there are the votes to let a newcomer in, the word of one that lists it among them.
    pub(super) fn may_join(&self, newcomer: &Admitted, by: IdentityKey) -> bool {
        let mut words = self.words_on_newcomer(newcomer);
        let own = words.iter_mut().find(|(identity, _)| *identity == by);
        if let Some((_, word)) = own.filter(|(_, word)| *word == Word::Nothing) {
            *word = Word::For;
        }
        self.votes.policy.admit.is_met(&words)
    }

    /// The newcomers who have answered some member in this view, by what it has said; not other instances of members.
    pub(crate) fn newcomers_stated(&self) -> impl Iterator<Item = Admitted> {
        let stated = self.answered().into_iter();
        stated.filter(|it| self.member.place_of(&it.identity).is_none())
    }

    /// Whether this member is in no roster with an identity, whatever the others say of it: its application does not admit it, or
    /// it was left out by a vote, of which those know nothing who came later.
    pub(crate) fn refuses(&self, identity: &IdentityKey) -> bool {
        !self.votes.admission.admits(identity) || self.is_shut_out(identity)
    }

    /// Whether there are the votes to let a newcomer in whom this member refuses, and nobody has said so of it yet.
    pub(crate) fn is_to_be_refused(&self, newcomer: &Admitted) -> bool {
        let rule = &self.votes.policy.admit;
        self.refuses(&newcomer.identity)
            && self.refused_by(newcomer).next().is_none()
            && rule.is_met(&self.words_on_newcomer(newcomer))
    }

    /// The members that refuse a newcomer, by what they have said of its offer: without their contributions it comes in by no run.
    /// One that has voted to let it in since does so no longer.
    pub(crate) fn refused_by(&self, newcomer: &Admitted) -> impl Iterator<Item = IdentityKey> {
        let (epoch, newcomer) = (self.epoch(), *newcomer);
        let welcome = Vote::Admit(newcomer.identity);
        let refusing = self.present().filter(move |member| {
            let said = epoch.next_of(*member);
            let refuses = said.is_some_and(|next| {
                next.objected.contains(&newcomer.offer) && !next.votes.contains(&welcome)
            });
            refuses && !self.is_member_excluded(*member)
        });
        refusing.filter_map(|member| epoch.identity(member))
    }

    /// Whether a run lists a newcomer whom a member refuses.
    pub(crate) fn is_refused_in(&self, attempt: &Attempt<S>) -> bool {
        let mut joining = attempt.newcomers();
        joining.any(|it| {
            self.member.place_of(&it.identity).is_none() && self.refused_by(&it).next().is_some()
        })
    }

    /// Whether no member refuses a newcomer, nor has done so until a moment ago.
    pub(super) fn is_taken_by_all(&self, newcomer: &Admitted) -> bool {
        let times = self.me.times();
        let refusals = &self.newcomers.refusals;
        self.refused_by(newcomer).next().is_none()
            && refusals.allow(self.now, &newcomer.identity, answered(times.round_trip))
    }

    /// The newcomers whom others say to have answered, and for whom this member's word is wanted, too.
    pub(crate) fn to_second(&self) -> Vec<Admitted> {
        let epoch = self.epoch();
        let own = epoch.next_of(epoch.me());
        let is_own = |it: &Admitted| own.is_some_and(|next| next.admitted.contains(it));
        let rule = &self.votes.policy.admit;
        let is_wanted = |it: &Admitted| {
            self.lets_in(&it.identity) && (is_own(it) || !rule.is_met(&self.words_on_newcomer(it)))
        };
        self.answered_elsewhere().filter(is_wanted).collect()
    }

    /// The newcomers who have answered another member in this view.
    fn answered_elsewhere(&self) -> impl Iterator<Item = Admitted> {
        let (epoch, view) = (self.epoch(), self.view());
        let others = self.present().filter(move |it| *it != epoch.me());
        let said = others.filter_map(move |it| epoch.next_of(it));
        let of_view = said.filter(move |next| next.view == view);
        of_view.flat_map(|next| &next.admitted).copied()
    }

    /// The offers of the newcomers whom the policy lets in, in a view that takes any.
    pub(crate) fn admitted(&self) -> Vec<OfferDigest> {
        if !self.takes_newcomers() {
            return Vec::new();
        }
        let is_let_in = |it: &Admitted| {
            !self.offering.is_spent(&it.offer)
                && self.offering.offer(&it.offer).is_some()
                && (self.is_replacement(it)
                    || (self.lets_in(&it.identity)
                        && self.may_be_listed(it)
                        && self.is_taken_by_all(it)))
        };
        let admitted = self.answered().into_iter().filter(is_let_in);
        // Of one identity, one: that for which most speaks.
        let mut one_each: BTreeMap<IdentityKey, (Trust, OfferDigest)> = BTreeMap::new();
        for it in admitted {
            let Some(trust) = self.trust_in(&it) else {
                continue;
            };
            let most = one_each.entry(it.identity).or_insert((trust, it.offer));
            if trust > most.0 {
                *most = (trust, it.offer);
            }
        }
        // Who was there when others failed the room goes first.
        let is_alive = |identity: &IdentityKey| self.newcomers.is_alive(identity);
        if one_each.keys().any(is_alive) {
            one_each.retain(|identity, _| is_alive(identity));
        }
        one_each.into_values().map(|(_, offer)| offer).collect()
    }

    /// How much speaks for it that a newcomer has answered; nothing, if only members say so that have said it before of one
    /// who was not there, or of this one when it was not.
    pub(super) fn trust_in(&self, newcomer: &Admitted) -> Option<Trust> {
        let (newcomers, me) = (self.newcomers, self.me.public());
        let identity = &newcomer.identity;
        let is_taken = |by: &IdentityKey| newcomers.fails_until(self.now, identity, by).is_none();
        let is_proven = self.member.strangers.has_proven(newcomer) && is_taken(&me);
        let trusted = self
            .named_by(newcomer)
            .filter(|member| !newcomers.doubts(self.now, member) && is_taken(member))
            .count();
        (is_proven || trusted > 0).then_some(Trust { is_proven, trusted })
    }

    /// The other members that say in this view that a newcomer has answered.
    pub(crate) fn named_by(&self, newcomer: &Admitted) -> impl Iterator<Item = IdentityKey> {
        let (epoch, view) = (self.epoch(), self.view());
        let others = self.present().filter(move |it| *it != epoch.me());
        let naming = others.filter(move |member| {
            let said = epoch.next_of(*member);
            said.is_some_and(|next| next.view == view && next.admitted.contains(newcomer))
        });
        naming.filter_map(|member| epoch.identity(member))
    }

    /// Whether newcomers are listed in this view: members' own changes go first, and a view that failed for want of a newcomer is
    /// followed by some without any.
    pub(crate) fn takes_newcomers(&self) -> bool {
        self.newcomers.may_come(self.now) && !self.wants_own_change()
    }
}
