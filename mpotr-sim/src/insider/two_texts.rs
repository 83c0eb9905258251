//! Writes two texts in one place, one for each half of the room, both signed. Until then its two rooms are one, with one set
//! of keys; from then on each goes on with its half, and hears all.

use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair, UnsupportedSuite};
use mpotr_core::{Event, SendHandle, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::cast::Entrance;
use crate::member::{Draws, Member};
use crate::party::{Act, Audience, Party, Seat, Transmit};

/// Two rooms that are one until they write.
pub(super) struct TwoTexts<S: CryptoSuite> {
    even: Member<S>,
    odd: Member<S>,
    parted: bool,
}

impl<S: CryptoSuite> TwoTexts<S> {
    pub(super) fn enter(entrance: Entrance) -> Result<Self, UnsupportedSuite> {
        let Entrance {
            config,
            identity,
            now,
            seed,
            ..
        } = entrance;
        // The secret of a key pair is one.
        let twin = IdentityKeyPair::from_secret::<S>(identity.secret()).unwrap_or_else(|| {
            IdentityKeyPair::random::<S>(&mut ChaCha20Rng::seed_from_u64(!seed))
        });
        Ok(Self {
            even: Member::enter(config.clone(), identity, now, Draws::new(seed))?,
            odd: Member::enter(config, twin, now, Draws::new(seed))?,
            parted: false,
        })
    }
}

impl<S: CryptoSuite> Party for TwoTexts<S> {
    fn hear(&mut self, now: Timestamp, from: Seat, packet: &[u8]) {
        self.even.hear(now, from, packet);
        self.odd.hear(now, from, packet);
    }

    fn wake(&mut self, now: Timestamp) {
        self.even.wake(now);
        self.odd.wake(now);
    }

    fn next_wake(&self) -> Option<Timestamp> {
        let wakes = [self.even.next_wake(), self.odd.next_wake()];
        wakes.into_iter().flatten().min()
    }

    fn transmit(&mut self) -> Option<Transmit> {
        let to = |audience| move |packet| Transmit { audience, packet };
        if self.parted {
            let even = self.even.packet().map(to(Audience::Even));
            return even.or_else(|| self.odd.packet().map(to(Audience::Odd)));
        }
        let packet = self.even.packet()?;
        // The same.
        let _same = self.odd.packet();
        Some(to(Audience::Everyone)(packet))
    }

    fn event(&mut self) -> Option<Event> {
        while self.odd.event().is_some() {}
        self.even.event()
    }

    fn send(&mut self, now: Timestamp, text: &[u8]) -> Option<SendHandle> {
        self.parted = true;
        self.odd.send(now, &[text, b", or so"].concat());
        self.even.send(now, text)
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
