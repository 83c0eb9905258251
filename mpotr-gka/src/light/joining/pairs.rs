//! Triple Diffie-Hellman between a joiner and each other one of the epoch that it comes into.
//! `docs/spec/14-light-runs.md`, "Tags".
//!
//! ```text
//! k_iJ = expand(extract(sid', a_i Y_J || x_i A_J || x_i Y_J), "light 3dh", i || J || A_i || entry of i || offer_J, 64)
//! tags = expand(k_iJ, "to member" | "to joiner", lambda || kc', 16)
//! ```
//!
//! `x_i` is `p'_i` of a member, and `y_i` of a joiner in a place before J. Who knows `y_J` computes both tags from public keys,
//! and who knows `x_i` does, too: they convince each other and nobody else.

use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{
    CryptoSuite, Digest32, Element, Group, IdentityKey, Secret, SecretScalar, byte_newtype,
    kdf::Prk, label, wiping_stack,
};

use super::super::cut::ListedKeys;
use super::offer::{JoinOffer, decode_key};
use crate::identity::{Identity, Speaker};
use crate::member_index::MemberIndex;
use crate::offer::TrapdoorKey;
use crate::sid::Sid;

byte_newtype! {
    /// That one of a pair is who it is listed as, to the other: 16 bytes.
    JoinTag, 16
}

/// To which of the two a tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// In the lower place: a member, or a joiner before the other.
    Lower,
    /// The joiner in the higher place.
    Joiner,
}

/// What the two have in common in public.
pub(super) struct Pair<'a> {
    pub(super) sid: Sid,
    /// The lower place.
    pub(super) lower: MemberIndex,
    /// `A` there.
    pub(super) identity: &'a IdentityKey,
    /// What CUT lists there.
    pub(super) entry: &'a ListedKeys,
    /// The place of the joiner.
    pub(super) joiner: MemberIndex,
    pub(super) offer: &'a JoinOffer,
}

/// `a_i Y_J`, `x_i A_J` and `x_i Y_J`.
pub(super) struct Products(pub(super) [Secret<32>; 3]);

/// `k_iJ`.
pub(in crate::light) struct PairKey(Prk);

impl Pair<'_> {
    pub(super) fn key<S: CryptoSuite>(&self, products: &Products) -> PairKey {
        wiping_stack(|| {
            let Products(products) = products;
            let products = products.each_ref().map(|it| it.expose().as_slice());
            let ikm = Zeroizing::new(products.concat());
            let context = [
                self.lower.get().to_be_bytes().as_slice(),
                &self.joiner.get().to_be_bytes(),
                self.identity.as_bytes(),
                &self.entry.to_bytes(),
                &self.offer.to_bytes(),
            ]
            .concat();
            let extracted = Prk::extract::<S>(self.sid.as_bytes(), &ikm);
            PairKey(extracted.child::<S>(label::LIGHT_TRIPLE_DH, &context))
        })
    }
}

impl PairKey {
    pub(super) fn tag<S: CryptoSuite>(&self, to: To, keys: &Digest32, kc: &Digest32) -> JoinTag {
        JoinTag::new(*self.secret_tag::<S>(to, keys, kc).expose())
    }

    /// Compares in constant time.
    pub(super) fn is_right<S: CryptoSuite>(
        &self,
        tag: &JoinTag,
        to: To,
        keys: &Digest32,
        kc: &Digest32,
    ) -> bool {
        self.secret_tag::<S>(to, keys, kc) == Secret::new(*tag.as_bytes())
    }

    fn secret_tag<S: CryptoSuite>(&self, to: To, keys: &Digest32, kc: &Digest32) -> Secret<16> {
        let label = match to {
            To::Lower => label::TO_MEMBER,
            To::Joiner => label::TO_JOINER,
        };
        let context = [keys.as_bytes().as_slice(), kc.as_bytes()].concat();
        self.0.expand::<S, 16>(label, &context)
    }
}

/// A Diffie-Hellman value, refused if it is the identity.
pub(super) fn product<S: CryptoSuite>(
    secret: &SecretScalar<S>,
    element: &Element<S>,
) -> Option<Secret<32>> {
    wiping_stack(|| {
        let product = Zeroizing::new(secret.mul(element));
        let encoded = Secret::new(S::Group::encode(&product));
        (*product != S::Group::identity()).then_some(encoded)
    })
}

/// `a` times a key of another. An invented identity has no `a`; its inventor knows the secret of the key, if it drew that, and
/// `a X = x A`.
pub(super) fn product_of_identity<S: CryptoSuite>(
    identity: &dyn Identity<S>,
    key: &[u8; 32],
    element: &Element<S>,
) -> Option<Secret<32>> {
    match identity.speaker() {
        Speaker::Holder(identity) => product::<S>(&identity.scalar(), element),
        Speaker::Forger(forger) => {
            let secret = forger.secret(&TrapdoorKey::new(*key))?;
            product::<S>(&secret, &decode_key::<S>(identity.public().as_bytes())?)
        }
    }
}

/// Lets the inventor of a conversation remember a secret that was drawn for one of its members.
pub(in crate::light) fn remember<S: CryptoSuite>(
    identity: &dyn Identity<S>,
    key: &[u8; 32],
    secret: &SecretScalar<S>,
) {
    if let Speaker::Forger(forger) = identity.speaker() {
        forger.remember(TrapdoorKey::new(*key), secret);
    }
}
