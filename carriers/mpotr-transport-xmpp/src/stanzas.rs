//! Whole stanzas out of the bytes of a stream, and none that is too much.
//!
//! Anyone in a room writes stanzas that its server passes on. The library that reads them ends the connection over a name or a
//! value of an attribute that is long (8,192 bytes), and what frees an element goes as deep as the element does. So a stanza
//! passes when it is all there and within bounds, or not at all:
//!
//! ```text
//!   <stream ..>   <message ..> .. </message>   blanks   </stream>
//!   at once       all of it, or nothing        at once  at once
//! ```
//!
//! This tells tags from text, and no more of XML: what is not well formed is for the reader behind it to refuse.

/// The most bytes of a stanza: what servers take from a client, and more than a packet needs.
pub(crate) const BYTES: usize = 256 << 10;

/// How deep elements may be in a stanza. A packet is in the second, what a room says of itself in the fourth.
const DEPTH: usize = 24;

/// How many elements it may have.
const ELEMENTS: usize = 1_024;

/// The most bytes of a name, and of the value of an attribute.
const NAME: usize = 512;
const VALUE: usize = 4_096;

/// What text of its own kind begins with, in which no tag is one, and ends with.
const DATA: &[u8] = b"<![CDATA[";
const DATA_END: &[u8] = b"]]>";

/// Where in the bytes of a stream one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Text,
    /// Behind the first byte of a tag.
    Tag,
    /// In a tag that begins an element; whether a stroke was last, which ends the element with it.
    Start {
        is_closed: bool,
    },
    /// In the value of an attribute, up to this sign.
    Value {
        quote: u8,
    },
    /// In a tag that ends an element.
    End,
    /// In `<!`, with so many bytes of what begins such text.
    Data {
        begun: usize,
    },
    /// In such text, with so many bytes of what ends it.
    InData {
        ended: usize,
    },
    /// In `<?`.
    Instruction {
        is_asked: bool,
    },
}

/// Tells stanzas from one another.
#[derive(Debug)]
pub(crate) struct Stanzas {
    at: At,
    /// How many elements are open: of these the stream is one.
    depth: usize,
    stanza: Vec<u8>,
    elements: usize,
    /// Bytes of the name or value that is being read.
    token: usize,
    /// The name of the tag that is being read, as far as it is of interest.
    name: Vec<u8>,
    is_named: bool,
    is_too_much: bool,
}

impl Stanzas {
    pub(crate) const fn new() -> Self {
        Self {
            at: At::Text,
            depth: 0,
            stanza: Vec::new(),
            elements: 0,
            token: 0,
            name: Vec::new(),
            is_named: false,
            is_too_much: false,
        }
    }

    /// Takes bytes as they come, and adds to `whole` what may be read now.
    pub(crate) fn take(&mut self, bytes: &[u8], whole: &mut Vec<u8>) {
        for byte in bytes {
            if self.depth <= 1 && self.at == At::Text && *byte != b'<' {
                whole.push(*byte);
                continue;
            }
            if self.stanza.len() >= BYTES {
                self.drop();
            }
            if !self.is_too_much {
                self.stanza.push(*byte);
            }
            self.step(*byte);
            if self.depth <= 1 && self.at == At::Text {
                whole.append(&mut self.stanza);
                self.is_too_much = false;
                self.elements = 0;
            }
        }
    }

    fn drop(&mut self) {
        self.is_too_much = true;
        self.stanza = Vec::new();
    }

    /// Goes on by a byte.
    fn step(&mut self, byte: u8) {
        match self.at {
            At::Text => {
                if byte == b'<' {
                    self.at = At::Tag;
                }
            }
            At::Tag => self.begin(byte),
            At::Start { is_closed } => self.start(byte, is_closed),
            At::Value { quote } => {
                self.count(VALUE);
                if byte == quote {
                    self.token = 0;
                    self.at = At::Start { is_closed: false };
                }
            }
            At::End => {
                if byte == b'>' {
                    self.depth = self.depth.saturating_sub(1);
                    self.at = At::Text;
                }
            }
            At::Data { begun } => {
                self.at = match DATA.get(begun) {
                    Some(expected) if *expected == byte => At::Data {
                        begun: begun.saturating_add(1),
                    },
                    // The reader refuses it.
                    _ => At::Text,
                };
                if self.at == (At::Data { begun: DATA.len() }) {
                    self.at = At::InData { ended: 0 };
                }
            }
            At::InData { ended } => {
                let ended = match byte {
                    b']' => ended.saturating_add(1).min(2),
                    b'>' if ended == 2 => DATA_END.len(),
                    _ => 0,
                };
                self.at = match ended == DATA_END.len() {
                    true => At::Text,
                    false => At::InData { ended },
                };
            }
            At::Instruction { is_asked } => {
                self.at = match byte {
                    b'>' if is_asked => At::Text,
                    byte => At::Instruction {
                        is_asked: byte == b'?',
                    },
                };
            }
        }
    }

    /// The second byte of a tag tells its kind.
    fn begin(&mut self, byte: u8) {
        self.at = match byte {
            b'/' => At::End,
            b'!' => At::Data { begun: 2 },
            b'?' => At::Instruction { is_asked: false },
            _ => {
                self.elements = self.elements.saturating_add(1);
                if self.elements > ELEMENTS {
                    self.drop();
                }
                self.name.clear();
                self.name.push(byte);
                self.is_named = false;
                self.token = 1;
                At::Start { is_closed: false }
            }
        };
    }

    fn start(&mut self, byte: u8, is_closed: bool) {
        match byte {
            b'>' => {
                self.at = At::Text;
                if !is_closed && !self.is_stream_again() {
                    self.depth = self.depth.saturating_add(1);
                    if self.depth > DEPTH.saturating_add(1) {
                        self.drop();
                    }
                }
            }
            b'\'' | b'"' => {
                self.token = 0;
                self.at = At::Value { quote: byte };
            }
            b' ' | b'\t' | b'\r' | b'\n' | b'=' | b'/' => {
                self.token = 0;
                self.is_named = true;
                let is_closed = byte == b'/';
                self.at = At::Start { is_closed };
            }
            _ => {
                self.count(NAME);
                if !self.is_named && self.name.len() < NAME {
                    self.name.push(byte);
                }
                self.at = At::Start { is_closed: false };
            }
        }
    }

    /// Counts a byte of a name or value.
    fn count(&mut self, most: usize) {
        self.token = self.token.saturating_add(1);
        if self.token > most {
            self.drop();
        }
    }

    /// Whether the tag that ends begins the stream once more, as after a login.
    fn is_stream_again(&self) -> bool {
        let is_stream = self.name == b"stream" || self.name.ends_with(b":stream");
        self.depth == 1 && is_stream
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BYTES, DEPTH, ELEMENTS, NAME, Stanzas, VALUE};

    const HEAD: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' from='h>'>";

    fn passed(text: &str) -> String {
        let mut whole = Vec::new();
        Stanzas::new().take(text.as_bytes(), &mut whole);
        String::from_utf8(whole).unwrap()
    }

    fn nested(depth: usize) -> String {
        format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth))
    }

    #[test]
    fn what_is_within_the_bounds_passes_when_it_is_whole() {
        for stanza in [
            "<a/>",
            "<a></a>",
            "<a b='/>' c=\"'>\"><d/>text &gt; text</a>",
            "<a><![CDATA[</a>]]]>]]></a>",
            &nested(DEPTH),
            &format!("<a>{}</a>", "x".repeat(BYTES - 10)),
            &format!("<a b='{}'/>", "x".repeat(VALUE - 1)),
            &format!("<a>{}</a>", "<b/>".repeat(ELEMENTS - 1)),
            &format!("<{0}></{0}>", "x".repeat(NAME)),
        ] {
            let text = format!("{HEAD} \n{stanza}\n<b/></stream:stream>");
            assert_eq!(passed(&text), text);
            let end = HEAD.len() + 2;
            for cut in [1, stanza.len() / 2, stanza.len() - 1] {
                assert_eq!(passed(&text[..end + cut]), text[..end], "{cut}");
            }
        }
    }

    #[test]
    fn what_is_too_much_is_left_out_and_the_next_one_passes() {
        for stanza in [
            &nested(DEPTH + 1),
            &nested(50_000),
            &format!("<a>{}</a>", "x".repeat(BYTES)),
            &format!("<a b='{}'/>", "x".repeat(VALUE + 1)),
            &format!("<a><b c=\"{}\"></b></a>", "x".repeat(100_000)),
            &format!("<a {}='x'/>", "x".repeat(NAME + 1)),
            &format!("<a><{0}></{0}></a>", "x".repeat(NAME + 1)),
            &format!("<a>{}</a>", "<b/>".repeat(ELEMENTS)),
        ] {
            assert_eq!(
                passed(&format!("{HEAD}{stanza}<b/>")),
                format!("{HEAD}<b/>")
            );
        }
    }

    #[test]
    fn a_stream_that_begins_again_is_a_stream() {
        let text = format!("{HEAD}<success/>{HEAD}<b><stream></stream></b>");
        assert_eq!(passed(&text), text);
    }

    proptest! {
        #[test]
        fn what_passes_is_the_same_however_it_comes(
            parts in prop::collection::vec(prop::sample::select(vec![
                "<a>", "</a>", "<a b='", "'", "\"", "/>", ">", "<", "text", "<!", "[CDATA[", "]]>", "<?", "?>", " ", "\u{e9}",
                "<stream:stream>", "/",
            ]), 0..60),
            cut in 0_usize..400,
        ) {
            let text = parts.concat();
            let (first, second) = text.as_bytes().split_at(cut.min(text.len()));
            let mut stanzas = Stanzas::new();
            let mut whole = Vec::new();
            stanzas.take(first, &mut whole);
            stanzas.take(second, &mut whole);
            prop_assert!(whole.len() <= text.len());
            prop_assert_eq!(String::from_utf8(whole).unwrap(), passed(&text));
        }
    }
}
