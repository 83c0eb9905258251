//! How a member enters a view of a change. `docs/spec/06-epochs.md`, "Changes".

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_gka::OfferDigest;
use mpotr_gka::light::ViewEnd;

use super::Room;
use super::changing::{Change, PART_THAT_COUNTS};
use super::membership::Membership;
use super::situation::Situation;
use crate::epoch::Epoch;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::Packet;

impl<S: CryptoSuite> Room<S> {
    /// Whether the view has failed for want of time.
    fn has_view_failed(&self, now: Timestamp) -> bool {
        self.phase.change().is_some_and(|change| {
            // Without a deadline it is over.
            let end = self.common.timers.at(Timer::View).unwrap_or(now);
            let least = part(end.since(change.entered), PART_THAT_COUNTS);
            !change.is_cut_short && now.since(change.entered) >= least
        })
    }

    /// The first view from this one on whose proposer takes part.
    pub(super) fn first_view(&self, now: Timestamp, view: u32) -> u32 {
        let situation = self.situation(now);
        situation.map_or(view, |situation| situation.first_view_from(view))
    }

    /// Enters a view, or the first after it whose proposer takes part: with a fresh offer, and a word about it inside the epoch; or
    /// as one of a light run, without.
    pub(super) fn enter_view(&mut self, now: Timestamp, view: u32, rng: &mut dyn CryptoRng) {
        self.enter_view_after(now, view, None, rng);
    }

    /// The same, where the view before has ended like this if it was one of a light run.
    pub(super) fn enter_view_after(
        &mut self,
        now: Timestamp,
        view: u32,
        how: Option<ViewEnd>,
        rng: &mut dyn CryptoRng,
    ) {
        let has_failed = self.has_view_failed(now);
        let is_any_struck = self.judge_view(now);
        self.set_aside_for(now, how);
        self.leave_light_view(now, how);
        let view = self.first_view(now, view);
        let change = self.phase.change();
        let is_first = change.is_none();
        let began = change.map_or(now, |change| change.began);
        let followed = change.and_then(|change| change.followed);
        // Who begins a change asks all, and who has heard one since the last view.
        let entered = change.map(|change| change.entered);
        let pulse = &mut self.common.pulse;
        let is_any_heard = entered.is_none_or(|at| pulse.silence.was_broken_since(at));
        if is_first {
            pulse.silence.end(now);
        }
        let member = self.phase.member();
        let has_confirmed = !self.succession.confirmed.is_empty()
            || member.is_some_and(|member| member.changing.has_confirmed());
        if self.departure.is_asked && !has_confirmed && self.leaves_change(now) {
            return;
        }
        // Where a member was struck, or all the others have answered, a smaller roster is on its way: who says nothing makes
        // nobody slower.
        let member = self.phase.member();
        let is_any_silent = member.is_some_and(|it| it.changing.light.is_any_silent());
        if has_failed && !is_any_struck && !is_any_silent {
            self.common.pulse.have_failed();
            self.common.keep_pace();
        }
        let is_light = self.goes_light(now);
        let change = Change {
            view,
            began,
            entered: now,
            proposed: None,
            until: now,
            followed,
            is_cut_short: false,
            is_light,
        };
        let offer = if is_light {
            None
        } else {
            self.renew_own(now, rng)
        };
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        member.enter_view(change, offer, has_confirmed, self.common.me.times());
        if is_any_heard {
            self.common.timers.begin_anew(Timer::Retry);
        }
        self.await_proposal_of_view(now);
        if !is_light || !is_first {
            self.say_next();
        }
        let fresh = self.common.me.times().fresh();
        let is_my_turn =
            |it: &Situation<'_, S>| view > 0 && it.takes_newcomers() && it.is_my_turn(view);
        if self.lobby.newcomers.are_there(now, fresh) && self.is_so(now, is_my_turn) {
            self.plan_challenge(now);
        }
    }

    /// The view has begun: what is there to be asked for, and until when.
    fn await_proposal_of_view(&mut self, now: Timestamp) {
        let times = self.common.me.times();
        let length = times.proposal();
        let soon = now.after(part(times.gather, 2));
        self.succession.missed.clear();
        self.common.timers.set(Timer::View, now.after(length));
        self.common.timers.set(Timer::Change, soon);
        self.ask_later(now);
        self.common.timers.stop(Timer::Door);
    }

    /// Until then this member takes part in no run: a view of a light one has its time from there on, and ends there if this member
    /// has answered in it, for it does so once.
    pub(super) fn begin_light_view_at(&mut self, until: Timestamp) {
        let end = until.after(self.common.me.times().view);
        let end = self
            .common
            .timers
            .at(Timer::View)
            .map_or(end, |at| at.max(end));
        let is_idle = self.succession.light.is_none();
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        let changing = &mut member.changing;
        let view = changing.change.as_ref().map(|change| change.view);
        let is_over = is_idle && view.is_some_and(|view| changing.has_contributed_from(view));
        let change = changing.change.as_mut();
        let change = change.filter(|it| it.is_light && it.entered < until);
        if let Some(change) = change {
            change.entered = until;
            let end = if is_over { until } else { end };
            self.common.timers.set(Timer::View, end);
        }
    }

    /// Makes an offer for a view of the change, and publishes it among the members.
    fn renew_own(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) -> Option<OfferDigest> {
        let member = self.phase.member()?;
        let parent = Some(member.name);
        self.lobby.renew_offer(&self.common.me, now, parent, rng);
        let own = self.lobby.offering.own(parent)?;
        let offer = own.member.offer().clone();
        let enclosure = member.epoch.enclosure();
        let out = &mut self.common.out;
        out.transmit_enclosed(&Packet::Offer(offer), enclosure);
        Some(own.digest)
    }

    /// The view that this member is in turns out to be one of a full run: it makes an offer for it, too.
    pub(super) fn offer_in_view(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let offer = self.renew_own(now, rng);
        if let Some(change) = self.phase.change_mut() {
            change.is_light = false;
        }
        if let Some(next) = self.phase.epoch_mut().and_then(Epoch::own_next) {
            next.offer = offer;
        }
        self.common.timers.begin_anew(Timer::Retry);
        self.await_proposal_of_view(now);
        self.say_next();
    }

    /// No run binds this member, which leaves: it says its last word, and the others go on without it. If it has more to say
    /// than may be on its way at one time, it takes part until it has. Returns whether it has said all.
    fn leaves_change(&mut self, now: Timestamp) -> bool {
        let Some(member) = self.phase.member_mut() else {
            return true;
        };
        member.epoch.thaw(false);
        member.changing.change = None;
        self.common.timers.stop(Timer::View);
        self.seal_waiting(now);
        let member = self.phase.member();
        member.is_none_or(Membership::has_said_goodbye)
    }
}
