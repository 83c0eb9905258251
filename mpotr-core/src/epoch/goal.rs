//! What a statement asked for, and what others asked for that this member owes. `docs/spec/05-wire.md`, "Recovery".

use mpotr_crypto::CryptoSuite;

use super::Epoch;
use crate::wire::{MessageId, Range};

impl<S: CryptoSuite> Epoch<S> {
    /// Sends a message again that nobody else has sent to who misses it, if it is still kept.
    pub(crate) fn send_again(&mut self, id: &MessageId) {
        if let Some(place) = self.delivery.place_of(id) {
            let (opener, effects) = (&mut self.opener, &mut self.effects);
            self.delivery
                .send_all_again([(place, *id)], opener, effects);
        }
    }

    /// Whether all has come that the last statement asked for, if it asked for anything: then what is still missing is asked
    /// for without a wait.
    pub(crate) fn may_ask_again(&self) -> bool {
        self.goal.as_ref().is_some_and(|goal| {
            self.delivery.graph.len() >= goal.delivered
                && goal.named.iter().all(|id| !self.delivery.is_missing(id))
        })
    }
}

/// What a statement has asked for.
#[derive(Debug)]
pub(super) struct Goal {
    named: Vec<MessageId>,
    /// So many messages are delivered when all places that were asked for are.
    delivered: usize,
}

impl Goal {
    /// `None` if nothing is asked for.
    pub(super) fn of(named: &[MessageId], missing: &[Range], delivered: usize) -> Option<Self> {
        let places = missing.iter().map(|range| range.places().count());
        let is_any = !named.is_empty() || !missing.is_empty();
        is_any.then(|| Self {
            named: named.to_vec(),
            delivered: delivered.saturating_add(places.sum()),
        })
    }
}
