//! What is known of each message: who has seen it, its place, whether it is final. `docs/spec/06-epochs.md`, "States".

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{MemberIndex, OfferDigest, Sid};

use super::Epoch;
use super::claims::Brought;
use super::delivery::Standing;
use crate::wire::{Lock, MessageId, Next};

/// What is known of a delivered message, members by their index.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) author: MemberIndex,
    pub(crate) seen_by: Vec<MemberIndex>,
    pub(crate) place: Option<u32>,
    pub(crate) is_final: bool,
}

impl<S: CryptoSuite> Epoch<S> {
    /// Whether a member is known to have said two things in one place.
    pub(crate) fn is_exposed(&self, member: MemberIndex) -> bool {
        self.delivery.is_exposed(member)
    }

    /// Whether a member still takes part: it has neither sent its last message nor closed.
    pub(crate) fn is_present(&self, member: MemberIndex) -> bool {
        self.delivery.is_present(member)
    }

    /// Whether a member has said its last word, also where that is held and not delivered, or closes and waits: this member has
    /// frozen, or misses what comes before.
    pub(crate) fn has_said_last_word(&self, member: MemberIndex) -> bool {
        !self.is_present(member)
            || self.delivery.holdback.last_word_of(member).is_some()
            || self.delivery.closes_later(member)
    }

    /// Whether a member has closed.
    pub(crate) fn is_closed(&self, member: MemberIndex) -> bool {
        self.delivery.is_closed(member)
    }

    /// Whether nothing may be written for the time being.
    pub(crate) fn is_frozen(&self) -> bool {
        self.delivery.is_frozen()
    }

    /// Whether messages are missing that others name.
    pub(crate) fn misses_messages(&self) -> bool {
        self.delivery.misses_messages()
    }

    /// What the others bring into the cut of a full run. `None` if not all who take part have said so.
    pub(crate) fn brought_into(
        &self,
        run: Sid,
        continuing: &[MemberIndex],
    ) -> Option<Vec<Brought>> {
        self.delivery.brought_into(run, continuing)
    }

    /// The members of these that brought into the cut what is not here, although it was asked for, or what cannot be delivered.
    pub(crate) fn unserved(&mut self, brought: Vec<Brought>) -> BTreeSet<MemberIndex> {
        self.delivery.unserved(brought, &mut self.opener)
    }

    /// What a member said last about the epoch that follows.
    pub(crate) fn next_of(&self, member: MemberIndex) -> Option<&Next> {
        self.peers.get(member)?.next.as_ref()
    }

    /// The offers that members have stated: their own for the view or for a host, and those of newcomers who have answered them.
    pub(crate) fn stated_offers(&self) -> BTreeSet<OfferDigest> {
        let said = self.peers.indices().filter_map(|it| self.next_of(it));
        let stated = said.flat_map(|next| {
            let admitted = next.admitted.iter().map(|it| it.offer);
            next.offer.into_iter().chain(next.guest).chain(admitted)
        });
        stated.collect()
    }

    /// What this member says about the epoch that follows, to be changed and then stated.
    pub(crate) fn own_next(&mut self) -> Option<&mut Next> {
        Some(self.own()?.next.get_or_insert_default())
    }

    /// Whether so much is not final that more of some author is delivered only if others build upon it.
    pub(crate) fn is_crowded(&self) -> bool {
        self.delivery.unfinal.is_any_crowded()
    }

    /// The final prefix.
    pub(crate) const fn final_lock(&self) -> Lock {
        self.consensus.final_lock()
    }

    /// Whether a member has signed another order than the one here.
    pub(crate) fn is_forked(&self) -> bool {
        let mut others = self.other_members();
        others.any(|member| self.consensus.is_forked(member))
    }

    /// Messages delivered.
    pub(crate) fn delivered(&self) -> usize {
        self.delivery.graph.len()
    }

    /// Whether every other member accepts nothing more.
    pub(crate) fn is_alone(&self) -> bool {
        self.other_members().all(|member| self.is_closed(member))
    }

    /// Members that have sent their last message and wait for the others, this one among them.
    pub(crate) fn leaving(&self) -> usize {
        let authors = self.delivery.authors.values();
        authors
            .filter(|author| author.standing == Standing::Fin)
            .count()
    }

    /// Whether this member has sent its last message, and owes the others its word on their last ones alone: none of them
    /// writes anything after.
    pub(crate) fn owes_to_leavers_alone(&self) -> bool {
        !self.is_present(self.me) && !self.receipts.owes_for_texts()
    }

    /// What is known of a message. `None` if it is not delivered.
    pub(crate) fn state_of(&self, id: &MessageId) -> Option<State> {
        let node = self.delivery.graph.get(id)?;
        let place = self.consensus.order.place(&node.key);
        Some(State {
            author: node.author,
            seen_by: self
                .peers
                .indices()
                .filter(|member| node.covered.contains(*member))
                .collect(),
            place,
            is_final: place.is_some_and(|place| place < self.final_lock().count),
        })
    }

    /// Whether the author of a delivered message had these when it wrote that one.
    pub(crate) fn come_before(&self, earlier: &[MessageId], later: &MessageId) -> bool {
        let graph = &self.delivery.graph;
        graph.all_before(earlier, core::iter::once(*later))
    }

    /// Members without whose word the first so many delivered messages cannot become final.
    pub(crate) fn waiting_for(&self, count: usize) -> Vec<MemberIndex> {
        // First those who have not seen something; it is no use to ask the others for their locks before they have.
        let unseen = self.consensus.unseen_by(&self.delivery.graph, count);
        if !unseen.is_empty() {
            return unseen.into_iter().collect();
        }
        self.other_members()
            .filter(|member| !self.is_closed(*member) && self.consensus.is_short(*member, count))
            .collect()
    }
}
