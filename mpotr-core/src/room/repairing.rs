//! What is missing of a run and of what members have said, and who sends it again. `docs/spec/06-epochs.md`, "Anyone repairs".
//!
//! A member that waits for packets asks for those that are missing, by name. Any member that holds one may send it
//! again, as it was sent: two of them do so at once, drawn by lot, the author a little later, three more after that,
//! and nobody who has heard another do it. So what is lost comes again from where it is, and once.

mod holding;
mod lots;
mod serving;

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

pub(super) use lots::Question;
use lots::{AHEAD, AHEAD_LOT, FIRST_QUESTION, LOTS, QUESTION_LOT, lot, moment, next_question};

use super::Room;
use super::lobby::answering::Answer;
use super::membership::asked::Owed;
use super::situation::Situation;
use super::succession::attempt::Attempt;
use super::succession::pending::Claim;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::{MemberBits, Missing, Packet, Presence, Request, SidHint, Wanted};

/// Each question after so many asks for what is missing, though others have just asked for that.
const ASKS_ITSELF: u8 = 3;
/// In a run of so many a question comes with what its maker has sent in that run.
const FEW: usize = 4;

/// What a member asks for at one moment.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// Contributions and confirmations of the run under way, by the places of their senders.
    pub(super) rounds: [MemberBits; 2],
    /// The newest statements of these members.
    pub(super) words: MemberBits,
}

impl<S: CryptoSuite> Situation<'_, S> {
    /// Members that take part in a change and whose word for its next step was not heard here.
    fn lacking(&self, attempt: Option<&Attempt<S>>, is_late: impl Fn(u32) -> bool) -> MemberBits {
        let (epoch, Some(change)) = (self.epoch(), self.change()) else {
            return MemberBits::default();
        };
        let says_more = |member: &MemberIndex| !epoch.has_said_last_word(*member);
        let others = self.present().filter(says_more);
        let others = others.filter(|member| *member != epoch.me());
        let Some(attempt) = attempt.filter(|attempt| attempt.proposal.view == change.view) else {
            let proposer = self.proposer_of(change.view);
            let has_proposed = |member: MemberIndex| {
                let said = epoch.next_of(member);
                said.is_some_and(|next| next.proposed.is_some())
            };
            // The proposer needs the word of all, the others at first that of the proposer.
            let needs_all = proposer == Some(epoch.me()) || is_late(change.view);
            let is_lacking = |member: &MemberIndex| {
                if Some(*member) == proposer {
                    !has_proposed(*member)
                } else {
                    needs_all && self.offer_for(change.view, *member).is_none()
                }
            };
            return others.filter(is_lacking).collect();
        };
        let run = attempt.run().sid();
        let continuing = attempt.continuing.iter().flatten().copied();
        let is_lacking = |member: &MemberIndex| {
            let Some(said) = epoch.next_of(*member) else {
                return true;
            };
            if said.installed.is_some() {
                return false;
            }
            let has_confirmed = said.confirmed.iter().any(|(other, _)| *other == run);
            if attempt.has_confirmed() {
                !has_confirmed
            } else {
                !has_confirmed && said.frozen.is_none_or(|(other, _)| other != run)
            }
        };
        continuing
            .filter(|member| *member != epoch.me())
            .filter(is_lacking)
            .collect()
    }
}

impl<S: CryptoSuite> Room<S> {
    /// A step of a run or of a change begins: what is missing of it is asked for when it could be there.
    pub(super) fn ask_later(&mut self, now: Timestamp) {
        self.common.timers.begin_anew(Timer::Ask);
        self.common.pulse.silence.begin_step(now);
        self.succession.awaited.clear();
        self.plan_question(now, FIRST_QUESTION);
    }

    /// Others are seen to be further: what they have is asked for soon.
    pub(super) fn ask_soon(&mut self, now: Timestamp) {
        let round_trip = self.common.me.times().round_trip;
        let soon = moment(round_trip, AHEAD, AHEAD_LOT, self.own_lot());
        self.common.timers.set_earlier(Timer::Ask, now.after(soon));
    }

    fn plan_question(&mut self, now: Timestamp, after: u32) {
        let times = self.common.me.times();
        let wait = moment(times.round_trip, after, QUESTION_LOT, self.own_lot());
        let wait = wait.max(self.common.pulse.silence.pause_in_step(now, times));
        self.common.timers.set(Timer::Ask, now.after(wait));
    }

    /// Another with each question.
    fn own_lot(&self) -> u32 {
        let asked = self.common.timers.repetitions(Timer::Ask);
        let key = self.common.me.public();
        lot(&[key.as_bytes(), &asked.to_be_bytes()]) >> 8
    }

    /// Asks for what is missing of the step under way, if anything is.
    pub(super) fn ask(&mut self, now: Timestamp) {
        let is_any_missed =
            self.succession.missed.run().is_some() || !self.lobby.turns.pending.is_empty();
        let may_ask = self.is_in_run() || (is_any_missed && self.is_outside());
        if !may_ask {
            return;
        }
        if !self.common.out.is_busy() {
            self.ask_now(now);
        }
        let asked = self.common.timers.repetitions(Timer::Ask);
        self.common.timers.note_repetition(Timer::Ask);
        self.plan_question(now, next_question(asked));
    }

    fn ask_now(&mut self, now: Timestamp) {
        let number = self.common.timers.repetitions(Timer::Ask);
        let number = u8::try_from(number % LOTS).unwrap_or(0);
        self.ask_light(now, number);
        self.ask_joiners(now, number);
        if self.succession.current.is_none() {
            self.note_proposal_missed(now);
            if let Some(run) = self.succession.missed.ask()
                && !self.awaits_word_on(run)
            {
                self.request(Wanted::Proposal(run));
            }
            let cx = &mut self.common.at(now);
            self.lobby.request_pending(cx);
        }
        // What others have asked for meanwhile comes to all. Now and then each asks for itself: who goes by what it asked for
        // must have.
        let asks_itself = number % ASKS_ITSELF == ASKS_ITSELF.saturating_sub(1);
        if asks_itself && self.awaits_seed() {
            self.say_why(now);
        }
        let round_trip = self.common.me.times().round_trip;
        let overheard = std::mem::take(&mut self.succession.overheard);
        let counts = overheard.counts(now, round_trip) && !overheard.has_left_out;
        let left_out = if counts && !asks_itself {
            overheard.rounds
        } else {
            BTreeSet::new()
        };
        self.succession.overheard.has_left_out = !left_out.is_empty();
        let current = self.succession.current.as_ref();
        let current = current.map(|current| current.hint);
        let mut own = Questions::default();
        for missing in self.missing_rounds(now, number, &left_out) {
            if Some(missing.run) == current {
                own.rounds = [missing.contributions.clone(), missing.confirmations.clone()];
            }
            self.request(Wanted::Rounds(missing));
            self.say_again_among_few(now);
        }
        let current = self.succession.current.as_ref();
        // There is a proposal to judge, or none has come for long.
        let is_late = |view| self.succession.changes.signed(view).is_some() || number > 0;
        let lacking = self
            .situation(now)
            .map(|situation| situation.lacking(current, is_late));
        // In the view of a light run nobody states anything.
        let is_light = self.phase.change().is_some_and(|change| change.is_light);
        own.words = lacking.filter(|_| !is_light).unwrap_or_default();
        self.note_asked(now, &own);
        self.note_what_is_awaited(now, &own.words);
        if own.words.is_empty() {
            return;
        }
        if let Some(member) = self.phase.member_mut() {
            let asked = member.epoch.seal_asking(Presence::Present, own.words);
            self.common.out.state(asked);
        }
    }

    /// Whether this member waits for the SEED of a light run, for which nobody states anything.
    fn awaits_seed(&self) -> bool {
        let is_light = self.phase.change().is_some_and(|change| change.is_light);
        is_light && self.succession.light.is_none()
    }

    /// For a light run nobody states anything, so the one whose turn it is may not know of the change, and the others not that this
    /// member is there: it states what it votes for, and passes on the words of those who have closed and are silent.
    fn say_why(&mut self, now: Timestamp) {
        self.say_next();
        let Some(epoch) = self.phase.epoch() else {
            return;
        };
        let closed = epoch.other_members().filter(|it| epoch.is_closed(*it));
        for member in closed.collect::<Vec<_>>() {
            let answer = Answer::Statement(member);
            if !self.lobby.answering.was_just_given(now, &answer) {
                let again = self.held_packet(answer);
                self.common.out.pass_on(again);
                let pause = part(self.common.me.times().round_trip, 2);
                self.lobby.answering.was_sent(now, answer, pause);
            }
        }
    }

    /// Whether anything has come of what the question before asked for: else the next waits longer.
    fn note_what_is_awaited(&mut self, now: Timestamp, words: &MemberBits) {
        let first = self.succession.current.as_ref();
        let first = first.or(self.succession.confirmed.last());
        let rounds = first.map(Attempt::missing).unwrap_or_default();
        let owed = [Owed::Contribution, Owed::Confirmation].into_iter();
        let rounds = owed.zip(&rounds);
        let asked = rounds.chain([(Owed::Word, words)]);
        let asked = asked.flat_map(|(owed, bits)| bits.iter().map(move |it| (it, owed)));
        let awaited: BTreeSet<_> = asked.chain(self.owed_in_light(now)).collect();
        if !self.succession.awaited.is_subset(&awaited) {
            self.common.pulse.silence.be_answered(now);
        }
        self.succession.awaited = awaited;
    }

    /// Whether the proposal of a run is here, and waits for what others have to say of it.
    fn awaits_word_on(&self, run: SidHint) -> bool {
        let view = self.phase.change().map(|change| change.view);
        let signed = view.and_then(|view| self.succession.changes.signed(view));
        let mut pending = self.lobby.turns.pending.iter();
        signed.is_some_and(|proposal| self.lobby.offering.is_of_run(proposal, run))
            || pending.any(|it| it.run == Some(run))
    }

    /// Where few are in a run, few can answer those who miss what this member has sent in it, and who misses much is missed: it says
    /// that again with its question.
    fn say_again_among_few(&mut self, now: Timestamp) {
        let current = self.succession.current.as_ref();
        let current = current.filter(|it| it.run().members().len() <= FEW);
        let Some((run, sender)) = current.map(|it| (it.hint, it.run().me())) else {
            return;
        };
        for round in [1, 2] {
            let answer = Answer::Round(Claim { run, round, sender });
            let is_due = !self.lobby.answering.was_just_given(now, &answer);
            let packet = self.held_packet(answer).filter(|_| is_due);
            if packet.is_some() {
                self.common.out.send_in_run(run, round, packet);
                let pause = part(self.common.me.times().round_trip, 2);
                self.lobby.answering.was_sent(now, answer, pause);
            }
        }
    }

    fn request(&mut self, wanted: Wanted) {
        let room = self.common.me.config.room;
        let request = Request { room, wanted };
        self.common.out.transmit(&Packet::Request(request));
    }

    /// What is missing of the run under way, or else of the one that this member confirmed last, and of those that others have
    /// installed.
    fn missing_rounds(
        &self,
        now: Timestamp,
        number: u8,
        left_out: &BTreeSet<(u8, MemberIndex)>,
    ) -> Vec<Missing> {
        let succession = &self.succession;
        let situation = self.situation(now);
        let installed = situation.map(|situation| situation.installed());
        let is_installed = |attempt: &&Attempt<S>| {
            let run = attempt.run().sid();
            installed.as_ref().is_some_and(|runs| runs.contains(&run))
        };
        let current = succession.current.as_ref();
        let first = current.or(succession.confirmed.last());
        let earlier = succession.confirmed.iter().filter(is_installed);
        let earlier =
            earlier.filter(|attempt| first.is_none_or(|first| first.hint != attempt.hint));
        let runs = first.into_iter().chain(earlier);
        let missing = runs.map(|attempt| {
            let is_current = current.is_some_and(|current| current.hint == attempt.hint);
            let left = |round: u8, missing: &MemberBits| {
                let is_left =
                    |member: &MemberIndex| !is_current || !left_out.contains(&(round, *member));
                missing.iter().filter(is_left).collect::<MemberBits>()
            };
            let [contributions, confirmations] = attempt.missing();
            Missing {
                run: attempt.hint,
                number,
                contributions: left(1, &contributions),
                confirmations: left(2, &confirmations),
            }
        });
        let is_any = |it: &Missing| !it.contributions.is_empty() || !it.confirmations.is_empty();
        missing.filter(is_any).collect()
    }

    /// Whether this member may be in runs of other epochs than its own: it gathers, or goes over into another.
    fn is_outside(&self) -> bool {
        let member = self.phase.member();
        self.phase.gathers() || member.is_some_and(|member| member.goes_over.is_some())
    }

    /// Others are in a run whose proposal was missed: asks for it.
    pub(super) fn note_missed(&mut self, now: Timestamp, run: SidHint) {
        if self.succession.current.is_some() {
            return;
        }
        let is_in_change = self.phase.change().is_some();
        if !self.is_outside() && !is_in_change {
            return;
        }
        let is_asked_for = self.succession.missed.run() == Some(run);
        if !self.succession.missed.note(run) {
            return;
        }
        if !is_asked_for {
            self.ask_soon(now);
        }
        if self.phase.gathers() {
            let cx = &mut self.common.at(now);
            self.lobby.await_proposal(cx);
            self.plan_proposal(now);
        }
    }
}
