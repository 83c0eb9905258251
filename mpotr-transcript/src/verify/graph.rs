//! What comes before what: the messages of an epoch with their depths, and who covers what.
//! `docs/spec/05-wire.md`, "Graph".
//!
//! Written anew and not taken from the room, so that a transcript is checked against the specification and not against the
//! program that wrote it.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_core::MessageId;

/// A message in the graph.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: MessageId,
    pub(super) author: u16,
    pub(super) depth: u32,
    /// By index; every parent has a lower one.
    parents: Vec<usize>,
    /// Who signed that it had seen the message.
    covered: BTreeSet<u16>,
}

impl Node {
    /// Whether a member signed that it had seen the message.
    pub(super) fn is_covered_by(&self, member: u16) -> bool {
        self.covered.contains(&member)
    }
}

/// The messages of an epoch, in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    index: BTreeMap<MessageId, usize>,
    heads: BTreeSet<MessageId>,
}

impl Graph {
    pub(super) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn index(&self, id: &MessageId) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// The messages that are parent of none.
    pub(super) const fn heads(&self) -> &BTreeSet<MessageId> {
        &self.heads
    }

    /// Adds a message after those of its parents that are here.
    pub(super) fn insert(&mut self, id: MessageId, author: u16, parents: &[MessageId]) {
        let parents: Vec<_> = parents
            .iter()
            .filter_map(|parent| {
                self.heads.remove(parent);
                self.index(parent)
            })
            .collect();
        let depths = parents.iter().filter_map(|parent| self.node(*parent));
        let depth = depths
            .map(|parent| parent.depth.saturating_add(1))
            .max()
            .unwrap_or(0);
        self.index.insert(id, self.nodes.len());
        self.heads.insert(id);
        self.nodes.push(Node {
            id,
            author,
            depth,
            parents,
            covered: BTreeSet::new(),
        });
    }

    /// The heads of a part of the graph that has all that comes before it, by index.
    pub(super) fn heads_among(&self, part: &[usize]) -> Vec<MessageId> {
        let nodes = || part.iter().filter_map(|index| self.node(*index));
        let inner: BTreeSet<usize> = nodes().flat_map(|node| &node.parents).copied().collect();
        let heads = part.iter().filter(|index| !inner.contains(index));
        let heads = heads.filter_map(|index| self.node(*index));
        heads.map(|node| node.id).collect()
    }

    /// A member signed that it had seen these messages, and so all before them.
    pub(super) fn cover(&mut self, member: u16, ids: &[MessageId]) {
        let mut stack: Vec<_> = ids.iter().filter_map(|id| self.index(id)).collect();
        while let Some(index) = stack.pop() {
            if let Some(node) = self.nodes.get_mut(index)
                && node.covered.insert(member)
            {
                stack.extend_from_slice(&node.parents);
            }
        }
    }

    /// Whether all `earlier` messages are among the `later` ones or before them.
    pub(super) fn all_before(&self, earlier: &[MessageId], later: &[MessageId]) -> bool {
        let mut wanted: BTreeSet<_> = earlier.iter().filter_map(|id| self.index(id)).collect();
        let mut stack: Vec<_> = later.iter().filter_map(|id| self.index(id)).collect();
        let mut seen = BTreeSet::new();
        while let (Some(lowest), Some(index)) = (wanted.first().copied(), stack.pop()) {
            // Parents have lower indices: nothing wanted lies behind a message below the lowest.
            if index < lowest || !seen.insert(index) {
                continue;
            }
            wanted.remove(&index);
            if let Some(node) = self.node(index) {
                stack.extend_from_slice(&node.parents);
            }
        }
        wanted.is_empty()
    }
}
