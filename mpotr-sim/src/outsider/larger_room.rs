//! A room of three that claims to be larger than any, for half of the members of another. Its three rooms are as they
//! should be: what they say of themselves is true but for the size, and every proof of theirs verifies.

use std::collections::VecDeque;

use mpotr_core::Timestamp;
use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair, UnsupportedSuite};
use mpotr_core::gka::MAX_MEMBERS;
use mpotr_core::wire::{Packet, PacketKind};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::cast::Entrance;
use crate::member::SeededRoom;
use crate::party::{Audience, Party, Seat, Transmit};

/// How many rooms it runs.
const SYBILS: usize = 3;

/// Rooms that have begun among themselves, and then tell others of their epoch.
pub(super) struct LargerRoom<S: CryptoSuite> {
    sybils: Vec<SeededRoom<S>>,
    out: VecDeque<Vec<u8>>,
}

impl<S: CryptoSuite> LargerRoom<S> {
    pub(super) fn enter(entrance: &Entrance) -> Result<Self, UnsupportedSuite> {
        let mut rng = ChaCha20Rng::seed_from_u64(entrance.seed);
        let mut config = entrance.config.clone();
        config.members = Some(SYBILS);
        let sybils: Result<_, _> = (0..SYBILS)
            .map(|_| {
                SeededRoom::enter(Entrance {
                    role: entrance.role,
                    config: config.clone(),
                    identity: IdentityKeyPair::random::<S>(&mut rng),
                    now: entrance.now,
                    seed: rng.next_u64(),
                })
            })
            .collect();
        let mut larger = Self {
            sybils: sybils?,
            out: VecDeque::new(),
        };
        larger.pass_on(entrance.now);
        Ok(larger)
    }

    fn is_formed(&self) -> bool {
        self.sybils.iter().all(|sybil| sybil.export().is_some())
    }

    /// What one of them says the others hear at once, and the channel once all are in an epoch.
    fn pass_on(&mut self, now: Timestamp) {
        while let Some((from, packet)) = self.said() {
            for (to, sybil) in self.sybils.iter_mut().enumerate() {
                if to != from {
                    sybil.hear(now, Seat(from), &packet);
                }
            }
            if self.is_formed() {
                self.out.push_back(boast(packet));
            }
        }
        for sybil in &mut self.sybils {
            while sybil.event().is_some() {}
        }
    }

    fn said(&mut self) -> Option<(usize, Vec<u8>)> {
        let mut sybils = self.sybils.iter_mut().enumerate();
        sybils.find_map(|(seat, sybil)| Some((seat, sybil.packet()?)))
    }
}

/// An advert claims the most members that there can be.
fn boast(packet: Vec<u8>) -> Vec<u8> {
    match Packet::from_bytes(&packet) {
        Ok(Packet::Advert(mut advert)) => {
            advert.members = u16::try_from(MAX_MEMBERS).unwrap_or(u16::MAX);
            Packet::Advert(advert).to_bytes()
        }
        _ => packet,
    }
}

impl<S: CryptoSuite> Party for LargerRoom<S> {
    fn hear(&mut self, now: Timestamp, from: Seat, packet: &[u8]) {
        if !self.is_formed() {
            return;
        }
        // What the room says of itself is nothing to them.
        if PacketKind::of(packet) == Some(PacketKind::Advert) {
            return;
        }
        for sybil in &mut self.sybils {
            sybil.hear(now, from, packet);
        }
        self.pass_on(now);
    }

    fn wake(&mut self, now: Timestamp) {
        for sybil in &mut self.sybils {
            sybil.wake(now);
        }
        self.pass_on(now);
    }

    fn next_wake(&self) -> Option<Timestamp> {
        let wakes = self.sybils.iter().filter_map(Party::next_wake);
        wakes.min()
    }

    fn transmit(&mut self) -> Option<Transmit> {
        let packet = self.out.pop_front()?;
        Some(Transmit {
            audience: Audience::Even,
            packet,
        })
    }
}
