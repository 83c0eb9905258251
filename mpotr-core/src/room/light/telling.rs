//! What members say to those who come in by a light run, and ask of them. `docs/spec/14-light-runs.md`, "In a room".

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::MemberIndex;
use mpotr_gka::light::Handle;

use super::LightRun;
use crate::room::Room;
use crate::room::lobby::answering::Answer;
use crate::room::repairing::Question;
use crate::time::{Timestamp, part};
use crate::wire::{MemberBits, MissingJoin, Packet, Request, Wanted};

impl<S: CryptoSuite> LightRun<S> {
    pub(super) fn handle(&self) -> Handle {
        self.seed.body().terms.handle
    }

    /// Those who come in, by their places.
    pub(super) fn joining(&self) -> impl Iterator<Item = (MemberIndex, IdentityKey)> {
        let first = self.staying().len();
        let offers = self.seed.body().offers.iter().enumerate();
        offers.map(move |(place, offer)| {
            (MemberIndex::of(first.saturating_add(place)), offer.identity)
        })
    }
}

impl<S: CryptoSuite> Room<S> {
    /// CUT is made: tells those who come in by it.
    pub(in crate::room) fn say_welcome(&mut self) {
        let run = self.succession.light.as_mut();
        let run = run.filter(|run| run.is_proposer() && !run.joiners.is_told);
        let Some(run) = run.filter(|run| run.joiners.welcomes().next().is_some()) else {
            return;
        };
        run.joiners.is_told = true;
        for welcome in run.joiners.welcomes() {
            let packet = Packet::Welcome(Box::new(welcome.clone()));
            self.common.out.transmit(&packet);
        }
    }

    /// Asks for what is missing of those who come in.
    pub(in crate::room) fn ask_joiners(&mut self, now: Timestamp, number: u8) {
        let pause = part(self.common.me.times().round_trip, 2);
        let Some(run) = self.succession.light.as_mut() else {
            return;
        };
        let readies = run.awaited_joiners();
        // The others leave it to the one who proposes, at first, and to each other.
        let is_early = number == 0 && !run.is_proposer() && !run.has_any_shared();
        let is_asked = run.joiners.asked.is_some_and(|at| now.since(at) < pause);
        if readies.is_empty() || is_early || is_asked {
            return;
        }
        run.joiners.asked = Some(now);
        if run.is_proposer() {
            // What tells them who is there may be lost.
            for welcome in run.joiners.welcomes() {
                let packet = Packet::Welcome(Box::new(welcome.clone()));
                self.common.out.answer(&packet);
            }
        }
        let wanted = Wanted::Join(MissingJoin {
            handle: run.handle(),
            number,
            welcome: None,
            readies,
            openings: MemberBits::default(),
        });
        let room = self.common.me.config.room;
        self.common
            .out
            .transmit(&Packet::Request(Request { room, wanted }));
    }

    /// Sends what one has shown who comes in, unless that one or another member does.
    pub(in crate::room) fn plan_readies(&mut self, now: Timestamp, missing: &MissingJoin) {
        let Some(epoch) = self.phase.epoch() else {
            return;
        };
        let (me, members) = (epoch.me(), epoch.members());
        let seed = Packet::Request(Request {
            room: self.common.me.config.room,
            wanted: Wanted::Join(missing.clone()),
        });
        let seed = seed.to_bytes();
        let question = Question {
            seed: &seed,
            me,
            members,
        };
        let step = part(self.common.me.times().round_trip, 2);
        for place in missing.readies.iter().take(members.saturating_add(1)) {
            let answer = Answer::Ready(missing.handle, place);
            // The one whose it is answers at once.
            let later = now.after(step);
            let turn = question.turn(later, step, place);
            if let Some(turn) = turn.filter(|_| self.held_ready(missing.handle, place).is_some()) {
                self.lobby.answering.plan(now, answer, turn);
            }
        }
        self.lobby.wait_for_turn(&mut self.common.at(now));
    }

    /// What one has shown who comes in, as it was sent.
    pub(in crate::room) fn held_ready(
        &self,
        handle: Handle,
        place: MemberIndex,
    ) -> Option<Vec<u8>> {
        let run = self.succession.light.as_ref();
        let run = run.filter(|run| run.handle() == handle)?;
        let ready = run.joiners.ready_of(place)?.clone();
        Some(Packet::Ready(Box::new(ready)).to_bytes())
    }
}
