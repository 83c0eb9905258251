//! The members of a roster: offers with their keys decoded, each once. `docs/spec/04-key-agreement.md`, "Roster".

use std::collections::BTreeMap;

use mpotr_crypto::{CryptoSuite, DecodeError, DecodeErrorKind, Group, IdentityKey, VerifyingKey};

use crate::offer::Offer;
use crate::run::Element;

/// Decoded identity keys of members seen before, so that a key is decoded once in its life.
pub struct KnownIdentities<S: CryptoSuite>(BTreeMap<IdentityKey, Element<S>>);

impl<S: CryptoSuite> KnownIdentities<S> {
    /// Nobody known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Keeps a member's identity key.
    pub fn insert(&mut self, member: &Member<S>) {
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

/// A member of a roster: its offer with the keys decoded.
pub struct Member<S: CryptoSuite> {
    pub(crate) offer: Offer,
    pub(crate) identity: Element<S>,
    pub(crate) trapdoor: Element<S>,
    pub(crate) share: Element<S>,
    pub(crate) commitment: Element<S>,
}

impl<S: CryptoSuite> Member<S> {
    /// Decodes the keys of an offer.
    ///
    /// # Errors
    /// A key that is not canonical, is the identity element, or (E) of small order.
    pub fn decode(offer: Offer, known: &KnownIdentities<S>) -> Result<Self, DecodeError> {
        if !offer.ephemeral.is_strict() {
            return Err(key_error("E", DecodeErrorKind::NotCanonical));
        }
        Ok(Self {
            identity: known.decode(&offer.identity)?,
            trapdoor: decode_key::<S>(offer.trapdoor.as_bytes(), "Y")?,
            share: decode_key::<S>(offer.share.as_bytes(), "Z")?,
            commitment: decode_key::<S>(offer.commitment.as_bytes(), "R")?,
            offer,
        })
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

impl<S: CryptoSuite> Clone for Member<S> {
    fn clone(&self) -> Self {
        Self {
            offer: self.offer.clone(),
            identity: self.identity.clone(),
            trapdoor: self.trapdoor.clone(),
            share: self.share.clone(),
            commitment: self.commitment.clone(),
        }
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Member<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.offer.fmt(f)
    }
}

/// An element that must not be the identity, whose only canonical encoding is 32 zero bytes.
fn decode_key<S: CryptoSuite>(
    bytes: &[u8; 32],
    field: &'static str,
) -> Result<Element<S>, DecodeError> {
    if bytes == &[0; 32] {
        return Err(key_error(field, DecodeErrorKind::Identity));
    }
    S::Group::decode(bytes).ok_or_else(|| key_error(field, DecodeErrorKind::NotCanonical))
}

/// The offset is that of the whole offer: its fields were read before.
const fn key_error(field: &'static str, kind: DecodeErrorKind) -> DecodeError {
    DecodeError::new(0, field, kind)
}
