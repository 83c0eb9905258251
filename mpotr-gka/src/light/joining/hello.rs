//! A joiner shows one member who it is, and gives it an offer. `docs/spec/14-light-runs.md`, "HELLO and JOINREQ".
//!
//! ```text
//! struct { opaque handle[16];  opaque Q[32]; } Hello;                                          Q = q G, fresh
//! struct { opaque handle[16];  opaque Y[32];  opaque P[32];  opaque sealed<16..2^9>; } JoinRequest;
//!
//! sealed = seal(expand(extract(handle, y Q), "join seal", Y || P, 32), nonce 0, handle, offer || tag)
//! tag    = expand(extract(handle, a Q || y Q), "join admit", digest of the offer, 16)
//! ```
//!
//! `A` is in clear nowhere.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{
    AeadKey, CryptoSuite, DecodeError, Decoder, Element, ElementBytes, Encoder, Group, Secret,
    SecretScalar, kdf::Prk, label, wiping_stack,
};

use super::super::seed::Handle;
use super::offer::{JoinOffer, JoinOfferDigest, OfferError, decode_key};
use super::pairs::{JoinTag, product, remember};
use crate::identity::Identity;
use crate::offer::TrapdoorKey;
use crate::room_name::RoomId;
use crate::rounds::ReceiveKey;

/// The most bytes of a sealed offer.
const MAX_SEALED: usize = 1 << 9;
/// Every key here seals once.
pub(super) const NONCE: [u8; 12] = [0; 12];

/// What a joiner answers: a fresh key of one member, for one epoch to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The name of the epoch, that of the SEED in which the joiner is to be listed.
    pub handle: Handle,
    /// `Q`.
    pub key: ElementBytes,
}

impl Hello {
    /// Writes it.
    pub fn encode(&self, out: &mut Encoder) {
        self.handle.encode(out);
        self.key.encode(out);
    }

    /// Reads it.
    ///
    /// # Errors
    /// It is cut short.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            handle: Handle::decode(input, "handle")?,
            key: ElementBytes::decode(input, "Q")?,
        })
    }

    /// `Q`; `None` if it is no element, or the identity.
    pub(super) fn element<S: CryptoSuite>(&self) -> Option<Element<S>> {
        decode_key::<S>(self.key.as_bytes())
    }
}

/// A joiner's answer: its offer, sealed for who made the HELLO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRequest {
    /// Of the HELLO.
    pub handle: Handle,
    /// `Y` of the offer.
    pub trapdoor: TrapdoorKey,
    /// `P` of the offer.
    pub receive: ReceiveKey,
    /// The offer, and the tag.
    pub sealed: Vec<u8>,
}

impl JoinRequest {
    /// Writes it.
    pub fn encode(&self, out: &mut Encoder) {
        self.handle.encode(out);
        self.trapdoor.encode(out);
        self.receive.encode(out);
        out.opaque(&self.sealed);
    }

    /// Reads it.
    ///
    /// # Errors
    /// The first field that is out of its bounds or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            handle: Handle::decode(input, "handle")?,
            trapdoor: TrapdoorKey::decode(input, "Y")?,
            receive: ReceiveKey::decode(input, "P")?,
            sealed: input.opaque(MAX_SEALED, "sealed offer")?.to_vec(),
        })
    }
}

/// Why an answer to a HELLO admits nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// It answers another HELLO, or it was changed on its way.
    #[error("the request does not open under this hello")]
    NotOpened,
    /// The offer is of no use.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// The tag is not that of the identity in the offer.
    #[error("the request does not come from the identity that it claims")]
    WrongTag,
}

/// A HELLO of this member's own, with its secret `q`, which is wiped with it: after five minutes at the
/// latest, or later on a carrier where an answer takes minutes.
pub struct OwnHello<S: CryptoSuite> {
    hello: Hello,
    secret: SecretScalar<S>,
}

impl<S: CryptoSuite> OwnHello<S> {
    /// Draws a fresh one, for an epoch that this member will propose.
    pub fn draw(handle: Handle, identity: &dyn Identity<S>, rng: &mut dyn CryptoRng) -> Self {
        let secret = SecretScalar::<S>::random(rng);
        let key = ElementBytes::new(S::Group::encode(&secret.mul_base()));
        remember(identity, key.as_bytes(), &secret);
        Self {
            hello: Hello { handle, key },
            secret,
        }
    }

    /// What the joiner gets.
    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Opens what answers it, and checks that it comes from the identity in the offer. That convinces this member alone; all
    /// others check the joiner before they share. Costs five decodings and two multiplications.
    ///
    /// # Errors
    /// [`RequestError`].
    pub fn admit(&self, request: &JoinRequest, room: RoomId) -> Result<Admitted, RequestError> {
        wiping_stack(|| {
            let trapdoor = decode_key::<S>(request.trapdoor.as_bytes());
            let trapdoor = trapdoor.ok_or(RequestError::NotOpened)?;
            let shared = product::<S>(&self.secret, &trapdoor).ok_or(RequestError::NotOpened)?;
            let handle = &self.hello.handle;
            let seal = seal_key::<S>(handle, &shared, &request.trapdoor, &request.receive);
            let opened = AeadKey::<S>::new(&seal).open(&NONCE, handle.as_bytes(), &request.sealed);
            let opened = opened.map_err(|_opaque| RequestError::NotOpened)?;
            let decode = |input: &mut Decoder<'_>| {
                Ok((JoinOffer::decode(input)?, JoinTag::decode(input, "tag")?))
            };
            let (offer, tag) =
                Decoder::whole(&opened, decode).map_err(|_malformed| RequestError::NotOpened)?;
            if offer.trapdoor != request.trapdoor || offer.receive != request.receive {
                return Err(RequestError::NotOpened);
            }
            offer.check::<S>(room, handle)?;
            let identity = decode_key::<S>(offer.identity.as_bytes());
            let own = identity.and_then(|it| product::<S>(&self.secret, &it));
            let own = own.ok_or(OfferError::UndecodableKey)?;
            let digest = offer.digest::<S>();
            if admit_tag::<S>(handle, &own, &shared, &digest) != Secret::new(*tag.as_bytes()) {
                return Err(RequestError::WrongTag);
            }
            Ok(Admitted { offer, shared })
        })
    }
}

impl<S: CryptoSuite> core::fmt::Debug for OwnHello<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.hello.fmt(f)
    }
}

/// A joiner whose identity this member has checked: it may be listed in a SEED of this member.
pub struct Admitted {
    offer: JoinOffer,
    /// `q Y = y Q`.
    shared: Secret<32>,
}

impl Admitted {
    /// Its offer.
    #[must_use]
    pub const fn offer(&self) -> &JoinOffer {
        &self.offer
    }

    /// What seals WELCOME for it.
    pub(super) fn welcome_key<S: CryptoSuite>(&self) -> Secret<32> {
        welcome_key::<S>(&self.offer, &self.shared)
    }
}

impl core::fmt::Debug for Admitted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Admitted({})", self.offer.identity)
    }
}

/// `expand(extract(handle, y Q), "join seal", Y || P)`.
pub(super) fn seal_key<S: CryptoSuite>(
    handle: &Handle,
    shared: &Secret<32>,
    trapdoor: &TrapdoorKey,
    receive: &ReceiveKey,
) -> Secret<32> {
    let context = [trapdoor.as_bytes().as_slice(), receive.as_bytes()].concat();
    Prk::extract::<S>(handle.as_bytes(), shared.expose())
        .expand::<S, 32>(label::JOIN_SEAL, &context)
}

/// `expand(extract(handle, y Q), "welcome", digest of the offer)`.
pub(super) fn welcome_key<S: CryptoSuite>(offer: &JoinOffer, shared: &Secret<32>) -> Secret<32> {
    Prk::extract::<S>(offer.handle.as_bytes(), shared.expose())
        .expand::<S, 32>(label::WELCOME, offer.digest::<S>().as_bytes())
}

/// `expand(extract(handle, a Q || y Q), "join admit", digest of the offer)`.
pub(super) fn admit_tag<S: CryptoSuite>(
    handle: &Handle,
    own: &Secret<32>,
    shared: &Secret<32>,
    offer: &JoinOfferDigest,
) -> Secret<16> {
    let both = Zeroizing::new([own.expose().as_slice(), shared.expose()].concat());
    Prk::extract::<S>(handle.as_bytes(), &both).expand::<S, 16>(label::JOIN_ADMIT, offer.as_bytes())
}
