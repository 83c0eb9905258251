//! Published test vectors, as hexadecimal text. Each file names its source.

pub(crate) mod fips_180_4;
pub(crate) mod gcm;
pub(crate) mod nist_gcm;
pub(crate) mod rfc_5869;
pub(crate) mod rfc_8032;
pub(crate) mod rfc_8439;
pub(crate) mod rfc_9496;

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
