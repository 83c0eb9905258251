//! Offers under this member's own identity that it did not make: a copy of its key, a second program with it, or a stranger who
//! claims it. `docs/spec/06-epochs.md`, "One identity, one member".
//!
//! An offer proves nothing, so it changes nothing either: it is never let in, and a person is told, once.

use std::collections::VecDeque;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{EpochName, Offer, OfferDigest};

use crate::event::Event;
use crate::room::context::Context;
use crate::room::lobby::Lobby;
use crate::room::membership::Membership;
use crate::time::Timestamp;
use crate::wire::Packet;

/// Own offers that are known again when a transport, or a stranger who kept them, gives them back.
const OWN_OFFERS: usize = 256;

/// What is known of others under this member's identity.
#[derive(Debug)]
pub(crate) struct Doubles {
    identity: IdentityKey,
    made: VecDeque<OfferDigest>,
    is_use_told: bool,
    is_room_told: bool,
    answered: Option<Timestamp>,
}

/// What a member without an epoch is told, and one with an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    Inside,
}

impl Doubles {
    pub(crate) const fn new(identity: IdentityKey) -> Self {
        Self {
            identity,
            made: VecDeque::new(),
            is_use_told: false,
            is_room_told: false,
            answered: None,
        }
    }

    /// Takes note of an own offer.
    pub(crate) fn made(&mut self, digest: OfferDigest) {
        if self.made.len() >= OWN_OFFERS {
            self.made.pop_front();
        }
        self.made.push_back(digest);
    }

    /// Whether an offer carries this member's identity and is not its own.
    pub(crate) fn is_double<S: CryptoSuite>(&self, offer: &Offer) -> bool {
        offer.identity == self.identity && !self.made.contains(&offer.digest::<S>())
    }

    /// What to tell of one: each thing once.
    fn tell(&mut self, place: Place) -> Option<Event> {
        let (told, event) = match place {
            Place::Outside => (&mut self.is_room_told, Event::IdentityInRoom),
            Place::Inside => (&mut self.is_use_told, Event::IdentityInUse),
        };
        (!core::mem::replace(told, true)).then_some(event)
    }
}

impl<S: CryptoSuite> Lobby<S> {
    /// Takes note of an offer under this member's identity that it did not make.
    pub(crate) fn note_double(
        &mut self,
        cx: &mut Context<'_, S>,
        member: Option<&Membership<S>>,
        parent: Option<EpochName>,
        rng: &mut dyn CryptoRng,
    ) {
        // A member that waits for an epoch to let it in waits in vain while its identity is inside.
        let place = match member.is_none() && parent.is_some() {
            true => Place::Outside,
            false => Place::Inside,
        };
        cx.out.events.extend(self.doubles.tell(place));
        if let Some(member) = member.filter(|member| member.changing.change.is_none()) {
            self.answer_double(cx, member.name, rng);
        }
    }

    /// Shows the other that its identity is in this epoch, by an offer under it: the other waits to be let in and hears
    /// nothing else that it can read. Not in a rush, and not in a change, where the own offer is one that was stated.
    fn answer_double(&mut self, cx: &mut Context<'_, S>, name: EpochName, rng: &mut dyn CryptoRng) {
        let pause = cx.me.times().advertise;
        let is_soon = |at: Timestamp| cx.now.since(at) < pause;
        if self.doubles.answered.is_some_and(is_soon) {
            return;
        }
        self.doubles.answered = Some(cx.now);
        self.renew_offer(cx.me, cx.now, Some(name), rng);
        if let Some(own) = self.offering.own(Some(name)) {
            let offer = own.member.offer().clone();
            cx.out.transmit(&Packet::Offer(offer));
        }
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::IdentityKey;
    use mpotr_gka::OfferDigest;

    use super::{Doubles, OWN_OFFERS, Place};
    use crate::event::Event;

    #[test]
    fn each_thing_is_told_once() {
        let mut doubles = Doubles::new(IdentityKey::new([1; 32]));
        assert_eq!(doubles.tell(Place::Outside), Some(Event::IdentityInRoom));
        assert_eq!(doubles.tell(Place::Outside), None);
        assert_eq!(doubles.tell(Place::Inside), Some(Event::IdentityInUse));
        assert_eq!(doubles.tell(Place::Inside), None);
    }

    #[test]
    fn what_is_kept_of_own_offers_is_bounded() {
        let mut doubles = Doubles::new(IdentityKey::new([1; 32]));
        for number in 0..=u16::MAX {
            let mut digest = [0; 32];
            digest[..2].copy_from_slice(&number.to_be_bytes());
            doubles.made(OfferDigest::new(digest));
        }
        assert_eq!(doubles.made.len(), OWN_OFFERS);
    }
}
