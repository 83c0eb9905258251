//! What shows that a message is its author's, to those who have not accepted it. `docs/spec/05-wire.md`, "Vouching".
//!
//! ```text
//! line = messages of one author, each the prev of the next; the last one is signed, and that covers all of them
//! ```
//!
//! Whatever a member accepts, it can be asked for: so it accepts nothing that it could not show. A signature vouches for
//! the messages before it over a bounded distance, so that evidence has room for all that stands between; a message is
//! delivered when its line is, or else when its own signature verifies; and who sends a message again sends its line along.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::delivery::Delivery;
use super::demand::Demand;
use super::evidence::MAX_LINKS;
use super::holdback::Held;
use super::opener::Opener;
use super::unfinal::{Need, Unfinal};
use crate::wire::{MessageId, SealedPacket};

/// How far a signature may be: the line that it ends, with one more message that contradicts it, fits into evidence.
const MAX_DISTANCE: u8 = 61;

/// The most bytes of the packets between, so that lines of long messages stay small, too: half of what may wait.
const MAX_DISTANCE_BYTES: usize = 128 << 10;

/// How far the signature is that covers a message, its own aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Distance {
    /// Messages of the line after this one.
    links: u8,
    /// The bytes of their packets.
    bytes: usize,
}

/// What shows that a message is its author's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Warrant {
    /// Its own signature, which was verified.
    Own,
    /// A later message of its author; nobody has looked at its own signature.
    Lent(Distance),
    /// A later message of its author alone: its own signature does not verify.
    Stripped(Distance),
}

impl Warrant {
    /// That of the message that one with this warrant names as its previous one. `None` if the signature is too far to
    /// vouch for it.
    pub(super) fn before(self, packet: &SealedPacket) -> Option<Self> {
        let (links, bytes) = match self {
            Self::Own => (0, 0),
            Self::Lent(distance) | Self::Stripped(distance) => (distance.links, distance.bytes),
        };
        let distance = Distance {
            links: links.saturating_add(1),
            bytes: bytes.saturating_add(packet.length()),
        };
        let is_near = distance.links <= MAX_DISTANCE && distance.bytes <= MAX_DISTANCE_BYTES;
        is_near.then_some(Self::Lent(distance))
    }

    /// Messages of the line after this one.
    pub(super) const fn links(self) -> u8 {
        match self {
            Self::Own => 0,
            Self::Lent(distance) | Self::Stripped(distance) => distance.links,
        }
    }

    /// With what was found when its own signature was looked at.
    pub(super) const fn examined(self, is_signed: bool) -> Self {
        match self {
            _ if is_signed => Self::Own,
            Self::Own => Self::Own,
            Self::Lent(distance) | Self::Stripped(distance) => Self::Stripped(distance),
        }
    }
}

/// What waits, and what of it goes when something else does not.
struct Dependence {
    /// Messages that come after one, by its index.
    after: Vec<Vec<usize>>,
    /// Messages for which one vouches.
    covers: Vec<Vec<usize>>,
    /// How many vouch for one.
    vouchers: Vec<usize>,
    warrants: Vec<Warrant>,
    /// Those that are not delivered now.
    out: Vec<bool>,
    /// Of these, those whose consequences are not drawn.
    queue: Vec<usize>,
}

impl Dependence {
    fn leave(&mut self, index: usize) {
        if let Some(out) = self.out.get_mut(index)
            && !std::mem::replace(out, true)
        {
            self.queue.push(index);
        }
    }
}

impl Delivery {
    /// Messages that wait and must go on waiting although all before them is here: there is no room for them, or what vouches
    /// for them has to wait, or is not here.
    ///
    /// The others can be delivered together: each of them is signed itself, or so is a message that its line leads to and
    /// that is among them.
    pub(super) fn withheld<S: CryptoSuite>(
        &mut self,
        demanded: &Demand,
        opener: &mut Opener<S>,
    ) -> BTreeSet<MessageId> {
        let mut plan = self.unfinal.clone();
        let is_plain = self.holdback.iter().all(|(author, held)| {
            let bytes = held.packet.length();
            let has_room = plan.need(author, bytes, 1) == Need::Nothing;
            plan.add(author, bytes);
            has_room && held.warrant == Warrant::Own
        });
        if is_plain {
            return BTreeSet::new();
        }
        let waiting: Vec<(MemberIndex, u32, MessageId)> = self
            .holdback
            .iter()
            .map(|(author, held)| (author, held.content.seq, held.id))
            .collect();
        let mut fate = self.dependence(&waiting, demanded);
        // A line that breaks off breaks off for good, unless the message at its end is signed itself.
        let unvouched: Vec<_> = (0..waiting.len())
            .filter(|index| fate.vouchers.get(*index) == Some(&0))
            .collect();
        for index in unvouched {
            self.examine_end(&waiting, &mut fate, index, opener);
        }
        while let Some(index) = fate.queue.pop() {
            for after in fate
                .after
                .get_mut(index)
                .map(std::mem::take)
                .unwrap_or_default()
            {
                fate.leave(after);
            }
            for covered in fate
                .covers
                .get_mut(index)
                .map(std::mem::take)
                .unwrap_or_default()
            {
                if let Some(vouchers) = fate.vouchers.get_mut(covered) {
                    *vouchers = vouchers.saturating_sub(1);
                    if *vouchers == 0 {
                        self.examine_end(&waiting, &mut fate, covered, opener);
                    }
                }
            }
        }
        waiting
            .into_iter()
            .zip(fate.out)
            .filter_map(|((_, _, id), out)| out.then_some(id))
            .collect()
    }

    /// Nothing vouches for a message from now on: it stays out, unless it is signed itself.
    fn examine_end<S: CryptoSuite>(
        &mut self,
        waiting: &[(MemberIndex, u32, MessageId)],
        fate: &mut Dependence,
        index: usize,
        opener: &mut Opener<S>,
    ) {
        if let Some((author, _, id)) = waiting.get(index).copied()
            && fate.out.get(index) == Some(&false)
            && fate.warrants.get(index) != Some(&Warrant::Own)
            && !self.is_signed_itself(author, &id, opener)
        {
            fate.leave(index);
        }
    }

    /// What depends on what, of all that waits.
    fn dependence(
        &self,
        waiting: &[(MemberIndex, u32, MessageId)],
        demanded: &Demand,
    ) -> Dependence {
        let places: BTreeMap<&MessageId, usize> = waiting
            .iter()
            .enumerate()
            .map(|(index, (_, _, id))| (id, index))
            .collect();
        let mut fate = Dependence {
            after: vec![Vec::new(); waiting.len()],
            covers: vec![Vec::new(); waiting.len()],
            vouchers: vec![0; waiting.len()],
            warrants: self.holdback.iter().map(|(_, held)| held.warrant).collect(),
            out: vec![false; waiting.len()],
            queue: Vec::new(),
        };
        let mut plan = self.unfinal.clone();
        for (index, (author, held)) in self.holdback.iter().enumerate() {
            if !self.may_go(author, held, demanded) {
                fate.leave(index);
            }
            for parent in held.content.ancestors() {
                match places.get(&parent) {
                    Some(parent) => fate
                        .after
                        .get_mut(*parent)
                        .into_iter()
                        .for_each(|after| after.push(index)),
                    None if self.graph.contains(&parent) => {}
                    None => fate.leave(index),
                }
            }
            if fate.out.get(index) == Some(&false) {
                if self.has_room(&plan, author, held, demanded) {
                    plan.add(author, held.packet.length());
                } else {
                    fate.leave(index);
                }
            }
            let prev = held.content.prev.as_ref();
            let before = prev.and_then(|prev| places.get(prev).copied());
            if let Some(before) = before
                && fate
                    .warrants
                    .get(before)
                    .is_some_and(|before| held.warrant.links() < before.links())
                && let (Some(covers), Some(vouchers)) =
                    (fate.covers.get_mut(index), fate.vouchers.get_mut(before))
            {
                covers.push(before);
                *vouchers = vouchers.saturating_add(1);
            }
        }
        fate
    }

    /// Whether there is room for a message, others being delivered before it. What shows a message that is delivered already
    /// always has it: lines are short.
    fn has_room(
        &self,
        plan: &Unfinal,
        author: MemberIndex,
        held: &Held,
        demanded: &Demand,
    ) -> bool {
        match plan.need(author, held.packet.length(), self.lines_of(author)) {
            Need::Nothing => true,
            _ if self.vouches(held) => true,
            Need::Statement if self.is_stated(author, held) => true,
            Need::Statement | Need::Demand => {
                demanded.is_for(author, &held.id) || self.leads_on(author, held)
            }
            // What only a cut brings along is held for it, and not delivered before it is whole.
            Need::Cut | Need::Never => false,
        }
    }

    /// Whether the author's own statement comes after a message.
    fn is_stated(&self, author: MemberIndex, held: &Held) -> bool {
        let peer = self.authors.get(author).filter(|peer| !peer.is_exposed());
        let said = peer.and_then(|peer| peer.waiting.as_ref());
        said.is_some_and(|said| held.content.seq < said.sent)
    }

    /// Whether others build upon a later message of the one line of its author.
    fn leads_on(&self, author: MemberIndex, held: &Held) -> bool {
        let peer = self.authors.get(author).filter(|peer| !peer.is_exposed());
        peer.is_some_and(|peer| held.content.seq < peer.demanded)
    }

    /// Whether the author's own signature of a message at hand verifies. It is looked at once.
    pub(super) fn is_signed_itself<S: CryptoSuite>(
        &mut self,
        author: MemberIndex,
        id: &MessageId,
        opener: &mut Opener<S>,
    ) -> bool {
        let Some(warrant) = self.warrant_of(author, id) else {
            return false;
        };
        if let Warrant::Lent(_) = warrant
            && let Some(packet) = self.packet_of(id).cloned()
            && let Ok(unverified) = opener.content_again(&packet)
        {
            let is_signed = opener.is_signed(author, id, unverified.signature());
            let warrant = warrant.examined(is_signed);
            match self.graph.warrant_mut(id) {
                Some(own) => *own = warrant,
                None => self.holdback.note_warrant(author, id, warrant),
            }
            return is_signed;
        }
        warrant == Warrant::Own
    }

    fn warrant_of(&self, author: MemberIndex, id: &MessageId) -> Option<Warrant> {
        let delivered = self.graph.get(id).map(|node| node.warrant);
        delivered.or_else(|| {
            let held = self.holdback.get(id).filter(|(of, _)| *of == author);
            held.map(|(_, held)| held.warrant)
        })
    }

    /// A message at hand that names this one as its previous, the one that vouches for it if there is one.
    pub(super) fn voucher_of(
        &self,
        author: MemberIndex,
        seq: u32,
        id: &MessageId,
    ) -> Option<MessageId> {
        let delivered = self
            .graph
            .get(id)
            .and_then(|node| self.graph.node(node.voucher()?))
            .map(|node| node.key.id);
        let after = seq.checked_add(1)?;
        delivered.or_else(|| {
            self.holdback
                .at(author, after)
                .filter(|held| held.content.prev == Some(*id))
                .min_by_key(|held| held.warrant.links())
                .map(|held| held.id)
        })
    }

    /// A message at hand and those that vouch for it, as far as its own signature does not: what shows it to others, the
    /// signed one first.
    pub(super) fn line_of<S: CryptoSuite>(
        &mut self,
        (author, seq): (MemberIndex, u32),
        id: MessageId,
        opener: &mut Opener<S>,
    ) -> Vec<MessageId> {
        let mut line = vec![id];
        let (mut seq, mut last) = (seq, id);
        while line.len() < MAX_LINKS && !self.is_signed_itself(author, &last, opener) {
            let Some(next) = self.voucher_of(author, seq, &last) else {
                break;
            };
            line.push(next);
            (seq, last) = (seq.saturating_add(1), next);
        }
        line.reverse();
        line
    }
}
