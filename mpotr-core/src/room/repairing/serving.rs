//! What others miss, and this member sends again. `docs/spec/06-epochs.md`, "Anyone repairs".

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::lots::{HELPER_AFTER, Question, bytes_of, moment};
use crate::room::Room;
use crate::room::context::Context;
use crate::room::lobby::Lobby;
use crate::room::lobby::answering::Answer;
use crate::room::succession::pending::Claim;
use crate::time::Timestamp;
use crate::wire::{Missing, Packet, Request, SidHint, Wanted};

impl<S: CryptoSuite> Lobby<S> {
    /// A member lacks statements that this one holds, of its epoch or of the one before.
    pub(crate) fn plan_statements(
        &mut self,
        cx: &mut Context<'_, S>,
        (asker, number): (MemberIndex, u32),
        (me, members): (MemberIndex, usize),
        (lacking, answer): (&[MemberIndex], impl Fn(MemberIndex) -> Answer),
    ) {
        let seed = [bytes_of(asker).as_slice(), &number.to_be_bytes()].concat();
        let question = Question {
            seed: &seed,
            me,
            members,
        };
        let round_trip = cx.me.times().round_trip;
        for author in lacking {
            if let Some(turn) = question.turn(cx.now, round_trip, *author) {
                self.answering.plan(cx.now, answer(*author), turn);
            }
        }
        self.wait_for_turn(cx);
    }

    /// Another has sent something again, or for the first time.
    pub(crate) fn overhear(&mut self, cx: &mut Context<'_, S>, answer: Answer) {
        if self.answering.awaits(&answer) {
            self.was_given(cx, answer);
        }
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Packets of a run are asked for, by anyone: of a run that is under way here, or that has led to this member's epoch.
    pub(crate) fn hear_missing(&mut self, now: Timestamp, missing: &Missing) {
        let drain = self.common.me.times().drain;
        let member = self.phase.member();
        let own = member.filter(|member| member.certificate.hint == missing.run);
        if own.is_some_and(|member| !member.is_anyone_behind(now, drain)) {
            // An outsider asks for it, or who has gone another way since.
            return;
        }
        let Some((me, members)) = self.place_in(missing.run) else {
            return self.note_missed(now, missing.run);
        };
        let current = self.succession.current.as_ref();
        if current.is_some_and(|current| current.hint == missing.run) {
            let first = missing.contributions.iter().map(|author| (1, author));
            let second = missing.confirmations.iter().map(|author| (2, author));
            let round_trip = self.common.me.times().round_trip;
            let overheard = &mut self.succession.overheard;
            overheard.note(now, round_trip, first.chain(second));
            self.overhear_missing(now, [&missing.contributions, &missing.confirmations]);
        }
        let request = Request {
            room: self.common.me.config.room,
            wanted: Wanted::Rounds(missing.clone()),
        };
        let seed = Packet::Request(request).to_bytes();
        let question = Question {
            seed: &seed,
            me,
            members,
        };
        let round_trip = self.common.me.times().round_trip;
        for (round, authors) in [(1, &missing.contributions), (2, &missing.confirmations)] {
            for author in authors.iter().take(members) {
                let answer = Answer::Round(Claim {
                    run: missing.run,
                    round,
                    sender: author,
                });
                if let Some(turn) = question.turn(now, round_trip, author)
                    && self.held_packet(answer).is_some()
                {
                    self.lobby.answering.plan(now, answer, turn);
                }
            }
        }
        self.lobby.wait_for_turn(&mut self.common.at(now));
    }

    /// The proposal of a run is asked for, by anyone.
    pub(crate) fn hear_proposal_missing(&mut self, now: Timestamp, run: SidHint) {
        self.overhear_proposal_missing(now, run);
        let Some((me, members)) = self.place_in(run) else {
            return;
        };
        let answer = Answer::Proposal(run);
        if self.held_packet(answer).is_none() {
            return;
        }
        let seed = now.as_millis().to_be_bytes();
        let question = Question {
            // Each draws by itself: of many that hold it, a few are soon.
            seed: &[run.as_bytes().as_slice(), &seed].concat(),
            me,
            members,
        };
        let round_trip = self.common.me.times().round_trip;
        let author = self.proposer_in(run).unwrap_or(me);
        let turn = if author == me {
            // As a rule it alone has it.
            let (least, more) = HELPER_AFTER;
            Some(now.after(moment(round_trip, least, more, self.own_lot())))
        } else {
            question.turn(now, round_trip, author)
        };
        if let Some(turn) = turn {
            self.lobby.answering.plan(now, answer, turn);
            self.lobby.wait_for_turn(&mut self.common.at(now));
        }
    }
}
