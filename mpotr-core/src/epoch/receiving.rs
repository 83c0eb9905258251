//! Opening: decrypt, then verify. `docs/spec/05-wire.md`, "Receiving".
//!
//! Every member holds the message keys of all, so a packet that opens is from *some* member. It counts when the author's
//! signature verifies, or when a later message of the author that is authentic names it as its previous one, and leaves no
//! trace before: no key is used up, nothing is held, nobody is blamed.

use mpotr_crypto::{CryptoSuite, SignatureBytes};

use super::changing::Frozen;
use super::holdback::Held;
use super::{Effect, Epoch};
use crate::error::Rejection;
use crate::wire::{
    Content, Header, MessageId, Presence, SealedPacket, Statement, Stream, Unverified,
};

/// What a content packet held.
pub(super) struct Opened {
    pub(super) id: MessageId,
    pub(super) content: Content,
    /// That nobody has looked at.
    pub(super) signature: SignatureBytes,
    /// All of it as it was signed, if it is to be kept.
    signed: Option<Vec<u8>>,
}

impl<S: CryptoSuite> Epoch<S> {
    /// Opens a packet of this epoch and returns its sender.
    ///
    /// # Errors
    /// Why it changed nothing.
    pub(crate) fn open(&mut self, packet: &SealedPacket) -> Result<usize, Rejection> {
        let (sender, header) = self.header_of(packet)?;
        match header.stream {
            Stream::Content => self.open_content(sender, header, packet),
            Stream::Statement => self.open_statement(sender, header, packet),
        }?;
        self.advance();
        Ok(sender)
    }

    /// Opens the header, and looks up whom it names.
    pub(super) fn header_of(&self, packet: &SealedPacket) -> Result<(usize, Header), Rejection> {
        let header = packet
            .open_header::<S>(&self.keys.header)
            .map_err(|_opaque| Rejection::NotAuthentic)?;
        let sender = usize::from(header.sender);
        if sender == self.me {
            return Err(Rejection::Replayed);
        }
        let peer = self.peers.get(sender).ok_or(Rejection::UnknownSender)?;
        // Once everyone has closed, signing keys may be public: what they sign is no message, and no evidence.
        if peer.closed || (self.is_over && header.stream == Stream::Content) {
            return Err(Rejection::Inconsistent);
        }
        Ok((sender, header))
    }

    fn open_content(
        &mut self,
        sender: usize,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<(), Rejection> {
        let opened = self.read(header, packet)?;
        let id = opened.id;
        let is_authentic = self
            .vouched_for(sender, header.seq)
            .any(|named| named == id)
            || self.is_signed(sender, &id, &opened.signature);
        if !is_authentic {
            return Err(Rejection::NotAuthentic);
        }
        self.accept_opened(sender, opened, packet.clone())?;
        self.deliver_ready();
        if self.trim().contains(&id) {
            return Err(Rejection::Quota);
        }
        Ok(())
    }

    /// Opens a content packet, and finds out its id. Whose it is nobody knows yet.
    pub(super) fn read(
        &mut self,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<Opened, Rejection> {
        let sender = usize::from(header.sender);
        let unverified = self
            .decrypt(sender, header, packet)
            .inspect_err(|rejection| {
                // Sealed by a member, and for a place that is final: as a rule, sent again for want of an answer.
                if *rejection == Rejection::Replayed {
                    self.effects.push_back(Effect::Asked);
                }
            })?;
        let id = unverified.unsigned().id::<S>(&self.id, header.sender);
        if self.is_at_hand(sender, header.seq, &id) {
            self.effects.push_back(Effect::Asked);
            return Err(Rejection::Replayed);
        }
        let signed = self
            .is_recording()
            .then(|| unverified.unsigned().with_signature(unverified.signature()));
        let signature = *unverified.signature();
        Ok(Opened {
            id,
            content: unverified.into_unsigned().into_fields(),
            signature,
            signed,
        })
    }

    /// Opens a content packet and reads it. Whose it is nobody knows yet.
    pub(super) fn decrypt(
        &mut self,
        sender: usize,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<Unverified<Content>, Rejection> {
        let peer = self.peers.get_mut(sender).ok_or(Rejection::UnknownSender)?;
        let key = peer.streams.content.key::<S>(header.seq)?;
        let mut text = packet
            .open_content::<S>(header, key)
            .map_err(|_opaque| Rejection::NotAuthentic)?;
        let unverified = Unverified::<Content>::from_vec(std::mem::take(&mut *text))?;
        if unverified.unsigned().fields().seq == header.seq {
            Ok(unverified)
        } else {
            Err(Rejection::NotAuthentic)
        }
    }

    /// Whether a message is delivered, or waits.
    pub(super) fn is_at_hand(&self, author: usize, seq: u32, id: &MessageId) -> bool {
        self.graph.contains(id) || self.holdback.at(author, seq).any(|held| held.id == *id)
    }

    /// What authentic messages of an author that wait name as the one in this place.
    pub(super) fn vouched_for(&self, author: usize, seq: u32) -> impl Iterator<Item = MessageId> {
        let after = seq.checked_add(1).into_iter();
        after
            .flat_map(move |after| self.holdback.at(author, after))
            .map(|held| held.content.prev)
    }

    /// Whether an author's own signature verifies.
    pub(super) fn is_signed(
        &self,
        author: usize,
        id: &MessageId,
        signature: &SignatureBytes,
    ) -> bool {
        let key = self.peers.get(author).and_then(|peer| peer.key.get());
        key.is_some_and(|key| {
            let signed = id.signed::<S>(&self.id);
            key.verify(&signed, signature).is_ok()
        })
    }

    /// Takes an authentic message that was opened here.
    pub(super) fn accept_opened(
        &mut self,
        author: usize,
        opened: Opened,
        packet: SealedPacket,
    ) -> Result<(), Rejection> {
        let Opened {
            id,
            content,
            signed,
            ..
        } = opened;
        if let Some(signed) = signed {
            self.keep_content(id, || signed);
        }
        self.accept(author, id, content, packet)
    }

    /// Takes an authentic message: it waits to be delivered.
    pub(super) fn accept(
        &mut self,
        author: usize,
        id: MessageId,
        content: Content,
        packet: SealedPacket,
    ) -> Result<(), Rejection> {
        let seq = content.seq;
        let peer = self.peers.get(author).ok_or(Rejection::UnknownSender)?;
        if peer.fin && seq >= peer.delivered {
            return Err(Rejection::Inconsistent);
        }
        if self.is_exposed(author) {
            if !self.is_demanded(&id) {
                return Err(Rejection::Disputed);
            }
        } else if let Some(known) = self.contradicted(author, &id, &content) {
            if !self.expose(author, &known, &id, &packet) {
                // Another member stripped a signature off: which of the two the author said cannot be shown.
                return Err(Rejection::Inconsistent);
            }
            if !self.is_demanded(&id) {
                return Ok(());
            }
        }
        if let Some(peer) = self.peers.get_mut(author) {
            peer.streams.content.spend(seq);
        }
        // As a rule nothing is missing before it, and it need not wait at all.
        let is_wanted = !self.is_exposed(author) && self.gate.admits(&id);
        if is_wanted && let Some(position) = self.consistent(author, &id, &content) {
            self.deliver(author, position, content, packet);
            self.apply_waiting();
            return Ok(());
        }
        let held = Held {
            id,
            content,
            packet,
        };
        self.holdback.insert(author, held);
        Ok(())
    }

    /// Drops what there is no room for, and names it. It is sent again, or asked for.
    pub(super) fn trim(&mut self) -> Vec<MessageId> {
        let Self {
            holdback, peers, ..
        } = self;
        holdback.trim(|author| peers.get(author).map_or(0, |peer| peer.delivered))
    }

    pub(super) fn open_statement(
        &mut self,
        sender: usize,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<(), Rejection> {
        let peer = self.peers.get_mut(sender).ok_or(Rejection::UnknownSender)?;
        let key = peer.streams.statements.key::<S>(header.seq)?;
        let text = packet
            .open_content::<S>(header, key)
            .map_err(|_opaque| Rejection::NotAuthentic)?;
        let unverified = Unverified::<Statement>::decode(&text)?;
        let signed = unverified
            .unsigned()
            .signed::<S>(&self.id, header.sender, header.seq);
        let statement = peer
            .key
            .get()
            .and_then(|key| unverified.verify(key, &signed).ok())
            .ok_or(Rejection::NotAuthentic)?
            .into_fields();
        // The newest replaces the older.
        peer.streams.statements.erase_through(header.seq);
        self.record_statement(header.sender, header.seq, &text);
        let peer = self.peers.get_mut(sender).ok_or(Rejection::UnknownSender)?;
        if statement.presence == Presence::Asking {
            self.effects.push_back(Effect::Asked);
        }
        if statement.next != peer.next {
            if let Some((run, lock)) = statement.next.as_ref().and_then(|next| next.frozen) {
                peer.frozen = Some(Frozen {
                    run,
                    frontier: statement.frontier.clone(),
                    lock,
                });
            }
            peer.next.clone_from(&statement.next);
            self.effects.push_back(Effect::Next { member: sender });
        }
        let (wanted, missing) = (statement.wanted.clone(), statement.missing.clone());
        let (question, listing) = (statement.question, statement.listing.clone());
        peer.waiting = Some(statement);
        self.serve(&wanted, &missing, header.seq);
        self.hear_question(sender, question);
        self.hear_listing(sender, listing.as_ref());
        self.apply_waiting();
        Ok(())
    }
}
