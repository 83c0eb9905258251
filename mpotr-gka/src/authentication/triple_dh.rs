//! Pairwise authentication by triple Diffie-Hellman: the conservative baseline.
//! `docs/spec/04-key-agreement.md`, "Triple Diffie-Hellman".
//!
//! ```text
//! for i < j:  ikm  = a_i Y_j || y_i A_j || y_i Y_j        (as the other side: y_j A_i || a_j Y_i || y_j Y_i)
//!             k_ij = expand(extract(sid, ikm), "3dh", i || j || A_i || E_i || Y_i || A_j || E_j || Y_j)
//! tag of i for j = first 16 bytes of H("3dh tag", k_ij, sid, i, j, D, kc)
//!
//! opaque payload[16][N - 1];                              a tag for each other member in cycle order
//! ```
//!
//! 3 (N - 1) multiplications and 16 (N - 1) bytes for each member, so O(N^2) in all whatever the key agreement. Anyone who
//! invents all y_j computes every tag, so it is deniable without a joint-knowledge check. A wrong tag is seen by its
//! receiver alone.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{
    CryptoSuite, Encoder, Group, IdentityKeyPair, Secret, SecretScalar, TranscriptHash, kdf::Prk,
    label,
};

use super::{GroupAuthentication, KeyStatement};
use crate::fault::{CheckFailed, Fault, FaultKind};
use crate::identity::Identity;
use crate::list::{place_among_others, whole_chunks};
use crate::member::RunMember;
use crate::run::Run;
use mpotr_crypto::Element;

pub(crate) const TAG_LENGTH: usize = 16;

/// One member's part in the triple Diffie-Hellman authentication of a run: a key with each member.
pub struct TripleDh {
    /// In cycle order; `None` for this member itself, and where a Diffie-Hellman gave the identity.
    pairs: Vec<Option<Secret<32>>>,
}

impl TripleDh {
    pub(super) fn new<S: CryptoSuite>(
        run: &Run<S>,
        identity: &IdentityKeyPair,
        trapdoor: &SecretScalar<S>,
    ) -> Self {
        let secret = identity.scalar::<S>();
        let pairs = run
            .members()
            .iter()
            .enumerate()
            .map(|(peer, member)| {
                (peer != run.place())
                    .then(|| pair_key(run, peer, member, &secret, trapdoor))
                    .flatten()
            })
            .collect();
        Self { pairs }
    }

    /// The part of an invented member, which has no identity secret, from the trapdoor secrets of all members in cycle
    /// order.
    pub(super) fn of_trapdoors<S: CryptoSuite>(
        run: &Run<S>,
        trapdoors: &[SecretScalar<S>],
    ) -> Self {
        let own = trapdoors.get(run.place());
        let pairs = trapdoors
            .iter()
            .enumerate()
            .map(|(peer, trapdoor)| {
                own.filter(|_| peer != run.place())
                    .and_then(|own| pair_key_of_trapdoors(run, peer, own, trapdoor))
            })
            .collect();
        Self { pairs }
    }
}

impl TripleDh {
    /// Whether a payload holds the tag that another member owes this one.
    fn is_tagged<S: CryptoSuite>(
        &self,
        run: &Run<S>,
        from: usize,
        statement: &KeyStatement,
        payload: &[u8],
    ) -> bool {
        let key = self.pairs.get(from).and_then(Option::as_ref);
        let expected = key.map(|key| tag(run, key, from, run.place(), statement));
        expected.is_some() && tag_for_me(run, from, payload) == expected
    }
}

/// `k_ij` between this member and `peer`, by the own secrets.
fn pair_key<S: CryptoSuite>(
    run: &Run<S>,
    peer: usize,
    member: &RunMember<S>,
    identity: &SecretScalar<S>,
    trapdoor: &SecretScalar<S>,
) -> Option<Secret<32>> {
    let shared = Shared {
        own_identity: dh::<S>(&member.trapdoor, identity)?,
        peer_identity: dh::<S>(&member.identity, trapdoor)?,
        both_trapdoors: dh::<S>(&member.trapdoor, trapdoor)?,
    };
    key_of(run, peer, member, shared)
}

/// `k_ij` between this member and `peer`, by the trapdoor secrets of both: `a_i Y_j = y_j A_i`.
fn pair_key_of_trapdoors<S: CryptoSuite>(
    run: &Run<S>,
    peer: usize,
    own_trapdoor: &SecretScalar<S>,
    peer_trapdoor: &SecretScalar<S>,
) -> Option<Secret<32>> {
    let member = run.members().get(peer)?;
    let shared = Shared {
        own_identity: dh::<S>(&run.own()?.identity, peer_trapdoor)?,
        peer_identity: dh::<S>(&member.identity, own_trapdoor)?,
        both_trapdoors: dh::<S>(&member.trapdoor, own_trapdoor)?,
    };
    key_of(run, peer, member, shared)
}

/// The three Diffie-Hellman values of a pair: of an identity and the other's trapdoor each, and of both trapdoors.
struct Shared {
    own_identity: Secret<32>,
    peer_identity: Secret<32>,
    both_trapdoors: Secret<32>,
}

fn key_of<S: CryptoSuite>(
    run: &Run<S>,
    peer: usize,
    member: &RunMember<S>,
    shared: Shared,
) -> Option<Secret<32>> {
    let Shared {
        own_identity,
        peer_identity,
        both_trapdoors,
    } = shared;
    let me = (run.place(), run.members().get(run.place())?);
    // The member of the lower index comes first, in the secrets as in the context.
    let (first, second, low, high) = if run.place() < peer {
        (own_identity, peer_identity, me, (peer, member))
    } else {
        (peer_identity, own_identity, (peer, member), me)
    };
    let mut ikm = Zeroizing::new(Vec::with_capacity(3 * 32));
    for secret in [first, second, both_trapdoors] {
        ikm.extend_from_slice(secret.expose());
    }
    let context = Encoder::encoded(|out| {
        out.u32(u32::try_from(low.0).unwrap_or(u32::MAX));
        out.u32(u32::try_from(high.0).unwrap_or(u32::MAX));
        for offer in [&low.1.offer, &high.1.offer] {
            offer.identity.encode(out);
            offer.ephemeral.encode(out);
            offer.trapdoor.encode(out);
        }
    });
    Some(Prk::extract::<S>(run.sid().as_bytes(), &ikm).expand::<S, 32>(label::TRIPLE_DH, &context))
}

/// A Diffie-Hellman value, refused if it is the identity.
fn dh<S: CryptoSuite>(element: &Element<S>, scalar: &SecretScalar<S>) -> Option<Secret<32>> {
    let shared = Zeroizing::new(scalar.mul(element));
    let encoded = Secret::new(S::Group::encode(&shared));
    (*shared != S::Group::identity()).then_some(encoded)
}

fn tag<S: CryptoSuite>(
    run: &Run<S>,
    key: &Secret<32>,
    from: usize,
    to: usize,
    statement: &KeyStatement,
) -> Secret<TAG_LENGTH> {
    let hash = TranscriptHash::<S>::new(label::TRIPLE_DH_TAG)
        .bytes(key.expose())
        .bytes(run.sid().as_bytes())
        .u32(u32::try_from(from).unwrap_or(u32::MAX))
        .u32(u32::try_from(to).unwrap_or(u32::MAX))
        .bytes(statement.contributions.as_bytes())
        .bytes(statement.key_commitment.as_bytes())
        .finish_secret();
    Secret::fill_with(|out| {
        for (to, from) in out.iter_mut().zip(hash.expose()) {
            *to = *from;
        }
    })
}

impl<S: CryptoSuite> GroupAuthentication<S> for TripleDh {
    fn knowledge_share(&self, _run: &Run<S>) -> Vec<u8> {
        Vec::new()
    }

    fn check_shares(&self, _run: &Run<S>, shares: &[&[u8]]) -> Result<(), CheckFailed> {
        if shares.iter().all(|share| share.is_empty()) {
            Ok(())
        } else {
            Err(CheckFailed)
        }
    }

    fn blame_shares(&self, _run: &Run<S>, shares: &[&[u8]]) -> Fault {
        let culprits = shares
            .iter()
            .enumerate()
            .filter_map(|(index, share)| (!share.is_empty()).then_some(index));
        Fault::at(FaultKind::MalformedContribution, culprits)
    }

    fn prove(
        &self,
        run: &Run<S>,
        _identity: &dyn Identity<S>,
        statement: &KeyStatement,
        rng: &mut dyn CryptoRng,
    ) -> Vec<u8> {
        let mut payload = Encoder::new();
        for (to, key) in self
            .pairs
            .iter()
            .enumerate()
            .filter(|(to, _)| *to != run.place())
        {
            match key {
                Some(key) => payload.raw(tag(run, key, run.place(), to, statement).expose()),
                // A value with this peer is the identity, so there is no key: fill its place with a tag that does not
                // verify.
                None => payload.raw(Secret::<TAG_LENGTH>::random(rng).expose()),
            }
        }
        payload.finish()
    }

    fn verify(
        &self,
        run: &Run<S>,
        statement: &KeyStatement,
        payloads: &[&[u8]],
        _rng: &mut dyn CryptoRng,
    ) -> Result<(), CheckFailed> {
        let mut from_others = payloads
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != run.place());
        if from_others.all(|(from, payload)| self.is_tagged(run, from, statement, payload)) {
            Ok(())
        } else {
            Err(CheckFailed)
        }
    }

    fn blame(&self, run: &Run<S>, statement: &KeyStatement, payloads: &[&[u8]]) -> Fault {
        let from_others = payloads
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != run.place());
        let culprits = from_others
            .filter(|(from, payload)| !self.is_tagged(run, *from, statement, payload))
            .map(|(from, _)| from);
        Fault::at(FaultKind::WrongProof, culprits)
    }
}

/// The tag that `from` made for this member; `None` if the payload is not a tag for each other member.
fn tag_for_me<S: CryptoSuite>(
    run: &Run<S>,
    from: usize,
    payload: &[u8],
) -> Option<Secret<TAG_LENGTH>> {
    let tags = whole_chunks(payload, run.len().checked_sub(1)?)?;
    tags.get(place_among_others(from, run.place())?)
        .copied()
        .map(Secret::new)
}

impl core::fmt::Debug for TripleDh {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("TripleDh(..)")
    }
}
