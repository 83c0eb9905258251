//! What this crate adds to a group: `docs/spec/02-suites.md`, "Group".

use std::convert::Infallible;

use mpotr_backend_rustcrypto::Ristretto255;
use mpotr_crypto::rand_core::{TryCryptoRng, TryRng};
use mpotr_crypto::{Group, random_scalar};

/// A source that yields each of its strings of 64 bytes in turn. To draw another length from it fails the test.
struct Script(Vec<[u8; 64]>);

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut word = [0; 8];
        self.try_fill_bytes(&mut word)?;
        Ok(u64::from_le_bytes(word))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.copy_from_slice(&self.0.remove(0));
        Ok(())
    }
}

impl TryCryptoRng for Script {}

#[test]
fn a_random_scalar_is_64_bytes_reduced_and_never_zero() {
    let mut order = [0; 64];
    order[..32].copy_from_slice(
        &hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap(),
    );
    let mut above = order;
    above[0] += 5;
    let mut script = Script(vec![[0; 64], order, above, [7; 64]]);
    let scalar = random_scalar::<Ristretto255>(&mut script);
    let mut five = [0; 32];
    five[0] = 5;
    assert_eq!(Ristretto255::encode_scalar(&scalar), five);
    assert_eq!(
        script.0,
        [[7; 64]],
        "drawn until a scalar is not zero, and no further"
    );
}

#[test]
fn a_small_number_is_that_number() {
    let encoded = Ristretto255::encode_scalar(&Ristretto255::scalar_from_u128(0x0102_0304));
    assert_eq!(encoded[..5], [4, 3, 2, 1, 0]);
    let largest = Ristretto255::encode_scalar(&Ristretto255::scalar_from_u128(u128::MAX));
    assert_eq!(
        (&largest[..16], &largest[16..]),
        (&[0xff; 16][..], &[0; 16][..])
    );
}
