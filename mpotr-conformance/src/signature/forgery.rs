//! Signatures on the edge of what Ed25519 is, made with `curve25519-dalek`, and what the strict predicate says of them.
//!
//! The classes are those of Chalkias, Garillot and Nikolaenko, "Taming the many EdDSAs" (2020). A signature (R, S)
//! under A is made from scalars and a point of the small torsion subgroup, so that `[S]B = R + [k]A` holds, or is
//! wrong by a point of order 1, 2, 4 or 8 that a cofactor would hide. k is the hash of R, A and the message, so a
//! condition on k is met by trying messages.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::traits::{Identity, IsIdentity};
use curve25519_dalek::{EdwardsPoint as Point, Scalar};
use sha2::{Digest, Sha512};

use crate::vectors::array;

/// A key, a message and a signature, as they come.
#[derive(Clone)]
pub(super) struct Signed {
    pub(super) key: [u8; 32],
    pub(super) message: Vec<u8>,
    pub(super) signature: [u8; 64],
}

/// A case with the verdict of the strict predicate.
pub(super) struct Forgery {
    pub(super) name: String,
    pub(super) signed: Signed,
    pub(super) accepted: bool,
}

/// `[S]B - R - [k]A` of a signature.
pub(super) struct Equation(EdwardsPoint);

impl Equation {
    pub(super) fn of(signed: &Signed) -> Self {
        let (r, s) = signed.signature.split_at(32);
        let s = Scalar::from_bytes_mod_order(s.try_into().unwrap());
        let point = |bytes: &[u8]| {
            CompressedEdwardsY::from_slice(bytes)
                .unwrap()
                .decompress()
                .unwrap()
        };
        let k = challenge(r, &signed.key, &signed.message);
        Self(base(&s) - point(r) - point(&signed.key) * k)
    }

    pub(super) fn difference(&self) -> EdwardsPoint {
        self.0
    }

    pub(super) fn holds(&self) -> bool {
        self.0.is_identity()
    }

    pub(super) fn holds_times_cofactor(&self) -> bool {
        self.0.mul_by_cofactor().is_identity()
    }
}

fn base(scalar: &Scalar) -> Point {
    ED25519_BASEPOINT_POINT * scalar
}

fn wide_challenge(r: &[u8], key: &[u8], message: &[u8]) -> [u8; 64] {
    Sha512::new()
        .chain_update(r)
        .chain_update(key)
        .chain_update(message)
        .finalize()
        .into()
}

/// `k`, reduced.
fn challenge(r: &[u8], key: &[u8], message: &[u8]) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&wide_challenge(r, key, message))
}

/// The secret scalars of all cases.
fn secrets() -> (Scalar, Scalar) {
    (
        Scalar::from(0x1234_5678_9abc_def0_u64) * Scalar::from(u64::MAX),
        Scalar::from(987_654_321_u64),
    )
}

/// Signs messages under encodings of A = aB + .. and R = rB + .. until `wanted` says yes to (k mod 8, the hash mod 8).
fn sign_when(key: [u8; 32], r: [u8; 32], a: Scalar, wanted: impl Fn(u8, u8) -> bool) -> Signed {
    (0_u32..)
        .map(|attempt| format!("attempt {attempt}").into_bytes())
        .find_map(|message| {
            let k = challenge(&r, &key, &message);
            wanted(
                k.to_bytes()[0] % 8,
                wide_challenge(&r, &key, &message)[0] % 8,
            )
            .then(|| {
                let r_scalar = if CompressedEdwardsY(r).decompress().unwrap().is_small_order() {
                    Scalar::ZERO
                } else {
                    secrets().1
                };
                let s = r_scalar + k * a;
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(&r);
                signature[32..].copy_from_slice(&s.to_bytes());
                Signed {
                    key,
                    message,
                    signature,
                }
            })
        })
        .expect("one message in eight will do")
}

fn encode(point: Point) -> [u8; 32] {
    point.compress().to_bytes()
}

/// A signature under an honest key that is wrong by `torsion`.
pub(super) fn off_by(torsion: Point) -> Signed {
    let (a, r) = secrets();
    sign_when(encode(base(&a)), encode(base(&r) - torsion), a, |_, _| true)
}

/// A signature under a key drawn from a seed, wrong by `torsion`.
pub(super) fn sign_off_by(seed: &[u8; 32], message: &[u8], torsion: Point) -> Signed {
    let scalar = |purpose: &[u8]| {
        Scalar::from_bytes_mod_order_wide(&wide_challenge(seed, &[0; 32], purpose))
    };
    let (a, r) = (scalar(b"a"), scalar(b"r"));
    let (key, r_bytes) = (encode(base(&a)), encode(base(&r) - torsion));
    let s = r + challenge(&r_bytes, &key, message) * a;
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r_bytes);
    signature[32..].copy_from_slice(&s.to_bytes());
    Signed {
        key,
        message: message.to_vec(),
        signature,
    }
}

/// All encodings, canonical or not, of the eight points of small order.
pub(super) fn small_order_encodings() -> Vec<[u8; 32]> {
    let mut encodings: Vec<_> = EIGHT_TORSION.iter().copied().map(encode).collect();
    // x = 0 with the sign bit: "negative zero"; y = p and p + 1 for 0 and 1.
    for (hexadecimal, signs) in [
        (
            "0100000000000000000000000000000000000000000000000000000000000000",
            &[0x80][..],
        ),
        (
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            &[0x80],
        ),
        (
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            &[0, 0x80],
        ),
        (
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            &[0, 0x80],
        ),
    ] {
        for sign in signs {
            let mut encoding: [u8; 32] = array(hexadecimal);
            encoding[31] |= sign;
            encodings.push(encoding);
        }
    }
    encodings
}

/// y = p + 0 .. p + 18, with either sign: some are points of large order once y is reduced.
pub(super) fn encodings_at_or_above_p() -> Vec<[u8; 32]> {
    (0xed..=0xff)
        .flat_map(|lowest| {
            [0x7f, 0xff].map(|highest| {
                let mut encoding = [0xff; 32];
                encoding[0] = lowest;
                encoding[31] = highest;
                encoding
            })
        })
        .collect()
}

/// Every case.
pub(super) fn all() -> Vec<Forgery> {
    let mut cases = Cases::default();
    cases.honest_and_out_of_range();
    cases.small_order();
    cases.mixed_order();
    cases.0
}

#[derive(Default)]
struct Cases(Vec<Forgery>);

impl Cases {
    fn accepted(&mut self, name: impl Into<String>, signed: Signed) {
        self.0.push(Forgery {
            name: name.into(),
            signed,
            accepted: true,
        });
    }

    fn refused(&mut self, name: impl Into<String>, signed: Signed) {
        self.0.push(Forgery {
            name: name.into(),
            signed,
            accepted: false,
        });
    }

    /// S plus multiples of L; R and the key in encodings that are not canonical.
    fn honest_and_out_of_range(&mut self) {
        let (a, r) = secrets();
        let honest = sign_when(encode(base(&a)), encode(base(&r)), a, |_, _| true);
        assert!(Equation::of(&honest).holds());
        self.accepted("honest", honest.clone());
        for multiple in 1..=15 {
            let mut signed = honest.clone();
            (0..multiple).for_each(|_| add_order(&mut signed.signature));
            self.refused(format!("S + {multiple} L"), signed);
        }
        for bit in [0x20, 0x40, 0x80] {
            let mut signed = honest.clone();
            signed.signature[63] |= bit;
            self.refused(format!("S with the high bit {bit:#x}"), signed);
        }
        for encoding in encodings_at_or_above_p() {
            let mut signed = honest.clone();
            signed.signature[..32].copy_from_slice(&encoding);
            self.refused(format!("R = {encoding:02x?}"), signed);
            self.refused(
                format!("A = {encoding:02x?}"),
                Signed {
                    key: encoding,
                    ..honest.clone()
                },
            );
        }
    }

    /// The equation holds, but A or R or both have small order: libraries are divided.
    fn small_order(&mut self) {
        let (a, r) = secrets();
        let mut zero = [0; 64];
        zero[0] = 1;
        let identity = encode(Point::identity());
        let nothing = Signed {
            key: identity,
            message: b"anything".to_vec(),
            signature: zero,
        };
        assert!(Equation::of(&nothing).holds());
        self.refused("small order A and R, the identity, and S = 0", nothing);
        for encoding in small_order_encodings() {
            let signed = sign_when(encoding, encode(base(&r)), Scalar::ZERO, |k, _| k == 0);
            assert!(Equation::of(&signed).holds());
            self.refused(format!("small order A = {encoding:02x?}"), signed);

            let signed = sign_when(encode(base(&a)), encoding, a, |_, _| true);
            assert!(Equation::of(&signed).holds_times_cofactor());
            self.refused(format!("small order R = {encoding:02x?}"), signed);
        }
        for (order, torsion) in (0_u8..).zip(EIGHT_TORSION).skip(1) {
            // A = aB + T, R = -jT, k = j modulo 8.
            for j in 0..8 {
                let small = encode(-(torsion * Scalar::from(j)));
                let key = encode(base(&a) + torsion);
                let signed = sign_when(key, small, a, |k, _| k == j);
                assert!(Equation::of(&signed).holds());
                self.refused(
                    format!("small order R, -{j} times the torsion {order} of a mixed A"),
                    signed,
                );
            }
        }
    }

    /// A or R or both are of mixed order: canonical, not of small order. The equation decides, without cofactor.
    fn mixed_order(&mut self) {
        let (a, r) = secrets();
        for (index, torsion) in (0..).zip(EIGHT_TORSION).skip(1) {
            self.refused(format!("R off by torsion {index}"), off_by(torsion));

            let (key, r_bytes) = (encode(base(&a) + torsion), encode(base(&r)));
            let signed = sign_when(key, r_bytes, a, |k, _| k == 0);
            assert!(Equation::of(&signed).holds());
            self.accepted(
                format!("A off by torsion {index}, k a multiple of 8"),
                signed,
            );

            let signed = sign_when(key, r_bytes, a, |k, _| k % 2 == 1);
            assert!(!Equation::of(&signed).holds() && Equation::of(&signed).holds_times_cofactor());
            self.refused(format!("A off by torsion {index}, k odd"), signed);

            // Whether k is reduced modulo L before it multiplies A shows.
            let signed = sign_when(key, r_bytes, a, |k, hash| k == 0 && hash % 2 == 1);
            self.accepted(
                format!("A off by torsion {index}, only the reduced k is even"),
                signed,
            );
            let signed = sign_when(key, r_bytes, a, |k, hash| k % 2 == 1 && hash == 0);
            self.refused(
                format!("A off by torsion {index}, only the unreduced k is even"),
                signed,
            );

            for j in 1..8 {
                let r_bytes = encode(base(&r) - torsion * Scalar::from(j));
                let signed = sign_when(key, r_bytes, a, |k, _| k == j);
                assert!(Equation::of(&signed).holds());
                self.accepted(
                    format!("A and R off by torsion {index}, which cancels, {j}"),
                    signed,
                );
            }
        }
    }
}

/// Adds L to the S of a signature, as an integer.
fn add_order(signature: &mut [u8; 64]) {
    let order: [u8; 32] = array("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0;
    for (byte, addend) in signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "15 L and what is below L fit 256 bits");
}
