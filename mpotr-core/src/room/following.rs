//! What follows from an input. `docs/spec/06-epochs.md`, "Talking".
//!
//! An epoch reports what happened in it. What has to be done about that is done in one place, once after every input, and again
//! for as long as this member says something that others may have waited for.

use mpotr_crypto::CryptoSuite;

use super::Room;
use super::leaving::Ending;
use super::lobby::answering::Answer;
use crate::time::Timestamp;
use crate::timers::Timer;

impl<S: CryptoSuite> Room<S> {
    /// Sees to all that an input gave rise to, and tells what is waited for then: called once after every input.
    pub(super) fn after_input(&mut self, now: Timestamp) {
        self.see_to_epoch(now);
        self.explain(now);
    }

    /// Sees to all that an input gave rise to in the epoch.
    fn see_to_epoch(&mut self, now: Timestamp) {
        let mut accused = Vec::new();
        let mut wrongly_opened = Vec::new();
        loop {
            let is_in_run = self.is_in_run();
            let Some(member) = self.phase.member_mut() else {
                return;
            };
            let (fates, departure) = (&mut self.fates, &mut self.departure);
            let cx = &mut self.common.at(now);
            let mut report = member.report(cx, fates);
            accused.append(&mut report.accused);
            wrongly_opened.append(&mut report.wrongly_opened);
            let asks_opening = report.asks_opening;
            self.lobby.newcomers.note_declined(report.is_declined);
            if member.epoch.is_opening() && member.epoch.note_opened() {
                // The others wait to hear that it lacks nothing.
                member.say_next(cx.out, &self.votes);
            }
            self.trust.hear(std::mem::take(&mut report.trust));
            let place = (member.epoch.me(), member.epoch.members());
            for author in std::mem::take(&mut report.repeated) {
                self.lobby.overhear(cx, Answer::Statement(author));
            }
            for (asker, number, lacking) in std::mem::take(&mut report.lacking) {
                let lacking = (lacking.as_slice(), Answer::Statement);
                self.lobby
                    .plan_statements(cx, (asker, number), place, lacking);
            }
            member.hear_asking(std::mem::take(&mut report.asking));
            member.see_to(cx, report, departure, is_in_run);
            // Where much is owed, its author may not write on before it knows that this is here.
            if member.epoch.owes_much() && member.state(cx, departure) {
                continue;
            }
            fates.count(|seq| member.epoch.is_awaited(seq));
            member.plan_statements(cx, departure);
            let is_full = member.changing.change.is_none() && member.is_full(cx, fates);
            if is_full && self.votes.want_refresh() {
                cx.timers.set(Timer::Change, now);
            }
            if fates.is_any_waiting() && member.seal_waiting(cx, fates, departure, &mut self.votes)
            {
                continue;
            }
            member.await_answers(cx, is_in_run);
            member.watch_window(cx, fates, departure, is_in_run);
            match member.end_if_final(cx, departure) {
                Ending::Wait => {}
                Ending::Stated => continue,
                Ending::Over => return self.end(now),
            }
            if asks_opening {
                self.hear_opening_asked(now);
            }
            self.note_wrongly_opened(now, std::mem::take(&mut wrongly_opened));
            let news = accused.drain(..).filter(|it| self.prove(now, *it));
            if news.count() == 0 {
                return;
            }
        }
    }
}
