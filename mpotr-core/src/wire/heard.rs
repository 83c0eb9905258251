//! Which offers a member without an epoch has heard. `docs/spec/05-wire.md`, "Heard".
//!
//! ```text
//! struct {
//!   opaque author[8];             first bytes of the digest of its author's offer
//!   uint32 tag;                   16 bits that count up, then 16 random ones
//!   Entry  heard<0..4096>;        of the offers of others, strictly increasing by offer, 16-bit count
//!   opaque signature[64];         by E of that offer over H("heard", room, digest of that offer, tag, heard)
//! } Heard;
//!
//! struct {
//!   opaque offer[4];              first bytes of its digest
//!   uint32 tag;                   of the newest of this kind that its maker has said; 0: none was heard
//! } Entry;
//! ```
//!
//! Who finds its offer missing sends it again; who finds it learns how long a word and its answer take.

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Encoder, EphemeralKeyPair, SignatureBytes, TranscriptHash,
    VerifyingKey, byte_newtype, label,
};
use mpotr_gka::{MAX_MEMBERS, OfferDigest, RoomId};

byte_newtype! {
    /// The first 8 bytes of an offer's digest: whose the packet is.
    OfferHint, 8
}
byte_newtype! {
    /// The first 4 bytes of an offer's digest: that it was heard.
    OfferMark, 4
}

impl OfferHint {
    /// The hint of an offer.
    #[must_use]
    pub fn of(offer: &OfferDigest) -> Self {
        Self::new(offer.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

impl OfferMark {
    /// The mark of an offer.
    #[must_use]
    pub fn of(offer: &OfferDigest) -> Self {
        Self::new(offer.as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

/// An offer that was heard, and the newest tag of its maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The offer.
    pub offer: OfferMark,
    /// The tag of the newest [`Heard`] of its maker; 0 where none was heard.
    pub tag: u32,
}

/// Which offers a member without an epoch has heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its author's own offer.
    pub author: OfferHint,
    /// How the author knows an answer to it.
    pub tag: u32,
    /// The offers of others, strictly increasing by offer.
    pub entries: Vec<Entry>,
    /// By the key of the author's offer.
    pub signature: SignatureBytes,
}

impl Heard {
    fn encode_entries(&self, out: &mut Encoder) {
        out.list::<u16, _>(&self.entries, |entry, out| {
            entry.offer.encode(out);
            out.u32(entry.tag);
        });
    }

    /// Writes the packet's body.
    pub fn encode(&self, out: &mut Encoder) {
        self.author.encode(out);
        out.u32(self.tag);
        self.encode_entries(out);
        self.signature.encode(out);
    }

    /// Reads the packet's body.
    ///
    /// # Errors
    /// It is cut short, or names more offers than there are members, or not in order.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            author: OfferHint::decode(input, "author")?,
            tag: input.u32("tag")?,
            entries: input.ordered::<u16, _>(
                0..=MAX_MEMBERS,
                "heard",
                |input, _| {
                    Ok(Entry {
                        offer: OfferMark::decode(input, "offer")?,
                        tag: input.u32("tag")?,
                    })
                },
                |one: &Entry, next: &Entry| one.offer < next.offer,
            )?,
            signature: SignatureBytes::decode(input, "signature")?,
        })
    }

    /// Signs it with the key of the author's offer.
    #[must_use]
    pub fn sign<S: CryptoSuite>(
        mut self,
        room: &RoomId,
        author: &OfferDigest,
        key: &EphemeralKeyPair<S>,
    ) -> Self {
        self.signature = key.sign(&self.signed::<S>(room, author));
        self
    }

    /// Whether the maker of an offer has signed it.
    #[must_use]
    pub fn is_authentic<S: CryptoSuite>(
        &self,
        room: &RoomId,
        author: &OfferDigest,
        key: Option<&VerifyingKey<S>>,
    ) -> bool {
        let signed = self.signed::<S>(room, author);
        key.is_some_and(|key| key.verify(&signed, &self.signature).is_ok())
    }

    fn signed<S: CryptoSuite>(&self, room: &RoomId, author: &OfferDigest) -> [u8; 64] {
        TranscriptHash::<S>::new(label::HEARD)
            .bytes(room.as_bytes())
            .bytes(author.as_bytes())
            .bytes(&Encoder::encoded(|out| {
                out.u32(self.tag);
                self.encode_entries(out);
            }))
            .finish()
    }
}
