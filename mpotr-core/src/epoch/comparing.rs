//! Where another order begins to differ from the one here. `docs/spec/05-wire.md`, "Order".
//!
//! Locks show *that* orders differ. Below the longest lock of the other member that fitted they do not, so it is asked for its
//! ids from there on, at most 64 at a time, until one is another than here.

use std::collections::VecDeque;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::Effect;
use super::consensus::{Consensus, OrderView};
use crate::wire::{Listing, MAX_LISTED, Question};

impl Consensus {
    /// Whether this member has a part of its order to list, or one of another's to ask for.
    pub(super) const fn owes_comparison(&self) -> bool {
        self.list_from.is_some() || self.ask_order
    }

    /// What to ask the first member whose order differs in a place that is not known.
    pub(super) fn question(&mut self) -> Option<Question> {
        self.ask_order = false;
        let mut members = self.peers.iter();
        members.find_map(|(member, peer)| {
            let from = peer.differs_after()?;
            let member = member.get();
            Some(Question { member, from })
        })
    }

    /// A statement has listed what another member asked for.
    pub(super) const fn listed(&mut self) {
        self.list_from = None;
    }

    /// The part of the own order that another member asked for.
    pub(super) fn listing(&self) -> Option<Listing> {
        let from = self.list_from?;
        let place = usize::try_from(from).ok()?;
        let ids: Vec<_> = self
            .order
            .ids_from(place)
            .take(MAX_LISTED)
            .copied()
            .collect();
        (!ids.is_empty()).then_some(Listing { from, ids })
    }

    /// Another member asks for a part of an order. Who asks this member has found that the two differ, which this one
    /// cannot see as long as its order is the shorter one: it asks back.
    pub(super) fn hear_question(&mut self, member: MemberIndex, question: Option<Question>) {
        let Some(question) =
            question.filter(|question| MemberIndex::new(question.member) == self.me())
        else {
            return;
        };
        if question.from < self.order.lock().count {
            self.list_from = Some(question.from);
        }
        if let Some(peer) = self.peers.get_mut(member).filter(|peer| !peer.has_asked) {
            peer.has_asked = true;
            self.ask_order = true;
        }
    }

    /// A member lists a part of its order: looks for the first difference.
    pub(super) fn hear_listing<S: CryptoSuite>(
        &mut self,
        member: MemberIndex,
        listing: Option<&Listing>,
        effects: &mut VecDeque<Effect>,
    ) {
        let Some((listing, peer)) = listing.zip(self.peers.get_mut(member)) else {
            return;
        };
        let signed = peer.locks.longest();
        if peer.differs_after() != Some(listing.from) {
            return;
        }
        let Some(mut lock) = self.order.prefix(listing.from) else {
            return;
        };
        let place = usize::try_from(listing.from).unwrap_or(usize::MAX);
        let mut here = self.order.ids_from(place);
        let mut difference = None;
        for there in &listing.ids {
            let own = here.next();
            // Where nothing is ordered here yet, nothing differs.
            if difference.is_none() && own.is_some_and(|own| own != there) {
                difference = own.map(|own| (lock.count, *own, *there));
            }
            lock = lock.then::<S>(there);
            // As far as the list reaches to what the member signed, it must lead there.
            if lock.count == signed.count && lock != signed {
                return;
            }
        }
        match difference {
            Some((place, here, there)) => {
                let was_forked = peer.is_forked();
                peer.order = OrderView::Compared;
                if !was_forked {
                    let lock = signed;
                    effects.push_back(Effect::Fork { member, lock });
                }
                effects.push_back(Effect::Difference {
                    member,
                    place,
                    here,
                    there,
                });
            }
            None if lock.count > listing.from && lock.count < signed.count => {
                peer.agree(lock.count);
                self.ask_order = true;
            }
            None => {}
        }
    }
}
