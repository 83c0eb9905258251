//! What members without an epoch say of each other's offers, and how long an answer to the own one takes.
//! `docs/spec/06-epochs.md`, "Who has heard whom".

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, SignatureBytes, VerifyingKey};
use mpotr_gka::OfferDigest;

use super::Room;
use super::context::Context;
use super::lobby::Lobby;
use super::lobby::roll::FEW;
use crate::config::Admission;
use crate::error::Rejection;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{Heard, OfferHint, OfferMark, Packet};

impl<S: CryptoSuite> Lobby<S> {
    /// Whether this member looks for others to begin a first epoch with.
    fn is_own_first(&self) -> bool {
        let own = self.offering.own(None);
        own.is_some_and(|own| own.member.offer().parent.is_none())
    }

    /// The offers of others from which this member would choose a first epoch.
    pub(super) fn heard(&self, cx: &Context<'_, S>, admission: &Admission) -> Vec<OfferDigest> {
        let fresh = cx.me.times().fresh();
        let admits = |identity: &mpotr_crypto::IdentityKey| admission.admits(identity);
        self.offering.newest(cx.now, fresh, admits)
    }

    /// Says in a moment which offers were heard.
    pub(super) fn say_heard_soon(&mut self, cx: &mut Context<'_, S>) {
        if self.is_own_first() {
            let is_known = cx.pulse.round_trip().is_some();
            let turn = self.roll.turn(cx.now, cx.me.times(), is_known);
            cx.timers.set_if_idle(Timer::Heard, turn);
        }
    }

    /// Says which offers were heard, unless others have.
    fn say_heard(
        &mut self,
        cx: &mut Context<'_, S>,
        admission: &Admission,
        rng: &mut dyn CryptoRng,
    ) {
        if !self.is_own_first() {
            return;
        }
        let heard = self.heard(cx, admission);
        let Some((tag, entries)) = self.roll.say(cx.now, heard.into_iter(), rng) else {
            return;
        };
        let Some(own) = self.offering.own(None) else {
            return;
        };
        let heard = Heard {
            author: OfferHint::of(&own.digest),
            tag,
            entries,
            signature: SignatureBytes::new([0; 64]),
        };
        let room = &cx.me.config.room;
        let heard = heard.sign(room, &own.digest, own.secrets.ephemeral());
        cx.pulse.say(cx.now, tag);
        cx.out.transmit(&Packet::Heard(heard));
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Says which offers were heard, as long as this member looks for others.
    pub(super) fn say_heard(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if !self.phase.gathers() || self.succession.current.is_some() {
            return;
        }
        let cx = &mut self.common.at(now);
        self.lobby.say_heard(cx, &self.votes.admission, rng);
    }

    /// Another who gathers says which offers it has heard.
    pub(super) fn handle_heard(&mut self, now: Timestamp, heard: &Heard) -> Result<(), Rejection> {
        if !self.phase.gathers() {
            return Err(Rejection::UnknownEpoch);
        }
        let offering = &self.lobby.offering;
        let Some((maker, offer)) = offering.find(heard.author) else {
            return self.hear_word_of_unknown(heard);
        };
        if offer.parent.is_some() {
            return Err(Rejection::UnknownEpoch);
        }
        let claimed = offer.identity;
        if !self.votes.admission.admits(&claimed) {
            return Err(Rejection::NotAdmitted);
        }
        if !self.lobby.roll.is_news(&maker, heard) {
            return Err(Rejection::Replayed);
        }
        let key = VerifyingKey::decode(&offer.ephemeral);
        let room = &self.common.me.config.room;
        if !heard.is_authentic::<S>(room, &maker, key.as_ref()) {
            return Err(Rejection::NotAuthentic);
        }
        if heard.entries.len() > FEW {
            self.lobby.welcomes.note_many(claimed);
        } else {
            for entry in &heard.entries {
                if let Some(named) = self.lobby.offering.identity_of(entry.offer) {
                    self.lobby.welcomes.note(claimed, named);
                }
            }
        }
        let named = self.lobby.roll.hear((maker, claimed), heard);
        let here_since = self.lobby.offering.current_since(&maker);
        self.lobby.offering.note_word(now, &maker);
        let own = self.lobby.offering.own(None).map(|own| own.digest);
        let pulse = &mut self.common.pulse;
        match (own, named) {
            (Some(own), Some(tag)) => {
                let tag = (tag != 0).then_some(tag);
                let is_first = pulse.round_trip().is_none();
                pulse.hear_answer(now, own, tag, (maker, claimed));
                if is_first {
                    let taken = self.common.me.config.timers.round_trip;
                    pulse.doubt(now, here_since.unwrap_or(now), taken);
                }
                self.common.keep_pace();
                self.lobby
                    .slow_down(&mut self.common.at(now), &self.votes.admission);
            }
            // It had the time to hear the own offer, and has not.
            (Some(_), None) => self.lobby.publish_missed(&mut self.common.at(now)),
            (None, _) => {}
        }
        let is_planned = self.common.timers.at(Timer::Heard).is_some();
        if !is_planned && self.lobby.roll.speaks_for_missing(&self.lobby.offering) {
            // Whose it is sends it when it hears that it is missing here.
            self.lobby.say_heard_soon(&mut self.common.at(now));
        }
        self.common.timers.set(Timer::Plan, now);
        Ok(())
    }

    /// One whom this member has not let in says which offers it has heard: if the own one is among these, it has let this member in,
    /// and waits.
    fn hear_word_of_unknown(&mut self, heard: &Heard) -> Result<(), Rejection> {
        let own = self.lobby.offering.own(None);
        let own = own.map(|own| OfferMark::of(&own.digest));
        let names_own = heard.entries.iter().any(|entry| Some(entry.offer) == own);
        let room = &self.common.me.config.room;
        let person = self.lobby.others.maker_of(heard.author);
        let (person, (digest, ephemeral)) = person.ok_or(Rejection::UnknownSender)?;
        if !names_own || self.lobby.others.is_waited_for_by(&person) {
            return Err(Rejection::NotAdmitted);
        }
        if !self.lobby.others.take_look(&person) {
            return Err(Rejection::NotAdmitted);
        }
        let key = VerifyingKey::<S>::decode(&ephemeral);
        if !heard.is_authentic::<S>(room, &digest, key.as_ref()) {
            return Err(Rejection::NotAuthentic);
        }
        self.lobby.others.note_welcome(&person);
        Ok(())
    }
}
