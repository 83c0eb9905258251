//! Every check for every suite of every backend: `docs/spec/02-suites.md`, "Backends".

use mpotr_conformance::conformance;

conformance!(
    rustcrypto_chacha20poly1305,
    mpotr_backend_rustcrypto::ChaCha20Poly1305Suite
);
conformance!(
    rustcrypto_aes256gcm,
    mpotr_backend_rustcrypto::Aes256GcmSuite
);
conformance!(
    ring_chacha20poly1305,
    mpotr_backend_ring::ChaCha20Poly1305Suite
);
conformance!(ring_aes256gcm, mpotr_backend_ring::Aes256GcmSuite);
conformance!(
    sodium_chacha20poly1305,
    mpotr_backend_sodium::ChaCha20Poly1305Suite
);
conformance!(sodium_aes256gcm, mpotr_backend_sodium::Aes256GcmSuite);
