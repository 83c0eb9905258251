//! Packets: `docs/spec/05-wire.md`.
//!
//! ```text
//! struct {
//!   uint8 version = 1;
//!   uint8 kind;                 offer 1, proposal 2, contribution 3, confirmation 4, sealed 5, request 6, advert 7
//!   select (kind) { .. } body;
//! } Packet;                     at most 2^20 bytes
//! ```
//!
//! Decoding is strict: canonical encodings only, nothing after the end, limits before allocation.

mod advert;
mod content;
mod lock;
mod next;
mod padding;
mod proposal;
mod request;
mod reveal;
mod sealed;
mod signed;
mod statement;

pub use advert::Advert;
pub use content::{Content, ContentKind, MAX_BODY, MessageId};
pub use lock::Lock;
pub use next::{MAX_CONFIRMED, MAX_FORSAKEN, MAX_WISHES, Next, Wish, cut_digest};
pub use padding::padded;
pub use proposal::{Handle, Proposal};
pub use request::{MAX_REQUESTED, Request, Wanted};
pub use reveal::{Reveal, RevealedSeed, RevealedTrapdoor};
pub use sealed::{EpochHint, Header, SealedPacket, Stream};
pub use signed::{EpochId, Fields, Unsigned, Unverified};
pub use statement::{
    Listing, MAX_LISTED, MAX_RANGE, MAX_RANGES, MAX_WANTED, Presence, Question, Range, Statement,
};

use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder, Encoder, byte_newtype};
use mpotr_gka::{Confirmation, Contribution, Offer, Sid};

/// The version of packets, their first byte. `docs/spec/05-wire.md`, "Packet".
pub const VERSION: u8 = 2;
/// The kind of a sealed packet.
const SEALED: u8 = 5;
/// What every sealed packet begins with: version and kind.
pub const SEALED_PREFIX: [u8; 2] = [VERSION, SEALED];

/// The most bytes of a packet.
pub const MAX_PACKET: usize = 1 << 20;

byte_newtype! {
    /// The first 8 bytes of `sid`: enough to route a packet of a run to it. Signatures cover the whole `sid`.
    SidHint, 8
}

impl SidHint {
    /// The hint of a session id.
    #[must_use]
    pub fn of(sid: &Sid) -> Self {
        Self::new(sid.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

/// A packet as it goes over the transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// What a member publishes ahead of a run.
    Offer(Offer),
    /// A roster and a policy for the next epoch.
    Proposal(Proposal),
    /// Round 1 of a run.
    Contribution(SidHint, Contribution),
    /// Round 2 of a run.
    Confirmation(SidHint, Confirmation),
    /// A message or statement of an epoch.
    Sealed(SealedPacket),
    /// Asks for packets to be sent again.
    Request(Request),
    /// There is an epoch in this channel.
    Advert(Advert),
    /// The secrets of an offer, which nobody accepts anything new under.
    Reveal(Reveal),
}

impl Packet {
    /// The packet's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoder::encoded(|out| {
            out.u8(VERSION);
            match self {
                Self::Offer(offer) => {
                    out.u8(1);
                    offer.encode(out);
                }
                Self::Proposal(proposal) => {
                    out.u8(2);
                    proposal.encode(out);
                }
                Self::Contribution(hint, contribution) => {
                    out.u8(3);
                    hint.encode(out);
                    contribution.encode(out);
                }
                Self::Confirmation(hint, confirmation) => {
                    out.u8(4);
                    hint.encode(out);
                    confirmation.encode(out);
                }
                Self::Sealed(sealed) => {
                    out.u8(SEALED);
                    sealed.encode(out);
                }
                Self::Request(request) => {
                    out.u8(6);
                    request.encode(out);
                }
                Self::Advert(advert) => {
                    out.u8(7);
                    advert.encode(out);
                }
                Self::Reveal(reveal) => {
                    out.u8(8);
                    reveal.encode(out);
                }
            }
        })
    }

    /// Reads a sealed packet; `None` of bytes that are none.
    pub(crate) fn sealed_from_bytes(bytes: &[u8]) -> Option<SealedPacket> {
        let rest = bytes.strip_prefix(&SEALED_PREFIX)?;
        let sealed =
            (bytes.len() <= MAX_PACKET).then(|| SealedPacket::decode(&mut Decoder::new(rest)));
        sealed?.ok()
    }

    /// Reads a packet.
    ///
    /// # Errors
    /// The first field that is unknown, over its limit, not canonical or not all there.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_PACKET {
            let kind = DecodeErrorKind::TooLong {
                length: bytes.len(),
                limit: MAX_PACKET,
            };
            return Err(DecodeError::new(0, "packet", kind));
        }
        Decoder::whole(bytes, |input| {
            let version = input.u8("version")?;
            if version != VERSION {
                let kind = DecodeErrorKind::UnknownValue(version.into());
                return Err(DecodeError::new(0, "version", kind));
            }
            let at = input.offset();
            match input.u8("kind")? {
                1 => Offer::decode(input).map(Self::Offer),
                2 => Proposal::decode(input).map(Self::Proposal),
                3 => Ok(Self::Contribution(
                    SidHint::decode(input, "sid hint")?,
                    Contribution::decode(input)?,
                )),
                4 => Ok(Self::Confirmation(
                    SidHint::decode(input, "sid hint")?,
                    Confirmation::decode(input)?,
                )),
                SEALED => SealedPacket::decode(input).map(Self::Sealed),
                6 => Request::decode(input).map(Self::Request),
                7 => Advert::decode(input).map(Self::Advert),
                8 => Reveal::decode(input).map(Self::Reveal),
                unknown => {
                    let kind = DecodeErrorKind::UnknownValue(unknown.into());
                    Err(DecodeError::new(at, "kind", kind))
                }
            }
        })
    }
}
