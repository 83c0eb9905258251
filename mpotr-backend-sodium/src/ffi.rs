//! The calls into libsodium, and all of this crate's `unsafe`: `docs/spec/02-suites.md`, "Backends".
//!
//! Every call is a method of a token, and a token is had in one way: [`Sodium`] by `sodium_init`, [`HardwareAes`] by
//! asking the CPU. Neither step can be forgotten. Lengths are in the types, so that each function is safe.

use std::sync::OnceLock;

use libsodium_sys as sys;
use zeroize::Zeroize;

/// libsodium is initialised.
#[derive(Clone, Copy)]
pub(crate) struct Sodium(());

/// libsodium is initialised and the CPU has what its AES-256-GCM is made of.
#[derive(Clone, Copy)]
pub(crate) struct HardwareAes(Sodium);

/// A length as libsodium takes it. `usize` is at most 64 bits wide on every target of Rust.
fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Sodium {
    /// Initialises libsodium, once in the life of the process; `None` if it cannot be initialised.
    pub(crate) fn init() -> Option<Self> {
        static READY: OnceLock<bool> = OnceLock::new();
        let ready = READY.get_or_init(|| {
            // SAFETY: takes no argument, and may be called at any time from any thread.
            unsafe { sys::sodium_init() >= 0 }
        });
        ready.then_some(Self(()))
    }

    /// As [`Sodium::init`], for operations that cannot fail. A caller that asked `check_supported` knows that this one
    /// does not. Any other ends here, as in libsodium itself, before anything is computed.
    pub(crate) fn ready() -> Self {
        Self::init().unwrap_or_else(|| std::process::abort())
    }

    /// AES-256-GCM, if the CPU has AES, carry-less multiplication and, on x86-64, AVX.
    pub(crate) fn hardware_aes(self) -> Option<HardwareAes> {
        // SAFETY: takes no argument; libsodium is initialised.
        let available = unsafe { sys::crypto_aead_aes256gcm_is_available() == 1 };
        available.then_some(HardwareAes(self))
    }

    /// Seals `text` in place. `None` if it is too long, which libsodium itself answers by ending the process.
    pub(crate) fn chacha20poly1305_seal(
        self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        associated_data: &[u8],
        text: &mut [u8],
    ) -> Option<[u8; 16]> {
        if text.len() > self.chacha20poly1305_longest() {
            return None;
        }
        let encrypt = sys::crypto_aead_chacha20poly1305_ietf_encrypt_detached;
        // SAFETY: the function is that of ChaCha20-Poly1305, which runs on every CPU.
        unsafe { seal_in_place(encrypt, key, nonce, associated_data, text) }
    }

    /// Opens `text` in place.
    pub(crate) fn chacha20poly1305_open(
        self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        associated_data: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> Option<()> {
        if text.len() > self.chacha20poly1305_longest() {
            return None;
        }
        let decrypt = sys::crypto_aead_chacha20poly1305_ietf_decrypt_detached;
        // SAFETY: the function is that of ChaCha20-Poly1305, which runs on every CPU.
        unsafe { open_in_place(decrypt, key, nonce, associated_data, text, tag) }
    }

    fn chacha20poly1305_longest(self) -> usize {
        // SAFETY: takes no argument and returns a constant.
        unsafe { sys::crypto_aead_chacha20poly1305_ietf_messagebytes_max() }
    }

    /// The public key of a seed, and the secret key as libsodium keeps it: the seed, then the public key.
    pub(crate) fn ed25519_key_pair(self, seed: &[u8; 32], secret: &mut [u8; 64]) -> [u8; 32] {
        let mut public = [0; 32];
        // SAFETY: all three have the lengths of the algorithm by their types. It cannot fail.
        unsafe {
            sys::crypto_sign_ed25519_seed_keypair(
                public.as_mut_ptr(),
                secret.as_mut_ptr(),
                seed.as_ptr(),
            );
        }
        public
    }

    pub(crate) fn ed25519_sign(self, secret: &[u8; 64], message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        // SAFETY: key and signature have the lengths of the algorithm by their types, `message` is valid for its
        // length; the length of the signature may be null. It cannot fail.
        unsafe {
            sys::crypto_sign_ed25519_detached(
                signature.as_mut_ptr(),
                std::ptr::null_mut(),
                message.as_ptr(),
                length(message),
                secret.as_ptr(),
            );
        }
        signature
    }

    pub(crate) fn scalar_reduce(self, wide: &[u8; 64]) -> [u8; 32] {
        let mut scalar = [0; 32];
        // SAFETY: the lengths are those of the function by their types.
        unsafe { sys::crypto_core_ristretto255_scalar_reduce(scalar.as_mut_ptr(), wide.as_ptr()) }
        scalar
    }

    pub(crate) fn scalar_add(self, a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
        let mut sum = [0; 32];
        // SAFETY: all three have the length of a scalar by their types.
        unsafe {
            sys::crypto_core_ristretto255_scalar_add(sum.as_mut_ptr(), a.as_ptr(), b.as_ptr());
        }
        sum
    }

    pub(crate) fn scalar_sub(self, a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
        let mut difference = [0; 32];
        // SAFETY: all three have the length of a scalar by their types.
        unsafe {
            sys::crypto_core_ristretto255_scalar_sub(
                difference.as_mut_ptr(),
                a.as_ptr(),
                b.as_ptr(),
            );
        }
        difference
    }

    pub(crate) fn scalar_mul(self, a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
        let mut product = [0; 32];
        // SAFETY: all three have the length of a scalar by their types.
        unsafe {
            sys::crypto_core_ristretto255_scalar_mul(product.as_mut_ptr(), a.as_ptr(), b.as_ptr());
        }
        product
    }

    /// Whether bytes are the encoding of an element. That of the identity, 32 zero bytes, is one.
    pub(crate) fn element_is_valid(self, bytes: &[u8; 32]) -> bool {
        // SAFETY: 32 bytes by their type.
        unsafe { sys::crypto_core_ristretto255_is_valid_point(bytes.as_ptr()) == 1 }
    }

    /// `a + b`. `None` if an input is not an element.
    pub(crate) fn element_add(self, a: &[u8; 32], b: &[u8; 32]) -> Option<[u8; 32]> {
        let mut sum = [0; 32];
        // SAFETY: all three have the length of an element by their types.
        let status =
            unsafe { sys::crypto_core_ristretto255_add(sum.as_mut_ptr(), a.as_ptr(), b.as_ptr()) };
        (status == 0).then_some(sum)
    }

    /// `a - b`. `None` if an input is not an element.
    pub(crate) fn element_sub(self, a: &[u8; 32], b: &[u8; 32]) -> Option<[u8; 32]> {
        let mut difference = [0; 32];
        // SAFETY: all three have the length of an element by their types.
        let status = unsafe {
            sys::crypto_core_ristretto255_sub(difference.as_mut_ptr(), a.as_ptr(), b.as_ptr())
        };
        (status == 0).then_some(difference)
    }

    pub(crate) fn element_from_hash(self, uniform: &[u8; 64]) -> [u8; 32] {
        let mut element = [0; 32];
        // SAFETY: the lengths are those of the function by their types. It cannot fail.
        unsafe {
            sys::crypto_core_ristretto255_from_hash(element.as_mut_ptr(), uniform.as_ptr());
        }
        element
    }

    /// `scalar * G`. `None` if that is the identity.
    pub(crate) fn element_mul_base(self, scalar: &[u8; 32]) -> Option<[u8; 32]> {
        let mut product = [0; 32];
        // SAFETY: both have their length by their types.
        let status = unsafe {
            sys::crypto_scalarmult_ristretto255_base(product.as_mut_ptr(), scalar.as_ptr())
        };
        (status == 0).then_some(product)
    }

    /// `scalar * element`. `None` if that is the identity, or `element` is not an element.
    pub(crate) fn element_mul(self, scalar: &[u8; 32], element: &[u8; 32]) -> Option<[u8; 32]> {
        let mut product = [0; 32];
        // SAFETY: all three have their length by their types.
        let status = unsafe {
            sys::crypto_scalarmult_ristretto255(
                product.as_mut_ptr(),
                scalar.as_ptr(),
                element.as_ptr(),
            )
        };
        (status == 0).then_some(product)
    }
}

impl HardwareAes {
    /// Seals `text` in place. `None` if it is too long.
    pub(crate) fn seal(
        self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        associated_data: &[u8],
        text: &mut [u8],
    ) -> Option<[u8; 16]> {
        let encrypt = sys::crypto_aead_aes256gcm_encrypt_detached;
        // SAFETY: the function is that of AES-256-GCM, and the CPU has the instructions: `self` is the proof.
        unsafe { seal_in_place(encrypt, key, nonce, associated_data, text) }
    }

    /// Opens `text` in place.
    pub(crate) fn open(
        self,
        key: &[u8; 32],
        nonce: &[u8; 12],
        associated_data: &[u8],
        text: &mut [u8],
        tag: &[u8; 16],
    ) -> Option<()> {
        let decrypt = sys::crypto_aead_aes256gcm_decrypt_detached;
        // SAFETY: the function is that of AES-256-GCM, and the CPU has the instructions: `self` is the proof.
        unsafe { open_in_place(decrypt, key, nonce, associated_data, text, tag) }
    }
}

/// An AEAD of libsodium that seals, its tag apart: ciphertext, tag, length of the tag, text and length, associated data and
/// length, secret nonce, nonce, key.
type Encrypt = unsafe extern "C" fn(
    *mut u8,
    *mut u8,
    *mut u64,
    *const u8,
    u64,
    *const u8,
    u64,
    *const u8,
    *const u8,
    *const u8,
) -> i32;

/// An AEAD of libsodium that opens, its tag apart: text, secret nonce, ciphertext and length, tag, associated data and length,
/// nonce, key.
type Decrypt = unsafe extern "C" fn(
    *mut u8,
    *mut u8,
    *const u8,
    u64,
    *const u8,
    *const u8,
    u64,
    *const u8,
    *const u8,
) -> i32;

/// Seals `text` in place.
///
/// # Safety
/// `encrypt` is the function of an AEAD with a key of 32 bytes, a nonce of 12 and a tag of 16, and this CPU can run it.
unsafe fn seal_in_place(
    encrypt: Encrypt,
    key: &[u8; 32],
    nonce: &[u8; 12],
    associated_data: &[u8],
    text: &mut [u8],
) -> Option<[u8; 16]> {
    let mut tag = [0; 16];
    let buffer = text.as_mut_ptr();
    // SAFETY: key, nonce and tag have the lengths of the algorithm by their types. `buffer` is valid for `text.len()`
    // bytes in and out, and in place is allowed. The length of the tag and the unused secret nonce may be null. libsodium
    // aligns the expanded key of AES itself.
    let status = unsafe {
        encrypt(
            buffer,
            tag.as_mut_ptr(),
            std::ptr::null_mut(),
            buffer.cast_const(),
            length(text),
            associated_data.as_ptr(),
            length(associated_data),
            std::ptr::null(),
            nonce.as_ptr(),
            key.as_ptr(),
        )
    };
    (status == 0).then_some(tag)
}

/// Opens `text` in place.
///
/// # Safety
/// As of [`seal_in_place`].
unsafe fn open_in_place(
    decrypt: Decrypt,
    key: &[u8; 32],
    nonce: &[u8; 12],
    associated_data: &[u8],
    text: &mut [u8],
    tag: &[u8; 16],
) -> Option<()> {
    let buffer = text.as_mut_ptr();
    // SAFETY: as in `seal_in_place`; the tag is only read.
    let status = unsafe {
        decrypt(
            buffer,
            std::ptr::null_mut(),
            buffer.cast_const(),
            length(text),
            tag.as_ptr(),
            associated_data.as_ptr(),
            length(associated_data),
            nonce.as_ptr(),
            key.as_ptr(),
        )
    };
    (status == 0).then_some(())
}

/// The state of SHA-512, wiped when dropped.
#[derive(Clone)]
pub(crate) struct HashState(sys::crypto_hash_sha512_state);

impl HashState {
    pub(crate) fn new(_: Sodium) -> Self {
        let mut state = sys::crypto_hash_sha512_state {
            state: [0; 8],
            count: [0; 2],
            buf: [0; 128],
        };
        // SAFETY: `state` is a valid state to write to.
        unsafe { sys::crypto_hash_sha512_init(&raw mut state) };
        Self(state)
    }

    pub(crate) fn update(&mut self, data: &[u8]) {
        // SAFETY: the state was initialised, `data` is valid for its length.
        unsafe {
            sys::crypto_hash_sha512_update(&raw mut self.0, data.as_ptr(), length(data));
        }
    }

    /// The hash. What is left in the state is of no use.
    pub(crate) fn finish(mut self, hash: &mut [u8; 64]) {
        // SAFETY: the state was initialised, `hash` has the length of a hash by its type.
        unsafe {
            sys::crypto_hash_sha512_final(&raw mut self.0, hash.as_mut_ptr());
        }
    }
}

impl Drop for HashState {
    fn drop(&mut self) {
        self.0.state.zeroize();
        self.0.count.zeroize();
        self.0.buf.zeroize();
    }
}
