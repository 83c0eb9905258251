//! What members show first in an epoch that others have come into by a light run. `docs/spec/14-light-runs.md`, "In a room".

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{FaultKind, MemberIndex};

use super::Room;
use super::lobby::answering::Answer;
use super::membership::Membership;
use super::membership::asked::Owed;
use super::membership::strikes::{ENOUGH, Missing};
use super::repairing::Question;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::{MissingJoin, Packet, Request, Wanted};

/// What is missing is asked for after so many quarters of a round trip.
const FIRST_QUESTION: u32 = 6;

impl<S: CryptoSuite> Membership<S> {
    /// Whether a member shows nobody what it committed to, as far as this one can tell: two strikes for that.
    pub(super) fn withholds(&self, member: MemberIndex) -> bool {
        self.changing.strikes.given(member) >= ENOUGH && self.epoch.unopened().contains(&member)
    }
}

impl<S: CryptoSuite> Room<S> {
    /// The epoch begins: this member shows what it committed to, if others have come in.
    pub(super) fn open_own(&mut self, now: Timestamp) {
        #[cfg(feature = "insider")]
        if let Some((runs, epoch)) = self.succession.false_count.zip(self.phase.epoch_mut()) {
            epoch.count_falsely(runs);
        }
        #[cfg(feature = "insider")]
        if let Some(epoch) = self
            .phase
            .epoch_mut()
            .filter(|_| self.succession.spoils_tags)
        {
            epoch.spoil_tags();
        }
        let is_opening = self.phase.epoch().is_some_and(|it| it.is_opening());
        if is_opening {
            self.say_next();
            self.ask_for_openings_soon(now);
        }
    }

    /// Asks for what convinces this member of those in an epoch, the one that it is in and those that it comes into.
    pub(super) fn ask_all_for_openings(&mut self, now: Timestamp) {
        self.ask_for_openings(now);
        self.ask_inside_for_openings(now);
    }

    fn ask_for_openings_soon(&mut self, now: Timestamp) {
        let first = part(self.common.me.times().round_trip, 4).saturating_mul(FIRST_QUESTION);
        self.common.timers.begin_anew(Timer::Opening);
        self.common.timers.set(Timer::Opening, now.after(first));
    }

    /// A member lacks what this one committed to: it may have lost that.
    pub(super) fn hear_opening_asked(&mut self, now: Timestamp) {
        let round_trip = self.common.me.times().round_trip;
        let Some(member) = self.phase.member() else {
            return;
        };
        // What was said first is under way for so long.
        let is_under_way = now.since(member.talk.began) < round_trip;
        if member.epoch.is_opening() && !is_under_way {
            let answer = Answer::Statement(member.epoch.me());
            if !self.lobby.answering.was_just_given(now, &answer) {
                self.lobby
                    .answering
                    .was_sent(now, answer, part(round_trip, 2));
                self.say_next();
            }
        }
    }

    /// These have signed what opens nothing.
    pub(super) fn note_wrongly_opened(&mut self, now: Timestamp, members: Vec<MemberIndex>) {
        for member in members {
            let identity = self.phase.epoch().and_then(|it| it.identity(member));
            if let Some(identity) = identity {
                self.strike_for_fault(&identity);
                self.note_cheat(now, identity, FaultKind::WrongOpening);
            }
        }
    }

    /// Asks the others for what they committed to, and strikes those who were asked for long.
    fn ask_inside_for_openings(&mut self, now: Timestamp) {
        let times = *self.common.me.times();
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        let unopened = member.epoch.unopened();
        if unopened.is_empty() {
            return;
        }
        let mut struck = Missing::default();
        let began = member.talk.began;
        let asked = &mut member.openings_asked;
        for other in &unopened {
            // All others ask in the same way.
            asked.note(now, *other, Owed::Word, true);
            asked.overhear(*other);
            let is_enough = asked.is_enough(now, times.round_trip, *other, Owed::Word);
            // Of whom nothing is heard the network may keep all, and silence takes its own time.
            let is_heard = member.epoch.next_of(*other).is_some();
            if is_heard && is_enough && now.since(began) >= times.suspect {
                struck.all.insert(*other);
                struck.asked.insert(*other);
            }
        }
        if !struck.all.is_empty() {
            asked.go_on_with(&std::collections::BTreeSet::new());
            let members = member.epoch.members();
            // No view waits for what they commit to.
            let view = [began, began];
            member.changing.strikes.end_view(view, members, struck);
        }
        let is_withheld = unopened.iter().any(|it| member.withholds(*it));
        self.say_next();
        self.common.timers.note_repetition(Timer::Opening);
        let first = part(times.round_trip, 4).saturating_mul(FIRST_QUESTION);
        let wait = self.common.timers.backed_off(Timer::Opening, first);
        self.common.timers.set(Timer::Opening, now.after(wait));
        if is_withheld && self.phase.change().is_none() && self.votes.want_refresh() {
            self.common.timers.set(Timer::Change, now);
        }
    }

    /// One that has come into this epoch lacks what members committed to.
    pub(super) fn plan_openings(&mut self, now: Timestamp, missing: &MissingJoin) {
        let drain = self.common.me.times().drain;
        let round_trip = self.common.me.times().round_trip;
        let Some(member) = self.phase.member() else {
            return;
        };
        let is_of_epoch = member.name.as_bytes() == missing.handle.as_bytes();
        if !is_of_epoch || !member.is_anyone_behind(now, drain) {
            // An outsider asks, or one who has long come in.
            return;
        }
        let (me, members) = (member.epoch.me(), member.epoch.members());
        let request = Request {
            room: self.common.me.config.room,
            wanted: Wanted::Join(missing.clone()),
        };
        let seed = Packet::Request(request).to_bytes();
        let question = Question {
            seed: &seed,
            me,
            members,
        };
        for author in missing.openings.iter().take(members) {
            let later = if author == me {
                now
            } else {
                now.after(part(round_trip, 2))
            };
            let turn = question.turn(later, round_trip, author);
            if let Some(turn) = turn {
                self.lobby
                    .answering
                    .plan(now, Answer::Statement(author), turn);
            }
        }
        self.lobby.wait_for_turn(&mut self.common.at(now));
    }
}
