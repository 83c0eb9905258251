//! The transcript of a talk, as far as it can be kept.

use mpotr::Record;

use super::Chat;

impl Chat<'_> {
    /// Appends to the transcript. What cannot be written ends the transcript and not the talk.
    pub(super) fn keep(&mut self, record: Record) {
        if let Some(keeper) = &mut self.keeper
            && let Err(error) = keeper.keep(record)
        {
            self.out
                .notice(format_args!("the transcript ends here: {error:#}"));
            self.keeper = None;
            self.unkept = Some(error);
        }
    }

    /// Ends the transcript, and says why if it is not whole.
    pub(super) fn end_transcript(&mut self) -> anyhow::Result<()> {
        match (self.keeper.take(), self.unkept.take()) {
            (_, Some(error)) => Err(error),
            (Some(keeper), None) => keeper.end(),
            (None, None) => Ok(()),
        }
    }
}
