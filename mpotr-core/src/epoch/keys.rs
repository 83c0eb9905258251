//! The keys of an epoch. `docs/spec/05-wire.md`, "Epoch keys".
//!
//! ```text
//! hint     = expand(epoch, "hint", "")        8 bytes, in clear on every packet
//! header   = expand(epoch, "header", "")      32 bytes
//! exporter = expand(epoch, "exporter", "")    64 bytes; for the application expand(exporter, "exporter", context)
//! lot_A    = expand(exporter, "vote lot", A)  8 bytes, for the member with that identity
//! enclosed = child(epoch, "enclosed", "")     64 bytes, for packets of the run that follows
//! ```

use std::marker::PhantomData;
use std::sync::Arc;

use mpotr_crypto::{AeadKey, CryptoSuite, IdentityKey, Secret, kdf::Prk, label, wiping_stack};

use mpotr_gka::MemberIndex;

use super::ratchet::Ratchet;
use crate::wire::{EnclosedPacket, EpochHint, EpochId, Packet, SealedPacket};

/// The keys that all members share.
pub(super) struct EpochKeys<S: CryptoSuite> {
    pub(super) id: EpochId,
    pub(super) hint: EpochHint,
    /// It stays: in one place on the heap.
    pub(super) header: Box<AeadKey<S>>,
    exporter: Prk,
    /// Shared with the runs that follow the epoch.
    pub(super) enclosure: Arc<Enclosure<S>>,
}

/// What encloses the packets of a change, so that members of the epoch that ends alone read them. `docs/spec/05-wire.md`,
/// "Enclosed packet".
pub(crate) struct Enclosure<S: CryptoSuite> {
    hint: EpochHint,
    secret: Prk,
    suite: PhantomData<S>,
}

impl<S: CryptoSuite> Enclosure<S> {
    fn derive(hint: EpochHint, epoch: &Prk) -> Self {
        Self {
            hint,
            secret: epoch.child::<S>(label::ENCLOSED, &[]),
            suite: PhantomData,
        }
    }

    /// The bytes of a packet, enclosed: the same for the same packet.
    pub(crate) fn enclose(&self, packet: &[u8]) -> Vec<u8> {
        Packet::Enclosed(EnclosedPacket::enclose::<S>(
            self.hint,
            &self.secret,
            packet,
        ))
        .to_bytes()
    }

    /// The bytes of the packet inside; `None` if it is of another epoch, or no member enclosed it.
    pub(crate) fn open(&self, packet: &EnclosedPacket) -> Option<Vec<u8>> {
        let is_of_epoch = packet.hint == self.hint;
        let opened = is_of_epoch.then(|| packet.open::<S>(&self.secret));
        opened?.ok()
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Enclosure<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Enclosure({})", self.hint)
    }
}

/// The two streams of one sender.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) content: Ratchet,
    pub(super) statements: Ratchet,
}

/// What tells the packets of an epoch from others: a member that has confirmed its run has it before the epoch begins.
pub(crate) struct Door<S: CryptoSuite> {
    hint: EpochHint,
    /// It stays: in one place on the heap.
    header: Box<AeadKey<S>>,
}

impl<S: CryptoSuite> Door<S> {
    /// That of the epoch of a secret.
    pub(crate) fn of(secret: &Prk) -> Self {
        Self {
            hint: EpochHint::new(*secret.expand::<S, 8>(label::HINT, &[]).expose()),
            header: wiping_stack(|| {
                Box::new(AeadKey::new(&secret.expand::<S, 32>(label::HEADER, &[])))
            }),
        }
    }

    /// Who sealed a packet, by its own word; `None` if no member did.
    pub(crate) fn sender_of(&self, packet: &SealedPacket) -> Option<MemberIndex> {
        let is_of_epoch = packet.hint() == self.hint;
        let header = is_of_epoch.then(|| packet.open_header::<S>(&self.header));
        Some(MemberIndex::new(header?.ok()?.sender))
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Door<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Door({})", self.hint)
    }
}

impl<S: CryptoSuite> EpochKeys<S> {
    /// Derives all keys of an epoch of so many members; the secret is erased. The streams of `me` come apart: they seal, those
    /// of the others open.
    pub(super) fn derive(
        id: EpochId,
        secret: Prk,
        members: usize,
        me: MemberIndex,
    ) -> (Self, Streams, Vec<Option<Streams>>) {
        let Door { hint, header } = Door::of(&secret);
        let keys = Self {
            id,
            hint,
            header,
            exporter: secret.child::<S>(label::EXPORTER, &[]),
            enclosure: Arc::new(Enclosure::derive(hint, &secret)),
        };
        let streams_of = |sender: u16| {
            let chain = |label| Ratchet::new(secret.child::<S>(label, &sender.to_be_bytes()));
            Streams {
                content: chain(label::CONTENT_CHAIN),
                statements: chain(label::STATEMENT_CHAIN),
            }
        };
        let own = streams_of(me.get());
        let others = MemberIndex::all(members)
            .map(|member| (member != me).then(|| streams_of(member.get())));
        let others = others.collect();
        (keys, own, others)
    }

    /// A secret for the application.
    pub(super) fn export(&self, context: &[u8]) -> Secret<32> {
        self.exporter.expand::<S, 32>(label::EXPORTER, context)
    }

    /// The lot of an identity: all members draw the same, and nobody knew it before there was the epoch.
    pub(super) fn lot_of(&self, identity: &IdentityKey) -> u64 {
        let lot = self
            .exporter
            .expand::<S, 8>(label::VOTE_LOT, identity.as_bytes());
        u64::from_be_bytes(*lot.expose())
    }
}

impl<S: CryptoSuite> core::fmt::Debug for EpochKeys<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "EpochKeys({})", self.hint)
    }
}
