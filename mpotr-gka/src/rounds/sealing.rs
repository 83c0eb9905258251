//! The keys that seal confirmations, one for each sender. `docs/spec/04-key-agreement.md`, "Confirmation".
//!
//! ```text
//! keys of 8 b, .., 8 b + 7 = expand(es, "confirm", uint16 b), 256 bytes
//! ```
//!
//! Eight come from one expansion, which costs little more than one key would.

use mpotr_crypto::{AeadKey, CryptoSuite, Secret, SecretRef, kdf::Prk, label};

use crate::member_index::MemberIndex;

const KEY_LENGTH: usize = 32;
const KEYS: usize = 8;

/// The keys of all senders in cycle order. It goes on beyond the roster: the caller takes as many as there are members.
pub(super) fn sealing_keys<S: CryptoSuite>(
    epoch: &Prk,
) -> impl Iterator<Item = AeadKey<S>> + use<'_, S> {
    (0_u16..).flat_map(|block| keys_of::<S>(epoch, block))
}

/// The key of one sender. It is always there: a block has a key for every remainder.
pub(super) fn sealing_key<S: CryptoSuite>(epoch: &Prk, sender: MemberIndex) -> Option<AeadKey<S>> {
    let sender = sender.get();
    let (block, place) = (sender >> 3, usize::from(sender & 7));
    keys_of::<S>(epoch, block).nth(place)
}

fn keys_of<S: CryptoSuite>(epoch: &Prk, block: u16) -> impl Iterator<Item = AeadKey<S>> + use<S> {
    let keys: Secret<{ KEYS * KEY_LENGTH }> =
        epoch.expand::<S, _>(label::CONFIRMATION_KEY, &block.to_be_bytes());
    (0..KEYS).filter_map(move |place| {
        let key: SecretRef<'_, KEY_LENGTH> = keys.part(place)?;
        Some(AeadKey::new(key))
    })
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
    use mpotr_crypto::kdf::Prk;

    use super::{MemberIndex, sealing_key, sealing_keys};

    #[test]
    fn every_sender_has_a_key_of_its_own() {
        let epoch = Prk::extract::<S>(b"sid", b"key");
        let mut sealed: Vec<_> = sealing_keys::<S>(&epoch)
            .take(20)
            .map(|key| key.seal(&[0; 12], &[], b"text"))
            .collect();
        for (sender, sealed) in (0..).zip(&sealed) {
            let key = sealing_key::<S>(&epoch, MemberIndex::new(sender)).unwrap();
            assert_eq!(&key.seal(&[0; 12], &[], b"text"), sealed);
        }
        assert!(sealing_key::<S>(&epoch, MemberIndex::new(4095)).is_some());
        sealed.sort_unstable();
        sealed.dedup();
        assert_eq!(sealed.len(), 20);
    }
}
