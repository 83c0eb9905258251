//! The keys of an epoch that its members alone see. `docs/spec/04-key-agreement.md`, "Inner keys".
//!
//! ```text
//! struct { opaque M[32]; opaque F[32]; opaque P[32]; } keys_i;
//! com_i  = H("inner keys", sid, uint16 i, keys_i, salt_i)        32 bytes, in the contribution
//! keys_i || salt_i                                               128 bytes, sealed in the confirmation
//! ```
//!
//! `M` verifies what its owner says in the epoch, `F` is its part of the joint key of the members, and under `P` it receives
//! the secret of the epoch after this one. No packet that an outsider can read carries them, so what is said cannot be tied to
//! a connection that published an offer. The commitment is among what `D` covers: it binds one set of keys to each member
//! before any is seen, so nobody shows two members different keys, or a key made from another's: the joint key is a plain
//! sum, and rests on that (`docs/security/joint-signature.md`).

use std::collections::BTreeMap;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    CryptoSuite, Digest32, Element, EphemeralKey, EphemeralKeyPair, Group, PartKey, PartSecret,
    Secret, SecretScalar, TranscriptHash, byte_newtype, label,
};

use crate::identity::{Identity, Speaker};
use crate::member_index::MemberIndex;
use crate::run::Run;

byte_newtype! {
    /// A receive key `P` of a member, encoded: 32 bytes.
    ReceiveKey
}

/// The keys of one member that the members of an epoch alone see, 96 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberKeys {
    /// `M`: verifies what its owner says in the epoch.
    pub signing: EphemeralKey,
    /// `F`: its part of joint keys.
    pub part: PartKey,
    /// `P`: under it the member receives the secret of the epoch that follows.
    pub receive: ReceiveKey,
}

impl MemberKeys {
    /// Length in bytes.
    pub(crate) const LENGTH: usize = 96;

    /// As they are hashed and sent.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        [
            self.signing.as_bytes(),
            self.part.as_bytes(),
            self.receive.as_bytes(),
        ]
        .map(<[u8; 32]>::as_slice)
        .concat()
    }
}

/// The keys and the salt as a confirmation carries them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InnerKeys {
    pub(crate) keys: MemberKeys,
    salt: [u8; 32],
}

impl InnerKeys {
    /// Bytes in front of the authentication payload.
    pub(crate) const LENGTH: usize = MemberKeys::LENGTH + 32;

    /// Splits what a confirmation sealed into keys and authentication payload; `None` if it is too short.
    pub(crate) fn split(opened: &[u8]) -> Option<(Self, &[u8])> {
        let (keys, payload) = opened.split_first_chunk::<{ Self::LENGTH }>()?;
        let ([signing, part, receive, salt], []) = keys.as_chunks::<32>() else {
            return None;
        };
        let keys = Self {
            keys: MemberKeys {
                signing: EphemeralKey::new(*signing),
                part: PartKey::new(*part),
                receive: ReceiveKey::new(*receive),
            },
            salt: *salt,
        };
        Some((keys, payload))
    }

    /// Keys and authentication payload as a confirmation seals them.
    pub(super) fn before(&self, payload: &[u8]) -> Vec<u8> {
        [&self.keys.to_bytes(), self.salt.as_slice(), payload].concat()
    }

    /// What a contribution says of these keys.
    fn commitment<S: CryptoSuite>(&self, run: &Run<S>, owner: MemberIndex) -> Digest32 {
        TranscriptHash::<S>::new(label::INNER_KEYS)
            .bytes(run.sid().as_bytes())
            .u16(owner.get())
            .bytes(&self.keys.to_bytes())
            .bytes(&self.salt)
            .digest()
    }

    /// The element `F` if a member committed to these keys, and they are ones that an honest member draws; else `None`. `P`
    /// is decoded by who sends under it.
    pub(crate) fn open<S: CryptoSuite>(
        &self,
        run: &Run<S>,
        owner: MemberIndex,
        commitment: &Digest32,
    ) -> Option<Element<S>> {
        let is_drawn = self.keys.signing.is_strict()
            && *self.keys.receive.as_bytes() != [0; 32]
            && self.commitment(run, owner) == *commitment;
        is_drawn.then(|| self.keys.part.element::<S>())?
    }
}

/// The members of whose inner keys one stands twice: among all inner keys and those of all offers. Honest keys are hidden until
/// all are committed to, so none of these members is honest.
pub(crate) fn repeated<S: CryptoSuite>(run: &Run<S>, keys: &[MemberKeys]) -> Vec<usize> {
    let offered = run.members().iter().map(|member| &member.offer);
    let mut signing: BTreeMap<_, usize> = BTreeMap::new();
    let mut elements: BTreeMap<_, usize> = BTreeMap::new();
    let count = |counts: &mut BTreeMap<[u8; 32], usize>, key: &[u8; 32]| {
        let count = counts.entry(*key).or_default();
        *count = count.saturating_add(1);
    };
    for offer in offered {
        count(&mut signing, offer.ephemeral.as_bytes());
        count(&mut elements, offer.identity.as_bytes());
        count(&mut elements, offer.trapdoor.as_bytes());
        count(&mut elements, offer.share.as_bytes());
        count(&mut elements, offer.commitment.as_bytes());
    }
    for keys in keys {
        count(&mut signing, keys.signing.as_bytes());
        count(&mut elements, keys.part.as_bytes());
        count(&mut elements, keys.receive.as_bytes());
    }
    let is_twice = |counts: &BTreeMap<_, usize>, key: &[u8; 32]| counts.get(key) > Some(&1);
    keys.iter()
        .enumerate()
        .filter(|(_, keys)| {
            is_twice(&signing, keys.signing.as_bytes())
                || is_twice(&elements, keys.part.as_bytes())
                || is_twice(&elements, keys.receive.as_bytes())
        })
        .map(|(member, _)| member)
        .collect()
}

/// A member's own keys, drawn for one run with its contribution.
pub(super) struct OwnInnerKeys<S: CryptoSuite> {
    /// `m`: signs in the epoch.
    pub(super) signing: EphemeralKeyPair<S>,
    /// `f`: shares in joint signatures.
    pub(super) part: PartSecret<S>,
    /// `p`: opens what comes under `P`.
    pub(super) receive: SecretScalar<S>,
    keys: InnerKeys,
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
        let signing = EphemeralKeyPair::from_seed(&which(0).finish_secret().first_half());
        let part = PartSecret::new(SecretScalar::of_hash(which(2)));
        let receive = SecretScalar::<S>::of_hash(which(3));
        let keys = InnerKeys {
            keys: MemberKeys {
                signing: signing.public(),
                part: part.public(),
                receive: ReceiveKey::new(S::Group::encode(&receive.mul_base())),
            },
            salt: *which(1).digest().as_bytes(),
        };
        Self {
            signing,
            part,
            receive,
            keys,
        }
    }

    /// What is shown of them.
    pub(super) const fn public(&self) -> &InnerKeys {
        &self.keys
    }

    /// What this member's contribution says of them.
    pub(super) fn commitment(&self, run: &Run<S>) -> Digest32 {
        self.keys.commitment(run, run.me())
    }
}
