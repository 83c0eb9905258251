//! The records of a transcript file. `docs/spec/10-transcripts.md`, "File".
//!
//! ```text
//! opaque magic[20] = "mpotr-transcript-v3\n";
//! struct {
//!   uint8  kind;            proposal 1, offer 2, contribution 3, confirmation 4, content 5, statement 6, end 7, seed 8, cut 9,
//!                           joined 10
//!   opaque body<0..2^20>;   32-bit length
//! } Record;
//!
//! confirmation: Confirmation || opaque payload<0..2^17>     what it sealed, in clear
//! content:      uint16 author || signed text
//! statement:    uint16 author || uint32 number || signed text
//! end:          uint32 records                              before this one
//! seed:         Signed<Seed>                                of a light run
//! cut:          Signed<Cut> || opaque kc[32]                of a light run
//! joined:       JoinRecord                                  of one by which the keeper of the transcript came in
//! ```
//!
//! The other bodies are those of the packets of `docs/spec/05-wire.md`, without version, kind and hint.

use mpotr_core::wire::{Content, Fields, Proposal, Statement, Unverified};
use mpotr_crypto::{DecodeError, Decoder, Digest32, Encoder, wire_enum};
use mpotr_gka::light::{JoinRecord, LightCut, Seed, Signed as LightSigned};
use mpotr_gka::{Confirmation, Contribution, Offer};

/// What a transcript file begins with.
pub const MAGIC: &[u8; 20] = b"mpotr-transcript-v3\n";

/// The most bytes of a record's body.
pub const MAX_ENTRY: usize = 1 << 20;

/// The most bytes of an authentication payload: a triple Diffie-Hellman one of 4,096 members has 65,520.
const MAX_PAYLOAD: usize = 1 << 17;

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An epoch begins, by this proposal.
    Proposal(Proposal),
    /// The next of its offers, in cycle order.
    Offer(Offer),
    /// The next contribution, in cycle order.
    Contribution(Contribution),
    /// The next confirmation, in cycle order, with what it sealed.
    Confirmation(Confirmation, Vec<u8>),
    /// A message, in the order in which the member who kept the transcript read it.
    Content {
        /// The author's index in the roster.
        author: u16,
        /// Fields, padding, signature.
        signed: Vec<u8>,
    },
    /// A statement.
    Statement {
        /// The author's index in the roster.
        author: u16,
        /// Its place in the author's stream of statements.
        number: u32,
        /// Fields, padding, signature.
        signed: Vec<u8>,
    },
    /// The transcript is whole: so many records come before this one.
    End(u32),
    /// An epoch begins, by a light run from this SEED.
    Seed(Box<LightSigned<Seed>>),
    /// The CUT of the light run, and `kc` of the epoch.
    Cut(Box<LightSigned<LightCut>>, Digest32),
    /// An epoch begins, into which who kept the transcript has come by a light run.
    Joined(Box<JoinRecord>),
}

wire_enum! {
    /// What a record begins with.
    enum EntryKind: u8 {
        /// A proposal.
        Proposal = 1,
        /// An offer that the proposal lists.
        Offer = 2,
        /// A member's contribution.
        Contribution = 3,
        /// A member's confirmation, and what it sealed.
        Confirmation = 4,
        /// A signed message.
        Content = 5,
        /// A signed statement.
        Statement = 6,
        /// The number of records before.
        End = 7,
        /// The SEED of a light run.
        Seed = 8,
        /// The CUT of a light run, and what commits to the key of its epoch.
        Cut = 9,
        /// What one was told who came in by a light run.
        Joined = 10,
    }
}

impl Entry {
    const fn kind(&self) -> EntryKind {
        match self {
            Self::Proposal(_) => EntryKind::Proposal,
            Self::Offer(_) => EntryKind::Offer,
            Self::Contribution(_) => EntryKind::Contribution,
            Self::Confirmation(..) => EntryKind::Confirmation,
            Self::Content { .. } => EntryKind::Content,
            Self::Statement { .. } => EntryKind::Statement,
            Self::End(_) => EntryKind::End,
            Self::Seed(_) => EntryKind::Seed,
            Self::Cut(..) => EntryKind::Cut,
            Self::Joined(_) => EntryKind::Joined,
        }
    }

    /// The record's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = Encoder::encoded(|out| match self {
            Self::Proposal(proposal) => proposal.encode(out),
            Self::Offer(offer) => offer.encode(out),
            Self::Contribution(contribution) => contribution.encode(out),
            Self::Confirmation(confirmation, payload) => {
                confirmation.encode(out);
                out.opaque(payload);
            }
            Self::Content { author, signed } => {
                out.u16(*author);
                out.raw(signed);
            }
            Self::Statement {
                author,
                number,
                signed,
            } => {
                out.u16(*author);
                out.u32(*number);
                out.raw(signed);
            }
            Self::End(records) => out.u32(*records),
            Self::Seed(seed) => seed.encode(out),
            Self::Cut(cut, key_commitment) => {
                cut.encode(out);
                key_commitment.encode(out);
            }
            Self::Joined(joined) => joined.encode(out),
        });
        Encoder::encoded(|out| {
            self.kind().encode(out);
            out.opaque(&body);
        })
    }

    /// Reads a record. Signed texts are decoded to see that they are ones.
    ///
    /// # Errors
    /// The first field that is unknown, over its limit, not canonical or not all there; its offset counts from the start of
    /// the record.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let kind = EntryKind::decode(input, "kind")?;
        let body = input.opaque(MAX_ENTRY, "body")?;
        let body_at = input.offset().saturating_sub(body.len());
        Decoder::whole(body, |input| decode_body(kind, input)).map_err(|error| DecodeError {
            offset: error.offset.saturating_add(body_at),
            ..error
        })
    }
}

fn decode_body(kind: EntryKind, input: &mut Decoder<'_>) -> Result<Entry, DecodeError> {
    Ok(match kind {
        EntryKind::Proposal => Entry::Proposal(Proposal::decode(input)?),
        EntryKind::Offer => Entry::Offer(Offer::decode(input)?),
        EntryKind::Contribution => Entry::Contribution(Contribution::decode(input)?),
        EntryKind::Confirmation => {
            let confirmation = Confirmation::decode(input)?;
            let payload = input.opaque(MAX_PAYLOAD, "payload")?.to_vec();
            Entry::Confirmation(confirmation, payload)
        }
        EntryKind::Content => Entry::Content {
            author: input.u16("author")?,
            signed: signed::<Content>(input)?,
        },
        EntryKind::Statement => Entry::Statement {
            author: input.u16("author")?,
            number: input.u32("number")?,
            signed: signed::<Statement>(input)?,
        },
        EntryKind::End => Entry::End(input.u32("records")?),
        EntryKind::Seed => Entry::Seed(Box::new(LightSigned::decode(input)?)),
        EntryKind::Cut => {
            let cut = Box::new(LightSigned::decode(input)?);
            Entry::Cut(cut, Digest32::decode(input, "kc")?)
        }
        EntryKind::Joined => Entry::Joined(Box::new(JoinRecord::decode(input)?)),
    })
}

fn signed<T: Fields>(input: &mut Decoder<'_>) -> Result<Vec<u8>, DecodeError> {
    let at = input.offset();
    let bytes = input.rest();
    Unverified::<T>::decode(bytes).map_err(|error| DecodeError {
        offset: error.offset.saturating_add(at),
        ..error
    })?;
    Ok(bytes.to_vec())
}
