//! Whether a transcript is one that a room could have left. `docs/spec/10-transcripts.md`, "What is checked".
//!
//! | file | what it checks |
//! |---|---|
//! | `flaw` | how what is wrong is named |
//! | `run` | how the epoch began: the roster and both rounds of a full run, or SEED and CUT of a light one |
//! | `said` | signatures, places and parents of what was said |
//! | `graph` | what comes before what |
//! | `timeline` | that nobody took back what it had signed to have seen |
//! | `order` | the one order, every lock against it, and what is final |
//! | `votes` | nothing: what members asked for, and who was left out |
//!
//! A transcript in which nothing is wrong is not evidence of anything: [`forge`](crate::forge()) makes one as good.

mod flaw;
mod graph;
mod order;
mod run;
mod said;
mod timeline;
mod votes;

pub use flaw::{Flaw, FlawKind};
pub use votes::{CastVote, LeftOut};

use std::collections::BTreeSet;

use mpotr_core::wire::{ContentKind, EpochName, Lock, MessageId};
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, SuiteId};
use mpotr_gka::{Sid, Unproven};

use crate::reader::{Ending, Place, ReadErrorKind, Section, Transcript};
use run::{Before, Began};

/// What was found in a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its epochs.
    pub epochs: Vec<EpochReport>,
    /// All that is wrong, in the order of the file.
    pub flaws: Vec<Flaw>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.flaws.is_empty()
    }
}

/// What was found in an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochReport {
    /// Where it begins.
    pub place: Place,
    /// The suite of its run.
    pub suite: SuiteId,
    /// The session id.
    pub sid: Sid,
    /// The identity keys in cycle order.
    pub roster: Vec<IdentityKey>,
    /// Who proposed it, by its place in the roster; `None` where the keeper of the transcript came in and was not told.
    pub proposer: Option<u16>,
    /// The name of the epoch that it follows; `None` for a first one.
    pub parent: Option<EpochName>,
    /// Whether that is the epoch before it in the file.
    pub follows: bool,
    /// What the transcript shows to members alone.
    pub unproven: Vec<Unproven>,
    /// All messages, in the one order.
    pub messages: Vec<Message>,
    /// How many statements.
    pub statements: usize,
    /// What members asked for, in the order in which each first did; fresh keys are not counted.
    pub votes: Vec<CastVote>,
    /// Who was in the epoch before in the file, if this one follows it, and is not in this one although it had not left:
    /// those whom a member there asked to leave out.
    pub left_out: Vec<LeftOut>,
    /// The prefix of the order that all members signed, or all of it where they moved on together.
    pub final_lock: Lock,
    /// Messages that statements name and that are not here: the keeper of the transcript left before they came.
    pub missing: BTreeSet<MessageId>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where it stands.
    pub place: Place,
    /// Its id.
    pub id: MessageId,
    /// One more than the greatest depth of its parents.
    pub depth: u32,
    /// Its author's place in the roster.
    pub author: u16,
    /// The author's count of its messages.
    pub seq: u32,
    /// A text, or the author's last word.
    pub kind: ContentKind,
    /// The text.
    pub body: Vec<u8>,
}

/// Checks everything that an outsider can check.
pub fn verify<S: CryptoSuite>(transcript: &Transcript, rng: &mut dyn CryptoRng) -> Report {
    let mut report = Report {
        epochs: Vec::new(),
        flaws: Vec::new(),
    };
    let sections = &transcript.sections;
    let following = sections.iter().skip(1).map(Some).chain([None]);
    let mut before: Option<Before> = None;
    for (section, next) in sections.iter().zip(following) {
        let began = run::check::<S>(section, before.as_ref(), &mut report.flaws, rng);
        let epoch = began.as_ref().map(|it| it.epoch.clone());
        let found = began.map(|began| {
            let mut found = show::<S>((section, next), began, &mut report.flaws);
            let parent = before.as_ref().map(|it| it.name);
            found.follows = parent.is_some() && parent == found.parent;
            if let Some(last) = report.epochs.last().filter(|_| found.follows) {
                found.left_out = votes::left_out(last, &found.roster);
            }
            found
        });
        report.epochs.extend(found);
        let name = section.run.name();
        before = Some(Before { name, epoch });
    }
    if let Ending::Broken(error) = transcript.ending {
        report.flaws.push(Flaw {
            place: error.place,
            kind: FlawKind::File(error.kind),
        });
    } else if sections.is_empty() {
        // A transcript of a talk that never began is a file with an end and nothing before it.
        report.flaws.push(Flaw {
            place: Place {
                record: 0,
                offset: 0,
            },
            kind: FlawKind::Empty,
        });
    }
    report.flaws.sort_by_key(|flaw| flaw.place);
    report
}

/// What was found in an epoch, given the one that follows it in the file.
fn show<S: CryptoSuite>(
    (section, next): (&Section, Option<&Section>),
    began: Began,
    flaws: &mut Vec<Flaw>,
) -> EpochReport {
    let said = said::Talk::read::<S>(section, &began, flaws);
    timeline::check::<S>(&said, flaws);
    let order = order::Order::of::<S>(&said, next, flaws);
    let messages = order
        .indices
        .iter()
        .filter_map(|index| {
            let node = said.graph.node(*index)?;
            let message = said.messages.get(*index)?;
            Some(Message {
                place: message.place,
                id: node.id,
                depth: node.depth,
                author: node.author,
                seq: message.content.seq,
                kind: message.content.kind,
                body: message.content.body.to_vec(),
            })
        })
        .collect();
    let members = began.epoch.members.iter();
    EpochReport {
        place: section.place,
        suite: began.suite,
        sid: began.id.sid,
        roster: members.map(|it| it.identity).collect(),
        proposer: began.proposer,
        parent: began.parent,
        follows: false,
        unproven: began.unproven,
        messages,
        statements: said.statements.len(),
        votes: votes::of(&said.statements),
        left_out: Vec::new(),
        final_lock: order.final_lock,
        missing: said.missing,
    }
}

impl From<ReadErrorKind> for FlawKind {
    fn from(kind: ReadErrorKind) -> Self {
        Self::File(kind)
    }
}
