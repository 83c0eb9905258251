//! Several rooms on one screen: each is a talk of its own, with its own way, people and rules, and what is typed goes into the one that
//! is seen. `docs/spec/09-chat-payload.md`, "Screen".

use std::collections::BTreeSet;

use anyhow::Context as _;
use core::convert::Infallible;
use futures::future::join_all;
use mpotr::IdentityKeyPair;
use tokio::sync::mpsc;

use super::args::ChatArgs;
use super::input::{self, Shown};
use super::meeting::Meeting;
use super::{ChatError, TEXT_LIMIT, Typing, talk_in};
use crate::output::Output;
use crate::stop::{Stop, Stopped};
use crate::suite::AnySuite;

/// Talks in all of them until each has ended.
///
/// # Errors
/// There is no screen, or the worst of what went wrong in one of them.
pub(super) async fn talk(
    args: &ChatArgs,
    meeting: &Meeting,
    identity: &IdentityKeyPair,
    wants_screen: bool,
    (stop, out): (&mut Stop, &mut Output),
) -> anyhow::Result<()> {
    let mut names = BTreeSet::new();
    let is_twice = !args.room.iter().all(|room| names.insert(room.as_str()));
    anyhow::ensure!(!is_twice, "a room is named twice by --room");
    anyhow::ensure!(
        args.save_transcript.is_none(),
        "a transcript is of one room: --save-transcript with one --room alone"
    );
    out.expect_typing(wants_screen).await;
    let screen = out.screen().cloned();
    let screen = screen.context("several rooms take a screen: --screen, at a terminal")?;
    let (mut places, mut senders, mut all_shown) = (Vec::new(), Vec::new(), Vec::new());
    for (at, room) in args.room.iter().enumerate() {
        let screen = match at {
            0 => screen.clone(),
            _ => screen.another(room.as_str()),
        };
        screen.name(room.as_str());
        let (sender, stop) = Stop::passed_on();
        let shown = Shown::nobody();
        senders.push(sender);
        all_shown.push(shown.clone());
        places.push((room, screen, shown, stop));
    }
    let lines = input::read_lines_of_rooms(TEXT_LIMIT, all_shown)?;
    let rooms = places.into_iter().zip(lines);
    let rooms = rooms.map(|((room, screen, shown, mut stop), lines)| async move {
        let meeting = Meeting {
            room: room.clone(),
            ..meeting.clone()
        };
        // Not dropped before all have ended: with it the terminal is given back.
        let mut out = Output::of_screen(screen.clone());
        let identity = IdentityKeyPair::from_secret::<AnySuite>(identity.secret());
        let talked = match identity.context("the identity is in one room alone") {
            Ok(identity) => {
                let typing = Typing::Goes { shown, lines };
                let ends = (&mut stop, &mut out);
                talk_in(args, &meeting, (identity, None), typing, ends).await
            }
            Err(error) => Err(error),
        };
        screen.over(&match &talked {
            Ok(()) => "this room is left".to_owned(),
            Err(error) => format!("this room is left: {error:#}"),
        });
        let talked = talked.with_context(|| format!("in the room \"{room}\""));
        (talked, out)
    });
    let ended = tokio::select! {
        ended = join_all(rooms) => ended,
        never = pass_on(stop, &senders) => match never {},
    };
    worst(ended.into_iter().map(|(talked, _out)| talked))
}

/// What went wrong worst, the first of what is as bad.
fn worst(ended: impl Iterator<Item = anyhow::Result<()>>) -> anyhow::Result<()> {
    let worse = |one: anyhow::Error, other| match badness(&other) > badness(&one) {
        true => other,
        false => one,
    };
    let worst = ended.filter_map(Result::err).reduce(worse);
    worst.map_or(Ok(()), Err)
}

/// How bad it is how a room has ended: that one did not begin, or a command was not done, is less than what else goes wrong.
fn badness(error: &anyhow::Error) -> u8 {
    match error.downcast_ref() {
        Some(ChatError::Undone(_)) => 1,
        Some(ChatError::NotBegun(..)) => 2,
        Some(_) | None => 3,
    }
}

/// Asks each of them to stop when the program is asked.
async fn pass_on(stop: &mut Stop, senders: &[mpsc::UnboundedSender<Stopped>]) -> Infallible {
    loop {
        let asked = stop.asked().await;
        for sender in senders {
            // One that has ended is not asked.
            let _ended = sender.send(asked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::worst;

    #[test]
    fn what_is_as_bad_is_told_of_the_first_room() {
        let failed = |why: &'static str| Err(anyhow::anyhow!(why));
        assert!(worst([Ok(()), Ok(())].into_iter()).is_ok());
        let ended = worst([Ok(()), failed("one"), failed("two")].into_iter());
        assert_eq!(ended.unwrap_err().to_string(), "one");
    }
}
