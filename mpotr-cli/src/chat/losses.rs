//! Texts that nobody got, or not all members: told once for all that are lost together, and not once for each.

use std::collections::BTreeMap;
use std::time::Duration;

use mpotr::{DropReason, IdentityKey, Message, Told};
use mpotr_formats::Escaped;
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

/// As much is shown of a text that is lost.
const EXCERPT: usize = 40;

/// Texts that were lost in the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Lost {
    texts: usize,
    /// How the first of them begins, if that may be shown.
    first: Option<String>,
}

/// Losses that were not told yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Losses {
    texts: BTreeMap<Loss, Lost>,
    due: Option<Instant>,
}

impl Losses {
    /// Takes an event that tells of a loss, and the text, if it may be shown. Returns whether it does.
    pub(super) fn take(
        &mut self,
        event: &Told,
        text: Option<&str>,
        now: Instant,
        name: impl Fn(&IdentityKey) -> String,
    ) -> bool {
        let loss = if let Told::Message(Message::Missed { by, .. }) = event {
            let names: Vec<_> = by.iter().map(name).collect();
            Loss::Missed(names.join(", "))
        } else if let Told::Message(Message::Dropped { why, .. }) = event {
            if *why == DropReason::Discarded {
                // By the person's own word.
                return true;
            }
            Loss::Dropped(wording::why_dropped(*why))
        } else {
            return false;
        };
        let lost = self.texts.entry(loss).or_default();
        lost.texts = lost.texts.saturating_add(1);
        if lost.first.is_none() {
            lost.first = text.map(excerpt);
        }
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
        texts.map(|(loss, lost)| line(&loss, &lost)).collect()
    }
}

/// How a text begins.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}..", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn line(loss: &Loss, lost: &Lost) -> String {
    let is_one = lost.texts == 1;
    let texts = match is_one {
        true => "a text of yours".to_owned(),
        false => format!("{} texts of yours", lost.texts),
    };
    let first = lost.first.as_deref().map(|text| match is_one {
        true => format!(": {}", Escaped(text)),
        false => format!("; the first of them: {}", Escaped(text)),
    });
    let first = first.unwrap_or_default();
    match loss {
        Loss::Missed(names) => {
            let are = if is_one { "is" } else { "are" };
            format!("{texts} {are} not known to have reached {names}{first}")
        }
        Loss::Dropped(why) => {
            let were = if is_one { "was" } else { "were" };
            format!("{texts} {were} not sent: {why}{first}")
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::{EXCERPT, GATHER, Loss, Losses, Lost, excerpt, line};

    fn lost(texts: usize, first: Option<&str>) -> Lost {
        let first = first.map(str::to_owned);
        Lost { texts, first }
    }

    #[test]
    fn texts_that_are_lost_together_are_told_in_one_line() {
        let mut losses = Losses::default();
        let now = Instant::now();
        losses.texts = [
            (
                Loss::Missed("bob".to_owned()),
                lost(1, Some("are you there")),
            ),
            (Loss::Missed("carol".to_owned()), lost(128, Some("one"))),
            (Loss::Dropped("nobody is there"), lost(872, None)),
        ]
        .into();
        losses.due = Some(now + GATHER);
        assert_eq!(
            losses.tell(),
            [
                "a text of yours is not known to have reached bob: are you there",
                "128 texts of yours are not known to have reached carol; the first of them: one",
                "872 texts of yours were not sent: nobody is there",
            ]
        );
        assert_eq!((losses.due(), losses.tell().len()), (None, 0));
        assert_eq!(
            line(&Loss::Dropped("why"), &lost(1, None)),
            "a text of yours was not sent: why"
        );
    }

    #[test]
    fn of_a_long_text_the_beginning_is_shown_and_nothing_that_a_terminal_obeys() {
        let long = "\u{e9}".repeat(EXCERPT + 1);
        assert_eq!(excerpt(&long), "\u{e9}".repeat(EXCERPT) + "..");
        let shown = line(&Loss::Missed("bob".to_owned()), &lost(1, Some("\u{1b}[2J")));
        assert!(shown.ends_with(": \\u{1b}[2J"), "{shown}");
    }
}
