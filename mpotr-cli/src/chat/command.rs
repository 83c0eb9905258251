//! Lines that speak to the program and not to the room: they begin with a slash. A text that begins with one is written
//! with two.

use mpotr::{EpochName, IdentityKey, Policy, Rekey, Rule};
use mpotr_formats::Escaped;
use mpotr_formats::escape::is_unsafe;

use super::input::Line;
use super::rules::Amendment;
use super::wording::enumerated;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
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

/// All of them, as they begin a line.
pub(super) const NAMES: [&str; 19] = [
    "/admit",
    "/answer",
    "/code",
    "/decline",
    "/discard",
    "/exit",
    "/help",
    "/kick",
    "/leave",
    "/members",
    "/merge",
    "/mute",
    "/policy",
    "/quit",
    "/refresh",
    "/release",
    "/unmute",
    "/verify",
    "/withdraw",
];

/// A command as `/help` shows it.
struct Help {
    /// How it is typed.
    usage: &'static str,
    /// What it does, in few words.
    brief: &'static str,
    /// What `/help` with its name says besides.
    more: &'static str,
}

/// All commands, as `/help` lists them.
const HELP: [Help; 16] = [
    Help {
        usage: "/members",
        brief: "who is in the room, and who waits",
        more: "",
    },
    Help {
        usage: "/admit WHO",
        brief: "let a person in, now or when it comes",
        more: "A stranger is let in by a whole fingerprint or a file with a public key, or by # and its first ten digits, which \
               show the rest first; a person who was in the room before by its name, too. Nobody is in a room with one whom it \
               has not let in itself.",
    },
    Help {
        usage: "/kick WHO",
        brief: "leave a member out from the next keys on",
        more: "",
    },
    Help {
        usage: "/withdraw WHO",
        brief: "take back /admit or /kick before it has come true",
        more: "",
    },
    Help {
        usage: "/mute WHO",
        brief: "show no more of a member's texts; /unmute shows them again",
        more: "",
    },
    Help {
        usage: "/code",
        brief: "a code that is the same for all: read it to one another",
        more: "/code and the last four digits say that all have read the same. That is remembered of those whom you know.",
    },
    Help {
        usage: "/verify WHO Q? A",
        brief: "ask a member what only it and you know",
        more: "/verify bob where? there. The question can be left out; WHO is one word here. All can read the question, nobody the \
               answer, and who guesses has one guess. Capitals and blanks do not count in an answer, all else does: dots and \
               commas, too.",
    },
    Help {
        usage: "/answer A",
        brief: "answer one who asks so; /decline gives up what is asked",
        more: "With the name before the answer if more than one asks. Capitals and blanks do not count, all else does.",
    },
    Help {
        usage: "/policy",
        brief: "the rules of the room, or ask for another",
        more: "/policy WHAT RULE: WHAT is admit, exclude or change, RULE is anyone, a number of members, or people with commas \
               between; or evidence on, evidence off; or rekey light, rekey full: by which runs the keys are made anew.",
    },
    Help {
        usage: "/release",
        brief: "send what is held since others came in before it left",
        more: "All of it, or one text by its number: /release 2.",
    },
    Help {
        usage: "/discard",
        brief: "take back what has not left: nobody reads it",
        more: "All of it, held or not, or one text that is held by its number.",
    },
    Help {
        usage: "/refresh",
        brief: "make fresh keys",
        more: "",
    },
    Help {
        usage: "/merge NAME",
        brief: "vote to become one with another room",
        more: "All of it or none; the people of both have to, and each has to let in whom it does not know.",
    },
    Help {
        usage: "/help COMMAND",
        brief: "more of one of these",
        more: "",
    },
    Help {
        usage: "/quit",
        brief: "leave the room; ctrl-d and ctrl-c do, too",
        more: "",
    },
    Help {
        usage: "//text",
        brief: "send a text that begins with a slash",
        more: "",
    },
];

/// What is behind the list.
const WHO: &str = "WHO is a whole fingerprint (40 digits), a file with a public key (alice.pub, ./alice), a name that one person \
                   alone has, or # and the first ten digits. A word that may mean two people means neither, and both are shown. Who \
                   has said nothing yet has no name but that.";

/// How `/verify` is written.
pub(super) const VERIFY: &str = "/verify WHO QUESTION? ANSWER: asks a member whether it knows the same; the question can be left out";

/// Columns of what is typed in the list.
const USAGE: usize = 17;

/// What `/help` prints: a line each, which fits into 80 columns.
pub(super) fn help() -> Vec<String> {
    let lines = HELP
        .iter()
        .map(|it| format!("{:USAGE$} {}", it.usage, it.brief));
    lines.chain([WHO.to_owned()]).collect()
}

/// What it prints of one command, if there is one of that name.
pub(super) fn help_on(name: &str) -> Vec<String> {
    let name = name.trim_start_matches('/');
    let name = match name {
        "unmute" => "mute",
        "exit" | "leave" => "quit",
        "decline" => "answer",
        other => other,
    };
    let is_it = |it: &&Help| {
        let usage = it.usage.trim_start_matches('/');
        usage.split(' ').next() == Some(name)
    };
    match HELP.iter().find(is_it) {
        None => vec![format!("{}; /help lists them", no_such(name))],
        Some(it) => {
            let lines = [format!("{}: {}", it.usage, it.brief), it.more.to_owned()];
            let who = it.usage.contains("WHO").then(|| WHO.to_owned());
            let lines = lines.into_iter().chain(who);
            lines.filter(|line| !line.is_empty()).collect()
        }
    }
}

/// That there is no such command, and the one that was meant, most likely. `line` begins with its name, without a slash.
pub(super) fn no_such(line: &str) -> String {
    let name = line.split(' ').next().unwrap_or(line);
    let meant = elsewhere(name).or_else(|| nearest(name));
    let meant = meant.map(|it| format!(" (did you mean {it}?)"));
    let line = Escaped(line);
    format!("no such command: /{line}{}", meant.unwrap_or_default())
}

/// The command that does what one of this name does in other chats.
fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "who" | "names" | "users" | "list" => "/members",
        "invite" | "accept" | "allow" => "/admit",
        "ban" | "remove" => "/kick",
        "ignore" => "/mute",
        "part" | "bye" | "close" => "/quit",
        _ => return None,
    })
}

/// The command whose name is most like this one, if any is like it: it alone begins so, or it differs by a slip or two.
fn nearest(name: &str) -> Option<&'static str> {
    let typed = format!("/{}", name.to_lowercase());
    let mut begin_so = NAMES.into_iter().filter(|it| it.starts_with(&typed));
    if let (Some(only), None) = (begin_so.next(), begin_so.next())
        && name.len() >= LEAST_TYPED
    {
        return Some(only);
    }
    let slips = |it: &&str| strsim::osa_distance(&typed, it);
    let nearest = NAMES.into_iter().min_by_key(slips)?;
    let most = name.len().saturating_sub(1).min(MOST_SLIPS);
    (slips(&nearest) <= most).then_some(nearest)
}

/// With fewer letters, nothing shows what was meant.
const LEAST_TYPED: usize = 2;

/// So many letters are wrong, missing, too many or in the wrong order at most.
const MOST_SLIPS: usize = 2;

impl Command {
    /// Whether it is done here, with what is known, and asks the room for nothing.
    pub(super) const fn needs_no_carrier(&self) -> bool {
        match self {
            Self::Members
            | Self::Mute(_)
            | Self::Unmute(_)
            | Self::Policy
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

    /// Reads a line that is a text; for others there is `None`. Where commands are not obeyed, every text is one to send.
    pub(super) fn parse(line: Line, obeys: bool) -> Result<Self, Line> {
        let Line::Text(text) = line else {
            return Err(line);
        };
        if !obeys {
            return Ok(Self::Say(text));
        }
        let Some(command) = text.strip_prefix('/') else {
            let behind = text.trim_start_matches(|it: char| it.is_whitespace() || is_unsafe(it));
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
        "answer" => Command::Usage("/answer ANSWER: answers one who asks"),
        "members" | "refresh" | "decline" | "quit" | "exit" | "leave" => {
            Command::Usage("/members, /refresh, /decline and /quit stand alone")
        }
        _ => Command::Unknown(line.to_owned()),
    }
}

/// Whose word a rule asks for.
pub(super) fn whose(rule: &Rule) -> String {
    match rule {
        Rule::Anyone => "any member".to_owned(),
        Rule::Quorum(votes) if votes.get() == 1 => "any member".to_owned(),
        Rule::Quorum(votes) => format!("{votes} members together"),
        Rule::Founders(founders) if founders.len() == 1 => "one founder alone".to_owned(),
        Rule::Founders(founders) => format!("one of {} founders", founders.len()),
    }
}

/// Whose word a rule asks for, and who they are where it names them. `name` tells what one is called.
fn whose_by_name(rule: &Rule, name: impl Fn(&IdentityKey) -> String) -> String {
    match rule {
        Rule::Founders(founders) => {
            let names: Vec<_> = founders.iter().map(name).collect();
            format!("{} ({})", whose(rule), enumerated(&names))
        }
        Rule::Anyone | Rule::Quorum(_) => whose(rule),
    }
}

/// The rules of a room, for a person. `name` tells what one is called.
pub(super) fn describe(policy: &Policy, name: impl Fn(&IdentityKey) -> String) -> Vec<String> {
    let whose = |rule| whose_by_name(rule, &name);
    let cheated = match policy.evidence {
        true => " who is proven to have cheated",
        false => "",
    };
    let keys = match policy.rekey {
        Rekey::Light => "by short runs, in which nobody proves anew who it is",
        Rekey::Full => "by full runs, in which each proves who it is each time",
    };
    vec![
        format!("  {} may let a person in", whose(&policy.admit)),
        format!(
            "  {} may leave a member out{cheated}",
            whose(&policy.exclude)
        ),
        format!("  {} may change these rules", whose(&policy.change)),
        format!(
            "  members change their keys {keys} (rekey {})",
            policy.rekey.name()
        ),
        format!(
            "  key agreement is by the method `{}`, and proof of who is who by `{}`: no command changes these",
            policy.agreement.name(),
            policy.authentication.name()
        ),
    ]
}

#[cfg(test)]
mod tests {
    use mpotr::{EpochName, IdentityKey, Policy, Rule};

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
    fn each_command_that_is_completed_is_one() {
        for name in super::NAMES {
            assert!(
                !matches!(parse(name), Command::Unknown(_) | Command::Say(_)),
                "{name}"
            );
        }
        let helped = super::HELP
            .iter()
            .filter_map(|it| it.usage.split(' ').next());
        for command in helped.filter(|word| !word.starts_with("//")) {
            assert!(super::NAMES.contains(&command), "{command}");
        }
        for name in super::NAMES {
            assert!(!super::help_on(name)[0].starts_with("no such"), "{name}");
        }
    }

    #[test]
    fn the_list_of_commands_fits_on_a_screen() {
        let lines = super::help();
        let (who, list) = lines.split_last().unwrap();
        assert!(lines.len() + who.len() / 70 < 24);
        for line in list {
            // `* ` stands before it.
            assert!(line.len() <= 78, "{line}");
        }
        let verify = super::help_on("/verify");
        assert!(
            verify[1].contains("Capitals and blanks do not count"),
            "{verify:?}"
        );
        assert_eq!(super::help_on("nothing").len(), 1);
    }

    #[test]
    fn what_is_no_command_is_not_sent() {
        for line in ["/", "/kcik bob", "/me waves", "/etc/passwd was read"] {
            assert_eq!(parse(line), Command::Unknown(line.to_owned()));
        }
    }

    #[test]
    fn a_command_that_is_typed_wrong_gets_the_one_that_was_meant() {
        for (typed, meant) in [
            ("kcik bob", "/kick"),
            ("memebrs", "/members"),
            ("mem", "/members"),
            ("QUIT", "/quit"),
            ("wihtdraw bob", "/withdraw"),
            ("hlep", "/help"),
            ("who", "/members"),
            ("Invite bob", "/admit"),
        ] {
            let told = super::no_such(typed);
            let hint = format!("no such command: /{typed} (did you mean {meant}?)");
            assert_eq!(told, hint);
            assert!(
                super::help_on(typed.split(' ').next().unwrap())[0].contains(meant),
                "{typed}"
            );
        }
        for typed in ["", "m", "x", "etc/passwd was read", "me waves"] {
            assert_eq!(super::no_such(typed), format!("no such command: /{typed}"));
        }
    }

    #[test]
    fn each_command_is_listed_once() {
        let lines = super::help();
        let lists = |name: &str| lines.iter().filter(|it| it.starts_with(name)).count();
        let named = |name: &str| lines.iter().any(|it| it.contains(name));
        for name in super::NAMES {
            assert!(lists(name) <= 1, "{name}");
            assert!(named(name) || ["/exit", "/leave"].contains(&name), "{name}");
        }
        assert_eq!(lines.join(" ").matches("/decline").count(), 1);
    }

    #[test]
    fn rules_are_told_in_words_and_with_the_names_of_founders() {
        let founders = Rule::Founders([1, 2].map(|byte| IdentityKey::new([byte; 32])).into());
        let policy = Policy {
            admit: founders,
            evidence: true,
            ..Policy::default()
        };
        let told = super::describe(&policy, |key| match key.as_bytes()[0] {
            1 => "alice".to_owned(),
            _ => "bob".to_owned(),
        });
        assert_eq!(
            told[..3],
            [
                "  one of 2 founders (alice and bob) may let a person in",
                "  any member may leave a member out who is proven to have cheated",
                "  any member may change these rules",
            ]
        );
        assert!(
            told[3].contains("short runs") && !told[4].contains("bd, "),
            "{told:?}"
        );
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
        for line in [" // a comment", " and/or", "  "] {
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
        ] {
            let Command::Usage(usage) = parse(line) else {
                panic!("{line}")
            };
            assert!(usage.starts_with(how), "{usage}");
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
