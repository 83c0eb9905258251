//! What is ordered, what is final, and who orders otherwise. `docs/spec/05-wire.md`, "Order".

use mpotr_crypto::CryptoSuite;

use super::{Effect, Epoch};
use crate::wire::{Lock, MessageId};

impl<S: CryptoSuite> Epoch<S> {
    /// The final prefix.
    pub(crate) const fn final_lock(&self) -> Lock {
        self.final_lock
    }

    /// Whether a member has signed another order than the one here.
    pub(crate) fn is_forked(&self) -> bool {
        self.others().any(|peer| peer.forked)
    }

    /// Messages delivered.
    pub(crate) fn delivered(&self) -> usize {
        self.graph.len()
    }

    /// Draws the consequences of what was delivered or stated: the order, the locks, what is final; and delivers what had no
    /// room until then.
    pub(super) fn advance(&mut self) {
        while self.draw_consequences() {
            self.deliver_ready();
        }
    }

    /// Whether there is room for what had none.
    fn draw_consequences(&mut self) -> bool {
        let was_crowded = self.unfinal.is_any_crowded();
        self.extend_order();
        self.compare_locks();
        let final_count = self
            .others()
            .filter(|peer| !peer.closed)
            .map(|peer| {
                if peer.forked {
                    0
                } else {
                    peer.locks.verified()
                }
            })
            .min()
            .unwrap_or(u32::MAX)
            .min(self.order.lock().count);
        if final_count > self.final_lock.count
            && let Some(lock) = self.order.prefix(final_count)
        {
            self.finalise(lock);
            return was_crowded;
        }
        false
    }

    /// Orders what is stable, and applies the statements that waited for it.
    fn extend_order(&mut self) {
        while let Some(bound) = self.stable {
            let before = self.order.lock().count;
            self.order.extend::<S>(bound);
            if self.order.lock().count == before {
                return;
            }
            let from = usize::try_from(before).unwrap_or(usize::MAX);
            let new = (before..).zip(self.order.ids_from(from));
            self.effects
                .extend(new.map(|(place, id)| Effect::Provisional { place, id: *id }));
            // A member that closes by one is waited for no longer.
            self.apply_waiting();
        }
    }

    /// The heads of a prefix of the order here, if it is one.
    pub(super) fn heads_of(&self, lock: &Lock) -> Option<Vec<MessageId>> {
        self.order
            .prefix(lock.count)
            .filter(|here| here == lock)
            .map(|_| {
                let count = usize::try_from(lock.count).unwrap_or(usize::MAX);
                if count == self.graph.len() {
                    return self.graph.heads().iter().copied().collect();
                }
                let ids = self.order.ids_from(0).take(count);
                self.graph.heads_among(ids)
            })
    }

    /// A longer prefix is final: neither its packets need be kept, nor the keys that opened them. Those of who says two
    /// things stay: somebody may yet build upon the other.
    pub(super) fn finalise(&mut self, lock: Lock) {
        let [from, to] = [self.final_lock.count, lock.count]
            .map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let ids: Vec<_> = self
            .order
            .ids_from(from)
            .take(to.saturating_sub(from))
            .copied()
            .collect();
        for id in &ids {
            let Some((author, seq, bytes)) = self.graph.drop_packet(id) else {
                continue;
            };
            self.unfinal.settle(author, bytes);
            if let Some(peer) = self.peers.get_mut(author).filter(|peer| !peer.exposed) {
                peer.streams.content.erase(seq);
            }
        }
        self.final_lock = lock;
        self.effects.push_back(Effect::Final { lock, ids });
    }

    /// Notes which of these messages every member that still writes now covers.
    pub(super) fn settle(&mut self, indices: impl IntoIterator<Item = usize>) {
        for index in indices {
            let Some(node) = self.graph.node(index) else {
                continue;
            };
            if self.writing.is_subset_of(&node.covered) && self.unstable.remove(&index) {
                self.stable = self.stable.max(Some(node.key));
            }
        }
    }

    /// A member writes nothing more: the order waits for it no longer.
    pub(super) fn stop_waiting_for(&mut self, member: usize) {
        if self.writing.remove(member) {
            let unstable: Vec<_> = self.unstable.iter().copied().collect();
            self.settle(unstable);
        }
    }

    /// Compares the locks of the others with the order here, as far as it goes.
    fn compare_locks(&mut self) {
        let Self { peers, order, .. } = self;
        let mut forks = Vec::new();
        for (member, peer) in peers.iter_mut().enumerate() {
            if peer.forked {
                continue;
            }
            let compared = peer.locks.compare(|count| order.prefix(count));
            peer.agreed = peer.agreed.max(peer.locks.verified());
            forks.extend(compared.err().map(|lock| (member, lock)));
        }
        for (member, lock) in forks {
            self.note_fork(member, lock);
        }
    }

    /// A member has signed another order than the one here.
    fn note_fork(&mut self, member: usize, lock: Lock) {
        let is_final = self.final_lock.count;
        let Some(peer) = self.peers.get_mut(member).filter(|peer| !peer.forked) else {
            return;
        };
        peer.forked = true;
        peer.agreed = peer.agreed.max(is_final.min(lock.count.saturating_sub(1)));
        self.ask_order = true;
        self.effects.push_back(Effect::Fork { member, lock });
    }

    /// Takes note of a lock that a member signed, all that it has seen being here. One of more messages than that is a lie:
    /// nothing follows from it but whose it is.
    pub(super) fn note_lock(&mut self, member: usize, lock: Lock) {
        if usize::try_from(lock.count).is_ok_and(|count| count > self.graph.len()) {
            self.note_fork(member, lock);
        } else if let Some(peer) = self.peers.get_mut(member) {
            peer.locks.note(lock);
        }
    }
}
