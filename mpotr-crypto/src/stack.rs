//! Wiping the stack below what runs: `docs/decisions/0007-where-secrets-live.md`.

use std::hint::black_box;

/// What hashes, key derivation, ciphers and arithmetic on the curve use of the stack. AES-GCM uses more than half of it where
/// nothing is optimised.
const BYTES: usize = 16 * 1024;

/// Calls what computes with secrets, and wipes the stack that it used.
///
/// A library computes with copies of a key in its own frames and wipes few of them. They stay until deeper calls overwrite
/// them; worse, Rust copies structs whole, with bytes that hold no value, and so carries what lay on the stack to the heap. So
/// the call has frames of its own, and what it gives should be public, or lie elsewhere as a [`Secret`](crate::Secret) does.
/// Best effort: nobody promises how deep a library goes. 16 KiB are wiped.
pub fn wiping_stack<T>(compute: impl FnOnce() -> T) -> T {
    let result = apart(compute);
    wipe();
    result
}

/// A call that has frames of its own.
#[inline(never)]
fn apart<T>(compute: impl FnOnce() -> T) -> T {
    compute()
}

#[inline(never)]
fn wipe() {
    let mut below = [0_u8; BYTES];
    black_box(&mut below);
}
