//! Two rooms with one set of keys. They are one until they have drawn alike for a while; then each draws for itself, and speaks
//! to its own half of the room: two proposals of one view, two contributions, two of every statement, all validly signed.

use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair, UnsupportedSuite};
use mpotr_core::{Duration, Event, SendHandle, Timestamp};

use crate::cast::Entrance;
use crate::draw::below;
use crate::member::{Draws, Member};
use crate::party::{Act, Audience, Party, Seat, Transmit};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// They part within so many milliseconds after they entered.
const PART_WITHIN: u64 = 60_000;

/// Two rooms with one set of keys.
pub(super) struct Twins<S: CryptoSuite> {
    even: Member<S>,
    odd: Member<S>,
    part_at: Timestamp,
    parted: bool,
    seed: u64,
}

impl<S: CryptoSuite> Twins<S> {
    pub(super) fn enter(entrance: Entrance) -> Result<Self, UnsupportedSuite> {
        let Entrance {
            config,
            identity,
            now,
            seed,
            ..
        } = entrance;
        let mut rng = ChaCha20Rng::seed_from_u64(!seed);
        let part_at = now.after(Duration::from_millis(below(PART_WITHIN, &mut rng)));
        // The secret of a key pair is one.
        let twin = IdentityKeyPair::from_secret::<S>(identity.secret())
            .unwrap_or_else(|| IdentityKeyPair::random::<S>(&mut rng));
        Ok(Self {
            even: Member::enter(config.clone(), identity, now, Draws::new(seed))?,
            odd: Member::enter(config, twin, now, Draws::new(seed))?,
            part_at,
            parted: false,
            seed,
        })
    }

    fn part(&mut self, now: Timestamp) {
        if !self.parted && now >= self.part_at {
            self.parted = true;
            self.odd.draws = Draws::new(!self.seed);
        }
    }
}

impl<S: CryptoSuite> Party for Twins<S> {
    fn hear(&mut self, now: Timestamp, from: Seat, packet: &[u8]) {
        self.part(now);
        self.even.hear(now, from, packet);
        self.odd.hear(now, from, packet);
    }

    fn wake(&mut self, now: Timestamp) {
        self.part(now);
        self.even.wake(now);
        self.odd.wake(now);
    }

    fn next_wake(&self) -> Option<Timestamp> {
        let wakes = [self.even.next_wake(), self.odd.next_wake()];
        wakes.into_iter().flatten().min()
    }

    fn transmit(&mut self) -> Option<Transmit> {
        if !self.parted {
            let packet = self.even.packet()?;
            // The same.
            let _same = self.odd.packet();
            return Some(Transmit {
                audience: Audience::Everyone,
                packet,
            });
        }
        let to = |audience| move |packet| Transmit { audience, packet };
        let even = self.even.packet().map(to(Audience::Even));
        even.or_else(|| self.odd.packet().map(to(Audience::Odd)))
    }

    fn event(&mut self) -> Option<Event> {
        while self.odd.event().is_some() {}
        self.even.event()
    }

    fn send(&mut self, _now: Timestamp, _text: &[u8]) -> Option<SendHandle> {
        None
    }

    fn act(&mut self, now: Timestamp, act: Act) {
        self.even.act(now, act);
        self.odd.act(now, act);
    }

    fn export(&self) -> Option<[u8; 32]> {
        self.even.export()
    }

    fn has_ended(&self) -> bool {
        self.even.has_ended()
    }
}
