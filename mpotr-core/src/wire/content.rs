//! Content messages: what people write, and each member's last word. `docs/spec/05-wire.md`, "Content".
//!
//! ```text
//! struct {
//!   uint8  kind;                    text 0, fin 1, trust 2
//!   uint32 seq;                     dense per author, from 0
//!   opaque prev[32];                id of the author's message seq - 1; zero for seq 0
//!   opaque parents[32]<0..4096>;    the other heads of the graph, strictly increasing, 16-bit count; never prev
//!   Lock   lock;                    the order that the author vouches for so far
//!   opaque body<0..65536>;          32-bit length; empty in a fin; at most 310 bytes in a message of trust
//! } Content;
//! ```
//!
//! The id hashes all of it, padding included, so that nothing can be changed by another member, who holds the same
//! message keys.

use mpotr_crypto::zeroize::Zeroizing;
use mpotr_crypto::{
    CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Digest32, Encoder, SignatureBytes,
    TranscriptHash, byte_newtype, label, wire_enum,
};
use mpotr_gka::MAX_MEMBERS;

use super::lock::Lock;
use super::padding::padded_within;
use super::sealed::SealedPacket;
use super::signed::{EpochId, Fields, Unsigned};
use super::trust::MAX_TRUST;

/// The most bytes of a text.
pub const MAX_BODY: usize = 1 << 16;

byte_newtype! {
    /// The id of a content message: 32 bytes of a hash over all of it but the signature.
    MessageId
}

/// What stands for the previous message of a first one on the wire.
const ABSENT: MessageId = MessageId::new([0; MessageId::LENGTH]);

wire_enum! {
    /// What a content message is.
    pub enum ContentKind: u8 {
        /// A text of the application.
        Text = 0,
        /// The author's last message.
        Fin = 1,
        /// By which members find out who is who: a [`TrustMessage`](crate::wire::TrustMessage), or what counts for nothing.
        Trust = 2,
    }
}

/// A content message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What it is.
    pub kind: ContentKind,
    /// The author's count of its messages.
    pub seq: u32,
    /// The author's previous message; `None` for its first one.
    pub prev: Option<MessageId>,
    /// The other heads of the graph that the author saw.
    pub parents: Vec<MessageId>,
    /// The order that the author vouches for.
    pub lock: Lock,
    /// The text.
    pub body: Zeroizing<Vec<u8>>,
}

impl Content {
    /// The bytes of the fields beside heads and body.
    const FIXED: usize = 1 + 4 + MessageId::LENGTH + 2 + 4 + Digest32::LENGTH + 4;

    /// The most bytes of a text whose packet has at most `packet` bytes, among so many members, whatever its heads are.
    #[must_use]
    pub const fn most_body(packet: usize, members: usize) -> usize {
        let room = packet.saturating_sub(SealedPacket::OVERHEAD);
        let whole = padded_within(Self::SMALLEST, room);
        let heads = members.saturating_sub(1).saturating_mul(MessageId::LENGTH);
        let beside = heads.saturating_add(Self::FIXED + SignatureBytes::LENGTH);
        let left = whole.saturating_sub(beside);
        if left < MAX_BODY { left } else { MAX_BODY }
    }
}

impl Fields for Content {
    /// A packet of 285 bytes, which is one line of IRC in base64.
    const SMALLEST: usize = 224;

    fn encode(&self, out: &mut Encoder) {
        self.kind.encode(out);
        out.u32(self.seq);
        self.prev.unwrap_or(ABSENT).encode(out);
        encode_ids(&self.parents, out);
        self.lock.encode(out);
        out.opaque(&self.body);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let kind = ContentKind::decode(input, "kind")?;
        let seq = input.u32("seq")?;
        let at = input.offset();
        let prev = MessageId::decode(input, "prev")?;
        let prev = Some(prev).filter(|prev| *prev != ABSENT);
        if (seq == 0) != prev.is_none() {
            return Err(DecodeError::new(at, "prev", DecodeErrorKind::NotCanonical));
        }
        let at = input.offset();
        let parents = decode_ids(input, "parents", MAX_MEMBERS)?;
        if parents.contains(&prev.unwrap_or(ABSENT)) || parents.contains(&ABSENT) {
            return Err(DecodeError::new(
                at,
                "parents",
                DecodeErrorKind::NotCanonical,
            ));
        }
        let lock = Lock::decode(input)?;
        let limit = match kind {
            ContentKind::Text => MAX_BODY,
            ContentKind::Fin => 0,
            ContentKind::Trust => MAX_TRUST,
        };
        let body = Zeroizing::new(input.opaque(limit, "body")?.to_vec());
        Ok(Self {
            kind,
            seq,
            prev,
            parents,
            lock,
            body,
        })
    }
}

impl Content {
    /// All messages that this one names as before it, the author's previous one last.
    pub fn ancestors(&self) -> impl Iterator<Item = MessageId> {
        self.parents.iter().copied().chain(self.prev)
    }
}

impl Unsigned<Content> {
    /// The message's id.
    #[must_use]
    pub fn id<S: CryptoSuite>(&self, epoch: &EpochId, author: u16) -> MessageId {
        let hash = TranscriptHash::<S>::new(label::MESSAGE_ID)
            .bytes(epoch.sid.as_bytes())
            .u16(author)
            .bytes(self.bytes());
        MessageId::new(*hash.digest().as_bytes())
    }
}

impl MessageId {
    /// What the author's signature of the message covers. The session id is in the message's own.
    #[must_use]
    pub fn signed<S: CryptoSuite>(&self, epoch: &EpochId) -> [u8; 64] {
        TranscriptHash::<S>::new(label::MESSAGE_SIGNATURE)
            .bytes(epoch.key_commitment.as_bytes())
            .bytes(self.as_bytes())
            .finish()
    }
}

/// Ids with a 16-bit count. A graph has at most one head for each member.
pub(super) fn encode_ids(ids: &[MessageId], out: &mut Encoder) {
    out.list::<u16, _>(ids, MessageId::encode);
}

/// Reads ids, strictly increasing.
pub(super) fn decode_ids(
    input: &mut Decoder<'_>,
    field: &'static str,
    limit: usize,
) -> Result<Vec<MessageId>, DecodeError> {
    let at = input.offset();
    let length = input.count::<u16>(0..=limit, field)?;
    // No allocation beyond what the input holds.
    let bytes = input.raw(length.saturating_mul(MessageId::LENGTH), field)?;
    let (ids, _) = bytes.as_chunks();
    let ids: Vec<_> = ids.iter().map(|id| MessageId::new(*id)).collect();
    if !ids.is_sorted_by(|a, b| a < b) {
        return Err(DecodeError::new(
            at,
            field,
            DecodeErrorKind::NotStrictlyIncreasing,
        ));
    }
    Ok(ids)
}
