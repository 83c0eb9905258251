//! From a choice made while a program runs to a type.

use mpotr_core::crypto::CryptoSuite;

/// What a program does once its suite and backend are known: a generic function that
/// [`Backend::visit`](crate::Backend::visit) calls with the type that was chosen.
///
/// ```
/// use mpotr::crypto::{CryptoSuite, Fingerprint, IdentityKey, SuiteId};
/// use mpotr::{Backend, SuiteVisitor};
///
/// struct Show<'a>(&'a IdentityKey);
///
/// impl SuiteVisitor for Show<'_> {
///     type Output = String;
///
///     fn visit<S: CryptoSuite>(self) -> String {
///         Fingerprint::of::<S>(self.0).to_string()
///     }
/// }
///
/// let key = IdentityKey::new([7; 32]);
/// for backend in Backend::available() {
///     let shown = backend.visit(SuiteId::ChaCha20Poly1305, Show(&key))?;
///     assert_eq!(shown.split(' ').count(), 8);
/// }
/// # Ok::<(), mpotr::SuiteError>(())
/// ```
pub trait SuiteVisitor {
    /// What comes of it.
    type Output;

    /// Does it with suite `S`, which this machine can compute.
    fn visit<S: CryptoSuite>(self) -> Self::Output;
}
