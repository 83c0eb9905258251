//! The session id of a run. `docs/spec/04-key-agreement.md`, "Terms".

use mpotr_crypto::{CryptoSuite, TranscriptHash, byte_newtype, label};

use crate::offer::Offer;

byte_newtype! {
    /// The session id of a run: 32 bytes of a hash over everything that the members agree on beforehand.
    Sid
}

impl Sid {
    /// `sid = H("sid", head, offers)`: the head is the proposal as it was signed, the offers are whole and in cycle order.
    #[must_use]
    pub fn of<'a, S: CryptoSuite>(
        head: &[u8],
        offers: impl ExactSizeIterator<Item = &'a Offer>,
    ) -> Self {
        let hash = TranscriptHash::<S>::new(label::SID)
            .bytes(head)
            .list(offers.map(Offer::to_bytes));
        Self(*hash.digest().as_bytes())
    }
}
