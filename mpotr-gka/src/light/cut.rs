//! CUT: what all will have delivered, and the keys of the next epoch. `docs/spec/14-light-runs.md`, "CUT".
//!
//! ```text
//! struct {
//!   opaque seed[32];  uint16 sender;  opaque freezes[32]<1..4096>;  Closing closing;
//!   MemberKeys keys<1..4096>;  opaque nonces[64];
//! } Cut;                                                        freezes and keys in the order of the next roster
//! lambda = H("light keys", list of keys)                        32 bytes
//! ```

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Digest32, Encoder, EphemeralKey, NonceSum, PartKey,
    TranscriptHash, label,
};

use super::packet::{ChangeBody, decode_member};
use super::standing::Closing;
use crate::member_index::MemberIndex;
use crate::roster::MAX_MEMBERS;
use crate::rounds::{MemberKeys, ReceiveKey};

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
    /// The keys of the next epoch.
    pub keys: Vec<MemberKeys>,
    /// The sums of all nonces.
    pub nonces: NonceSum,
}

impl LightCut {
    /// `lambda`: what the keys of the next epoch come to.
    #[must_use]
    pub fn keys_digest<S: CryptoSuite>(&self) -> Digest32 {
        TranscriptHash::<S>::new(label::LIGHT_KEYS)
            .list(self.keys.iter().map(|keys| keys.to_bytes()))
            .digest()
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
        out.list::<u16, _>(&self.keys, |keys, out| out.raw(&keys.to_bytes()));
        self.nonces.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let seed = Digest32::decode(input, "seed")?;
        let sender = decode_member(input, "sender")?;
        let freezes = input.list::<u16, _>(1..=MAX_MEMBERS, "freezes", Digest32::decode)?;
        let members = freezes.len();
        Ok(Self {
            seed,
            sender,
            freezes,
            closing: Closing::decode(input)?,
            keys: input.list::<u16, _>(members..=members, "keys", |input, _| {
                Ok(MemberKeys {
                    signing: EphemeralKey::decode(input, "M")?,
                    part: PartKey::decode(input, "F")?,
                    receive: ReceiveKey::decode(input, "P")?,
                })
            })?,
            nonces: NonceSum::decode(input, "nonces")?,
        })
    }
}
