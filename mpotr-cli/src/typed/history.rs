//! The lines that were typed before, as long as the program runs. They are in no file, and what is a secret is not among them.

use std::collections::VecDeque;

/// Lines that are kept.
const MOST: usize = 200;

/// Bytes of them.
const MOST_BYTES: usize = 1 << 18;

/// What begins a line with a secret in it: a question to find out who is who, and its answer.
const SECRET: [&[u8]; 2] = [b"/verify", b"/answer"];

/// The lines, and which of them is shown.
#[derive(Debug, Default)]
pub(super) struct History {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// Which line is shown, from the newest; none for the one that is being typed.
    at: Option<usize>,
    /// What was being typed before another was shown.
    draft: Vec<u8>,
}

impl History {
    /// A line was sent. The next one begins.
    pub(super) fn keep(&mut self, line: &[u8]) {
        self.at = None;
        self.draft.clear();
        let is_secret = SECRET.iter().any(|secret| line.starts_with(secret));
        let is_again = self.lines.front().is_some_and(|last| last == line);
        if line.is_empty() || is_secret || is_again || line.len() > MOST_BYTES {
            return;
        }
        self.bytes = self.bytes.saturating_add(line.len());
        self.lines.push_front(line.to_vec());
        while self.lines.len() > MOST || self.bytes > MOST_BYTES {
            let Some(oldest) = self.lines.pop_back() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(oldest.len());
        }
    }

    /// The line before the one that is shown, if there is one.
    pub(super) fn earlier(&mut self, shown: &[u8]) -> Option<Vec<u8>> {
        let at = self.at.map_or(0, |at| at.saturating_add(1));
        let line = self.lines.get(at)?.clone();
        if self.at.is_none() {
            self.draft = shown.to_vec();
        }
        self.at = Some(at);
        Some(line)
    }

    /// The line behind the one that is shown: at last the one that was being typed.
    pub(super) fn later(&mut self) -> Option<Vec<u8>> {
        let at = self.at?;
        self.at = at.checked_sub(1);
        match self.at {
            Some(at) => self.lines.get(at).cloned(),
            None => Some(core::mem::take(&mut self.draft)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{History, MOST};

    fn of(lines: &[&str]) -> History {
        let mut history = History::default();
        for line in lines {
            history.keep(line.as_bytes());
        }
        history
    }

    fn text(line: Option<Vec<u8>>) -> Option<String> {
        line.map(|line| String::from_utf8(line).unwrap())
    }

    #[test]
    fn earlier_lines_are_shown_and_what_was_being_typed_comes_back() {
        let mut history = of(&["one", "two", "two"]);
        assert_eq!(text(history.earlier(b"half a li")).as_deref(), Some("two"));
        assert_eq!(text(history.earlier(b"two")).as_deref(), Some("one"));
        assert_eq!(history.earlier(b"one"), None);
        assert_eq!(text(history.later()).as_deref(), Some("two"));
        assert_eq!(text(history.later()).as_deref(), Some("half a li"));
        assert_eq!(history.later(), None);
    }

    #[test]
    fn no_secret_and_nothing_empty_is_kept() {
        let mut history = of(&["/verify bob where? there", "/answer there", ""]);
        assert_eq!(history.earlier(b""), None);
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let lines: Vec<_> = (0..2 * MOST).map(|number| number.to_string()).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert_eq!(of(&lines).lines.len(), MOST);
        let long = "x".repeat(100_000);
        let long = [&long[1..], &long, &long[2..], &long[3..]];
        let history = of(&long);
        assert_eq!(history.lines.len(), 2);
        assert!(history.bytes <= super::MOST_BYTES);
    }
}
