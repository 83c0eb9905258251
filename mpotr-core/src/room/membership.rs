//! A member's part in one epoch, from when it is installed until the next one is. `docs/spec/06-epochs.md`.

use mpotr_crypto::CryptoSuite;

use super::changing::Changing;
use super::installing::Certificate;
use super::talking::Talk;
use crate::epoch::Epoch;
use crate::time::Timestamp;
use crate::wire::Handle;

/// A member's part in one epoch.
pub(super) struct Membership<S: CryptoSuite> {
    pub(super) epoch: Epoch<S>,
    /// The name of the epoch.
    pub(super) handle: Handle,
    /// What this member sent in the run that led here.
    pub(super) certificate: Certificate,
    pub(super) talk: Talk,
    pub(super) changing: Changing,
}

impl<S: CryptoSuite> Membership<S> {
    /// An epoch begins.
    pub(super) fn begin(
        epoch: Epoch<S>,
        handle: Handle,
        certificate: Certificate,
        now: Timestamp,
    ) -> Self {
        Self {
            epoch,
            handle,
            certificate,
            talk: Talk::new(now),
            changing: Changing::default(),
        }
    }
}
