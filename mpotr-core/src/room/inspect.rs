//! What a room holds, for simulators and tests: feature `inspect`.

use mpotr_crypto::{CryptoSuite, IdentityKey};

use super::Room;
use crate::seen::Seen;
use crate::time::Duration;
use crate::wire::{EpochHint, Packet};

impl<S: CryptoSuite> Room<S> {
    /// The epochs that this member holds keys of, the present one first, and whether it has stated of each that everyone
    /// has closed it: from then on nothing that is said there changes what it holds.
    pub fn epochs_held(&self) -> impl Iterator<Item = (EpochHint, bool)> {
        let old = self.old.as_ref().map(|old| &old.epoch);
        let held = self.phase.epoch().into_iter().chain(old);
        held.map(|epoch| (epoch.hint(), epoch.has_said_done()))
    }

    /// What is inside an enclosed packet of an epoch that this member holds; `None` of any other packet.
    #[must_use]
    pub fn opened(&self, packet: &[u8]) -> Option<Vec<u8>> {
        match Packet::from_bytes(packet) {
            Ok(Packet::Enclosed(enclosed)) => self.open_enclosed(&enclosed),
            _ => None,
        }
    }

    /// In a change of the present epoch, how many views it has come to, the one that this member is in among them.
    #[must_use]
    pub fn views(&self) -> Option<u32> {
        let change = self.phase.change()?;
        Some(change.view.saturating_add(1))
    }

    /// How long this member takes a word and its answer to be under way, as far as it has measured that.
    #[must_use]
    pub const fn round_trip(&self) -> Option<Duration> {
        self.common.pulse.round_trip()
    }

    /// The strikes that this member has given in its present epoch or carried over into it.
    #[must_use]
    pub fn strikes(&self) -> Vec<(IdentityKey, u32)> {
        let Some(member) = self.phase.member() else {
            return Vec::new();
        };
        let strikes = &member.changing.strikes;
        let struck = strikes.struck();
        struck
            .filter_map(|it| Some((member.epoch.identity(it)?, strikes.given(it))))
            .collect()
    }

    /// The newest roster that the application was told of, as an author has seen it who looks at all that is told; without an
    /// epoch, the list of those who are expected. A program that shows a room to a person names what is shown.
    #[must_use]
    pub fn newest_seen(&self) -> Seen {
        let epoch = self.phase.epoch();
        epoch.map_or(Seen::Expected, |epoch| Seen::Epoch(epoch.sid()))
    }
}
