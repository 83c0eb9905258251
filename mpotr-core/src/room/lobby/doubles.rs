//! Offers under this member's own identity that it did not make: a copy of its key, a second program with it, or a stranger who
//! claims it. `docs/spec/06-epochs.md`, "One identity, one member".
//!
//! An offer proves nothing, so it changes nothing either: a person is told, and that is all. Who has proven to be the same takes
//! the place of a member that says nothing ([`twins`](crate::room::membership::twins)).

use std::collections::VecDeque;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{EpochName, Offer, OfferDigest};

use crate::event::Event;
use crate::room::context::Context;
use crate::room::lobby::Lobby;
use crate::room::membership::Membership;
use crate::time::{Duration, Timestamp};
use crate::wire::Packet;

/// Own offers that are known again when a transport, or a stranger who kept them, gives them back.
const OWN_OFFERS: usize = 256;

/// What is known of others under this member's identity.
#[derive(Debug)]
pub(crate) struct Doubles {
    identity: IdentityKey,
    made: VecDeque<OfferDigest>,
    is_use_told: bool,
    /// When one was heard last while this member waited to be let in: its identity is inside.
    inside: Option<Timestamp>,
    answered: Option<Timestamp>,
}

impl Doubles {
    pub(crate) const fn new(identity: IdentityKey) -> Self {
        Self {
            identity,
            made: VecDeque::new(),
            is_use_told: false,
            inside: None,
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

    /// What to tell a member of one: once.
    fn tell(&mut self) -> Option<Event> {
        let is_told = core::mem::replace(&mut self.is_use_told, true);
        (!is_told).then_some(Event::IdentityInUse)
    }

    /// Whether this member's identity was heard inside the epoch that it waits to be let in to, within `fresh`.
    pub(crate) fn is_inside(&self, now: Timestamp, fresh: Duration) -> bool {
        self.inside.is_some_and(|at| now.since(at) <= fresh)
    }

    /// This member is in an epoch, or in none: what it heard before counts for nothing.
    pub(crate) const fn be_let_in(&mut self) {
        self.inside = None;
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
        if member.is_none() && parent.is_some() {
            // A member that waits for an epoch to let it in waits while its identity is inside.
            self.doubles.inside = Some(cx.now);
        } else {
            cx.out.events.extend(self.doubles.tell());
        }
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

    use super::{Doubles, OWN_OFFERS};
    use crate::event::Event;
    use crate::time::{Duration, Timestamp};

    #[test]
    fn another_is_told_once_and_holds_for_as_long_as_it_is_heard() {
        let mut doubles = Doubles::new(IdentityKey::new([1; 32]));
        assert_eq!(doubles.tell(), Some(Event::IdentityInUse));
        assert_eq!(doubles.tell(), None);
        let at = |secs| Timestamp::default().after(Duration::from_secs(secs));
        let fresh = Duration::from_secs(30);
        assert!(!doubles.is_inside(at(0), fresh));
        doubles.inside = Some(at(5));
        assert!(doubles.is_inside(at(35), fresh));
        assert!(!doubles.is_inside(at(36), fresh));
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
