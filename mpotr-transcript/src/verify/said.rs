//! What was said in an epoch: signatures, places, parents. `docs/spec/05-wire.md`, "Content" and "Statement".

use std::collections::BTreeSet;

use mpotr_core::wire::{Content, ContentKind, EpochId, MessageId, Presence, Statement, Unverified};
use mpotr_crypto::{CryptoSuite, VerifyingKey};

use super::flaw::{Flaw, FlawKind};
use super::graph::Graph;
use super::order::named_by_locks;
use super::run::Began;
use crate::reader::{Place, Said, Section, Signed};

/// A message, beside its node in the graph.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) place: Place,
    pub(super) author: u16,
    pub(super) id: MessageId,
    pub(super) content: Content,
}

/// A statement.
#[derive(Debug)]
pub(super) struct Stated {
    pub(super) place: Place,
    pub(super) author: u16,
    pub(super) number: u32,
    pub(super) statement: Statement,
}

/// All that was said in an epoch.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) members: usize,
    pub(super) graph: Graph,
    /// By index in the graph.
    pub(super) messages: Vec<Written>,
    pub(super) statements: Vec<Stated>,
    /// Messages that statements name and that are not here.
    pub(super) missing: BTreeSet<MessageId>,
    /// Something is wrong with the graph, so that nothing can be said about its order.
    pub(super) torn: bool,
}

/// A member, as far as the file was read.
#[derive(Clone, Debug, Default)]
struct Progress {
    /// How many of its messages were read.
    written: u32,
    last: Option<MessageId>,
    /// Has sent its last message.
    fin: bool,
    /// Has closed, after so many messages.
    closed: Option<u32>,
    statement: Option<u32>,
}

/// What is known of an epoch while the file is read.
struct Listener<'a, S: CryptoSuite> {
    epoch: EpochId,
    keys: Vec<Option<VerifyingKey<S>>>,
    progress: Vec<Progress>,
    talk: Talk,
    named: BTreeSet<MessageId>,
    flaws: &'a mut Vec<Flaw>,
}

impl Talk {
    /// Reads what was said in an epoch.
    pub(super) fn read<S: CryptoSuite>(
        section: &Section,
        began: &Began,
        flaws: &mut Vec<Flaw>,
    ) -> Self {
        let members = &began.epoch.members;
        let keys = members.iter().map(|it| it.signing);
        let mut listener = Listener {
            epoch: began.id,
            keys: keys.map(|key| VerifyingKey::<S>::decode(&key?)).collect(),
            progress: vec![Progress::default(); members.len()],
            talk: Self {
                members: members.len(),
                graph: Graph::default(),
                messages: Vec::new(),
                statements: Vec::new(),
                missing: BTreeSet::new(),
                torn: false,
            },
            named: BTreeSet::new(),
            flaws,
        };
        for said in &section.said {
            listener.hear(said);
        }
        let mut talk = listener.talk;
        for stated in &talk.statements {
            let frontier = &stated.statement.frontier;
            let unknown = frontier.iter().filter(|id| talk.graph.index(id).is_none());
            talk.missing.extend(unknown.copied());
            let is_here = frontier.iter().all(|id| talk.graph.index(id).is_some());
            if is_here && !stated.statement.names_held() {
                // Of one that names what is not here nothing follows: that may come before what is.
                talk.graph.cover(stated.author, frontier);
            }
        }
        for (author, heads) in named_by_locks::<S>(&talk) {
            talk.graph.cover(author, &heads);
        }
        talk
    }
}

impl<S: CryptoSuite> Listener<'_, S> {
    fn hear(&mut self, said: &Said) {
        let author = said.author;
        let Some(progress) = self.progress.get(usize::from(author)) else {
            return self.flaw(said.place, FlawKind::UnknownAuthor { author });
        };
        let closed = progress.closed;
        let is_over = match &said.signed {
            // What it wrote before it closed may have to be sent again.
            Signed::Content(_) => {
                progress.fin || closed.is_some_and(|sent| progress.written >= sent)
            }
            Signed::Statement(..) => closed.is_some(),
        };
        if is_over {
            self.flaw(said.place, FlawKind::AfterLastWord { author });
        }
        match &said.signed {
            Signed::Content(signed) => self.hear_content(said.place, author, signed),
            Signed::Statement(number, signed) => {
                self.hear_statement(said.place, author, *number, signed);
            }
        }
    }

    fn hear_content(&mut self, place: Place, author: u16, signed: &[u8]) {
        // The reader has seen that it decodes.
        let Ok(unverified) = Unverified::<Content>::decode(signed) else {
            return;
        };
        let id = unverified.unsigned().id::<S>(&self.epoch, author);
        let content = unverified.unsigned().fields().clone();
        let seq = content.seq;
        let verified = self
            .key(author)
            .is_some_and(|key| unverified.verify(key, &id.signed::<S>(&self.epoch)).is_ok());
        if !verified {
            self.flaw(place, FlawKind::MessageSignature { author, seq });
        }
        let ancestors: Vec<_> = content.ancestors().collect();
        self.check_parents(place, author, seq, &ancestors);
        self.check_sequence(place, author, id, &content);
        if self.talk.graph.index(&id).is_some() {
            // The same message again: out of sequence, and that is said.
            return;
        }
        self.talk.graph.insert(id, author, &ancestors);
        self.talk.graph.cover(author, &[id]);
        self.talk.messages.push(Written {
            place,
            author,
            id,
            content,
        });
    }

    /// What a message names as before it must be in the transcript.
    fn check_parents(&mut self, place: Place, author: u16, seq: u32, ancestors: &[MessageId]) {
        for &parent in ancestors {
            if self.talk.graph.index(&parent).is_some() {
                continue;
            }
            self.talk.torn = true;
            // Report it once: all that follows would repeat it.
            if self.named.insert(parent) {
                let kind = FlawKind::MissingParent {
                    author,
                    seq,
                    parent,
                };
                self.flaw(place, kind);
            }
        }
    }

    /// Whether a message is its author's next one.
    fn check_sequence(&mut self, place: Place, author: u16, id: MessageId, content: &Content) {
        let seq = content.seq;
        let Some(progress) = self.progress.get_mut(usize::from(author)) else {
            return;
        };
        let expected = progress.written;
        let previous = progress.last;
        progress.written = seq.saturating_add(1);
        progress.last = Some(id);
        progress.fin |= content.kind == ContentKind::Fin;
        let said_before = self
            .talk
            .messages
            .iter()
            .any(|it| it.author == author && it.content.seq == seq && it.id != id);
        if said_before {
            // Where the second one belongs, members agree among themselves when the epoch ends.
            self.talk.torn = true;
            self.flaw(place, FlawKind::Equivocation { author, seq });
        } else if seq != expected {
            self.talk.torn = true;
            let kind = FlawKind::OutOfSequence {
                author,
                seq,
                expected,
            };
            self.flaw(place, kind);
        } else if content.prev != previous
            && content
                .prev
                .is_some_and(|prev| self.talk.graph.index(&prev).is_some())
        {
            self.flaw(place, FlawKind::OtherPrevious { author, seq });
        }
    }

    fn hear_statement(&mut self, place: Place, author: u16, number: u32, signed: &[u8]) {
        let Ok(unverified) = Unverified::<Statement>::decode(signed) else {
            return;
        };
        let statement = unverified.unsigned().fields().clone();
        let covered = unverified
            .unsigned()
            .signed::<S>(&self.epoch, author, number);
        let verified = self
            .key(author)
            .is_some_and(|key| unverified.verify(key, &covered).is_ok());
        if !verified {
            self.flaw(place, FlawKind::StatementSignature { author, number });
        }
        let Some(progress) = self.progress.get_mut(usize::from(author)) else {
            return;
        };
        let is_later = progress.statement.is_none_or(|last| number > last);
        progress.statement = Some(number);
        if statement.presence == Presence::Closed {
            progress.closed = progress.closed.or(Some(statement.sent));
        }
        if !is_later {
            self.flaw(place, FlawKind::StatementOrder { author, number });
        }
        self.talk.statements.push(Stated {
            place,
            author,
            number,
            statement,
        });
    }

    fn key(&self, author: u16) -> Option<&VerifyingKey<S>> {
        self.keys.get(usize::from(author))?.as_ref()
    }

    fn flaw(&mut self, place: Place, kind: FlawKind) {
        self.flaws.push(Flaw { place, kind });
    }
}
