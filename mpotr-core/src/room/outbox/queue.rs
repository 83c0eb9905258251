//! The packets that wait to leave, what a newer one replaces, and what rests upon what.

use core::ops::Bound;
use std::collections::{BTreeMap, VecDeque};

use mpotr_crypto::{CryptoSuite, IdentityKey};

use super::class::Class;
use crate::epoch::{Enclosure, Gist, Stated};
use crate::wire::{EpochHint, EpochName, Packet, SEALED_PREFIX, SidHint};

/// What a packet is to those that come after it.
#[derive(Clone, Debug)]
enum What {
    /// An offer that the next one of the same identity for the same epoch replaces.
    Offer(IdentityKey, Option<EpochName>),
    /// An advert, which the next one replaces.
    Advert,
    /// What was heard of offers, which the next such list replaces.
    Heard,
    /// A message of this member.
    Text {
        /// Whether it says all that its author has seen: not if it leaves again.
        is_new: bool,
    },
    /// A statement of this member.
    Statement(Box<Gist>),
    /// Nothing replaces it.
    Other,
}

/// A packet that waits.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    packet: Vec<u8>,
    class: Class,
    what: What,
    /// The run that it belongs to: it leaves before all that is said in that run after it.
    run: Option<SidHint>,
    /// Whether it is sent again, as others ask for it.
    is_again: bool,
}

impl Queued {
    fn new(packet: &Packet, what: What) -> Self {
        Self {
            packet: packet.to_bytes(),
            class: Class::of(packet.kind()),
            what,
            run: None,
            is_again: false,
        }
    }

    fn of_epoch(packet: Vec<u8>, class: Class, what: What) -> Self {
        Self {
            packet,
            class,
            what,
            run: None,
            is_again: false,
        }
    }

    /// A packet that takes the place of an older one of its kind.
    pub(super) fn newest(packet: &Packet) -> Self {
        let what = match packet {
            Packet::Offer(offer) => What::Offer(offer.identity, offer.parent),
            Packet::Advert(_) => What::Advert,
            Packet::Heard(_) => What::Heard,
            Packet::Proposal(_)
            | Packet::Contribution(..)
            | Packet::Confirmation(..)
            | Packet::Sealed(_)
            | Packet::Request(_)
            | Packet::Reveal(_)
            | Packet::Guests(_)
            | Packet::Knock(_)
            | Packet::Hello(_)
            | Packet::Answer(_)
            | Packet::Enclosed(_)
            | Packet::Light(_)
            | Packet::JoinRequest(_)
            | Packet::Welcome(_)
            | Packet::Ready(_) => What::Other,
        };
        Self::new(packet, what)
    }

    /// A packet that replaces nothing.
    pub(super) fn other(packet: &Packet) -> Self {
        Self::new(packet, What::Other)
    }

    /// A packet that is read with the key of an offer: it leaves behind those that wait.
    pub(super) fn behind_offers(packet: &Packet) -> Self {
        Self {
            class: Class::Offer,
            ..Self::other(packet)
        }
    }

    /// The same, enclosed: it leaves in the order and the place of what is inside.
    pub(super) fn in_enclosure<S: CryptoSuite>(self, enclosure: Option<&Enclosure<S>>) -> Self {
        match enclosure {
            Some(enclosure) => Self {
                packet: enclosure.enclose(&self.packet),
                ..self
            },
            None => self,
        }
    }

    /// A message of this member that has not left before.
    pub(super) fn text(packet: Vec<u8>) -> Self {
        Self::of_epoch(packet, Class::Talk, What::Text { is_new: true })
    }

    /// A message of this member that leaves once more.
    pub(super) fn text_again(packet: Vec<u8>) -> Self {
        Self::of_epoch(packet, Class::Talk, What::Text { is_new: false })
    }

    /// A statement of this member.
    pub(super) fn statement(Stated { packet, gist }: Stated) -> Self {
        Self::of_epoch(packet, Class::Talk, What::Statement(Box::new(gist)))
    }

    /// A packet that was sent before, for those who miss it.
    pub(super) fn passed_on(packet: Vec<u8>) -> Self {
        Self::of_epoch(packet, Class::Answer, What::Other)
    }

    /// A statement that no change waits for.
    fn may_wait(&self) -> bool {
        matches!(&self.what, What::Statement(gist) if !gist.is_of_change())
    }
}

/// Packets that wait to leave.
#[derive(Debug, Default)]
pub(super) struct Queue {
    lanes: BTreeMap<Class, VecDeque<Queued>>,
    bytes: usize,
}

impl Queue {
    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.lanes.values().all(VecDeque::is_empty)
    }

    /// Bytes that wait.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the next packet is sent again, as others ask for it.
    pub(super) fn is_next_again(&self) -> bool {
        let next = self.lanes.values().find_map(VecDeque::front);
        next.is_some_and(|next| next.is_again)
    }

    /// Takes out the next packet if it is no longer than this.
    pub(super) fn pop_next(&mut self, longest: usize) -> Option<Vec<u8>> {
        let mut lanes = self.lanes.values_mut();
        let lane = lanes.find(|lane| !lane.is_empty())?;
        let next = lane.pop_front_if(|next| next.packet.len() <= longest)?;
        self.bytes = self.bytes.saturating_sub(next.packet.len());
        Some(next.packet)
    }

    /// Takes out the next packet that is no longer than this. A class of which the next one is longer is passed over.
    pub(super) fn pop(&mut self, longest: usize) -> Option<Vec<u8>> {
        let fits = |lane: &&mut VecDeque<Queued>| {
            let first = lane.front();
            first.is_some_and(|first| first.packet.len() <= longest)
        };
        let packet = self.lanes.values_mut().find(fits)?.pop_front()?.packet;
        self.bytes = self.bytes.saturating_sub(packet.len());
        Some(packet)
    }

    /// Puts a packet in its place. One that waits already does not wait twice.
    pub(super) fn push(&mut self, mut queued: Queued) {
        self.replace(&mut queued);
        let bytes = queued.packet.len();
        let lane = self.lanes.entry(queued.class).or_default();
        if lane.iter().any(|waiting| waiting.packet == queued.packet) {
            return;
        }
        let place = match queued.what {
            // A statement that no change waits for lets messages pass. Statements never pass one another: who has the newer
            // one refuses the older.
            What::Text { .. } => {
                let behind = lane.iter().rev().take_while(|it| it.may_wait()).count();
                lane.len().saturating_sub(behind)
            }
            What::Offer(..) | What::Advert | What::Heard | What::Statement(_) | What::Other => {
                lane.len()
            }
        };
        lane.insert(place, queued);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Takes out what waits and is worth nothing beside a newer packet.
    fn replace(&mut self, newer: &mut Queued) {
        let Some(lane) = self.lanes.get_mut(&newer.class) else {
            return;
        };
        let mut taken = 0_usize;
        lane.retain(|older| {
            let is_replaced = match (&mut newer.what, &older.what) {
                (What::Offer(newer, one), What::Offer(older, other)) => {
                    *newer == *older && *one == *other
                }
                (What::Advert, What::Advert) | (What::Heard, What::Heard) => true,
                (What::Statement(newer), What::Statement(older)) => {
                    let makes_up = newer.makes_up_for(older);
                    if makes_up {
                        newer.inherit(older);
                    }
                    makes_up
                }
                // Its author's next text says what it has seen, and in which order.
                (What::Text { is_new: true }, What::Statement(older)) => {
                    older.only_acknowledges() && hint_of(&newer.packet) == Some(older.hint())
                }
                _ => false,
            };
            let stays = !is_replaced || older.packet == newer.packet;
            if !stays {
                taken = taken.saturating_add(older.packet.len());
            }
            stays
        });
        self.bytes = self.bytes.saturating_sub(taken);
    }

    /// Puts a packet of a round of a run, as it was sent, in its place. What of the same run waits in a class that comes later
    /// leaves before it.
    pub(super) fn push_bytes_in_run(&mut self, run: SidHint, round: u8, packet: Vec<u8>) {
        let class = Class::of_round(round);
        let queued = Queued::of_epoch(packet, class, What::Other);
        let is_again = true;
        self.push_in_run(run, Queued { is_again, ..queued });
    }

    /// The same for a packet of this member.
    pub(super) fn push_in_run(&mut self, run: SidHint, mut queued: Queued) {
        queued.run = Some(run);
        let class = queued.class;
        let mut before = Vec::new();
        // A proposal rests upon an offer, a contribution upon a proposal: the later class comes first.
        let later = (Bound::Excluded(class), Bound::Unbounded);
        for (_, lane) in self.lanes.range_mut(later).rev() {
            let (of_run, others) = lane.drain(..).partition(|waiting| waiting.run == Some(run));
            *lane = others;
            let of_run: VecDeque<Queued> = of_run;
            before.extend(of_run);
        }
        let lane = self.lanes.entry(class).or_default();
        lane.extend(
            before
                .into_iter()
                .map(|waiting| Queued { class, ..waiting }),
        );
        self.push(queued);
    }

    /// An offer of this identity that waits belongs to a run from here on: no newer one replaces it.
    pub(super) fn bind_offer(&mut self, run: SidHint, identity: IdentityKey) {
        for waiting in self.lanes.values_mut().flatten() {
            if matches!(waiting.what, What::Offer(of, _) if of == identity) {
                waiting.what = What::Other;
                waiting.run = Some(run);
            }
        }
    }
}

/// The epoch of a sealed packet.
fn hint_of(packet: &[u8]) -> Option<EpochHint> {
    let rest = packet.strip_prefix(&SEALED_PREFIX)?;
    rest.first_chunk().copied().map(EpochHint::new)
}
