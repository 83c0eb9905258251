//! Two rooms with one set of keys. Until they part, both hear the same and draw alike, and one of them speaks. From
//! then on each speaks to its own half of the room, and all that they say is validly signed.
//!
//! | part | what they say from then on |
//! |---|---|
//! | `At` | each draws for itself: two proposals of one view, two contributions, two of every statement |
//! | `OnWriting` | two texts in one place; each goes on with its half |

use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair, UnsupportedSuite};
use mpotr_core::{Duration, Event, TextId, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::to;
use crate::cast::Entrance;
use crate::draw::below;
use crate::member::{Draws, SeededRoom};
use crate::party::{Act, Audience, Party, Seat, Transmit};

/// They part within so many milliseconds after they entered.
const PART_WITHIN: u64 = 60_000;

/// When they part.
pub(super) enum Part {
    /// At a time. They write nothing.
    At(Timestamp),
    /// When they write.
    OnWriting,
}

impl Part {
    /// At a time within a minute, by the seed.
    pub(super) fn within_a_minute(entrance: &Entrance) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(!entrance.seed);
        let within = Duration::from_millis(below(PART_WITHIN, &mut rng));
        Self::At(entrance.now.after(within))
    }
}

/// Two rooms with one set of keys.
pub(super) struct Twins<S: CryptoSuite> {
    even: SeededRoom<S>,
    odd: SeededRoom<S>,
    part: Part,
    parted: bool,
    seed: u64,
}

impl<S: CryptoSuite> Twins<S> {
    pub(super) fn enter(entrance: Entrance, part: Part) -> Result<Self, UnsupportedSuite> {
        let seed = entrance.seed;
        // The secret of a key pair is one.
        let identity = IdentityKeyPair::from_secret::<S>(entrance.identity.secret())
            .unwrap_or_else(|| {
                IdentityKeyPair::random::<S>(&mut ChaCha20Rng::seed_from_u64(!seed))
            });
        let twin = Entrance {
            role: entrance.role,
            config: entrance.config.clone(),
            identity,
            now: entrance.now,
            seed,
        };
        Ok(Self {
            even: SeededRoom::enter(entrance)?,
            odd: SeededRoom::enter(twin)?,
            part,
            parted: false,
            seed,
        })
    }

    fn part_in_time(&mut self, now: Timestamp) {
        let is_due = matches!(self.part, Part::At(at) if now >= at);
        if is_due && !self.parted {
            self.parted = true;
            self.odd.draws = Draws::new(!self.seed);
        }
    }
}

impl<S: CryptoSuite> Party for Twins<S> {
    fn hear(&mut self, now: Timestamp, from: Seat, packet: &[u8]) {
        self.part_in_time(now);
        self.even.hear(now, from, packet);
        self.odd.hear(now, from, packet);
    }

    fn wake(&mut self, now: Timestamp) {
        self.part_in_time(now);
        self.even.wake(now);
        self.odd.wake(now);
    }

    fn next_wake(&self) -> Option<Timestamp> {
        let wakes = [self.even.next_wake(), self.odd.next_wake()];
        wakes.into_iter().flatten().min()
    }

    fn transmit(&mut self) -> Option<Transmit> {
        if self.parted {
            let even = self.even.packet().map(|it| to(Audience::Even, it));
            return even.or_else(|| self.odd.packet().map(|it| to(Audience::Odd, it)));
        }
        let packet = self.even.packet()?;
        // The same.
        let _same = self.odd.packet();
        Some(to(Audience::Everyone, packet))
    }

    fn event(&mut self) -> Option<Event> {
        while self.odd.event().is_some() {}
        self.even.event()
    }

    fn send(&mut self, now: Timestamp, text: &[u8]) -> Option<TextId> {
        match self.part {
            Part::At(_) => None,
            Part::OnWriting => {
                self.parted = true;
                self.odd.send(now, &[text, b", or so"].concat());
                self.even.send(now, text)
            }
        }
    }

    fn decide(&mut self, now: Timestamp, text_id: TextId, leaves: bool) {
        self.even.decide(now, text_id, leaves);
        self.odd.decide(now, text_id, leaves);
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
