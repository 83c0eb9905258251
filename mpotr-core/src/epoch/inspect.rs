//! What an epoch holds, for simulators and tests: feature `inspect`.

use mpotr_crypto::CryptoSuite;

use super::Epoch;

impl<S: CryptoSuite> Epoch<S> {
    /// Whether this member has said that everyone has closed.
    pub(crate) fn has_said_done(&self) -> bool {
        let next = self.next_of(self.me);
        self.is_over || next.is_some_and(|next| next.done)
    }
}
