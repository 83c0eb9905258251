//! The line that is typed, and where in it the next character goes.

use super::keys::{erase_character, erase_word};

/// A line that is edited. It is bytes: that a line is no text is told when it is whole.
#[derive(Debug, Default)]
pub(super) struct Text {
    bytes: Vec<u8>,
    /// Where the next character goes: at the beginning of one, or at the end.
    cursor: usize,
}

impl Text {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What stands before the cursor.
    pub(super) fn before(&self) -> &[u8] {
        self.bytes.get(..self.cursor).unwrap_or(&self.bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Puts bytes where the cursor is, which moves behind them.
    pub(super) fn insert(&mut self, bytes: &[u8]) {
        let behind = self.split();
        self.bytes.extend_from_slice(bytes);
        self.join(&behind);
    }

    /// Takes off the character before the cursor.
    pub(super) fn erase_character(&mut self) {
        let behind = self.split();
        erase_character(&mut self.bytes);
        self.join(&behind);
    }

    /// Takes off the word before the cursor, and the blanks behind it.
    pub(super) fn erase_word(&mut self) {
        let behind = self.split();
        erase_word(&mut self.bytes);
        self.join(&behind);
    }

    /// Takes off so many bytes before the cursor.
    pub(super) fn erase(&mut self, count: usize) {
        let behind = self.split();
        self.bytes.truncate(self.bytes.len().saturating_sub(count));
        self.join(&behind);
    }

    /// Takes off what is behind the cursor.
    pub(super) fn erase_to_end(&mut self) {
        self.bytes.truncate(self.cursor);
    }

    /// Takes off the character behind the cursor.
    pub(super) fn delete(&mut self) {
        let behind = self.split();
        let length = first_character(&behind);
        self.join(behind.get(length..).unwrap_or_default());
    }

    /// Makes it another line, with the cursor at its end.
    pub(super) fn replace(&mut self, line: Vec<u8>) {
        self.cursor = line.len();
        self.bytes = line;
    }

    /// Takes all of it.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.cursor = 0;
        core::mem::take(&mut self.bytes)
    }

    pub(super) const fn home(&mut self) {
        self.cursor = 0;
    }

    pub(super) const fn end(&mut self) {
        self.cursor = self.bytes.len();
    }

    /// One character back.
    pub(super) fn left(&mut self) {
        let mut before = self.before().to_vec();
        erase_character(&mut before);
        self.cursor = before.len();
    }

    /// One character on.
    pub(super) fn right(&mut self) {
        let behind = self.bytes.get(self.cursor..).unwrap_or_default();
        self.cursor = self.cursor.saturating_add(first_character(behind));
    }

    /// To where the word begins.
    pub(super) fn word_left(&mut self) {
        let mut before = self.before().to_vec();
        erase_word(&mut before);
        self.cursor = before.len();
    }

    /// To where the word ends.
    pub(super) fn word_right(&mut self) {
        let behind = self.bytes.get(self.cursor..).unwrap_or_default();
        let is_blank = |byte: &&u8| matches!(**byte, b' ' | b'\t');
        let blanks = behind.iter().take_while(is_blank).count();
        let word = behind
            .iter()
            .skip(blanks)
            .take_while(|byte| !is_blank(byte));
        let length = blanks.saturating_add(word.count());
        self.cursor = self.cursor.saturating_add(length);
    }

    /// Leaves what is before the cursor, and gives what is behind.
    fn split(&mut self) -> Vec<u8> {
        self.bytes.split_off(self.cursor.min(self.bytes.len()))
    }

    /// The cursor is at the end now. Puts this behind it.
    fn join(&mut self, behind: &[u8]) {
        self.cursor = self.bytes.len();
        self.bytes.extend_from_slice(behind);
    }
}

/// The bytes of the first character, or one byte where there is no whole one.
fn first_character(bytes: &[u8]) -> usize {
    let continues = |byte: &&u8| matches!(**byte, 0x80..=0xbf);
    let more = bytes.iter().skip(1).take_while(continues).count();
    more.saturating_add(1).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::Text;

    fn text(line: &str) -> Text {
        let mut text = Text::default();
        text.insert(line.as_bytes());
        text
    }

    #[track_caller]
    fn is(text: &Text, before: &str, behind: &str) {
        let line = [before, behind].concat();
        assert_eq!(core::str::from_utf8(text.bytes()), Ok(line.as_str()));
        assert_eq!(core::str::from_utf8(text.before()), Ok(before));
    }

    #[test]
    fn characters_are_put_where_the_cursor_is_and_taken_off_whole() {
        let mut line = text("añ🚀");
        line.left();
        is(&line, "añ", "🚀");
        line.left();
        line.insert("é".as_bytes());
        is(&line, "aé", "ñ🚀");
        line.delete();
        is(&line, "aé", "🚀");
        line.erase_character();
        is(&line, "a", "🚀");
        line.right();
        is(&line, "a🚀", "");
        line.right();
        line.home();
        line.left();
        line.erase_character();
        line.delete();
        is(&line, "", "🚀");
    }

    #[test]
    fn words_are_passed_and_taken_off() {
        let mut line = text("one  two three");
        line.word_left();
        line.word_left();
        is(&line, "one  ", "two three");
        line.word_right();
        is(&line, "one  two", " three");
        line.erase_word();
        is(&line, "one  ", " three");
        line.word_right();
        line.word_right();
        is(&line, "one   three", "");
        line.home();
        line.word_right();
        line.erase_to_end();
        is(&line, "one", "");
    }

    #[test]
    fn what_is_no_text_is_edited_by_its_bytes() {
        let mut line = Text::default();
        line.insert(b"a\xffb");
        line.left();
        line.left();
        assert_eq!(line.before(), b"a");
        line.delete();
        is(&line, "a", "b");
    }
}
