//! At the door of an epoch: knock, challenge, answer. `docs/spec/06-epochs.md`, "Newcomers".
//!
//! ```text
//! newcomer ─> knock ─> challenge of a member, for one view ─> offer, with the proof who made it ─> stated inside the epoch
//! ```
//!
//! Nothing of a stranger is a vote, a timer or a place in a roster before it has answered.

mod asking_in;
mod outside;
mod refused;

use std::collections::BTreeSet;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::light::{Handle, OwnHello};
use mpotr_gka::{Challenge, OwnChallenge};

use super::Room;
use super::lobby::answering::MAX_RANK;
use super::situation::Situation;
use crate::epoch::Epoch;
use crate::error::Rejection;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Admitted, Answer, Knock, Packet};

/// A newcomer answers the challenges of an epoch once in this part of `gather`, and a member sends its own again as often.
const BETWEEN_ANSWERS: u32 = 2;
/// A challenge is sent so many times in the time between two offers, at most: with 150 bytes each, 450 in all.
const CHALLENGES: u32 = 3;

/// What a member has to say of newcomers.
struct OwnWord {
    /// Whom it states, if they have shown who they are.
    fitting: BTreeSet<IdentityKey>,
    /// Whom others let in, where that takes its word, too.
    seconded: Vec<Admitted>,
    /// Who has shown it that it would come in, and is not let in by its word.
    waiting: Vec<IdentityKey>,
}

impl<S: CryptoSuite> Situation<'_, S> {
    /// The place of this member among those who open the door for the view: its proposer comes first.
    fn rank_at_door(&self) -> u32 {
        self.turns_before().min(MAX_RANK)
    }

    /// Whether this member opens the door, no matter who else does: the first does so, and beside it one of the others after the other,
    /// for some time each. What newcomers say to one member no other reads, so one that states nobody would keep all of them out.
    fn goes_by_no_other(&self) -> bool {
        let own = self.turns_before();
        own == 0 || own == self.second_at_door()
    }

    /// Whose turn it is to open the door beside the first, by how many views come before its own; 0 if nobody has for now.
    fn second_at_door(&self) -> u32 {
        let members = u32::try_from(self.epoch().members()).unwrap_or(u32::MAX);
        let since = self.member.strangers.open_since;
        let open = since.map_or(Duration::ZERO, |since| self.now.since(since));
        let each = self.me.times().advertise.as_millis();
        let turn = open.as_millis().checked_div(each);
        let turn = turn.and_then(|it| it.checked_rem(u128::from(members)));
        turn.and_then(|it| u32::try_from(it).ok()).unwrap_or(0)
    }

    /// So many views come before that in which this member proposes.
    fn turns_before(&self) -> u32 {
        let members = u32::try_from(self.epoch().members()).unwrap_or(u32::MAX);
        let first = self.proposer_of(self.view());
        let first = first.map_or(0, |first| u32::from(first.get()));
        let me = u32::from(self.epoch().me().get());
        let turns = members.saturating_add(me).saturating_sub(first);
        turns.checked_rem(members).unwrap_or(0)
    }
}

impl<S: CryptoSuite> Room<S> {
    /// One from outside wants to come in. Who gathers makes an offer; who has an epoch opens its door, if newcomers are
    /// let in by now.
    pub(super) fn handle_knock(&mut self, now: Timestamp, knock: &Knock) -> Result<(), Rejection> {
        if knock.room != self.common.me.config.room {
            return Err(Rejection::OtherRoom);
        }
        if self.phase.gathers() {
            self.advertise_soon(now);
            return Ok(());
        }
        self.lobby.newcomers.note_knock(now);
        if self.opens_door(now) {
            self.plan_challenge(now);
        } else {
            self.tell_newcomers(now, knock.nonce.as_bytes());
        }
        Ok(())
    }

    /// Sends a challenge when it is this member's turn.
    pub(super) fn plan_challenge(&mut self, now: Timestamp) {
        let Some(situation) = self.situation(now) else {
            return;
        };
        let times = self.common.me.times();
        let rank = situation.rank_at_door();
        if rank > 0 && situation.change().is_some() {
            // Each view of a change is its proposer's.
            return;
        }
        let strangers = &situation.member.strangers;
        let (sent, pause) = if rank > 0 && situation.goes_by_no_other() {
            // It comes to the hellos of the first, so it is one alone.
            (strangers.asked, times.advertise)
        } else {
            (strangers.sent, part(times.advertise, CHALLENGES))
        };
        let first = sent.map_or(now, |sent| sent.after(pause).max(now));
        let turn = first.after(part(times.gather, 2).saturating_mul(rank));
        self.common.timers.set_if_idle(Timer::Door, turn);
    }

    /// Opens the door: asks those who want to come in who they are. One of these answers what it was asked a moment ago.
    pub(super) fn challenge(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if self.phase.gathers() {
            self.answer_waiting(now, rng);
            return;
        }
        if !self.opens_door(now) {
            return;
        }
        let Some(situation) = self.situation(now) else {
            return;
        };
        // For a light run it asks for the view in which it would propose: who has shown it who it is others cannot list.
        let is_light = situation.joins_light();
        let view = if is_light {
            situation.view().saturating_add(situation.turns_before())
        } else {
            situation.view()
        };
        let me = &self.common.me;
        let identity = &*me.identity;
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        let (room, name) = (me.config.room, member.name);
        let draw = || {
            let hello = is_light.then(|| {
                let mut handle = [0; 16];
                rng.fill_bytes(&mut handle);
                OwnHello::draw(Handle::new(handle), identity, rng)
            });
            let light = hello.as_ref().map(|own| *own.hello());
            let challenge = OwnChallenge::draw_for(room, name, view, light, identity, rng);
            (challenge, hello)
        };
        member.strangers.expire(now);
        member.strangers.ask_anew(is_light);
        let round_trip = me.times().round_trip;
        let challenge = member.strangers.challenge(now, round_trip, view, draw);
        member.strangers.asked = Some(now);
        member.strangers.be_opened(now, me.times().fresh());
        let applicants = member.strangers.applicants();
        let until = applicants.and_then(|it| it.lasts_until());
        if let Some(until) = until {
            self.common.timers.set_earlier(Timer::Change, until);
        }
        self.common.out.transmit(&Packet::Hello(challenge));
    }

    /// Another member opens the door of this epoch, or so it seems: this one does not then, unless it goes by no other.
    fn overhear(&mut self, now: Timestamp, challenge: &Challenge) -> Result<(), Rejection> {
        if self.phase.name() != Some(challenge.epoch) {
            return Err(Rejection::UnknownEpoch);
        }
        let Some(situation) = self.situation(now) else {
            return Err(Rejection::UnknownEpoch);
        };
        let (view, goes_by_no_other) = (situation.view(), situation.goes_by_no_other());
        // Who comes later in turn asks for its own view.
        let own = situation.turns_before();
        let is_before = |turns: u32| turns < own || (turns == 0 && own == 0);
        let is_of_view = challenge.light.map_or(challenge.view == view, |_| {
            challenge.view.checked_sub(view).is_some_and(is_before)
        });
        if !is_of_view {
            return Err(Rejection::StaleView);
        }
        let keeps_from_asking = !goes_by_no_other && self.common.timers.at(Timer::Door).is_some();
        if keeps_from_asking {
            // Junk keeps nobody from asking.
            challenge.check::<S>().ok_or(Rejection::NotAuthentic)?;
        }
        let fresh = self.common.me.times().fresh();
        if let Some(member) = self.phase.member_mut() {
            member.strangers.hear(challenge.key);
            if keeps_from_asking {
                member.strangers.be_opened(now, fresh);
                self.common.timers.stop(Timer::Door);
            }
        }
        Ok(())
    }

    /// A newcomer has answered: the member that asked keeps it, all others the offer, for a proposal that may list it.
    pub(super) fn handle_answer(
        &mut self,
        now: Timestamp,
        answer: Answer,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        let offer = &answer.offer;
        if offer.room != self.common.me.config.room {
            return Err(Rejection::OtherRoom);
        }
        if offer.parent.is_none() || offer.parent != self.phase.name() {
            return Err(Rejection::UnknownEpoch);
        }
        let claimed = offer.identity;
        if claimed == self.common.me.public() {
            let (parent, member) = (offer.parent, self.phase.member());
            let cx = &mut self.common.at(now);
            self.lobby.note_double(cx, member, parent, rng);
            return Err(Rejection::OwnIdentity);
        }
        let Some(member) = self.phase.member_mut() else {
            return Err(Rejection::UnknownEpoch);
        };
        let is_inside = member.place_of(&claimed).is_some();
        self.lobby.offering.note_heard(now, &claimed);
        let is_to_another = member.strangers.is_of_another(&answer);
        if is_to_another {
            self.challenge_again(now, &claimed);
        }
        let Some(member) = self.phase.member_mut() else {
            return Err(Rejection::UnknownEpoch);
        };
        let offer = answer.offer.clone();
        let is_kept = member.strangers.take(now, answer, rng.next_u64())?;
        if !is_inside {
            self.tell_waiting(now, claimed);
        }
        let epoch = self.phase.epoch();
        let stated = || epoch.map(Epoch::stated_offers).unwrap_or_default();
        self.lobby.offering.hear_beside(now, offer, stated)?;
        if is_kept {
            // Those who come together are stated together.
            self.lobby.turns.heard(now);
            let soon = now.after(part(self.common.me.times().gather, 4));
            self.common.timers.set_earlier(Timer::Change, soon);
        }
        Ok(())
    }

    /// One who is outside has answered another than this member, which has asked, too. That may be another member, which states
    /// it; or nobody who is inside, and a newcomer that is asked all the time answers few of those who ask.
    fn challenge_again(&mut self, now: Timestamp, claimed: &IdentityKey) {
        let pause = part(self.common.me.times().gather, BETWEEN_ANSWERS);
        let is_wanted = |it: &Situation<'_, S>| {
            it.takes_newcomers()
                && it.may_state(claimed)
                && !it.answered().iter().any(|it| it.identity == *claimed)
        };
        let sent = self.phase.member().and_then(|it| it.strangers.sent);
        let again = sent.unwrap_or(now).after(pause).max(now);
        let planned = self.common.timers.at(Timer::Door);
        let is_planned = planned.is_some_and(|at| at <= again);
        if !is_planned && self.succession.current.is_none() && self.is_so(now, is_wanted) {
            self.common.timers.set(Timer::Door, again);
        }
    }

    /// Takes note of other instances of members that are stated. If it is this member's own identity, it objects, and both
    /// persons are told.
    pub(super) fn see_twins(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let me = self.common.me.public();
        let stated = self.situation(now).map(|situation| situation.answered());
        let suspect = self.common.me.times().suspect;
        let Some((member, stated)) = self.phase.member_mut().zip(stated) else {
            return;
        };
        if stated.is_empty() {
            return;
        }
        member.note_twins(now, &stated, suspect);
        if member.object(&me, &stated) {
            let parent = Some(member.name);
            self.say_next();
            let cx = &mut self.common.at(now);
            let member = self.phase.member();
            self.lobby.note_double(cx, member, parent, rng);
        }
        let next = self.situation(now).and_then(|it| it.next_replacement());
        if let Some(next) = next {
            self.common.timers.set_earlier(Timer::Change, next);
        }
        self.end_objected(now);
    }

    /// Asks for fresh keys where another instance waits that may not take the place of its dead one yet: in that change the dead
    /// one is left out for silence.
    pub(super) fn end_silence(&mut self, now: Timestamp) {
        let is_due = self.phase.change().is_none() && self.is_so(now, |it| it.is_silence_due());
        if is_due && self.votes.want_refresh() {
            self.say_next();
        }
    }

    /// A run in which another instance would take the place of a member that objects to it is over, unless this member has
    /// confirmed it.
    fn end_objected(&mut self, now: Timestamp) {
        let current = self.succession.current.as_ref();
        let Some((attempt, member)) = current.zip(self.phase.member()) else {
            return;
        };
        if attempt.continuing.is_some() && !attempt.has_confirmed() && member.objects_to(attempt) {
            self.phase.cut_short();
            self.common.timers.set(Timer::View, now);
        }
    }

    /// Asks newcomers that knocked in the epoch before, or when none was let in.
    fn ask_who_knocked(&mut self, now: Timestamp) {
        let fresh = self.common.me.times().fresh();
        let is_anybody_there = self.lobby.newcomers.are_there(now, fresh);
        let newcomers = &self.lobby.newcomers;
        let is_unasked = |it: &Situation<'_, S>| {
            let sent = it.member.strangers.sent;
            sent.is_none_or(|sent| newcomers.have_knocked_since(sent))
        };
        if is_anybody_there && self.opens_door(now) && self.is_so(now, is_unasked) {
            self.plan_challenge(now);
        } else if is_anybody_there && !newcomers.may_come(now) {
            let until = newcomers.until();
            self.common.timers.set_earlier(Timer::Change, until);
        }
    }

    /// States whom this member lets in, as far as it goes by its word: who has answered its challenge; and for a policy that asks
    /// for more than one word, whom another says to have answered. It follows from what is at hand, and is kept nowhere.
    pub(super) fn state_admitted(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if self.succession.current.is_some()
            || self.succession.light.is_some()
            || self.departure.is_asked
        {
            return;
        }
        self.ask_who_knocked(now);
        self.open_requests(now, rng);
        self.meet_through_others(now);
        self.ask_for_own_view(now);
        let Some(word) = self.own_word(now) else {
            return;
        };
        let known = &self.common.me.known;
        let fresh = self.common.me.times.fresh();
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        let fits = |identity: &IdentityKey| word.fitting.contains(identity);
        let mut admitted = member.strangers.proven(known, fits);
        if let Some(applicants) = member.strangers.applicants() {
            let opened: Vec<_> = applicants.opened(now, fresh).collect();
            // Another instance of a member is asked for an answer.
            let is_new = |it: &Admitted| member.place_of(&it.identity).is_none();
            let opened = opened.into_iter();
            admitted.extend(opened.filter(|it| fits(&it.identity) && is_new(it)));
        }
        for offer in member.strangers.offers() {
            // At hand when it is listed, however many others came meanwhile.
            let stated = || member.epoch.stated_offers();
            let _known_by_now = self.lobby.offering.hear_beside(now, offer.clone(), stated);
        }
        // Whom a member objects to is not asked about again.
        admitted.retain(|it| !member.is_objected(&it.identity, &it.offer));
        admitted.extend(word.seconded);
        #[cfg(feature = "insider")]
        admitted.extend(&member.strangers.invented);
        let admitted = admitted.into_iter().take(crate::wire::MAX_ADMITTED);
        self.say_admitted(admitted.collect(), word.waiting);
    }

    /// States these, if that is news.
    fn say_admitted(&mut self, admitted: Vec<Admitted>, waiting: Vec<IdentityKey>) {
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        let said = member.epoch.next_of(member.epoch.me());
        let is_said = said.map_or(&[][..], |next| &next.admitted) == admitted
            && said.map_or(&[][..], |next| &next.joins.waiting) == waiting;
        if !is_said && let Some(next) = member.epoch.own_next() {
            next.admitted = admitted;
            next.joins.waiting = waiting;
            self.say_next();
        }
    }

    /// What this member has to say of those who have answered it, and of those whom others let in.
    fn own_word(&mut self, now: Timestamp) -> Option<OwnWord> {
        let fresh = self.common.me.times().fresh();
        let mut fitting = self.phase.member_mut()?.strangers.claimed(now, fresh);
        let situation = self.situation(now)?;
        let unheard = situation.unheard();
        let takes_any = situation.takes_newcomers();
        let (newcomers, me) = (&self.lobby.newcomers, self.common.me.public());
        fitting.retain(|identity| takes_any && situation.may_state(identity));
        let waits_until = |it: &IdentityKey| newcomers.waits_until(now, it, &me);
        let next = fitting.iter().filter_map(waits_until).min();
        fitting.retain(|identity| waits_until(identity).is_none());
        // Who was there when others failed the room goes first.
        if fitting.iter().any(|identity| newcomers.is_alive(identity)) {
            fitting.retain(|identity| newcomers.is_alive(identity));
        }
        let seconded = if takes_any {
            situation.to_second()
        } else {
            Vec::new()
        };
        // Persons who are asked hear of it from all who know.
        let opened = situation.member.strangers.opened_now().into_iter();
        let waits = |it: &IdentityKey| !situation.may_state(it);
        let waiting: BTreeSet<_> = opened.filter(waits).collect();
        if let Some(next) = next {
            self.common.timers.set_earlier(Timer::Change, next);
        }
        if takes_any {
            self.lobby
                .request_missing(&mut self.common.at(now), unheard);
        }
        Some(OwnWord {
            fitting,
            seconded,
            waiting: waiting.into_iter().collect(),
        })
    }

    /// Tells the application of those who have shown other members that they would come in.
    fn meet_through_others(&mut self, now: Timestamp) {
        let met = self.situation(now).map(|situation| {
            let others = situation.present();
            let others = others.filter_map(|it| situation.epoch().next_of(it));
            let met = others.flat_map(|next| {
                let admitted = next.admitted.iter().map(|it| &it.identity);
                admitted.chain(&next.joins.waiting)
            });
            let met = met.copied();
            let met = met.filter(|it| situation.member.place_of(it).is_none());
            met.collect::<BTreeSet<_>>()
        });
        let met = met.unwrap_or_default();
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        // What was stated long ago is no news.
        let news: Vec<_> = met
            .difference(&member.met_through_others)
            .copied()
            .collect();
        member.met_through_others = met;
        let me = self.common.me.public();
        for claimed in news {
            if claimed != me {
                self.lobby.offering.note_heard(now, &claimed);
                self.tell_waiting(now, claimed);
            }
        }
    }

    /// A member of an epoch asks who wants to come in.
    pub(super) fn handle_hello(
        &mut self,
        now: Timestamp,
        challenge: &Challenge,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        if challenge.room != self.common.me.config.room {
            return Err(Rejection::OtherRoom);
        }
        if self.phase.gathers() {
            self.answer_hello(now, challenge, rng)
        } else {
            self.overhear(now, challenge)
        }
    }
}
