//! What a member signs inside an epoch: fields, zero padding, signature. `docs/spec/05-wire.md`, "Signed text".
//!
//! ```text
//! struct {
//!   select (stream) { Content; Statement; } fields;
//!   opaque padding[..];       zeros, so that the whole is 224 * 2^k bytes long with the smallest k; a statement,
//!                             112 * 2^k
//!   opaque signature[64];     by M of the author, the key that it drew for the epoch
//! } Signed;
//!
//! unsigned = fields || padding
//! content:    id = H("msg", sid, author, unsigned), signature over H("msg signature", kc, id)
//! statement:  signature over H("statement", sid, kc, author, number, unsigned)
//! ```

use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{
    CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Digest32, Encoder, SignatureBytes,
    VerifyError, VerifyingKey,
};
use mpotr_gka::Sid;

use super::padding::padded;

/// The epoch in which something is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochId {
    /// The session id.
    pub sid: Sid,
    /// `kc`, the commitment to the epoch secret: one key opens what is signed.
    pub key_commitment: Digest32,
}

/// The fields of something that is signed.
pub trait Fields: Sized {
    /// The smallest length of what is sealed, with padding and signature.
    const SMALLEST: usize;

    /// Writes the fields.
    fn encode(&self, out: &mut Encoder);

    /// Reads the fields.
    ///
    /// # Errors
    /// The first field that is not canonical.
    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError>;
}

/// Fields with the padding that belongs to them: what a signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned<T> {
    fields: T,
    bytes: Zeroizing<Vec<u8>>,
}

impl<T: Fields> Unsigned<T> {
    /// Encodes and pads.
    #[must_use]
    pub fn new(fields: T) -> Self {
        let encoded = Zeroizing::new(Encoder::encoded(|out| fields.encode(out)));
        let whole = padded(
            T::SMALLEST,
            encoded.len().saturating_add(SignatureBytes::LENGTH),
        );
        // In one piece from the start: memory that a list outgrows is not wiped.
        let mut bytes = Zeroizing::new(vec![0; whole.saturating_sub(SignatureBytes::LENGTH)]);
        for (to, from) in bytes.iter_mut().zip(encoded.iter()) {
            *to = *from;
        }
        Self { fields, bytes }
    }

    /// The fields.
    #[must_use]
    pub const fn fields(&self) -> &T {
        &self.fields
    }

    /// The fields, taken out.
    #[must_use]
    pub fn into_fields(self) -> T {
        self.fields
    }

    /// Fields and padding, as they are hashed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// With a signature behind, as it is sealed.
    #[must_use]
    pub fn with_signature(&self, signature: &SignatureBytes) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([self.bytes.as_slice(), signature.as_bytes()].concat())
    }
}

/// Bytes from the network that decode, with a signature that nobody has looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unverified<T> {
    unsigned: Unsigned<T>,
    signature: SignatureBytes,
}

impl<T: Fields> Unverified<T> {
    /// Reads what was sealed.
    ///
    /// # Errors
    /// The first field that is not canonical; padding of another length than the fields ask for, or not zero.
    pub fn decode(sealed: &[u8]) -> Result<Self, DecodeError> {
        Self::from_vec(Zeroizing::new(sealed.to_vec()))
    }

    /// Reads what was opened, in place. It is wiped with this.
    ///
    /// # Errors
    /// As [`Unverified::decode`].
    pub fn from_vec(mut sealed: Zeroizing<Vec<u8>>) -> Result<Self, DecodeError> {
        let Some((bytes, signature)) = sealed.split_last_chunk::<{ SignatureBytes::LENGTH }>()
        else {
            let kind = DecodeErrorKind::TooShort {
                length: sealed.len(),
                minimum: SignatureBytes::LENGTH,
            };
            return Err(DecodeError::new(0, "signature", kind));
        };
        let mut input = Decoder::new(bytes);
        let fields = T::decode(&mut input)?;
        let at = input.offset();
        let canonical = sealed.len()
            == padded(T::SMALLEST, at.saturating_add(SignatureBytes::LENGTH))
            && input.rest().iter().all(|byte| *byte == 0);
        if !canonical {
            return Err(DecodeError::new(
                at,
                "padding",
                DecodeErrorKind::NotCanonical,
            ));
        }
        let signature = SignatureBytes::new(*signature);
        let unsigned = sealed.len().saturating_sub(SignatureBytes::LENGTH);
        sealed.truncate(unsigned);
        let unsigned = Unsigned {
            fields,
            bytes: sealed,
        };
        Ok(Self {
            unsigned,
            signature,
        })
    }

    /// What the signature should cover.
    #[must_use]
    pub const fn unsigned(&self) -> &Unsigned<T> {
        &self.unsigned
    }

    /// The signature that nobody has looked at.
    #[must_use]
    pub const fn signature(&self) -> &SignatureBytes {
        &self.signature
    }

    /// What is signed, with the signature left unlooked at: something else vouches for it.
    #[must_use]
    pub fn into_unsigned(self) -> Unsigned<T> {
        self.unsigned
    }

    /// Checks the signature over a hash of the unsigned part.
    ///
    /// # Errors
    /// It does not verify.
    pub fn verify<S: CryptoSuite>(
        self,
        author: &VerifyingKey<S>,
        signed: &[u8; 64],
    ) -> Result<Unsigned<T>, VerifyError> {
        author
            .verify(signed, &self.signature)
            .map(|()| self.unsigned)
    }
}
