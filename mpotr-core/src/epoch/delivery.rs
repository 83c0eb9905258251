//! What is delivered and what waits for that, and what each author has to do with it. `docs/spec/05-wire.md`, "Receiving".

use mpotr_gka::{MemberIndex, PerMember};

use super::changing::Frozen;
use super::claims::Asked;
use super::demand::Demand;
use super::graph::Graph;
use super::holdback::{Held, Holdback};
use super::holding::Gate;
use super::unfinal::Unfinal;
use super::vouching::Warrant;
use crate::wire::{Content, MessageId, Presence, SealedPacket, Statement};

/// The messages at hand, delivered or not.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) me: MemberIndex,
    /// In cycle order, this member among them.
    pub(super) authors: PerMember<Author>,
    pub(super) graph: Graph,
    pub(super) holdback: Holdback,
    pub(super) unfinal: Unfinal,
    /// Which messages are delivered at present.
    pub(super) gate: Gate,
    /// How often messages of the cut were asked for.
    pub(super) asked: Asked,
}

/// What a member has written, and signed to have seen.
#[derive(Debug, Default)]
pub(super) struct Author {
    /// Content messages delivered, or one more than the last place of them.
    pub(super) delivered: u32,
    /// The delivered message of each place, the first one, as an index into the graph.
    pub(super) chain: Vec<usize>,
    pub(super) exposure: Exposure,
    /// One more than the last place of its messages that others were seen to build upon when there was no room for them.
    pub(super) demanded: u32,
    /// The newest statement, if it waits for messages that are not here.
    pub(super) waiting: Option<Statement>,
    /// The heads of all that the member has signed to have seen: what it writes next comes after them.
    pub(super) heads: Vec<MessageId>,
    /// What it had seen when it contributed to a run, by the run.
    pub(super) frozen: Option<Frozen>,
    pub(super) standing: Standing,
    /// Its secrets were published: at any time, whatever it has said.
    pub(super) revealed: bool,
}

/// How far a member is with its part of the talk. It only moves on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// It writes.
    #[default]
    Writing,
    /// It has sent its last message.
    Fin,
    /// It accepts and sends nothing more, whether or not it has sent its last message: nobody waits for that then.
    Closed,
}

/// Whether a member has signed two things that cannot both be: two in one place, or a message against its own statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Exposure {
    /// Not that it is known here.
    #[default]
    None,
    /// It has, and others need not see that: they have not heard the same.
    Known,
    /// It has, and anyone can check it.
    Shown,
}

impl Author {
    /// Whether it is known to have signed two things that cannot both be.
    pub(super) fn is_exposed(&self) -> bool {
        self.exposure != Exposure::None
    }

    /// It has sent its last message.
    pub(super) fn finish(&mut self) {
        if self.standing == Standing::Writing {
            self.standing = Standing::Fin;
        }
    }
}

impl Delivery {
    /// Nothing is at hand.
    pub(super) fn new(me: MemberIndex, members: usize) -> Self {
        Self {
            me,
            authors: PerMember::new(members, |_| Author::default()),
            graph: Graph::default(),
            holdback: Holdback::default(),
            unfinal: Unfinal::new(members),
            gate: Gate::Open,
            asked: Asked::default(),
        }
    }

    /// Whether a member is known to have said two things in one place.
    pub(super) fn is_exposed(&self, member: MemberIndex) -> bool {
        self.authors.get(member).is_some_and(Author::is_exposed)
    }

    /// Whether a member still takes part: it has neither sent its last message nor closed.
    pub(super) fn is_present(&self, member: MemberIndex) -> bool {
        self.authors
            .get(member)
            .is_some_and(|peer| peer.standing == Standing::Writing)
    }

    /// Whether a member has closed.
    pub(super) fn is_closed(&self, member: MemberIndex) -> bool {
        self.authors
            .get(member)
            .is_some_and(|peer| peer.standing == Standing::Closed)
    }

    /// Whether nothing may be written for the time being.
    pub(super) const fn is_frozen(&self) -> bool {
        !matches!(self.gate, Gate::Open)
    }

    /// Whether what signs for a member is public.
    pub(super) fn is_published(&self, member: MemberIndex) -> bool {
        self.authors.get(member).is_some_and(|peer| peer.revealed)
    }

    pub(super) fn has_evidence(&self, member: MemberIndex) -> bool {
        self.authors
            .get(member)
            .is_some_and(|peer| peer.exposure == Exposure::Shown)
    }

    /// Whether some messages are delivered only if others build upon them.
    pub(super) fn is_restricted(&self) -> bool {
        self.unfinal.is_any_crowded() || self.authors.values().any(Author::is_exposed)
    }

    /// Whether a message that waits may be delivered when all before it is.
    pub(super) fn may_go(&self, author: MemberIndex, held: &Held, demanded: &Demand) -> bool {
        !self.is_frozen() && (!self.is_exposed(author) || demanded.is_for(author, &held.id))
    }

    /// Whether a message is delivered, or waits.
    pub(super) fn is_at_hand(&self, author: MemberIndex, seq: u32, id: &MessageId) -> bool {
        let is_this = |(of, held): (MemberIndex, &Held)| of == author && held.content.seq == seq;
        self.graph.contains(id) || self.holdback.get(id).is_some_and(is_this)
    }

    /// What authentic messages of an author that wait name as the one in this place, and what shows that to be its author's.
    pub(super) fn vouched_for(
        &self,
        author: MemberIndex,
        seq: u32,
    ) -> impl Iterator<Item = (MessageId, Warrant)> {
        let after = seq.checked_add(1).into_iter();
        after
            .flat_map(move |after| self.holdback.at(author, after))
            .filter_map(|held| Some((held.content.prev?, held.warrant.before(&held.packet)?)))
    }

    /// The packet of a message that is not final.
    pub(super) fn packet_of(&self, id: &MessageId) -> Option<&SealedPacket> {
        let held = || self.holdback.get(id).map(|(_, held)| &held.packet);
        self.graph.packet(id).or_else(held)
    }

    /// The author and the place of a message at hand.
    pub(super) fn place_of(&self, id: &MessageId) -> Option<(MemberIndex, u32)> {
        let delivered = self.graph.get(id).map(|node| (node.author, node.seq));
        let held = || self.holdback.get(id);
        delivered.or_else(|| held().map(|(author, held)| (author, held.content.seq)))
    }

    /// The message of a place, delivered or held.
    pub(super) fn id_at(&self, author: MemberIndex, place: u32) -> Option<MessageId> {
        let chain = &self.authors.get(author)?.chain;
        let delivered = usize::try_from(place)
            .ok()
            .and_then(|place| self.graph.node(*chain.get(place)?))
            .map(|node| node.key.id);
        let mut held = self.holdback.at(author, place).map(|held| held.id);
        delivered.or_else(|| held.next())
    }

    /// A message of the author at hand, delivered or held, that contradicts this one.
    pub(super) fn contradicted(
        &self,
        author: MemberIndex,
        id: &MessageId,
        content: &Content,
    ) -> Option<MessageId> {
        let before = content.seq.checked_sub(1);
        let delivered = |seq: u32| {
            let chain = &self.authors.get(author)?.chain;
            let index = chain.get(usize::try_from(seq).ok()?)?;
            self.graph.node(*index).map(|node| node.key.id)
        };
        let held = |seq| self.holdback.at(author, seq);
        let same = delivered(content.seq)
            .into_iter()
            .chain(held(content.seq).map(|held| held.id))
            .find(|other| other != id);
        let previous = before.and_then(|before| {
            delivered(before)
                .into_iter()
                .chain(held(before).map(|held| held.id))
                .find(|other| Some(*other) != content.prev)
        });
        let next = content.seq.checked_add(1).and_then(|after| {
            held(after)
                .find(|held| held.content.prev != Some(*id))
                .map(|held| held.id)
        });
        same.or(previous).or(next)
    }

    /// Drops what there is no room for, and names it. It is sent again, or asked for.
    pub(super) fn trim(&mut self) -> Vec<MessageId> {
        let Self {
            holdback,
            authors,
            gate,
            ..
        } = self;
        let dropped = holdback.trim(
            |author| authors.get(author).map_or(0, |peer| peer.delivered),
            |id| gate.names(id),
        );
        for id in &dropped {
            self.asked.forget(id);
            gate.note_dropped(id);
        }
        dropped
    }

    /// Whether as many messages are delivered here as a lock names.
    pub(super) fn has_all_of(&self, statement: &Statement) -> bool {
        usize::try_from(statement.lock.count).is_ok_and(|count| count <= self.graph.len())
    }

    /// Whether a member has closed by a statement that waits for messages that are not here.
    pub(super) fn closes_later(&self, member: MemberIndex) -> bool {
        let author = self.authors.get(member);
        let waiting = author.and_then(|author| author.waiting.as_ref());
        waiting.is_some_and(|said| said.presence == Presence::Closed)
    }

    /// How many messages are missing that a member has named by a lock: it held the last message of everyone.
    pub(super) fn behind_locks(&self) -> u32 {
        let said = self
            .authors
            .values()
            .filter_map(|peer| peer.waiting.as_ref());
        let locks = said.filter(|said| said.names_by_lock());
        let most = locks.map(|said| said.lock.count).max().unwrap_or(0);
        most.saturating_sub(u32::try_from(self.graph.len()).unwrap_or(u32::MAX))
    }

    /// Whether an authentic message would be dropped at once where nothing that waits can be delivered, and leave nothing
    /// behind: it expands no cut, contradicts nothing, and nothing before it is demanded or vouched for by it alone.
    pub(super) fn finds_no_room(
        &self,
        author: MemberIndex,
        (id, content): (&MessageId, &Content),
        bytes: usize,
    ) -> bool {
        let seq = content.seq;
        let peer = self.authors.get(author);
        let may_wait =
            peer.is_some_and(|peer| seq > peer.delivered && peer.standing == Standing::Writing);
        may_wait
            && self.holdback.has_no_room_after(author, seq, bytes)
            && !self.gate.is_cut()
            && !self.is_restricted()
            && self.contradicted(author, id, content).is_none()
    }
}
