//! What seals the packets of this member: its own ratchets, its signing key, and what it signed last.
//! `docs/spec/05-wire.md`, "Sealed packet".

use std::sync::Arc;

use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{CryptoSuite, EphemeralKeyPair, Secret, SecretScalar};

use super::keys::{EpochKeys, Streams};
use super::stated::{Gist, Stated};
use crate::wire::{
    Content, ContentKind, Header, Lock, MessageId, Next, Packet, Presence, Reveal, RevealedSeed,
    RevealedTrapdoor, SealedPacket, Statement, Stream, Unsigned,
};

/// What seals the packets of this member.
pub(super) struct Sealer<S: CryptoSuite> {
    /// Its index, as packets name it.
    sender: u16,
    /// What it signs with, which a light run hands on to the epoch that follows.
    signing: Arc<EphemeralKeyPair<S>>,
    /// `y` of the offer that it made with that; `None` where it drew the other after it had made its last offer.
    trapdoor: Option<Arc<SecretScalar<S>>>,
    pub(super) streams: Streams,
    /// The id of its last message.
    last: Option<MessageId>,
    /// The lock that it signed last.
    signed_lock: Lock,
    /// The last statement, to send again.
    last_statement: Option<Stated>,
    /// What it stated last about the epoch that follows.
    stated_next: Option<Next>,
    /// How many messages and statements it has sealed.
    said: u64,
    /// Its secrets are published, or never will be.
    is_published: bool,
}

/// A place in a stream of this member, with the key that seals for it once.
pub(super) struct Slot {
    pub(super) seq: u32,
    key: Secret<32>,
}

/// What a text or a last message says.
pub(super) struct Said {
    pub(super) kind: ContentKind,
    pub(super) body: Vec<u8>,
    /// What it comes after besides the message of this member before it.
    pub(super) parents: Vec<MessageId>,
    /// The order that it signs.
    pub(super) lock: Lock,
}

/// A message as it is signed and sealed.
pub(super) struct SealedContent {
    pub(super) id: MessageId,
    pub(super) content: Content,
    pub(super) signed: Zeroizing<Vec<u8>>,
    pub(super) packet: SealedPacket,
}

impl<S: CryptoSuite> Sealer<S> {
    pub(super) const fn new(
        sender: u16,
        signing: Arc<EphemeralKeyPair<S>>,
        trapdoor: Option<Arc<SecretScalar<S>>>,
        streams: Streams,
    ) -> Self {
        Self {
            sender,
            signing,
            trapdoor,
            streams,
            last: None,
            signed_lock: Lock::EMPTY,
            last_statement: None,
            stated_next: None,
            said: 0,
            is_published: false,
        }
    }

    /// What seals in the epoch that follows, under the signing key of this one.
    pub(super) fn go_on(&self, sender: u16, streams: Streams) -> Self {
        let trapdoor = self.trapdoor.clone();
        Self::new(sender, Arc::clone(&self.signing), trapdoor, streams)
    }

    /// What this member signs with.
    pub(super) fn signing(&self) -> &EphemeralKeyPair<S> {
        &self.signing
    }

    /// The id of the last message.
    pub(super) const fn last(&self) -> Option<MessageId> {
        self.last
    }

    /// How many messages and statements were sealed.
    pub(super) const fn said(&self) -> u64 {
        self.said
    }

    /// The lock that was signed last.
    pub(super) const fn signed_lock(&self) -> Lock {
        self.signed_lock
    }

    /// The last statement as it was sent.
    pub(super) const fn last_statement(&self) -> Option<&Stated> {
        self.last_statement.as_ref()
    }

    /// The place of the next message. `None` when no places are left.
    pub(super) fn next_content(&mut self) -> Option<Slot> {
        let (seq, key) = self.streams.content.step::<S>()?;
        Some(Slot { seq, key })
    }

    /// The place of the next statement. `None` when no places are left.
    pub(super) fn next_statement(&mut self) -> Option<Slot> {
        let (seq, key) = self.streams.statements.step::<S>()?;
        Some(Slot { seq, key })
    }

    /// Signs and seals a message, which is the last one from here on.
    pub(super) fn content(
        &mut self,
        keys: &EpochKeys<S>,
        slot: &Slot,
        said: Said,
    ) -> SealedContent {
        let lock = said.lock;
        let content = Unsigned::new(Content {
            kind: said.kind,
            seq: slot.seq,
            prev: self.last,
            parents: said.parents,
            lock,
            body: said.body.into(),
        });
        let id = content.id::<S>(&keys.id, self.sender);
        let signature = self.signing().sign(&id.signed::<S>(&keys.id));
        let signed = content.with_signature(&signature);
        let packet = self.seal(keys, Stream::Content, slot, &signed);
        self.last = Some(id);
        self.signed_lock = lock;
        SealedContent {
            id,
            content: content.into_fields(),
            signed,
            packet,
        }
    }

    /// Signs and seals a statement: what was signed, and the packet.
    pub(super) fn statement(
        &mut self,
        keys: &EpochKeys<S>,
        slot: &Slot,
        statement: Statement,
    ) -> (Zeroizing<Vec<u8>>, Stated) {
        let (presence, lock) = (statement.presence, statement.lock);
        let gist = Gist::of(keys.hint, &statement, self.stated_next.as_ref());
        self.stated_next = gist.next().cloned();
        let statement = Unsigned::new(statement);
        let signed = statement.signed::<S>(&keys.id, self.sender, slot.seq);
        let signed = statement.with_signature(&self.signing().sign(&signed));
        let packet = Packet::Sealed(self.seal(keys, Stream::Statement, slot, &signed)).to_bytes();
        let stated = Stated { packet, gist };
        // A question is not repeated as an answer, nor what says less than was signed; who asks next gets a fresh statement.
        let says_all = lock.count >= self.signed_lock.count;
        let may_repeat = presence != Presence::Asking && says_all;
        self.last_statement = may_repeat.then(|| stated.clone());
        if says_all {
            self.signed_lock = lock;
        }
        (signed, stated)
    }

    fn seal(
        &mut self,
        keys: &EpochKeys<S>,
        stream: Stream,
        slot: &Slot,
        text: &[u8],
    ) -> SealedPacket {
        self.said = self.said.saturating_add(1);
        let header = Header {
            sender: self.sender,
            stream,
            seq: slot.seq,
        };
        SealedPacket::seal::<S>(keys.hint, header, &keys.header, &slot.key, text)
    }

    /// Erases what seals messages. Statements can still be made.
    pub(super) fn close_content(&mut self) {
        self.streams.content.close::<S>();
    }

    /// The secrets are published: what tells them, if that is for the first time. `None`, too, where they never are.
    pub(super) fn publish(&mut self, keys: &EpochKeys<S>) -> Option<Reveal> {
        let is_first = !core::mem::replace(&mut self.is_published, true);
        is_first.then(|| Reveal {
            hint: keys.hint,
            sender: self.sender,
            seed: RevealedSeed::new(*self.signing.seed().expose()),
            trapdoor: self.trapdoor.as_ref().map_or(RevealedTrapdoor::NONE, |it| {
                RevealedTrapdoor::new(*it.encoded().expose())
            }),
        })
    }

    /// Nothing of this epoch is published: its keys sign on in the one that follows, or who was left out accepts under them.
    pub(super) const fn keep_secret(&mut self) {
        self.is_published = true;
    }
}
