//! Lines that speak to the program and not to the room: they begin with a slash. A text that begins with one is written
//! with two.

use mpotr::EpochName;
use mpotr_formats::escape::is_unsafe;

use super::help::VERIFY;
use super::input::Line;
use super::rules::Amendment;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Nothing: an empty line, or one of white space.
    Nothing,
    /// Send this text.
    Say(String),
    /// List the members and those who wait.
    Members,
    /// Let a person in who waits.
    Admit(String),
    /// Leave a member out of the next epoch.
    Kick(String),
    /// Show no more of what a member writes. It is read, verified and acknowledged as before.
    Mute(String),
    /// Show it again.
    Unmute(String),
    /// Send what is held: all of it, or one text by its number.
    Release(Option<u32>),
    /// Take back what is held.
    Discard(Option<u32>),
    /// Make an epoch with fresh keys.
    Refresh,
    /// Tell the rules of the room.
    Policy,
    /// Ask for other rules.
    Amend(Amendment),
    /// Become one with another room.
    Merge(EpochName),
    /// Take back the vote to let a person in or to leave a member out.
    Withdraw(String),
    /// Ask for the code of the room, or take part.
    Code,
    /// All have the same code.
    CodeIsSame(String),
    /// Ask a member for a secret: who, the question, the secret.
    Verify(String),
    /// Answer one who asks.
    Answer(String),
    /// Give up what is asked.
    Decline,
    /// Show a link by which one person comes in, and is known, or write it into a file; it is kept by this name.
    Link {
        name: Option<String>,
        file: Option<String>,
    },
    /// Whether a bell rings, on a screen.
    Bell(bool),
    /// Leave the room.
    Quit,
    /// List the commands, or say more of one.
    Help(Option<String>),
    /// A text in which a slash stands behind blanks alone: a command that a finger slipped on, and nothing for the others.
    Blanks,
    /// A command that lacks something: how it is written.
    Usage(&'static str),
    /// Nothing that exists.
    Unknown(String),
}

impl Command {
    /// Whether it is done here, with what is known, and asks the room for nothing.
    pub(super) const fn needs_no_carrier(&self) -> bool {
        match self {
            Self::Nothing
            | Self::Members
            | Self::Mute(_)
            | Self::Unmute(_)
            | Self::Policy
            | Self::Link { .. }
            | Self::Bell(_)
            | Self::Help(_)
            | Self::Blanks
            | Self::Usage(_)
            | Self::Unknown(_) => true,
            Self::Say(_)
            | Self::Admit(_)
            | Self::Kick(_)
            | Self::Release(_)
            | Self::Discard(_)
            | Self::Refresh
            | Self::Amend(_)
            | Self::Merge(_)
            | Self::Withdraw(_)
            | Self::Code
            | Self::CodeIsSame(_)
            | Self::Verify(_)
            | Self::Answer(_)
            | Self::Decline
            | Self::Quit => false,
        }
    }

    /// Reads a line that is a text; others are given back. Where commands are not obeyed, every text is one to send, but for a blank
    /// one.
    pub(super) fn parse(line: Line, obeys: bool) -> Result<Self, Line> {
        let Line::Text(text) = line else {
            return Err(line);
        };
        if text.chars().all(char::is_whitespace) {
            return Ok(Self::Nothing);
        }
        if !obeys {
            return Ok(Self::Say(text));
        }
        let Some(command) = text.strip_prefix('/') else {
            let behind = behind_blanks(&text);
            let is_slip = behind.starts_with('/') && !behind.starts_with("//");
            return Ok(if is_slip {
                Self::Blanks
            } else {
                Self::Say(text)
            });
        };
        if command.starts_with('/') {
            return Ok(Self::Say(command.to_owned()));
        }
        let (name, who) = command.split_once(' ').unwrap_or((command, ""));
        let who = who.trim().to_owned();
        if name == "merge" {
            return Ok(EpochName::from_hex(&who).map_or_else(|| usage(name, &text), Self::Merge));
        }
        if name == "policy" && !who.is_empty() {
            return Ok(Amendment::parse(&who).map_or_else(|| usage(name, &text), Self::Amend));
        }
        if matches!(name, "release" | "discard") {
            let number = (!who.is_empty()).then(|| who.parse()).transpose();
            return Ok(match (name, number) {
                ("release", Ok(number)) => Self::Release(number),
                (_, Ok(number)) => Self::Discard(number),
                (_, Err(_)) => usage(name, &text),
            });
        }
        Ok(match (name, who.is_empty()) {
            ("members", true) => Self::Members,
            ("refresh", true) => Self::Refresh,
            ("policy", true) => Self::Policy,
            ("code", true) => Self::Code,
            ("code", false) if is_number(&who) => Self::CodeIsSame(who),
            ("verify", false) => Self::Verify(who),
            ("answer", false) => Self::Answer(who),
            ("decline", true) => Self::Decline,
            ("link", _) => link(&who),
            ("bell", _) if who == "on" => Self::Bell(true),
            ("bell", _) if who == "off" => Self::Bell(false),
            ("help", true) => Self::Help(None),
            ("help", false) => Self::Help(Some(who)),
            ("quit" | "exit" | "leave", true) => Self::Quit,
            ("admit", false) => Self::Admit(who),
            ("kick", false) => Self::Kick(who),
            ("mute", false) => Self::Mute(who),
            ("unmute", false) => Self::Unmute(who),
            ("withdraw", false) => Self::Withdraw(who),
            (_, _) => usage(name, &text),
        })
    }
}

/// The name of a command, if a line begins as one does: what stands behind it may be a secret.
pub(super) fn name_of(line: &Line) -> Option<&str> {
    let Line::Text(text) = line else {
        return None;
    };
    let text = behind_blanks(text);
    text.starts_with('/')
        .then(|| text.split(' ').next())
        .flatten()
}

/// A text without the blanks that it begins with, shown or not.
fn behind_blanks(text: &str) -> &str {
    text.trim_start_matches(|it: char| it.is_whitespace() || is_unsafe(it))
}

/// `/link`, `/link NAME`, and either with `to FILE`.
fn link(words: &str) -> Command {
    let (name, file) = match words.strip_prefix("to ") {
        Some(file) => ("", Some(file)),
        None => words
            .split_once(" to ")
            .map_or((words, None), |(name, file)| (name, Some(file))),
    };
    let given = |word: &str| Some(word.trim().to_owned()).filter(|it| !it.is_empty());
    Command::Link {
        name: given(name),
        file: file.and_then(given),
    }
}

/// Whether a word is made of digits, in groups or not.
fn is_number(word: &str) -> bool {
    word.chars()
        .all(|character| character.is_ascii_digit() || character == ' ')
}

/// How a command is written, if there is one of that name.
fn usage(name: &str, line: &str) -> Command {
    match name {
        "admit" => Command::Usage("/admit WHO: lets a person in; /members shows who waits"),
        "kick" => Command::Usage("/kick WHO: leaves a member out; ctrl-d leaves the room oneself"),
        "mute" => Command::Usage("/mute WHO: shows no more of a member's texts"),
        "unmute" => Command::Usage("/unmute WHO: shows a member's texts again"),
        "withdraw" => Command::Usage("/withdraw WHO: takes back /admit or /kick"),
        "merge" => Command::Usage(
            "/merge NAME: votes to become one with another room, by the 32 digits that it was told with",
        ),
        "policy" => Command::Usage(
            "/policy admit, exclude or change, and a rule: anyone, a number of members, or people with commas \
             between; or /policy evidence on, off; or /policy rekey light, full; /policy alone shows the rules",
        ),
        "release" | "discard" => Command::Usage(
            "/release sends what is held, /discard takes it back and what else has not left: all of it, or one text \
             that is held by its number",
        ),
        "code" => Command::Usage(
            "/code asks for the code of the room; /code and the last four digits say that all have read the same",
        ),
        "verify" => Command::Usage(VERIFY),
        "bell" => Command::Usage(
            "/bell on rings when you are named or asked on a screen that you do not look at; /bell off does not",
        ),
        "answer" => Command::Usage("/answer ANSWER: answers one who asks"),
        "members" | "refresh" | "decline" | "quit" | "exit" | "leave" => {
            Command::Usage("/members, /refresh, /decline and /quit stand alone")
        }
        _ => Command::Unknown(line.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use mpotr::EpochName;

    use super::Command;
    use crate::chat::input::Line;

    fn parse(text: &str) -> Command {
        Command::parse(Line::Text(text.to_owned()), true).unwrap()
    }

    #[test]
    fn a_line_is_a_text_unless_it_begins_with_one_slash() {
        assert_eq!(parse("hello"), Command::Say("hello".to_owned()));
        assert_eq!(parse("//hello"), Command::Say("/hello".to_owned()));
        assert_eq!(parse("/members"), Command::Members);
        for quit in ["/quit", "/exit", "/leave"] {
            assert_eq!(parse(quit), Command::Quit);
        }
        assert_eq!(parse("/kick  bob "), Command::Kick("bob".to_owned()));
        assert_eq!(parse("/release"), Command::Release(None));
        assert_eq!(parse("/discard 12"), Command::Discard(Some(12)));
        let name = EpochName::new([0xa7; 16]);
        assert_eq!(parse(&format!("/merge {name}")), Command::Merge(name));
    }

    #[test]
    fn what_is_no_command_is_not_sent() {
        for line in ["/", "/kcik bob", "/me waves", "/etc/passwd was read"] {
            assert_eq!(parse(line), Command::Unknown(line.to_owned()));
        }
    }

    #[test]
    fn a_command_behind_blanks_is_not_sent_to_those_it_is_about() {
        for line in [
            " /kick bob",
            "\t/mute bob",
            "\u{a0}\u{200b} /members",
            "  /",
        ] {
            assert_eq!(parse(line), Command::Blanks, "{line:?}");
        }
        for line in [" // a comment", " and/or"] {
            assert_eq!(parse(line), Command::Say(line.to_owned()));
        }
    }

    #[test]
    fn a_command_that_lacks_something_is_told_how_it_is_written() {
        for (line, how) in [
            ("/admit", "/admit WHO"),
            ("/kick", "/kick WHO"),
            ("/withdraw ", "/withdraw WHO"),
            ("/merge", "/merge NAME"),
            ("/merge +7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7", "/merge NAME"),
            ("/policy admit", "/policy admit"),
            ("/members now", "/members"),
            ("/release me", "/release"),
            ("/code other", "/code"),
            ("/verify", "/verify WHO"),
            ("/answer", "/answer"),
            ("/bell", "/bell on"),
            ("/bell loud", "/bell on"),
        ] {
            let Command::Usage(usage) = parse(line) else {
                panic!("{line}")
            };
            assert!(usage.starts_with(how), "{usage}");
        }
    }

    #[test]
    fn a_link_is_for_a_name_and_into_a_file_if_these_are_given() {
        for (line, name, file) in [
            ("/link", None, None),
            ("/link bob", Some("bob"), None),
            ("/link to", Some("to"), None),
            (
                "/link bob to my links/bob",
                Some("bob"),
                Some("my links/bob"),
            ),
            ("/link to ./link", None, Some("./link")),
        ] {
            let [name, file] = [name, file].map(|it| it.map(str::to_owned));
            assert_eq!(parse(line), Command::Link { name, file }, "{line}");
        }
    }

    #[test]
    fn where_commands_are_not_obeyed_every_line_is_a_text() {
        for line in ["/kick bob", "/policy admit anyone", "//comment", "/"] {
            let read = Command::parse(Line::Text(line.to_owned()), false);
            assert_eq!(read, Ok(Command::Say(line.to_owned())));
        }
    }
}
