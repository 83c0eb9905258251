//! Writes a transcript, a record at a time. `docs/spec/10-transcripts.md`, "File".
//!
//! A program that appends each piece with one write has a whole prefix of the transcript on disk at any time: if it
//! dies, the file lacks its end and nothing else.

use mpotr_core::Record;

use crate::entry::{Entry, MAGIC};
use crate::run::SectionRun;

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
            Record::Run(run) => self.run(&SectionRun::Full(run)),
            Record::LightRun(run) => self.run(&SectionRun::Light(run)),
            Record::Joined(run) => self.run(&SectionRun::Joined(run)),
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

    fn run(&mut self, run: &SectionRun) -> Vec<u8> {
        run.entries().flat_map(|entry| self.entry(&entry)).collect()
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
