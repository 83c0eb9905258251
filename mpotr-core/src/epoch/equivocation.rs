//! Members that say two things in one place, and what is done about it. `docs/spec/05-wire.md`, "Equivocation".
//!
//! Who finds two contradicting messages of one author, both signed, has [`Evidence`]. From then on the author is
//! *exposed* here: nothing of it is accepted but what others build upon, since what an honest member answered must be
//! readable by all. Such messages are disputed. The others find the same evidence in the same packets, so the packets are
//! sent on.
//!
//! Who writes against its own statement, or after it said that it writes nothing more, is exposed, too, to those who have
//! heard both: an honest member that has not may have built upon what it wrote.

use std::collections::VecDeque;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::MemberIndex;

use super::Effect;
use super::delivery::{Delivery, Exposure, Standing};
use super::evidence::{Evidence, MAX_LINKS, SignedChain};
use super::holdback::Held;
use super::opener::Opener;
use crate::error::Rejection;
use crate::wire::{Content, MessageId, Packet, SealedPacket, Unsigned};

impl Delivery {
    /// Compares an authentic message with all that its author has said: what contradicts it exposes the author.
    ///
    /// # Errors
    /// It contradicts another one, and nothing at hand shows that both are the author's.
    pub(super) fn confront<S: CryptoSuite>(
        &mut self,
        author: MemberIndex,
        held: &Held,
        opener: &mut Opener<S>,
        effects: &mut VecDeque<Effect>,
    ) -> Result<(), Rejection> {
        let peer = self.authors.get(author).ok_or(Rejection::UnknownSender)?;
        if peer.standing != Standing::Writing && held.content.seq >= peer.delivered {
            self.distrust(author, effects);
        }
        if self.is_published(author) {
            // Anyone can sign in its name: two messages in one place show nothing, and all must be able to go on.
            if self.contradicted(author, &held.id, &held.content).is_some() {
                self.mark_exposed(author);
            }
            return Ok(());
        }
        while !self.has_evidence(author)
            && let Some(known) = self.contradicted(author, &held.id, &held.content)
        {
            if self.expose(author, (&known, held), opener, effects) {
                break;
            }
            // What vouched for one that waits is no longer here: it is asked for again if a member builds upon it. One that
            // is delivered can be shown, so what is missing is what vouches for the new one.
            if !self.holdback.remove(author, &known) {
                return Err(Rejection::Inconsistent);
            }
        }
        Ok(())
    }

    /// A member has signed what contradicts something else that it signed. To others this need not show: they have not heard
    /// the same, or not all that lies between.
    pub(super) fn distrust(&mut self, author: MemberIndex, effects: &mut VecDeque<Effect>) {
        if self.mark_exposed(author) && !self.is_published(author) {
            effects.push_back(Effect::Contradicted { author });
        }
    }

    /// Two messages of an author, one at hand and one just authenticated, contradict each other: the author is exposed.
    /// Without a signature on both sides it may be the doing of any member, and the author is not blamed; whether it is.
    fn expose<S: CryptoSuite>(
        &mut self,
        author: MemberIndex,
        (known, new): (&MessageId, &Held),
        opener: &mut Opener<S>,
        effects: &mut VecDeque<Effect>,
    ) -> bool {
        let Some(before) = self.packet_of(known).cloned() else {
            return false;
        };
        // The new one first: if it cannot be shown, it is refused, and may come again and again.
        let Some((new, shows_new)) = self.side(author, &new.id, &new.packet, opener) else {
            return false;
        };
        let Some((known, shows_known)) = self.side(author, known, &before, opener) else {
            return false;
        };
        let evidence = Evidence::new::<S>(&opener.keys.id, author.get(), [known, new]);
        let (Some(evidence), Some(peer)) = (evidence, self.authors.get_mut(author)) else {
            return false;
        };
        peer.exposure = Exposure::Shown;
        let packets = shows_known.into_iter().chain(shows_new);
        effects.push_back(Effect::Equivocation {
            author,
            evidence: Box::new(evidence),
            packets: packets
                .map(|packet| Packet::Sealed(packet).to_bytes())
                .collect(),
        });
        self.forget_undemanded(author);
        true
    }

    /// A message with a signature that covers it: its own, or that of a later one at hand that its line leads to; and the
    /// packets of all of them, the signed one first, so that each vouches for the next.
    fn side<S: CryptoSuite>(
        &mut self,
        author: MemberIndex,
        id: &MessageId,
        packet: &SealedPacket,
        opener: &mut Opener<S>,
    ) -> Option<(SignedChain, Vec<SealedPacket>)> {
        let mut chain: Vec<Unsigned<Content>> = Vec::new();
        let mut packets = Vec::new();
        let mut id = *id;
        let mut packet = packet.clone();
        while chain.len() < MAX_LINKS {
            let unverified = opener.content_again(&packet).ok()?;
            let unsigned = unverified.unsigned().clone();
            let seq = unsigned.fields().seq;
            chain.push(unsigned);
            packets.push(packet);
            if opener.is_signed(author, &id, unverified.signature()) {
                packets.reverse();
                return Some((SignedChain::new(chain, *unverified.signature()), packets));
            }
            if chain.len() == 1 && !self.leads_to_signature((author, seq), &id, opener) {
                return None;
            }
            id = self.voucher_of(author, seq, &id)?;
            packet = self.packet_of(&id)?.clone();
        }
        None
    }

    /// Whether a message after this one in its line is signed itself. Nothing is opened for it that was opened before.
    fn leads_to_signature<S: CryptoSuite>(
        &mut self,
        (author, seq): (MemberIndex, u32),
        id: &MessageId,
        opener: &mut Opener<S>,
    ) -> bool {
        let (mut seq, mut last) = (seq, *id);
        for _ in 1..MAX_LINKS {
            let Some(next) = self.voucher_of(author, seq, &last) else {
                return false;
            };
            if self.is_signed_itself(author, &next, opener) {
                return true;
            }
            (seq, last) = (seq.saturating_add(1), next);
        }
        false
    }
}
