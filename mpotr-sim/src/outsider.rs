//! Outsiders. Each knows the name of the room, hears every packet, and sends packets of its own; none has a key of
//! any epoch, and none is ever a member. They stay to the end.
//!
//! | file | what it does |
//! |---|---|
//! | `ghosts` | offers of identities that never answer |
//! | `adverts` | adverts of epochs that are not there |
//! | `stolen_offers` | offers in the names of members |
//! | `larger_room` | a room of its own that claims to be larger, for half of the members |
//! | `replayer` | packets that it heard, once more |
//! | `bystander` | nothing |
//!
//! What an outsider costs is measured against a run of the same seed in which it is a bystander.

mod adverts;
mod bystander;
mod ghosts;
mod larger_room;
mod overheard;
mod replayer;
mod stolen_offers;

use std::collections::VecDeque;

use mpotr_core::crypto::{CryptoSuite, UnsupportedSuite};
use mpotr_core::{Duration, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::cast::Entrance;
use crate::party::{Audience, Party, Seat, Transmit};
pub(crate) use bystander::Bystander;

/// How long an outsider is counted, and how long those last that come and go.
pub(crate) const HAUNTS: Duration = Duration::from_secs(300);

/// What an outsider does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutsiderKind {
    /// An offer of another identity that never answers, once in so long, for 300 seconds.
    Ghosts {
        /// Between two offers.
        every: Duration,
    },
    /// An advert of another large epoch that is not there, every 25 seconds.
    Adverts,
    /// Each second an offer in the name of a member, for 300 seconds.
    StolenOffers,
    /// A room of its own, which claims to be larger than any, for half of the members.
    LargerRoom,
    /// Each second a packet that it heard.
    Replayer,
}

/// What is said at regular times.
trait Utterance {
    /// Takes note of a packet.
    fn hear(&mut self, packet: &[u8]);

    /// What is said now, if anything is.
    fn speak(&mut self, rng: &mut ChaCha20Rng) -> Option<Vec<u8>>;
}

/// An outsider that speaks at regular times.
struct Regular {
    utterance: Box<dyn Utterance>,
    every: Duration,
    next: Timestamp,
    /// When it falls silent, if it does.
    until: Option<Timestamp>,
    rng: ChaCha20Rng,
    out: VecDeque<Vec<u8>>,
}

impl Party for Regular {
    fn hear(&mut self, _now: Timestamp, _from: Seat, packet: &[u8]) {
        self.utterance.hear(packet);
    }

    fn wake(&mut self, now: Timestamp) {
        if self.next_wake().is_some_and(|next| next <= now) {
            self.next = now.after(self.every);
            self.out.extend(self.utterance.speak(&mut self.rng));
        }
    }

    fn next_wake(&self) -> Option<Timestamp> {
        let is_over = self.until.is_some_and(|until| self.next > until);
        (!is_over).then_some(self.next)
    }

    fn transmit(&mut self) -> Option<Transmit> {
        let packet = self.out.pop_front()?;
        Some(Transmit {
            audience: Audience::Everyone,
            packet,
        })
    }
}

/// An outsider enters.
pub(crate) fn enter<S: CryptoSuite + 'static>(
    kind: OutsiderKind,
    entrance: Entrance,
) -> Result<Box<dyn Party>, UnsupportedSuite> {
    let room = entrance.config.room;
    let second = Duration::from_secs(1);
    let (utterance, every, lasts): (Box<dyn Utterance>, _, _) = match kind {
        OutsiderKind::LargerRoom => {
            return Ok(Box::new(larger_room::LargerRoom::<S>::enter(&entrance)?));
        }
        OutsiderKind::Ghosts { every } => {
            let ghosts = ghosts::Ghosts::<S>::new(room);
            (Box::new(ghosts), every, Some(HAUNTS))
        }
        OutsiderKind::StolenOffers => {
            let stolen = stolen_offers::StolenOffers::<S>::new(room);
            (Box::new(stolen), second, Some(HAUNTS))
        }
        OutsiderKind::Adverts => {
            let adverts = adverts::Adverts::new(room);
            (Box::new(adverts), adverts::EVERY, None)
        }
        OutsiderKind::Replayer => (Box::new(replayer::Replayer::default()), second, None),
    };
    Ok(Box::new(Regular {
        utterance,
        every,
        next: entrance.now,
        until: lasts.map(|lasts| entrance.now.after(lasts)),
        rng: ChaCha20Rng::seed_from_u64(entrance.seed),
        out: VecDeque::new(),
    }))
}
