//! What keys ask for.
//!
//! A terminal sends bytes: those of a character, a control character for what has no glyph, and for other keys an escape and
//! what ECMA-48 allows behind it. Of the last nothing is done, and nothing of them gets into the line.

/// What is done to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// One more byte of it.
    Byte(u8),
    /// The last character goes.
    EraseCharacter,
    /// The last word goes.
    EraseWord,
    /// All of it goes.
    EraseLine,
    /// It is whole.
    Return,
    /// An empty line is the end of the input.
    End,
}

const CTRL_D: u8 = 4;
const BACKSPACE: u8 = 8;
const TAB: u8 = b'\t';
const CTRL_U: u8 = 21;
const CTRL_W: u8 = 23;
const ESCAPE: u8 = 27;
const DELETE: u8 = 127;

/// Keys under way.
#[derive(Debug, Default)]
pub(super) struct Keys(State);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Character,
    /// After an escape.
    Escaped,
    /// In a sequence that ends with a letter or one of a few signs (ECMA-48 section 5.4).
    Sequence,
    /// One more byte.
    Shifted,
}

impl Keys {
    /// What bytes from the keyboard ask for.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Edit> {
        bytes.iter().filter_map(|byte| self.step(*byte)).collect()
    }

    fn step(&mut self, byte: u8) -> Option<Edit> {
        let (next, edit) = match (self.0, byte) {
            (State::Escaped, b'[') => (State::Sequence, None),
            (State::Escaped, b'O') => (State::Shifted, None),
            (State::Sequence, 0x20..=0x3f) => (State::Sequence, None),
            (State::Escaped | State::Sequence | State::Shifted, 0x20..=0x7e) => {
                (State::Character, None)
            }
            // What is broken off by anything else was no sequence.
            (_, ESCAPE) => (State::Escaped, None),
            (_, byte) => (State::Character, edit_of(byte)),
        };
        self.0 = next;
        edit
    }
}

fn edit_of(byte: u8) -> Option<Edit> {
    match byte {
        b'\n' | b'\r' => Some(Edit::Return),
        CTRL_D => Some(Edit::End),
        BACKSPACE | DELETE => Some(Edit::EraseCharacter),
        CTRL_U => Some(Edit::EraseLine),
        CTRL_W => Some(Edit::EraseWord),
        TAB | 0x20..=0x7e | 0x80.. => Some(Edit::Byte(byte)),
        _ => None,
    }
}

/// Takes off the last character, or the last byte where there is no whole one.
pub(super) fn erase_character(bytes: &mut Vec<u8>) {
    const CONTINUES: std::ops::RangeInclusive<u8> = 0x80..=0xbf;
    while let Some(byte) = bytes.pop() {
        if !CONTINUES.contains(&byte) {
            return;
        }
    }
}

/// Takes off the last word, and the blanks behind it.
pub(super) fn erase_word(bytes: &mut Vec<u8>) {
    let is_blank = |byte: &u8| matches!(*byte, b' ' | TAB);
    while bytes.pop_if(|byte| is_blank(byte)).is_some() {}
    while bytes.pop_if(|byte| !is_blank(byte)).is_some() {}
}

#[cfg(test)]
mod tests {
    use super::{Edit, Keys, erase_character, erase_word};

    fn text(bytes: &[u8]) -> Vec<Edit> {
        bytes.iter().copied().map(Edit::Byte).collect()
    }

    #[test]
    fn characters_are_what_they_are() {
        assert_eq!(
            Keys::default().read("añ🚀\t".as_bytes()),
            text("añ🚀\t".as_bytes())
        );
        assert_eq!(Keys::default().read(b"\xff"), text(b"\xff"));
    }

    #[test]
    fn keys_without_a_glyph_leave_nothing_in_the_line() {
        let mut keys = Keys::default();
        for sequence in [
            "\x1b[A",
            "\x1b[1;5D",
            "\x1b[3~",
            "\x1bOP",
            "\x1bb",
            "\x1b[200~",
            "\x00",
            "\x0c",
            "\x1b\x1b[C",
        ] {
            // In one piece or byte by byte.
            assert_eq!(keys.read(sequence.as_bytes()), [], "{sequence:?}");
            for byte in sequence.bytes() {
                assert_eq!(keys.read(&[byte]), [], "{sequence:?}");
            }
            assert_eq!(keys.read(b"x"), text(b"x"), "{sequence:?}");
        }
        // The escape key alone, and then a line.
        assert_eq!(keys.read(b"\x1b\n"), [Edit::Return]);
        assert_eq!(keys.read("\x1b[ñ".as_bytes()), text("ñ".as_bytes()));
    }

    #[test]
    fn lines_are_edited_from_their_end() {
        let edits = [
            Edit::EraseCharacter,
            Edit::EraseCharacter,
            Edit::EraseWord,
            Edit::EraseLine,
            Edit::End,
            Edit::Return,
            Edit::Return,
        ];
        assert_eq!(Keys::default().read(b"\x7f\x08\x17\x15\x04\r\n"), edits);
    }

    #[test]
    fn a_character_is_erased_whole() {
        let erased = |line: &str| {
            let mut bytes = line.as_bytes().to_vec();
            erase_character(&mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(
            [erased("añ"), erased("a🚀"), erased("ab"), erased("")],
            ["a", "a", "a", ""]
        );
    }

    #[test]
    fn a_word_is_erased_with_the_blanks_behind_it() {
        let erased = |line: &str| {
            let mut bytes = line.as_bytes().to_vec();
            erase_word(&mut bytes);
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(
            [
                erased("one two  "),
                erased("one two"),
                erased("one"),
                erased(" ")
            ],
            ["one ", "one ", "", ""]
        );
    }
}
