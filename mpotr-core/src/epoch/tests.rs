//! Epochs without a room: what an insider can do with the keys that all members share, and what it gets for it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests, which clippy does not know for tests"
)]

mod backlog;
mod claims;
mod crowding;
mod equivocation;
mod flood;
mod forging;
mod holding;
mod late;
mod light;
mod orders;
mod places;
mod quiet;
mod serving;
mod spec;
mod stating;
mod together;
mod vouching;

use std::ops::{Index, IndexMut};

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::Secret;
use mpotr_gka::{AgreementId, AuthenticationId, MemberIndex, Methods, simulation};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{Effect, Epoch};
use crate::error::Rejection;
use crate::wire::{
    Content, ContentKind, Fields, Header, Lock, MessageId, Packet, Presence, SealedPacket,
    Statement, Stream, Unsigned,
};

pub(super) const ALICE: MemberIndex = MemberIndex::new(0);
pub(super) const BOB: MemberIndex = MemberIndex::new(1);
pub(super) const MALLORY: MemberIndex = MemberIndex::new(2);

/// An epoch as each of its members sees it.
#[derive(Debug)]
pub(super) struct Epochs(Vec<Epoch<Suite>>);

impl Epochs {
    /// That of a member alone.
    pub(super) fn of(mut self, member: MemberIndex) -> Epoch<Suite> {
        self.0.remove(member.place())
    }
}

impl FromIterator<Epoch<Suite>> for Epochs {
    fn from_iter<T: IntoIterator<Item = Epoch<Suite>>>(epochs: T) -> Self {
        Self(epochs.into_iter().collect())
    }
}

impl Index<MemberIndex> for Epochs {
    type Output = Epoch<Suite>;

    fn index(&self, member: MemberIndex) -> &Epoch<Suite> {
        &self.0[member.place()]
    }
}

impl IndexMut<MemberIndex> for Epochs {
    fn index_mut(&mut self, member: MemberIndex) -> &mut Epoch<Suite> {
        &mut self.0[member.place()]
    }
}

/// The same epoch as each of so many members sees it.
pub(super) fn epochs(members: usize, seed: u64) -> Epochs {
    let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let (established, _) = simulation::form_group::<Suite>(members, methods, &mut rng).unwrap();
    established.into_iter().map(Epoch::new).collect()
}

pub(super) fn sealed(packet: &[u8]) -> SealedPacket {
    match Packet::from_bytes(packet).unwrap() {
        Packet::Sealed(sealed) => sealed,
        other => panic!("{other:?}"),
    }
}

pub(super) fn text(epoch: &mut Epoch<Suite>, body: &str) -> (MessageId, SealedPacket) {
    let (_, id, packet) = epoch.seal_content(ContentKind::Text, body.into()).unwrap();
    (id, sealed(&packet))
}

pub(super) fn statement(epoch: &mut Epoch<Suite>) -> SealedPacket {
    sealed(&epoch.seal_statement(Presence::Present).unwrap().packet)
}

pub(super) fn effects(epoch: &mut Epoch<Suite>) -> Vec<Effect> {
    std::iter::from_fn(|| epoch.poll_effect()).collect()
}

pub(super) fn bodies(epoch: &mut Epoch<Suite>) -> Vec<String> {
    let effects = effects(epoch)
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Delivered { body, .. } => Some(String::from_utf8(body).unwrap()),
            _ => None,
        });
    effects.collect()
}

/// The key of a place in an author's stream: an insider has them all.
fn key_of(
    insider: &mut Epoch<Suite>,
    author: MemberIndex,
    (stream, seq): (Stream, u32),
) -> Secret<32> {
    let streams = if author == insider.me {
        &mut insider.sealer.streams
    } else {
        insider.opener.streams(author).unwrap()
    };
    let ratchet = match stream {
        Stream::Content => &mut streams.content,
        Stream::Statement => &mut streams.statements,
    };
    Secret::new(*ratchet.key::<Suite>(seq).unwrap().expose())
}

/// What an insider seals for a place in an author's stream, with a signature of its own.
fn forge<T: Fields>(
    insider: &mut Epoch<Suite>,
    author: MemberIndex,
    (stream, seq): (Stream, u32),
    fields: T,
    signed: impl FnOnce(&Epoch<Suite>, &Unsigned<T>) -> [u8; 64],
) -> SealedPacket {
    let unsigned = Unsigned::new(fields);
    let signature = insider.sealer.signing().sign(&signed(insider, &unsigned));
    let header = Header {
        sender: author.get(),
        stream,
        seq,
    };
    let key = key_of(insider, author, (stream, seq));
    SealedPacket::seal::<Suite>(
        insider.opener.keys.hint,
        header,
        &insider.opener.keys.header,
        &key,
        &unsigned.with_signature(&signature),
    )
}

pub(super) fn forge_content(
    insider: &mut Epoch<Suite>,
    author: MemberIndex,
    content: Content,
) -> SealedPacket {
    let place = (Stream::Content, content.seq);
    forge(insider, author, place, content, |epoch, unsigned| {
        unsigned
            .id::<Suite>(&epoch.opener.keys.id, author.get())
            .signed::<Suite>(&epoch.opener.keys.id)
    })
}

pub(super) fn forge_statement(
    insider: &mut Epoch<Suite>,
    author: MemberIndex,
    number: u32,
    statement: Statement,
) -> SealedPacket {
    forge(
        insider,
        author,
        (Stream::Statement, number),
        statement,
        |epoch, unsigned| unsigned.signed::<Suite>(&epoch.opener.keys.id, author.get(), number),
    )
}

pub(super) fn content(
    seq: u32,
    prev: impl Into<Option<MessageId>>,
    parents: Vec<MessageId>,
    body: &str,
) -> Content {
    Content {
        kind: ContentKind::Text,
        seq,
        prev: prev.into(),
        parents,
        lock: Lock::EMPTY,
        body: body.as_bytes().to_vec().into(),
    }
}

/// The signatures that an epoch verifies meanwhile.
pub(super) fn verified<T>(
    epoch: &mut Epoch<Suite>,
    call: impl FnOnce(&mut Epoch<Suite>) -> T,
) -> (T, usize) {
    let before = epoch.opener.examined.verified;
    let result = call(epoch);
    (result, epoch.opener.examined.verified - before)
}
