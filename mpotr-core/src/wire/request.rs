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

use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder, Encoder};
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
                out.u8(1);
                out.u8(u8::try_from(offers.len()).unwrap_or(u8::MAX));
                for offer in offers {
                    offer.encode(out);
                }
            }
            Wanted::Proposal(hint) => {
                out.u8(2);
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
        let at = input.offset();
        let wanted = match input.u8("what")? {
            1 => Wanted::Offers(decode_offers(input)?),
            2 => Wanted::Proposal(SidHint::decode(input, "sid hint")?),
            unknown => {
                let kind = DecodeErrorKind::UnknownValue(unknown.into());
                return Err(DecodeError::new(at, "what", kind));
            }
        };
        Ok(Self { room, wanted })
    }
}

fn decode_offers(input: &mut Decoder<'_>) -> Result<Vec<OfferDigest>, DecodeError> {
    let at = input.offset();
    let error = |kind| DecodeError::new(at, "offers", kind);
    let length = usize::from(input.u8("offers")?);
    if length > MAX_REQUESTED {
        return Err(error(DecodeErrorKind::TooLong {
            length,
            limit: MAX_REQUESTED,
        }));
    }
    if length == 0 {
        return Err(error(DecodeErrorKind::TooShort { length, minimum: 1 }));
    }
    let offers = (0..length)
        .map(|_| OfferDigest::decode(input, "offers"))
        .collect::<Result<Vec<_>, _>>()?;
    if !offers.is_sorted_by(|a, b| a < b) {
        return Err(error(DecodeErrorKind::NotStrictlyIncreasing));
    }
    Ok(offers)
}
