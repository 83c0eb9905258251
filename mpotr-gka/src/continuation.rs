//! What an epoch keeps for a light run that follows it. `docs/spec/04-key-agreement.md`, "Key schedule".

use mpotr_crypto::{CryptoSuite, Element, PartSecret, SecretScalar, kdf::Prk};

use crate::rounds::MemberKeys;

/// What an epoch keeps for a light run that follows it. It is wiped when it is dropped: by the run that it serves, or with the
/// epoch.
#[expect(dead_code, reason = "no light run reads it yet")]
pub struct Continuation<S: CryptoSuite> {
    /// `init`: who is left out of the next epoch knows it, and outsiders do not.
    pub(crate) init: Prk,
    /// `M`, `F` and `P` of all members, in cycle order.
    pub(crate) keys: Vec<MemberKeys>,
    /// All `F`, decoded.
    pub(crate) parts: Vec<Element<S>>,
    /// `f` of this member.
    pub(crate) part: PartSecret<S>,
    /// `p` of this member.
    pub(crate) receive: SecretScalar<S>,
}

impl<S: CryptoSuite> Continuation<S> {
    /// The keys of all members that they alone see, in cycle order.
    #[must_use]
    pub fn keys(&self) -> &[MemberKeys] {
        &self.keys
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Continuation<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Continuation(..)")
    }
}
