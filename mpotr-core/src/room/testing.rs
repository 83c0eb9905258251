//! What the tests of parts have in common.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
use mpotr_crypto::IdentityKeyPair;
use mpotr_gka::{KnownIdentities, OfferDigest, RoomId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::context::{Common, Me};
use super::lobby::Lobby;
use super::outbox::Outbox;
use super::proposing::Draft;
use super::pulse::Pulse;
use super::votes::Votes;
use crate::config::{Admission, RoomConfig};
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::timers::TimerTable;
use crate::wire::{Packet, Proposal};

pub(super) type Suite = ChaCha20Poly1305Suite;

/// What a part is given in the room of one member, and randomness of its own.
pub(super) fn common(seed: u64) -> (Common<Suite>, ChaCha20Rng) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let identity = IdentityKeyPair::random::<Suite>(&mut rng);
    let config = RoomConfig::new(RoomId::of_name::<Suite>("parts"), Admission::Open);
    let me = Me {
        times: config.timers,
        config,
        identity: Box::new(identity),
        known: KnownIdentities::new(),
    };
    let common = Common {
        me,
        out: Outbox::default(),
        timers: TimerTable::default(),
        pulse: Pulse::default(),
    };
    (common, rng)
}

impl Outbox {
    /// Takes out what was sent.
    pub(super) fn sent(&mut self) -> Vec<Packet> {
        let sent = self.drain().into_iter();
        sent.map(|packet| Packet::from_bytes(&packet).unwrap())
            .collect()
    }
}

pub(super) const NOW: Timestamp = Timestamp::from_millis(5000);

/// One who judges, and another who proposes: both have heard the other's offer.
pub(super) struct Two {
    pub(super) common: Common<Suite>,
    pub(super) lobby: Lobby<Suite>,
    pub(super) votes: Votes,
    pub(super) other: Lobby<Suite>,
    pub(super) other_common: Common<Suite>,
    pub(super) rng: ChaCha20Rng,
}

impl Two {
    pub(super) fn new() -> Self {
        let ((common, mut rng), (other_common, _)) = (common(1), common(2));
        let mut lobby = Lobby::new(&common.me, NOW);
        let mut other = Lobby::new(&other_common.me, NOW);
        lobby.renew_offer(&common.me, NOW, None, &mut rng);
        other.renew_offer(&other_common.me, NOW, None, &mut rng);
        let offer = |lobby: &Lobby<Suite>| lobby.offering.own(None).unwrap().member.offer().clone();
        lobby.offering.hear(NOW, offer(&other)).unwrap();
        other.offering.hear(NOW, offer(&lobby)).unwrap();
        let votes = Votes::new(&common.me.config);
        Self {
            common,
            lobby,
            votes,
            other,
            other_common,
            rng,
        }
    }

    fn offers(&self) -> Vec<OfferDigest> {
        let lobbies = [&self.lobby, &self.other];
        let mut offers = lobbies.map(|lobby| lobby.offering.own(None).unwrap().digest);
        offers.sort_unstable();
        offers.to_vec()
    }

    /// What the other proposes, in a view and under a policy.
    pub(super) fn proposal(&mut self, view: u32, policy: Policy) -> Proposal {
        let (offers, method) = (self.offers(), policy.authentication);
        let me = &self.other_common.me;
        let sum = self.other.sum_of_commitments(me, method, &offers);
        let draft = Draft {
            parent: None,
            view,
            host: None,
            policy,
            commitments: sum.unwrap(),
        };
        let proposed = self
            .other
            .offering
            .propose(me, draft, offers, &mut self.rng);
        proposed.unwrap()
    }
}
