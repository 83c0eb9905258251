//! CUT: what all will have delivered, and the keys of the next epoch. `docs/spec/14-light-runs.md`, "CUT".
//!
//! ```text
//! struct {
//!   opaque seed[32];  uint16 sender;  opaque freezes[32]<1..4096>;  Closing closing;
//!   ListedKeys keys<1..4096>;  opaque nonces[64];
//! } Cut;                                                        freezes and keys in the order of the next roster
//! struct { opaque M[32];  opaque F[32];  opaque P[32]; } ListedKeys;          where anyone joins, com in the place of F
//! lambda = H("light keys", list of keys)                        32 bytes
//! ```

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Digest32, Encoder, EphemeralKey, NonceSum, TranscriptHash,
    byte_newtype, label,
};

use super::joining::MAX_JOINERS;
use super::packet::{ChangeBody, decode_member};
use super::standing::Closing;
use crate::member_index::MemberIndex;
use crate::roster::MAX_MEMBERS;
use crate::rounds::ReceiveKey;

byte_newtype! {
    /// A part `F` where nobody joins, and what commits to it where a new member comes: 32 bytes.
    ListedPart
}

/// The keys of one member in the next epoch, as CUT lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedKeys {
    /// `M'`.
    pub signing: EphemeralKey,
    /// `F`, or what commits to `F'`.
    pub part: ListedPart,
    /// `P'`.
    pub receive: ReceiveKey,
}

impl ListedKeys {
    /// As they are hashed and sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoder::encoded(|out| self.encode(out))
    }

    pub(super) fn encode(&self, out: &mut Encoder) {
        self.signing.encode(out);
        self.part.encode(out);
        self.receive.encode(out);
    }

    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            signing: EphemeralKey::decode(input, "M")?,
            part: ListedPart::decode(input, "F")?,
            receive: ReceiveKey::decode(input, "P")?,
        })
    }
}

/// `lambda`: what the keys of an epoch come to.
pub(super) fn keys_digest<S: CryptoSuite>(keys: &[ListedKeys]) -> Digest32 {
    TranscriptHash::<S>::new(label::LIGHT_KEYS)
        .list(keys.iter().map(ListedKeys::to_bytes))
        .digest()
}

/// CUT without its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LightCut {
    /// The SEED that it goes on from.
    pub seed: Digest32,
    /// Its proposer.
    pub sender: MemberIndex,
    /// The FREEZE of each who stays.
    pub freezes: Vec<Digest32>,
    /// What all will have delivered.
    pub closing: Closing,
    /// The keys of the next epoch: of those who stay, and then of those who join.
    pub keys: Vec<ListedKeys>,
    /// The sums of all nonces.
    pub nonces: NonceSum,
}

impl LightCut {
    /// `lambda`: what the keys of the next epoch come to.
    #[must_use]
    pub fn keys_digest<S: CryptoSuite>(&self) -> Digest32 {
        keys_digest::<S>(&self.keys)
    }
}

impl ChangeBody for LightCut {
    const KIND: u8 = 3;
    const LABEL: &'static str = label::LIGHT_CUT;

    fn sender(&self) -> MemberIndex {
        self.sender
    }

    fn slot(&self) -> Vec<u8> {
        self.seed.as_bytes().to_vec()
    }

    fn encode(&self, out: &mut Encoder) {
        self.seed.encode(out);
        out.u16(self.sender.get());
        out.list::<u16, _>(&self.freezes, Digest32::encode);
        self.closing.encode(out);
        out.list::<u16, _>(&self.keys, ListedKeys::encode);
        self.nonces.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let seed = Digest32::decode(input, "seed")?;
        let sender = decode_member(input, "sender")?;
        let freezes = input.list::<u16, _>(1..=MAX_MEMBERS, "freezes", Digest32::decode)?;
        let members = freezes.len();
        let most = members.saturating_add(MAX_JOINERS).min(MAX_MEMBERS);
        Ok(Self {
            seed,
            sender,
            freezes,
            closing: Closing::decode(input)?,
            keys: input
                .list::<u16, _>(members..=most, "keys", |input, _| ListedKeys::decode(input))?,
            nonces: NonceSum::decode(input, "nonces")?,
        })
    }
}
