//! Reads a transcript file into its epochs. `docs/spec/10-transcripts.md`, "File".
//!
//! ```text
//! transcript = magic epoch* end
//! epoch      = proposal offer{N} contribution{N} confirmation{N} (content | statement)*      N as in the proposal
//! ```
//!
//! Everything before the first thing that is wrong is read, so that a file that was cut short keeps its use.

use mpotr_core::wire::Proposal;
use mpotr_crypto::{DecodeError, Decoder};
use mpotr_gka::{Confirmation, Contribution, Offer};

use crate::entry::{Entry, MAGIC};

/// Where a record stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its number, from 0.
    pub record: u32,
    /// Its first byte, from the start of the file.
    pub offset: usize,
}

impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "record {} at byte {}", self.record, self.offset)
    }
}

/// A transcript as it was read: nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// Its epochs, in order.
    pub sections: Vec<Section>,
    /// How it ends.
    pub ending: Ending,
}

/// One epoch. Lists are in cycle order, each with as many elements as the proposal has offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Where it begins.
    pub place: Place,
    /// The proposal.
    pub proposal: Proposal,
    /// The offers.
    pub offers: Vec<Offer>,
    /// Round 1.
    pub contributions: Vec<Contribution>,
    /// Round 2.
    pub confirmations: Vec<Confirmation>,
    /// What round 2 sealed.
    pub payloads: Vec<Vec<u8>>,
    /// What was said, in the order in which the keeper of the transcript read it.
    pub said: Vec<Said>,
}

/// Something that a member signed in an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where it stands.
    pub place: Place,
    /// The author's index in the roster.
    pub author: u16,
    /// What it is.
    pub signed: Signed,
}

/// Fields, padding and signature of something signed; they decode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// A content message.
    Content(Vec<u8>),
    /// A statement, and its place in its author's stream.
    Statement(u32, Vec<u8>),
}

/// How a transcript ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With an end record that counts what comes before it.
    Whole,
    /// Here, with something that is no part of a transcript. An epoch that had only begun is left out.
    Broken(ReadError),
}

/// What is no part of a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {kind}")]
pub struct ReadError {
    /// The record at which it shows.
    pub place: Place,
    /// What is wrong.
    pub kind: ReadErrorKind,
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// The file does not begin with the magic bytes.
    #[error("this is no mpotr transcript of version 1")]
    Magic,
    /// A record does not decode. The offset is that in the file.
    #[error("{0}")]
    Record(DecodeError),
    /// A record where another kind has to be.
    #[error("a record of another kind belongs here: {0}")]
    Expected(Expected),
    /// The end record counts other records than there are.
    #[error("the end counts {counted} records")]
    Count {
        /// What it counts.
        counted: u32,
    },
    /// Something follows the end.
    #[error("something follows the end")]
    AfterEnd,
    /// The file stops before its end.
    #[error("the transcript stops before its end: it was cut short, or is still being written")]
    NoEnd,
}

/// What belongs where something else stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The proposal of a first epoch, or the end.
    Epoch,
    /// The offer of a member.
    Offer(usize),
    /// The contribution of a member.
    Contribution(usize),
    /// The confirmation of a member.
    Confirmation(usize),
}

impl core::fmt::Display for Expected {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Epoch => f.write_str("the beginning of an epoch"),
            Self::Offer(member) => write!(f, "the offer of member {member}"),
            Self::Contribution(member) => write!(f, "the contribution of member {member}"),
            Self::Confirmation(member) => write!(f, "the confirmation of member {member}"),
        }
    }
}

impl Transcript {
    /// Reads a file as far as it goes.
    #[must_use]
    pub fn read(file: &[u8]) -> Self {
        let mut sections = Vec::new();
        let ending = match read_into(&mut sections, file) {
            Ok(()) => Ending::Whole,
            Err(error) => Ending::Broken(error),
        };
        if sections.last().is_some_and(|last| last.missing().is_some()) {
            sections.pop();
        }
        Self { sections, ending }
    }

    /// Writes the transcript again.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        let mut records = 0_u32;
        for entry in self.sections.iter().flat_map(Section::entries) {
            records = records.saturating_add(1);
            file.extend(entry.to_bytes());
        }
        file.extend(Entry::End(records).to_bytes());
        file
    }
}

fn read_into(sections: &mut Vec<Section>, file: &[u8]) -> Result<(), ReadError> {
    let mut input = Decoder::new(file);
    let mut place = Place {
        record: 0,
        offset: 0,
    };
    let error = |place, kind| ReadError { place, kind };
    if input.array("magic").as_ref() != Ok(MAGIC) {
        return Err(error(place, ReadErrorKind::Magic));
    }
    loop {
        place.offset = input.offset();
        if place.offset == file.len() {
            return Err(error(place, ReadErrorKind::NoEnd));
        }
        let entry = Entry::decode(&mut input)
            .map_err(|decode| error(place, ReadErrorKind::Record(decode)))?;
        let expected = sections.last().and_then(Section::missing);
        if let Entry::End(counted) = entry {
            return match expected {
                Some(expected) => Err(error(place, ReadErrorKind::Expected(expected))),
                None if counted != place.record => {
                    Err(error(place, ReadErrorKind::Count { counted }))
                }
                None if input.offset() < file.len() => {
                    place.record = place.record.saturating_add(1);
                    place.offset = input.offset();
                    Err(error(place, ReadErrorKind::AfterEnd))
                }
                None => Ok(()),
            };
        }
        place_entry(sections, entry, expected, place)
            .map_err(|expected| error(place, ReadErrorKind::Expected(expected)))?;
        place.record = place.record.saturating_add(1);
    }
}

/// Puts a record where it belongs.
fn place_entry(
    sections: &mut Vec<Section>,
    entry: Entry,
    expected: Option<Expected>,
    place: Place,
) -> Result<(), Expected> {
    if let Entry::Proposal(proposal) = entry {
        if let Some(expected) = expected {
            return Err(expected);
        }
        sections.push(Section {
            place,
            proposal,
            offers: Vec::new(),
            contributions: Vec::new(),
            confirmations: Vec::new(),
            payloads: Vec::new(),
            said: Vec::new(),
        });
        return Ok(());
    }
    let section = sections.last_mut().ok_or(Expected::Epoch)?;
    match (expected, entry) {
        (Some(Expected::Offer(_)), Entry::Offer(offer)) => section.offers.push(offer),
        (Some(Expected::Contribution(_)), Entry::Contribution(it)) => {
            section.contributions.push(it);
        }
        (Some(Expected::Confirmation(_)), Entry::Confirmation(confirmation, payload)) => {
            section.confirmations.push(confirmation);
            section.payloads.push(payload);
        }
        (None, Entry::Content { author, signed }) => section.said.push(Said {
            place,
            author,
            signed: Signed::Content(signed),
        }),
        (
            None,
            Entry::Statement {
                author,
                number,
                signed,
            },
        ) => section.said.push(Said {
            place,
            author,
            signed: Signed::Statement(number, signed),
        }),
        (expected, _) => return Err(expected.unwrap_or(Expected::Epoch)),
    }
    Ok(())
}

impl Section {
    /// What the run of the epoch still lacks.
    const fn missing(&self) -> Option<Expected> {
        let members = self.proposal.offers.len();
        if self.offers.len() < members {
            Some(Expected::Offer(self.offers.len()))
        } else if self.contributions.len() < members {
            Some(Expected::Contribution(self.contributions.len()))
        } else if self.confirmations.len() < members {
            Some(Expected::Confirmation(self.confirmations.len()))
        } else {
            None
        }
    }

    /// The section's records.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let sealed = self.confirmations.iter().zip(&self.payloads);
        let said = self.said.iter().map(|said| match &said.signed {
            Signed::Content(signed) => Entry::Content {
                author: said.author,
                signed: signed.clone(),
            },
            Signed::Statement(number, signed) => Entry::Statement {
                author: said.author,
                number: *number,
                signed: signed.clone(),
            },
        });
        core::iter::once(Entry::Proposal(self.proposal.clone()))
            .chain(self.offers.iter().cloned().map(Entry::Offer))
            .chain(self.contributions.iter().cloned().map(Entry::Contribution))
            .chain(sealed.map(|(it, payload)| Entry::Confirmation(it.clone(), payload.clone())))
            .chain(said)
    }
}
