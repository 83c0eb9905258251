//! A suite on a backend, as functions: the rest of the simulation is not generic.

use mpotr_core::crypto::{CryptoSuite, IdentityKeyPair, UnsupportedSuite};
use mpotr_core::gka::RoomId;
use mpotr_core::{RoomConfig, Timestamp};
use rand_chacha::ChaCha20Rng;

use crate::insider;
use crate::member::SeededRoom;
use crate::outsider::{self, Bystander};
use crate::party::Party;
use crate::script::Role;

/// What it takes to enter.
pub(crate) struct Entrance {
    pub(crate) role: Role,
    pub(crate) config: RoomConfig,
    pub(crate) identity: IdentityKeyPair,
    pub(crate) now: Timestamp,
    pub(crate) seed: u64,
}

/// A suite on a backend. Members of one run may have different backends of one suite.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    pub(crate) room_id: fn(&str) -> RoomId,
    pub(crate) identity: fn(&mut ChaCha20Rng) -> IdentityKeyPair,
    pub(crate) copy: fn(&IdentityKeyPair) -> Option<IdentityKeyPair>,
    pub(crate) enter: fn(Entrance) -> Result<Box<dyn Party>, UnsupportedSuite>,
}

impl Cast {
    /// Members whose rooms are `Room<S>`.
    #[must_use]
    pub fn of<S: CryptoSuite + 'static>() -> Self {
        Self {
            room_id: RoomId::of_name::<S>,
            identity: |rng| IdentityKeyPair::random::<S>(rng),
            copy: |identity| IdentityKeyPair::from_secret::<S>(identity.secret()),
            enter: enter::<S>,
        }
    }
}

fn enter<S: CryptoSuite + 'static>(entrance: Entrance) -> Result<Box<dyn Party>, UnsupportedSuite> {
    match entrance.role {
        Role::Honest => Ok(Box::new(SeededRoom::<S>::enter(entrance)?)),
        Role::Insider(kind) => insider::enter::<S>(kind, entrance),
        Role::Outsider(kind) => outsider::enter::<S>(kind, entrance),
        Role::Bystander => Ok(Box::new(Bystander)),
    }
}
