//! The script of a forged talk, as a person writes it. `docs/spec/10-transcripts.md`, "Script".
//!
//! ```text
//! # a comment
//! alice: What did you do last summer?
//! 2: I counted.                          the second of the members, from 1
//! alice: /kick bob                       as she types it in the chat: /admit, /kick, /withdraw, /policy, /refresh,
//!                                        /merge, /code; /verify bob, who answers right, or /verify bob wrong
//! +dave                                  comes in, or back
//! -bob,carol                             leave in order, at one moment
//! !bob                                   dies
//! ~bob                                   loses the network
//! =bob                                   has it again
//! bob>alice: yes                         says this to one, and in the same place
//! bob>carol,dave: no                     that to others
//! ```

use mpotr_core::EpochName;

use super::act::Act;
use super::amendment::Amendment;

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// What happens.
    pub acts: Vec<Act<String>>,
    /// In which line each act begins, from 1.
    pub lines: Vec<usize>,
}

/// What is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the script: {kind}")]
pub struct ScriptError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub kind: ScriptErrorKind,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptErrorKind {
    /// The line has no known form.
    #[error(
        "not one of `name: text`, `name>names: text`, `+name`, `-names`, `!name`, `~name` and `=name`"
    )]
    Form,
    /// A name in it belongs to no member.
    #[error("nobody is called {0:?}")]
    Nobody(String),
    /// It is not a command of a chat that leaves anything in a transcript.
    #[error(
        "{0:?} is not one of `/admit WHO`, `/kick WHO`, `/withdraw WHO`, `/policy WHAT HOW`, `/refresh`, `/merge NAME`, `/code` and `/verify WHO`"
    )]
    Command(String),
    /// It does not read as a change of the rules.
    #[error("{0:?} is no change of the rules")]
    Amendment(String),
    /// Two things in one place take two lines, one after the other, to different hearers.
    #[error("who says two things does so in two lines, one after the other, to others each")]
    OneSided,
}

impl Script {
    /// Reads a script about people of these names.
    ///
    /// # Errors
    /// The first line that does not read.
    pub fn parse(text: &str, names: &[String]) -> Result<Self, ScriptError> {
        let mut script = Self {
            acts: Vec::new(),
            lines: Vec::new(),
        };
        // One of two things said in one place.
        let mut half: Option<(usize, Half)> = None;
        for (line, text) in (1..).zip(text.lines()) {
            if text.trim().is_empty() || text.starts_with('#') {
                continue;
            }
            let error = |kind| ScriptError { line, kind };
            let read = parse_line(text, names).map_err(error)?;
            let (first, act) = match (half.take(), read) {
                (None, Read::Act(act)) => (line, act),
                (None, Read::Half(first)) => {
                    half = Some((line, first));
                    continue;
                }
                (Some((first, one)), Read::Half(other)) if one.stands_beside(&other) => {
                    let member = one.member;
                    let sides = [(one.to, one.text), (other.to, other.text)];
                    (first, Act::Fork { member, sides })
                }
                (Some(_), _) => return Err(error(ScriptErrorKind::OneSided)),
            };
            script.lines.push(first);
            script.acts.push(act);
        }
        match half {
            None => Ok(script),
            Some((line, _)) => Err(ScriptError {
                line,
                kind: ScriptErrorKind::OneSided,
            }),
        }
    }
}

/// A line, read.
enum Read {
    Act(Act<String>),
    Half(Half),
}

/// One of two things that a member says in one place.
struct Half {
    member: usize,
    to: Vec<usize>,
    text: String,
}

impl Half {
    /// Whether another is said by the same member, and to none of those who hear this one.
    fn stands_beside(&self, other: &Self) -> bool {
        self.member == other.member && !self.to.iter().any(|who| other.to.contains(who))
    }
}

fn parse_line(line: &str, names: &[String]) -> Result<Read, ScriptErrorKind> {
    let mut rest = line.chars();
    let by_sign: Option<fn(usize) -> _> = match rest.next() {
        Some('+') => Some(Act::Join),
        Some('!') => Some(Act::Die),
        Some('~') => Some(Act::Disconnect),
        Some('=') => Some(Act::Reconnect),
        _ => None,
    };
    if let Some(act) = by_sign {
        return member(rest.as_str(), names).map(|who| Read::Act(act(who)));
    }
    if let Some(who) = line.strip_prefix('-') {
        return members(who, names).map(|who| Read::Act(Act::Leave(who)));
    }
    let (name, text) = line.split_once(':').ok_or(ScriptErrorKind::Form)?;
    let text = text.strip_prefix(' ').unwrap_or(text);
    match (member(name, names), name.split_once('>')) {
        (Err(_), Some((name, to))) => Ok(Read::Half(Half {
            member: member(name, names)?,
            to: members(to, names)?,
            text: text.to_owned(),
        })),
        (by, _) => typed(by?, text, names).map(Read::Act),
    }
}

/// What a member does by typing a line in a chat.
fn typed(by: usize, line: &str, names: &[String]) -> Result<Act<String>, ScriptErrorKind> {
    let Some(command) = line.strip_prefix('/') else {
        return Ok(Act::Say(by, line.to_owned()));
    };
    if command.starts_with('/') {
        return Ok(Act::Say(by, command.to_owned()));
    }
    let (command, what) = command.split_once(' ').unwrap_or((command, ""));
    match (command, what.trim()) {
        ("refresh", "") => Ok(Act::Refresh(by)),
        ("merge", name) => EpochName::from_hex(name)
            .map(|name| Act::Merge(by, name))
            .ok_or_else(|| ScriptErrorKind::Command(line.to_owned())),
        ("code", "") => Ok(Act::Code(by)),
        ("verify", what) if !what.is_empty() => {
            let wrong = what.strip_suffix(" wrong");
            let whom = member(wrong.unwrap_or(what), names)?;
            let same = wrong.is_none();
            Ok(Act::Verify { by, whom, same })
        }
        ("admit", who) if !who.is_empty() => member(who, names).map(|whom| Act::Admit { by, whom }),
        ("kick", who) if !who.is_empty() => {
            member(who, names).map(|whom| Act::Exclude { by, whom })
        }
        ("withdraw", who) if !who.is_empty() => {
            member(who, names).map(|whom| Act::Withdraw { by, whom })
        }
        ("policy", what) if !what.is_empty() => Amendment::parse(what, names)
            .map(|amendment| Act::Policy(by, amendment))
            .ok_or_else(|| ScriptErrorKind::Amendment(what.to_owned())),
        _ => Err(ScriptErrorKind::Command(line.to_owned())),
    }
}

/// Some members, with commas between.
fn members(text: &str, names: &[String]) -> Result<Vec<usize>, ScriptErrorKind> {
    text.split(',').map(|name| member(name, names)).collect()
}

/// A name, or else a place from 1.
fn member(name: &str, names: &[String]) -> Result<usize, ScriptErrorKind> {
    let name = name.trim();
    let by_name = || names.iter().position(|other| other == name);
    let by_place = || {
        let place = name.parse::<usize>().ok()?.checked_sub(1)?;
        (place < names.len()).then_some(place)
    };
    by_name()
        .or_else(by_place)
        .ok_or_else(|| ScriptErrorKind::Nobody(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use mpotr_core::EpochName;

    use super::{Script, ScriptErrorKind};
    use crate::forge::{Act, Amendment};

    type Parsed = Result<Vec<(usize, Act<String>)>, (usize, ScriptErrorKind)>;

    fn parse(text: &str) -> Parsed {
        let names = ["alice", "bob", "carol"].map(str::to_owned);
        Script::parse(text, &names)
            .map(|script| script.lines.into_iter().zip(script.acts).collect())
            .map_err(|error| (error.line, error.kind))
    }

    #[test]
    fn a_script_says_who_talks_who_comes_and_who_goes() {
        let script = "# a talk\n\nalice: one: two\n2:three\n+bob\n-alice, carol\n!bob\n~1\n=alice";
        let expected = [
            (3, Act::Say(0, "one: two".to_owned())),
            (4, Act::Say(1, "three".to_owned())),
            (5, Act::Join(1)),
            (6, Act::Leave(vec![0, 2])),
            (7, Act::Die(1)),
            (8, Act::Disconnect(0)),
            (9, Act::Reconnect(0)),
        ];
        assert_eq!(parse(script).unwrap(), expected);
    }

    #[test]
    fn a_member_types_what_it_types_in_a_chat() {
        let script = "1: /kick bob\n1: /admit  2\n1: //me waves\n1: /refresh\n1: /policy evidence on\n1: /withdraw bob\n1: /merge a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7\n1: /code\n1: /verify bob\n1: /verify 3 wrong";
        let acts: Vec<_> = parse(script)
            .unwrap()
            .into_iter()
            .map(|(_, act)| act)
            .collect();
        let expected = [
            Act::Exclude { by: 0, whom: 1 },
            Act::Admit { by: 0, whom: 1 },
            Act::Say(0, "/me waves".to_owned()),
            Act::Refresh(0),
            Act::Policy(0, Amendment::Evidence(true)),
            Act::Withdraw { by: 0, whom: 1 },
            Act::Merge(0, EpochName::new([0xa7; 16])),
            Act::Code(0),
            Act::Verify {
                by: 0,
                whom: 1,
                same: true,
            },
            Act::Verify {
                by: 0,
                whom: 2,
                same: false,
            },
        ];
        assert_eq!(acts, expected);
        for line in [
            "/",
            "/kick",
            "/members",
            "/policy",
            "/refresh now",
            "/code 1",
            "/merge",
            "/merge a7",
            "/verify",
        ] {
            let wrong = ScriptErrorKind::Command(line.to_owned());
            assert_eq!(parse(&format!("bob: {line}")), Err((1, wrong)));
        }
        let wrong = ScriptErrorKind::Amendment("admit 0".to_owned());
        assert_eq!(parse("\nbob: /policy admit 0"), Err((2, wrong)));
    }

    #[test]
    fn who_says_two_things_says_them_in_two_lines() {
        let fork = |text: &str| {
            let (to, text) = text.split_once(' ').unwrap();
            let to = to.split(',').map(|to| to.parse().unwrap()).collect();
            (to, text.to_owned())
        };
        let expected = Act::Fork {
            member: 1,
            sides: [fork("0 yes: yes"), fork("2 no")],
        };
        assert_eq!(
            parse("bob>alice: yes: yes\n# but\nbob>3: no\n").unwrap(),
            [(1, expected)]
        );
        for (script, line) in [
            ("bob>alice: yes", 1),
            ("bob>alice: yes\nbob: no", 2),
            ("bob>alice: yes\ncarol>alice: no", 2),
            ("bob>alice,carol: yes\nbob>carol: no", 2),
        ] {
            let wrong = Err((line, ScriptErrorKind::OneSided));
            assert_eq!(parse(script), wrong, "{script}");
        }
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        assert_eq!(parse("alice: a\nwhat"), Err((2, ScriptErrorKind::Form)));
        let nobody = |name: &str| ScriptErrorKind::Nobody(name.to_owned());
        assert_eq!(parse("\neve: a"), Err((2, nobody("eve"))));
        assert_eq!(parse("+0"), Err((1, nobody("0"))));
        assert_eq!(parse("!eve"), Err((1, nobody("eve"))));
        assert_eq!(parse("-bob,"), Err((1, nobody(""))));
        assert_eq!(parse("4: a"), Err((1, nobody("4"))));
        assert_eq!(parse("bob>eve: a"), Err((1, nobody("eve"))));
        assert_eq!(parse("alice: /kick eve"), Err((1, nobody("eve"))));
    }
}
