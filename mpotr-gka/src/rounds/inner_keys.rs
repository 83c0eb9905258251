//! The keys of an epoch that its members alone see. `docs/spec/04-key-agreement.md`, "Inner keys".
//!
//! ```text
//! com_i  = H("inner keys", sid, uint16 i, M_i, salt_i)          32 bytes, in the contribution
//! struct { opaque M[32]; opaque salt[32]; } InnerKeys;           64 bytes, sealed in the confirmation
//! ```
//!
//! `M` verifies what its owner says in the epoch. No packet that an outsider can read carries it, so what is said cannot be
//! tied to a connection that published an offer. The commitment is among what `D` covers: it binds one `M` to each
//! member before any `M` is seen, so nobody shows two members different keys, or a key made from another's.

use std::collections::BTreeMap;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    CryptoSuite, Digest32, EphemeralKey, EphemeralKeyPair, Secret, TranscriptHash, label,
};

use crate::identity::{Identity, Speaker};
use crate::member_index::MemberIndex;
use crate::run::Run;

/// The keys and the salt as a confirmation carries them, 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InnerKeys {
    /// `M`: verifies what its owner says in the epoch.
    pub(crate) signing: EphemeralKey,
    salt: [u8; 32],
}

impl InnerKeys {
    /// Bytes in front of the authentication payload.
    pub(crate) const LENGTH: usize = 64;

    /// Splits what a confirmation sealed into keys and authentication payload; `None` if it is too short.
    pub(crate) fn split(opened: &[u8]) -> Option<(Self, &[u8])> {
        let (keys, payload) = opened.split_first_chunk::<{ Self::LENGTH }>()?;
        let (signing, salt) = keys.split_first_chunk::<32>()?;
        let keys = Self {
            signing: EphemeralKey::new(*signing),
            salt: *salt.first_chunk::<32>()?,
        };
        Some((keys, payload))
    }

    /// Keys and authentication payload as a confirmation seals them.
    pub(super) fn before(&self, payload: &[u8]) -> Vec<u8> {
        [self.signing.as_bytes().as_slice(), &self.salt, payload].concat()
    }

    /// What a contribution says of these keys.
    fn commitment<S: CryptoSuite>(&self, run: &Run<S>, owner: MemberIndex) -> Digest32 {
        TranscriptHash::<S>::new(label::INNER_KEYS)
            .bytes(run.sid().as_bytes())
            .u16(owner.get())
            .bytes(self.signing.as_bytes())
            .bytes(&self.salt)
            .digest()
    }

    /// Whether a member committed to these keys, and they are ones that an honest member draws.
    pub(crate) fn open<S: CryptoSuite>(
        &self,
        run: &Run<S>,
        owner: MemberIndex,
        commitment: &Digest32,
    ) -> bool {
        self.signing.is_strict() && self.commitment(run, owner) == *commitment
    }
}

/// The members whose `M` another has, too: honest keys are hidden until all are committed to, so none of these is honest.
pub(crate) fn repeated(keys: &[EphemeralKey]) -> Vec<usize> {
    let mut count = BTreeMap::<_, usize>::new();
    for key in keys {
        let count = count.entry(key.as_bytes()).or_default();
        *count = count.saturating_add(1);
    }
    keys.iter()
        .enumerate()
        .filter(|(_, key)| count.get(key.as_bytes()) > Some(&1))
        .map(|(member, _)| member)
        .collect()
}

/// A member's own keys, drawn for one run with its contribution.
pub(super) struct OwnInnerKeys<S: CryptoSuite> {
    /// `m`: signs in the epoch.
    pub(super) signing: EphemeralKeyPair<S>,
    salt: [u8; 32],
}

impl<S: CryptoSuite> OwnInnerKeys<S> {
    /// Draws the keys, hedged as the secrets of an offer are: they depend on 64 bytes of `rng`, on the identity's own secret
    /// and on the run. An invented identity has no secret.
    pub(super) fn generate(
        run: &Run<S>,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let fresh = Secret::<64>::random(rng);
        let secret = match identity.speaker() {
            Speaker::Holder(identity) => identity.secret().expose().as_slice(),
            Speaker::Forger(_) => &[],
        };
        let shared = TranscriptHash::<S>::new(label::INNER_KEY_SECRET)
            .bytes(secret)
            .bytes(fresh.expose())
            .bytes(run.sid().as_bytes())
            .u16(run.me().get());
        let which = |which| shared.clone().u8(which);
        Self {
            signing: EphemeralKeyPair::from_seed(&which(0).finish_secret().first_half()),
            salt: *which(1).digest().as_bytes(),
        }
    }

    /// What is shown of them.
    pub(super) fn public(&self) -> InnerKeys {
        InnerKeys {
            signing: self.signing.public(),
            salt: self.salt,
        }
    }

    /// What this member's contribution says of them.
    pub(super) fn commitment(&self, run: &Run<S>) -> Digest32 {
        self.public().commitment(run, run.me())
    }
}
