//! What this member says. `docs/spec/05-wire.md`, "Sealed packet".

use super::catching_up::CatchingUp;
use super::goal::Goal;
use super::holdback::Held;
use super::member_set::MemberSet;
use super::sealer::{Said, SealedContent};
use super::stated::Stated;
use super::vouching::Warrant;
use super::{Effect, Epoch};
use crate::wire::{ContentKind, Lock, MemberBits, MessageId, Packet, Presence, Statement};
use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

impl<S: CryptoSuite> Epoch<S> {
    /// Seals a message of this member, delivers it here, and returns its place with the packet.
    ///
    /// # Errors
    /// No places are left: the body.
    pub(crate) fn seal_content(
        &mut self,
        kind: ContentKind,
        body: Vec<u8>,
    ) -> Result<(u32, MessageId, Vec<u8>), Vec<u8>> {
        let Some(slot) = self.sealer.next_content() else {
            return Err(body);
        };
        let seq = slot.seq;
        let lock = self.consensus.order.lock();
        let last = self.sealer.last();
        let heads = self.delivery.graph.heads().iter().copied();
        let said = Said {
            kind,
            body,
            parents: heads.filter(|head| Some(*head) != last).collect(),
            lock,
        };
        let SealedContent {
            id,
            content,
            signed,
            packet: sealed,
        } = self.sealer.content(&self.opener.keys, &slot, said);
        self.keep_content(id, || signed.to_vec());
        let packet = Packet::Sealed(sealed.clone()).to_bytes();
        let missing = self.asked_for(kind);
        if missing.is_empty() {
            self.effects.push_back(Effect::Answered { seq });
        }
        self.receipts.send(seq, packet.clone(), missing);
        let Some(position) = self.delivery.graph.position(&id, content.ancestors()) else {
            return Err(content.body.to_vec());
        };
        let own = Held {
            id,
            content,
            packet: sealed,
            warrant: Warrant::Own,
        };
        self.deliver(self.me, position, own);
        self.receipts.pay();
        if kind == ContentKind::Fin {
            let (before, members) = (self.delivery.graph.len(), self.peers.members());
            self.catching_up = Some(CatchingUp::new(before, members));
        }
        self.advance();
        Ok((seq, id, packet))
    }

    /// Whose word is awaited on a message that this member sends now. A text is for all who are here: who has sent its last
    /// message reads until it has closed. Nothing else is for one that only waits for its end.
    fn asked_for(&self, kind: ContentKind) -> MemberSet {
        if kind != ContentKind::Text {
            let mut asked = self.consensus.writing().clone();
            asked.remove(self.me);
            return asked;
        }
        let mut asked = MemberSet::default();
        let others = self.other_members();
        for member in others.filter(|member| !self.is_closed(*member)) {
            asked.insert(member);
        }
        asked
    }

    /// Seals a statement of all that this member has seen, and of the order that it vouches for. `None` when no places are left.
    pub(crate) fn seal_statement(&mut self, presence: Presence) -> Option<Stated> {
        let lacks = match presence {
            // Those whose word is missing, until all is final, and those who signed what is ordered here, it may be, and have
            // left it out of their newest word.
            Presence::Asking if self.leaving() == 0 => self
                .waiting_for(self.delivery.graph.len())
                .into_iter()
                .chain(self.left_without_lock())
                .filter(|member| *member != self.me)
                .collect(),
            // Where members leave, all ask for the word of all: one question, and each says its own once.
            Presence::Asking
            | Presence::Present
            | Presence::Closed
            | Presence::Closing
            | Presence::Done => MemberBits::default(),
        };
        self.seal_asking(presence, lacks)
    }

    /// Seals a statement of what is owed to the others: what this member has seen, or what it vouches for. Who has asked for all
    /// of it gets [`Epoch::seal_statement`].
    pub(crate) fn seal_word(&mut self, presence: Presence) -> Option<Stated> {
        if presence == Presence::Present {
            self.seal(presence, MemberBits::default(), true)
        } else {
            self.seal_statement(presence)
        }
    }

    /// Seals a statement that asks for the newest statements of some members, too.
    pub(crate) fn seal_asking(&mut self, presence: Presence, lacks: MemberBits) -> Option<Stated> {
        self.seal(presence, lacks, false)
    }

    fn seal(&mut self, presence: Presence, lacks: MemberBits, is_word: bool) -> Option<Stated> {
        let slot = self.sealer.next_statement()?;
        let number = slot.seq;
        let own = self.delivery.authors.get(self.me);
        let sent = own.map_or(0, |own| own.delivered);
        let frozen = own.and_then(|own| own.frozen.as_ref());
        let frontier = match frozen {
            Some(frozen) => frozen.frontier.clone(),
            None if self.is_named_by_lock(presence) => Vec::new(),
            None => self.delivery.graph.heads().iter().copied().collect(),
        };
        let wanted = self.delivery.missing(number);
        let missing = self.delivery.missing_ranges(number);
        if self.delivery.gate.is_cut() {
            self.delivery.asked.note(&wanted);
        }
        self.goal = Goal::of(&wanted, &missing, self.delivery.graph.len());
        let mut statement = Statement {
            presence,
            sent,
            frontier,
            lock: self.lock_to_sign(),
            wanted,
            missing,
            lacks,
            question: self.consensus.question(),
            listing: self.consensus.listing(),
            next: self.peers.get(self.me).and_then(|me| me.next.clone()),
        };
        if is_word && self.needs_no_lock(&statement) {
            statement.lock = Lock::EMPTY;
        }
        let keys = &self.opener.keys;
        let (signed, stated) = self.sealer.statement(keys, &slot, statement);
        self.record_statement(self.me.get(), number, &signed);
        self.receipts.pay();
        self.consensus.listed();
        Some(stated)
    }

    /// Members whose newest statement has no lock, and whose lock is shorter here than the order: a longer one may be lost.
    fn left_without_lock(&self) -> impl Iterator<Item = MemberIndex> {
        let ordered = usize::try_from(self.consensus.order.lock().count).unwrap_or(usize::MAX);
        self.other_members().filter(move |member| {
            let newest = self
                .peers
                .get(*member)
                .and_then(|peer| peer.newest.as_ref());
            newest.is_some_and(|newest| !newest.locks)
                && !self.is_closed(*member)
                && self.consensus.is_short(*member, ordered)
        })
    }

    /// The order that this member vouches for.
    const fn lock_to_sign(&self) -> Lock {
        // What became final with the end of the epoch binds those who moved on, and not those who were left behind.
        if self.retired {
            self.sealer.signed_lock()
        } else {
            self.consensus.order.lock()
        }
    }

    /// Whether a statement needs no lock: this member has stated that one before, all have stated it, and the statement says
    /// nothing that others hold against it.
    fn needs_no_lock(&self, statement: &Statement) -> bool {
        let lock = statement.lock;
        lock == self.sealer.signed_lock()
            && lock == self.final_lock()
            && !statement.frontier.is_empty()
            && statement.question.is_none()
            && statement.listing.is_none()
            && statement.next.is_none()
    }

    /// Whether messages were delivered that nothing covers which this member signed, or orders are to be compared.
    pub(crate) fn owes_acknowledgement(&self) -> bool {
        self.receipts.owes() || self.consensus.owes_comparison()
    }

    /// Whether so many texts were delivered that nothing covers that their authors should hear of it at once: they write on as
    /// they are answered, which nobody does after a last message. A member that has frozen delivers nothing that is not in the cut.
    pub(crate) fn owes_much(&self) -> bool {
        self.receipts.owes_much() && !self.is_frozen()
    }

    /// Whether the order has grown beyond the lock that this member signed last.
    pub(crate) const fn owes_lock(&self) -> bool {
        self.consensus.order.lock().count > self.sealer.signed_lock().count
    }

    /// Of how many messages this member has signed the order.
    pub(crate) const fn signed(&self) -> u32 {
        self.sealer.signed_lock().count
    }

    /// The first of this member's messages, at most so many, that not all who are waited for have covered: to be sent again.
    /// The others ask for what they miss.
    pub(crate) fn unanswered(&self, most: usize) -> Vec<&[u8]> {
        self.receipts.unanswered(most)
    }

    /// Whether every member that should has covered all messages of this member.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.receipts.are_complete()
    }

    /// Whether all that was delivered is final.
    pub(crate) fn is_settled(&self) -> bool {
        usize::try_from(self.final_lock().count) == Ok(self.delivery.graph.len())
    }

    /// Whether all that this member wrote is final.
    pub(crate) fn is_final(&self) -> bool {
        let last = self.sealer.last();
        let last = last.and_then(|last| self.delivery.graph.get(&last));
        last.is_none_or(|last| {
            self.consensus
                .order
                .is_within(&self.final_lock(), &last.key)
        })
    }

    /// How many messages and statements this member has sealed.
    pub(crate) const fn said(&self) -> u64 {
        self.sealer.said()
    }

    /// The last statement as it was sent.
    pub(crate) const fn last_statement(&self) -> Option<&Stated> {
        self.sealer.last_statement()
    }
}
