//! A line of IRC: RFC 1459 section 2.3.1, with the tags of IRCv3 "Message Tags".
//!
//! ```text
//! [@<tag>[=<value>];.. ] [:<nick>!<user>@<host> ] <command> <parameter>.. [:<last parameter>]
//! ```

use std::borrow::Cow;

/// The most parameters of a message.
const MOST_PARAMETERS: usize = 15;

/// A message of a server, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    tags: &'a str,
    source: &'a str,
    command: &'a str,
    parameters: Vec<&'a str>,
}

impl<'a> Message<'a> {
    /// Reads a line without its end; `None` if it has no command.
    #[must_use]
    pub fn read(line: &'a str) -> Option<Self> {
        let (tags, line) = prefixed('@', line);
        let (source, line) = prefixed(':', line);
        let mut rest = line;
        let command = word(&mut rest)?;
        let mut parameters = Vec::new();
        loop {
            rest = rest.trim_start_matches(' ');
            if let Some(last) = rest.strip_prefix(':') {
                parameters.push(last);
                break;
            }
            // The last of as many as there may be needs no colon.
            if parameters.len() >= MOST_PARAMETERS.saturating_sub(1) && !rest.is_empty() {
                parameters.push(rest);
                break;
            }
            let Some(parameter) = word(&mut rest) else {
                break;
            };
            parameters.push(parameter);
        }
        Some(Self {
            tags,
            source,
            command,
            parameters,
        })
    }

    /// The command, or the number of a reply.
    #[must_use]
    pub const fn command(&self) -> &'a str {
        self.command
    }

    /// Who sent it: `nick!user@host`, or the name of the server, or nothing.
    #[must_use]
    pub const fn source(&self) -> &'a str {
        self.source
    }

    /// The nick of who sent it.
    #[must_use]
    pub fn nick(&self) -> &'a str {
        self.source.split(['!', '@']).next().unwrap_or_default()
    }

    /// A parameter, counted from 0; the empty text if it is not there.
    #[must_use]
    pub fn parameter(&self, index: usize) -> &'a str {
        self.parameters.get(index).copied().unwrap_or_default()
    }

    /// All parameters.
    #[must_use]
    pub fn parameters(&self) -> &[&'a str] {
        &self.parameters
    }

    /// The last parameter; the empty text if there are no parameters.
    #[must_use]
    pub fn last(&self) -> &'a str {
        self.parameters.last().copied().unwrap_or_default()
    }

    /// The value of a tag: of the last one with this name, as IRCv3 has it. One without a value has the empty one.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut pairs = self.tags.split(';').map(|tag| match tag.split_once('=') {
            Some((name, value)) => (name, value),
            None => (tag, ""),
        });
        let found = pairs.rfind(|(found, _)| *found == name);
        found.map(|(_, value)| unescaped(value))
    }
}

/// What a line begins with, if with this sign, and what comes after it.
fn prefixed(sign: char, line: &str) -> (&str, &str) {
    let line = line.trim_start_matches(' ');
    match line.strip_prefix(sign) {
        Some(rest) => rest.split_once(' ').unwrap_or((rest, "")),
        None => ("", line),
    }
}

/// The next word.
fn word<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let line = rest.trim_start_matches(' ');
    let (word, after) = line.split_once(' ').unwrap_or((line, ""));
    *rest = after;
    (!word.is_empty()).then_some(word)
}

/// The value of a tag as it was meant.
fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut meant = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            meant.push(character);
            continue;
        }
        match characters.next() {
            Some(':') => meant.push(';'),
            Some('s') => meant.push(' '),
            Some('r') => meant.push('\r'),
            Some('n') => meant.push('\n'),
            Some(other) => meant.push(other),
            None => {}
        }
    }
    Cow::Owned(meant)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Message;

    fn read(line: &str) -> Message<'_> {
        Message::read(line).unwrap()
    }

    #[test]
    fn a_message_has_tags_a_source_a_command_and_parameters() {
        let line = "@time=2026-01-02T03:04:05.678Z;+mpotr/p=a;x :alice!al@host.example TAGMSG #tea";
        let message = read(line);
        assert_eq!((message.command(), message.nick()), ("TAGMSG", "alice"));
        assert_eq!(message.source(), "alice!al@host.example");
        assert_eq!(message.parameters(), ["#tea"]);
        assert_eq!(message.tag("+mpotr/p").as_deref(), Some("a"));
        assert_eq!(message.tag("x").as_deref(), Some(""));
        assert_eq!(message.tag("tim"), None);
    }

    #[test]
    fn the_last_parameter_may_hold_blanks_and_colons_and_be_empty() {
        assert_eq!(
            read("PRIVMSG #tea :: a  b ").parameters(),
            ["#tea", ": a  b "]
        );
        assert_eq!(read("PRIVMSG  #tea  :").parameters(), ["#tea", ""]);
        assert_eq!(read(":irc.example 001 alice").last(), "alice");
        let many = read("X 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16");
        assert_eq!((many.parameters().len(), many.last()), (15, "15 16"));
        assert_eq!(read("PING").last(), "");
    }

    #[test]
    fn a_tag_is_unescaped_and_the_last_of_a_name_counts() {
        let message = read(r"@a=1;a=x\:\s\r\n\\\b\ X");
        assert_eq!(message.tag("a").as_deref(), Some("x; \r\n\\b"));
    }

    #[test]
    fn a_line_without_a_command_is_none() {
        for line in ["", " ", "@a=b", "@a=b ", ":alice", ":alice ", "@a :b  "] {
            assert_eq!(Message::read(line), None, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn no_line_is_too_strange(line in "[@: a!;=\\\\]{0,40}|\\PC{0,60}") {
            if let Some(message) = Message::read(&line) {
                prop_assert!(!message.command().is_empty());
                prop_assert!(message.parameters().len() <= 15);
                let _any = (message.nick(), message.tag("a"), message.last());
            }
        }
    }
}
