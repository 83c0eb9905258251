//! What is known of each message: who has seen it, its place, whether it is final. `docs/spec/06-epochs.md`, "States".

use mpotr_crypto::CryptoSuite;

use super::Epoch;
use crate::wire::MessageId;

/// What is known of a delivered message, members by their index.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) author: usize,
    pub(crate) seen_by: Vec<usize>,
    pub(crate) place: Option<u32>,
    pub(crate) is_final: bool,
}

impl<S: CryptoSuite> Epoch<S> {
    /// What is known of a message. `None` if it is not delivered.
    pub(crate) fn state_of(&self, id: &MessageId) -> Option<State> {
        let node = self.graph.get(id)?;
        let place = self.consensus.order.place(&node.key);
        Some(State {
            author: node.author,
            seen_by: (0..self.peers.len())
                .filter(|member| node.covered.contains(*member))
                .collect(),
            place,
            is_final: place.is_some_and(|place| place < self.final_lock().count),
        })
    }

    /// Members without whose word the first so many delivered messages cannot become final.
    pub(crate) fn waiting_for(&self, count: usize) -> Vec<usize> {
        // First those who have not seen something; it is no use to ask the others for their locks before they have.
        let unseen = self.consensus.unseen_by(&self.graph, count);
        if !unseen.is_empty() {
            return unseen.into_iter().collect();
        }
        self.other_members()
            .filter(|member| !self.is_closed(*member) && self.consensus.is_short(*member, count))
            .collect()
    }
}
