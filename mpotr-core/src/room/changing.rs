//! From one epoch to the next: joins, leaves, exclusions, time-outs and refreshes. `docs/spec/06-epochs.md`, "Changes".
//!
//! ```text
//! reason ─> view: everybody's fresh offer ─> proposal ─> contribute, freeze ─> the cut ─> confirm ─> install
//!             ^                                                                             │
//!             └──────────────────────── time is up: the next view ──────────────────────────┘
//! ```
//!
//! All that members say about a change they say inside the epoch that ends ([`Next`]). What to do follows from what was
//! said, so one function looks at it all whenever something new is known, and takes each step that is due.

use std::collections::BTreeSet;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Digest32, IdentityKey, Secret, SignatureBytes};
use mpotr_gka::{Beacon, Member, OfferDigest, Run, Sid};

use super::Room;
use super::agreeing::Attempt;
use crate::config::Rule;
use crate::epoch::Epoch;
use crate::error::Rejection;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Handle, MAX_WISHES, Packet, Presence, Proposal, Wish};

/// The most proposals of a change that wait for what they rest on.
const MAX_PROPOSALS: usize = 8;

/// A change under way.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) view: u32,
    /// When the change began.
    began: Timestamp,
}

/// Why a proposal is not taken part in.
enum Verdict {
    /// Not yet: what it rests on has not been heard.
    Wait,
    /// Never.
    Refuse,
}

impl<S: CryptoSuite> Room<S> {
    /// Asks that an identity be let in, as far as the policy asks for this member's word. One that was left out by a vote is
    /// welcome again.
    pub fn admit(&mut self, now: Timestamp, identity: IdentityKey) {
        self.banned.remove(&identity);
        self.wish(now, Wish::Admit(identity));
    }

    /// Asks that a member be left out of the next epoch, as far as the policy asks for this member's word.
    pub fn exclude(&mut self, now: Timestamp, identity: IdentityKey) {
        if identity != self.identity.public() {
            self.wish(now, Wish::Exclude(identity));
        }
    }

    /// Asks for an epoch with fresh keys.
    pub fn refresh(&mut self, now: Timestamp) {
        self.wish(now, Wish::Refresh);
    }

    fn wish(&mut self, now: Timestamp, wish: Wish) {
        if self.wishes.len() < MAX_WISHES && self.wishes.insert(wish) && self.epoch.is_some() {
            // A vote counts when the others have heard it.
            self.say_next(now);
        }
        self.timers.set(Timer::Change, now);
    }

    /// Takes every step of a change that is due.
    pub(super) fn drive(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if self.epoch.is_none() || self.has_said_goodbye() {
            return;
        }
        self.vote_on_candidates(now);
        if self.change.is_none() {
            if !self.wants_change(now) {
                return;
            }
            self.enter_view(now, 0, rng);
        }
        self.catch_up(now, rng);
        self.propose_change(now, rng);
        self.consider_changes(now, rng);
        self.advance_run(now, rng);
        if self.others_have_gone() {
            self.timers
                .set_if_idle(Timer::Abandon, now.after(self.config.timers.adopt));
        }
    }

    /// Whether this member has sent its last message: what follows is for the others to agree.
    fn has_said_goodbye(&self) -> bool {
        self.epoch
            .as_ref()
            .is_some_and(|epoch| !epoch.is_present(epoch.me()))
    }

    /// Asks for the admission of those who wait, where this member admits whoever may come.
    fn vote_on_candidates(&mut self, now: Timestamp) {
        let admission = &self.config.admission;
        let waiting = self.joiners(now, |identity| admission.admits(identity));
        for (identity, _) in waiting {
            if self.wishes.len() < MAX_WISHES {
                self.wishes.insert(Wish::Admit(identity));
            }
        }
    }

    /// Whether there is a reason for another epoch.
    fn wants_change(&self, now: Timestamp) -> bool {
        let Some(epoch) = &self.epoch else {
            return false;
        };
        let others = || (0..epoch.members()).filter(|member| *member != epoch.me());
        let gone = others().any(|member| epoch.is_closed(member));
        let asked = others().any(|member| {
            let said = epoch.next_of(member);
            said.is_some_and(|next| next.installed.is_none() && next.offer.is_some())
        });
        let joins = !self.admitted(now).is_empty();
        let excludes = self
            .present()
            .into_iter()
            .filter_map(|member| epoch.identity(member))
            .any(|identity| self.is_excluded(&identity));
        gone || asked || joins || excludes || self.wishes.contains(&Wish::Refresh)
    }

    /// Members that still take part, by index.
    fn present(&self) -> Vec<usize> {
        let Some(epoch) = &self.epoch else {
            return Vec::new();
        };
        (0..epoch.members())
            .filter(|member| epoch.is_present(*member) && !self.has_installed(*member))
            .collect()
    }

    /// Whether a wish has the votes that a rule asks for. Who is to be left out has no vote on it.
    fn has_votes(&self, wish: &Wish, rule: &Rule) -> bool {
        let Some(epoch) = &self.epoch else {
            return false;
        };
        let voters: Vec<_> = (0..epoch.members())
            .filter(|member| epoch.is_present(*member))
            .filter(|member| {
                if *member == epoch.me() {
                    self.wishes.contains(wish)
                } else {
                    epoch
                        .next_of(*member)
                        .is_some_and(|next| next.wishes.contains(wish))
                }
            })
            .filter_map(|member| epoch.identity(member))
            .filter(|identity| *wish != Wish::Exclude(*identity))
            .collect();
        match rule {
            Rule::Anyone => !voters.is_empty(),
            Rule::Quorum(votes) => voters.len() >= usize::from(*votes),
            Rule::Founders(founders) => voters.iter().any(|voter| founders.contains(voter)),
        }
    }

    pub(super) fn is_excluded(&self, identity: &IdentityKey) -> bool {
        self.has_votes(&Wish::Exclude(*identity), &self.config.policy.exclude)
    }

    /// Those outside with an offer that was heard lately, the newest of each.
    fn joiners(
        &self,
        now: Timestamp,
        admits: impl Fn(&IdentityKey) -> bool,
    ) -> Vec<(IdentityKey, OfferDigest)> {
        let Some(epoch) = &self.epoch else {
            return Vec::new();
        };
        let inside: BTreeSet<_> = self
            .present()
            .into_iter()
            .filter_map(|m| epoch.identity(m))
            .collect();
        let fresh = self.config.timers.advertise.saturating_mul(3);
        let outside = |identity: &IdentityKey| {
            !inside.contains(identity)
                && !self.banned.contains(identity)
                && !self.offering.is_stalling(identity, now)
                && admits(identity)
        };
        self.offering
            .others(now, fresh, Beacon::new(*self.handle.as_bytes()), outside)
            .into_iter()
            .collect()
    }

    /// Those outside whom the policy lets in.
    fn admitted(&self, now: Timestamp) -> Vec<(IdentityKey, OfferDigest)> {
        let rule = &self.config.policy.admit;
        self.joiners(now, |identity| {
            self.has_votes(&Wish::Admit(*identity), rule)
                && !self.is_excluded(identity)
                && self.config.admission.admits(identity)
        })
    }

    /// Enters a view: a fresh offer, and a word about it inside the epoch.
    pub(super) fn enter_view(&mut self, now: Timestamp, view: u32, rng: &mut dyn CryptoRng) {
        self.set_aside(now);
        if self.leaving && self.confirmed.is_none() {
            // No run binds this member any more: it says its last word, and the others go on without it.
            if let Some(epoch) = &mut self.epoch {
                epoch.thaw(false);
            }
            self.timers.stop(Timer::View);
            self.flush_queue(now);
            return;
        }
        self.offering
            .renew(now, Beacon::new(*self.handle.as_bytes()), &self.known, rng);
        let own = self
            .offering
            .own()
            .map(|own| (own.digest, own.member.offer().clone()));
        let began = self.change.as_ref().map_or(now, |change| change.began);
        self.change = Some(Change { view, began });
        if let Some((_, offer)) = &own {
            self.transmit(&Packet::Offer(offer.clone()));
        }
        if let Some(epoch) = &mut self.epoch {
            epoch.thaw(self.confirmed.is_some());
            if let Some(next) = epoch.own_next() {
                next.view = view;
                next.offer = own.map(|(digest, _)| digest);
                next.proposed = None;
            }
        }
        self.say_next(now);
        self.retries = 0;
        let timers = &self.config.timers;
        let length = timers.propose.saturating_add(self.change_length(view));
        self.timers.set(Timer::View, now.after(length));
        self.timers
            .set(Timer::Change, now.after(part(timers.gather, 2)));
    }

    /// How long a view of a change lasts: it doubles with every round of all members, up to eight times.
    fn change_length(&self, view: u32) -> Duration {
        let members = self.epoch.as_ref().map_or(1, Epoch::members);
        let round = u32::try_from(members)
            .ok()
            .and_then(|members| view.checked_div(members));
        let doublings = round.unwrap_or(0).min(3);
        self.config
            .timers
            .view
            .saturating_mul(2_u32.saturating_pow(doublings))
    }

    /// States what this member says about the next epoch.
    pub(super) fn say_next(&mut self, now: Timestamp) {
        let wishes: Vec<_> = self.wishes.iter().copied().collect();
        let Some(epoch) = &mut self.epoch else { return };
        if let Some(next) = epoch.own_next() {
            next.wishes = wishes;
        }
        self.transmits
            .extend(epoch.seal_statement(Presence::Present));
        self.after_epoch(now);
    }

    /// Goes to the view in which at least half of the others are.
    fn catch_up(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let (Some(epoch), Some(change)) = (&self.epoch, &self.change) else {
            return;
        };
        let mut views: Vec<_> = self
            .present()
            .into_iter()
            .filter(|member| *member != epoch.me())
            .map(|member| epoch.next_of(member).map_or(0, |next| next.view))
            .collect();
        views.sort_unstable();
        let behind = views
            .len()
            .checked_div(2)
            .and_then(|half| views.get(half))
            .copied();
        if let Some(view) = behind.filter(|view| *view > change.view) {
            self.enter_view(now, view, rng);
        }
    }

    /// The proposer of a view: the members of the old roster take turns, from one that its handle picks.
    fn proposer_of(&self, view: u32) -> Option<usize> {
        let members = u64::try_from(self.epoch.as_ref()?.members()).ok()?;
        let first = self
            .handle
            .as_bytes()
            .first_chunk()
            .map(|bytes| u64::from_be_bytes(*bytes))?;
        let turn = first.checked_rem(members)?.checked_add(u64::from(view))?;
        usize::try_from(turn.checked_rem(members)?).ok()
    }

    /// Whether a member may be left out of a roster, and if so, whether for a reason that needs no waiting.
    fn may_be_left_out(&self, now: Timestamp, member: usize) -> bool {
        let (Some(epoch), Some(change)) = (&self.epoch, &self.change) else {
            return false;
        };
        let is_excluded = epoch
            .identity(member)
            .is_some_and(|identity| self.is_excluded(&identity));
        let spoke = epoch
            .next_of(member)
            .is_some_and(|next| next.view >= change.view);
        let suspect = now >= self.suspect_at(member, change);
        !epoch.is_present(member)
            || self.has_installed(member)
            || is_excluded
            || (!spoke && suspect)
    }

    /// When a member may be left out for having said nothing.
    fn suspect_at(&self, member: usize, change: &Change) -> Timestamp {
        let spoke = self.spoke.get(&member).copied().unwrap_or(change.began);
        spoke.max(change.began).after(self.config.timers.suspect)
    }

    /// The offer of a member for this view, if it has said so and the offer is at hand.
    fn offer_of(&self, member: usize) -> Option<OfferDigest> {
        let view = self.change.as_ref()?.view;
        let next = self
            .epoch
            .as_ref()?
            .next_of(member)
            .filter(|next| next.view == view)?;
        next.offer.filter(|_| next.installed.is_none())
    }

    /// Proposes, if it is this member's turn and everyone who should be heard has been.
    fn propose_change(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let (Some(epoch), Some(change)) = (&self.epoch, &self.change) else {
            return;
        };
        let me = epoch.me();
        let proposed = epoch
            .next_of(me)
            .is_some_and(|next| next.proposed.is_some());
        if self.proposer_of(change.view) != Some(me) || proposed || self.attempt.is_some() {
            return;
        }
        let joiners = self.admitted(now);
        let timers = &self.config.timers;
        let gathered = self
            .proposing
            .news()
            .after(timers.gather)
            .min(change.began.after(timers.gather.saturating_mul(4)));
        if !joiners.is_empty() && now < gathered {
            self.timers.set_earlier(Timer::Change, gathered);
            return;
        }
        let mut offers: Vec<_> = joiners.into_iter().map(|(_, offer)| offer).collect();
        let mut missing = Vec::new();
        for member in self.present() {
            let excluded = epoch.identity(member).is_some_and(|i| self.is_excluded(&i));
            match self.offer_of(member) {
                _ if excluded => {}
                Some(offer) if self.offering.member(&offer).is_some() => offers.push(offer),
                Some(offer) => missing.push(offer),
                None if self.may_be_left_out(now, member) => {}
                None => {
                    let suspect = self.suspect_at(member, change);
                    self.timers
                        .set_earlier(Timer::Change, suspect.max(now.after(timers.gather)));
                    return;
                }
            }
        }
        if !missing.is_empty() {
            self.timers
                .set_earlier(Timer::Change, now.after(timers.retry));
            self.request(missing);
            return;
        }
        offers.sort_unstable();
        self.propose_roster(now, offers, rng);
    }

    fn propose_roster(
        &mut self,
        now: Timestamp,
        offers: Vec<OfferDigest>,
        rng: &mut dyn CryptoRng,
    ) {
        let (Some(change), Some(own)) = (&self.change, self.offering.own()) else {
            return;
        };
        let Some(proposer) = offers.iter().position(|digest| *digest == own.digest) else {
            return;
        };
        let members: Vec<_> = offers
            .iter()
            .filter_map(|digest| self.offering.member(digest).cloned())
            .collect();
        let proposal = Proposal {
            suite: S::ID,
            room: self.config.room,
            parent: self.handle,
            handle: Handle::new(*Secret::random(rng).expose()),
            view: change.view,
            policy: self.config.policy.clone(),
            proposer: u16::try_from(proposer).unwrap_or(u16::MAX),
            offers,
            signature: SignatureBytes::new([0; 64]),
        }
        .sign(own.secrets.ephemeral());
        let sid = proposal.sid::<S>(members.iter().map(Member::offer));
        if let Some(next) = self.epoch.as_mut().and_then(Epoch::own_next) {
            next.proposed = Some(sid);
        }
        self.changes.push(proposal);
        self.say_next(now);
    }

    /// Takes note of a proposal for the epoch that follows this member's.
    pub(super) fn note_change(
        &mut self,
        now: Timestamp,
        proposal: Proposal,
    ) -> Result<(), Rejection> {
        let view = self.change.as_ref().map_or(0, |change| change.view);
        if proposal.view < view {
            return Err(Rejection::StaleView);
        }
        if self.changes.contains(&proposal) {
            return Err(Rejection::Replayed);
        }
        // Anyone can name the epoch; its next proposal carries the signature of the member whose turn it is.
        if proposal.view == view && !self.may_be_of_proposer(&proposal) {
            return Err(Rejection::NotAuthentic);
        }
        if self.changes.len() >= MAX_PROPOSALS {
            // The oldest gives way: its maker repeats it if it counts.
            self.changes.remove(0);
        }
        self.changes.push(proposal);
        self.timers.set(Timer::Change, now);
        Ok(())
    }

    /// Whether a proposal of this view can be that of the member whose turn it is, as far as that member has stated its
    /// offer.
    fn may_be_of_proposer(&self, proposal: &Proposal) -> bool {
        let stated = self
            .proposer_of(proposal.view)
            .and_then(|proposer| self.offer_of(proposer));
        let Some(stated) = stated else { return true };
        let maker = proposal.offers.get(usize::from(proposal.proposer));
        let key = self.offering.member(&stated).map(Member::verifying_key);
        maker == Some(&stated) && key.is_none_or(|key| proposal.is_authentic::<S>(key.as_ref()))
    }

    /// Takes part in the proposal of this view when all that it rests on was heard.
    fn consider_changes(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let Some(view) = self.change.as_ref().map(|change| change.view) else {
            return;
        };
        if self.attempt.is_some() {
            return;
        }
        self.changes.retain(|proposal| proposal.view >= view);
        let here: Vec<_> = self
            .changes
            .iter()
            .filter(|proposal| proposal.view == view)
            .cloned()
            .collect();
        for proposal in here {
            match self.judge(now, &proposal) {
                Ok((members, continuing)) => {
                    self.changes.clear();
                    self.contribute(now, proposal, members, continuing, rng);
                    return;
                }
                Err(Verdict::Wait) => {
                    let missing: Vec<_> = proposal
                        .offers
                        .iter()
                        .filter(|digest| self.offering.member(digest).is_none())
                        .copied()
                        .collect();
                    if !missing.is_empty() && now >= self.asked_for_offers {
                        self.asked_for_offers = now.after(self.config.timers.retry);
                        self.request(missing);
                    }
                    let later = now.after(self.config.timers.retry);
                    self.timers.set_earlier(Timer::Change, later);
                }
                Err(Verdict::Refuse) => self.changes.retain(|other| *other != proposal),
            }
        }
    }

    /// Whether this member takes part in a proposal: its members, and those of the old roster among them.
    fn judge(
        &self,
        now: Timestamp,
        proposal: &Proposal,
    ) -> Result<(Vec<Member<S>>, Vec<usize>), Verdict> {
        let refuse = || Err(Verdict::Refuse);
        let Some(epoch) = &self.epoch else {
            return refuse();
        };
        if proposal.suite != S::ID || proposal.policy != self.config.policy {
            return refuse();
        }
        if proposal
            .offers
            .iter()
            .any(|digest| self.offering.is_spent(digest))
        {
            return refuse();
        }
        let own = self.offering.own().ok_or(Verdict::Refuse)?;
        let Some(me) = proposal
            .offers
            .iter()
            .position(|digest| *digest == own.digest)
        else {
            return refuse();
        };
        let members: Option<Vec<_>> = proposal
            .offers
            .iter()
            .map(|digest| self.offering.member(digest).cloned())
            .collect();
        let members = members.ok_or(Verdict::Wait)?;
        // It is a message of the old epoch: its maker says so there, and so is each old member's offer.
        let proposer = self.proposer_of(proposal.view).ok_or(Verdict::Wait)?;
        let sid = proposal.sid::<S>(members.iter().map(Member::offer));
        let said = epoch.next_of(proposer).ok_or(Verdict::Wait)?;
        if said.proposed != Some(sid) {
            return Err(Verdict::Wait);
        }
        let key = members
            .get(usize::from(proposal.proposer))
            .and_then(Member::verifying_key);
        if self.offer_of(proposer) != proposal.offers.get(usize::from(proposal.proposer)).copied()
            || !proposal.is_authentic::<S>(key.as_ref())
        {
            return refuse();
        }
        let mut continuing = Vec::new();
        let mut linked = BTreeSet::new();
        for member in 0..epoch.members() {
            match self
                .offer_of(member)
                .filter(|offer| proposal.offers.contains(offer))
            {
                Some(offer) => {
                    continuing.push(member);
                    linked.insert(offer);
                }
                None if self.may_be_left_out(now, member) => {}
                None => return Err(Verdict::Wait),
            }
        }
        for (digest, member) in proposal.offers.iter().zip(&members) {
            let identity = member.offer().identity;
            if linked.contains(digest) {
                continue;
            }
            let inside = continuing
                .iter()
                .any(|old| epoch.identity(*old) == Some(identity));
            let is_banned = self.banned.contains(&identity);
            if inside || is_banned || !self.config.admission.admits(&identity) {
                return refuse();
            }
            if !self.has_votes(&Wish::Admit(identity), &self.config.policy.admit) {
                return Err(Verdict::Wait);
            }
        }
        Run::new(sid, members.clone(), me).map_err(|_roster| Verdict::Refuse)?;
        Ok((members, continuing))
    }

    fn contribute(
        &mut self,
        now: Timestamp,
        proposal: Proposal,
        members: Vec<Member<S>>,
        continuing: Vec<usize>,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(own) = self.offering.consume() else {
            return;
        };
        let me = proposal
            .offers
            .iter()
            .position(|digest| *digest == own.digest);
        let sid = proposal.sid::<S>(members.iter().map(Member::offer));
        let Some(Ok(run)) = me.map(|me| Run::new(sid, members, me)) else {
            return;
        };
        self.proposing
            .leave_view(now, proposal.parent, proposal.view);
        if let Some(epoch) = &mut self.epoch {
            epoch.freeze(sid);
        }
        let attempt =
            Attempt::start(proposal, run, &self.identity, own.secrets, rng).following(continuing);
        self.begin(now, attempt, rng);
        self.say_next(now);
        self.advance_run(now, rng);
    }

    /// Whether a member has said that it installed an epoch: it takes part in no other.
    fn has_installed(&self, member: usize) -> bool {
        let said = self.epoch.as_ref().and_then(|epoch| epoch.next_of(member));
        said.is_some_and(|next| next.installed.is_some())
    }

    /// Whether more than half of the others have said that they installed an epoch. A single one says so to no effect.
    pub(super) fn others_have_gone(&self) -> bool {
        let Some(epoch) = &self.epoch else {
            return false;
        };
        let gone = (0..epoch.members())
            .filter(|member| self.has_installed(*member))
            .count();
        gone.saturating_mul(2) > epoch.members().saturating_sub(1)
    }

    /// The digest of the cut of a run, when it is delivered here: not before does this member confirm.
    pub(super) fn cut_of(&mut self, run: Sid, continuing: &[usize]) -> Option<Digest32> {
        self.epoch.as_mut()?.cut(run, continuing)
    }

    /// Whether all who continue have confirmed a run with this cut, and nothing more was delivered here since.
    pub(super) fn is_agreed(&self, run: Sid, continuing: &[usize], cut: Digest32) -> bool {
        let Some(epoch) = &self.epoch else {
            return false;
        };
        epoch.cut_digest(run) == cut
            && continuing.iter().all(|member| {
                let said = epoch.next_of(*member).and_then(|next| next.confirmed);
                said == Some((run, cut))
            })
    }
}
