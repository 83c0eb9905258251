//! Members that are not waited for, since they acknowledge what others have acknowledged long ago.
//! `docs/spec/06-epochs.md`, "Talking".

use mpotr_crypto::{CryptoSuite, IdentityKey};

use super::Epoch;

impl<S: CryptoSuite> Epoch<S> {
    /// Whether the word of a member that is waited for is missing on a message of this member.
    pub(crate) fn is_awaited(&self, seq: u32) -> bool {
        self.receipts.is_awaited(seq)
    }

    /// Whether another member has covered a message of this member: it has gone out, and who has not covered it is late.
    pub(crate) fn has_arrived(&self, seq: u32) -> bool {
        let place = usize::try_from(seq).ok();
        let own = self.delivery.authors.get(self.me).zip(place);
        let index = own.and_then(|(own, place)| own.chain.get(place));
        let node = index.and_then(|index| self.delivery.graph.node(*index));
        node.is_some_and(|node| {
            let mut others = self.peers.indices().filter(|member| *member != self.me);
            others.any(|member| node.covered.contains(member))
        })
    }

    /// Those who are waited for and have not covered a message of this member.
    pub(crate) fn late(&self, seq: u32) -> Vec<IdentityKey> {
        let late = self.receipts.late(seq, self.peers.members());
        late.filter_map(|member| self.identity(member)).collect()
    }

    /// A member is not waited for in this epoch from here on.
    pub(crate) fn stop_waiting_for(&mut self, identity: &IdentityKey) {
        let mut members = self.peers.indices();
        if let Some(member) = members.find(|it| self.identity(*it).as_ref() == Some(identity)) {
            self.receipts.stop_waiting_for(member);
        }
    }
}
