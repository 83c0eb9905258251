//! Newcomers whom a member refuses, while others would let them in. `docs/spec/06-epochs.md`, "At the door".

use mpotr_crypto::{CryptoSuite, IdentityKey};

use crate::room::Room;
use crate::room::lobby::refusals::answered;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{Admitted, Vote};

impl<S: CryptoSuite> Room<S> {
    /// Says of newcomers for whom there are the votes that this member refuses them, and takes note of what others say so: no
    /// change begins for these, and a run that lists one ends.
    pub(in crate::room) fn see_refused(&mut self, now: Timestamp) {
        self.forget_refusals(now);
        let Some(situation) = self.situation(now) else {
            return;
        };
        let stated: Vec<Admitted> = situation.newcomers_stated().collect();
        if stated.is_empty() {
            return;
        }
        let refused = stated.iter().filter(|it| situation.is_to_be_refused(it));
        let refused: Vec<_> = refused.map(|it| it.offer).collect();
        let welcome = stated.iter().filter(|it| !situation.refuses(&it.identity));
        let welcome: Vec<_> = welcome.map(|it| it.offer).collect();
        let heard = stated
            .iter()
            .map(|it| (it.identity, situation.refused_by(it).collect::<Vec<_>>()));
        let heard: Vec<(IdentityKey, Vec<IdentityKey>)> = heard.collect();
        let is_in_vain =
            self.succession.current.as_ref().is_some_and(|attempt| {
                !attempt.has_confirmed() && situation.is_refused_in(attempt)
            });
        if let Some(member) = self.phase.member_mut()
            && member.refuse(&refused, &welcome)
        {
            self.say_next();
        }
        let times = *self.common.me.times();
        for (newcomer, by) in heard {
            let refusals = &mut self.lobby.newcomers.refusals;
            if !by.is_empty() {
                refusals.note(now, times.view, newcomer, by);
            } else if let Some(then) = refusals.ask(now, &newcomer, answered(times.round_trip))
                && now < then
            {
                self.common.timers.set_earlier(Timer::Change, then);
            }
        }
        if is_in_vain {
            self.phase.cut_short();
            self.common.timers.set(Timer::View, now);
        }
    }

    /// Who was refused is no longer by a member that has gone, or has voted to let it in, and not once it is in.
    fn forget_refusals(&mut self, now: Timestamp) {
        let Some(situation) = self.situation(now) else {
            return;
        };
        let member = situation.member;
        let is_over = |(newcomer, by): &(IdentityKey, IdentityKey)| {
            let said = member.place_of(by).and_then(|it| member.epoch.next_of(it));
            let lets_in = said.is_some_and(|it| it.votes.contains(&Vote::Admit(*newcomer)));
            member.place_of(by).is_none() || member.place_of(newcomer).is_some() || lets_in
        };
        let refusals = &self.lobby.newcomers.refusals;
        let over: Vec<_> = refusals.all().filter(is_over).collect();
        if !over.is_empty() {
            let refusals = &mut self.lobby.newcomers.refusals;
            refusals.forget(|newcomer, by| over.contains(&(*newcomer, *by)));
        }
    }
}
