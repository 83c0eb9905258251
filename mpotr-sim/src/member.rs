//! An honest member: a room, and randomness of its own.

use mpotr_core::crypto::{CryptoSuite, UnsupportedSuite};
use mpotr_core::wire::EpochHint;
use mpotr_core::{Event, LinkReport, Room, TextId, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Infallible, SeedableRng as _, TryCryptoRng, TryRng};

use crate::cast::Entrance;
use crate::party::{Act, Audience, Party, Seat, Transmit};

/// What the application uses the shared secret for.
const CONTEXT: &[u8] = b"mpotr-sim";

/// A room, and randomness of its own.
pub(crate) struct SeededRoom<S: CryptoSuite> {
    room: Room<S>,
    pub(crate) draws: Draws,
}

impl<S: CryptoSuite> SeededRoom<S> {
    /// A member enters. All its draws follow from its seed.
    pub(crate) fn enter(entrance: Entrance) -> Result<Self, UnsupportedSuite> {
        let draws = Draws::new(entrance.seed);
        Self::drawing(entrance, draws)
    }

    /// As [`enter`](Self::enter), and remembers its draws.
    pub(crate) fn remembering(entrance: Entrance) -> Result<Self, UnsupportedSuite> {
        let draws = Draws::remembering(entrance.seed);
        Self::drawing(entrance, draws)
    }

    fn drawing(entrance: Entrance, mut draws: Draws) -> Result<Self, UnsupportedSuite> {
        let Entrance {
            config,
            identity,
            now,
            ..
        } = entrance;
        let room = Room::new(config, identity, now, &mut draws)?;
        Ok(Self { room, draws })
    }

    /// The room itself.
    pub(crate) const fn room(&mut self) -> &mut Room<S> {
        &mut self.room
    }

    /// The next packet to everyone.
    pub(crate) fn packet(&mut self) -> Option<Vec<u8>> {
        self.room.poll_transmit()
    }
}

impl<S: CryptoSuite> Party for SeededRoom<S> {
    fn hear(&mut self, now: Timestamp, _from: Seat, packet: &[u8]) {
        // Rejections are expected: the network replays, and insiders forge.
        let _rejected = self.room.handle_message(now, packet, &mut self.draws);
    }

    fn wake(&mut self, now: Timestamp) {
        self.room.handle_timeout(now, &mut self.draws);
    }

    fn next_wake(&self) -> Option<Timestamp> {
        self.room.poll_timeout()
    }

    fn note_link(&mut self, now: Timestamp, report: LinkReport) {
        self.room.handle_link(now, report);
    }

    fn transmit(&mut self) -> Option<Transmit> {
        let packet = self.packet()?;
        Some(Transmit {
            audience: Audience::Everyone,
            packet,
        })
    }

    fn event(&mut self) -> Option<Event> {
        self.room.poll_event()
    }

    fn send(&mut self, now: Timestamp, text: &[u8]) -> Option<TextId> {
        let seen = self.room.newest_seen();
        self.room.send(now, text.to_vec(), seen).ok()
    }

    fn decide(&mut self, now: Timestamp, text_id: TextId, leaves: bool) {
        if leaves {
            let seen = self.room.newest_seen();
            // Who leaves releases nothing.
            let _left = self.room.release(now, text_id, seen);
        } else {
            let _body = self.room.discard(now, text_id);
        }
    }

    fn act(&mut self, now: Timestamp, act: Act) {
        match act {
            Act::Leave => self.room.leave(now),
            Act::Refresh => self.room.refresh(now),
            Act::Exclude(identity) => {
                // A scenario asks for far fewer than a member may.
                let _asked = self.room.exclude(now, identity);
            }
            Act::Admit(identity) => {
                let _asked = self.room.admit(now, identity);
            }
            Act::Merge(name) => {
                // A few rooms at a time: who tells of more makes them up.
                let _asked = self.room.merge(now, name);
            }
        }
    }

    fn export(&self) -> Option<[u8; 32]> {
        Some(*self.room.export(CONTEXT)?.expose())
    }

    fn has_ended(&self) -> bool {
        self.room.has_ended()
    }

    fn epochs_held(&self) -> Vec<(EpochHint, bool)> {
        self.room.epochs_held().collect()
    }

    fn opened(&self, packet: &[u8]) -> Option<Vec<u8>> {
        self.room.opened(packet)
    }

    fn views(&self) -> Option<u32> {
        self.room.views()
    }
}

/// Seeded randomness that remembers draws of 32 bytes: an insider knows its own secrets, among them the seeds of its
/// ephemeral keys.
pub(crate) struct Draws {
    rng: ChaCha20Rng,
    remembered: Option<Vec<[u8; 32]>>,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha20Rng::seed_from_u64(seed),
            remembered: None,
        }
    }

    /// Remembers draws of 32 bytes.
    fn remembering(seed: u64) -> Self {
        Self {
            remembered: Some(Vec::new()),
            ..Self::new(seed)
        }
    }

    /// Takes out what is remembered.
    pub(crate) fn recall(&mut self) -> Vec<[u8; 32]> {
        self.remembered
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }
}

impl TryRng for Draws {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.rng.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.rng.try_next_u64()
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.rng.try_fill_bytes(out)?;
        if let (Some(remembered), Ok(seed)) = (&mut self.remembered, <[u8; 32]>::try_from(&*out)) {
            remembered.push(seed);
        }
        Ok(())
    }
}

impl TryCryptoRng for Draws {}
