//! What no implementation can do without, to seal and open a message: the primitives alone.

use std::hint::black_box;

use mpotr_core::crypto::kdf::Prk;
use mpotr_core::crypto::{
    AEAD_TAG_LENGTH, AeadKey, CryptoSuite, EphemeralKeyPair, Secret, SignatureBytes, VerifyingKey,
    label,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// Epoch hint, sealed header and tag: what a packet has besides its sealed text.
const AROUND: usize = 8 + HEADER + AEAD_TAG_LENGTH + AEAD_TAG_LENGTH;
const HEADER: usize = 7;
const NONCE: [u8; 12] = [0; 12];
const DATA: [u8; 17] = [0; 17];
/// Message keys that one step of the ratchet yields.
const BLOCK: u64 = 32;

/// The primitives of one message after another, as long as a room's.
pub struct Floor<S: CryptoSuite> {
    pair: EphemeralKeyPair<S>,
    public: VerifyingKey<S>,
    signature: SignatureBytes,
    chain: Prk,
    key: Secret<32>,
    messages: u64,
    header_key: AeadKey<S>,
    text: Vec<u8>,
    sealed: Vec<u8>,
    header: Vec<u8>,
}

impl<S: CryptoSuite> Floor<S> {
    /// The floor of messages whose packets have so many bytes. `None` if a key of its own does not decode.
    #[must_use]
    pub fn of(packet: usize) -> Option<Self> {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let pair = EphemeralKeyPair::random(&mut rng);
        let key = Secret::new([0; 32]);
        let header_key = AeadKey::new(&Secret::random(&mut rng));
        let text = vec![0; packet.saturating_sub(AROUND)];
        let sealed = AeadKey::<S>::new(&key).seal(&NONCE, &DATA, &text);
        Some(Self {
            public: VerifyingKey::decode(&pair.public())?,
            signature: pair.sign(&[0; 64]),
            pair,
            chain: Prk::extract::<S>(b"salt", b"secret"),
            key,
            messages: 0,
            header: header_key.seal(&NONCE, &sealed, &[0; HEADER]),
            header_key,
            text,
            sealed,
        })
    }

    /// The ratchet, at every 32nd message: 32 message keys and the next chain key.
    fn derive(&mut self) -> AeadKey<S> {
        if self.messages.is_multiple_of(BLOCK) {
            black_box(self.chain.expand::<S, 1024>(label::MESSAGE_KEY, &[]));
            self.chain = self.chain.child::<S>(label::CHAIN_STEP, &[]);
        }
        self.messages = self.messages.saturating_add(1);
        AeadKey::new(&self.key)
    }

    /// One signature, two AEAD seals, a 32nd of the two key derivations for 32 messages.
    pub fn seal(&mut self) -> (Vec<u8>, Vec<u8>) {
        let key = self.derive();
        black_box(self.pair.sign(&[0; 64]));
        let content = key.seal(&NONCE, &DATA, black_box(&self.text));
        let header = self.header_key.seal(&NONCE, &content, &[0; HEADER]);
        (content, header)
    }

    /// One verification, two AEAD opens, a 32nd of the two key derivations for 32 messages; whether all of it held.
    pub fn open(&mut self) -> bool {
        let header = self
            .header_key
            .open(&NONCE, &self.sealed, black_box(&self.header));
        let text = self.derive().open(&NONCE, &DATA, black_box(&self.sealed));
        let verified = self.public.verify(&[0; 64], &self.signature);
        black_box(&text).is_ok() && header.is_ok() && verified.is_ok()
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Floor<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Floor({} bytes)", self.text.len())
    }
}
