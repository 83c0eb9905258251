//! Opening: decrypt, then verify. `docs/spec/05-wire.md`, "Receiving".
//!
//! Every member holds the message keys of all, so a packet that opens is from *some* member. It counts when the author's
//! signature verifies, or when a later message of the author that is authentic names it as its previous one, and leaves no
//! trace before: no key is used up, nothing is held, nobody is blamed.

use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{CryptoSuite, SignatureBytes};
use mpotr_gka::MemberIndex;

use super::changing::Frozen;
use super::delivery::Standing;
use super::fitting::Fit;
use super::holdback::Held;
use super::opener::OpenedStatement;
use super::unfinal::Need;
use super::vouching::Warrant;
use super::{Effect, Epoch, Newest};
use crate::error::Rejection;
use crate::wire::{Content, Header, MessageId, Presence, SealedPacket, Stream};

/// What a content packet held.
pub(super) struct Opened {
    pub(super) id: MessageId,
    pub(super) content: Content,
    /// That nobody has looked at.
    pub(super) signature: SignatureBytes,
    /// All of it as it was signed, if it is to be kept.
    signed: Option<Zeroizing<Vec<u8>>>,
}

impl Opened {
    /// What is kept until it is delivered, once it is known to be its author's.
    pub(super) fn held(self, packet: SealedPacket, warrant: Warrant) -> Held {
        Held {
            id: self.id,
            content: self.content,
            packet,
            warrant,
        }
    }
}

impl<S: CryptoSuite> Epoch<S> {
    /// Opens a packet of this epoch and returns its sender.
    ///
    /// # Errors
    /// Why it changed nothing.
    pub(crate) fn open(&mut self, packet: &SealedPacket) -> Result<MemberIndex, Rejection> {
        let (sender, header) = self.header_of(packet)?;
        match header.stream {
            Stream::Content => self.open_content(sender, header, packet),
            Stream::Statement => self.open_statement(sender, header, packet),
        }?;
        self.advance();
        Ok(sender)
    }

    /// Opens the header, and looks up whom it names.
    pub(super) fn header_of(
        &mut self,
        packet: &SealedPacket,
    ) -> Result<(MemberIndex, Header), Rejection> {
        let header = self.opener.header(packet)?;
        let sender = MemberIndex::new(header.sender);
        if sender == self.me {
            self.note_own_again(header, packet);
            return Err(Rejection::Replayed);
        }
        let authors = &self.delivery.authors;
        let peer = authors.get(sender).ok_or(Rejection::UnknownSender)?;
        // Once everyone has closed, signing keys may be public: what they sign is no message, and no evidence. Who has closed
        // alone and writes all the same contradicts itself, and others may have built upon it.
        let is_content = header.stream == Stream::Content;
        if (peer.standing == Standing::Closed && !is_content) || (self.is_over && is_content) {
            return Err(Rejection::Inconsistent);
        }
        Ok((sender, header))
    }

    /// Another member has sent a message of this one again.
    fn note_own_again(&mut self, header: Header, packet: &SealedPacket) {
        let is_content = header.stream == Stream::Content;
        let own = self.delivery.id_at(self.me, header.seq);
        let own = own.filter(|id| is_content && self.delivery.packet_of(id) == Some(packet));
        self.effects.extend(own.map(|id| Effect::Again { id }));
    }

    fn open_content(
        &mut self,
        sender: MemberIndex,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<(), Rejection> {
        let opened = self.read(header, packet)?;
        let id = opened.id;
        let message = (id, opened.signature);
        if let Some(why) = self.refused.again(self.delivery.changes(), &message) {
            return Err(why);
        }
        // Its own signature, where there is one to look at: it needs nobody to vouch for it.
        let warrant = if self.opener.is_signed(sender, &id, &opened.signature) {
            Warrant::Own
        } else {
            let vouched = {
                let mut named = self.delivery.vouched_for(sender, header.seq);
                named.find(|(named, _)| *named == id)
            };
            let vouched = vouched.map(|(_, warrant)| warrant.examined(false));
            let Some(warrant) = vouched else {
                return Err(Rejection::NotAuthentic);
            };
            warrant
        };
        let taken = self.take_authentic(sender, opened, packet, warrant);
        if let Err(why) = &taken {
            self.note_refused(message, why.clone());
        }
        taken
    }

    /// Takes an authentic message that came alone, and delivers what can be.
    fn take_authentic(
        &mut self,
        sender: MemberIndex,
        opened: Opened,
        packet: &SealedPacket,
        warrant: Warrant,
    ) -> Result<(), Rejection> {
        let (id, signature) = (opened.id, opened.signature);
        if self
            .delivery
            .finds_no_room(sender, (&id, &opened.content), packet.length())
        {
            return Err(self.refuse_for_room(&id, &signature, warrant));
        }
        self.accept_opened(sender, opened, packet.clone(), warrant)?;
        self.deliver_ready();
        if self.delivery.trim().contains(&id) {
            return Err(self.refuse_for_room(&id, &signature, warrant));
        }
        Ok(())
    }

    /// An authentic message was refused: as long as nothing changes, that it comes again costs no look through what waits.
    pub(super) fn note_refused(&mut self, message: (MessageId, SignatureBytes), why: Rejection) {
        self.refused.note(self.delivery.changes(), message, why);
    }

    /// Refuses an authentic message for want of room. It costs no signature when it comes again.
    pub(super) fn refuse_for_room(
        &mut self,
        id: &MessageId,
        signature: &SignatureBytes,
        warrant: Warrant,
    ) -> Rejection {
        // What is refused again and again changes nothing.
        if self.delivery.asked.knows(id) {
            self.delivery.asked.forget(id);
        }
        if warrant == Warrant::Own {
            self.opener.note_refused(id, *signature);
        }
        Rejection::Quota
    }

    /// Opens a content packet, and finds out its id. Whose it is nobody knows yet.
    pub(super) fn read(
        &mut self,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<Opened, Rejection> {
        let sender = MemberIndex::new(header.sender);
        let unverified = self.opener.content(header, packet)?;
        let id = unverified
            .unsigned()
            .id::<S>(&self.opener.keys.id, header.sender);
        if self.delivery.is_at_hand(sender, header.seq, &id) {
            // Anyone can send it again: it draws no answer. Who misses one asks for it, over its signature.
            self.effects.push_back(Effect::Again { id });
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

    /// Takes an authentic message that was opened here.
    pub(super) fn accept_opened(
        &mut self,
        author: MemberIndex,
        mut opened: Opened,
        packet: SealedPacket,
        warrant: Warrant,
    ) -> Result<(), Rejection> {
        if let Some(signed) = opened.signed.take() {
            self.keep_content(opened.id, || signed.to_vec());
        }
        let (id, signature) = (opened.id, opened.signature);
        let accepted = self.accept(author, opened.held(packet, warrant));
        if accepted.is_err() && warrant == Warrant::Own {
            // It may yet count, and costs no signature when it comes again until then.
            self.opener.note_refused(&id, signature);
        }
        accepted
    }

    /// Takes an authentic message: it waits to be delivered.
    fn accept(&mut self, author: MemberIndex, held: Held) -> Result<(), Rejection> {
        let was_exposed = self.is_exposed(author);
        let (opener, effects) = (&mut self.opener, &mut self.effects);
        self.delivery.confront(author, &held, opener, effects)?;
        #[cfg(test)]
        if self.is_exposed(author) {
            let examined = &mut self.opener.examined;
            examined.looked = examined.looked.saturating_add(1);
        }
        if self.is_exposed(author) && !self.delivery.is_demanded(author, &held) {
            return if was_exposed {
                Err(Rejection::Disputed)
            } else {
                Ok(())
            };
        }
        if let Ok(streams) = self.opener.streams(author) {
            streams.content.spend(held.content.seq);
        }
        // As a rule nothing is missing before it, and it need not wait at all.
        if held.warrant == Warrant::Own
            && !self.is_exposed(author)
            && !self.delivery.is_frozen()
            && self.delivery.unfinal.need(author, held.packet.length(), 1) == Need::Nothing
            && let Fit::Here(position) =
                self.delivery
                    .fit(author, &held.id, &held.content, &self.consensus.order)
        {
            self.deliver(author, position, held);
            self.apply_waiting();
            return Ok(());
        }
        let id = held.id;
        self.delivery.holdback.insert(author, held);
        self.delivery.note_held(&id);
        Ok(())
    }

    /// Who says first of all that it has closed does not come in.
    fn note_first_word(&mut self, sender: MemberIndex, seq: u32, presence: Presence) {
        if seq == 0 && presence == Presence::Closed && self.has_come(sender) {
            self.effects.push_back(Effect::Declined);
        }
    }

    pub(super) fn open_statement(
        &mut self,
        sender: MemberIndex,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<(), Rejection> {
        let opened = self.opener.statement(header, packet);
        let newest = self.peers.get(sender).and_then(|peer| peer.newest.as_ref());
        if opened.is_err() && newest.is_some_and(|newest| newest.packet == *packet) {
            // Who else lacked it has it by this.
            self.effects.push_back(Effect::repeated(sender, false));
        }
        let OpenedStatement { statement, signed } = opened?;
        self.record_statement(header.sender, header.seq, &signed);
        self.note_first_word(sender, header.seq, statement.presence);
        let (peer, author) = self
            .peers
            .get_mut(sender)
            .zip(self.delivery.authors.get_mut(sender))
            .ok_or(Rejection::UnknownSender)?;
        if statement.presence == Presence::Asking && statement.lacks.is_empty() {
            self.effects.push_back(Effect::Asked);
        }
        peer.newest = Some(Newest {
            packet: packet.clone(),
            locks: statement.lock.count > 0,
        });
        self.effects.push_back(Effect::repeated(sender, true));
        let opened = statement.next.as_ref().map(|next| next.joins.clone());
        if statement.next != peer.next {
            if let Some((run, lock)) = statement.next.as_ref().and_then(|next| next.frozen) {
                author.frozen = Some(Frozen {
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
        let lacks = statement.lacks.clone();
        let (asks_order, asks_next) = (statement.lock.count, statement.next.clone());
        let frozen = statement.next.as_ref().and_then(|next| next.frozen);
        // What a member holds and has not shown it does not cover. What it covers it has stated before.
        if !statement.names_held() {
            author.waiting = Some(statement);
        }
        // A run of which only the other knows waits for no cut.
        let is_in_cut = frozen.is_some_and(|(run, _)| self.has_frozen_for(run));
        if self.delivery.unfinal.is_any_crowded() {
            // There is room for what it names.
            self.deliver_ready();
        }
        self.delivery.serve(
            (&wanted, &missing),
            (header.seq, is_in_cut),
            &mut self.opener,
            &mut self.effects,
        );
        if let Some(opened) = opened {
            self.hear_opened(sender, &opened);
        }
        self.hear_lacking(sender, header.seq, &lacks, (asks_order, asks_next.as_ref()));
        self.consensus.hear_question(sender, question);
        self.consensus
            .hear_listing::<S>(sender, listing.as_ref(), &mut self.effects);
        self.apply_waiting();
        Ok(())
    }
}
