//! The script of a forged talk, as a person writes it. `docs/spec/10-transcripts.md`, "Script".
//!
//! ```text
//! # a comment
//! alice: What did you do last summer?
//! 2: I counted.                          the second of the members, from 1
//! +dave                                  comes in
//! -bob                                   leaves
//! ```

/// A line of a script. Members are named by their place, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A member says something.
    Say(usize, String),
    /// A member comes in.
    Join(usize),
    /// A member leaves.
    Leave(usize),
}

/// A script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its lines without comments and empty ones.
    pub lines: Vec<Line>,
}

/// What is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the script: {kind}")]
pub struct ScriptError {
    /// The line, from 1.
    pub line: usize,
    /// What.
    pub kind: ScriptErrorKind,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptErrorKind {
    /// It is none of the forms of a line.
    #[error("it is neither `name: text` nor `+name` nor `-name`")]
    Form,
    /// It names nobody.
    #[error("nobody is called {0:?}")]
    Nobody(String),
}

impl Script {
    /// Reads a script about people of these names.
    ///
    /// # Errors
    /// The first line that is none.
    pub fn parse(text: &str, names: &[String]) -> Result<Self, ScriptError> {
        let numbered = text.lines().enumerate();
        let lines = numbered
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
            .map(|(number, line)| {
                parse_line(line, names).map_err(|kind| ScriptError {
                    line: number.saturating_add(1),
                    kind,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { lines })
    }
}

fn parse_line(line: &str, names: &[String]) -> Result<Line, ScriptErrorKind> {
    if let Some(name) = line.strip_prefix('+') {
        return member(name, names).map(Line::Join);
    }
    if let Some(name) = line.strip_prefix('-') {
        return member(name, names).map(Line::Leave);
    }
    let (name, text) = line.split_once(':').ok_or(ScriptErrorKind::Form)?;
    let text = text.strip_prefix(' ').unwrap_or(text);
    Ok(Line::Say(member(name, names)?, text.to_owned()))
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
    use super::{Line, Script, ScriptErrorKind};

    fn parse(text: &str) -> Result<Vec<Line>, (usize, ScriptErrorKind)> {
        let names = ["alice", "bob"].map(str::to_owned);
        Script::parse(text, &names)
            .map(|script| script.lines)
            .map_err(|error| (error.line, error.kind))
    }

    #[test]
    fn a_script_says_who_talks_who_comes_and_who_goes() {
        let script = "# a talk\n\nalice: one: two\n2:three\n+bob\n-alice\n";
        let expected = [
            Line::Say(0, "one: two".to_owned()),
            Line::Say(1, "three".to_owned()),
            Line::Join(1),
            Line::Leave(0),
        ];
        assert_eq!(parse(script).unwrap(), expected);
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        assert_eq!(parse("alice: a\nwhat"), Err((2, ScriptErrorKind::Form)));
        let nobody = |name: &str| ScriptErrorKind::Nobody(name.to_owned());
        assert_eq!(parse("\neve: a"), Err((2, nobody("eve"))));
        assert_eq!(parse("+0"), Err((1, nobody("0"))));
        assert_eq!(parse("3: a"), Err((1, nobody("3"))));
    }
}
