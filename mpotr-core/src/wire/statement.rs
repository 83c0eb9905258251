//! Statements: what a member has seen, signed and outside the graph. `docs/spec/05-wire.md`, "Statement".
//!
//! ```text
//! struct {
//!   uint8  state;                   present 0; asking 1: misses statements of others; closed 2: has left alone; closing 3 and
//!                                   done 4: all end together
//!   uint8  has;                     bits: frontier 1, lock 2, wanted 4, missing 8, lacks 16, question 32, listing 64, next 128
//!   uint32 sent;                    content messages that the author has sent
//!   opaque frontier[32]<1..4096>;   the heads of the graph, strictly increasing, 16-bit count; none if the lock names all
//!   Lock   lock;                    the order that the author vouches for so far, of one message or more
//!   opaque wanted[32]<1..64>;       ids of messages that the author misses, strictly increasing, 16-bit count
//!   Range  missing<1..64>;          places of messages that the author misses, strictly increasing and disjoint, 8-bit count
//!   Bits   lacks;                   members whose newest statement the author lacks, one at least
//!   Question question;              asks a member for a part of its order
//!   Listing listing;                a part of the author's order
//!   Next   next;                    about the epoch that follows
//! } Statement;                      a field that `has` does not name is not there, and one that it names is not empty
//!
//! struct { uint16 author; uint32 first; uint32 count; } Range;      1 to 1,024 places, the last below 2^32
//! struct { uint16 member; uint32 from; } Question;
//! struct { uint32 from; opaque ids[32]<1..64>; } Listing;           in order, 8-bit count
//! ```
//!
//! The statement's number is its place in the author's second stream. The newest replaces the older; none is a parent of
//! a message, and none is answered.

use mpotr_crypto::{
    CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Encoder, TranscriptHash, label, wire_enum,
};

use mpotr_gka::MAX_MEMBERS;

use super::bits::MemberBits;
use super::content::{MessageId, decode_ids, encode_ids};
use super::lock::Lock;
use super::next::Next;
use super::signed::{EpochId, Fields, Unsigned};

/// The most messages that one statement asks for.
pub const MAX_WANTED: usize = 64;

/// The most ranges of places that one statement asks for.
pub const MAX_RANGES: usize = 64;
/// The most places of a range.
pub const MAX_RANGE: u32 = 1024;

/// The most ids of a listing.
pub const MAX_LISTED: usize = 64;

/// Asks a member for a part of its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The member's index in the roster.
    pub member: u16,
    /// The place from which on its ids are asked for.
    pub from: u32,
}

/// A part of its author's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The place of the first id.
    pub from: u32,
    /// Ids in order, 1 to [`MAX_LISTED`].
    pub ids: Vec<MessageId>,
}

impl Question {
    fn encode(self, out: &mut Encoder) {
        out.u16(self.member);
        out.u32(self.from);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            member: input.u16("member")?,
            from: input.u32("from")?,
        })
    }
}

impl Listing {
    fn encode(&self, out: &mut Encoder) {
        out.u32(self.from);
        out.list::<u8, _>(&self.ids, MessageId::encode);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let from = input.u32("from")?;
        let ids = input.list::<u8, _>(1..=MAX_LISTED, "ids", MessageId::decode)?;
        Ok(Self { from, ids })
    }
}

/// Places of one author's messages, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// The author's index in the roster.
    pub author: u16,
    /// The first place.
    pub first: u32,
    /// How many places, 1 to [`MAX_RANGE`].
    pub count: u32,
}

impl Range {
    /// The places.
    pub fn places(&self) -> impl Iterator<Item = u32> + use<> {
        self.first..self.first.saturating_add(self.count)
    }

    fn encode(self, out: &mut Encoder) {
        out.u16(self.author);
        out.u32(self.first);
        out.u32(self.count);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let author = input.u16("author")?;
        let first = input.u32("first")?;
        let at = input.offset();
        let count = input.u32("count")?;
        if count == 0 || count > MAX_RANGE || first.checked_add(count).is_none() {
            return Err(DecodeError::new(at, "count", DecodeErrorKind::NotCanonical));
        }
        Ok(Self {
            author,
            first,
            count,
        })
    }

    /// Whether another range comes after this one, with no place in both.
    fn is_before(&self, other: &Self) -> bool {
        self.author < other.author
            || self.author == other.author && self.first.saturating_add(self.count) <= other.first
    }
}

wire_enum! {
    /// In what state a member is that states what it has seen.
    pub enum Presence: u8 {
        /// It takes part.
        Present = 0,
        /// It takes part, and asks the others to state again what they have seen.
        Asking = 1,
        /// It has left alone, and accepts and sends nothing more.
        Closed = 2,
        /// All have sent their last message. It accepts nothing more, and the lock is the order of everything.
        Closing = 3,
        /// Everyone has closed with the order that it has closed with.
        Done = 4,
    }
}

/// What a member has seen so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The author's state.
    pub presence: Presence,
    /// Content messages that the author has sent.
    pub sent: u32,
    /// The heads of the graph at the author; none where the lock names all that it has seen.
    pub frontier: Vec<MessageId>,
    /// The order that the author vouches for; [`Lock::EMPTY`] where it vouches for none, or leaves it as it was.
    pub lock: Lock,
    /// Messages that the author misses: a member that holds one sends it again.
    pub wanted: Vec<MessageId>,
    /// Places of messages that the author misses, strictly increasing and disjoint: one or two of those who hold one send it
    /// again.
    pub missing: Vec<Range>,
    /// Members whose newest statement the author lacks: they, or others who hold it, send it again.
    pub lacks: MemberBits,
    /// Asks a member with another order where it begins to differ.
    pub question: Option<Question>,
    /// An answer to such a question.
    pub listing: Option<Listing>,
    /// What the author says about the epoch that follows, while there is a change under way.
    pub next: Option<Next>,
}

impl Statement {
    /// What a member in this state says that has seen nothing, misses nothing and knows of no change.
    #[must_use]
    pub fn empty(presence: Presence) -> Self {
        Self {
            presence,
            sent: 0,
            frontier: Vec::new(),
            lock: Lock::EMPTY,
            wanted: Vec::new(),
            missing: Vec::new(),
            lacks: MemberBits::default(),
            question: None,
            listing: None,
            next: None,
        }
    }

    /// Whether it names what its author has seen by the lock alone: all has a place in the author's order.
    #[must_use]
    pub const fn names_by_lock(&self) -> bool {
        self.frontier.is_empty() && self.lock.count > 0
    }

    /// Whether the frontier may name what its author holds and has not shown: it has frozen for a run, and has confirmed
    /// another one. Such a statement covers nothing.
    #[must_use]
    pub fn names_held(&self) -> bool {
        let frozen = self
            .next
            .as_ref()
            .and_then(|next| Some((next, next.frozen?)));
        frozen.is_some_and(|(next, (run, _))| next.confirmed.iter().any(|(other, _)| *other != run))
    }
}

/// The bits of the fields that are there.
mod has {
    pub(super) const FRONTIER: u8 = 1;
    pub(super) const LOCK: u8 = 2;
    pub(super) const WANTED: u8 = 4;
    pub(super) const MISSING: u8 = 8;
    pub(super) const LACKS: u8 = 16;
    pub(super) const QUESTION: u8 = 32;
    pub(super) const LISTING: u8 = 64;
    pub(super) const NEXT: u8 = 128;
}

impl Statement {
    /// Which fields are there: those that say something.
    fn has(&self) -> u8 {
        let fields = [
            (has::FRONTIER, !self.frontier.is_empty()),
            (has::LOCK, self.lock.count > 0),
            (has::WANTED, !self.wanted.is_empty()),
            (has::MISSING, !self.missing.is_empty()),
            (has::LACKS, !self.lacks.is_empty()),
            (has::QUESTION, self.question.is_some()),
            (has::LISTING, self.listing.is_some()),
            (has::NEXT, self.next.is_some()),
        ];
        let there = fields.iter().filter(|(_, is_there)| *is_there);
        there.fold(0, |has, (bit, _)| has | bit)
    }
}

impl Fields for Statement {
    /// One head and no lock, or a lock and no heads, with their signature: what members say after each text.
    const SMALLEST: usize = 112;

    fn encode(&self, out: &mut Encoder) {
        self.presence.encode(out);
        let has = self.has();
        out.u8(has);
        out.u32(self.sent);
        if has & has::FRONTIER != 0 {
            encode_ids(&self.frontier, out);
        }
        if has & has::LOCK != 0 {
            self.lock.encode(out);
        }
        if has & has::WANTED != 0 {
            encode_ids(&self.wanted, out);
        }
        if has & has::MISSING != 0 {
            out.list::<u8, _>(&self.missing, |range, out| range.encode(out));
        }
        if has & has::LACKS != 0 {
            self.lacks.encode(out);
        }
        if let Some(question) = &self.question {
            question.encode(out);
        }
        if let Some(listing) = &self.listing {
            listing.encode(out);
        }
        if let Some(next) = &self.next {
            next.encode(out);
        }
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let presence = Presence::decode(input, "state")?;
        let at = input.offset();
        let has = input.u8("has")?;
        let has_field = |bit: u8| has & bit != 0;
        let mut statement = Self::empty(presence);
        statement.sent = input.u32("sent")?;
        if has_field(has::FRONTIER) {
            statement.frontier = decode_ids(input, "frontier", MAX_MEMBERS)?;
        }
        if has_field(has::LOCK) {
            statement.lock = Lock::decode(input)?;
        }
        if has_field(has::WANTED) {
            statement.wanted = decode_ids(input, "wanted", MAX_WANTED)?;
        }
        if has_field(has::MISSING) {
            statement.missing = input.ordered::<u8, _>(
                1..=MAX_RANGES,
                "missing",
                |input, _| Range::decode(input),
                Range::is_before,
            )?;
        }
        if has_field(has::LACKS) {
            statement.lacks = MemberBits::decode(input, "lacks")?;
        }
        if has_field(has::QUESTION) {
            statement.question = Some(Question::decode(input)?);
        }
        if has_field(has::LISTING) {
            statement.listing = Some(Listing::decode(input)?);
        }
        if has_field(has::NEXT) {
            statement.next = Some(Next::decode(input)?);
        }
        // A field that is there says something: one value has one encoding.
        if statement.has() == has {
            Ok(statement)
        } else {
            Err(DecodeError::new(at, "has", DecodeErrorKind::NotCanonical))
        }
    }
}

impl Unsigned<Statement> {
    /// What the author's signature covers.
    #[must_use]
    pub fn signed<S: CryptoSuite>(&self, epoch: &EpochId, author: u16, number: u32) -> [u8; 64] {
        TranscriptHash::<S>::new(label::STATEMENT)
            .bytes(epoch.sid.as_bytes())
            .bytes(epoch.key_commitment.as_bytes())
            .u16(author)
            .u32(number)
            .bytes(self.bytes())
            .finish()
    }
}

#[cfg(test)]
mod tests;
