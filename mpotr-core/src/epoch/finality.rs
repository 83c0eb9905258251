//! Drawing the consequences of what was delivered and stated. `docs/spec/05-wire.md`, "Order".

use mpotr_crypto::CryptoSuite;

use super::{Effect, Epoch};
use crate::wire::Lock;

impl<S: CryptoSuite> Epoch<S> {
    /// Draws the consequences of what was delivered or stated: the order, the locks, what is final; and delivers what had no
    /// room until then.
    pub(super) fn advance(&mut self) {
        while self.draw_consequences() {
            self.deliver_ready();
        }
    }

    /// Whether there is room for what had none.
    fn draw_consequences(&mut self) -> bool {
        let was_crowded = self.delivery.unfinal.is_any_crowded();
        while self.consensus.extend::<S>(&mut self.effects) {
            // A member that closes by a lock is waited for no longer.
            self.apply_waiting();
        }
        self.consensus.compare_locks(&mut self.effects);
        // What is final here this member has stated, and the order of the cut begins with it: until that is shown, or the run is
        // over, nothing more is final.
        if self.is_frozen() {
            return false;
        }
        let others = self.other_members();
        let asked = others.filter(|member| !self.is_closed(*member));
        let Some(lock) = self.consensus.agreed_by(asked) else {
            return false;
        };
        self.finalise(lock);
        was_crowded
    }

    /// A longer prefix is final: neither its packets need be kept, nor the keys that opened them. Those of who says two
    /// things stay: a member may yet build upon the other.
    pub(super) fn finalise(&mut self, lock: Lock) {
        let ids = self.consensus.finalise(lock);
        for id in &ids {
            let Some((author, seq, bytes)) = self.delivery.graph.drop_packet(id) else {
                continue;
            };
            self.delivery.unfinal.settle(author, bytes);
            let is_exposed = self.is_exposed(author);
            if let Ok(streams) = self.opener.streams(author)
                && !is_exposed
            {
                streams.content.erase(seq);
            }
        }
        self.effects.push_back(Effect::Final { lock, ids });
    }
}
