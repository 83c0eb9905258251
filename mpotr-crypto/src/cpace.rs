//! CPace: two who share a secret find out that they do, and nobody else learns anything of it.
//! `docs/spec/13-trust.md`, "Shared secret"; draft-irtf-cfrg-cpace-21, suite CPACE-RISTR255-SHA512, initiator and responder,
//! with explicit key confirmation.
//!
//! ```text
//! prepend_len(x)  = LEB128 of the length of x in bytes || x
//! lv_cat(x, ..)   = prepend_len(x) || ..
//! g               = from_uniform_bytes(SHA-512(lv_cat(DSI, PRS, zeros, CI, sid)))
//!   zeros         = as many as fill the first block of SHA-512 behind DSI and PRS, with all their lengths
//! Ya = ya g, Yb = yb g,  K = ya Yb = yb Ya;  an element that does not decode, or K the identity: abort
//! ISK             = SHA-512(lv_cat(DSI || "_ISK", sid, K) || lv_cat(Ya, ADa) || lv_cat(Yb, ADb))
//! mac key         = SHA-512("CPaceMac" || sid || ISK)
//! Ta = HMAC-SHA-512(mac key, lv_cat(Ya, ADa)),  Tb = HMAC-SHA-512(mac key, lv_cat(Yb, ADb))
//! ```
//!
//! The formula is another's, so its hashes are without the labels of this protocol. They cannot meet one that has a label: the first
//! item of such a hash begins with seven zero bytes.
//!
//! A run is one guess. Who runs it and has another secret learns that it is another, and nothing to try more guesses with.

mod formula;

pub use formula::{Context, generator, session_key, tag};

use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;

use crate::byte_newtype;
use crate::bytes::ElementBytes;
use crate::secret::Secret;
use crate::secret_scalar::SecretScalar;
use crate::suite::CryptoSuite;

byte_newtype! {
    /// The tag by which one side shows that it has the same key: `Ta` or `Tb`.
    ConfirmationTag, 64
}

/// How a run ended for one who has not found the secrets equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CpaceError {
    /// The other side sent what no honest one does.
    #[error("the other side sent a share that no honest one sends")]
    Share,
    /// The other side has another secret, or was told something else.
    #[error("the two secrets are not the same")]
    Different,
}

/// Who begins.
pub struct Initiator<S: CryptoSuite> {
    context: Context,
    scalar: SecretScalar<S>,
    share: ElementBytes,
}

impl<S: CryptoSuite> Initiator<S> {
    /// Begins a run with a secret; [`Initiator::share`] is what to send, with the `ADa` of the context.
    pub fn start(secret: &[u8], context: Context, rng: &mut dyn CryptoRng) -> Self {
        Self::with_scalar(secret, context, SecretScalar::random(rng))
    }

    /// The same with a scalar that is drawn already.
    #[must_use]
    pub fn with_scalar(secret: &[u8], context: Context, scalar: SecretScalar<S>) -> Self {
        let share = formula::share::<S>(&generator::<S>(secret, &context), &scalar);
        Self {
            context,
            scalar,
            share,
        }
    }

    /// `Ya`.
    #[must_use]
    pub const fn share(&self) -> &ElementBytes {
        &self.share
    }

    /// Takes the answer. Returns `Ta`, which shows the responder that the secrets are the same.
    ///
    /// # Errors
    /// They are not, or the answer is no element that could be one.
    pub fn finish(
        self,
        answer: &ElementBytes,
        confirmation: &ConfirmationTag,
    ) -> Result<ConfirmationTag, CpaceError> {
        let Self {
            context,
            scalar,
            share,
        } = self;
        let k = formula::common::<S>(&scalar, answer).ok_or(CpaceError::Share)?;
        let key = session_key::<S>(&context, &k, &share, answer);
        let expected = tag::<S>(&context, &key, answer, &context.responder_data);
        match bool::from(expected.as_bytes().ct_eq(confirmation.as_bytes())) {
            true => Ok(tag::<S>(&context, &key, &share, &context.initiator_data)),
            false => Err(CpaceError::Different),
        }
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Initiator<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Initiator(..)")
    }
}

/// Who answers, from its answer to the end.
pub struct Responder {
    expected: Secret<64>,
}

impl Responder {
    /// Answers a share. Returns `Yb` and `Tb`, to be sent.
    ///
    /// # Errors
    /// [`CpaceError::Share`].
    pub fn answer<S: CryptoSuite>(
        secret: &[u8],
        context: &Context,
        share: &ElementBytes,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, ElementBytes, ConfirmationTag), CpaceError> {
        Self::answer_with_scalar(secret, context, share, &SecretScalar::<S>::random(rng))
    }

    /// The same with a scalar that is drawn already.
    ///
    /// # Errors
    /// [`CpaceError::Share`].
    pub fn answer_with_scalar<S: CryptoSuite>(
        secret: &[u8],
        context: &Context,
        share: &ElementBytes,
        scalar: &SecretScalar<S>,
    ) -> Result<(Self, ElementBytes, ConfirmationTag), CpaceError> {
        let answer = formula::share::<S>(&generator::<S>(secret, context), scalar);
        let k = formula::common::<S>(scalar, share).ok_or(CpaceError::Share)?;
        let key = session_key::<S>(context, &k, share, &answer);
        let own = tag::<S>(context, &key, &answer, &context.responder_data);
        let expected = tag::<S>(context, &key, share, &context.initiator_data);
        let expected = Secret::new(*expected.as_bytes());
        Ok((Self { expected }, answer, own))
    }

    /// Whether this is the initiator's `Ta`: then the secrets are the same.
    #[must_use]
    pub fn check(self, confirmation: &ConfirmationTag) -> bool {
        self.expected.expose().ct_eq(confirmation.as_bytes()).into()
    }
}

impl core::fmt::Debug for Responder {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Responder(..)")
    }
}
