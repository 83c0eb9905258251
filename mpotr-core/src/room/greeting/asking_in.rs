//! Who asks a member to be let in by a light run. `docs/spec/06-epochs.md`, "At the door".

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::light::JoinRequest;

use super::BETWEEN_ANSWERS;
use crate::error::Rejection;
use crate::event::Event;
use crate::room::Room;
use crate::room::membership::applicants::Applicants;
use crate::time::{Timestamp, part};
use crate::timers::Timer;

impl<S: CryptoSuite> Room<S> {
    /// One from outside asks to be let in by a light run. Who it is shows when the request is opened.
    pub(in crate::room) fn handle_join_request(
        &mut self,
        now: Timestamp,
        request: JoinRequest,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        let Some(member) = self.phase.member_mut() else {
            return Err(Rejection::UnknownEpoch);
        };
        let sent = member.strangers.sent;
        let Some(applicants) = member.strangers.applicants() else {
            return Err(Rejection::UnknownEpoch);
        };
        let handle = applicants.handle();
        if handle != Some(request.handle) {
            // To another member, it may be, which states it; or to nobody who is inside, and one who is asked all the time answers
            // few of those who ask.
            if handle.is_some() && applicants.is_empty() && self.opens_door(now) {
                let pause = part(self.common.me.times().gather, BETWEEN_ANSWERS);
                let again = sent.unwrap_or(now).after(pause).max(now);
                self.common.timers.set_if_idle(Timer::Door, again);
            }
            return Err(Rejection::StaleView);
        }
        if applicants.take(now, request, rng.next_u64())? {
            // Those who come together are listed together.
            self.lobby.turns.heard(now);
            let soon = now.after(part(self.common.me.times().gather, 4));
            self.common.timers.set_earlier(Timer::Change, soon);
        }
        Ok(())
    }

    /// Opens requests to be let in, as far as those may be listed who make them.
    pub(super) fn open_requests(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let (fresh, room) = (self.common.me.times().fresh(), self.common.me.config.room);
        loop {
            let Some(member) = self.phase.member_mut() else {
                return;
            };
            member.strangers.expire(now);
            let Some(applicants) = member.strangers.applicants() else {
                return;
            };
            let met = applicants.open(now, fresh, room);
            if met.is_empty() {
                return;
            }
            let me = self.common.me.public();
            for claimed in met {
                self.lobby.offering.note_heard(now, &claimed);
                if claimed == me {
                    let parent = self.phase.name();
                    let member = self.phase.member();
                    let cx = &mut self.common.at(now);
                    self.lobby.note_double(cx, member, parent, rng);
                    self.ask_twin(now);
                    continue;
                }
                let member = self.phase.member_mut();
                if member.is_some_and(|member| member.place_of(&claimed).is_some()) {
                    self.ask_twin(now);
                } else {
                    self.tell_waiting(now, claimed);
                }
            }
            let Some(situation) = self.situation(now) else {
                return;
            };
            let newcomers = &self.lobby.newcomers;
            let waits = |it: &_| newcomers.waits_until(now, it, &me).is_some();
            let fits: Vec<_> = situation.member.strangers.opened_now();
            let fits: Vec<_> = fits
                .into_iter()
                .filter(|it| situation.lets_in(it) && !waits(it))
                .collect();
            let Some(member) = self.phase.member_mut() else {
                return;
            };
            if let Some(applicants) = member.strangers.applicants()
                && applicants.are_full()
            {
                applicants.drop_but(|it| fits.contains(it));
            }
        }
    }

    /// Another instance of a member asks to be let in: it is asked again, for a full run, in which one can take the place of the other.
    fn ask_twin(&mut self, now: Timestamp) {
        let until = now.after(self.common.me.times().fresh());
        if let Some(member) = self.phase.member_mut()
            && member.strangers.twin_until.is_none_or(|at| at <= now)
        {
            member.strangers.twin_until = Some(until);
            self.common.timers.set(Timer::Door, now);
        }
    }

    /// Others say that newcomers are there, and this member, whose turn it is, could not list them: it opens its own door.
    pub(super) fn ask_for_own_view(&mut self, now: Timestamp) {
        let is_unasked = self.is_so(now, |situation| {
            let view = situation.view();
            let strangers = &situation.member.strangers;
            let is_open = |it: &Applicants<S>| it.handle().is_some();
            // What was said before the view began is lost, it may be.
            let entered = situation.change().map(|change| change.entered);
            let asked = strangers
                .asked
                .filter(|at| entered.is_none_or(|it| *at > it));
            situation.proposer_of(view) == Some(situation.epoch().me())
                && !(asked.is_some() && strangers.applying(view).is_some_and(is_open))
                && !situation.joining().is_empty()
                && situation.to_list(view).is_empty()
        });
        if is_unasked && self.opens_door(now) {
            let sent = self.phase.member().and_then(|it| it.strangers.asked);
            let pause = part(self.common.me.times().gather, BETWEEN_ANSWERS);
            let at = sent.map_or(now, |sent| sent.after(pause).max(now));
            self.common.timers.set_if_idle(Timer::Door, at);
        }
    }

    /// Whether newcomers of this view may come in: those who are in have nothing to change themselves, and no run is under way.
    pub(in crate::room) fn opens_door(&self, now: Timestamp) -> bool {
        self.succession.current.is_none()
            && self.succession.light.is_none()
            && self.is_so(now, |situation| situation.takes_newcomers())
    }

    /// Tells the application of one who wants to come in, once.
    pub(in crate::room) fn tell_waiting(&mut self, now: Timestamp, claimed: IdentityKey) {
        let is_shut_out = self.is_shut_out(now, &claimed);
        let is_told = is_shut_out && self.votes.exclusions.is_news(claimed);
        let out = &mut self.common.out;
        if is_told {
            out.tell(Event::ExcludedWaiting { claimed });
        } else if self.lobby.offering.meet(now, claimed) && !is_shut_out {
            out.tell(Event::WantsIn { claimed });
        }
    }
}
