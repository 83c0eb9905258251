//! Requests for packets that were missed. `docs/spec/05-wire.md`, "Request".
//!
//! ```text
//! struct {
//!   opaque room[32];
//!   uint8  what;                       offers 1, proposal 2, rounds 3
//!   select (what) {
//!     case 1: opaque offers[32]<1..64>;   digests, strictly increasing, 8-bit count
//!     case 2: opaque sid_hint[8];         of the run that the proposal began
//!     case 3: opaque sid_hint[8]; uint8 number; Bits contributions; Bits confirmations;
//!   }
//! } Request;
//! ```
//!
//! Anyone who holds it sends it again, as it was sent: it authenticates itself. Who does is drawn by the whole request, and so
//! by others with another `number`. The bits name members of the run whose packets are missing.

use mpotr_crypto::{DecodeError, Decoder, Encoder, wire_enum};
use mpotr_gka::{OfferDigest, RoomId};

use super::{MemberBits, SidHint};

/// The most offers that one request asks for.
pub const MAX_REQUESTED: usize = 64;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Offers, by digest, strictly increasing.
    Offers(Vec<OfferDigest>),
    /// The proposal of a run.
    Proposal(SidHint),
    /// Packets of a run.
    Rounds(Missing),
}

/// Packets of a run that are missing, by member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The run.
    pub run: SidHint,
    /// How often its author has asked: others answer the next time.
    pub number: u8,
    /// Whose contributions are missing.
    pub contributions: MemberBits,
    /// Whose confirmations are.
    pub confirmations: MemberBits,
}

wire_enum! {
    /// What is asked for, on the wire.
    enum WantedKind: u8 {
        /// Digests of offers follow.
        Offers = 1,
        /// The hint of a run follows.
        Proposal = 2,
        /// The hint of a run follows, and members of it.
        Rounds = 3,
    }
}

/// Asks for packets that were missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The room.
    pub room: RoomId,
    /// What is asked for.
    pub wanted: Wanted,
}

impl Request {
    /// Writes the request.
    pub fn encode(&self, out: &mut Encoder) {
        self.room.encode(out);
        match &self.wanted {
            Wanted::Offers(offers) => {
                WantedKind::Offers.encode(out);
                out.list::<u8, _>(offers, OfferDigest::encode);
            }
            Wanted::Proposal(hint) => {
                WantedKind::Proposal.encode(out);
                hint.encode(out);
            }
            Wanted::Rounds(missing) => {
                WantedKind::Rounds.encode(out);
                missing.run.encode(out);
                out.u8(missing.number);
                missing.contributions.encode(out);
                missing.confirmations.encode(out);
            }
        }
    }

    /// Reads a request.
    ///
    /// # Errors
    /// Nothing or too much asked for, or digests that are not strictly increasing.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let room = RoomId::decode(input, "room")?;
        let wanted = match WantedKind::decode(input, "what")? {
            WantedKind::Offers => Wanted::Offers(input.set::<u8, _>(
                1..=MAX_REQUESTED,
                "offers",
                OfferDigest::decode,
            )?),
            WantedKind::Proposal => Wanted::Proposal(SidHint::decode(input, "sid hint")?),
            WantedKind::Rounds => Wanted::Rounds(Missing {
                run: SidHint::decode(input, "sid hint")?,
                number: input.u8("number")?,
                contributions: MemberBits::decode(input, "contributions")?,
                confirmations: MemberBits::decode(input, "confirmations")?,
            }),
        };
        Ok(Self { room, wanted })
    }
}
