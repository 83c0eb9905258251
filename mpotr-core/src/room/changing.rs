//! From one epoch to the next: joins, leaves, exclusions, time-outs and refreshes. `docs/spec/06-epochs.md`, "Changes".
//!
//! ```text
//! reason ─> view: each with a fresh offer ─> proposal ─> contribute, freeze ─> the cut ─> confirm ─> install
//!             ^                                                                             │
//!             └──────────────────────── time is up: the next view ──────────────────────────┘
//! ```
//!
//! All that members say about a change they say inside the epoch that ends ([`Next`](crate::wire::Next)). What to do follows
//! from what was said, so one function looks at it all whenever something new is known, and takes each step that is due.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Digest32};
use mpotr_gka::{MemberIndex, OfferDigest, Sid};

use super::Room;
use super::adopting::Contributed;
use super::light::LightViews;
use super::membership::Membership;
use super::membership::asked::Asked;
use super::membership::strikes::{ENOUGH, Strikes};
use super::outbox::Outbox;
use super::situation::Situation;
use super::votes::Votes;
use crate::config::Timers;
use crate::event::Event;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{EpochName, Presence};

/// A change under way.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) view: u32,
    /// When the change began.
    pub(super) began: Timestamp,
    /// When this member entered the view.
    pub(super) entered: Timestamp,
    /// When a proposal for the view was seen first.
    pub(super) proposed: Option<Timestamp>,
    /// Until when it goes on, once there is one.
    pub(super) until: Timestamp,
    /// When it went on because others had, last.
    pub(super) followed: Option<Timestamp>,
    /// Whether the view ends for another reason than that its time is over.
    pub(super) is_cut_short: bool,
    /// Whether it waits for a SEED, and this member has made no offer for it.
    pub(super) is_light: bool,
}

/// For this part of a round trip a member that has followed others into a view stays in it, whatever they state: each view costs
/// an offer and a statement of all.
const STAYS: u32 = 2;

/// For so many round trips it is left to the proposer to begin a change for newcomers alone: longer than it asks for them itself.
const LEFT_TO_PROPOSER: u32 = 8;

/// A view of which this part of the time goes by has failed, no matter who ends it: the pace was too quick. A shorter one says
/// nothing about the carrier.
pub(super) const PART_THAT_COUNTS: u32 = 2;

/// A run that moves on puts the end of its view off, until so many times the length of one have passed since its proposal came.
const MOST_VIEWS: u32 = 2;

/// What a member knows of the way from its epoch to the next.
#[derive(Debug, Default)]
pub(super) struct Changing {
    /// The change under way.
    pub(super) change: Option<Change>,
    /// The runs for the epoch that follows to which this member contributed.
    pub(super) contributed: Vec<Contributed>,
    /// Members for want of whom views failed.
    pub(super) strikes: Strikes,
    /// What was asked for in this view.
    pub(super) asked: Asked,
    /// How the views of light runs have ended.
    pub(super) light: LightViews,
    /// The epoch into which this one was to go over when the change began.
    pub(super) for_move: Option<EpochName>,
    /// Whether the others were heard to go on while there were the votes to leave this member out. What they say later, of whom some
    /// are out as well, changes nothing in that.
    pub(super) is_put_out: bool,
    /// Members whose word this one has passed on in this view, since a proposal leaves them out.
    pub(super) relayed: BTreeSet<MemberIndex>,
    /// When a member said something about the next epoch last, by index.
    spoke: BTreeMap<MemberIndex, Timestamp>,
}

impl Changing {
    /// These members have said something new about the next epoch.
    pub(super) fn have_spoken(&mut self, now: Timestamp, members: Vec<MemberIndex>) {
        for member in members {
            self.spoke.insert(member, now);
        }
    }

    /// When a member said something about the next epoch last.
    pub(super) fn spoke_at(&self, member: MemberIndex) -> Option<Timestamp> {
        self.spoke.get(&member).copied()
    }
}

impl Change {
    /// There is a proposal in this view: until when it goes on, if a view has this length.
    pub(super) fn extend(&mut self, now: Timestamp, view: Duration) -> Timestamp {
        let proposed = *self.proposed.get_or_insert(now);
        self.go_on_until(view, proposed.after(part(view, 2)))
    }

    /// There is a SEED in this view, and answers to it are missing: it goes on until then at least.
    pub(super) fn answered_by(&mut self, now: Timestamp, least: Timestamp) -> Timestamp {
        self.proposed.get_or_insert(now);
        self.until = self.until.max(least);
        self.until
    }

    /// The run of this view has moved on: the same. Who is on a slow line, and takes one step after the other, is not given up
    /// between two of them.
    pub(super) fn move_on(&mut self, now: Timestamp, view: Duration) -> Timestamp {
        let proposed = *self.proposed.get_or_insert(now);
        let latest = proposed.after(view.saturating_mul(MOST_VIEWS));
        let least = now.after(part(view, 2)).min(latest);
        self.go_on_until(view, least)
    }

    /// It goes on for so long, and until then at least.
    pub(super) fn go_on_until(&mut self, view: Duration, least: Timestamp) -> Timestamp {
        self.until = self.until.max(least).max(self.entered.after(view));
        self.until
    }
}

impl<S: CryptoSuite> Situation<'_, S> {
    /// Whether there is a reason for another epoch.
    pub(super) fn wants_change(&self) -> bool {
        let epoch = self.epoch();
        if epoch.members() == 1 {
            // Who is alone looks for others, and has no use for another epoch without them.
            return false;
        }
        let mut others = epoch.other_members();
        let asked = others.any(|member| {
            let said = epoch.next_of(member);
            said.is_some_and(|next| next.installed.is_none() && next.offer.is_some())
        });
        let is_any_let_in = || !self.admitted().is_empty();
        asked || self.wants_own_change() || is_any_let_in() || self.wants_merge()
    }

    /// Whether others than the proposer of the view that would begin leave it to that one to begin a change: newcomers are the only
    /// reason, and come in by a light run.
    fn is_for_proposer(&self) -> bool {
        let first = self.first_view_from(0);
        !self.wants_change() && self.proposer_of(first) != Some(self.epoch().me())
    }
}

impl<S: CryptoSuite> Membership<S> {
    /// States what this member says about the next epoch.
    pub(super) fn say_next(&mut self, out: &mut Outbox, votes: &Votes) {
        if let Some(next) = self.epoch.own_next() {
            next.votes = votes.cast.iter().cloned().collect();
        }
        out.state(self.epoch.seal_statement(Presence::Present));
    }

    /// Enters a view, with an offer for it.
    pub(super) fn enter_view(
        &mut self,
        change: Change,
        offer: Option<OfferDigest>,
        has_confirmed: bool,
        times: &Timers,
    ) {
        if self.changing.change.is_none() {
            self.changing.strikes.begin_change();
        }
        self.epoch.thaw(has_confirmed);
        // It rises: what is below was left.
        let _entered = self.epoch.enter(change.view);
        self.strangers.go_to(change.view);
        if let Some(next) = self.epoch.own_next() {
            if next.view != change.view {
                // Who has answered has done so for one view, and that may be a later one.
                let strangers = &self.strangers;
                next.admitted.retain(|it| strangers.has_proven(it));
            }
            next.view = change.view;
            next.offer = offer;
            next.proposed = None;
            let strikes = &self.changing.strikes;
            next.struck = strikes.struck().collect();
            let is_enough =
                |it: &MemberIndex| strikes.of(*it, change.entered, times.suspect) >= ENOUGH;
            next.struck_twice = strikes.struck().filter(is_enough).collect();
        }
        self.changing.relayed.clear();
        self.changing.change = Some(change);
    }

    /// Whether all who continue have confirmed a run with this cut.
    pub(super) fn is_agreed(&self, run: Sid, continuing: &[MemberIndex], cut: Digest32) -> bool {
        self.epoch.cut_digest(run) == Some(cut)
            && continuing.iter().all(|member| {
                let said = self.epoch.next_of(*member);
                said.is_some_and(|next| next.confirmed.contains(&(run, cut)))
            })
    }
}

impl<S: CryptoSuite> Room<S> {
    /// A change begins: takes note of the room that this member would go over into. When all have said what they vote for, it may
    /// be that there is no such room.
    fn note_wanted_move(&mut self, now: Timestamp) {
        let situation = self.situation(now);
        let host = situation.and_then(|it| it.next_host());
        if let Some(member) = self.phase.member_mut() {
            member.changing.for_move = host;
        }
    }

    /// Whether there is a reason for another epoch. The proposer may refuse the newcomers that others would let in, and say so, or
    /// list them at once, and the others hear of both: they begin a change for them if it does neither.
    fn is_change_due(&mut self, now: Timestamp) -> bool {
        let members = |it: &Situation<'_, S>| it.epoch().members() > 1;
        let are_any = |it: &Situation<'_, S>| members(it) && !it.joining().is_empty();
        let are_joining = self.is_so(now, are_any);
        let is_for_proposer = self.is_so(now, |it| it.is_for_proposer());
        let is_any_reason = are_joining || self.is_so(now, |it| it.wants_change());
        let patience = self
            .common
            .me
            .times()
            .round_trip
            .saturating_mul(LEFT_TO_PROPOSER);
        let Some(member) = self.phase.member_mut() else {
            return false;
        };
        let since = member.strangers.joining_since.filter(|_| are_joining);
        let since = since.unwrap_or(now);
        member.strangers.joining_since = are_joining.then_some(since);
        if !is_any_reason || !is_for_proposer {
            return is_any_reason;
        }
        let until = since.after(patience);
        if now < until {
            self.common.timers.set_earlier(Timer::Change, until);
        }
        now >= until
    }

    /// Takes every step of a change that is due.
    pub(super) fn advance_change(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if self.phase.member().is_none_or(Membership::has_said_goodbye) {
            return;
        }
        self.state_admitted(now, rng);
        self.see_twins(now, rng);
        self.end_silence(now);
        self.see_refused(now);
        self.end_refused_light(now, rng);
        self.plan_call(now);
        self.consider_seeds(now, rng);
        if self.phase.change().is_none() {
            if self.is_change_due(now) {
                self.note_wanted_move(now);
                let view = self.first_view(now, 0);
                self.enter_view(now, view, rng);
            } else if self.is_so(now, |situation| situation.member.goes_over.is_none()) {
                self.await_successor(now);
                return;
            }
        }
        self.follow_others(now, rng);
        if self.succession.current.is_none()
            && self.succession.light.is_none()
            && let Some(view) = self.phase.change().map(|change| change.view)
        {
            let first = self.first_view(now, view);
            if first > view {
                self.enter_view(now, first, rng);
            }
        }
        if self.succession.waits_for_newcomers() && self.is_so(now, |it| it.wants_own_change()) {
            // What members want goes first.
            let view = self.phase.change().map_or(0, |change| change.view);
            self.phase.cut_short();
            self.enter_view(now, view.saturating_add(1), rng);
        }
        self.join_full_view(now, rng);
        self.note_installed(now);
        self.forsake();
        let have_others_gone = self.await_successor(now);
        match self.waits_until().filter(|until| now < *until) {
            Some(until) => {
                self.common.timers.set_earlier(Timer::Change, until);
                self.begin_light_view_at(until);
            }
            // Who is left alone by that follows them, and begins nothing without them.
            None if have_others_gone => {}
            None if self.phase.change().is_some_and(|change| change.is_light) => {
                self.propose_light(now, rng);
            }
            None => {
                self.propose_change(now, rng);
                self.consider_changes(now, rng);
            }
        }
        self.advance_runs(now, rng);
        self.advance_light(now, rng);
        self.await_host(now);
    }

    /// Whether the others have gone on: what this member has missed of that may come until it asks to be let in again.
    fn await_successor(&mut self, now: Timestamp) -> bool {
        let have_others_gone = self.is_so(now, |situation| situation.others_have_gone());
        let is_put_out = self.is_so(now, |situation| situation.is_put_out());
        if let Some(member) = self.phase.member_mut() {
            member.changing.is_put_out = is_put_out;
        }
        if have_others_gone {
            let later = now.after(self.common.me.times().adopt);
            self.common.timers.set_if_idle(Timer::Abandon, later);
        }
        have_others_gone
    }

    /// Goes on to the view that most of the others have come to, or that its proposer has not left; not at once, if it has
    /// just done so.
    fn follow_others(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let is_free = self.succession.current.is_none();
        let view = self.situation(now).and_then(|situation| {
            let of_proposer = || situation.view_of_proposer().filter(|_| is_free);
            situation.later_view().or_else(of_proposer)
        });
        let Some((view, change)) = view.zip(self.phase.change()) else {
            return;
        };
        let stays = part(self.common.me.times().round_trip, STAYS);
        let until = change.followed.map(|followed| followed.after(stays));
        if let Some(until) = until.filter(|until| now < *until) {
            self.common.timers.set_earlier(Timer::Change, until);
            return;
        }
        self.enter_view(now, view, rng);
        if let Some(change) = self.phase.change_mut() {
            change.followed = Some(now);
        }
    }

    /// The view is over without an epoch: who was silent is left out of what this member proposes next.
    pub(super) fn end_view(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if self.is_so(now, |situation| situation.is_left_alone()) {
            self.be_removed(now, Event::Removed);
        } else if let Some(view) = self.phase.change().map(|change| change.view) {
            self.enter_view(now, view.saturating_add(1), rng);
        } else if self.phase.gathers() {
            self.end_gathering(now);
        } else {
            self.end_guest_run(now);
        }
    }
}
