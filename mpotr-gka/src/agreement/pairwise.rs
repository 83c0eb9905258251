//! The naive agreement: every member sends every other a fresh part under a key of the two.
//! `docs/spec/04-key-agreement.md`, "Pairwise".
//!
//! ```text
//! r_i random, 32 bytes
//! k_ij = expand(extract(sid, z_i Z_j), "pairwise", i || j)                  32 bytes, for the direction i to j
//! com_i = H("pairwise commitment", sid, i, r_i)
//! K    = H("pairwise secret", sid, r_0, .., r_{N-1})
//!
//! struct { opaque com[32]; opaque sealed[48][N - 1]; } payload;            r_i for each other member in cycle order
//! ```
//!
//! O(N) work and bytes for each member, O(N^2) in all: the baseline that Burmester-Desmedt is measured against. Both
//! directions of a pair share one multiplication. A part that does not open, or is not the one that the sender
//! committed to before all, is seen by its receiver alone, so a fault here names only in the receiver's own eyes.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{
    AEAD_TAG_LENGTH, AeadKey, CryptoSuite, Decoder, Digest32, Encoder, Group, Secret, Transcript,
    kdf::Prk, label,
};

use super::GroupKeyAgreement;
use crate::fault::{Fault, FaultKind};
use crate::run::{Run, Scalar};

const PART_LENGTH: usize = 32;
const SEALED_LENGTH: usize = PART_LENGTH + AEAD_TAG_LENGTH;

/// One member's part in a pairwise run.
pub struct Pairwise<S: CryptoSuite> {
    /// `z`, until the pair keys are made from it.
    share: Option<Zeroizing<Scalar<S>>>,
    /// This member's own part and the pair keys with every member, made by `contribute`.
    made: Option<Made>,
}

struct Made {
    part: Secret<PART_LENGTH>,
    /// In cycle order; this member's own entry is there too and never used.
    pairs: Vec<Prk>,
}

impl<S: CryptoSuite> Pairwise<S> {
    pub(super) const fn new(share: Zeroizing<Scalar<S>>) -> Self {
        Self {
            share: Some(share),
            made: None,
        }
    }

    fn pair_keys(run: &Run<S>, share: &Scalar<S>) -> Vec<Prk> {
        run.members()
            .iter()
            .map(|member| {
                let shared = Zeroizing::new(S::Group::encode(&S::Group::mul(&member.share, share)));
                Prk::extract::<S>(run.sid().as_bytes(), &*shared)
            })
            .collect()
    }

    fn commitment(run: &Run<S>, sender: usize, part: &[u8]) -> Digest32 {
        Transcript::<S>::new(label::PAIRWISE_COMMITMENT)
            .bytes(run.sid().as_bytes())
            .u32(index_u32(sender))
            .bytes(part)
            .digest()
    }

    /// Opens the part that `sender` sealed for this member; `None` if it is malformed or not the committed one.
    fn open_part(
        run: &Run<S>,
        pair: &Prk,
        sender: usize,
        payload: &[u8],
    ) -> Option<Secret<PART_LENGTH>> {
        let (commitment, sealed) = Decoder::whole(payload, |input| {
            let commitment = Digest32::decode(input, "com")?;
            let mut mine = [0; SEALED_LENGTH];
            for receiver in (0..run.len()).filter(|receiver| *receiver != sender) {
                let sealed: [u8; SEALED_LENGTH] = input.array("sealed")?;
                if receiver == run.me() {
                    mine = sealed;
                }
            }
            Ok((commitment, mine))
        })
        .ok()?;
        let opened = direction_key::<S>(pair, sender, run.me())
            .open(&NONCE, &[], &sealed)
            .ok()?;
        if opened.len() != PART_LENGTH || Self::commitment(run, sender, &opened) != commitment {
            return None;
        }
        Some(Secret::fill_with(|out| out.copy_from_slice(&opened)))
    }
}

/// Every key seals once.
const NONCE: [u8; 12] = [0; 12];

fn direction_key<S: CryptoSuite>(pair: &Prk, from: usize, to: usize) -> AeadKey<S> {
    let context = Encoder::encoded(|out| {
        out.u32(index_u32(from));
        out.u32(index_u32(to));
    });
    AeadKey::new(&pair.expand::<S, 32>(label::PAIRWISE, &context))
}

/// A roster has at most 4,096 members.
fn index_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

impl<S: CryptoSuite> GroupKeyAgreement<S> for Pairwise<S> {
    fn contribute(&mut self, run: &Run<S>, rng: &mut dyn CryptoRng) -> Vec<u8> {
        let Some(share) = self.share.take() else {
            return Vec::new();
        };
        let part = Secret::random(rng);
        let pairs = Self::pair_keys(run, &share);
        let payload = Encoder::encoded(|out| {
            Self::commitment(run, run.me(), part.expose()).encode(out);
            for (to, pair) in pairs.iter().enumerate().filter(|(to, _)| *to != run.me()) {
                let key = direction_key::<S>(pair, run.me(), to);
                out.raw(&key.seal(&NONCE, &[], part.expose()));
            }
        });
        self.made = Some(Made { part, pairs });
        payload
    }

    fn agree(&mut self, run: &Run<S>, payloads: &[&[u8]]) -> Result<Secret<32>, Fault> {
        let Some(made) = &self.made else {
            return Err(Fault {
                kind: FaultKind::MalformedContribution,
                culprits: Vec::new(),
            });
        };
        let mut culprits = Vec::new();
        let mut hash = Transcript::<S>::new(label::PAIRWISE_SECRET).bytes(run.sid().as_bytes());
        for (sender, (payload, pair)) in payloads.iter().zip(&made.pairs).enumerate() {
            if sender == run.me() {
                hash = hash.bytes(made.part.expose());
            } else if let Some(part) = Self::open_part(run, pair, sender, payload) {
                hash = hash.bytes(part.expose());
            } else {
                culprits.push(sender);
            }
        }
        if !culprits.is_empty() {
            return Err(Fault {
                kind: FaultKind::WrongPart,
                culprits,
            });
        }
        let output = Zeroizing::new(hash.finish());
        self.made = None;
        Ok(Secret::fill_with(|out| {
            for (to, from) in out.iter_mut().zip(output.iter()) {
                *to = *from;
            }
        }))
    }

    fn blame(&self, _run: &Run<S>, _payloads: &[&[u8]]) -> Vec<usize> {
        // Every part opened to the one that its sender committed to before all, so all members hold the same parts.
        Vec::new()
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Pairwise<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Pairwise(..)")
    }
}
