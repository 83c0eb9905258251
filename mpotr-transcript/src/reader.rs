//! Reads a transcript file into its epochs. `docs/spec/10-transcripts.md`, "File".
//!
//! ```text
//! transcript = magic epoch* end
//! epoch      = run (content | statement)*
//! run        = proposal offer{N} contribution{N} confirmation{N} | seed cut                  N as in the proposal
//! ```
//!
//! Everything before the first thing that is wrong is read, so that a file that was cut short keeps its use.

use mpotr_core::RunRecord;
use mpotr_crypto::{DecodeError, Decoder};
use mpotr_gka::light::{LightRecord, Seed, Signed as LightSigned};

use crate::entry::{Entry, MAGIC};
use crate::run::SectionRun;

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

/// One epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Where it begins.
    pub place: Place,
    /// How it began.
    pub run: SectionRun,
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
    #[error("this is no mpotr transcript of version 3")]
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
    /// The CUT of a light run.
    Cut,
}

impl core::fmt::Display for Expected {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Epoch => f.write_str("the beginning of an epoch"),
            Self::Offer(member) => write!(f, "the offer of member {member}"),
            Self::Contribution(member) => write!(f, "the contribution of member {member}"),
            Self::Confirmation(member) => write!(f, "the confirmation of member {member}"),
            Self::Cut => f.write_str("the cut of a light run"),
        }
    }
}

impl Transcript {
    /// Reads a file as far as it goes.
    #[must_use]
    pub fn read(file: &[u8]) -> Self {
        let mut reading = Reading::default();
        let ending = match reading.read(file) {
            Ok(()) => Ending::Whole,
            Err(error) => Ending::Broken(error),
        };
        let mut sections = reading.sections;
        if sections.last().is_some_and(|last| missing(last).is_some()) {
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

/// A file as far as it was read.
#[derive(Default)]
struct Reading {
    sections: Vec<Section>,
    /// The SEED of a light run whose CUT comes next.
    seed: Option<(Place, Box<LightSigned<Seed>>)>,
}

impl Reading {
    fn read(&mut self, file: &[u8]) -> Result<(), ReadError> {
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
            if let Entry::End(counted) = entry {
                return match self.missing() {
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
            self.place(entry, place)
                .map_err(|expected| error(place, ReadErrorKind::Expected(expected)))?;
            place.record = place.record.saturating_add(1);
        }
    }

    /// What the run that is being read still lacks.
    fn missing(&self) -> Option<Expected> {
        let cut = self.seed.as_ref().map(|_| Expected::Cut);
        cut.or_else(|| self.sections.last().and_then(missing))
    }

    /// Puts a record where it belongs.
    fn place(&mut self, entry: Entry, place: Place) -> Result<(), Expected> {
        match (self.missing(), entry) {
            (Some(Expected::Cut), Entry::Cut(cut, key_commitment)) => {
                let (place, seed) = self.seed.take().ok_or(Expected::Cut)?;
                let (seed, cut) = (*seed, *cut);
                self.begin(
                    place,
                    SectionRun::Light(Box::new(LightRecord {
                        seed,
                        cut,
                        key_commitment,
                    })),
                );
                Ok(())
            }
            (None, Entry::Seed(seed)) => {
                self.seed = Some((place, seed));
                Ok(())
            }
            (None, Entry::Joined(joined)) => {
                self.begin(place, SectionRun::Joined(joined));
                Ok(())
            }
            (None, Entry::Proposal(proposal)) => {
                self.begin(
                    place,
                    SectionRun::Full(Box::new(RunRecord {
                        proposal,
                        offers: Vec::new(),
                        contributions: Vec::new(),
                        confirmations: Vec::new(),
                        payloads: Vec::new(),
                    })),
                );
                Ok(())
            }
            (Some(expected), entry) => {
                let run = self.sections.last_mut().and_then(|it| it.run.full_mut());
                add_to_run(run.ok_or(expected)?, expected, entry)
            }
            (None, entry) => {
                let section = self.sections.last_mut().ok_or(Expected::Epoch)?;
                section.said.push(said(entry, place)?);
                Ok(())
            }
        }
    }

    fn begin(&mut self, place: Place, run: SectionRun) {
        self.sections.push(Section {
            place,
            run,
            said: Vec::new(),
        });
    }
}

/// Puts a record of a full run where it belongs.
fn add_to_run(run: &mut RunRecord, expected: Expected, entry: Entry) -> Result<(), Expected> {
    match (expected, entry) {
        (Expected::Offer(_), Entry::Offer(offer)) => run.offers.push(offer),
        (Expected::Contribution(_), Entry::Contribution(it)) => run.contributions.push(it),
        (Expected::Confirmation(_), Entry::Confirmation(confirmation, payload)) => {
            run.confirmations.push(confirmation);
            run.payloads.push(payload);
        }
        (expected, _) => return Err(expected),
    }
    Ok(())
}

/// Something that was said in an epoch.
fn said(entry: Entry, place: Place) -> Result<Said, Expected> {
    let (author, signed) = match entry {
        Entry::Content { author, signed } => (author, Signed::Content(signed)),
        Entry::Statement {
            author,
            number,
            signed,
        } => (author, Signed::Statement(number, signed)),
        Entry::Proposal(_)
        | Entry::Offer(_)
        | Entry::Contribution(_)
        | Entry::Confirmation(..)
        | Entry::End(_)
        | Entry::Seed(_)
        | Entry::Joined(_)
        | Entry::Cut(..) => return Err(Expected::Epoch),
    };
    Ok(Said {
        place,
        author,
        signed,
    })
}

/// What the run of an epoch still lacks.
fn missing(section: &Section) -> Option<Expected> {
    let run = section.run.full()?;
    let members = run.proposal.offers.len();
    if run.offers.len() < members {
        Some(Expected::Offer(run.offers.len()))
    } else if run.contributions.len() < members {
        Some(Expected::Contribution(run.contributions.len()))
    } else if run.confirmations.len() < members {
        Some(Expected::Confirmation(run.confirmations.len()))
    } else {
        None
    }
}

impl Section {
    /// The section's records.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
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
        self.run.entries().chain(said)
    }
}
