//! The order of an epoch that a light run ends: what its CUT says, and what each computes. `docs/spec/14-light-runs.md`, "CUT".
//!
//! ```text
//! own order = what is ordered, then by key all that is delivered and all that the cut names: no place is given away twice
//! base      = the longest prefix that anyone has signed; everything that is stated is a prefix of the own order
//! ```
//!
//! What a cut names is held until it is shown, and asked for where it is missing: so a question about a cut is not without
//! effect.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, Digest32};
use mpotr_gka::light::{Closing, Order, Prefix, Standing};

use crate::epoch::consensus::Consensus;
use crate::epoch::delivery::Delivery;
use crate::epoch::holding::Place;
use crate::epoch::opener::Opener;
use crate::epoch::order::Key;
use crate::wire::{Lock, MessageId};

pub(super) const fn digest_of(id: &MessageId) -> Digest32 {
    Digest32::new(*id.as_bytes())
}

pub(super) const fn id_of(digest: &Digest32) -> MessageId {
    MessageId::new(*digest.as_bytes())
}

pub(super) const fn prefix_of(lock: &Lock) -> Prefix {
    Prefix {
        count: lock.count,
        digest: lock.digest,
    }
}

/// The order, and what is at hand of a cut.
pub(super) struct CutOrder<'a, S: CryptoSuite> {
    consensus: &'a Consensus,
    at_hand: RefCell<AtHand<'a, S>>,
}

struct AtHand<'a, S: CryptoSuite> {
    delivery: &'a mut Delivery,
    opener: &'a mut Opener<S>,
    /// The cut that was looked for last, if the whole of it is here.
    found: Option<Found>,
}

/// The last messages of a cut, and what is held of it and not delivered.
struct Found {
    heads: BTreeSet<MessageId>,
    held: BTreeMap<MessageId, Place>,
}

impl<S: CryptoSuite> AtHand<'_, S> {
    /// Looks for the cut that these lead to; whether all of it is here.
    fn find(&mut self, names: BTreeSet<MessageId>) -> bool {
        if self.found.as_ref().is_some_and(|it| it.heads == names) {
            return true;
        }
        self.found = None;
        if !self.delivery.is_frozen() {
            return false;
        }
        self.delivery.open_cut(names.clone());
        if !self.delivery.has_named() {
            return false;
        }
        let held = self.delivery.held_before(names, self.opener);
        self.found = held.map(|held| Found {
            heads: self.delivery.heads_with(&held),
            held: held.into_iter().map(|it| (it.key.id, it)).collect(),
        });
        self.found.is_some()
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        let held = self.found.iter().flat_map(|found| found.held.values());
        held.map(|place| place.key)
    }

    fn depth(&self, id: &MessageId) -> Option<u32> {
        let delivered = self.delivery.graph.get(id).map(|node| node.key.depth);
        let held = self.found.as_ref().and_then(|found| found.held.get(id));
        delivered.or_else(|| held.map(|place| place.key.depth))
    }

    /// Whether all of these are among some messages, or before them.
    fn lead_to(&self, heads: BTreeSet<MessageId>, mut wanted: BTreeSet<MessageId>) -> bool {
        let lowest = wanted.iter().map(|id| self.depth(id)).min().flatten();
        let mut seen = heads.clone();
        let mut stack: Vec<_> = heads.into_iter().collect();
        while let Some(id) = stack.pop() {
            wanted.remove(&id);
            // Nothing that is wanted lies behind a message that is no deeper than any of it.
            if !wanted.is_empty() && self.depth(&id) > lowest {
                let parents = self.delivery.parents_of(&id).into_iter();
                stack.extend(parents.filter(|parent| seen.insert(*parent)));
            }
        }
        wanted.is_empty()
    }
}

impl<'a, S: CryptoSuite> CutOrder<'a, S> {
    pub(super) const fn new(
        delivery: &'a mut Delivery,
        consensus: &'a Consensus,
        opener: &'a mut Opener<S>,
    ) -> Self {
        let at_hand = RefCell::new(AtHand {
            delivery,
            opener,
            found: None,
        });
        Self { consensus, at_hand }
    }

    fn find(&self, ids: impl Iterator<Item = MessageId>) -> bool {
        self.at_hand.borrow_mut().find(ids.collect())
    }

    /// The whole order of the cut that was found, the first messages of it being these.
    fn closed_from(&self, base: &Prefix) -> Prefix {
        let at_hand = self.at_hand.borrow();
        let order = &self.consensus.order;
        prefix_of(&order.closed::<S>(base.count, at_hand.keys()))
    }
}

impl<S: CryptoSuite> Order for CutOrder<'_, S> {
    fn close(&self, standings: &[&Standing]) -> Option<Closing> {
        let frontiers = standings.iter().flat_map(|it| &it.frontier);
        if !self.find(frontiers.map(id_of)) {
            return None;
        }
        let mut stated = standings.iter().flat_map(|it| [it.lock, it.last_final]);
        if !stated.all(|prefix| self.agrees(&prefix)) {
            return None;
        }
        let locks = standings.iter().map(|it| it.lock);
        let base = locks.max_by_key(|lock| lock.count)?;
        let at_hand = self.at_hand.borrow();
        let heads = &at_hand.found.as_ref()?.heads;
        Some(Closing {
            heads: heads.iter().map(digest_of).collect(),
            base,
            closed: self.closed_from(&base),
        })
    }

    fn holds(&self, heads: &[Digest32]) -> bool {
        self.find(heads.iter().map(id_of))
    }

    fn covers(&self, heads: &[Digest32], frontier: &[Digest32]) -> bool {
        let [heads, frontier] = [heads, frontier].map(|ids| ids.iter().map(id_of).collect());
        self.at_hand.borrow().lead_to(heads, frontier)
    }

    fn agrees(&self, prefix: &Prefix) -> bool {
        let at_hand = self.at_hand.borrow();
        let order = &self.consensus.order;
        let own = order.prefix_with::<S>(prefix.count, at_hand.keys());
        own.is_some_and(|own| prefix_of(&own) == *prefix)
    }

    fn closed(&self, base: &Prefix, heads: &[Digest32]) -> Option<Prefix> {
        self.holds(heads).then(|| self.closed_from(base))
    }
}
