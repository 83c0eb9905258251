//! What keys ask for.
//!
//! A terminal sends bytes: those of a character, a control character for what has no glyph, and for other keys an escape and
//! what ECMA-48 allows behind it. Of the last some move the cursor or show what was typed before, of others nothing is done, and
//! nothing of them gets into the line.

/// What is done to the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// One more byte of it.
    Byte(u8),
    /// The character before the cursor goes.
    EraseCharacter,
    /// The word before the cursor goes.
    EraseWord,
    /// All of it goes.
    EraseLine,
    /// What is behind the cursor goes.
    EraseToEnd,
    /// The character behind the cursor goes.
    Delete,
    /// One character back, or on.
    Left,
    Right,
    /// One word back, or on.
    WordLeft,
    WordRight,
    /// To its beginning, or its end.
    Home,
    ToEnd,
    /// The line that was typed before it, or after.
    Earlier,
    Later,
    /// The word before the cursor is to be made whole.
    Complete,
    /// It is whole.
    Return,
    /// An empty line is the end of the input. Of another the character behind the cursor goes.
    End,
    /// At a screen alone: a page is looked at, back or on.
    PageUp,
    PageDown,
    /// What is on the screen is drawn anew.
    Redraw,
    /// An alarm was seen.
    Dismiss,
    /// All that is asked is looked at, or the talk again.
    TurnOver,
    /// Another room is looked at: this one, or the next in which there is something to see.
    Room(usize),
    NextRoom,
    /// Whether the terminal is looked at.
    Focus(bool),
    /// This was pasted.
    Pasted(Vec<u8>),
}

const CTRL_A: u8 = 1;
const CTRL_B: u8 = 2;
const CTRL_D: u8 = 4;
const CTRL_E: u8 = 5;
const CTRL_F: u8 = 6;
const CTRL_G: u8 = 7;
const BACKSPACE: u8 = 8;
const TAB: u8 = b'\t';
const CTRL_K: u8 = 11;
const CTRL_L: u8 = 12;
const CTRL_N: u8 = 14;
const CTRL_O: u8 = 15;
const CTRL_P: u8 = 16;
const CTRL_U: u8 = 21;
const CTRL_W: u8 = 23;
const ESCAPE: u8 = 27;
const DELETE: u8 = 127;

/// The most bytes of a sequence that are looked at: those of the keys that mean something are fewer.
const LONGEST: usize = 8;

/// The most bytes that are pasted at once. What is behind them is not taken.
const MOST_PASTED: usize = 1 << 20;

/// What is behind a paste, in a terminal that marks it.
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// Keys under way.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Whether they are typed at a screen, whose terminal tells when it is looked at.
    at_screen: bool,
    state: State,
    /// What is pasted, so far.
    pasted: Vec<u8>,
    /// The sequence so far.
    sequence: Vec<u8>,
}

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
    /// In what is pasted.
    Pasting,
}

impl Keys {
    /// Those that are typed at a screen.
    pub(super) fn at_screen() -> Self {
        Self {
            at_screen: true,
            ..Self::default()
        }
    }

    /// What bytes from the keyboard ask for. A tab that comes alone is the key; one among others is part of what is pasted.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Vec<Edit> {
        if bytes == [TAB] && self.state == State::Character {
            return vec![Edit::Complete];
        }
        bytes.iter().filter_map(|byte| self.step(*byte)).collect()
    }

    fn step(&mut self, byte: u8) -> Option<Edit> {
        if self.state == State::Pasting {
            return self.paste(byte);
        }
        let (next, edit) = match (self.state, byte) {
            (State::Escaped, b'[') => (State::Sequence, None),
            (State::Escaped, b'O') => (State::Shifted, None),
            (State::Sequence, 0x20..=0x3f) => {
                if self.sequence.len() < LONGEST {
                    self.sequence.push(byte);
                }
                (State::Sequence, None)
            }
            (State::Sequence, b'~') if self.sequence == b"200" => (State::Pasting, None),
            (State::Sequence | State::Shifted, 0x40..=0x7e) => {
                let of_screen = || edit_of_screen(&self.sequence, byte);
                let edit = edit_of_sequence(&self.sequence, byte);
                let is_sequence = self.state == State::Sequence;
                let at_screen = (self.at_screen && is_sequence).then(of_screen).flatten();
                (State::Character, edit.or(at_screen))
            }
            (State::Escaped, b'1'..=b'9') if self.at_screen => {
                let number = usize::from(byte.saturating_sub(b'1'));
                (State::Character, Some(Edit::Room(number)))
            }
            (State::Escaped, b'n') if self.at_screen => (State::Character, Some(Edit::NextRoom)),
            (State::Escaped, 0x20..=0x7e) => (State::Character, edit_of_escaped(byte)),
            (State::Shifted, 0x20..=0x3f) => (State::Character, None),
            // What is broken off by anything else was no sequence.
            (_, ESCAPE) => (State::Escaped, None),
            (_, CTRL_G) if self.at_screen => (State::Character, Some(Edit::Dismiss)),
            (_, CTRL_O) if self.at_screen => (State::Character, Some(Edit::TurnOver)),
            (_, CTRL_L) if self.at_screen => (State::Character, Some(Edit::Redraw)),
            (_, byte) => (State::Character, edit_of(byte)),
        };
        if next != State::Sequence {
            self.sequence.clear();
        }
        self.state = next;
        edit
    }

    /// One more byte of what is pasted, or of what ends it.
    fn paste(&mut self, byte: u8) -> Option<Edit> {
        let end = self.pasted.len().saturating_sub(PASTE_ENDS.len());
        let is_full = end >= MOST_PASTED;
        if is_full {
            // What may be the end is kept, and nothing else.
            self.pasted.remove(end);
        }
        self.pasted.push(byte);
        if !self.pasted.ends_with(PASTE_ENDS) {
            return None;
        }
        self.state = State::Character;
        let mut pasted = core::mem::take(&mut self.pasted);
        pasted.truncate(pasted.len().saturating_sub(PASTE_ENDS.len()));
        Some(Edit::Pasted(pasted))
    }
}

fn edit_of(byte: u8) -> Option<Edit> {
    match byte {
        b'\n' | b'\r' => Some(Edit::Return),
        CTRL_D => Some(Edit::End),
        BACKSPACE | DELETE => Some(Edit::EraseCharacter),
        CTRL_U => Some(Edit::EraseLine),
        CTRL_W => Some(Edit::EraseWord),
        CTRL_K => Some(Edit::EraseToEnd),
        CTRL_A => Some(Edit::Home),
        CTRL_E => Some(Edit::ToEnd),
        CTRL_B => Some(Edit::Left),
        CTRL_F => Some(Edit::Right),
        CTRL_P => Some(Edit::Earlier),
        CTRL_N => Some(Edit::Later),
        TAB | 0x20..=0x7e | 0x80.. => Some(Edit::Byte(byte)),
        _ => None,
    }
}

/// A key with alt.
const fn edit_of_escaped(byte: u8) -> Option<Edit> {
    match byte {
        b'b' => Some(Edit::WordLeft),
        b'f' => Some(Edit::WordRight),
        _ => None,
    }
}

/// Keys as xterm, the Linux console and those that follow them name them: what is between, and the last byte.
fn edit_of_sequence(between: &[u8], last: u8) -> Option<Edit> {
    // The second number says which of shift, alt and control are down, from 1 on.
    let is_by_word = matches!(between, b"1;3" | b"1;5" | b"3" | b"5");
    match (last, between) {
        (b'A', b"") => Some(Edit::Earlier),
        (b'B', b"") => Some(Edit::Later),
        (b'C', b"") => Some(Edit::Right),
        (b'D', b"") => Some(Edit::Left),
        (b'C', _) if is_by_word => Some(Edit::WordRight),
        (b'D', _) if is_by_word => Some(Edit::WordLeft),
        (b'H', b"") | (b'~', b"1" | b"7") => Some(Edit::Home),
        (b'F', b"") | (b'~', b"4" | b"8") => Some(Edit::ToEnd),
        (b'~', b"3") => Some(Edit::Delete),
        _ => None,
    }
}

/// Keys that mean something at a screen alone.
fn edit_of_screen(between: &[u8], last: u8) -> Option<Edit> {
    match (last, between) {
        (b'~', b"5") => Some(Edit::PageUp),
        (b'~', b"6") => Some(Edit::PageDown),
        (b'I', b"") => Some(Edit::Focus(true)),
        (b'O', b"") => Some(Edit::Focus(false)),
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
            "\x1b[Z",
            "\x1b[1;2P",
            "\x1b[5~",
            "\x1bOP",
            "\x1bx",
            "\x1b[99999999999999999999A",
            "\x00",
            "\x0c",
            "\x1b\x1b[P",
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
    fn keys_move_the_cursor_and_show_what_was_typed_before() {
        let mut keys = Keys::default();
        for (sequence, edit) in [
            ("\x1b[A", Edit::Earlier),
            ("\x1bOB", Edit::Later),
            ("\x1b[C", Edit::Right),
            ("\x1bOD", Edit::Left),
            ("\x1b[1;5D", Edit::WordLeft),
            ("\x1bf", Edit::WordRight),
            ("\x1b[H", Edit::Home),
            ("\x1b[4~", Edit::ToEnd),
            ("\x1b[3~", Edit::Delete),
            ("\x01", Edit::Home),
            ("\x0b", Edit::EraseToEnd),
            ("\x10", Edit::Earlier),
        ] {
            let edits = [edit];
            assert_eq!(keys.read(sequence.as_bytes()), edits, "{sequence:?}");
            let one_by_one = sequence.bytes().flat_map(|byte| keys.read(&[byte]));
            assert_eq!(one_by_one.collect::<Vec<_>>(), edits, "{sequence:?}");
        }
        assert_eq!(keys.read(b"\t"), [Edit::Complete]);
    }

    #[test]
    fn at_a_screen_pages_are_looked_at_and_what_is_pasted_is_told_from_what_is_typed() {
        let mut keys = Keys::at_screen();
        let bytes =
            b"a\x1b2\x1bn\x1b[5~\x1b[6~\x07\x0f\x0c\x1b[O\x1b[I\x1b[200~one\r\x1b[Atwo\x1b[201~b";
        let edits = [
            Edit::Byte(b'a'),
            Edit::Room(1),
            Edit::NextRoom,
            Edit::PageUp,
            Edit::PageDown,
            Edit::Dismiss,
            Edit::TurnOver,
            Edit::Redraw,
            Edit::Focus(false),
            Edit::Focus(true),
            Edit::Pasted(b"one\r\x1b[Atwo".to_vec()),
            Edit::Byte(b'b'),
        ];
        assert_eq!(keys.read(bytes), edits);
        let one_by_one: Vec<_> = bytes.iter().flat_map(|byte| keys.read(&[*byte])).collect();
        assert_eq!(one_by_one, edits);
    }

    #[test]
    fn what_is_pasted_is_told_from_what_is_typed_everywhere() {
        let mut keys = Keys::default();
        let pasted = Edit::Pasted(b"one\r\x1b[Atwo".to_vec());
        let edits = [Edit::Byte(b'a'), pasted, Edit::Byte(b'b')];
        assert_eq!(keys.read(b"a\x1b[200~one\r\x1b[Atwo\x1b[201~b"), edits);
    }

    #[test]
    fn there_is_an_end_to_what_is_pasted() {
        let mut keys = Keys::at_screen();
        assert_eq!(keys.read(b"\x1b[200~"), []);
        let much = vec![b'x'; super::MOST_PASTED + 1000];
        assert_eq!(keys.read(&much), []);
        let end = keys.read(b"\x1b[201~");
        let [Edit::Pasted(pasted)] = &end[..] else {
            panic!("{} edits", end.len());
        };
        assert!(pasted.len() <= super::MOST_PASTED, "{}", pasted.len());
        assert_eq!(keys.read(b"y"), text(b"y"));
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
