//! A joint signature, verified like any Schnorr signature.

use super::halves;
use super::key::JointKey;
use crate::byte_newtype;
use crate::ed25519_strict::VerifyError;
use crate::group::{Group, vartime_double_scalar_mul};
use crate::label;
use crate::suite::{CryptoSuite, Scalar, TranscriptHash, hash_to_scalar};
use crate::transcript::Digest32;

byte_newtype! {
    /// A joint signature `(R, s)`, encoded: 64 bytes.
    JointSignature, 64
}

impl JointSignature {
    /// Verifies the signature of a message by all members of a joint key: one equation, whatever their number.
    ///
    /// # Errors
    /// [`VerifyError`], whatever is wrong.
    pub fn verify<S: CryptoSuite>(
        &self,
        kc: &Digest32,
        key: &JointKey<S>,
        message: &[u8],
    ) -> Result<(), VerifyError> {
        let [commitment, response] = halves(self.as_bytes());
        let response = S::Group::decode_scalar(&response).ok_or(VerifyError)?;
        if commitment == [0; 32] {
            return Err(VerifyError);
        }
        let challenge = challenge::<S>(kc, key, &commitment, message);
        let negated = S::Group::scalar_sub(&S::Group::scalar_zero(), &challenge);
        let expected = vartime_double_scalar_mul::<S::Group>(&response, &negated, key.element());
        // An encoding that is not canonical equals none.
        if S::Group::encode(&expected) == commitment {
            Ok(())
        } else {
            Err(VerifyError)
        }
    }
}

/// `c`.
pub(super) fn challenge<S: CryptoSuite>(
    kc: &Digest32,
    key: &JointKey<S>,
    commitment: &[u8; 32],
    message: &[u8],
) -> Scalar<S> {
    hash_to_scalar::<S>(
        TranscriptHash::<S>::new(label::JOINT_CHALLENGE)
            .bytes(kc.as_bytes())
            .bytes(key.as_bytes())
            .bytes(commitment)
            .bytes(message),
    )
}
