//! The graph of an epoch's content messages, and who has seen what of it. `docs/spec/05-wire.md`, "Graph".
//!
//! A message comes after its parents. Its depth is one more than the greatest of theirs, 0 without any; its key in the
//! order is (depth, id). A member *covers* a message if something that it signed names it, or a descendant of it.

use std::collections::{BTreeSet, HashMap};

use super::member_set::MemberSet;
use super::order::Key;
use crate::wire::MessageId;

/// A delivered message.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) key: Key,
    pub(super) author: usize,
    pub(super) seq: u32,
    /// By index; every parent has a lower one.
    parents: Box<[u32]>,
    pub(super) covered: MemberSet,
    /// Its packet, to be sent again, as long as it is not final.
    pub(super) packet: Vec<u8>,
}

/// All delivered messages.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    /// For looking up alone: its order reaches nothing.
    index: HashMap<MessageId, u32>,
    heads: BTreeSet<MessageId>,
}

impl Graph {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The index of a message.
    pub(super) fn index_of(&self, id: &MessageId) -> Option<usize> {
        self.index.get(id).copied().map(wide)
    }

    pub(super) fn contains(&self, id: &MessageId) -> bool {
        self.index.contains_key(id)
    }

    pub(super) fn get(&self, id: &MessageId) -> Option<&Node> {
        self.nodes.get(self.index_of(id)?)
    }

    /// The packet of a message that is not final.
    pub(super) fn packet(&self, id: &MessageId) -> Option<&Vec<u8>> {
        let packet = self.get(id).map(|node| &node.packet);
        packet.filter(|packet| !packet.is_empty())
    }

    /// Drops the packet of a message, and tells whose it was.
    pub(super) fn drop_packet(&mut self, id: &MessageId) -> Option<(usize, u32)> {
        let index = self.index_of(id)?;
        let node = self.nodes.get_mut(index)?;
        node.packet = Vec::new();
        Some((node.author, node.seq))
    }

    /// Drops all packets.
    pub(super) fn drop_packets(&mut self) {
        for node in &mut self.nodes {
            node.packet = Vec::new();
        }
    }

    pub(super) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    /// The messages that are parent of none.
    pub(super) const fn heads(&self) -> &BTreeSet<MessageId> {
        &self.heads
    }

    /// The depth of a message with these parents; `None` if one is not here.
    pub(super) fn depth(&self, parents: impl Iterator<Item = MessageId>) -> Option<u32> {
        parents.into_iter().try_fold(0, |depth: u32, parent| {
            Some(depth.max(self.get(&parent)?.key.depth.checked_add(1)?))
        })
    }

    /// Adds a message, whose parents are here, and returns its index.
    pub(super) fn insert(
        &mut self,
        key: Key,
        (author, seq): (usize, u32),
        parents: impl Iterator<Item = MessageId>,
        packet: Vec<u8>,
    ) -> usize {
        let mut indices = Vec::with_capacity(parents.size_hint().0);
        for parent in parents {
            self.heads.remove(&parent);
            indices.extend(self.index.get(&parent).copied());
        }
        let index = self.nodes.len();
        // An author has 2^32 places; memory ends long before all authors together have as many.
        let narrow = u32::try_from(index).unwrap_or(u32::MAX);
        self.index.insert(key.id, narrow);
        self.heads.insert(key.id);
        self.nodes.push(Node {
            key,
            author,
            seq,
            parents: indices.into_boxed_slice(),
            covered: MemberSet::default(),
            packet,
        });
        index
    }

    /// Notes that a member has signed something that names the messages of these indices: it covers them and all before
    /// them. Returns the indices of those that it did not cover before.
    pub(super) fn cover(
        &mut self,
        member: usize,
        indices: impl Iterator<Item = usize>,
    ) -> Vec<usize> {
        // What a member covers is closed under parents: nothing new lies behind what is not new.
        let mut newly: Vec<usize> = Vec::new();
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
        newly
    }

    /// A parent of a message.
    fn parent(&self, index: usize, at: usize) -> Option<usize> {
        let parents = &self.nodes.get(index)?.parents;
        parents.get(at).copied().map(wide)
    }

    /// Notes that a member covers a message, and says whether it did not before.
    fn is_news(&mut self, member: usize, index: usize) -> bool {
        let node = self.nodes.get_mut(index);
        node.is_some_and(|node| node.covered.insert(member))
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
