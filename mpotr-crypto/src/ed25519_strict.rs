//! Ed25519 verification as one predicate, the same in every backend: `docs/spec/02-suites.md`, "Signature".
//!
//! A signature (R, S) of a message under a key E is accepted iff
//!
//! 1. `S < L`;
//! 2. E and R are canonical encodings (y below p, no negative zero) and not of small order;
//! 3. `[S]B = R + [k]E` without cofactor, `k = SHA-512(R || E || message) mod L`, compared as bytes.
//!
//! All three are made here. Steps 1 and 2 are byte comparisons; of step 3 a backend computes `[S]B - [k]E`, and no
//! library is asked for a verdict: some verify with cofactor, or change their mind in a new version.
//!
//! Batch verification never decides acceptance: with or without cofactor it accepts sets of signatures that single
//! verification refuses, and members would split (Chalkias, Garillot, Nikolaenko 2020).

use digest::Digest;
use signature::Signer;

use crate::backend::SignatureScheme;
use crate::byte_newtype;
use crate::codec::{DecodeError, Decoder, Encoder};
use crate::edwards::Edwards;
use crate::secret::Secret;
use crate::stack::wiping_stack;
use crate::suite::CryptoSuite;

byte_newtype! {
    /// An ephemeral Ed25519 verification key `E`, encoded: 32 bytes.
    EphemeralKey
}

impl EphemeralKey {
    /// Whether the encoding is canonical and of no small order: a cheap check without curve arithmetic.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        is_strict_point(&self.0)
    }
}

/// The encodings, canonical and not, of the points of small order with the sign bit cleared: the y of the
/// points of order 1, 2, 4 and 8, and y = p, p + 1, which stand for 0 and 1.
const SMALL_ORDER: [[u8; 32]; 7] = [
    // y = 0, order 4
    [0; 32],
    // y = 1, the identity
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    // order 8
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    // order 8
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    // y = p - 1, order 2
    high_y(0xec),
    // y = p
    high_y(0xed),
    // y = p + 1
    high_y(0xee),
];

/// `2^255 - 1` with the lowest byte replaced: the y coordinates around p = 2^255 - 19, whose lowest byte is 0xed.
const fn high_y(lowest: u8) -> [u8; 32] {
    let mut y = [0xff; 32];
    y[0] = lowest;
    y[31] = 0x7f;
    y
}

/// The order L of the prime-order subgroup, big-endian.
const ORDER: [u8; 32] = [
    0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7, 0x9c,
    0xd6, 0x58, 0x12, 0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xed,
];

/// Canonical and not of small order. Public values: the time may depend on them.
fn is_strict_point(encoded: &[u8; 32]) -> bool {
    let mut y = *encoded;
    if let Some(last) = y.last_mut() {
        *last &= 0x7f;
    }
    // y >= p: everything but the lowest byte is all ones, and the lowest is at least that of p.
    let canonical = reversed(&y) < reversed(&high_y(0xed));
    canonical && !SMALL_ORDER.contains(&y)
}

/// A little-endian number as a big-endian one, so that array comparison is numeric comparison.
fn reversed(little_endian: &[u8; 32]) -> [u8; 32] {
    let mut big_endian = *little_endian;
    big_endian.reverse();
    big_endian
}

/// A signature (R, S), encoded: 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignatureBytes([u8; 64]);

impl SignatureBytes {
    /// Length in bytes.
    pub const LENGTH: usize = 64;

    /// From its bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// Writes the bytes, without a length.
    pub fn encode(&self, out: &mut Encoder) {
        out.raw(&self.0);
    }

    /// Reads the bytes; the signature is checked when it is verified.
    ///
    /// # Errors
    /// The input ends too early.
    pub fn decode(input: &mut Decoder<'_>, field: &'static str) -> Result<Self, DecodeError> {
        input.array(field).map(Self)
    }

    /// R and S, if S is below L and R is canonical and not of small order.
    fn strict_halves(&self) -> Option<(&[u8; 32], &[u8; 32])> {
        let (r, s) = self.0.split_first_chunk()?;
        let s = s.try_into().ok()?;
        (is_strict_point(r) && reversed(s) < ORDER).then_some((r, s))
    }
}

impl core::fmt::Debug for SignatureBytes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SignatureBytes(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// A signature does not verify. Opaque on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct VerifyError;

/// A decoded verification key that verifies by the predicate of this module.
pub struct VerifyingKey<S: CryptoSuite> {
    encoded: EphemeralKey,
    point: <Curve<S> as Edwards>::Point,
}

type Curve<S> = <<S as CryptoSuite>::Signature as SignatureScheme>::Curve;

impl<S: CryptoSuite> VerifyingKey<S> {
    /// Decodes a key; `None` if it is not canonical, of small order, or no point.
    #[must_use]
    pub fn decode(key: &EphemeralKey) -> Option<Self> {
        if !key.is_strict() {
            return None;
        }
        Some(Self {
            encoded: *key,
            point: Curve::<S>::decode(key.as_bytes())?,
        })
    }

    /// Verifies one signature.
    ///
    /// # Errors
    /// [`VerifyError`], whatever is wrong.
    pub fn verify(&self, message: &[u8], signature: &SignatureBytes) -> Result<(), VerifyError> {
        let (r, s) = signature.strict_halves().ok_or(VerifyError)?;
        let k = S::Hash::new()
            .chain_update(r)
            .chain_update(self.encoded.as_bytes())
            .chain_update(message)
            .finalize();
        let expected = Curve::<S>::vartime_base_minus(s, &k.into(), &self.point);
        if expected == *r {
            Ok(())
        } else {
            Err(VerifyError)
        }
    }
}

impl<S: CryptoSuite> Clone for VerifyingKey<S> {
    fn clone(&self) -> Self {
        Self {
            encoded: self.encoded,
            point: self.point.clone(),
        }
    }
}

impl<S: CryptoSuite> core::fmt::Debug for VerifyingKey<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("VerifyingKey(..)")
    }
}

/// An ephemeral signing key `e` with its public key `E`, for one offer and the epoch it leads to.
pub struct EphemeralKeyPair<S: CryptoSuite> {
    signing: <S::Signature as SignatureScheme>::SigningKey,
    public: EphemeralKey,
    seed: Secret<32>,
}

impl<S: CryptoSuite> EphemeralKeyPair<S> {
    /// The pair of a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &Secret<32>) -> Self {
        wiping_stack(|| {
            let signing = S::Signature::signing_key(seed);
            let public = EphemeralKey::new(S::Signature::public_key(&signing));
            Self {
                signing,
                public,
                seed: Secret::fill_with(|out| *out = *seed.expose()),
            }
        })
    }

    /// A fresh pair.
    pub fn random(rng: &mut dyn rand_core::CryptoRng) -> Self {
        Self::from_seed(&Secret::random(rng))
    }

    /// The seed, to be published when nobody accepts anything new under the key.
    #[must_use]
    pub const fn seed(&self) -> &Secret<32> {
        &self.seed
    }

    /// The public key.
    #[must_use]
    pub const fn public(&self) -> EphemeralKey {
        self.public
    }

    /// Signs a message. Ed25519 signs deterministically and takes no randomness.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> SignatureBytes {
        // Signing fails only for remote signers; a failure would give bytes that no one accepts.
        let signature = wiping_stack(|| self.signing.try_sign(message));
        SignatureBytes(signature.map_or([0; 64], |signature| signature.to_bytes()))
    }
}

impl<S: CryptoSuite> core::fmt::Debug for EphemeralKeyPair<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "EphemeralKeyPair({})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::{ORDER, SMALL_ORDER, SignatureBytes, is_strict_point, reversed};

    #[test]
    fn small_order_points_are_refused_with_either_sign() {
        for mut y in SMALL_ORDER {
            assert!(!is_strict_point(&y));
            y[31] |= 0x80;
            assert!(!is_strict_point(&y));
        }
    }

    #[test]
    fn y_at_or_above_p_is_refused() {
        for lowest in 0xed..=0xff {
            let mut y = [0xff; 32];
            y[0] = lowest;
            assert!(!is_strict_point(&y));
            y[31] = 0x7f;
            assert!(!is_strict_point(&y));
        }
        let mut below = [0xff; 32];
        below[0] = 0xeb;
        assert!(is_strict_point(&below));
    }

    #[test]
    fn s_at_or_above_the_order_is_refused() {
        let mut signature = [9; 64];
        signature[32..].copy_from_slice(&reversed(&ORDER));
        assert!(SignatureBytes(signature).strict_halves().is_none());
        signature[32] -= 1;
        assert!(SignatureBytes(signature).strict_halves().is_some());
    }
}
