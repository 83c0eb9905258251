//! What a newcomer says first: that it is there. `docs/spec/05-wire.md`, "Knock, hello and answer".
//!
//! ```text
//! struct { opaque room[32]; opaque nonce[16]; } Knock;
//! ```
//!
//! It names nobody. Who has an epoch answers with a challenge, a [`Challenge`](mpotr_gka::Challenge); who has none, with an offer.

use mpotr_crypto::{DecodeError, Decoder, Encoder, byte_newtype};
use mpotr_gka::RoomId;

byte_newtype! {
    /// What tells one knock from another: 16 random bytes, which draw whose turn it is to answer.
    KnockNonce, 16
}

/// One from outside wants to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knock {
    /// The room.
    pub room: RoomId,
    /// Fresh in each knock.
    pub nonce: KnockNonce,
}

impl Knock {
    /// Writes the knock.
    pub fn encode(&self, out: &mut Encoder) {
        self.room.encode(out);
        self.nonce.encode(out);
    }

    /// Reads a knock.
    ///
    /// # Errors
    /// It is cut short.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            room: RoomId::decode(input, "room")?,
            nonce: KnockNonce::decode(input, "nonce")?,
        })
    }
}
