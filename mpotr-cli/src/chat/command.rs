//! Lines that speak to the program and not to the room: they begin with a slash. A text that begins with one is written
//! with two.

use mpotr::{Policy, Rule};

use super::input::Line;
use super::rules::Amendment;

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Send this text.
    Say(String),
    /// List the members and those who wait.
    Members,
    /// Let somebody in who waits.
    Admit(String),
    /// Leave a member out of the next epoch.
    Kick(String),
    /// Show no more of what a member writes. It is read, verified and acknowledged as before.
    Mute(String),
    /// Show it again.
    Unmute(String),
    /// Make an epoch with fresh keys.
    Refresh,
    /// Tell the rules of the room.
    Policy,
    /// Ask for other rules.
    Amend(Amendment),
    /// List the commands.
    Help,
    /// Nothing that exists.
    Unknown(String),
}

/// What `/help` prints.
pub(super) const HELP: [&str; 10] = [
    "/members          who is in the room, and who waits",
    "/admit WHO        let somebody in who waits: a name or the digits behind #",
    "/kick WHO         leave a member out from the next epoch on",
    "/mute WHO         show no more of a member's texts; /unmute WHO shows them again",
    "/refresh          make fresh keys",
    "/policy           the rules of the room",
    "/policy WHAT RULE ask for another: WHAT is admit, exclude or change, RULE is anyone, a number of",
    "                  members, or names with commas between; or evidence on, evidence off",
    "/help             this list",
    "//text            send a text that begins with a slash",
];

impl Command {
    /// Reads a line that is a text; others are none.
    pub(super) fn parse(line: Line) -> Result<Self, Line> {
        let Line::Text(text) = line else {
            return Err(line);
        };
        let Some(command) = text.strip_prefix('/') else {
            return Ok(Self::Say(text));
        };
        if command.starts_with('/') {
            return Ok(Self::Say(command.to_owned()));
        }
        let (name, who) = command.split_once(' ').unwrap_or((command, ""));
        let who = who.trim().to_owned();
        if name == "policy" && !who.is_empty() {
            return Ok(Amendment::parse(&who).map_or(Self::Unknown(text), Self::Amend));
        }
        Ok(match (name, who.is_empty()) {
            ("members", true) => Self::Members,
            ("refresh", true) => Self::Refresh,
            ("policy", true) => Self::Policy,
            ("help", true) => Self::Help,
            ("admit", false) => Self::Admit(who),
            ("kick", false) => Self::Kick(who),
            ("mute", false) => Self::Mute(who),
            ("unmute", false) => Self::Unmute(who),
            (_, _) => Self::Unknown(text),
        })
    }
}

/// The rules of a room, for a person.
pub(super) fn describe(policy: &Policy) -> Vec<String> {
    let whose = |rule: &Rule| match rule {
        Rule::Anyone => "any member".to_owned(),
        Rule::Quorum(votes) => format!("{votes} members together"),
        Rule::Founders(founders) => format!("one of {} founders", founders.len()),
    };
    vec![
        format!(
            "  key agreement {}, authentication {}",
            policy.agreement.name(),
            policy.authentication.name()
        ),
        format!("  {} may let somebody in", whose(&policy.admit)),
        format!(
            "  {} may leave somebody out{}",
            whose(&policy.exclude),
            if policy.evidence {
                " who is proven to have cheated"
            } else {
                ""
            }
        ),
        format!("  {} may change these rules", whose(&policy.change)),
    ]
}

#[cfg(test)]
mod tests {
    use super::Command;
    use crate::chat::input::Line;

    fn parse(text: &str) -> Command {
        Command::parse(Line::Text(text.to_owned())).unwrap()
    }

    #[test]
    fn a_line_is_a_text_unless_it_begins_with_one_slash() {
        assert_eq!(parse("hello"), Command::Say("hello".to_owned()));
        assert_eq!(parse(" /hello"), Command::Say(" /hello".to_owned()));
        assert_eq!(parse("//hello"), Command::Say("/hello".to_owned()));
        assert_eq!(parse("/members"), Command::Members);
        assert_eq!(parse("/kick  bob "), Command::Kick("bob".to_owned()));
    }

    #[test]
    fn what_is_no_command_is_not_sent() {
        for line in ["/", "/kick", "/kcik bob", "/members now", "/me waves"] {
            assert_eq!(parse(line), Command::Unknown(line.to_owned()));
        }
    }
}
