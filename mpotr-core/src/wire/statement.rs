//! Statements: what a member has seen, signed and outside the graph. `docs/spec/05-wire.md`, "Statement".
//!
//! ```text
//! struct {
//!   uint8  state;                   present 0; asking 1: misses statements of others; closed 2: accepts and sends nothing more
//!   uint32 sent;                    content messages that the author has sent
//!   opaque frontier[32]<0..4096>;   the heads of the graph, strictly increasing, 16-bit count
//!   Lock   lock;                    the order that the author vouches for so far
//!   opaque wanted[32]<0..64>;       ids of messages that the author misses, strictly increasing, 16-bit count
//!   uint8  changing;                0 or 1
//!   Next   next;                    if 1: about the epoch that follows
//! } Statement;
//! ```
//!
//! The statement's number is its place in the author's second stream. The newest replaces the older; none is a parent of
//! a message, and none is answered.

use mpotr_crypto::{
    CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Encoder, Transcript, label,
};

use mpotr_gka::MAX_MEMBERS;

use super::content::{MessageId, decode_ids, encode_ids};
use super::lock::Lock;
use super::next::Next;
use super::signed::{EpochId, Fields, Unsigned};

/// The most messages that one statement asks for.
pub const MAX_WANTED: usize = 64;

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
    /// Messages that the author misses: whoever holds one sends it again.
    pub wanted: Vec<MessageId>,
    /// What the author says about the epoch that follows, while there is a change under way.
    pub next: Option<Next>,
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
        encode_ids(&self.wanted, out);
        out.u8(u8::from(self.next.is_some()));
        if let Some(next) = &self.next {
            next.encode(out);
        }
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
            frontier: decode_ids(input, "frontier", MAX_MEMBERS)?,
            lock: Lock::decode(input)?,
            wanted: decode_ids(input, "wanted", MAX_WANTED)?,
            next: decode_next(input)?,
        })
    }
}

fn decode_next(input: &mut Decoder<'_>) -> Result<Option<Next>, DecodeError> {
    let at = input.offset();
    match input.u8("changing")? {
        0 => Ok(None),
        1 => Next::decode(input).map(Some),
        unknown => {
            let kind = DecodeErrorKind::UnknownValue(unknown.into());
            Err(DecodeError::new(at, "changing", kind))
        }
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
