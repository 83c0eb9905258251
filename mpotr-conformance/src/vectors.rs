//! Published test vectors, as hexadecimal text, that no backend is tried with when it is picked (those are
//! `mpotr_crypto::self_test::vectors`). Each file names its source.

pub(crate) mod cpace_21;
pub(crate) mod nist_gcm;
pub(crate) mod rfc_5869;

/// The bytes of a vector.
pub(crate) fn bytes(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal).expect("vectors are hexadecimal")
}

/// The bytes of a vector whose length is known.
pub(crate) fn array<const N: usize>(hexadecimal: &str) -> [u8; N] {
    bytes(hexadecimal)
        .try_into()
        .expect("the vector has the length of its kind")
}
