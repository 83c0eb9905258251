//! The secrets of an offer, and how both are made. `docs/spec/04-key-agreement.md`, "Offer".

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    CryptoSuite, DecodeError, EphemeralKeyPair, Group, Secret, SecretScalar, TranscriptHash, label,
    wiping_stack,
};

use super::{CycleShare, KnowledgeCommitment, Nonce, Offer, RoomId, TrapdoorKey, VERSION};
use crate::epoch_name::EpochName;
use crate::identity::{Identity, Speaker};
use crate::member::{KnownIdentities, RunMember};
use crate::roster::RosterError;
use crate::run::Run;
use mpotr_crypto::Element;

/// The secrets of one offer. Consumed by the one contribution that is made with them.
///
/// ```
/// # use mpotr_crypto::{CryptoSuite, IdentityKeyPair, rand_core::CryptoRng};
/// # use mpotr_gka::{Contributing, OfferSecrets, Run};
/// fn contribute<S: CryptoSuite>(
///     run: Run<S>,
///     me: &IdentityKeyPair,
///     secrets: OfferSecrets<S>,
///     rng: &mut dyn CryptoRng,
/// ) -> Contributing<S> {
///     Contributing::start(run, me, secrets, rng)
/// }
/// ```
///
/// A second contribution with the same secrets does not compile,
///
/// ```compile_fail,E0382
/// # use mpotr_crypto::{CryptoSuite, IdentityKeyPair, rand_core::CryptoRng};
/// # use mpotr_gka::{Contributing, OfferSecrets, Run};
/// fn contribute_twice<S: CryptoSuite>(
///     [first, second]: [Run<S>; 2],
///     me: &IdentityKeyPair,
///     secrets: OfferSecrets<S>,
///     rng: &mut dyn CryptoRng,
/// ) -> [Contributing<S>; 2] {
///     [
///         Contributing::start(first, me, secrets, rng),
///         Contributing::start(second, me, secrets, rng),
///     ]
/// }
/// ```
///
/// nor does a copy of them.
///
/// ```compile_fail,E0599
/// # use mpotr_crypto::CryptoSuite;
/// # use mpotr_gka::OfferSecrets;
/// fn copy<S: CryptoSuite>(secrets: &OfferSecrets<S>) -> OfferSecrets<S> {
///     OfferSecrets::clone(secrets)
/// }
/// ```
pub struct OfferSecrets<S: CryptoSuite> {
    /// The offer that they belong to.
    offer: Offer,
    /// Its elements as they were made, so that a member decodes no key of its own making.
    elements: OwnElements<S>,
    /// `e`: signs in the run and its epoch.
    pub(crate) ephemeral: EphemeralKeyPair<S>,
    /// `y`: the trapdoor.
    pub(crate) trapdoor: SecretScalar<S>,
    /// `z`: the share of the key agreement.
    pub(crate) share: SecretScalar<S>,
    /// `r`: the nonce of the joint-knowledge check.
    pub(crate) knowledge: SecretScalar<S>,
}

/// `Y` and `Z` of an own offer.
struct OwnElements<S: CryptoSuite> {
    trapdoor: Element<S>,
    share: Element<S>,
}

impl<S: CryptoSuite> OfferSecrets<S> {
    /// A fresh offer of an identity for a room, to follow the epoch `parent`, and its secrets. `count`
    /// differs for each offer that the caller makes.
    ///
    /// The secrets are hedged as RFC 8937 does it: they depend on 64 bytes of `rng`, on the identity's own secret and
    /// on what the offer is for. A source that repeats itself repeats no key in another room, for another epoch or
    /// count, and one that an attacker foresees gives away nothing as long as the identity is secret. An invented
    /// identity has no secret.
    pub fn generate(
        room: RoomId,
        parent: Option<EpochName>,
        identity: &dyn Identity<S>,
        count: u64,
        rng: &mut dyn CryptoRng,
    ) -> (Offer, Self) {
        wiping_stack(|| Self::draw(room, parent, identity, count, rng))
    }

    fn draw(
        room: RoomId,
        parent: Option<EpochName>,
        identity: &dyn Identity<S>,
        count: u64,
        rng: &mut dyn CryptoRng,
    ) -> (Offer, Self) {
        let fresh = Secret::<64>::random(rng);
        let secret = match identity.speaker() {
            Speaker::Holder(identity) => identity.secret().expose().as_slice(),
            Speaker::Forger(_) => &[],
        };
        let shared = TranscriptHash::<S>::new(label::OFFER_SECRET)
            .bytes(secret)
            .bytes(fresh.expose())
            .u64(count)
            .bytes(room.as_bytes())
            .bytes(EpochName::parent_bytes(parent.as_ref()).as_bytes());
        let which = |which| shared.clone().u8(which);
        let ephemeral = EphemeralKeyPair::from_seed(&which(0).finish_secret().first_half());
        let trapdoor = SecretScalar::<S>::of_hash(which(1));
        let share = SecretScalar::<S>::of_hash(which(2));
        let knowledge = SecretScalar::<S>::of_hash(which(3));
        let nonce = which(4).digest();
        let elements = OwnElements {
            trapdoor: trapdoor.mul_base(),
            share: share.mul_base(),
        };
        let commitment = knowledge.mul_base();
        let offer = Offer {
            versions: vec![VERSION],
            suites: vec![S::ID.code()],
            room,
            parent,
            identity: identity.public(),
            ephemeral: ephemeral.public(),
            trapdoor: TrapdoorKey::new(S::Group::encode(&elements.trapdoor)),
            share: CycleShare::new(S::Group::encode(&elements.share)),
            commitment: KnowledgeCommitment::new(S::Group::encode(&commitment)),
            nonce: Nonce::new(*nonce.as_bytes()),
        };
        (
            offer.clone(),
            Self {
                offer,
                elements,
                ephemeral,
                trapdoor,
                share,
                knowledge,
            },
        )
    }

    /// The offer that the secrets belong to.
    #[must_use]
    pub const fn offer(&self) -> &Offer {
        &self.offer
    }

    /// This member as it stands in a roster. Cheaper than [`RunMember::decode`]: only the identity key may need decoding.
    ///
    /// # Errors
    /// The identity key of the offer does not decode.
    pub fn member(&self, known: &KnownIdentities<S>) -> Result<RunMember<S>, DecodeError> {
        let identity = known.decode(&self.offer.identity)?;
        let OwnElements { trapdoor, share } = &self.elements;
        Ok(RunMember::own(
            self.offer.clone(),
            identity,
            trapdoor.clone(),
            share.clone(),
        ))
    }

    /// Checks that these secrets may serve a run: its roster holds their offer byte for byte at this member's place,
    /// and the offer is that of this identity. Proofs of others convince only a member whose own trapdoor key is among
    /// those of the roster (`docs/security/group-proof.md`).
    ///
    /// # Errors
    /// [`RosterError::NotAMember`] or [`RosterError::WrongIdentity`].
    pub fn check(&self, run: &Run<S>, identity: &dyn Identity<S>) -> Result<(), RosterError> {
        if run.own().map(RunMember::offer) != Some(&self.offer) {
            return Err(RosterError::NotAMember);
        }
        if self.offer.identity != identity.public() {
            return Err(RosterError::WrongIdentity);
        }
        Ok(())
    }

    /// The ephemeral signing key, to sign a proposal before contributing to it.
    #[must_use]
    pub const fn ephemeral(&self) -> &EphemeralKeyPair<S> {
        &self.ephemeral
    }
}

impl<S: CryptoSuite> core::fmt::Debug for OfferSecrets<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("OfferSecrets(..)")
    }
}
