//! What `mpotr chat` would offer without options: the place, the room and the nick that it remembers.

use core::fmt::Display;

use mpotr::RoomName;
use mpotr_formats::Nick;

use super::{Finding, Verdict};
use crate::address::{self, Place};
use crate::chat::remembered::{Remembered, path};

/// Looks at what is remembered. Returns where `mpotr chat` would meet, too.
pub(super) fn look() -> (Finding, Option<Place>) {
    let loaded = path()
        .map_err(anyhow::Error::from)
        .and_then(|path| Ok((Remembered::load(&path)?, path.display().to_string())));
    match loaded {
        Err(error) => (finding(Verdict::Wrong, format_args!("{error:#}")), None),
        Ok((remembered, path)) => of(&remembered, &path),
    }
}

fn of(remembered: &Remembered, path: &str) -> (Finding, Option<Place>) {
    let Remembered {
        at,
        room,
        nick,
        screen: _,
        bell: _,
    } = remembered;
    let place = at.as_deref().map(address::any).transpose();
    let said = [
        shown("at", at.as_deref(), place.as_ref().err().cloned()),
        shown("room", room.as_deref(), wrong::<RoomName>(room.as_deref())),
        shown("nick", nick.as_deref(), wrong::<Nick>(nick.as_deref())),
    ];
    let is_wrong = said.iter().flatten().any(Result::is_err);
    let said: Vec<_> = said
        .into_iter()
        .flatten()
        .map(|it| it.unwrap_or_else(|wrong| wrong))
        .collect();
    let found = match (said.is_empty(), is_wrong) {
        (true, _) => finding(
            Verdict::Note,
            "nothing is remembered: `mpotr chat` at a terminal asks where to meet, for the room and the nick",
        ),
        (false, false) => finding(
            Verdict::Ok,
            format_args!("`mpotr chat` offers {}, from {path}", said.join(", ")),
        ),
        (false, true) => finding(
            Verdict::Wrong,
            format_args!(
                "{}; delete that line of {path}, or answer anew",
                said.join(", ")
            ),
        ),
    };
    (found, place.ok().flatten())
}

/// A line of the file, if it is there, and what is wrong with it, if anything is.
fn shown(what: &str, text: Option<&str>, wrong: Option<String>) -> Option<Result<String, String>> {
    let line = format!("{what} = {:?}", text?);
    Some(match wrong {
        None => Ok(line),
        Some(wrong) => Err(format!("{line} means nothing ({wrong})")),
    })
}

fn wrong<T: core::str::FromStr<Err: Display>>(text: Option<&str>) -> Option<String> {
    text?.parse::<T>().err().map(|error| error.to_string())
}

fn finding(verdict: Verdict, text: impl Display) -> Finding {
    Finding::new("answers", verdict, text)
}
