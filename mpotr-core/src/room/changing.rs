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

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Digest32};
use mpotr_gka::{Beacon, OfferDigest, Sid};

use super::Room;
use crate::epoch::Epoch;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Packet, Presence, Wish};

/// A change under way.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) view: u32,
    /// When the change began.
    pub(super) began: Timestamp,
    /// When this member entered the view.
    pub(super) entered: Timestamp,
}

impl<S: CryptoSuite> Room<S> {
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
        self.note_installed(now);
        self.forsake();
        match self.waits_until().filter(|until| now < *until) {
            Some(until) => self.timers.set_earlier(Timer::Change, until),
            None => {
                self.propose_change(now, rng);
                self.consider_changes(now, rng);
            }
        }
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
        let other_policy = self.wants_other_policy();
        gone || asked || joins || excludes || other_policy || self.wishes.contains(&Wish::Refresh)
    }

    /// Enters a view: a fresh offer, and a word about it inside the epoch.
    pub(super) fn enter_view(&mut self, now: Timestamp, view: u32, rng: &mut dyn CryptoRng) {
        self.set_aside(now);
        let mut began = self.change.as_ref().map_or(now, |change| change.began);
        if self.leaving && self.confirmed.is_empty() {
            // No run binds this member any more: it says its last word, and the others go on without it. If it has more to
            // say than may be on its way at one time, it takes part until it has.
            if let Some(epoch) = &mut self.epoch {
                epoch.thaw(false);
            }
            self.timers.stop(Timer::View);
            began = self.change.take().map_or(now, |change| change.began);
            self.seal_waiting(now);
            if self.ended || self.has_said_goodbye() {
                return;
            }
        }
        self.renew_offer(now, Beacon::new(*self.handle.as_bytes()), rng);
        let own = self
            .offering
            .own()
            .map(|own| (own.digest, own.member.offer().clone()));
        self.change = Some(Change {
            view,
            began,
            entered: now,
        });
        if let Some((_, offer)) = &own {
            self.transmit(&Packet::Offer(offer.clone()));
        }
        if let Some(epoch) = &mut self.epoch {
            epoch.thaw(!self.confirmed.is_empty());
            if let Some(next) = epoch.own_next() {
                next.view = view;
                next.offer = own.map(|(digest, _)| digest);
                next.proposed = None;
            }
        }
        self.say_next();
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
    pub(super) fn say_next(&mut self) {
        let wishes: Vec<_> = self.wishes.iter().cloned().collect();
        let Some(epoch) = &mut self.epoch else { return };
        if let Some(next) = epoch.own_next() {
            next.wishes = wishes;
        }
        self.transmits
            .extend(epoch.seal_statement(Presence::Present));
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
    pub(super) fn proposer_of(&self, view: u32) -> Option<usize> {
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
    pub(super) fn may_be_left_out(&self, now: Timestamp, member: usize) -> bool {
        let (Some(epoch), Some(change)) = (&self.epoch, &self.change) else {
            return false;
        };
        let is_excluded = epoch
            .identity(member)
            .is_some_and(|identity| self.is_excluded(&identity));
        let spoke = epoch
            .next_of(member)
            // A member without an offer has not entered a view: it has stated wishes, perhaps long ago.
            .is_some_and(|next| next.offer.is_some() && next.view >= change.view);
        let suspect = now >= self.suspect_at(member, change);
        !epoch.is_present(member)
            || self.has_installed(member)
            || is_excluded
            || self.unserved.may_be_left_out(member)
            || (!spoke && suspect)
    }

    /// When a member may be left out for having said nothing. Views grow longer than that, and a member speaks when it enters
    /// one: however long ago it spoke last, half of the shortest view is left for what it says about this one.
    pub(super) fn suspect_at(&self, member: usize, change: &Change) -> Timestamp {
        let spoke = self.spoke.get(&member).copied().unwrap_or(change.began);
        let timers = &self.config.timers;
        let silent = spoke.max(change.began).after(timers.suspect);
        silent.max(change.entered.after(part(timers.view, 2)))
    }

    /// The offer of a member for this view, if it has said so and the offer is at hand.
    pub(super) fn offer_of(&self, member: usize) -> Option<OfferDigest> {
        let view = self.change.as_ref()?.view;
        let next = self
            .epoch
            .as_ref()?
            .next_of(member)
            .filter(|next| next.view == view)?;
        next.offer.filter(|_| next.installed.is_none())
    }

    /// Whether a member has said that it installed an epoch: it takes part in no other.
    pub(super) fn has_installed(&self, member: usize) -> bool {
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
        epoch.cut_digest(run) == Some(cut)
            && continuing.iter().all(|member| {
                let said = epoch.next_of(*member);
                said.is_some_and(|next| next.confirmed.contains(&(run, cut)))
            })
    }
}
