//! How an epoch ends: what its members bring along into the next. `docs/spec/05-wire.md`, "Cut".
//!
//! A member that contributes to the run of the next epoch *freezes*: it writes and delivers nothing more here, and states
//! what it has seen. The *cut* is all that anyone who takes part had seen. Each delivers the whole cut and nothing beyond
//! it, confirms with the digest of its heads, and installs when everyone has confirmed the same: all who move on together
//! have delivered the same messages.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, Digest32, IdentityKey};
use mpotr_gka::Sid;

use super::unfinal::Unfinal;
use super::{Epoch, Peer};
use crate::wire::{Lock, MessageId, cut_digest};

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

/// What a member had seen when it contributed to a run.
#[derive(Debug)]
pub(super) struct Frozen {
    pub(super) run: Sid,
    pub(super) frontier: Vec<MessageId>,
    /// What was final for it.
    pub(super) lock: Lock,
}

/// The cut of a run, whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    run: Sid,
    /// Messages delivered: with any more, it is the cut no longer.
    delivered: usize,
    /// The part of the order that stays as it is.
    base: u32,
    digest: Digest32,
}

/// The most cuts that are remembered: that of the run confirmed last, and of the one under way.
const MAX_CUTS: usize = 4;

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
    /// Stops writing and delivering: this member contributes to a run.
    pub(crate) fn freeze(&mut self, run: Sid) {
        let frontier = self.delivery.graph.heads().iter().copied().collect();
        let lock = self.final_lock();
        self.delivery.gate = Gate::Frozen;
        self.delivery.asked.clear();
        if let Some(me) = self.delivery.authors.get_mut(self.me) {
            me.frozen = Some(Frozen {
                run,
                frontier,
                lock,
            });
        }
        if let Some(me) = self.own() {
            me.next.get_or_insert_default().frozen = Some((run, lock));
        }
    }

    /// The run did not lead to an epoch. Messages are delivered again, unless this member has confirmed that run: it may
    /// yet install it, with what it has delivered until then and no more.
    pub(crate) fn thaw(&mut self, has_confirmed: bool) {
        self.delivery.gate = if has_confirmed {
            Gate::Frozen
        } else {
            Gate::Open
        };
        if let Some(me) = self.delivery.authors.get_mut(self.me) {
            me.frozen = None;
        }
        if let Some(me) = self.own() {
            me.next.get_or_insert_default().frozen = None;
        }
        self.deliver_ready();
        self.advance();
    }

    /// The digest of the cut of a run, when all members that take part have frozen for it and the whole cut is delivered
    /// here. `continuing` are those members, this one among them.
    pub(crate) fn cut(&mut self, run: Sid, continuing: &[usize]) -> Option<Digest32> {
        let mut names = BTreeSet::new();
        let mut base = self.final_lock().count;
        for member in continuing {
            let frozen = self.delivery.authors.get(*member)?.frozen.as_ref()?;
            if frozen.run != run {
                return None;
            }
            names.extend(frozen.frontier.iter().copied());
            // What is final for an honest member is in the order here: this member has signed it. The rest is a lie.
            if self.consensus.order.prefix(frozen.lock.count) == Some(frozen.lock) {
                base = base.max(frozen.lock.count);
            }
        }
        match &mut self.delivery.gate {
            Gate::Open => return None,
            Gate::Frozen => self.delivery.gate = Gate::Cut(names.clone()),
            Gate::Cut(ids) => ids.extend(names.iter().copied()),
        }
        self.deliver_ready();
        self.advance();
        if !names.iter().all(|id| self.delivery.graph.contains(id)) {
            return None;
        }
        if let Some(digest) = self.cut_digest(run) {
            return Some(digest);
        }
        let digest = self.digest_of_cut(run, &self.consensus.order.closed::<S>(base));
        let delivered = self.delivery.graph.len();
        self.cuts.retain(|cut| cut.delivered == delivered);
        self.cuts.truncate(MAX_CUTS.saturating_sub(1));
        self.cuts.insert(
            0,
            Cut {
                run,
                delivered,
                base,
                digest,
            },
        );
        Some(digest)
    }

    fn digest_of_cut(&self, run: Sid, order: &Lock) -> Digest32 {
        cut_digest::<S>(&run, self.delivery.graph.heads().iter(), order)
    }

    fn cut_of(&self, run: Sid) -> Option<&Cut> {
        self.cuts
            .iter()
            .find(|cut| cut.run == run && cut.delivered == self.delivery.graph.len())
    }

    /// The digest of the cut of a run, if the whole of it and nothing else is delivered here.
    pub(crate) fn cut_digest(&self, run: Sid) -> Option<Digest32> {
        self.cut_of(run).map(|cut| cut.digest)
    }

    /// The epoch that follows is installed: the whole cut is final, no message is sealed or opened any more, and all
    /// keys but those for statements are erased. An epoch of others that this member goes over to has no cut of this one:
    /// nobody else has signed what is not final here, and so it stays. Says whether there was a cut.
    pub(crate) fn retire(&mut self, successor: Sid) -> bool {
        let base = self.cut_of(successor).map(|cut| cut.base);
        if let Some(base) = base {
            self.consensus.order.close::<S>(base);
            let lock = self.consensus.order.lock();
            if lock.count > self.final_lock().count {
                self.finalise(lock);
            }
        }
        self.erase_messages();
        self.retired = true;
        if let Some(next) = self.own_next() {
            next.installed = Some(successor);
        }
        base.is_some()
    }

    /// This epoch is too old: no message is written or opened in it any more, whether or not it is final. Statements count
    /// on, so that its members agree on what follows.
    pub(crate) fn expire(&mut self) {
        self.erase_messages();
        self.delivery.holdback.clear();
    }

    /// Erases what opens messages, final or not, and drops their packets.
    fn erase_messages(&mut self) {
        self.sealer.close_content();
        self.opener.close_content();
        self.delivery.graph.drop_packets();
        self.delivery.unfinal = Unfinal::new(self.peers.len());
        self.receipts.clear();
    }

    /// Own messages that members have not covered, and these members, but for those who have confirmed the run that follows
    /// with the cut that is here: they have delivered it.
    pub(crate) fn awaited(&self, successor: Option<Sid>) -> BTreeMap<u32, Vec<IdentityKey>> {
        let cut = successor.and_then(|run| Some((run, self.cut_digest(run)?)));
        let has_cut = |peer: &Peer| {
            let next = peer.next.as_ref();
            next.zip(cut)
                .is_some_and(|(next, cut)| next.confirmed.contains(&cut))
        };
        let missing = self.receipts.missing(self.peers.len());
        let awaited = missing.map(|(seq, members)| {
            let peers = members.into_iter().filter_map(|it| self.peers.get(it));
            let without = peers.filter(|peer| !has_cut(peer));
            (seq, without.map(|peer| peer.identity).collect())
        });
        awaited.collect()
    }
}
