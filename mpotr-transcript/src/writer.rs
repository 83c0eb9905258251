//! Writes a transcript, a record at a time. `docs/spec/10-transcripts.md`, "File".
//!
//! A program that appends each piece with one write has a whole prefix of the transcript on disk at any time: if it
//! dies, the file lacks its end and nothing else.

use mpotr_core::{Record, RunRecord};

use crate::entry::{Entry, MAGIC};

/// Counts what was written.
#[derive(Debug, Default)]
pub struct Writer {
    records: u32,
}

impl Writer {
    /// Nothing written yet: what the file begins with.
    #[must_use]
    pub const fn start() -> (Self, &'static [u8]) {
        (Self { records: 0 }, MAGIC)
    }

    /// The bytes to append for something that a room handed out.
    #[must_use]
    pub fn record(&mut self, record: Record) -> Vec<u8> {
        match record {
            Record::Run(run) => self.run(*run),
            Record::Content { author, signed } => self.entry(&Entry::Content { author, signed }),
            Record::Statement {
                author,
                number,
                signed,
            } => self.entry(&Entry::Statement {
                author,
                number,
                signed,
            }),
        }
    }

    fn run(&mut self, run: RunRecord) -> Vec<u8> {
        let RunRecord {
            proposal,
            offers,
            contributions,
            confirmations,
            payloads,
        } = run;
        let sealed = confirmations.into_iter().zip(payloads);
        let entries = core::iter::once(Entry::Proposal(proposal))
            .chain(offers.into_iter().map(Entry::Offer))
            .chain(contributions.into_iter().map(Entry::Contribution))
            .chain(sealed.map(|(confirmation, it)| Entry::Confirmation(confirmation, it)));
        entries.flat_map(|entry| self.entry(&entry)).collect()
    }

    fn entry(&mut self, entry: &Entry) -> Vec<u8> {
        self.records = self.records.saturating_add(1);
        entry.to_bytes()
    }

    /// The bytes to append at the end, after which nothing is.
    #[must_use]
    pub fn end(self) -> Vec<u8> {
        Entry::End(self.records).to_bytes()
    }
}
