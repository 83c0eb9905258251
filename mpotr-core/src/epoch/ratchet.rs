//! The symmetric ratchet of one sender's stream. `docs/spec/05-wire.md`, "Ratchet".
//!
//! ```text
//! chain_0     = expand(epoch, "content chain" | "statement chain", sender)      64 bytes
//! keys_b      = expand(chain_b, "message", "")                                  256 bytes: of places 8b to 8b + 7
//! chain_{b+1} = expand(chain_b, "chain", "")                                    64 bytes
//! ```
//!
//! Eight keys at a time cost a third of eight times one. They give nothing away: whoever has the chain has all keys from
//! there on, and each is erased by itself.
//!
//! A message key seals once. A receiver uses it up when a packet of its place is *authenticated*: every member can seal
//! under every key, so a packet that merely opens must not do that. A used key stays until its message is final: another
//! message of its place would be the evidence that its author says two things
//! (`docs/decisions/0006-keys-until-final.md`).

use std::collections::{BTreeMap, VecDeque};

use mpotr_crypto::{CryptoSuite, Secret, kdf::Prk, label};

use crate::error::Rejection;

/// How far beyond the first place that is still open a packet may be. Refused before any key is derived.
const MAX_AHEAD: u32 = 1024;

/// Keys that are derived at once, and their bytes.
const BLOCK: usize = 8 * KEY;
const KEY: usize = 32;

/// The keys of one stream of one sender.
#[derive(Debug)]
pub(super) struct Ratchet {
    /// From which the keys after those in `ahead` come.
    chain: Prk,
    next: u32,
    /// Keys from `next` on.
    ahead: VecDeque<Secret<KEY>>,
    /// Keys before `next` whose packets have not come.
    open: BTreeMap<u32, Secret<32>>,
    /// Keys whose packets have come and are not final.
    used: BTreeMap<u32, Secret<32>>,
}

impl Ratchet {
    pub(super) const fn new(chain: Prk) -> Self {
        Self {
            chain,
            next: 0,
            ahead: VecDeque::new(),
            open: BTreeMap::new(),
            used: BTreeMap::new(),
        }
    }

    /// The next place and its key, for the sender. `None` when the stream is used up.
    pub(super) fn step<S: CryptoSuite>(&mut self) -> Option<(u32, Secret<32>)> {
        let place = self.next;
        self.next = place.checked_add(1)?;
        if self.ahead.is_empty() {
            let block = self.chain.expand::<S, BLOCK>(label::MESSAGE_KEY, &[]);
            let (keys, _) = block.expose().as_chunks::<KEY>();
            self.ahead
                .extend(keys.iter().map(|key| Secret::fill_with(|out| *out = *key)));
            self.chain = self.chain.child::<S>(label::CHAIN_STEP, &[]);
        }
        self.ahead.pop_front().map(|key| (place, key))
    }

    /// The key of a place, which stays until it is erased.
    ///
    /// # Errors
    /// The key is erased, or the place is too far ahead.
    pub(super) fn key<S: CryptoSuite>(&mut self, place: u32) -> Result<&Secret<32>, Rejection> {
        let first_open = self.open.keys().next().copied().unwrap_or(self.next);
        if place >= first_open.saturating_add(MAX_AHEAD) {
            return Err(Rejection::TooFarAhead);
        }
        while self.next <= place {
            let (skipped, key) = self.step::<S>().ok_or(Rejection::TooFarAhead)?;
            self.open.insert(skipped, key);
        }
        self.open
            .get(&place)
            .or_else(|| self.used.get(&place))
            .ok_or(Rejection::Replayed)
    }

    /// A packet of a place is authenticated: the place is open no more.
    pub(super) fn spend(&mut self, place: u32) {
        if let Some(key) = self.open.remove(&place) {
            self.used.insert(place, key);
        }
    }

    /// Erases the key of a place that is used.
    pub(super) fn erase(&mut self, place: u32) {
        self.used.remove(&place);
    }

    /// Keys that are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.open.len().saturating_add(self.used.len())
    }

    /// Erases all keys: no packet is sealed or opened any more.
    pub(super) fn close<S: CryptoSuite>(&mut self) {
        self.chain = Prk::extract::<S>(&[], &[]);
        self.next = u32::MAX;
        self.ahead.clear();
        self.open.clear();
        self.used.clear();
    }

    /// Erases the keys of this place and all before it: in a stream whose newest packet replaces the older.
    pub(super) fn erase_through(&mut self, place: u32) {
        self.open = self.open.split_off(&place.saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_AHEAD, Ratchet};
    use crate::error::Rejection;
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
    use mpotr_crypto::kdf::Prk;

    fn ratchet() -> Ratchet {
        Ratchet::new(Prk::extract::<Suite>(b"salt", b"secret"))
    }

    #[test]
    fn sender_and_receiver_have_the_same_keys_in_any_order() {
        let (mut sender, mut receiver) = (ratchet(), ratchet());
        let sent: Vec<_> = (0..5).map(|_| sender.step::<Suite>().unwrap()).collect();
        for (place, key) in sent.iter().rev() {
            assert_eq!(receiver.key::<Suite>(*place).unwrap(), key);
        }
    }

    #[test]
    fn a_key_stays_until_it_is_erased_and_never_comes_back() {
        let mut receiver = ratchet();
        receiver.key::<Suite>(3).unwrap();
        receiver.spend(3);
        receiver.key::<Suite>(3).unwrap();
        receiver.erase(3);
        assert_eq!(receiver.key::<Suite>(3).unwrap_err(), Rejection::Replayed);
        receiver.key::<Suite>(2).unwrap();
        receiver.erase_through(2);
        assert_eq!(receiver.key::<Suite>(1).unwrap_err(), Rejection::Replayed);
    }

    #[test]
    fn a_jump_beyond_the_window_derives_nothing() {
        let mut receiver = ratchet();
        assert_eq!(
            receiver.key::<Suite>(MAX_AHEAD).unwrap_err(),
            Rejection::TooFarAhead
        );
        assert_eq!(receiver.next, 0);
        receiver.key::<Suite>(MAX_AHEAD - 1).unwrap();
        // Place 0 is still open: the window has not moved.
        assert_eq!(
            receiver.key::<Suite>(MAX_AHEAD).unwrap_err(),
            Rejection::TooFarAhead
        );
        receiver.spend(0);
        receiver.key::<Suite>(MAX_AHEAD).unwrap();
    }
}
