//! What is pasted, where the terminal marks it. A line of it gets into the one that is typed, and is sent when the person sends that. Of many lines
//! the person says first whether they are sent: each as a text, for what comes from elsewhere is no command.

use super::keys::Edit;

/// What was pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pasted {
    /// A part of a line.
    Part(Vec<u8>),
    /// Lines with something in them, two or more.
    Many(Vec<Vec<u8>>),
}

impl Pasted {
    /// Terminals end the lines of a paste as the key does that ends one, or as they were.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let is_blank = |line: &[u8]| line.iter().all(u8::is_ascii_whitespace);
        let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
        let mut lines: Vec<_> = lines.filter(|line| !is_blank(line)).collect();
        match (lines.len(), lines.pop()) {
            (0, _) | (_, None) => Self::Part(Vec::new()),
            (1, Some(line)) => Self::Part(line.to_vec()),
            (_, Some(last)) => {
                lines.push(last);
                Self::Many(lines.into_iter().map(<[u8]>::to_vec).collect())
            }
        }
    }

    /// What is asked, if anything is.
    pub(super) fn question(&self) -> Option<String> {
        match self {
            Self::Part(_) => None,
            Self::Many(lines) => Some(format!(
                "{} lines were pasted: y sends each of them as a text, n sends none",
                lines.len()
            )),
        }
    }

    /// The lines as they are typed to be sent as texts.
    pub(super) fn lines(self) -> Vec<u8> {
        let mut typed = Vec::new();
        let lines = match self {
            Self::Part(line) => vec![line],
            Self::Many(lines) => lines,
        };
        for line in lines {
            // A text that begins with a slash is written with two.
            if line.first() == Some(&b'/') {
                typed.push(b'/');
            }
            typed.extend_from_slice(&line);
            typed.push(b'\n');
        }
        typed
    }
}

/// Whether a key says that what was pasted is sent; none if it says nothing of that.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other key is an answer")]
pub(super) const fn answer(edit: &Edit) -> Option<bool> {
    match edit {
        Edit::Byte(b'y' | b'Y') => Some(true),
        Edit::Byte(b'n' | b'N') | Edit::EraseLine | Edit::EraseCharacter | Edit::End => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Edit, Pasted, answer};

    #[test]
    fn a_line_is_put_where_it_is_typed_and_its_end_sends_nothing() {
        for pasted in ["one", "one\n", "one\r", "\r\none\r\n\n"] {
            assert_eq!(Pasted::of(pasted.as_bytes()), Pasted::Part(b"one".to_vec()));
        }
        assert_eq!(Pasted::of(b" \r\n"), Pasted::Part(Vec::new()));
        // Within a line blanks are what they are.
        assert_eq!(Pasted::of(b" one "), Pasted::Part(b" one ".to_vec()));
    }

    #[test]
    fn many_lines_are_asked_about_and_sent_as_texts() {
        let pasted = Pasted::of(b"one\r\r\n  two\r/kick bob\n//three");
        let question = pasted.question().unwrap();
        assert!(question.starts_with("4 lines were pasted"), "{question}");
        assert_eq!(pasted.lines(), b"one\n  two\n//kick bob\n///three\n");
    }

    #[test]
    fn no_key_answers_by_accident() {
        assert_eq!(answer(&Edit::Byte(b'y')), Some(true));
        assert_eq!(answer(&Edit::Byte(b'n')), Some(false));
        for edit in [
            Edit::Return,
            Edit::Byte(b' '),
            Edit::Pasted(b"y\ny".to_vec()),
        ] {
            assert_eq!(answer(&edit), None, "{edit:?}");
        }
    }
}
