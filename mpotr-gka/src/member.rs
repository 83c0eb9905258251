//! The members of a roster: offers with their keys decoded, each once. `docs/spec/04-key-agreement.md`, "Roster".

use std::collections::BTreeMap;
use std::sync::OnceLock;

use mpotr_crypto::{CryptoSuite, DecodeError, DecodeErrorKind, Group, IdentityKey, VerifyingKey};

use crate::offer::Offer;
use mpotr_crypto::Element;

/// Decoded identity keys of members seen before, so that a key is decoded once in its life.
pub struct KnownIdentities<S: CryptoSuite>(BTreeMap<IdentityKey, Element<S>>);

impl<S: CryptoSuite> KnownIdentities<S> {
    /// No identity key is known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Keeps a member's identity key.
    pub fn insert(&mut self, member: &RunMember<S>) {
        self.0
            .insert(member.offer.identity, member.identity.clone());
    }

    /// The element of an identity key, decoded now if it is not known.
    pub(crate) fn decode(&self, identity: &IdentityKey) -> Result<Element<S>, DecodeError> {
        match self.0.get(identity) {
            Some(element) => Ok(element.clone()),
            None => decode_key::<S>(identity.as_bytes(), "A"),
        }
    }
}

impl<S: CryptoSuite> Default for KnownIdentities<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: CryptoSuite> core::fmt::Debug for KnownIdentities<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A member of a roster: its offer, with the keys `A` and `Y` decoded, which every member uses. `Z` is decoded by the
/// neighbours in the cycle, `R` by the proposer, and both by a member that looks for a culprit.
pub struct RunMember<S: CryptoSuite> {
    pub(crate) offer: Offer,
    pub(crate) identity: Element<S>,
    pub(crate) trapdoor: Element<S>,
    /// `Z`, decoded when it is first asked for; `None` inside if it does not decode.
    share: OnceLock<Option<Element<S>>>,
}

impl<S: CryptoSuite> RunMember<S> {
    /// Decodes the keys of an offer that every member of a run uses. Whether `Z` and `R` are elements shows in
    /// [`decode_rest`](Self::decode_rest), or when a run needs them.
    ///
    /// # Errors
    /// `A` or `Y` that is not canonical, any key that is the identity element, or (E) of small order or not canonical.
    pub fn decode(offer: Offer, known: &KnownIdentities<S>) -> Result<Self, DecodeError> {
        offer.check_keys()?;
        Ok(Self {
            identity: known.decode(&offer.identity)?,
            trapdoor: decode_key::<S>(offer.trapdoor.as_bytes(), "Y")?,
            share: OnceLock::new(),
            offer,
        })
    }

    /// A member whose keys were made here.
    pub(crate) fn own(
        offer: Offer,
        identity: Element<S>,
        trapdoor: Element<S>,
        share: Element<S>,
    ) -> Self {
        Self {
            offer,
            identity,
            trapdoor,
            share: OnceLock::from(Some(share)),
        }
    }

    /// Decodes the keys that [`decode`](Self::decode) left: what a proposer does with every offer before it lists it.
    ///
    /// # Errors
    /// `Z` or `R` that is not canonical.
    pub fn decode_rest(&self) -> Result<(), DecodeError> {
        let missing = |field| key_error(field, DecodeErrorKind::NotCanonical);
        self.share().ok_or_else(|| missing("Z"))?;
        self.commitment().ok_or_else(|| missing("R"))?;
        Ok(())
    }

    /// `Z`, decoded once; `None` if it is no element.
    pub(crate) fn share(&self) -> Option<&Element<S>> {
        self.share
            .get_or_init(|| decode_key::<S>(self.offer.share.as_bytes(), "Z").ok())
            .as_ref()
    }

    /// `R`, decoded now; `None` if it is no element.
    pub(crate) fn commitment(&self) -> Option<Element<S>> {
        decode_key::<S>(self.offer.commitment.as_bytes(), "R").ok()
    }

    /// The offer.
    #[must_use]
    pub const fn offer(&self) -> &Offer {
        &self.offer
    }

    /// The key that verifies the member's signatures; `None` if E is no point, whose signatures never verify.
    #[must_use]
    pub fn verifying_key(&self) -> Option<VerifyingKey<S>> {
        VerifyingKey::decode(&self.offer.ephemeral)
    }
}

impl<S: CryptoSuite> Clone for RunMember<S> {
    fn clone(&self) -> Self {
        Self {
            offer: self.offer.clone(),
            identity: self.identity.clone(),
            trapdoor: self.trapdoor.clone(),
            share: self.share.clone(),
        }
    }
}

impl<S: CryptoSuite> core::fmt::Debug for RunMember<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.offer.fmt(f)
    }
}

/// An element that must not be the identity.
fn decode_key<S: CryptoSuite>(
    bytes: &[u8; 32],
    field: &'static str,
) -> Result<Element<S>, DecodeError> {
    refuse_identity(bytes, field)?;
    S::Group::decode(bytes).ok_or_else(|| key_error(field, DecodeErrorKind::NotCanonical))
}

impl Offer {
    /// Refuses bytes that are visibly not a key: cheap, and so done with every offer that is heard. The other keys are
    /// checked when they are decoded, by [`RunMember::decode`] and [`RunMember::decode_rest`].
    ///
    /// # Errors
    /// A key that is the identity element, or (E) of small order or not canonical.
    pub fn check_keys(&self) -> Result<(), DecodeError> {
        if !self.ephemeral.is_strict() {
            return Err(key_error("E", DecodeErrorKind::NotCanonical));
        }
        refuse_identity(self.identity.as_bytes(), "A")?;
        refuse_identity(self.trapdoor.as_bytes(), "Y")?;
        refuse_identity(self.share.as_bytes(), "Z")?;
        refuse_identity(self.commitment.as_bytes(), "R")
    }
}

/// The identity has one canonical encoding, so it is refused without decoding anything.
fn refuse_identity(bytes: &[u8; 32], field: &'static str) -> Result<(), DecodeError> {
    if bytes == &[0; 32] {
        return Err(key_error(field, DecodeErrorKind::Identity));
    }
    Ok(())
}

/// The offset is that of the whole offer: its fields were read before.
const fn key_error(field: &'static str, kind: DecodeErrorKind) -> DecodeError {
    DecodeError::new(0, field, kind)
}
