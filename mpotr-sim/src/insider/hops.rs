//! Leaves whenever there is a change, at some moment of it, and comes back at once with the same identity and nothing else: each
//! change of the others has a member that goes before its end, and is followed by another that lets it in.

use std::collections::VecDeque;

use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair, UnsupportedSuite};
use mpotr_core::{Duration, Event, RoomConfig, TextId, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::everyone;
use crate::cast::Entrance;
use crate::draw::below;
use crate::member::SeededRoom;
use crate::party::{Act, Party, Seat, Transmit};
use crate::script::Role;

/// Where nobody else begins a change, it leaves so many milliseconds after it has come in.
const STAYS_MS: u64 = 5000;
/// Within so many after a change has begun it leaves that.
const LEAVES_WITHIN_MS: u64 = 1000;

/// The party.
pub(super) struct Hops<S: CryptoSuite> {
    role: Role,
    identity: IdentityKeyPair,
    config: RoomConfig,
    member: SeededRoom<S>,
    rng: ChaCha20Rng,
    /// When it leaves: of the epoch that it is in, and of the change under way.
    leaves_epoch: Option<Timestamp>,
    leaves_change: Option<Timestamp>,
    /// What it had to say when it left.
    out: VecDeque<Vec<u8>>,
}

impl<S: CryptoSuite> Hops<S> {
    pub(super) fn enter(entrance: Entrance) -> Result<Self, UnsupportedSuite> {
        let mut rng = ChaCha20Rng::seed_from_u64(!entrance.seed);
        let identity = copy::<S>(&entrance.identity, &mut rng);
        let mut config = entrance.config.clone();
        // When it comes back the others are there.
        config.members = None;
        Ok(Self {
            role: entrance.role,
            identity,
            config,
            member: SeededRoom::enter(entrance)?,
            rng,
            leaves_epoch: None,
            leaves_change: None,
            out: VecDeque::new(),
        })
    }

    /// Leaves if it is time, and comes back.
    fn hop(&mut self, now: Timestamp) {
        self.plan(now);
        let is_due = |at: &Timestamp| *at <= now;
        let leaves = self.leaves_epoch.iter().chain(&self.leaves_change);
        if leaves.into_iter().any(is_due) {
            // The second time it does not wait for anyone.
            for _ in 0..2 {
                self.member.room().stop(now);
            }
        }
        if self.member.has_ended() {
            self.out.extend(std::iter::from_fn(|| self.member.packet()));
            let entrance = Entrance {
                role: self.role,
                config: self.config.clone(),
                identity: copy::<S>(&self.identity, &mut self.rng),
                now,
                seed: self.rng.next_u64(),
            };
            if let Ok(member) = SeededRoom::enter(entrance) {
                self.member = member;
            }
            (self.leaves_epoch, self.leaves_change) = (None, None);
        }
    }

    fn plan(&mut self, now: Timestamp) {
        let after = |millis| now.after(Duration::from_millis(millis));
        if self.member.export().is_none() {
            (self.leaves_epoch, self.leaves_change) = (None, None);
        } else if self.leaves_epoch.is_none() {
            self.leaves_epoch = Some(after(STAYS_MS));
        }
        if self.member.views().is_none() {
            self.leaves_change = None;
        } else if self.leaves_change.is_none() {
            self.leaves_change = Some(after(below(LEAVES_WITHIN_MS, &mut self.rng)));
        }
    }
}

/// The secret of a key pair is one.
fn copy<S: CryptoSuite>(identity: &IdentityKeyPair, rng: &mut ChaCha20Rng) -> IdentityKeyPair {
    let copy = IdentityKeyPair::from_secret::<S>(identity.secret());
    copy.unwrap_or_else(|| IdentityKeyPair::random::<S>(rng))
}

impl<S: CryptoSuite> Party for Hops<S> {
    fn hear(&mut self, now: Timestamp, from: Seat, packet: &[u8]) {
        self.member.hear(now, from, packet);
        self.hop(now);
    }

    fn wake(&mut self, now: Timestamp) {
        self.member.wake(now);
        self.hop(now);
    }

    fn next_wake(&self) -> Option<Timestamp> {
        let leaves = [self.leaves_epoch, self.leaves_change];
        let wakes = leaves.into_iter().chain([self.member.next_wake()]);
        wakes.flatten().min()
    }

    fn transmit(&mut self) -> Option<Transmit> {
        let packet = self.out.pop_front().or_else(|| self.member.packet())?;
        everyone(packet).pop()
    }

    fn event(&mut self) -> Option<Event> {
        // That one of its lives is over is not told: it is back.
        loop {
            let event = self.member.event()?;
            if !matches!(event, Event::Ended(_)) {
                return Some(event);
            }
        }
    }

    fn send(&mut self, now: Timestamp, text: &[u8]) -> Option<TextId> {
        self.member.send(now, text)
    }

    fn act(&mut self, now: Timestamp, act: Act) {
        self.member.act(now, act);
    }

    fn export(&self) -> Option<[u8; 32]> {
        self.member.export()
    }
}
