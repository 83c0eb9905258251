//! Which message is next, and where it goes. `docs/spec/05-wire.md`, "Receiving".

use std::collections::BTreeSet;

use mpotr_gka::MemberIndex;

use super::delivery::Delivery;
use super::demand::Demand;
use super::graph::Position;
use super::order::Order;
use crate::wire::{Content, MessageId, Statement};

/// What waits of an author.
pub(super) enum Found {
    /// The message of this place and id can be delivered.
    Ready(u32, MessageId),
    /// The first waits for this one.
    Blocked(MessageId),
    /// Nothing that may be delivered now.
    Nothing,
}

/// Whether a message has a place, its parents being here.
pub(super) enum Fit {
    /// It goes here.
    Here(Position),
    /// Its author has signed something else that rules it out.
    Contradicts,
    /// It has none, whatever its author has said: no member delivers it.
    Nowhere,
}

impl Delivery {
    /// Looks for a message of an author that can be delivered: the first that waits, or any if it says two things.
    pub(super) fn look_at(
        &self,
        author: MemberIndex,
        demanded: &Demand,
        withheld: &BTreeSet<MessageId>,
    ) -> Found {
        let is_exposed = self.is_exposed(author);
        for held in self.holdback.of(author) {
            let missing = held
                .content
                .ancestors()
                .find(|parent| !self.graph.contains(parent));
            let is_wanted = self.may_go(author, held, demanded) && !withheld.contains(&held.id);
            match missing {
                None if is_wanted => return Found::Ready(held.content.seq, held.id),
                Some(parent) if is_wanted && !is_exposed => return Found::Blocked(parent),
                None | Some(_) if is_exposed => {}
                None | Some(_) => return Found::Nothing,
            }
        }
        Found::Nothing
    }

    /// Where a message goes if its parents are here and it fits what its author said before.
    pub(super) fn fit(
        &self,
        author: MemberIndex,
        id: &MessageId,
        content: &Content,
        order: &Order,
    ) -> Fit {
        let position = self.graph.position(id, content.ancestors());
        let Some((peer, position)) = self.authors.get(author).zip(position) else {
            return Fit::Nowhere;
        };
        let follows = match content.seq.checked_sub(1) {
            None => true,
            Some(before) => self
                .graph
                .last_parent(&position)
                .is_some_and(|prev| prev.author == author && prev.seq == before),
        };
        // Heads number at most one for each member, unless one of them says two things: more can only be names of one line.
        let is_padded =
            content.parents.len() >= self.authors.members() && !self.graph.are_heads(&position);
        if !follows || is_padded {
            return Fit::Nowhere;
        }
        // If it is known to be a liar, others build upon this one: all deliver it, in whatever place.
        let fits = peer.is_exposed()
            // A member writes nothing beside what it signed to have seen: the order of the others rests on it.
            || content.seq == peer.delivered
                && self.descends(&peer.heads, content)
                && order.is_open(&position.key);
        if fits {
            Fit::Here(position)
        } else {
            Fit::Contradicts
        }
    }

    /// Whether a message comes after all of these.
    pub(super) fn descends(&self, heads: &[MessageId], content: &Content) -> bool {
        let is_named = |head: &MessageId| content.ancestors().any(|parent| parent == *head);
        heads.iter().all(is_named) || self.graph.all_before(heads, content.ancestors())
    }

    /// Whether a statement, all of whose messages are here, names no less than its author signed to have seen before;
    /// or, if it is older than the author's last message, no more.
    pub(super) fn takes_nothing_back(
        &mut self,
        member: MemberIndex,
        statement: &Statement,
    ) -> bool {
        let Some(peer) = self.authors.get_mut(member) else {
            return false;
        };
        if statement.sent < peer.delivered {
            let covers = |id| {
                self.graph
                    .get(id)
                    .is_some_and(|node| node.covered.contains(member))
            };
            return statement.frontier.iter().all(covers);
        }
        let descends = self
            .graph
            .all_before(&peer.heads, statement.frontier.iter().copied());
        if descends {
            peer.heads.clone_from(&statement.frontier);
        }
        descends
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::epoch::holdback::Held;
    use crate::epoch::holding::Gate;
    use crate::epoch::vouching::Warrant;
    use crate::wire::{ContentKind, EpochHint, Header, Lock, SealedPacket, Stream};
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
    use mpotr_crypto::{AeadKey, Secret};

    const ME: MemberIndex = MemberIndex::new(0);
    const BOB: MemberIndex = MemberIndex::new(1);
    const FIRST: MessageId = MessageId::new([1; 32]);
    const SECOND: MessageId = MessageId::new([2; 32]);

    /// A message of Bob's that is its author's.
    fn held(id: MessageId, seq: u32, prev: Option<MessageId>) -> Held {
        let (stream, sender) = (Stream::Content, 1);
        let header = Header {
            sender,
            stream,
            seq,
        };
        let (hint, key) = (EpochHint::new([0; 8]), Secret::new([0; 32]));
        Held {
            id,
            content: Content {
                kind: ContentKind::Text,
                seq,
                prev,
                parents: Vec::new(),
                lock: Lock::EMPTY,
                body: Vec::new().into(),
            },
            packet: SealedPacket::seal::<Suite>(hint, header, &AeadKey::new(&key), &key, b""),
            warrant: Warrant::Own,
        }
    }

    fn next(delivery: &Delivery) -> Found {
        delivery.look_at(BOB, &Demand::default(), &BTreeSet::new())
    }

    #[test]
    fn a_message_waits_for_the_one_before_it_and_for_the_gate() {
        let mut delivery = Delivery::new(ME, 2);
        assert!(matches!(next(&delivery), Found::Nothing));
        delivery.holdback.insert(BOB, held(SECOND, 1, Some(FIRST)));
        assert!(matches!(next(&delivery), Found::Blocked(FIRST)));
        delivery.holdback.insert(BOB, held(FIRST, 0, None));
        assert!(matches!(next(&delivery), Found::Ready(0, FIRST)));
        delivery.gate = Gate::Frozen;
        assert!(matches!(next(&delivery), Found::Nothing));
        // Not even what the cut names: it is shown when its run is installed.
        delivery.open_cut(BTreeSet::from([SECOND]));
        assert!(delivery.has_named());
        assert!(matches!(next(&delivery), Found::Nothing));
    }

    #[test]
    fn another_message_in_a_place_fits_only_where_its_author_is_known_to_do_that() {
        let mut delivery = Delivery::new(ME, 2);
        let order = Order::new();
        let other = held(SECOND, 0, None);
        let fit = |delivery: &Delivery| delivery.fit(BOB, &SECOND, &other.content, &order);
        assert!(matches!(fit(&delivery), Fit::Here(_)));
        delivery.authors.get_mut(BOB).unwrap().delivered = 1;
        assert!(matches!(fit(&delivery), Fit::Contradicts));
        assert!(delivery.mark_exposed(BOB) && !delivery.mark_exposed(BOB));
        assert!(matches!(fit(&delivery), Fit::Here(_)));
        // What it comes after is not here.
        let later = held(SECOND, 1, Some(FIRST));
        let later = delivery.fit(BOB, &SECOND, &later.content, &order);
        assert!(matches!(later, Fit::Nowhere));
    }
}
