//! The cyclic agreement of Burmester and Desmedt (Eurocrypt 1994). `docs/spec/04-key-agreement.md`, "Burmester-Desmedt".
//!
//! ```text
//! X_i = z_i (Z_{i+1} - Z_{i-1})                                indices modulo N, in cycle order
//! K   = N z_i Z_{i-1} + sum_{k=0}^{N-2} (N-1-k) X_{i+k}        = sum_k z_k z_{k+1} G for every i
//!
//! struct { opaque X[32]; opaque c[32]; opaque s[32]; } payload;      96 bytes, (c, s) the DLEQ proof of X; N >= 3
//! struct { opaque X[32] = 0; } payload;                              32 bytes; N = 1 and N = 2
//! ```
//!
//! K is computed by running sums: 2 (N - 1) additions and one multiplication. `sum X_i = 0` is checked on every run;
//! the DLEQ proofs only when that sum, or a confirmation, fails: then they name who lied and reveal nothing.
//! With N = 1, K = z^2 G; with N = 2, K = 2 z_0 z_1 G; in both every X is the identity, and nothing is left to prove.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{
    CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Encoder, Group, Secret, SecretScalar,
    wiping_stack,
};

use super::GroupKeyAgreement;
use super::dleq::{Base, Image, Proof};
use crate::fault::{CheckFailed, Fault, FaultKind};
use crate::run::Run;
use mpotr_crypto::Element;

/// One member's part in a Burmester-Desmedt run.
pub struct BurmesterDesmedt<S: CryptoSuite> {
    /// `z`, until the key is computed.
    share: Option<SecretScalar<S>>,
    /// This member's own `X`, once it was sent: the one that it need not decode.
    own: Option<Element<S>>,
}

/// The payload of a contribution, not yet decoded to an element.
struct Payload {
    x: [u8; 32],
    /// `None` where there is nothing to prove, for N < 3.
    proof: Option<Proof>,
}

/// From this many members on the neighbours of a member are two, so that X is no identity and has a proof.
const PROVEN_FROM: usize = 3;

impl Payload {
    /// Reads a payload in a run of `members`. The identity is the only X for N = 1 and 2 and never one for N >= 3, where
    /// the shares of the neighbours differ.
    fn decode(bytes: &[u8], members: usize) -> Result<Self, DecodeError> {
        Decoder::whole(bytes, |input| {
            let at = input.offset();
            let x = input.array("X")?;
            let proven = members >= PROVEN_FROM;
            if (x == [0; 32]) == proven {
                let kind = if proven {
                    DecodeErrorKind::Identity
                } else {
                    DecodeErrorKind::NotCanonical
                };
                return Err(DecodeError::new(at, "X", kind));
            }
            let proof = if proven {
                Some(Proof::decode(input)?)
            } else {
                None
            };
            Ok(Self { x, proof })
        })
    }
}

impl<S: CryptoSuite> BurmesterDesmedt<S> {
    pub(super) const fn new(share: SecretScalar<S>) -> Self {
        Self {
            share: Some(share),
            own: None,
        }
    }

    /// Decodes all X; an index in the error for each payload that no honest member sends.
    fn decode_all(&self, run: &Run<S>, payloads: &[&[u8]]) -> Result<Vec<Element<S>>, Vec<usize>> {
        let mut elements = Vec::with_capacity(payloads.len());
        let mut malformed = Vec::new();
        for (index, payload) in payloads.iter().enumerate() {
            let own = self.own.as_ref().filter(|_| index == run.place());
            let element = own
                .cloned()
                .or_else(|| S::Group::decode(&Payload::decode(payload, run.len()).ok()?.x));
            match element {
                Some(element) => elements.push(element),
                None => malformed.push(index),
            }
        }
        if malformed.is_empty() {
            Ok(elements)
        } else {
            Err(malformed)
        }
    }

    /// The members whose proofs do not show that their X is well formed.
    pub(crate) fn unproven(run: &Run<S>, payloads: &[&[u8]]) -> Vec<usize> {
        payloads
            .iter()
            .enumerate()
            .filter_map(|(index, payload)| {
                (!Self::claim_holds(run, index, payload)).then_some(index)
            })
            .collect()
    }

    /// Whether the proof in a payload shows that its X is well formed.
    fn claim_holds(run: &Run<S>, index: usize, payload: &[u8]) -> bool {
        let Ok(Payload { x: encoded, proof }) = Payload::decode(payload, run.len()) else {
            return false;
        };
        let Some(proof) = proof else { return true };
        let (Some(x), Some(base)) = (S::Group::decode(&encoded), Base::of(run, index)) else {
            return false;
        };
        base.verify(
            &Image {
                element: &x,
                encoded: &encoded,
            },
            &proof,
        )
    }
}

impl<S: CryptoSuite> GroupKeyAgreement<S> for BurmesterDesmedt<S> {
    fn contribute(&mut self, run: &Run<S>, rng: &mut dyn CryptoRng) -> Vec<u8> {
        if run.len() < PROVEN_FROM {
            self.own = Some(S::Group::identity());
            return vec![0; 32];
        }
        // The run holds this member, whose share is here until the key is computed: both are there.
        let (Some(share), Some(base)) = (&self.share, Base::of(run, run.place())) else {
            return Vec::new();
        };
        let x = share.mul(base.element());
        let encoded = S::Group::encode(&x);
        let proof = base.prove(
            &Image {
                element: &x,
                encoded: &encoded,
            },
            share,
            rng,
        );
        self.own = Some(x);
        Encoder::encoded(|out| {
            out.raw(&encoded);
            proof.encode(out);
        })
    }

    fn agree(&mut self, run: &Run<S>, payloads: &[&[u8]]) -> Result<Secret<32>, CheckFailed> {
        let elements = self
            .decode_all(run, payloads)
            .map_err(|_malformed| CheckFailed)?;
        let (Some(share), Some([before, _])) = (&self.share, run.shares_beside(run.place())) else {
            return Err(CheckFailed);
        };
        // sum_{k=0}^{N-2} (N-1-k) X_{i+k}: X_i enters N - 1 of the partial sums, X_{i+N-2} one.
        let (upto_me, from_me) = elements.split_at_checked(run.place()).unwrap_or_default();
        let mut partial = S::Group::identity();
        let mut weighted = S::Group::identity();
        for x in from_me.iter().chain(upto_me) {
            // The last partial sum, of all N, is zero and so adds nothing: no special case for it.
            partial = S::Group::add(&partial, x);
            weighted = S::Group::add(&weighted, &partial);
        }
        if partial != S::Group::identity() {
            return Err(CheckFailed);
        }
        let members = u128::try_from(run.len()).unwrap_or(u128::MAX);
        let factor = share.times(&S::Group::scalar_from_u128(members));
        let key = wiping_stack(|| {
            let own = Zeroizing::new(factor.mul(before));
            let key = Zeroizing::new(S::Group::add(&own, &weighted));
            Secret::new(S::Group::encode(&key))
        });
        self.share = None;
        Ok(key)
    }

    fn blame(&self, run: &Run<S>, payloads: &[&[u8]]) -> Fault {
        if let Err(culprits) = self.decode_all(run, payloads) {
            return Fault::at(FaultKind::MalformedContribution, culprits);
        }
        let culprits = Self::unproven(run, payloads);
        Fault::at(FaultKind::WrongShare, culprits)
    }
}

impl<S: CryptoSuite> core::fmt::Debug for BurmesterDesmedt<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("BurmesterDesmedt(..)")
    }
}
