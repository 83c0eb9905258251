//! The graph of an epoch's content messages, and who has seen what of it. `docs/spec/05-wire.md`, "Graph".
//!
//! A message comes after its parents. Its depth is one more than the greatest of theirs, 0 without any; its key in the
//! order is (depth, id). A member *covers* a message if something that it signed names it, or a descendant of it.

use std::collections::BTreeSet;
#[expect(
    clippy::disallowed_types,
    reason = "it is looked up in, and never walked through"
)]
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use mpotr_gka::MemberIndex;

use super::member_set::MemberSet;
use super::order::Key;
use super::vouching::Warrant;
use crate::wire::{MessageId, SealedPacket};

/// The parents of a message, by index: each has a lower one. As a rule there are few.
type Parents = SmallVec<[u32; 4]>;

/// Where a message goes, its parents being here.
#[derive(Debug)]
pub(super) struct Position {
    pub(super) key: Key,
    parents: Parents,
}

/// A delivered message.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) key: Key,
    pub(super) author: MemberIndex,
    pub(super) seq: u32,
    parents: Parents,
    pub(super) covered: MemberSet,
    /// Its packet, to be sent again, as long as it is not final.
    packet: Option<SealedPacket>,
    pub(super) warrant: Warrant,
    /// The next message of its author, by index, if that vouches for it.
    voucher: Option<u32>,
}

impl Node {
    /// The next message of its author, by index, if that vouches for it.
    pub(super) fn voucher(&self) -> Option<usize> {
        self.voucher.map(wide)
    }

    /// Whether what shows it to others is delivered: its own signature, or its line.
    pub(super) const fn is_shown(&self) -> bool {
        self.voucher.is_some() || matches!(self.warrant, Warrant::Own)
    }
}

/// An id to look up by. It is a hash already: eight bytes of it, which the map hashes once more under a key of its own, keep
/// ids apart that an insider has chosen.
#[derive(Debug, PartialEq, Eq)]
struct Indexed(MessageId);

impl Hash for Indexed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let first = self.0.as_bytes().first_chunk();
        state.write_u64(first.map_or(0, |first| u64::from_ne_bytes(*first)));
    }
}

/// All delivered messages.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    /// By id: the place among the nodes.
    #[expect(
        clippy::disallowed_types,
        reason = "it is looked up in, and never walked through"
    )]
    index: HashMap<Indexed, u32>,
    heads: BTreeSet<MessageId>,
}

impl Graph {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The index of a message.
    pub(super) fn index_of(&self, id: &MessageId) -> Option<usize> {
        self.index.get(&Indexed(*id)).copied().map(wide)
    }

    pub(super) fn contains(&self, id: &MessageId) -> bool {
        self.index.contains_key(&Indexed(*id))
    }

    pub(super) fn get(&self, id: &MessageId) -> Option<&Node> {
        self.nodes.get(self.index_of(id)?)
    }

    /// The packet of a message that is not final.
    pub(super) fn packet(&self, id: &MessageId) -> Option<&SealedPacket> {
        self.get(id)?.packet.as_ref()
    }

    /// What shows that a message is its author's.
    pub(super) fn warrant_mut(&mut self, id: &MessageId) -> Option<&mut Warrant> {
        let index = self.index_of(id)?;
        self.nodes.get_mut(index).map(|node| &mut node.warrant)
    }

    /// Drops the packet of a message, and tells whose it was, its place and how long the packet.
    pub(super) fn drop_packet(&mut self, id: &MessageId) -> Option<(MemberIndex, u32, usize)> {
        let index = self.index_of(id)?;
        let node = self.nodes.get_mut(index)?;
        let bytes = node.packet.take().map_or(0, |packet| packet.length());
        Some((node.author, node.seq, bytes))
    }

    /// The bytes of the packet of a message, as long as that is kept.
    pub(super) fn bytes(&self, index: usize) -> usize {
        let packet = self.nodes.get(index).and_then(|node| node.packet.as_ref());
        packet.map_or(0, SealedPacket::length)
    }

    /// The bytes of all packets that are kept.
    #[cfg(test)]
    pub(super) fn packet_bytes(&self) -> usize {
        let packets = self.nodes.iter().filter_map(|node| node.packet.as_ref());
        packets.map(SealedPacket::length).sum()
    }

    /// Drops all packets.
    pub(super) fn drop_packets(&mut self) {
        for node in &mut self.nodes {
            node.packet = None;
        }
    }

    pub(super) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// The messages that are parent of none.
    pub(super) const fn heads(&self) -> &BTreeSet<MessageId> {
        &self.heads
    }

    /// The heads of a part of the graph that is closed under parents.
    pub(super) fn heads_among<'a>(
        &self,
        part: impl Iterator<Item = &'a MessageId>,
    ) -> Vec<MessageId> {
        let mut heads = BTreeSet::new();
        let mut inner: BTreeSet<u32> = BTreeSet::new();
        for index in part.filter_map(|id| self.index.get(&Indexed(*id)).copied()) {
            heads.insert(index);
            let node = self.nodes.get(wide(index));
            inner.extend(node.into_iter().flat_map(|node| node.parents.iter()));
        }
        let heads = heads.difference(&inner);
        let nodes = heads.filter_map(|index| self.nodes.get(wide(*index)));
        nodes
            .map(|node| node.key.id)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// Where a message with these parents goes; `None` if one is not here.
    pub(super) fn position(
        &self,
        id: &MessageId,
        parents: impl Iterator<Item = MessageId>,
    ) -> Option<Position> {
        let mut depth = 0_u32;
        let mut indices = Parents::new();
        for parent in parents {
            let index = *self.index.get(&Indexed(parent))?;
            depth = depth.max(self.nodes.get(wide(index))?.key.depth.checked_add(1)?);
            indices.push(index);
        }
        Some(Position {
            key: Key { depth, id: *id },
            parents: indices,
        })
    }

    /// The parents of a message.
    pub(super) fn parents_of(&self, id: &MessageId) -> impl Iterator<Item = MessageId> {
        let node = self.get(id).into_iter();
        let parents = node.flat_map(|node| node.parents.iter().copied());
        parents.filter_map(|parent| self.node(wide(parent)).map(|node| node.key.id))
    }

    /// The last of a message's parents.
    pub(super) fn last_parent(&self, position: &Position) -> Option<&Node> {
        self.nodes.get(wide(*position.parents.last()?))
    }

    /// Adds a message, and returns its index.
    pub(super) fn insert(
        &mut self,
        position: Position,
        (author, seq): (MemberIndex, u32),
        packet: SealedPacket,
        warrant: Warrant,
    ) -> usize {
        let Position { key, parents } = position;
        let index = self.nodes.len();
        // An author has 2^32 places; memory ends long before all authors together have as many.
        let narrow = u32::try_from(index).unwrap_or(u32::MAX);
        if seq > 0
            && let Some(before) = parents
                .last()
                .and_then(|last| self.nodes.get_mut(wide(*last)))
            && before.warrant.links() > warrant.links()
        {
            before.voucher = Some(narrow);
        }
        for parent in &parents {
            if let Some(node) = self.nodes.get(wide(*parent)) {
                self.heads.remove(&node.key.id);
            }
        }
        self.index.insert(Indexed(key.id), narrow);
        self.heads.insert(key.id);
        self.nodes.push(Node {
            key,
            author,
            seq,
            parents,
            covered: MemberSet::default(),
            packet: Some(packet),
            warrant,
            voucher: None,
        });
        index
    }

    /// Notes that a member has signed something that names the messages of these indices: it covers them and all before
    /// them. `newly` becomes the indices of those that it did not cover before.
    pub(super) fn cover(
        &mut self,
        member: MemberIndex,
        indices: impl Iterator<Item = usize>,
        newly: &mut Vec<usize>,
    ) {
        // What a member covers is closed under parents: nothing new lies behind what is not new.
        newly.clear();
        for index in indices {
            if self.is_news(member, index) {
                newly.push(index);
            }
        }
        let mut looked_at = 0_usize;
        while let Some(index) = newly.get(looked_at).copied() {
            looked_at = looked_at.saturating_add(1);
            let mut at = 0_usize;
            while let Some(parent) = self.parent(index, at) {
                at = at.saturating_add(1);
                if self.is_news(member, parent) {
                    newly.push(parent);
                }
            }
        }
    }

    /// A parent of a message.
    fn parent(&self, index: usize, at: usize) -> Option<usize> {
        let parents = &self.nodes.get(index)?.parents;
        parents.get(at).copied().map(wide)
    }

    /// Notes that a member covers a message, and says whether it did not before.
    fn is_news(&mut self, member: MemberIndex, index: usize) -> bool {
        let node = self.nodes.get_mut(index);
        node.is_some_and(|node| node.covered.insert(member))
    }

    /// Whether of the parents of a message none comes before another.
    pub(super) fn are_heads(&self, position: &Position) -> bool {
        let named: BTreeSet<u32> = position.parents.iter().copied().collect();
        let Some(lowest) = named.first().copied() else {
            return true;
        };
        let before = |index: u32| {
            let node = self.nodes.get(wide(index));
            node.into_iter()
                .flat_map(|node| node.parents.iter().copied())
        };
        let mut stack: Vec<u32> = named.iter().flat_map(|index| before(*index)).collect();
        let mut seen = BTreeSet::new();
        while let Some(index) = stack.pop() {
            if named.contains(&index) {
                return false;
            }
            // Parents have lower indices: nothing that is named lies behind a message below the lowest.
            if index > lowest && seen.insert(index) {
                stack.extend(before(index));
            }
        }
        true
    }

    /// Whether all `earlier` messages are among the `later` ones or before them.
    pub(super) fn all_before(
        &self,
        earlier: &[MessageId],
        later: impl Iterator<Item = MessageId>,
    ) -> bool {
        let mut wanted: BTreeSet<usize> = BTreeSet::new();
        for id in earlier {
            let Some(index) = self.index_of(id) else {
                return false;
            };
            wanted.insert(index);
        }
        let mut stack: Vec<usize> = later.filter_map(|id| self.index_of(&id)).collect();
        let mut seen = BTreeSet::new();
        while let (Some(lowest), Some(index)) = (wanted.first().copied(), stack.pop()) {
            // Parents have lower indices: nothing wanted lies behind a message below the lowest.
            if index < lowest || !seen.insert(index) {
                continue;
            }
            wanted.remove(&index);
            if let Some(node) = self.nodes.get(index) {
                stack.extend(node.parents.iter().copied().map(wide));
            }
        }
        wanted.is_empty()
    }
}

fn wide(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
