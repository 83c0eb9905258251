//! The symmetric ratchet of one sender's stream. `docs/spec/05-wire.md`, "Ratchet".
//!
//! ```text
//! chain_0     = expand(epoch, "content chain" | "statement chain", sender)      64 bytes
//! keys_b      = expand(chain_b, "message", "")                                  1,024 bytes: of places 32b to 32b + 31
//! chain_{b+1} = expand(chain_b, "chain", "")                                    64 bytes
//! ```
//!
//! Thirty-two keys at a time cost a quarter of thirty-two times one. They give nothing away: who has the chain has all
//! keys from there on, and each is erased by itself.
//!
//! A message key seals once. A receiver uses it up when a packet of its place is *authenticated*: every member can seal
//! under every key, so a packet that merely opens must not do that. A used key stays until its message is final: another
//! message of its place would be the evidence that its author says two things
//! (`docs/decisions/0006-keys-until-final.md`).

use std::collections::VecDeque;

use mpotr_crypto::{CryptoSuite, Secret, SecretRef, kdf::Prk, label};

use crate::error::Rejection;

/// How far beyond the first place that is still open a packet may be. Refused before any key is derived.
const MAX_AHEAD: u32 = 1024;

/// The bytes of a key.
const KEY: usize = 32;
/// Keys that are derived at once.
const BLOCK: usize = 32;

/// What is left of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No packet of its place has come.
    Open,
    /// One has come, and its message is not final.
    Used,
    /// Nothing.
    Erased,
}

/// Keys that are derived at once, in one piece, and what is left of each.
#[derive(Debug)]
struct Block {
    keys: Secret<{ BLOCK * KEY }>,
    states: [State; BLOCK],
}

impl Block {
    fn state(&mut self, at: usize) -> Option<&mut State> {
        self.states.get_mut(at)
    }

    fn erase(&mut self, at: usize) {
        self.keys.wipe_part::<KEY>(at);
        if let Some(state) = self.state(at) {
            *state = State::Erased;
        }
    }

    fn is_erased(&self) -> bool {
        self.states.iter().all(|state| *state == State::Erased)
    }
}

/// The keys of one stream of one sender.
#[derive(Debug)]
pub(super) struct Ratchet {
    /// From which the keys after those in `blocks` come.
    chain: Prk,
    /// The keys that are derived and not all erased, in the order of their places.
    blocks: VecDeque<Block>,
    /// How many blocks came before them.
    dropped: usize,
    /// The first place that is open; to a sender, its next one.
    open: u32,
}

impl Ratchet {
    pub(super) const fn new(chain: Prk) -> Self {
        Self {
            chain,
            blocks: VecDeque::new(),
            dropped: 0,
            open: 0,
        }
    }

    /// The next place and its key, for the sender. `None` when the stream is used up.
    pub(super) fn step<S: CryptoSuite>(&mut self) -> Option<(u32, Secret<KEY>)> {
        let place = self.open;
        self.derive_through::<S>(place)?;
        let (block, at) = self.block_mut(place)?;
        let key = block.keys.part::<KEY>(at)?;
        let key = Secret::fill_with(|out| out.copy_from_slice(key.expose()));
        block.erase(at);
        self.tidy();
        Some((place, key))
    }

    /// The key of a place, which stays until it is erased.
    ///
    /// # Errors
    /// The key is erased, or the place is too far ahead.
    pub(super) fn key<S: CryptoSuite>(
        &mut self,
        place: u32,
    ) -> Result<SecretRef<'_, KEY>, Rejection> {
        if place >= self.open.saturating_add(MAX_AHEAD) {
            return Err(Rejection::TooFarAhead);
        }
        self.derive_through::<S>(place)
            .ok_or(Rejection::TooFarAhead)?;
        self.block_mut(place)
            .and_then(|(block, at)| {
                let state = block.state(at).copied();
                block.keys.part(at).filter(|_| state != Some(State::Erased))
            })
            .ok_or(Rejection::Replayed)
    }

    /// A packet of a place is authenticated: the place is open no more.
    pub(super) fn spend(&mut self, place: u32) {
        if let Some(state) = self.state_mut(place).filter(|state| **state == State::Open) {
            *state = State::Used;
            self.tidy();
        }
    }

    /// Erases the key of a place that is used.
    pub(super) fn erase(&mut self, place: u32) {
        if let Some((block, at)) = self.block_mut(place)
            && block.state(at).copied() == Some(State::Used)
        {
            block.erase(at);
            self.tidy();
        }
    }

    /// Erases the keys of this place and all before it: in a stream whose newest packet replaces the older.
    pub(super) fn erase_through(&mut self, place: u32) {
        let first = u32::try_from(self.dropped.saturating_mul(BLOCK)).unwrap_or(u32::MAX);
        for place in first..=place {
            if let Some((block, at)) = self.block_mut(place) {
                block.erase(at);
            }
        }
        self.tidy();
    }

    /// Erases all keys: no packet is sealed or opened from now on.
    pub(super) fn close<S: CryptoSuite>(&mut self) {
        self.chain = Prk::extract::<S>(&[], &[]);
        self.blocks.clear();
        self.dropped = usize::MAX;
        self.open = u32::MAX;
    }

    /// Derives the keys up to a place, unless they are. `None` for the last place of all, which is never used.
    fn derive_through<S: CryptoSuite>(&mut self, place: u32) -> Option<()> {
        place.checked_add(1)?;
        let (block, _) = position(place)?;
        while self.dropped.saturating_add(self.blocks.len()) <= block {
            self.blocks.push_back(Block {
                keys: self.chain.expand::<S, _>(label::MESSAGE_KEY, &[]),
                states: [State::Open; BLOCK],
            });
            self.chain = self.chain.child::<S>(label::CHAIN_STEP, &[]);
        }
        Some(())
    }

    /// The block of a place that is derived and not dropped, and where it is in there.
    fn block_mut(&mut self, place: u32) -> Option<(&mut Block, usize)> {
        let (block, at) = position(place)?;
        let block = self.blocks.get_mut(block.checked_sub(self.dropped)?)?;
        Some((block, at))
    }

    fn state_mut(&mut self, place: u32) -> Option<&mut State> {
        let (block, at) = self.block_mut(place)?;
        block.state(at)
    }

    /// Finds the first open place again, and drops the blocks of which nothing is left.
    fn tidy(&mut self) {
        while self
            .state_mut(self.open)
            .is_some_and(|state| *state != State::Open)
        {
            self.open = self.open.saturating_add(1);
        }
        while self
            .blocks
            .pop_front_if(|block| block.is_erased())
            .is_some()
        {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Keys that are kept for messages that are not final.
    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        let states = self.blocks.iter().flat_map(|block| &block.states);
        states.filter(|state| **state == State::Used).count()
    }
}

/// The block of a place, and where it is in there.
fn position(place: u32) -> Option<(usize, usize)> {
    let place = usize::try_from(place).ok()?;
    Some((place.checked_div(BLOCK)?, place.checked_rem(BLOCK)?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{MAX_AHEAD, Ratchet, State};
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
            assert_eq!(receiver.key::<Suite>(*place).unwrap(), key.into());
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
        assert!(receiver.blocks.is_empty());
        receiver.key::<Suite>(MAX_AHEAD - 1).unwrap();
        // Place 0 is still open: the window has not moved.
        assert_eq!(
            receiver.key::<Suite>(MAX_AHEAD).unwrap_err(),
            Rejection::TooFarAhead
        );
        receiver.spend(0);
        receiver.key::<Suite>(MAX_AHEAD).unwrap();
    }

    #[test]
    fn the_last_place_of_all_is_never_used() {
        let mut ratchet = ratchet();
        ratchet.close::<Suite>();
        assert_eq!(ratchet.step::<Suite>(), None);
        for (place, rejection) in [
            (0, Rejection::Replayed),
            (u32::MAX - 1, Rejection::Replayed),
            (u32::MAX, Rejection::TooFarAhead),
        ] {
            assert_eq!(ratchet.key::<Suite>(place).unwrap_err(), rejection);
        }
    }

    /// What can be done with a place.
    #[derive(Clone, Copy, Debug)]
    enum Call {
        Key,
        Spend,
        Erase,
        EraseThrough,
    }

    proptest! {
        /// In whatever order places are used and erased, each is in the state that was asked for, and keeps its key.
        #[test]
        fn every_place_has_its_own_state(calls in vec((0_u32..200, prop_oneof![
            Just(Call::Key), Just(Call::Spend), Just(Call::Erase), Just(Call::EraseThrough)
        ]), 1..120)) {
            let mut sender = ratchet();
            let keys: BTreeMap<_, _> = (0..200).map(|_| sender.step::<Suite>().unwrap()).collect();
            let (mut receiver, mut states) = (ratchet(), BTreeMap::new());
            let mut derived = None;
            for (place, call) in calls {
                match call {
                    Call::Key => {
                        let expected = match states.get(&place) {
                            Some(State::Erased) => Err(Rejection::Replayed),
                            Some(State::Open | State::Used) | None => Ok((&keys[&place]).into()),
                        };
                        derived = derived.max(Some(place));
                        prop_assert_eq!(receiver.key::<Suite>(place), expected);
                    }
                    // As an epoch does it, once a packet has opened.
                    Call::Spend if Some(place) <= derived => {
                        receiver.spend(place);
                        states.entry(place).or_insert(State::Used);
                    }
                    Call::Erase => {
                        receiver.erase(place);
                        states.entry(place).and_modify(|state| *state = State::Erased);
                    }
                    Call::EraseThrough if Some(place) <= derived => {
                        receiver.erase_through(place);
                        for before in 0..=place {
                            let state = states.entry(before).or_insert(State::Erased);
                            *state = State::Erased;
                        }
                    }
                    Call::Spend | Call::EraseThrough => {}
                }
                let used = states.values().filter(|state| **state == State::Used);
                prop_assert_eq!(receiver.used(), used.count());
            }
        }
    }
}
