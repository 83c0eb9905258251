//! What is asked for, and what of it this member answers. `docs/spec/06-epochs.md`, "One answers".

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::OfferDigest;

use super::answering::Answer;
use super::{Lobby, PATIENCE};
use crate::room::context::Context;
use crate::time::part;
use crate::timers::Timer;
use crate::wire::{MAX_REQUESTED, Packet, Request, Wanted};

impl<S: CryptoSuite> Lobby<S> {
    /// Asks for offers, in one request: of too many for the first.
    fn request(&mut self, cx: &mut Context<'_, S>, offers: BTreeSet<OfferDigest>) {
        if offers.is_empty() {
            return;
        }
        let times = cx.me.times();
        let pause = cx.pulse.silence.pause(cx.now, times);
        self.asks_again = cx.now.after(pause.max(times.round_trip));
        self.asked = self.asked.wrapping_add(1);
        // Of offers in another order nobody reads a request.
        let offers: Vec<_> = offers.into_iter().take(MAX_REQUESTED).collect();
        let request = Request {
            room: cx.me.config.room,
            wanted: Wanted::Offers(offers),
        };
        cx.out.transmit(&Packet::Request(request));
    }

    /// Whether offers may be asked for again by now.
    fn may_ask(&self, cx: &Context<'_, S>) -> bool {
        cx.now >= self.asks_again && !cx.out.is_busy()
    }

    /// Asks for those of some offers that are not at hand, once in a while: of more than fit into a request others each time.
    pub(crate) fn request_missing(
        &mut self,
        cx: &mut Context<'_, S>,
        listed: impl IntoIterator<Item = OfferDigest>,
    ) {
        if !self.may_ask(cx) {
            return;
        }
        let is_lacking = |digest: &OfferDigest| self.offering.offer(digest).is_none();
        let missing: BTreeSet<_> = listed.into_iter().filter(is_lacking).collect();
        let from = self.asked.saturating_mul(MAX_REQUESTED);
        if let Some(from) = from.checked_rem(missing.len()) {
            let some = missing.iter().cycle().skip(from).copied();
            let some = some.take(missing.len().min(MAX_REQUESTED)).collect();
            self.request(cx, some);
        }
    }

    /// A proposal lists an own offer: its maker is there, however long nobody has answered this member. Anyone can say so who has
    /// heard the offer, so of each it counts once. Returns whether it does.
    pub(crate) fn be_listed(&mut self, cx: &mut Context<'_, S>, own: OfferDigest) -> bool {
        let is_first = self.listed.replace(own) != Some(own);
        if is_first {
            cx.pulse.silence.end(cx.now);
            cx.pulse.silence.begin_step(cx.now);
        }
        is_first
    }

    /// Others are in a run whose proposal was missed: it is asked for, and nothing is proposed meanwhile.
    pub(crate) fn await_proposal(&mut self, cx: &Context<'_, S>) {
        let patience = cx.me.times().round_trip.saturating_mul(PATIENCE);
        self.turns.wait_for_proposal(cx.now.after(patience));
    }

    /// Asks for offers of the proposals that wait for them, once in a while.
    pub(crate) fn request_pending(&mut self, cx: &mut Context<'_, S>) {
        if self.may_ask(cx) {
            let is_lacking = |digest: &OfferDigest| self.offering.offer(digest).is_none();
            let view = cx.me.times().view;
            let wanted = self.turns.pending.ask(cx.now, view, is_lacking);
            self.request(cx, wanted);
        }
    }

    /// Something is asked for that this member answers if none of those does who come before it.
    pub(crate) fn ask_for(&mut self, cx: &mut Context<'_, S>, answer: Answer, rank: u32) {
        let step = part(cx.me.times().gather, 4);
        self.answering.ask(cx.now, answer, rank, step);
    }

    /// What is asked for was answered.
    pub(crate) fn was_given(&mut self, cx: &mut Context<'_, S>, answer: Answer) {
        let times = cx.me.times();
        let pause = match answer {
            Answer::Advert => part(times.gather, 2),
            Answer::Greeting | Answer::Guests => times.advertise,
            Answer::Offer(_) => part(times.retry, 4),
            // Who has not heard it asks again after more than a round trip.
            Answer::Statement(_)
            | Answer::Before(_)
            | Answer::Proposal(_)
            | Answer::Round(_)
            | Answer::Light(_)
            | Answer::Ready(..) => part(times.round_trip, 2),
        };
        self.answering.was_given(cx.now, answer, pause);
        self.wait_for_turn(cx);
    }

    pub(crate) fn wait_for_turn(&self, cx: &mut Context<'_, S>) {
        match self.answering.next() {
            Some(turn) => cx.timers.set(Timer::Reply, turn),
            None => cx.timers.stop(Timer::Reply),
        }
    }
}
