//! The cyclic agreement of Burmester and Desmedt (Eurocrypt 1994). `docs/spec/04-key-agreement.md`, "Burmester-Desmedt".
//!
//! ```text
//! X_i = z_i (Z_{i+1} - Z_{i-1})                                indices modulo N, in cycle order
//! K   = N z_i Z_{i-1} + sum_{k=0}^{N-2} (N-1-k) X_{i+k}        = sum_k z_k z_{k+1} G for every i
//!
//! struct { opaque X[32]; opaque c[32]; opaque s[32]; } payload;      96 bytes, (c, s) the DLEQ proof of X
//! ```
//!
//! K is computed by running sums: 2 (N - 1) additions and one multiplication. `sum X_i = 0` is checked on every run;
//! the DLEQ proofs only when that sum, or a confirmation, fails: then they name who lied and reveal nothing.
//! With N = 1, K = z^2 G and X is the identity; with N = 2, both X are the identity and K = 2 z_0 z_1 G.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{CryptoSuite, DecodeError, Decoder, Encoder, Group, ScalarBytes, Secret};

use super::GroupKeyAgreement;
use super::dleq::{Claim, Proof};
use crate::fault::{Fault, FaultKind};
use crate::run::{Element, Run, Scalar};

/// One member's part in a Burmester-Desmedt run.
pub struct BurmesterDesmedt<S: CryptoSuite> {
    /// `z`, until the key is computed.
    share: Option<Zeroizing<Scalar<S>>>,
}

/// The payload of a contribution, not yet decoded to an element.
struct Payload {
    x: [u8; 32],
    proof: Proof,
}

impl Payload {
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Decoder::whole(bytes, |input| {
            Ok(Self {
                x: input.array("X")?,
                proof: Proof {
                    challenge: ScalarBytes::decode(input, "c")?,
                    response: ScalarBytes::decode(input, "s")?,
                },
            })
        })
    }
}

impl<S: CryptoSuite> BurmesterDesmedt<S> {
    pub(super) const fn new(share: Zeroizing<Scalar<S>>) -> Self {
        Self { share: Some(share) }
    }

    /// Decodes X; `None` where no honest member sends such a value: the identity is the only X for N = 1 and 2 and
    /// never one for N >= 3, where neighbours' shares differ.
    fn decode_x(run: &Run<S>, payload: &[u8]) -> Option<Element<S>> {
        let payload = Payload::decode(payload).ok()?;
        let is_identity = payload.x == [0; 32];
        if is_identity != (run.len() < 3) {
            return None;
        }
        S::Group::decode(&payload.x)
    }

    fn claim_holds(run: &Run<S>, index: usize, payload: &[u8]) -> bool {
        let (Ok(payload), Some(prover), Some([before, own, after])) = (
            Payload::decode(payload),
            u32::try_from(index).ok(),
            run.shares_around(index),
        ) else {
            return false;
        };
        let Some(x) = S::Group::decode(&payload.x) else {
            return false;
        };
        let w = S::Group::sub(after, before);
        Claim::<S> {
            sid: run.sid(),
            prover,
            z: own,
            w: &w,
            x: &x,
        }
        .verify(&payload.proof)
    }
}

impl<S: CryptoSuite> GroupKeyAgreement<S> for BurmesterDesmedt<S> {
    fn contribute(&mut self, run: &Run<S>, rng: &mut dyn CryptoRng) -> Vec<u8> {
        // The run holds this member: both conversions succeed.
        let (Some(share), Some([before, own, after])) = (&self.share, run.shares_around(run.me()))
        else {
            return Vec::new();
        };
        let prover = u32::try_from(run.me()).unwrap_or(u32::MAX);
        let w = S::Group::sub(after, before);
        let x = S::Group::mul(&w, share);
        let claim = Claim::<S> {
            sid: run.sid(),
            prover,
            z: own,
            w: &w,
            x: &x,
        };
        let proof = claim.prove(share, rng);
        Encoder::encoded(|out| {
            out.raw(&S::Group::encode(&x));
            proof.challenge.encode(out);
            proof.response.encode(out);
        })
    }

    fn agree(&mut self, run: &Run<S>, payloads: &[&[u8]]) -> Result<Secret<32>, Fault> {
        let decoded: Vec<_> = payloads
            .iter()
            .map(|payload| Self::decode_x(run, payload))
            .collect();
        let culprits: Vec<_> = decoded
            .iter()
            .enumerate()
            .filter_map(|(index, x)| x.is_none().then_some(index))
            .collect();
        if !culprits.is_empty() {
            return Err(Fault {
                kind: FaultKind::MalformedContribution,
                culprits,
            });
        }
        let (Some(share), Some([before, _, _])) = (&self.share, run.shares_around(run.me())) else {
            return Err(Fault {
                kind: FaultKind::MalformedContribution,
                culprits,
            });
        };
        // sum_{k=0}^{N-2} (N-1-k) X_{i+k}: X_i enters N - 1 of the partial sums, X_{i+N-2} one.
        let from_me = decoded
            .iter()
            .cycle()
            .skip(run.me())
            .take(run.len())
            .flatten();
        let mut partial = S::Group::identity();
        let mut weighted = S::Group::identity();
        for x in from_me {
            // The last partial sum, of all N, is zero and so adds nothing: no special case for it.
            partial = S::Group::add(&partial, x);
            weighted = S::Group::add(&weighted, &partial);
        }
        if partial != S::Group::identity() {
            let culprits = self.blame(run, payloads);
            return Err(Fault {
                kind: FaultKind::WrongShare,
                culprits,
            });
        }
        let members = u128::try_from(run.len()).unwrap_or(u128::MAX);
        let factor = Zeroizing::new(S::Group::scalar_mul(
            &S::Group::scalar_from_u128(members),
            share,
        ));
        let key = S::Group::add(&S::Group::mul(before, &factor), &weighted);
        let encoded = Zeroizing::new(S::Group::encode(&key));
        self.share = None;
        Ok(Secret::fill_with(|out| out.copy_from_slice(&*encoded)))
    }

    fn blame(&self, run: &Run<S>, payloads: &[&[u8]]) -> Vec<usize> {
        payloads
            .iter()
            .enumerate()
            .filter_map(|(index, payload)| {
                (!Self::claim_holds(run, index, payload)).then_some(index)
            })
            .collect()
    }
}

impl<S: CryptoSuite> core::fmt::Debug for BurmesterDesmedt<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BurmesterDesmedt(..)")
    }
}
