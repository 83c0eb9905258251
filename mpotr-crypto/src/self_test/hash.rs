//! SHA-512, HMAC and HKDF on it.

use digest::Digest;
use hkdf::GenericHkdf;

use super::vectors::fips_180_4::SHA_512;
use super::{TrialFault, ensure, hex};
use crate::kdf::Prk;
use crate::suite::CryptoSuite;

/// The example of two blocks comes in two pieces, of this many bytes at most.
const PIECE: usize = 56;

/// RFC 4231 section 4.3: HMAC-SHA-512.
const HMAC_KEY: &[u8] = b"Jefe";
const HMAC_TEXT: &[u8] = b"what do ya want for nothing?";
const HMAC: &str = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                    9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";

/// The example of `docs/spec/02-suites.md`, "Key derivation".
const EXPANDED: &str = "52a6dea3d4aa3670887415ff1c7e6d43bba985e3da94c5f8f12af5374c8e64c4";

pub(super) fn check<S: CryptoSuite>() -> Result<(), TrialFault> {
    let [_, _, (two_blocks, _, expected), _] = SHA_512;
    let hash = two_blocks
        .as_bytes()
        .chunks(PIECE)
        .fold(S::Hash::new(), Digest::chain_update)
        .finalize();
    ensure(
        hash.as_slice() == hex::<64>(expected)?,
        "its SHA-512 is another function",
    )?;
    // HKDF-Extract is HMAC.
    let (hmac, _hkdf) = GenericHkdf::<S::Hmac>::extract(Some(HMAC_KEY), HMAC_TEXT);
    ensure(
        hmac.as_slice() == hex::<64>(HMAC)?,
        "its HMAC-SHA-512 is another function",
    )?;
    let key =
        Prk::extract::<S>(b"salt", b"input key material").expand::<S, 32>("message", b"context");
    ensure(
        *key.expose() == hex(EXPANDED)?,
        "its HKDF-SHA-512 is another function",
    )
}
