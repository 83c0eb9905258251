//! The proposal of a change: who makes it, what it rests on, and who takes part. `docs/spec/06-epochs.md`, "Changes".

use std::collections::BTreeSet;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, VerifyingKey};
use mpotr_gka::{CommitmentSum, FaultKind, OfferDigest};

use super::Room;
use super::judging::Verdict;
use super::proposing::Draft;
use super::situation::Situation;
use super::succession::Succession;
use crate::epoch::Epoch;
use crate::error::Rejection;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{Packet, Proposal};

/// What a proposal for the next epoch is.
enum Standing {
    /// Signed with the offer that the member whose turn it is has stated.
    Signed,
    /// That member has not stated its offer, or it is not at hand.
    Unknown,
    /// Made by another.
    Forged,
}

/// What a member whose turn it is can do.
enum Turn {
    /// Propose these offers.
    Propose(Vec<OfferDigest>),
    /// Ask for these offers.
    Ask(Vec<OfferDigest>),
    /// Wait.
    Wait(Timestamp),
}

impl<S: CryptoSuite> Situation<'_, S> {
    /// Whether it is this member's turn to propose.
    pub(super) fn is_my_turn(&self, view: u32) -> bool {
        let epoch = self.epoch();
        let said = epoch.next_of(epoch.me());
        let has_proposed = said.is_some_and(|next| next.proposed.is_some());
        self.proposer_of(view) == Some(epoch.me()) && !has_proposed
    }

    /// Whom this member can propose by now: everyone who should be heard has been, or there is something to wait for. `news` is
    /// when an offer was heard that is news.
    fn turn(&self, news: Timestamp) -> Option<Turn> {
        let (times, now) = (self.me.times(), self.now);
        let change = self
            .change()
            .filter(|change| self.is_my_turn(change.view))?;
        if self.others_have_gone() {
            // Whom this member asks to be let in, if it cannot follow them.
            return None;
        }
        let mut offers = self.admitted();
        // Who goes over takes nobody along. And all of a room come in, and nobody else.
        if offers.is_empty()
            && self.next_host().is_none()
            && let Some(guests) = self.guests()
        {
            offers.clone_from(&guests.offers);
        }
        let latest = change.began.after(times.gathering());
        let gathered = news.after(times.gather).min(latest);
        if !offers.is_empty() && now < gathered {
            return Some(Turn::Wait(gathered));
        }
        let listed = offers.iter().filter_map(|it| self.offering.offer(it));
        let replaced: BTreeSet<_> = listed.map(|offer| Some(offer.identity)).collect();
        let mut missing = Vec::new();
        let mut heard_by = None;
        for member in self.present() {
            let is_out = self.is_member_excluded(member)
                || replaced.contains(&self.epoch().identity(member))
                || self.is_left_out(member);
            match self.offer_of(member) {
                _ if is_out => {}
                Some(offer) if self.offering.is_spent(&offer) => {}
                Some(offer) if self.offering.offer(&offer).is_some() => offers.push(offer),
                Some(offer) => missing.push(offer),
                None if self.has_gone(member) => {}
                None => {
                    heard_by = heard_by.max(Some(self.suspect_at(member, change)));
                }
            }
        }
        if !missing.is_empty() {
            return Some(Turn::Ask(missing));
        }
        if let Some(until) = heard_by {
            return Some(Turn::Wait(until));
        }
        offers.sort_unstable();
        Some(Turn::Propose(offers))
    }

    /// What this member proposes for a roster, beside the roster.
    fn draft(&self, offers: &[OfferDigest], commitments: Option<CommitmentSum>) -> Option<Draft> {
        let listed = offers
            .iter()
            .filter_map(|digest| self.offering.offer(digest));
        let roster = listed.map(|offer| offer.identity).collect();
        Some(Draft {
            parent: Some(self.member.name),
            view: self.change()?.view,
            host: self.next_host(),
            policy: self.next_policy(&roster),
            commitments,
        })
    }

    /// Whether a proposal is that of the member whose turn it is. It costs one signature, once.
    fn standing(&self, proposal: &Proposal) -> Standing {
        let proposer = self.proposer_of(proposal.view);
        let stated = proposer.and_then(|proposer| self.offer_for(proposal.view, proposer));
        let Some(stated) = stated else {
            return Standing::Unknown;
        };
        if proposal.offers.get(usize::from(proposal.proposer)) != Some(&stated) {
            return Standing::Forged;
        }
        let Some(offer) = self.offering.offer(&stated) else {
            return Standing::Unknown;
        };
        let key = VerifyingKey::decode(&offer.ephemeral);
        if proposal.is_authentic::<S>(key.as_ref()) {
            Standing::Signed
        } else {
            Standing::Forged
        }
    }

    /// What a proposal of this view can list: the offers that members and guests have made, and those of newcomers that members
    /// name.
    pub(super) fn stated_offers(&self) -> BTreeSet<OfferDigest> {
        let members = self.present().filter_map(|member| self.offer_of(member));
        let newcomers = self.answered().into_iter().map(|it| it.offer);
        let lists = self.guest_lists.lists();
        let guests = lists.flat_map(|it| &it.offers).copied();
        members.chain(newcomers).chain(guests).collect()
    }

    /// The identity of the proposer of a view.
    fn maker_of(&self, view: u32) -> Option<IdentityKey> {
        self.epoch().identity(self.proposer_of(view)?)
    }
}

impl<S: CryptoSuite> Succession<S> {
    /// Another proposal that the maker of this signed one has signed for the same view.
    fn contradicted(&self, proposal: &Proposal) -> Option<Proposal> {
        // What is taken part in was seen to be signed.
        let running = self.current.iter().map(|attempt| &attempt.proposal);
        let of_view =
            running.filter(|other| other.parent == proposal.parent && other.view == proposal.view);
        let mut signed = of_view.chain(self.changes.signed(proposal.view));
        signed.find(|other| *other != proposal).cloned()
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Proposes, if it is this member's turn and everyone who should be heard has been.
    pub(super) fn propose_change(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if self.succession.current.is_some() {
            return;
        }
        let news = self.lobby.turns.news();
        let turn = self.situation(now).and_then(|it| it.turn(news));
        let again = now.after(self.common.me.times().round_trip);
        match turn {
            None => {}
            Some(Turn::Wait(until)) => {
                // A member may speak in a later view, and be waited for in this one, when its time is over.
                let until = if until > now { until } else { again };
                self.common.timers.set_earlier(Timer::Change, until);
            }
            Some(Turn::Ask(missing)) => {
                self.common.timers.set_earlier(Timer::Change, again);
                let cx = &mut self.common.at(now);
                self.lobby.request_missing(cx, missing);
            }
            Some(Turn::Propose(offers)) => self.propose_roster(now, offers, rng),
        }
    }

    pub(super) fn propose_roster(
        &mut self,
        now: Timestamp,
        offers: Vec<OfferDigest>,
        rng: &mut dyn CryptoRng,
    ) {
        let method = self.votes.policy.authentication;
        let sum = self
            .lobby
            .sum_of_commitments(&self.common.me, method, &offers);
        let Ok(commitments) = sum else {
            // Without the offers that do not decode, at once.
            let is_any_barred = offers.iter().any(|it| self.lobby.offering.is_spent(it));
            let again = if is_any_barred {
                now
            } else {
                now.after(self.common.me.times().retry)
            };
            self.common.timers.set(Timer::Change, again);
            return;
        };
        let offering = &self.lobby.offering;
        let draft = self
            .situation(now)
            .and_then(|situation| situation.draft(&offers, commitments));
        let proposal =
            draft.and_then(|draft| offering.propose(&self.common.me, draft, offers, rng));
        let Some(proposal) = proposal else {
            return;
        };
        let offers = proposal.offers.iter();
        let listed: Vec<_> = offers.filter_map(|digest| offering.offer(digest)).collect();
        let sid = proposal.sid::<S>(listed.into_iter());
        if let Some(next) = self.phase.epoch_mut().and_then(Epoch::own_next) {
            next.proposed = Some(sid);
        }
        self.succession.changes.keep_signed(proposal);
        self.say_next();
    }

    /// Takes note of a proposal for the epoch that follows this member's.
    pub(super) fn note_change(
        &mut self,
        now: Timestamp,
        proposal: Proposal,
    ) -> Result<(), Rejection> {
        let view = self.phase.change().map_or(0, |change| change.view);
        if proposal.view < view {
            return Err(Rejection::StaleView);
        }
        if self.succession.changes.contains(&proposal) {
            return Err(Rejection::Replayed);
        }
        self.sort_in(now, proposal)?;
        self.common.timers.set(Timer::Change, now);
        Ok(())
    }

    /// Keeps a proposal, as far as it can be told whose it is: anyone can name the epoch, and its next proposal carries the
    /// signature of the member whose turn it is.
    fn sort_in(&mut self, now: Timestamp, proposal: Proposal) -> Result<(), Rejection> {
        let Some(situation) = self.situation(now) else {
            return Err(Rejection::UnknownEpoch);
        };
        let maker = situation.maker_of(proposal.view);
        match situation.standing(&proposal) {
            Standing::Forged => return Err(Rejection::NotAuthentic),
            Standing::Unknown => self.succession.changes.keep_unknown(proposal),
            Standing::Signed => match self.succession.contradicted(&proposal).zip(maker) {
                None => self.succession.changes.keep_signed(proposal),
                Some((_, culprit)) if self.votes.proven.contains(&culprit) => {
                    return Err(Rejection::Replayed);
                }
                Some((other, culprit)) => {
                    // Two proposals of one member for one view: those who have one of them get the other.
                    let enclosure = self.phase.epoch().map(|epoch| epoch.enclosure().as_ref());
                    for one in [proposal, other] {
                        let out = &mut self.common.out;
                        out.answer_enclosed(&Packet::Proposal(one), enclosure);
                    }
                    self.strike_for_fault(&culprit);
                    self.note_cheat(now, culprit, FaultKind::Equivocation);
                }
            },
        }
        Ok(())
    }

    /// Takes part in the proposal of this view when all that it rests on was heard.
    pub(super) fn consider_changes(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let Some(view) = self.phase.change().map(|change| change.view) else {
            return;
        };
        if self.succession.current.is_some() {
            return;
        }
        self.succession.changes.go_to(view);
        for proposal in self.succession.changes.take_unknown() {
            // By now it may be known whose it is.
            let _rejected = self.sort_in(now, proposal);
        }
        if self.succession.changes.signed(view).is_some() {
            self.extend_view(now);
        }
        for proposal in self.succession.changes.of_view(view) {
            match self.judge(now, &proposal) {
                Ok(part) => {
                    self.succession.changes.clear();
                    self.take_part(now, proposal, part, rng);
                    return;
                }
                Err(Verdict::Wait) => {
                    self.pass_on_left_out(now, &proposal);
                    // Who made it up can list what is not there: none is judged by other offers than those.
                    let stated = self.situation(now).map(|it| it.stated_offers());
                    let stated = stated.unwrap_or_default();
                    let offers = proposal.offers.iter().copied();
                    let offers = offers.filter(|offer| stated.contains(offer));
                    let cx = &mut self.common.at(now);
                    self.lobby.request_missing(cx, offers);
                    let later = now.after(cx.me.times().round_trip);
                    cx.timers.set_earlier(Timer::Change, later);
                    continue;
                }
                Err(Verdict::Ask(_) | Verdict::Refuse(_)) => {}
                Err(Verdict::Bar(offer)) => self.lobby.offering.spend([offer]),
                Err(Verdict::Roster(error)) => self.lobby.bar_undecodable(&proposal.offers, &error),
            }
            self.succession.changes.remove(&proposal);
        }
    }
}
