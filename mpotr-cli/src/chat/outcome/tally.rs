//! The last line of a chat: what became of its texts and commands, in numbers and names.

use crate::chat::wording;

/// What a chat comes to: what the program itself could not do, and besides what became of the texts.
pub(in crate::chat) fn joined(
    own: anyhow::Result<()>,
    texts: Result<(), ChatError>,
) -> anyhow::Result<()> {
    match (own, texts) {
        // What the program could not do is more than a command that failed.
        (Err(own), Err(ChatError::Undone(undone))) => Err(own.context(undone.to_string())),
        (Err(own), Err(texts)) => Err(own.context(texts)),
        (Ok(()), Err(texts)) => Err(texts.into()),
        (own, Ok(())) => own,
    }
}

/// Why a chat is no success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChatError {
    /// Lines were not sent, or not all have what was.
    #[error("{0}")]
    Texts(Box<Tally>),
    /// There is no longer a way to the room.
    #[error("lost the {carrier}: {reason}{}", tally.behind())]
    Lost {
        /// The carrier, as a person knows it.
        carrier: String,
        /// Why it is lost.
        reason: String,
        /// What became of the texts.
        tally: Box<Tally>,
    },
    /// Commands of a script were not done; all that was to be sent was.
    #[error(transparent)]
    Undone(#[from] Undone),
    /// The room has not begun in the time that --wait names.
    #[error("{not_begun}{behind}", not_begun = .0, behind = .1.behind())]
    NotBegun(NotBegun, Box<Tally>),
    /// The program was stopped before there was a room.
    #[error("stopped before the room was secure; nothing was sent{}", .0.behind())]
    NeverSecure(Box<Tally>),
}

/// What became of those texts that have not reached all, and of commands: the last line has a number for each, and names who
/// lacks what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Whether all have said that they have what was sent.
    pub(super) is_acknowledged: bool,
    /// Who is not known to have what was sent, each with the number of texts.
    pub(super) missed_by: Vec<(String, usize)>,
    /// Whom what was sent was meant for and who was not in the room then, each with the number of texts.
    pub(super) absent: Vec<(String, usize)>,
    /// How many texts these are.
    pub(super) lacked: usize,
    /// What was sent to nobody.
    pub(super) unsent: Option<UnsentLines>,
    /// What else was asked for and not done.
    pub(super) undone: Option<Undone>,
}

impl Tally {
    /// Whether each text has reached all whom it was meant for.
    pub(super) const fn is_all_there(&self) -> bool {
        self.is_acknowledged && self.lacked == 0 && self.unsent.is_none()
    }

    /// Who lacks what, and what was sent to nobody.
    fn parts(&self) -> Vec<String> {
        let list = |who: &[(String, usize)]| {
            let each = who
                .iter()
                .map(|(name, texts)| format!("{name} ({})", wording::count(*texts, "text")));
            each.collect::<Vec<_>>().join(", ")
        };
        let mut parts = Vec::new();
        if !self.missed_by.is_empty() {
            parts.push(format!("not known to have it: {}", list(&self.missed_by)));
        }
        if !self.absent.is_empty() {
            parts.push(format!(
                "meant for it, and not in the room: {}",
                list(&self.absent)
            ));
        }
        if self.missed_by.len().saturating_add(self.absent.len()) > 1 {
            parts.push(format!("{} in all", wording::count(self.lacked, "text")));
        }
        let unsent = self.unsent.iter().map(UnsentLines::to_string);
        let undone = self.undone.iter().map(Undone::to_string);
        parts.extend(unsent.chain(undone).map(|part| format!("and {part}")));
        parts
    }

    /// What stands behind another reason.
    fn behind(&self) -> String {
        let parts = self.parts().into_iter();
        parts.map(|part| format!("; {part}")).collect()
    }
}

impl core::fmt::Display for Tally {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Where no text lacks and one was never sent, it is that one alone which has not reached all.
        if self.lacked > 0 || !self.is_acknowledged && self.unsent.is_none() {
            return write!(
                f,
                "not everyone acknowledged what was sent{}",
                self.behind()
            );
        }
        let line = self.parts().join("; ");
        f.write_str(line.strip_prefix("and ").unwrap_or(&line))
    }
}

/// A room that has not begun in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} within {}, and nothing was sent: {why}",
    if *is_there { "you were not let into the room" } else { "the room has not begun" },
    seconds_of(*seconds)
)]
pub(crate) struct NotBegun {
    /// How long it might have taken.
    pub(in crate::chat) seconds: u32,
    /// Whether it has begun, without this member.
    pub(in crate::chat) is_there: bool,
    /// What was missing.
    pub(in crate::chat) why: String,
}

fn seconds_of(seconds: u32) -> String {
    wording::count(usize::try_from(seconds).unwrap_or(usize::MAX), "second")
}

/// Commands that were not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} of the input {}{first}", wording::count(*count, "command"), were_not_done(*count))]
pub(crate) struct Undone {
    pub(super) count: usize,
    /// The name of the first of them. What stands behind it may be a secret.
    pub(super) first: String,
}

const fn were_not_done(count: usize) -> &'static str {
    match count {
        1 => "was not done: ",
        _ => "were not done, the first of them: ",
    }
}

/// Lines that were sent to nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}{}", lines(*count, *goes_on), and_rest(*goes_on))]
pub(crate) struct UnsentLines {
    pub(super) count: usize,
    /// Why the first of them was not.
    pub(super) reason: String,
    /// Whether the input goes on behind those that were counted.
    pub(super) goes_on: bool,
}

fn lines(count: usize, goes_on: bool) -> String {
    let at_least = if goes_on { "at least " } else { "" };
    match count {
        1 => format!("{at_least}a line was not sent: "),
        _ => format!("{at_least}{count} lines were not sent, the first for this reason: "),
    }
}

const fn and_rest(goes_on: bool) -> &'static str {
    match goes_on {
        true => "; the input has not ended, and what follows in it is not sent either",
        false => "",
    }
}
