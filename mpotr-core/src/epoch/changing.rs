//! How an epoch ends: what its members bring along into the next. `docs/spec/05-wire.md`, "Cut".
//!
//! A member that contributes to the run of the next epoch *freezes*: it writes and delivers nothing more here, and states
//! what it has seen. The *cut* is all that anyone who takes part had seen. Each holds the whole cut, confirms with the digest
//! of its heads, and installs when everyone has confirmed the same. Only then it delivers the cut, and nothing beyond it: all
//! who move on together have delivered the same messages.
//!
//! A run that was confirmed may be the one that is installed in the end, whatever is confirmed after it. So from the first
//! confirmation on nothing more is delivered, ordered or signed here, in whatever view.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, Digest32, IdentityKey};
use mpotr_gka::{MemberIndex, Sid};

use super::fitting::Fit;
use super::holding::{Gate, Place};
use super::unfinal::Unfinal;
use super::{Epoch, Peer};
use crate::wire::{Lock, MAX_CONFIRMED, MessageId, cut_digest};

/// What a member brings along into a run that it contributed to.
#[derive(Debug)]
pub(super) struct Frozen {
    pub(super) run: Sid,
    pub(super) frontier: Vec<MessageId>,
    /// What was final for it.
    pub(super) lock: Lock,
}

/// The cut of a run, held whole.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) run: Sid,
    /// Its last messages.
    pub(super) heads: BTreeSet<MessageId>,
    /// The part of the order that stays as it is.
    pub(super) base: u32,
    pub(super) digest: Digest32,
}

impl<S: CryptoSuite> Epoch<S> {
    /// Stops writing and delivering: this member contributes to a run. It brings along what it has seen, and the cut that it
    /// held when it confirmed another run: whatever it installs, that is shown.
    pub(crate) fn freeze(&mut self, run: Sid) {
        let heads = match self.cuts.first() {
            Some(cut) => &cut.heads,
            None => self.delivery.graph.heads(),
        };
        let frontier = heads.iter().copied().collect();
        let lock = self.final_lock();
        self.delivery.gate = Gate::Frozen;
        self.delivery.holdback.set_frozen(true);
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

    /// Whether this member has frozen for a run, and has not left that.
    pub(super) fn has_frozen_for(&self, run: Sid) -> bool {
        let me = self.delivery.authors.get(self.me);
        let frozen = me.and_then(|me| me.frozen.as_ref());
        frozen.is_some_and(|frozen| frozen.run == run)
    }

    /// The run did not lead to an epoch. Messages are delivered again, unless this member has confirmed one that follows this
    /// epoch: it may yet install that, with what it has delivered until then and the cut, and no more.
    pub(crate) fn thaw(&mut self, has_confirmed: bool) {
        if let Some(me) = self.delivery.authors.get_mut(self.me) {
            me.frozen = None;
        }
        if let Some(me) = self.own() {
            me.next.get_or_insert_default().frozen = None;
        }
        if has_confirmed {
            self.delivery.gate = Gate::Frozen;
            let said = self.peers.get(self.me).and_then(|me| me.next.as_ref());
            let confirmed = said.map_or(&[][..], |next| &next.confirmed);
            let is_confirmed = |cut: &Cut| confirmed.contains(&(cut.run, cut.digest));
            self.cuts.retain(is_confirmed);
        } else {
            self.open_gate();
        }
    }

    /// This member installs no run that follows this epoch: what it held is delivered like all else.
    pub(crate) fn open_gate(&mut self) {
        self.cuts.clear();
        self.delivery.gate = Gate::Open;
        self.delivery.holdback.set_frozen(false);
        self.delivery.holdback.unpin_all();
        self.deliver_ready();
        self.advance();
        self.delivery.trim();
    }

    /// The digest of the cut of a run, when all members that take part have frozen for it and the whole cut is held here.
    /// `continuing` are those members, this one among them.
    pub(crate) fn cut(&mut self, run: Sid, continuing: &[MemberIndex]) -> Option<Digest32> {
        if let Some(digest) = self.cut_digest(run) {
            return Some(digest);
        }
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
        if !self.is_frozen() {
            return None;
        }
        self.delivery.open_cut(names.clone());
        if !self.delivery.has_named() {
            return None;
        }
        let held = self.delivery.held_before(names, &mut self.opener)?;
        let heads = self.delivery.heads_with(&held);
        let keys = held.iter().map(|place| place.key);
        let order = self.consensus.order.closed::<S>(base, keys);
        let digest = cut_digest::<S>(&run, heads.iter(), &order);
        self.keep_cut(Cut {
            run,
            heads,
            base,
            digest,
        });
        Some(digest)
    }

    /// Keeps the cut of a run that is held whole.
    pub(super) fn keep_cut(&mut self, cut: Cut) {
        self.cuts.truncate(MAX_CONFIRMED.saturating_sub(1));
        self.cuts.insert(0, cut);
    }

    /// Delivers the cut of a run that is installed, all that it names and nothing else.
    pub(crate) fn show_cut(&mut self, run: Sid) {
        let cut = self.cuts.iter().find(|cut| cut.run == run);
        let held = cut.and_then(|cut| self.delivery.order_before(cut.heads.iter().copied()));
        for place in held.into_iter().flatten() {
            self.show(place);
        }
        self.apply_waiting();
    }

    /// Whether all of a cut is delivered here.
    fn has_shown(&self, cut: &Cut) -> bool {
        let graph = &self.delivery.graph;
        cut.heads.iter().all(|head| graph.contains(head))
    }

    /// Delivers a message of the cut. Others build upon it, so that it is delivered whatever else its author has said.
    fn show(&mut self, Place { key, author, seq }: Place) {
        let Some(held) = self.delivery.holdback.take(author, seq, key.id) else {
            return;
        };
        let order = &self.consensus.order;
        if let Fit::Contradicts = self.delivery.fit(author, &key.id, &held.content, order) {
            self.delivery.distrust(author, &mut self.effects);
        }
        let position = self
            .delivery
            .graph
            .position(&key.id, held.content.ancestors());
        if let Some(position) = position {
            self.deliver(author, position, held);
        }
    }

    /// The digest of the cut of a run, if the whole of it is held here.
    pub(crate) fn cut_digest(&self, run: Sid) -> Option<Digest32> {
        let cut = self.cuts.iter().find(|cut| cut.run == run);
        cut.map(|cut| cut.digest)
    }

    /// The epoch that follows is installed: the whole cut is delivered and final, no message is sealed or opened from
    /// now on, and all keys but those for statements are erased. An epoch of others that this member goes over to has
    /// no cut of this one: nobody else has signed what is not final here, and so it stays. Says whether there was a
    /// cut, and all of it is shown: of another nothing is final.
    pub(crate) fn retire(&mut self, successor: Sid) -> bool {
        self.show_cut(successor);
        let cut = self.cuts.iter().find(|cut| cut.run == successor);
        let base = cut.filter(|cut| self.has_shown(cut)).map(|cut| cut.base);
        if let Some(base) = base {
            self.consensus.order.close::<S>(base);
            let lock = self.consensus.order.lock();
            if lock.count > self.final_lock().count {
                self.finalise(lock);
            }
        }
        self.erase_messages();
        self.retired = true;
        self.continuation = None;
        if let Some(next) = self.own_next() {
            next.installed = Some(successor);
        }
        base.is_some()
    }

    /// This epoch is too old: no message is written or opened in it from now on, whether or not it is final. Statements count
    /// on, so that its members agree on what follows. What is in a cut that this member may have confirmed is open already,
    /// and stays: those who install that show all of it.
    pub(crate) fn expire(&mut self) {
        self.erase_messages();
        if self.cuts.is_empty() {
            self.delivery.holdback.unpin_all();
        }
        self.delivery.holdback.clear();
    }

    /// Erases what opens messages, final or not, and drops their packets.
    fn erase_messages(&mut self) {
        self.sealer.close_content();
        self.opener.close_content();
        self.delivery.graph.drop_packets();
        self.delivery.unfinal = Unfinal::new(self.peers.members());
        self.receipts.clear();
    }

    /// Own messages that members have not covered, and these members, but for those who have confirmed the run that follows
    /// with the cut that is here: they hold it.
    pub(crate) fn awaited(&self, successor: Option<Sid>) -> BTreeMap<u32, Vec<IdentityKey>> {
        let cut = successor.and_then(|run| Some((run, self.cut_digest(run)?)));
        let has_cut = |peer: &Peer| {
            let next = peer.next.as_ref();
            next.zip(cut)
                .is_some_and(|(next, cut)| next.confirmed.contains(&cut))
        };
        let missing = self.receipts.missing(self.peers.members());
        let awaited = missing.map(|(seq, members)| {
            let peers = members.into_iter().filter_map(|it| self.peers.get(it));
            let without = peers.filter(|peer| !has_cut(peer));
            (seq, without.map(|peer| peer.identity).collect())
        });
        awaited.collect()
    }

    /// Own messages that members have not covered who hold them in the cut of the run that follows, and these members: they
    /// show them when they install it, unless they have said that they did.
    pub(crate) fn crossing(&self, successor: Sid) -> BTreeMap<u32, BTreeSet<IdentityKey>> {
        let Some(digest) = self.cut_digest(successor) else {
            return BTreeMap::new();
        };
        let holds = |peer: &&Peer| {
            let next = peer.next.as_ref();
            next.is_some_and(|next| {
                next.confirmed.contains(&(successor, digest)) && next.installed != Some(successor)
            })
        };
        let missing = self.receipts.missing(self.peers.members());
        let crossing = missing.map(|(seq, members)| {
            let peers = members.into_iter().filter_map(|it| self.peers.get(it));
            let holding: BTreeSet<_> = peers.filter(holds).map(|peer| peer.identity).collect();
            (seq, holding)
        });
        crossing
            .filter(|(_, members)| !members.is_empty())
            .collect()
    }

    /// The members that have said in this epoch that they installed the one that follows it here.
    pub(crate) fn followers(&self) -> impl Iterator<Item = IdentityKey> {
        let next = |peer: &Peer| peer.next.as_ref().and_then(|next| next.installed);
        let own = self.peers.get(self.me).and_then(next);
        let others = self
            .others()
            .filter(move |peer| own.is_some() && next(peer) == own);
        others.map(|peer| peer.identity)
    }
}
