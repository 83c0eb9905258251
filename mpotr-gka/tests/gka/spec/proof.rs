//! The group proof, from either side.

use mpotr_crypto::{CryptoSuite, Group, hash_to_scalar, label};
use mpotr_gka::KeyStatement;

use super::{Spec, decode, index};
use crate::{Element, Scalar};

impl Spec {
    /// `c = H("proof", sid, T, D, kc, i, A_i, R)`.
    pub(crate) fn proof_challenge<S: CryptoSuite>(
        &self,
        member: usize,
        statement: &KeyStatement,
        commitment: &Element<S>,
    ) -> Scalar<S> {
        hash_to_scalar::<S>(
            self.hash::<S>(label::PROOF)
                .bytes(&S::Group::encode(&self.trapdoor::<S>()))
                .bytes(statement.contributions.as_bytes())
                .bytes(statement.key_commitment.as_bytes())
                .u32(index(member))
                .bytes(self.offers[member].identity.as_bytes())
                .bytes(&S::Group::encode(commitment)),
        )
    }

    /// `R = k G + w T`, `s = k - (c + w) a`: a proof made from the identity's secret.
    pub(crate) fn proof_by_identity<S: CryptoSuite>(
        &self,
        member: usize,
        statement: &KeyStatement,
        a: &Scalar<S>,
        [k, w]: [&Scalar<S>; 2],
    ) -> [u8; 96] {
        let commitment = S::Group::add(
            &S::Group::mul_base(k),
            &S::Group::mul(&self.trapdoor::<S>(), w),
        );
        let c = self.proof_challenge::<S>(member, statement, &commitment);
        let s = S::Group::scalar_sub(k, &S::Group::scalar_mul(&S::Group::scalar_add(&c, w), a));
        proof_bytes::<S>(&commitment, &s, w)
    }

    /// `R = k G + u A`, `w = u - c`, `s = k - w t`: a proof made from the trapdoor's logarithm.
    pub(crate) fn proof_by_trapdoor<S: CryptoSuite>(
        &self,
        member: usize,
        statement: &KeyStatement,
        t: &Scalar<S>,
        [k, u]: [&Scalar<S>; 2],
    ) -> [u8; 96] {
        let identity = decode::<S>(self.offers[member].identity.as_bytes());
        let commitment = S::Group::add(&S::Group::mul_base(k), &S::Group::mul(&identity, u));
        let c = self.proof_challenge::<S>(member, statement, &commitment);
        let w = S::Group::scalar_sub(u, &c);
        let s = S::Group::scalar_sub(k, &S::Group::scalar_mul(&w, t));
        proof_bytes::<S>(&commitment, &s, &w)
    }

    /// `R = s G + (c + w) A + w T`.
    pub(crate) fn proof_holds<S: CryptoSuite>(
        &self,
        member: usize,
        statement: &KeyStatement,
        proof: &[u8],
    ) -> bool {
        let [commitment, s, w] = [0, 32, 64].map(|at| proof[at..at + 32].try_into().unwrap());
        let commitment = decode::<S>(&commitment);
        let [s, w] = [s, w].map(|scalar| S::Group::decode_scalar(&scalar).unwrap());
        let c = self.proof_challenge::<S>(member, statement, &commitment);
        let identity = decode::<S>(self.offers[member].identity.as_bytes());
        let sum = S::Group::sum(&[
            S::Group::mul_base(&s),
            S::Group::mul(&identity, &S::Group::scalar_add(&c, &w)),
            S::Group::mul(&self.trapdoor::<S>(), &w),
        ]);
        sum == commitment
    }
}

/// `R || s || w`.
pub(crate) fn proof_bytes<S: CryptoSuite>(
    commitment: &Element<S>,
    s: &Scalar<S>,
    w: &Scalar<S>,
) -> [u8; 96] {
    let parts = [
        S::Group::encode(commitment),
        S::Group::encode_scalar(s),
        S::Group::encode_scalar(w),
    ];
    parts.concat().try_into().unwrap()
}
