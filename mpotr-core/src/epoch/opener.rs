//! What opens the packets of an epoch, and finds out whose they are. `docs/spec/05-wire.md`, "Receiving".
//!
//! Every member holds the message keys of all, so a packet that opens is from *some* member: whose it is, its signature shows,
//! or a later message that names it. Nothing is known here of what was delivered.

use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{CryptoSuite, EphemeralKey, SignatureBytes};
use mpotr_gka::{MemberIndex, PerMember};

use super::examined::Examined;
use super::keys::{EpochKeys, Streams};
use super::peer_key::PeerKey;
use crate::error::Rejection;
use crate::wire::{Content, Header, MessageId, SealedPacket, Statement, Unverified};

/// The keys that open the packets of each member, and the keys that verify its signatures.
pub(super) struct Opener<S: CryptoSuite> {
    /// What all members share.
    pub(super) keys: EpochKeys<S>,
    /// In cycle order.
    senders: PerMember<Sender<S>>,
    /// Signatures of packets that were refused.
    pub(super) examined: Examined,
}

/// What is known of the keys of one member.
struct Sender<S: CryptoSuite> {
    key: PeerKey<S>,
    /// `None` for this member: its own are its sealer's.
    streams: Option<Streams>,
}

/// A statement whose author signed it, and the bytes that it signed.
pub(super) struct OpenedStatement {
    pub(super) statement: Statement,
    pub(super) signed: Zeroizing<Vec<u8>>,
}

impl<S: CryptoSuite> Opener<S> {
    /// That of an epoch with these members.
    pub(super) fn new(
        keys: EpochKeys<S>,
        members: impl Iterator<Item = (EphemeralKey, Option<Streams>)>,
    ) -> Self {
        let senders = members.map(|(key, streams)| Sender {
            key: PeerKey::new(key),
            streams,
        });
        Self {
            keys,
            senders: senders.collect(),
            examined: Examined::default(),
        }
    }

    /// The signing key of a member.
    pub(super) fn key_of(&self, member: MemberIndex) -> Option<&PeerKey<S>> {
        self.senders.get(member).map(|sender| &sender.key)
    }

    /// The keys of another member's streams.
    ///
    /// # Errors
    /// There is no such member, or it is this one.
    pub(super) fn streams(&mut self, sender: MemberIndex) -> Result<&mut Streams, Rejection> {
        let sender = self.senders.get_mut(sender);
        let streams = sender.and_then(|sender| sender.streams.as_mut());
        streams.ok_or(Rejection::UnknownSender)
    }

    /// Opens the header of a packet.
    ///
    /// # Errors
    /// No member sealed it.
    pub(super) fn header(&self, packet: &SealedPacket) -> Result<Header, Rejection> {
        packet
            .open_header::<S>(&self.keys.header)
            .map_err(|_opaque| Rejection::NotAuthentic)
    }

    /// Opens a content packet and reads it. Whose it is nobody knows yet.
    ///
    /// # Errors
    /// Its key is erased or too far ahead, or the packet does not open.
    pub(super) fn content(
        &mut self,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<Unverified<Content>, Rejection> {
        let streams = self.streams(MemberIndex::new(header.sender))?;
        let key = streams.content.key::<S>(header.seq)?;
        let text = packet
            .open_content::<S>(header, key)
            .map_err(|_opaque| Rejection::NotAuthentic)?;
        let unverified = Unverified::<Content>::from_vec(text)?;
        if unverified.unsigned().fields().seq == header.seq {
            Ok(unverified)
        } else {
            Err(Rejection::NotAuthentic)
        }
    }

    /// Opens once more the packet of a message at hand.
    ///
    /// # Errors
    /// Its key is erased.
    pub(super) fn content_again(
        &mut self,
        packet: &SealedPacket,
    ) -> Result<Unverified<Content>, Rejection> {
        let header = self.header(packet)?;
        self.content(header, packet)
    }

    /// Opens a statement and verifies it. The newest replaces the older: their keys are erased.
    ///
    /// # Errors
    /// Its key is erased or too far ahead, the packet does not open, or the signature is not its sender's.
    pub(super) fn statement(
        &mut self,
        header: Header,
        packet: &SealedPacket,
    ) -> Result<OpenedStatement, Rejection> {
        let sender = MemberIndex::new(header.sender);
        let key = self.streams(sender)?.statements.key::<S>(header.seq)?;
        let text = packet
            .open_content::<S>(header, key)
            .map_err(|_opaque| Rejection::NotAuthentic)?;
        let unverified = Unverified::<Statement>::decode(&text)?;
        let signed = unverified
            .unsigned()
            .signed::<S>(&self.keys.id, header.sender, header.seq);
        if !self.verifies(sender, &signed, unverified.signature()) {
            return Err(Rejection::NotAuthentic);
        }
        self.streams(sender)?.statements.erase_through(header.seq);
        Ok(OpenedStatement {
            statement: unverified.into_unsigned().into_fields(),
            signed: text,
        })
    }

    /// Whether an author's own signature of a message verifies.
    pub(super) fn is_signed(
        &mut self,
        author: MemberIndex,
        id: &MessageId,
        signature: &SignatureBytes,
    ) -> bool {
        let signed = id.signed::<S>(&self.keys.id);
        self.verifies(author, &signed, signature)
    }

    /// Whether an author's signature verifies. One that does not is looked at once.
    fn verifies(
        &mut self,
        author: MemberIndex,
        signed: &[u8; 64],
        signature: &SignatureBytes,
    ) -> bool {
        if let Some(verdict) = self.examined.verdict(signed, signature) {
            return verdict;
        }
        #[cfg(test)]
        {
            self.examined.verified = self.examined.verified.saturating_add(1);
        }
        let key = self.key_of(author).and_then(PeerKey::get);
        let is_valid = key.is_some_and(|key| key.verify(signed, signature).is_ok());
        if !is_valid {
            self.examined.note(*signed, *signature, false);
        }
        is_valid
    }

    /// A message whose own signature verifies was refused. It may yet count, and until then it costs no signature to send it
    /// again.
    pub(super) fn note_refused(&mut self, id: &MessageId, signature: SignatureBytes) {
        let signed = id.signed::<S>(&self.keys.id);
        self.examined.note(signed, signature, true);
    }

    /// Erases what opens messages. Statements still open.
    pub(super) fn close_content(&mut self) {
        for sender in self.senders.values_mut() {
            if let Some(streams) = &mut sender.streams {
                streams.content.close::<S>();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::epoch::sealer::{Said, SealedContent, Sealer};
    use crate::wire::{ContentKind, EpochId, Lock, Packet, Presence};
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
    use mpotr_crypto::{Digest32, EphemeralKeyPair, SecretScalar, kdf::Prk};
    use mpotr_gka::Sid;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    const ALICE: MemberIndex = MemberIndex::new(0);
    const BOB: MemberIndex = MemberIndex::new(1);

    /// What seals for a member of an epoch of two, and what opens.
    fn member(me: MemberIndex, seeds: [u64; 2]) -> (Sealer<Suite>, Opener<Suite>) {
        let id = EpochId {
            sid: Sid::new([1; 32]),
            key_commitment: Digest32::new([2; 32]),
        };
        let pairs = seeds
            .map(|seed| EphemeralKeyPair::<Suite>::random(&mut ChaCha20Rng::seed_from_u64(seed)));
        let secret = Prk::extract::<Suite>(b"salt", b"secret");
        let (keys, own, streams) = EpochKeys::derive(id, secret, 2, me);
        let public: Vec<_> = pairs.iter().map(EphemeralKeyPair::public).collect();
        let opener = Opener::new(keys, public.into_iter().zip(streams));
        let signing = pairs.into_iter().nth(me.place()).unwrap();
        let trapdoor = SecretScalar::random(&mut ChaCha20Rng::seed_from_u64(7));
        let (signing, trapdoor) = (Arc::new(signing), Some(Arc::new(trapdoor)));
        (Sealer::new(me.get(), signing, trapdoor, own), opener)
    }

    fn said(sealer: &mut Sealer<Suite>, keys: &EpochKeys<Suite>) -> SealedContent {
        let slot = sealer.next_content().unwrap();
        let said = Said {
            kind: ContentKind::Text,
            body: b"text".to_vec(),
            parents: Vec::new(),
            lock: Lock::EMPTY,
        };
        sealer.content(keys, &slot, said)
    }

    fn statement() -> Statement {
        Statement::empty(Presence::Present)
    }

    #[test]
    fn what_one_seals_the_other_opens_and_knows_whose_it_is() {
        let (mut alice, of_alice) = member(ALICE, [3, 4]);
        let (_, mut bob) = member(BOB, [3, 4]);
        for seq in 0..3 {
            let last = alice.last();
            let sealed = said(&mut alice, &of_alice.keys);
            let header = bob.header(&sealed.packet).unwrap();
            assert_eq!((MemberIndex::new(header.sender), header.seq), (ALICE, seq));
            let opened = bob.content(header, &sealed.packet).unwrap();
            assert_eq!(opened.unsigned().fields(), &sealed.content);
            assert_eq!(sealed.content.prev, last);
            let signature = opened.signature();
            assert!(bob.is_signed(ALICE, &sealed.id, signature));
            assert!(!bob.is_signed(BOB, &sealed.id, signature));
        }
    }

    #[test]
    fn what_another_signed_opens_and_does_not_count() {
        // Bob has another key of Alice than the one that signs.
        let (mut alice, of_alice) = member(ALICE, [5, 4]);
        let (_, mut bob) = member(BOB, [3, 4]);
        let sealed = said(&mut alice, &of_alice.keys);
        let opened = bob.content_again(&sealed.packet).unwrap();
        assert!(!bob.is_signed(ALICE, &sealed.id, opened.signature()));
        let slot = alice.next_statement().unwrap();
        let (_, packet) = alice.statement(&of_alice.keys, &slot, statement());
        let Ok(Packet::Sealed(packet)) = Packet::from_bytes(&packet.packet) else {
            panic!("it is a sealed packet");
        };
        let header = bob.header(&packet).unwrap();
        let refused = bob.statement(header, &packet).err();
        assert_eq!(refused, Some(Rejection::NotAuthentic));
    }

    #[test]
    fn what_is_closed_opens_no_content_and_opens_statements() {
        let (mut alice, of_alice) = member(ALICE, [3, 4]);
        let (_, mut bob) = member(BOB, [3, 4]);
        let sealed = said(&mut alice, &of_alice.keys);
        bob.close_content();
        assert!(bob.content_again(&sealed.packet).is_err());
        alice.close_content();
        assert!(alice.next_content().is_none());
        let slot = alice.next_statement().unwrap();
        let (_, packet) = alice.statement(&of_alice.keys, &slot, statement());
        let Ok(Packet::Sealed(packet)) = Packet::from_bytes(&packet.packet) else {
            panic!("it is a sealed packet");
        };
        let header = bob.header(&packet).unwrap();
        assert!(bob.statement(header, &packet).is_ok());
        // The newest replaces the older: its key is gone.
        let again = bob.statement(header, &packet).err();
        assert_eq!(again, Some(Rejection::Replayed));
    }
}
