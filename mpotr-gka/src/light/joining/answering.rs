//! The first steps of a joiner: it answers a HELLO, and is told who is there.
//! `docs/spec/14-light-runs.md`, "HELLO and JOINREQ" and "WELCOME".

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    AeadKey, CryptoSuite, Encoder, EphemeralKeyPair, Group, IdentityKey, PartSecret, Secret,
    SecretScalar, TranscriptHash, label, wiping_stack, zeroize::Zeroizing,
};

use super::super::freezing::Held;
use super::super::schedule::EpochSecrets;
use super::super::wrapping::FreshSecret;
use super::arriving::Welcomed;
use super::hello::{Hello, JoinRequest, NONCE, admit_tag, seal_key, welcome_key};
use super::offer::{JoinOffer, OfferError};
use super::opening::commitment_of_joiner;
use super::pairs::{product, product_of_identity, remember};
use super::welcome::{JoinTerms, Told, Welcome};
use crate::identity::{Identity, Speaker};
use crate::offer::{TrapdoorKey, VERSION};
use crate::room_name::RoomId;
use crate::rounds::ReceiveKey;

/// A joiner that has answered a HELLO. Its keys serve one epoch to come: another HELLO, another offer.
pub struct Joining<S: CryptoSuite> {
    hello: Hello,
    pub(super) offer: JoinOffer,
    request: JoinRequest,
    pub(super) secrets: JoinerSecrets<S>,
    /// `y Q`.
    shared: Secret<32>,
}

/// What a joiner drew for its offer.
pub(super) struct JoinerSecrets<S: CryptoSuite> {
    pub(super) signing: EphemeralKeyPair<S>,
    pub(super) receive: SecretScalar<S>,
    pub(super) trapdoor: SecretScalar<S>,
    pub(super) part: PartSecret<S>,
    pub(super) salt: [u8; 32],
}

impl<S: CryptoSuite> JoinerSecrets<S> {
    /// Hedged as the secrets of other offers are: by the identity's secret, and by what they are for.
    fn draw(
        hello: &Hello,
        room: RoomId,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let fresh = Secret::<64>::random(rng);
        let secret = match identity.speaker() {
            Speaker::Holder(identity) => identity.secret().expose().as_slice(),
            Speaker::Forger(_) => &[],
        };
        let shared = TranscriptHash::<S>::new(label::JOIN_SECRET)
            .bytes(secret)
            .bytes(fresh.expose())
            .bytes(room.as_bytes())
            .bytes(hello.handle.as_bytes())
            .bytes(hello.key.as_bytes());
        let which = |which| shared.clone().u8(which);
        Self {
            signing: EphemeralKeyPair::from_seed(&which(0).finish_secret().first_half()),
            receive: SecretScalar::of_hash(which(1)),
            trapdoor: SecretScalar::of_hash(which(2)),
            part: PartSecret::new(SecretScalar::of_hash(which(3))),
            salt: *which(4).digest().as_bytes(),
        }
    }

    fn offer(&self, hello: &Hello, room: RoomId, identity: IdentityKey) -> JoinOffer {
        let encode = |secret: &SecretScalar<S>| S::Group::encode(&secret.mul_base());
        let trapdoor = TrapdoorKey::new(encode(&self.trapdoor));
        JoinOffer {
            versions: vec![VERSION],
            suites: vec![S::ID.code()],
            room,
            handle: hello.handle,
            identity,
            signing: self.signing.public(),
            receive: ReceiveKey::new(encode(&self.receive)),
            commitment: commitment_of_joiner::<S>(&trapdoor, &self.part.public(), &self.salt),
            trapdoor,
        }
    }
}

/// Why a WELCOME leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WelcomeError {
    /// It is not for this offer, or it was changed on its way.
    #[error("the welcome does not open under this offer")]
    NotOpened,
    /// The offer does not stand in it byte for byte, or something listed is not as it should be.
    #[error("the welcome does not list what it should")]
    WrongList,
    /// The wrap does not open, or to another epoch than stated.
    #[error("the wrap in the welcome leads to another epoch")]
    WrongWrap,
}

impl<S: CryptoSuite> Joining<S> {
    /// Answers a HELLO with fresh keys.
    ///
    /// # Errors
    /// The key of the HELLO is no element. Or the identity is invented, by who did not draw that key.
    pub fn answer(
        hello: &Hello,
        room: RoomId,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, OfferError> {
        wiping_stack(|| {
            let key = hello.element::<S>();
            let key = key.ok_or(OfferError::UndecodableKey)?;
            let secrets = JoinerSecrets::draw(hello, room, identity, rng);
            let offer = secrets.offer(hello, room, identity.public());
            remember(identity, offer.trapdoor.as_bytes(), &secrets.trapdoor);
            remember(identity, offer.receive.as_bytes(), &secrets.receive);
            let shared = product::<S>(&secrets.trapdoor, &key);
            let own = product_of_identity::<S>(identity, hello.key.as_bytes(), &key);
            let (Some(shared), Some(own)) = (shared, own) else {
                return Err(OfferError::UndecodableKey);
            };
            let tag = admit_tag::<S>(&hello.handle, &own, &shared, &offer.digest::<S>());
            let text = Zeroizing::new(Encoder::encoded(|out| {
                offer.encode(out);
                out.raw(tag.expose());
            }));
            let seal = seal_key::<S>(&hello.handle, &shared, &offer.trapdoor, &offer.receive);
            let request = JoinRequest {
                handle: hello.handle,
                trapdoor: offer.trapdoor,
                receive: offer.receive,
                sealed: AeadKey::<S>::new(&seal).seal(&NONCE, hello.handle.as_bytes(), &text),
            };
            Ok(Self {
                hello: *hello,
                offer,
                request,
                secrets,
                shared,
            })
        })
    }

    /// What is sent: the same bytes each time.
    #[must_use]
    pub const fn request(&self) -> &JoinRequest {
        &self.request
    }

    /// What it answers to.
    #[must_use]
    pub const fn hello(&self) -> Hello {
        self.hello
    }

    /// Its offer.
    #[must_use]
    pub const fn offer(&self) -> &JoinOffer {
        &self.offer
    }

    /// Opens a WELCOME. Nothing of this joiner has left but its request: its part least of all.
    ///
    /// # Errors
    /// [`WelcomeError`] with the phase as it was.
    pub fn welcome(self, welcome: &Welcome) -> Result<Welcomed<S>, Box<Held<Self, WelcomeError>>> {
        match wiping_stack(|| self.read(welcome)) {
            Ok((terms, secrets, me)) => Ok(Welcomed::new(self, terms, secrets, me)),
            Err(error) => Err(Box::new(Held { phase: self, error })),
        }
    }

    /// What a WELCOME for this offer says, byte by byte: for a transcript.
    #[must_use]
    pub fn text_of(&self, welcome: &Welcome) -> Option<Zeroizing<Vec<u8>>> {
        let key = welcome_key::<S>(&self.offer, &self.shared);
        wiping_stack(|| welcome.text::<S>(&key))
    }

    fn read(&self, welcome: &Welcome) -> Result<(JoinTerms, EpochSecrets, usize), WelcomeError> {
        let key = welcome_key::<S>(&self.offer, &self.shared);
        let told = (welcome.handle == self.offer.handle)
            .then(|| welcome.open::<S>(&key))
            .flatten();
        let Told {
            terms,
            wrap,
            key_commitment,
        } = told.ok_or(WelcomeError::NotOpened)?;
        let me = self.place_in(&terms).ok_or(WelcomeError::WrongList)?;
        let fresh = FreshSecret::open(
            &wrap,
            &terms.ephemeral,
            &terms.handle,
            &self.secrets.receive,
            &self.offer.receive,
            terms.place_of(me),
        );
        let fresh = fresh.ok_or(WelcomeError::WrongWrap)?;
        let secrets = EpochSecrets::with_joiners::<S>(&terms, &fresh);
        if secrets.key_commitment != key_commitment {
            return Err(WelcomeError::WrongWrap);
        }
        Ok((terms, secrets, me))
    }

    /// The number of this joiner among all, if it and all others are listed as they should be: every offer is for this epoch and
    /// stands among the keys, every key is one that an honest member shows, and no identity stands twice.
    fn place_in(&self, terms: &JoinTerms) -> Option<usize> {
        let me = terms.offers.iter().position(|offer| *offer == self.offer)?;
        terms.is_sound::<S>().then_some(me)
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Joining<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Joining({})", self.offer.handle)
    }
}
