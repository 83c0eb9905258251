//! Texts that nobody got, or not all members: told once for all that are lost together, and not once for each.

use std::collections::BTreeMap;
use std::time::Duration;

use mpotr::room::Event;
use mpotr::{DropReason, IdentityKey};
use tokio::time::Instant;

use super::wording;

/// How long a loss waits for others like it before it is told.
const GATHER: Duration = Duration::from_millis(250);

/// What became of a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    /// These are not known to have it.
    Missed(String),
    /// It was not sent, for this reason.
    Dropped(&'static str),
}

/// Losses that were not told yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    texts: BTreeMap<Loss, usize>,
    due: Option<Instant>,
}

impl Losses {
    /// Takes an event that tells of a loss. Returns whether it does.
    pub(super) fn take(
        &mut self,
        event: &Event,
        now: Instant,
        name: impl Fn(&IdentityKey) -> String,
    ) -> bool {
        let loss = if let Event::Missed { by, .. } = event {
            let names: Vec<_> = by.iter().map(name).collect();
            Loss::Missed(names.join(", "))
        } else if let Event::Dropped { why, .. } = event {
            if *why == DropReason::Discarded {
                // By the person's own word.
                return true;
            }
            Loss::Dropped(wording::why_dropped(*why))
        } else {
            return false;
        };
        let texts = self.texts.entry(loss).or_default();
        *texts = texts.saturating_add(1);
        self.due
            .get_or_insert_with(|| now.checked_add(GATHER).unwrap_or(now));
        true
    }

    /// When there is something to tell, if there is.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// What there is to tell, once.
    pub(super) fn tell(&mut self) -> Vec<String> {
        self.due = None;
        let texts = std::mem::take(&mut self.texts).into_iter();
        texts.map(|(loss, texts)| line(&loss, texts)).collect()
    }
}

fn line(loss: &Loss, texts: usize) -> String {
    let is_one = texts == 1;
    let texts = match is_one {
        true => "a text of yours".to_owned(),
        false => format!("{texts} texts of yours"),
    };
    match loss {
        Loss::Missed(names) => {
            let are = if is_one { "is" } else { "are" };
            format!("{texts} {are} not known to have reached {names}")
        }
        Loss::Dropped(why) => {
            let were = if is_one { "was" } else { "were" };
            format!("{texts} {were} not sent: {why}")
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::{GATHER, Loss, Losses, line};

    #[test]
    fn texts_that_are_lost_together_are_told_in_one_line() {
        let mut losses = Losses::default();
        let now = Instant::now();
        losses.texts = [
            (Loss::Missed("bob".to_owned()), 1),
            (Loss::Missed("carol".to_owned()), 128),
            (Loss::Dropped("nobody is there"), 872),
        ]
        .into();
        losses.due = Some(now + GATHER);
        assert_eq!(
            losses.tell(),
            [
                "a text of yours is not known to have reached bob",
                "128 texts of yours are not known to have reached carol",
                "872 texts of yours were not sent: nobody is there",
            ]
        );
        assert_eq!((losses.due(), losses.tell().len()), (None, 0));
        assert_eq!(
            line(&Loss::Dropped("why"), 1),
            "a text of yours was not sent: why"
        );
    }
}
