//! Requests for packets that were missed. `docs/spec/05-wire.md`, "Request".
//!
//! ```text
//! struct {
//!   opaque room[32];
//!   uint8  what;                       offers 1, proposal 2
//!   select (what) {
//!     case 1: opaque offers[32]<1..64>;   digests, strictly increasing, 8-bit count
//!     case 2: opaque sid_hint[8];         of the run that the proposal began
//!   }
//! } Request;
//! ```
//!
//! Anyone who holds an offer sends it again; it authenticates itself by its digest. A proposal is sent again by its proposer.

use mpotr_crypto::{DecodeError, Decoder, Encoder, wire_enum};
use mpotr_gka::{OfferDigest, RoomId};

use super::SidHint;

/// The most offers that one request asks for.
pub const MAX_REQUESTED: usize = 64;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Offers, by digest, strictly increasing.
    Offers(Vec<OfferDigest>),
    /// The proposal of a run.
    Proposal(SidHint),
}

wire_enum! {
    /// What is asked for, on the wire.
    enum WantedKind: u8 {
        /// Digests of offers follow.
        Offers = 1,
        /// The hint of a run follows.
        Proposal = 2,
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
        };
        Ok(Self { room, wanted })
    }
}
