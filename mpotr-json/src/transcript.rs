//! What a member keeps of a talk, as pieces of a transcript. `docs/spec/10-transcripts.md`, "File".

use mpotr::Member;
use mpotr_transcript::Writer;

/// How far a transcript is.
#[derive(Debug, Default)]
pub(crate) enum Pieces {
    /// Nothing is kept, or all of it was given out.
    #[default]
    None,
    /// Nothing of it was given out.
    Begins,
    /// It has begun.
    Goes(Writer),
}

impl Pieces {
    /// A transcript, if one is kept.
    pub(crate) const fn new(is_kept: bool) -> Self {
        if is_kept { Self::Begins } else { Self::None }
    }

    /// The next piece. All of them, one after another, are the file.
    pub(crate) fn next(&mut self, member: &mut Member) -> Option<Vec<u8>> {
        let (mut writer, start) = match core::mem::take(self) {
            Self::None => return None,
            Self::Begins => {
                let (writer, start) = Writer::start();
                (writer, Some(start.to_vec()))
            }
            Self::Goes(writer) => (writer, None),
        };
        let record = || member.poll_record().map(|record| writer.record(record));
        let piece = start.or_else(record);
        if piece.is_none() && member.has_ended() {
            return Some(writer.end());
        }
        *self = Self::Goes(writer);
        piece
    }
}
