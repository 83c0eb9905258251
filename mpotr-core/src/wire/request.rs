//! Requests for packets that were missed. `docs/spec/05-wire.md`, "Request".
//!
//! ```text
//! struct {
//!   opaque room[32];
//!   uint8  what;                       offers 1, proposal 2, rounds 3, light 4, join 5
//!   select (what) {
//!     case 1: opaque offers[32]<1..64>;   digests, strictly increasing, 8-bit count
//!     case 2: opaque sid_hint[8];         of the run that the proposal began
//!     case 3: opaque sid_hint[8]; uint8 number; Bits contributions; Bits confirmations;
//!     case 4: opaque sid_hint[8]; uint32 view; uint8 number; uint8 which; Bits freezes; Bits shares;
//!     case 5: opaque handle[16]; uint8 number; uint8 has_welcome; opaque Y[32]; Bits readies; Bits openings;
//!   }                                      has_welcome: 1, or 0 and no Y
//! } Request;                               sid_hint of 4: of the epoch that ends; which: bits SEED 1, CUT 2, JOINT 4
//! ```
//!
//! Anyone who holds it sends it again, as it was sent: it authenticates itself. Who does is drawn by the whole request, and so
//! by others with another `number`. The bits name members of the run whose packets are missing.

use mpotr_crypto::{DecodeError, Decoder, Encoder, wire_enum};
use mpotr_gka::light::Handle;
use mpotr_gka::{OfferDigest, RoomId, TrapdoorKey};

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
    /// Packets of a light run.
    Light(MissingLight),
    /// What a light run needs by which others come in.
    Join(MissingJoin),
}

/// What is missing of a light run by which others come in: it travels in clear, as what it asks for does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingJoin {
    /// The name of the epoch.
    pub handle: Handle,
    /// How often its author has asked: others answer the next time.
    pub number: u8,
    /// For which joiner the welcome is missing, by the key `Y` of its offer.
    pub welcome: Option<TrapdoorKey>,
    /// Which joiners have not shown who they are, by their places in the epoch.
    pub readies: MemberBits,
    /// Which members have not shown their parts in it.
    pub openings: MemberBits,
}

impl MissingJoin {
    fn encode(&self, out: &mut Encoder) {
        self.handle.encode(out);
        out.u8(self.number);
        out.u8(u8::from(self.welcome.is_some()));
        if let Some(key) = &self.welcome {
            key.encode(out);
        }
        self.readies.encode(out);
        self.openings.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let handle = Handle::decode(input, "handle")?;
        let number = input.u8("number")?;
        let has_welcome = input.below(2, "has welcome")? == 1;
        let welcome = has_welcome.then(|| TrapdoorKey::decode(input, "Y"));
        Ok(Self {
            handle,
            number,
            welcome: welcome.transpose()?,
            readies: MemberBits::decode(input, "readies")?,
            openings: MemberBits::decode(input, "openings")?,
        })
    }
}

/// Packets of the light run of a view that are missing. Only members of the epoch that ends can read which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingLight {
    /// The epoch that ends.
    pub parent: SidHint,
    /// The view.
    pub view: u32,
    /// How often its author has asked: others answer the next time.
    pub number: u8,
    /// Whether SEED is.
    pub seed: bool,
    /// Whether CUT is.
    pub cut: bool,
    /// Whether JOINT is.
    pub joint: bool,
    /// Whose FREEZEs are, by index in that epoch.
    pub freezes: MemberBits,
    /// Whose SHAREs are.
    pub shares: MemberBits,
}

impl MissingLight {
    /// The bits of what there is one of.
    const WHICH: u8 = 8;

    fn encode(&self, out: &mut Encoder) {
        self.parent.encode(out);
        out.u32(self.view);
        out.u8(self.number);
        let which = [self.joint, self.cut, self.seed];
        let which = which
            .iter()
            .fold(0, |which, bit| which << 1 | u8::from(*bit));
        out.u8(which);
        self.freezes.encode(out);
        self.shares.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let parent = SidHint::decode(input, "sid hint")?;
        let view = input.u32("view")?;
        let number = input.u8("number")?;
        let which = input.below(Self::WHICH, "which")?;
        Ok(Self {
            parent,
            view,
            number,
            seed: which & 1 != 0,
            cut: which & 2 != 0,
            joint: which & 4 != 0,
            freezes: MemberBits::decode(input, "freezes")?,
            shares: MemberBits::decode(input, "shares")?,
        })
    }
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
        /// The hint of an epoch follows, a view, and members.
        Light = 4,
        /// The name of an epoch follows, a key, and members.
        Join = 5,
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
            Wanted::Light(missing) => {
                WantedKind::Light.encode(out);
                missing.encode(out);
            }
            Wanted::Join(missing) => {
                WantedKind::Join.encode(out);
                missing.encode(out);
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
            WantedKind::Light => Wanted::Light(MissingLight::decode(input)?),
            WantedKind::Join => Wanted::Join(MissingJoin::decode(input)?),
        };
        Ok(Self { room, wanted })
    }
}
