//! A lock: the part of the order that its signer vouches for. `docs/spec/05-wire.md`, "Lock".
//!
//! ```text
//! struct { uint32 count; opaque digest[32]; } Lock;
//!
//! digest of 0 messages     = 32 zero bytes
//! digest of n + 1 messages = H("order", digest of n, id)
//! ```

use mpotr_crypto::{
    CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Digest32, Encoder, TranscriptHash, label,
};

use super::content::MessageId;

/// A prefix of the order: how many messages, and the digest of their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Messages in the prefix.
    pub count: u32,
    /// The digest of their ids in order.
    pub digest: Digest32,
}

impl Lock {
    /// The prefix of no messages.
    pub const EMPTY: Self = Self {
        count: 0,
        digest: Digest32::new([0; 32]),
    };

    /// The prefix with one more message.
    #[must_use]
    pub fn then<S: CryptoSuite>(&self, next: &MessageId) -> Self {
        let digest = TranscriptHash::<S>::new(label::ORDER)
            .bytes(self.digest.as_bytes())
            .bytes(next.as_bytes())
            .digest();
        Self {
            count: self.count.saturating_add(1),
            digest,
        }
    }

    pub(super) fn encode(&self, out: &mut Encoder) {
        out.u32(self.count);
        self.digest.encode(out);
    }

    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let count = input.u32("lock count")?;
        let at = input.offset();
        let digest = Digest32::decode(input, "lock digest")?;
        if (count == 0) != (digest == Self::EMPTY.digest) {
            return Err(DecodeError::new(
                at,
                "lock digest",
                DecodeErrorKind::NotCanonical,
            ));
        }
        Ok(Self { count, digest })
    }
}
