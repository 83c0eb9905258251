//! Packets: `docs/spec/05-wire.md`.
//!
//! ```text
//! struct {
//!   uint8 version = 6;
//!   uint8 kind;                 offer 1, proposal 2, contribution 3, confirmation 4, sealed 5, request 6, advert 7, reveal 8,
//!                               heard 9, guests 10, knock 11, hello 12, answer 13, enclosed 14, light 15, join request 16,
//!                               welcome 17, ready 18
//!   select (kind) { .. } body;
//! } Packet;                     at most 2^20 bytes
//! ```
//!
//! Decoding is strict: canonical encodings only, nothing after the end, limits before allocation.

mod advert;
mod answer;
mod bits;
mod bundle;
mod content;
mod enclosed;
mod guests;
mod heard;
mod knock;
mod light;
mod lock;
mod next;
mod padding;
mod proposal;
mod request;
mod reveal;
mod sealed;
mod signed;
mod statement;
mod trust;

pub use advert::Advert;
pub use answer::Answer;
pub use bits::MemberBits;
pub use bundle::{Bundle, MAX_BUNDLED};
pub use content::{Content, ContentKind, MAX_BODY, MessageId};
pub use enclosed::{EnclosedFresh, EnclosedPacket};
pub use guests::{Guests, MAX_NAMES};
pub use heard::{Entry, Heard, OfferHint, OfferMark};
pub use knock::{Knock, KnockNonce};
pub use light::{LightPacket, LightStep};
pub use lock::Lock;
pub use mpotr_gka::EpochName;
pub use next::{
    Admitted, Joins, MAX_ADMITTED, MAX_CONFIRMED, MAX_FORSAKEN, MAX_OBJECTED, MAX_VOTES, Next,
    Vote, cut_digest,
};
pub use padding::padded;
pub use proposal::Proposal;
pub use request::{MAX_REQUESTED, Missing, MissingJoin, MissingLight, Request, Wanted};
pub use reveal::{Reveal, RevealedSeed, RevealedTrapdoor};
pub use sealed::{EpochHint, Header, SealedPacket, Stream};
pub use signed::{EpochId, Fields, Unsigned, Unverified};
pub use statement::{
    Listing, MAX_LISTED, MAX_RANGE, MAX_RANGES, MAX_WANTED, Presence, Question, Range, Statement,
};
pub use trust::{AttemptId, CodeNonce, MAX_QUESTION, MAX_TRUST, RoundId, TrustMessage};

use mpotr_crypto::{DecodeError, Decoder, Encoder, byte_newtype, wire_enum};
use mpotr_gka::light::{JoinRequest, Ready, Welcome};
use mpotr_gka::{Challenge, Confirmation, Contribution, Offer, Sid};

/// The version of packets, their first byte. `docs/spec/05-wire.md`, "Packet".
pub const VERSION: u8 = 6;
/// What every sealed packet begins with: version and kind.
pub const SEALED_PREFIX: [u8; 2] = [VERSION, PacketKind::Sealed.code()];

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

wire_enum! {
    /// What a packet is: its second byte.
    pub enum PacketKind: u8 {
        /// What a member publishes ahead of a run.
        Offer = 1 => "offer",
        /// A roster and a policy for the next epoch.
        Proposal = 2 => "proposal",
        /// Round 1 of a run.
        Contribution = 3 => "contribution",
        /// Round 2 of a run.
        Confirmation = 4 => "confirmation",
        /// A message or statement of an epoch.
        Sealed = 5 => "sealed",
        /// Asks for packets to be sent again.
        Request = 6 => "request",
        /// There is an epoch in this channel.
        Advert = 7 => "advert",
        /// The secrets of an offer, which nobody accepts anything new under.
        Reveal = 8 => "reveal",
        /// Which offers a member without an epoch has heard.
        Heard = 9 => "heard",
        /// Members of an epoch ask to go over into another.
        Guests = 10 => "guests",
        /// One from outside wants to come in.
        Knock = 11 => "knock",
        /// Who wants to come into an epoch is asked who it is.
        Hello = 12 => "hello",
        /// An offer to an epoch that exists, by who made it.
        Answer = 13 => "answer",
        /// A packet of a change, for members of the epoch that ends.
        Enclosed = 14 => "enclosed",
        /// A packet of a light run.
        Light = 15 => "light",
        /// One from outside answers a hello, and asks to come in by a light run.
        JoinRequest = 16 => "join request",
        /// Who comes in by a light run is told who is there.
        Welcome = 17 => "welcome",
        /// Who comes in by a light run shows all who it is.
        Ready = 18 => "ready",
    }
}

impl PacketKind {
    /// What the bytes of a packet say that it is; `None` of another version, and of a kind that there is not.
    #[must_use]
    pub fn of(packet: &[u8]) -> Option<Self> {
        match packet {
            [VERSION, kind, ..] => Self::from_code(*kind),
            _ => None,
        }
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
    /// Which offers a member without an epoch has heard.
    Heard(Heard),
    /// Members of an epoch ask to go over into another.
    Guests(Guests),
    /// One from outside wants to come in.
    Knock(Knock),
    /// Who wants to come into an epoch is asked who it is.
    Hello(Challenge),
    /// An offer to an epoch that exists, by who made it.
    Answer(Box<Answer>),
    /// A packet of a change, for members of the epoch that ends.
    Enclosed(EnclosedPacket),
    /// A packet of a light run, which is enclosed wherever it goes.
    Light(LightPacket),
    /// One from outside answers a hello, and asks to come in by a light run.
    JoinRequest(Box<JoinRequest>),
    /// Who comes in by a light run is told who is there.
    Welcome(Box<Welcome>),
    /// Who comes in by a light run shows all who it is.
    Ready(Box<Ready>),
}

/// Versions up to this one are taken for such: what else begins otherwise is no packet of any.
const LIKELY_VERSIONS: u8 = 16;

impl Packet {
    /// The version of a packet that looks like one of another version.
    #[must_use]
    pub fn other_version(packet: &[u8]) -> Option<u8> {
        match packet {
            [version @ 1..=LIKELY_VERSIONS, kind, ..] if *version != VERSION => {
                PacketKind::from_code(*kind).map(|_| *version)
            }
            _ => None,
        }
    }

    /// The packet's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoder::encoded(|out| {
            out.u8(VERSION);
            self.kind().encode(out);
            match self {
                Self::Offer(offer) => offer.encode(out),
                Self::Proposal(proposal) => proposal.encode(out),
                Self::Contribution(hint, contribution) => {
                    hint.encode(out);
                    contribution.encode(out);
                }
                Self::Confirmation(hint, confirmation) => {
                    hint.encode(out);
                    confirmation.encode(out);
                }
                Self::Sealed(sealed) => sealed.encode(out),
                Self::Request(request) => request.encode(out),
                Self::Advert(advert) => advert.encode(out),
                Self::Reveal(reveal) => reveal.encode(out),
                Self::Heard(heard) => heard.encode(out),
                Self::Guests(guests) => guests.encode(out),
                Self::Knock(knock) => knock.encode(out),
                Self::Hello(challenge) => challenge.encode(out),
                Self::Answer(answer) => answer.encode(out),
                Self::Enclosed(enclosed) => enclosed.encode(out),
                Self::Light(packet) => packet.encode(out),
                Self::JoinRequest(request) => request.encode(out),
                Self::Welcome(welcome) => welcome.encode(out),
                Self::Ready(ready) => ready.encode(out),
            }
        })
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> PacketKind {
        match self {
            Self::Offer(_) => PacketKind::Offer,
            Self::Proposal(_) => PacketKind::Proposal,
            Self::Contribution(..) => PacketKind::Contribution,
            Self::Confirmation(..) => PacketKind::Confirmation,
            Self::Sealed(_) => PacketKind::Sealed,
            Self::Request(_) => PacketKind::Request,
            Self::Advert(_) => PacketKind::Advert,
            Self::Reveal(_) => PacketKind::Reveal,
            Self::Heard(_) => PacketKind::Heard,
            Self::Guests(_) => PacketKind::Guests,
            Self::Knock(_) => PacketKind::Knock,
            Self::Hello(_) => PacketKind::Hello,
            Self::Answer(_) => PacketKind::Answer,
            Self::Enclosed(_) => PacketKind::Enclosed,
            Self::Light(_) => PacketKind::Light,
            Self::JoinRequest(_) => PacketKind::JoinRequest,
            Self::Welcome(_) => PacketKind::Welcome,
            Self::Ready(_) => PacketKind::Ready,
        }
    }

    /// Reads a sealed packet; `None` of bytes that do not decode.
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
        DecodeError::unless_within(0, "packet", bytes.len(), 0..=MAX_PACKET)?;
        Decoder::whole(bytes, |input| {
            input.exactly(VERSION, "version")?;
            match PacketKind::decode(input, "kind")? {
                PacketKind::Offer => Offer::decode(input).map(Self::Offer),
                PacketKind::Proposal => Proposal::decode(input).map(Self::Proposal),
                PacketKind::Contribution => Ok(Self::Contribution(
                    SidHint::decode(input, "sid hint")?,
                    Contribution::decode(input)?,
                )),
                PacketKind::Confirmation => Ok(Self::Confirmation(
                    SidHint::decode(input, "sid hint")?,
                    Confirmation::decode(input)?,
                )),
                PacketKind::Sealed => SealedPacket::decode(input).map(Self::Sealed),
                PacketKind::Request => Request::decode(input).map(Self::Request),
                PacketKind::Advert => Advert::decode(input).map(Self::Advert),
                PacketKind::Reveal => Reveal::decode(input).map(Self::Reveal),
                PacketKind::Heard => Heard::decode(input).map(Self::Heard),
                PacketKind::Guests => Guests::decode(input).map(Self::Guests),
                PacketKind::Knock => Knock::decode(input).map(Self::Knock),
                PacketKind::Hello => Challenge::decode(input).map(Self::Hello),
                PacketKind::Answer => {
                    Answer::decode(input).map(|answer| Self::Answer(Box::new(answer)))
                }
                PacketKind::Enclosed => EnclosedPacket::decode(input).map(Self::Enclosed),
                PacketKind::Light => LightPacket::decode(input).map(Self::Light),
                PacketKind::JoinRequest => {
                    JoinRequest::decode(input).map(|it| Self::JoinRequest(Box::new(it)))
                }
                PacketKind::Welcome => Welcome::decode(input).map(|it| Self::Welcome(Box::new(it))),
                PacketKind::Ready => Ready::decode(input).map(|it| Self::Ready(Box::new(it))),
            }
        })
    }
}
