//! Keeps what was signed until it takes effect, and then hands it out. `docs/spec/10-transcripts.md`, "File".

use std::collections::BTreeMap;

use mpotr_crypto::CryptoSuite;

use super::{Effect, Epoch};
use crate::record::Record;
use crate::wire::MessageId;

/// Messages that are verified and not delivered. One of an author that contradicts itself never is: from this many on, those
/// that no longer wait are forgotten.
const MAX_KEPT: usize = 4096;

/// What was verified and has not taken effect, if a record is kept at all.
#[derive(Debug, Default)]
pub(super) struct Recorder(Option<BTreeMap<MessageId, Vec<u8>>>);

impl<S: CryptoSuite> Epoch<S> {
    /// From here on, everything signed is handed out.
    pub(crate) fn record(&mut self) {
        self.recorder.0.get_or_insert_default();
    }

    /// Whether what is signed is handed out.
    pub(crate) const fn is_recording(&self) -> bool {
        self.recorder.0.is_some()
    }

    /// A message was verified or written.
    pub(super) fn keep_content(&mut self, id: MessageId, signed: impl FnOnce() -> Vec<u8>) {
        let Some(kept) = &mut self.recorder.0 else {
            return;
        };
        if kept.len() >= MAX_KEPT {
            let held = &self.delivery.holdback;
            kept.retain(|id, _| held.iter().any(|(_, held)| held.id == *id));
        }
        kept.insert(id, signed());
    }

    /// A message is delivered.
    pub(super) fn record_content(&mut self, author: u16, id: &MessageId) {
        let kept = self.recorder.0.as_mut();
        if let Some(signed) = kept.and_then(|kept| kept.remove(id)) {
            let record = Record::Content { author, signed };
            self.effects.push_back(Effect::Recorded(record));
        }
    }

    /// What is left to be handed out of an epoch that ends here.
    pub(crate) fn last_records(&mut self) -> Vec<Record> {
        let effects = self.effects.drain(..);
        let records = effects.filter_map(|effect| match effect {
            Effect::Recorded(record) => Some(record),
            Effect::Delivered { .. }
            | Effect::Trust { .. }
            | Effect::Equivocation { .. }
            | Effect::Contradicted { .. }
            | Effect::Fin { .. }
            | Effect::Closed { .. }
            | Effect::Leaked { .. }
            | Effect::Answered { .. }
            | Effect::Missed { .. }
            | Effect::Final { .. }
            | Effect::Provisional { .. }
            | Effect::Difference { .. }
            | Effect::Fork { .. }
            | Effect::Next { .. }
            | Effect::Missing { .. }
            | Effect::Owed { .. }
            | Effect::Again { .. }
            | Effect::Asked
            | Effect::Lacking { .. }
            | Effect::Repeated { .. }
            | Effect::Opening { .. }
            | Effect::Declined
            | Effect::CaughtUp
            | Effect::Closing => None,
        });
        records.collect()
    }

    /// A statement was verified or made.
    pub(super) fn record_statement(&mut self, author: u16, number: u32, signed: &[u8]) {
        if self.recorder.0.is_some() {
            self.effects.push_back(Effect::Recorded(Record::Statement {
                author,
                number,
                signed: signed.to_vec(),
            }));
        }
    }
}
