//! How an epoch ends: what its members bring along into the next. `docs/spec/05-wire.md`, "Cut".
//!
//! A member that contributes to the run of the next epoch *freezes*: it writes and delivers nothing more here, and states
//! what it has seen. The *cut* is all that anyone who takes part had seen. Each delivers the whole cut and nothing beyond
//! it, confirms with the digest of its heads, and installs when everyone has confirmed the same: all who move on together
//! have delivered the same messages.

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, Digest32, Transcript, label};
use mpotr_gka::Sid;

use super::Epoch;
use crate::wire::{MAX_WANTED, MessageId, Next};

/// Which messages are delivered.
#[derive(Debug)]
pub(super) enum Gate {
    /// All.
    Open,
    /// None: this member has contributed, and the cut is not known.
    Frozen,
    /// Those of the cut, as far as they are known by name.
    Cut(BTreeSet<MessageId>),
}

impl Gate {
    pub(super) fn admits(&self, id: &MessageId) -> bool {
        match self {
            Self::Open => true,
            Self::Frozen => false,
            Self::Cut(ids) => ids.contains(id),
        }
    }
}

impl<S: CryptoSuite> Epoch<S> {
    /// What a member said last about the epoch that follows.
    pub(crate) fn next_of(&self, member: usize) -> Option<&Next> {
        self.peers.get(member)?.next.as_ref()
    }

    /// What this member says about the epoch that follows, to be changed and then stated.
    pub(crate) fn own_next(&mut self) -> Option<&mut Next> {
        Some(self.own()?.next.get_or_insert_default())
    }

    /// Whether a member still takes part: it has neither sent its last message nor closed.
    pub(crate) fn is_present(&self, member: usize) -> bool {
        self.peers
            .get(member)
            .is_some_and(|peer| !peer.fin && !peer.closed)
    }

    /// Members of the roster.
    pub(crate) const fn members(&self) -> usize {
        self.peers.len()
    }

    /// Whether a member has closed.
    pub(crate) fn is_closed(&self, member: usize) -> bool {
        self.peers.get(member).is_some_and(|peer| peer.closed)
    }

    /// Whether nothing may be written for the time being.
    pub(crate) const fn is_frozen(&self) -> bool {
        !matches!(self.gate, Gate::Open)
    }

    /// Stops writing and delivering: this member contributes to a run.
    pub(crate) fn freeze(&mut self, run: Sid) {
        let frontier = self.graph.heads().iter().copied().collect();
        self.gate = Gate::Frozen;
        if let Some(me) = self.own() {
            me.frozen = Some((run, frontier));
            me.next.get_or_insert_default().frozen = Some(run);
        }
    }

    /// The run did not lead to an epoch. Messages are delivered again, unless this member has confirmed that run: it may
    /// yet install it, with what it has delivered until then and no more.
    pub(crate) fn thaw(&mut self, has_confirmed: bool) {
        self.gate = if has_confirmed {
            Gate::Frozen
        } else {
            Gate::Open
        };
        if let Some(me) = self.own() {
            me.frozen = None;
            me.next.get_or_insert_default().frozen = None;
        }
        self.deliver_ready();
        self.advance();
    }

    /// The digest of the cut of a run, when all members that take part have frozen for it and the whole cut is delivered
    /// here. `continuing` are those members, this one among them.
    pub(crate) fn cut(&mut self, run: Sid, continuing: &[usize]) -> Option<Digest32> {
        let mut names = BTreeSet::new();
        for member in continuing {
            let (frozen, frontier) = self.peers.get(*member)?.frozen.as_ref()?;
            if *frozen != run {
                return None;
            }
            names.extend(frontier.iter().copied());
        }
        match &mut self.gate {
            Gate::Open => return None,
            Gate::Frozen => self.gate = Gate::Cut(names.clone()),
            Gate::Cut(ids) => ids.extend(names.iter().copied()),
        }
        self.deliver_ready();
        self.advance();
        let whole = names.iter().all(|id| self.graph.contains(id));
        whole.then(|| self.cut_digest(run))
    }

    /// The digest of all that is delivered here, as the cut of a run.
    pub(crate) fn cut_digest(&self, run: Sid) -> Digest32 {
        Transcript::<S>::new(label::CUT)
            .bytes(run.as_bytes())
            .list(self.graph.heads().iter())
            .digest()
    }

    /// Names the ancestors of what the cut names, as far as they are at hand.
    pub(super) fn expand_cut(&mut self) {
        let Gate::Cut(ids) = &mut self.gate else {
            return;
        };
        loop {
            let more: Vec<_> = self
                .holdback
                .iter()
                .filter(|held| ids.contains(&held.id))
                .flat_map(|held| held.content.ancestors())
                .filter(|id| !ids.contains(id) && !self.graph.contains(id))
                .collect();
            if more.is_empty() {
                return;
            }
            ids.extend(more);
        }
    }

    /// Messages that others name and that are not at hand.
    pub(super) fn missing(&self) -> Vec<MessageId> {
        let held: BTreeSet<_> = self.holdback.iter().map(|held| held.id).collect();
        let cut = match &self.gate {
            Gate::Cut(ids) => Some(ids),
            Gate::Open | Gate::Frozen => None,
        };
        let waiting = self.peers.iter().filter_map(|peer| peer.waiting.as_ref());
        self.holdback
            .iter()
            .flat_map(|held| held.content.ancestors())
            .chain(waiting.flat_map(|statement| statement.frontier.iter().copied()))
            .chain(cut.into_iter().flatten().copied())
            .filter(|id| !self.graph.contains(id) && !held.contains(id))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .take(MAX_WANTED)
            .collect()
    }

    /// Whether messages are missing that others name.
    pub(crate) fn misses_messages(&self) -> bool {
        !self.missing().is_empty()
    }

    /// The epoch that follows is installed: the whole cut is final, no message is sealed or opened any more, and all
    /// keys but those for statements are erased.
    pub(crate) fn retire(&mut self, successor: Sid) {
        if let Some(greatest) = self.order.greatest() {
            self.order.extend::<S>(greatest);
        }
        let lock = self.order.lock();
        if lock.count > self.final_lock.count {
            self.finalise(lock);
        }
        for peer in &mut self.peers {
            peer.streams.content.close::<S>();
        }
        self.archive.clear();
        self.sent.clear();
        self.retired = true;
        if let Some(next) = self.own_next() {
            next.installed = Some(successor);
        }
    }

    /// Own messages that some member had not covered when the epoch ended, though all who moved on have delivered them.
    pub(crate) fn unacknowledged(&self) -> impl Iterator<Item = u32> {
        self.sent
            .iter()
            .filter(|(_, sent)| !sent.missing.is_empty())
            .map(|(seq, _)| *seq)
    }
}
