//! Where a talk is, and who its author is there: from the command line, or at a terminal from the person, who is asked for what is
//! missing. What was answered is remembered, and offered the next time.

use std::io::{self, BufRead as _, Write as _};
use std::path::Path;

use core::fmt::Display;
use core::str::FromStr;

use mpotr::RoomName;
use mpotr_formats::{Escaped, Nick};

use super::args::ChatArgs;
use super::door::DoorError;
use super::entering::identity_file;
use super::remembered::{self, Remembered};
use crate::address::{self, Place};
use crate::identity;
use crate::output::Output;
use crate::stop::{Stop, Stopped};

/// Where a talk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meeting {
    pub(super) place: Place,
    pub(super) room: RoomName,
    pub(super) nick: Nick,
    /// Whether the person was asked, and wants to be the same the next time: it has no identity that is kept so far.
    pub(super) wants_identity: bool,
}

/// What the command line does not say, and nobody can be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("without a terminal nobody can be asked: say {}", .0.join(", and "))]
pub(crate) struct Unsaid(Vec<&'static str>);

impl Meeting {
    /// What the command line says, if it says all.
    fn said(args: &ChatArgs) -> Result<Self, Unsaid> {
        match (args.place(), args.room.first(), &args.nick) {
            (Some(place), Some(room), Some(nick)) => Ok(Self {
                place,
                room: room.clone(),
                nick: nick.clone(),
                wants_identity: false,
            }),
            _ => Err(Unsaid(Self::missing(args))),
        }
    }

    /// What the command line does not say of that.
    fn missing(args: &ChatArgs) -> Vec<&'static str> {
        let missing = [
            (
                args.place().is_none(),
                "where the room meets: --relay HOST[:PORT] or --at ADDRESS",
            ),
            (args.room.is_empty(), "the name of the room: --room NAME"),
            (args.nick.is_none(), "what to be called: --nick NICK"),
        ];
        let missing = missing.into_iter().filter(|(is_missing, _)| *is_missing);
        missing.map(|(_, what)| what).collect()
    }

    /// Looks for all that is missing where nobody can be asked, so that it is named at once.
    ///
    /// # Errors
    /// [`Unsaid`], where more is missing than whom to let in; [`DoorError`], where that is all.
    pub(super) fn check(args: &ChatArgs, at_terminal: bool) -> anyhow::Result<()> {
        let door = DoorError::check(args, at_terminal);
        let mut missing = Self::missing(args);
        if at_terminal || missing.is_empty() {
            return Ok(door?);
        }
        missing.extend(door.is_err().then_some(
            "whom to let in: --with FILE.., --trust, --open, or --ask and --commands with /admit in the input",
        ));
        Err(Unsaid(missing).into())
    }

    /// What the command line says, and at a terminal what the person answers to the rest.
    ///
    /// # Errors
    /// [`Unsaid`]; the program is asked to stop, or the input ends.
    pub(super) async fn of(
        args: &ChatArgs,
        at_terminal: bool,
        stop: &mut Stop,
        out: &mut Output,
    ) -> anyhow::Result<Self> {
        let unsaid = match Self::said(args) {
            Ok(said) => return Ok(said),
            Err(unsaid) => unsaid,
        };
        if !at_terminal {
            return Err(unsaid.into());
        }
        let path = remembered::path()?;
        let known = Remembered::load(&path)?;
        let (asked, offered) = (args.clone(), known.clone());
        let answered = identity::unless_stopped(stop, move || ask(&asked, offered)).await;
        if answered.as_ref().is_err_and(|why| why.is::<Stopped>()) {
            // The cursor stands behind a question. A terminal that is gone needs nothing.
            let _gone = writeln!(io::stderr());
        }
        let (meeting, now) = answered?;
        if now != known {
            out.notice(remember(&now, &path));
        }
        Ok(meeting)
    }
}

/// What is told when something is remembered, or is not.
fn remember(now: &Remembered, path: &Path) -> String {
    match now.save(path) {
        Ok(()) => format!("remembered in {} for the next time", path.display()),
        Err(error) => format!("not remembered for the next time: {error:#}"),
    }
}

/// Asks for what the command line does not say. What was asked for is remembered, and what is offered otherwise stays.
fn ask(args: &ChatArgs, known: Remembered) -> anyhow::Result<(Meeting, Remembered)> {
    let mut now = known;
    let meeting = Meeting {
        place: match args.place() {
            Some(place) => place,
            None => question(
                "Where does the room meet? (HOST[:PORT] or irc://HOST/tea)",
                &mut now.at,
                address::any,
            )?,
        },
        room: match args.room.first() {
            Some(room) => room.clone(),
            None => question(
                "What is the room called, by all its members?",
                &mut now.room,
                parsed,
            )?,
        },
        nick: match &args.nick {
            Some(nick) => nick.clone(),
            None => question("What are you called?", &mut now.nick, parsed)?,
        },
        wants_identity: has_none(args)
            && question(
                "Keep a new identity for the next time, so that others know you again? (yes or no)",
                &mut Some("yes".to_owned()),
                is_yes,
            )?,
    };
    Ok((meeting, now))
}

/// Whether the person has no identity that is kept, and has not said that it wants none.
fn has_none(args: &ChatArgs) -> bool {
    !args.throw_away && identity_file(args).is_none() && identity::store::default_path().is_ok()
}

fn is_yes(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "yes" | "y" => Ok(true),
        "no" | "n" => Ok(false),
        _ => Err("it is yes or no".to_owned()),
    }
}

fn parsed<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

/// Asks until the answer means something. An empty one means what is known, and another is known from then on.
fn question<T>(
    what: &str,
    known: &mut Option<String>,
    read: impl Fn(&str) -> Result<T, String>,
) -> anyhow::Result<T> {
    // Not locked while it reads: a signal ends the program with a word there.
    let mut errors = io::stderr();
    loop {
        let offer = known.as_ref().map(|it| format!(" [{}]", Escaped(it)));
        write!(errors, "{what}{} ", offer.unwrap_or_default())?;
        errors.flush()?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            // The cursor stands behind the question.
            writeln!(errors)?;
            anyhow::bail!("the input ended before it was known where to talk");
        }
        let answer = match (line.trim(), known.as_deref()) {
            ("", None) => continue,
            ("", Some(known)) => known.to_owned(),
            (answer, _) => answer.to_owned(),
        };
        match read(&answer) {
            Ok(read) => {
                *known = Some(answer);
                return Ok(read);
            }
            Err(why) => {
                writeln!(errors, "* {}", Escaped(&why))?;
                // What is offered and means nothing is not offered again.
                known.take_if(|known| *known == answer);
            }
        }
    }
}
