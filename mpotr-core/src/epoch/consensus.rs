//! What is ordered, what the members have signed of it, and what is final. `docs/spec/05-wire.md`, "Order".

use std::collections::{BTreeSet, VecDeque};

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{MemberIndex, PerMember};

use super::Effect;
use super::graph::Graph;
use super::locks::Locks;
use super::member_set::MemberSet;
use super::order::{Key, Order};
use crate::wire::{Lock, MessageId};

/// The order here, and how the orders of the others stand to it.
#[derive(Debug)]
pub(super) struct Consensus {
    me: MemberIndex,
    pub(super) order: Order,
    /// Members that have not sent their last message: those whose coverage the order waits for.
    writing: MemberSet,
    /// Delivered messages, by index, that not every member who still writes covers.
    unstable: BTreeSet<usize>,
    /// The greatest message that they all cover.
    stable: Option<Key>,
    final_lock: Lock,
    /// In cycle order.
    pub(super) peers: PerMember<PeerOrder>,
    /// A part of the order that another member asked for.
    pub(super) list_from: Option<u32>,
    /// Whether a part of another's order is to be asked for.
    pub(super) ask_order: bool,
}

/// What is known of the order of one member.
#[derive(Debug)]
pub(super) struct PeerOrder {
    /// What it has signed.
    pub(super) locks: Locks,
    pub(super) order: OrderView,
    /// Whether it has asked for the order here: it has found a difference, whether or not there is one that can be seen here.
    pub(super) has_asked: bool,
}

/// How the order of another member stands to the one here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OrderView {
    /// As far as is known, it is the same; so many messages were compared.
    Agrees { upto: u32 },
    /// It has signed another one. So many messages are the same.
    Forked { upto: u32 },
    /// It has signed another one, and where that begins to differ was told.
    Compared,
}

impl PeerOrder {
    const fn new() -> Self {
        Self {
            locks: Locks::new(),
            order: OrderView::Agrees { upto: 0 },
            has_asked: false,
        }
    }

    /// Whether it is known to have signed another order than the one here.
    pub(super) const fn is_forked(&self) -> bool {
        !matches!(self.order, OrderView::Agrees { .. })
    }

    /// From where on the orders are to be compared, if they differ in a place that is not known.
    pub(super) fn differs_after(&self) -> Option<u32> {
        match self.order {
            OrderView::Agrees { upto } => self.has_asked.then_some(upto),
            OrderView::Forked { upto } => Some(upto),
            OrderView::Compared => None,
        }
    }

    /// So many more messages were compared, and are the same.
    pub(super) const fn agree(&mut self, count: u32) {
        match &mut self.order {
            OrderView::Agrees { upto } | OrderView::Forked { upto } => *upto = count,
            OrderView::Compared => {}
        }
    }
}

impl Consensus {
    /// Nothing is ordered yet.
    pub(super) fn new(me: MemberIndex, members: usize) -> Self {
        Self {
            me,
            order: Order::new(),
            writing: MemberSet::all(members),
            unstable: BTreeSet::new(),
            stable: None,
            final_lock: Lock::EMPTY,
            peers: PerMember::new(members, |_| PeerOrder::new()),
            list_from: None,
            ask_order: false,
        }
    }

    /// The final prefix.
    pub(super) const fn final_lock(&self) -> Lock {
        self.final_lock
    }

    /// Members that have not sent their last message.
    pub(super) const fn writing(&self) -> &MemberSet {
        &self.writing
    }

    /// Whether a member has signed another order than the one here.
    pub(super) fn is_forked(&self, member: MemberIndex) -> bool {
        self.peers.get(member).is_some_and(PeerOrder::is_forked)
    }

    /// So much of the order here a member has signed.
    pub(super) fn verified(&self, member: MemberIndex) -> u32 {
        let peer = self.peers.get(member);
        peer.map_or(0, |peer| peer.locks.verified())
    }

    /// A message is delivered.
    pub(super) fn insert(&mut self, key: Key, index: usize) {
        self.order.insert(key);
        self.unstable.insert(index);
    }

    /// Notes which of these messages every member that still writes now covers.
    pub(super) fn settle(&mut self, graph: &Graph, indices: impl IntoIterator<Item = usize>) {
        for index in indices {
            let Some(node) = graph.node(index) else {
                continue;
            };
            if self.writing.is_subset_of(&node.covered) && self.unstable.remove(&index) {
                self.stable = self.stable.max(Some(node.key));
            }
        }
    }

    /// A member writes nothing more: the order waits for it no longer.
    pub(super) fn stop_waiting_for(&mut self, graph: &Graph, member: MemberIndex) {
        if self.writing.remove(member) {
            let unstable: Vec<_> = self.unstable.iter().copied().collect();
            self.settle(graph, unstable);
        }
    }

    /// Orders what is stable; whether that is anything.
    pub(super) fn extend<S: CryptoSuite>(&mut self, effects: &mut VecDeque<Effect>) -> bool {
        let Some(bound) = self.stable else {
            return false;
        };
        let before = self.order.lock().count;
        self.order.extend::<S>(bound);
        let from = usize::try_from(before).unwrap_or(usize::MAX);
        let new = (before..).zip(self.order.ids_from(from));
        effects.extend(new.map(|(place, id)| Effect::Provisional { place, id: *id }));
        self.order.lock().count > before
    }

    /// Compares the locks of the others with the order here, as far as it goes.
    pub(super) fn compare_locks(&mut self, effects: &mut VecDeque<Effect>) {
        let Self { peers, order, .. } = self;
        let mut forks = Vec::new();
        for (member, peer) in peers.iter_mut() {
            let OrderView::Agrees { upto } = peer.order else {
                continue;
            };
            let compared = peer.locks.compare(|count| order.prefix(count));
            peer.agree(upto.max(peer.locks.verified()));
            forks.extend(compared.err().map(|lock| (member, lock)));
        }
        for (member, lock) in forks {
            self.note_fork(member, lock, effects);
        }
    }

    /// A member has signed another order than the one here.
    fn note_fork(&mut self, member: MemberIndex, lock: Lock, effects: &mut VecDeque<Effect>) {
        let is_final = self.final_lock.count;
        let Some(peer) = self.peers.get_mut(member) else {
            return;
        };
        let OrderView::Agrees { upto } = peer.order else {
            return;
        };
        let upto = upto.max(is_final.min(lock.count.saturating_sub(1)));
        peer.order = OrderView::Forked { upto };
        self.ask_order = true;
        effects.push_back(Effect::Fork { member, lock });
    }

    /// Takes note of a lock that a member signed, all that it has seen being here: so many messages. One of more messages than
    /// that is a lie: nothing follows from it but whose it is.
    pub(super) fn note_lock(
        &mut self,
        member: MemberIndex,
        lock: Lock,
        delivered: usize,
        effects: &mut VecDeque<Effect>,
    ) {
        if usize::try_from(lock.count).is_ok_and(|count| count > delivered) {
            self.note_fork(member, lock, effects);
        } else if let Some(peer) = self.peers.get_mut(member) {
            peer.locks.note(lock);
        }
    }

    /// The prefix that all these members have signed, if it is longer than what is final.
    pub(super) fn agreed_by(&self, members: impl Iterator<Item = MemberIndex>) -> Option<Lock> {
        let signed = members.map(|member| {
            if self.is_forked(member) {
                0
            } else {
                self.verified(member)
            }
        });
        let count = signed.min().unwrap_or(u32::MAX);
        let count = count.min(self.order.lock().count);
        let lock = self.order.prefix(count);
        lock.filter(|_| count > self.final_lock.count)
    }

    /// A longer prefix is final: the messages that are so now, in order.
    pub(super) fn finalise(&mut self, lock: Lock) -> Vec<MessageId> {
        let [from, to] = [self.final_lock.count, lock.count]
            .map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        let ids = self.order.ids_from(from).take(to.saturating_sub(from));
        let ids = ids.copied().collect();
        self.final_lock = lock;
        ids
    }

    /// The heads of a prefix of the order here, or of one of those that follow it, if it is one.
    pub(super) fn heads_of(
        &self,
        lock: &Lock,
        foreseen: &[Lock],
        graph: &Graph,
    ) -> Option<Vec<MessageId>> {
        let is_here = self.order.prefix(lock.count).as_ref() == Some(lock);
        (is_here || foreseen.contains(lock)).then(|| {
            let count = usize::try_from(lock.count).unwrap_or(usize::MAX);
            if count == graph.len() {
                return graph.heads().iter().copied().collect();
            }
            graph.heads_among(self.order.ids().take(count))
        })
    }

    /// Members that still write and have not covered some of the first so many delivered messages.
    pub(super) fn unseen_by(&self, graph: &Graph, count: usize) -> BTreeSet<MemberIndex> {
        let first = self.unstable.iter().take_while(|index| **index < count);
        let nodes = first.filter_map(|index| graph.node(*index));
        let members = self.peers.members();
        nodes
            .flat_map(|node| self.writing.minus(&node.covered, members))
            .collect()
    }

    /// Whether a member's word does not reach so far.
    pub(super) fn is_short(&self, member: MemberIndex, count: usize) -> bool {
        let verified = usize::try_from(self.verified(member));
        self.is_forked(member) || verified.is_ok_and(|verified| verified < count)
    }

    /// This member's index.
    pub(super) const fn me(&self) -> MemberIndex {
        self.me
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epoch::vouching::Warrant;
    use crate::wire::{EpochHint, Header, SealedPacket, Stream};
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
    use mpotr_crypto::{AeadKey, Digest32, Secret};

    const ME: MemberIndex = MemberIndex::new(0);
    const OTHER: MemberIndex = MemberIndex::new(1);

    /// A graph of one message, and the order of two members that knows it.
    fn one_message() -> (Graph, Consensus, MessageId) {
        let (mut graph, mut consensus) = (Graph::default(), Consensus::new(ME, 2));
        let id = MessageId::new([1; 32]);
        let position = graph.position(&id, std::iter::empty()).unwrap();
        let place = position.key;
        let (header, key) = (
            Header {
                sender: 0,
                stream: Stream::Content,
                seq: 0,
            },
            Secret::new([0; 32]),
        );
        let hint = EpochHint::new([0; 8]);
        let packet = SealedPacket::seal::<Suite>(hint, header, &AeadKey::new(&key), &key, b"");
        let index = graph.insert(position, (ME, 0), packet, Warrant::Own);
        consensus.insert(place, index);
        (graph, consensus, id)
    }

    fn cover(graph: &mut Graph, consensus: &mut Consensus, member: MemberIndex) {
        let mut newly = Vec::new();
        graph.cover(member, std::iter::once(0), &mut newly);
        consensus.settle(graph, newly);
    }

    #[test]
    fn a_message_is_ordered_when_all_cover_it_and_final_when_all_sign_that() {
        let (mut graph, mut consensus, id) = one_message();
        let mut effects = VecDeque::new();
        cover(&mut graph, &mut consensus, ME);
        assert!(!consensus.extend::<Suite>(&mut effects) && effects.is_empty());
        cover(&mut graph, &mut consensus, OTHER);
        assert!(consensus.extend::<Suite>(&mut effects));
        assert_eq!(
            effects.pop_front(),
            Some(Effect::Provisional { place: 0, id })
        );
        let lock = consensus.order.lock();
        assert_eq!(consensus.agreed_by(std::iter::once(OTHER)), None);
        consensus.note_lock(OTHER, lock, graph.len(), &mut effects);
        consensus.compare_locks(&mut effects);
        assert_eq!(consensus.agreed_by(std::iter::once(OTHER)), Some(lock));
        assert_eq!(consensus.finalise(lock), [id]);
        assert_eq!((consensus.final_lock(), effects.len()), (lock, 0));
    }

    #[test]
    fn nobody_waits_for_who_writes_nothing_more() {
        let (mut graph, mut consensus, _) = one_message();
        cover(&mut graph, &mut consensus, ME);
        assert_eq!(consensus.unseen_by(&graph, 1), BTreeSet::from([OTHER]));
        consensus.stop_waiting_for(&graph, OTHER);
        assert!(consensus.extend::<Suite>(&mut VecDeque::new()));
    }

    #[test]
    fn who_signs_another_order_or_more_than_there_is_forks_once() {
        for count in [1, 2] {
            let (mut graph, mut consensus, _) = one_message();
            let mut effects = VecDeque::new();
            for member in [ME, OTHER] {
                cover(&mut graph, &mut consensus, member);
            }
            consensus.extend::<Suite>(&mut effects);
            effects.clear();
            let lock = Lock {
                count,
                digest: Digest32::new([9; 32]),
            };
            for _ in 0..2 {
                consensus.note_lock(OTHER, lock, graph.len(), &mut effects);
                consensus.compare_locks(&mut effects);
            }
            let member = OTHER;
            assert_eq!(effects, [Effect::Fork { member, lock }]);
            assert!(consensus.is_forked(OTHER) && consensus.is_short(OTHER, 0));
            assert_eq!(consensus.agreed_by(std::iter::once(OTHER)), None);
        }
    }

    /// So the question says nothing of what is known here of its order.
    #[test]
    fn who_asks_is_asked_back_once_whether_or_not_it_has_forked() {
        let question = Some(crate::wire::Question { member: 0, from: 0 });
        for has_forked in [false, true] {
            let mut consensus = Consensus::new(ME, 2);
            let lock = Lock {
                count: 1,
                digest: Digest32::new([9; 32]),
            };
            if has_forked {
                consensus.note_lock(OTHER, lock, 0, &mut VecDeque::new());
                assert!(consensus.owes_comparison() && consensus.question().is_some());
            }
            consensus.hear_question(OTHER, question);
            assert!(consensus.owes_comparison());
            let asked = consensus.question().map(|asked| (asked.member, asked.from));
            assert_eq!(asked, Some((1, 0)));
            consensus.hear_question(OTHER, question);
            assert!(!consensus.owes_comparison());
            assert_eq!(consensus.is_forked(OTHER), has_forked);
        }
    }
}
