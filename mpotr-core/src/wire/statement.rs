//! Statements: what a member has seen, signed and outside the graph. `docs/spec/05-wire.md`, "Statement".
//!
//! ```text
//! struct {
//!   uint8  state;                   present 0; asking 1: misses statements of others; closed 2: accepts and sends nothing more
//!   uint32 sent;                    content messages that the author has sent
//!   opaque frontier[32]<0..4096>;   the heads of the graph, strictly increasing, 16-bit count
//!   Lock   lock;                    the order that the author vouches for so far
//! } Statement;
//! ```
//!
//! The statement's number is its place in the author's second stream. The newest replaces the older; none is a parent of
//! a message, and none is answered.

use mpotr_crypto::{
    CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Encoder, Transcript, label,
};

use super::content::{MessageId, decode_ids, encode_ids};
use super::lock::Lock;
use super::signed::{EpochId, Fields, Unsigned};

/// In what state a member is that states what it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It takes part.
    Present,
    /// It takes part, and asks the others to state again what they have seen.
    Asking,
    /// It accepts and sends nothing more.
    Closed,
}

/// What a member has seen so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The author's state.
    pub presence: Presence,
    /// Content messages that the author has sent.
    pub sent: u32,
    /// The heads of the graph at the author.
    pub frontier: Vec<MessageId>,
    /// The order that the author vouches for.
    pub lock: Lock,
}

impl Fields for Statement {
    fn encode(&self, out: &mut Encoder) {
        out.u8(match self.presence {
            Presence::Present => 0,
            Presence::Asking => 1,
            Presence::Closed => 2,
        });
        out.u32(self.sent);
        encode_ids(&self.frontier, out);
        self.lock.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let at = input.offset();
        let presence = match input.u8("state")? {
            0 => Presence::Present,
            1 => Presence::Asking,
            2 => Presence::Closed,
            unknown => {
                let kind = DecodeErrorKind::UnknownValue(unknown.into());
                return Err(DecodeError::new(at, "state", kind));
            }
        };
        Ok(Self {
            presence,
            sent: input.u32("sent")?,
            frontier: decode_ids(input, "frontier")?,
            lock: Lock::decode(input)?,
        })
    }
}

impl Unsigned<Statement> {
    /// What the author's signature covers.
    #[must_use]
    pub fn signed<S: CryptoSuite>(&self, epoch: &EpochId, author: u16, number: u32) -> [u8; 64] {
        Transcript::<S>::new(label::STATEMENT)
            .bytes(epoch.sid.as_bytes())
            .bytes(epoch.key_commitment.as_bytes())
            .u16(author)
            .u32(number)
            .bytes(self.bytes())
            .finish()
    }
}
