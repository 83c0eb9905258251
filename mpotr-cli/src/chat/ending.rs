//! Out of the room: at the end of the input, or since the program is asked to stop. `docs/spec/09-chat-payload.md`, "Terminal".

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Chat;
use super::command::Command;
use super::held::Why;
use super::input::{self, Line, Stamped};
use super::outcome::{Outcome, Unsent};
use super::wording::count;
use crate::stop::Stop;
use crate::typed;

/// How often the program is asked to stop before it does so without a word of what is lost: once to leave, once not to wait.
const STOPS: u8 = 2;

/// For so long a person who leaves waits for a carrier that is away.
const LINGER: Duration = Duration::from_secs(20);

/// For so long a script that has nothing more to say does: a relay that is started anew is there again by then, and what waits for the
/// script waits no longer.
const LINGER_OF_PIPE: Duration = Duration::from_secs(60);

/// An input in which nothing comes for so long does not end with the room: what may follow in it is not counted.
const PAUSE: Duration = Duration::from_millis(500);

/// For so long an input is counted to its end.
const COUNTS: Duration = Duration::from_secs(10);

/// The same for who has asked the program to stop: what is in the input is there, most likely.
const STOPPED: Duration = Duration::from_millis(100);

/// For so long it is counted then.
const COUNTS_STOPPED: Duration = Duration::from_secs(1);

/// How a person leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaves {
    ByQuit,
    AtEndOfInput,
    /// Nobody is there who could do anything about it.
    AtEndOfPipe,
    /// The same, by a line of the script.
    ByQuitOfPipe,
    /// It was on its way out when the carrier went away.
    Already,
}

impl Chat<'_> {
    /// The program is asked to stop. Who asked may be gone: nobody waits here for others to come. Who asks while the room is
    /// left, for the second time or at the end of the input, does not wait for it, and hears what became of each text.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.stops < STOPS,
            "stopped before the room was left in order"
        );
        if self.stops == 0 && typed::here().is_some_and(|typed| typed.has_half_a_line()) {
            self.out
                .notice("the line that you were typing was not sent");
        }
        self.stops = self.stops.saturating_add(1);
        self.out.hurry();
        self.outcome.interrupted(self.conversation.is_secure());
        self.is_leaving = true;
        self.conversation.verifying.leaves();
        // If the room has ended, an event says so.
        let _ended = self.handle.stop().await;
        Ok(())
    }

    /// The person leaves. A text that waits for what may never be would keep it here: it is told what waits, and leaves without
    /// that if it asks once more.
    pub(super) async fn quit(&mut self) {
        // A script says it once: what it wrote before still leaves.
        if !self.early.is_empty() {
            self.has_quit = true;
            return self.input_ends().await;
        }
        let waits = self.held.waits();
        match self.why_never_sent() {
            Some(why) if waits > 0 && !self.is_told_what_waits => {
                self.is_told_what_waits = true;
                self.out.notice(format_args!(
                    "not sent, since {why}: {}; /quit once more leaves without that; /discard takes it back",
                    count(waits, "text")
                ));
            }
            Some(_) if waits > 0 => {
                self.has_quit = true;
                self.leave_at_once().await;
            }
            _ => {
                self.has_quit = true;
                self.leave().await;
            }
        }
    }

    /// The input ends, or a person leaves, while the carrier is away: what is not delivered is told, and for how long the carrier is
    /// still waited for.
    pub(super) fn leave_without_carrier(&mut self, leaves: Leaves) {
        let kept = self.kept.iter().map(|it| Ok(it.line.clone()));
        let texts = unread(kept, self.obeys)
            .count()
            .saturating_add(self.early.len())
            .saturating_add(self.held.undelivered());
        let lacks = match texts {
            0 => "the others do not hear that you leave".to_owned(),
            1 => "1 text is not delivered".to_owned(),
            _ => format!("{texts} texts are not delivered"),
        };
        let lost = "for the way to the room is lost";
        let linger = match self.at_terminal {
            true => LINGER,
            false => LINGER_OF_PIPE,
        };
        let ended = match leaves {
            Leaves::ByQuit | Leaves::ByQuitOfPipe | Leaves::Already => "",
            Leaves::AtEndOfInput | Leaves::AtEndOfPipe => "the input has ended; ",
        };
        let at_once = match leaves {
            Leaves::ByQuit => "/quit once more, or ctrl-c, leaves now",
            Leaves::AtEndOfInput => "ctrl-c leaves now",
            Leaves::Already if self.at_terminal => "ctrl-c leaves now",
            Leaves::AtEndOfPipe | Leaves::ByQuitOfPipe | Leaves::Already => "a signal leaves now",
        };
        self.leaves_by = Instant::now().checked_add(linger);
        self.out.notice(format_args!(
            "{ended}{lacks}, {lost}: this member leaves in {} s, or as soon as that is done; {at_once}",
            linger.as_secs()
        ));
    }

    /// Tells so if nothing more is to come of the input, and the carrier is away.
    pub(super) fn ends_without_carrier(&mut self) {
        let is_over = self.input_is_over || self.is_read_out || self.is_leaving;
        if !is_over || self.link.is_up() || self.leaves_by.is_some() {
            return;
        }
        if self.is_leaving {
            return self.leave_without_carrier(Leaves::Already);
        }
        let quits = self.kept.iter().any(|it| self.is_quit(it));
        self.leave_without_carrier(match (self.at_terminal, quits) {
            (true, true) => Leaves::ByQuit,
            (true, false) => Leaves::AtEndOfInput,
            (false, true) => Leaves::ByQuitOfPipe,
            (false, false) => Leaves::AtEndOfPipe,
        });
    }

    /// Whether a line is the last that is obeyed.
    pub(super) fn is_quit(&self, stamped: &Stamped) -> bool {
        let command = Command::parse(stamped.line.clone(), self.obeys);
        command == Ok(Command::Quit)
    }

    /// Why what waits may never be sent, if it may not.
    fn why_never_sent(&self) -> Option<&'static str> {
        match (self.conversation.is_secure(), self.conversation.is_put_out) {
            (false, _) => Some(self.conversation.not_in()),
            (true, true) => Some("the others are leaving you out"),
            (true, false) => None,
        }
    }

    /// Nothing more is read. What waits until the room is secure still leaves, if anyone can come at all.
    pub(super) async fn input_ends(&mut self) {
        self.is_read_out = true;
        self.give_up_early();
        let waits = self.held.waits().saturating_add(self.early.len());
        if (self.at_terminal || self.has_quit) && !self.conversation.is_secure() && waits > 0 {
            let ended = match self.has_quit {
                true => "",
                false => "the input has ended; ",
            };
            self.out.notice(format_args!(
                "{ended}not sent, since {}: {}; this member leaves when that is sent, and ctrl-c leaves \
                 without it",
                self.conversation.not_in(),
                count(waits, "text")
            ));
        }
        // So it was told: who is left out waits for nothing but its own end.
        if self.at_terminal && self.conversation.is_put_out && waits > 0 {
            return self.leave_at_once().await;
        }
        if self.early.is_empty() {
            self.leave().await;
        }
    }

    /// Leaves in order, once.
    pub(super) async fn leave(&mut self) {
        if !self.is_leaving {
            self.is_leaving = true;
            self.conversation.verifying.leaves();
            // A room that has ended already has an event that says so.
            let _ended = self.handle.leave().await;
        }
    }

    /// Leaves without what waits.
    pub(super) async fn leave_at_once(&mut self) {
        self.leave().await;
        // Who leaves a room already does not wait for it any longer. If the room has ended, an event says so.
        let _ended = self.handle.stop().await;
    }

    /// Notes the texts that nobody will read. A pipe is read to its end for that, if it has one: each of its lines is told.
    pub(super) async fn count_unread(
        &mut self,
        lines: &mut mpsc::Receiver<io::Result<Stamped>>,
        stop: &mut Stop,
    ) {
        for why in self.held.never_given() {
            self.outcome.note(match why {
                Why::CameIn(names) => Unsent::Unseen { names },
                Why::MayAnswer => Unsent::Unread,
            });
        }
        let early = self.early.drain(..).map(|early| early.text);
        for _ in early.chain(self.unseen.take()) {
            self.outcome.note(Unsent::Unread);
        }
        // What is behind it is for what comes after this program.
        if self.has_quit {
            return lines.close();
        }
        for kept in self.kept.drain(..) {
            let (unsent, is_last) = unread_line(Ok(kept.line), self.obeys);
            unsent.into_iter().for_each(|it| self.outcome.note(it));
            if is_last {
                return lines.close();
            }
        }
        let counted = Counted {
            obeys: self.obeys,
            at_terminal: self.at_terminal,
            stops: self.stops,
        };
        counted.to_the_end(lines, stop, &mut self.outcome).await;
    }
}

/// How an input is counted that nobody reads any longer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// Whether a line that begins with a slash is a command.
    pub(super) obeys: bool,
    pub(super) at_terminal: bool,
    /// How often the program was asked to stop.
    pub(super) stops: u8,
}

impl Counted {
    /// Notes the texts in an input, to its end if it has one.
    pub(super) async fn to_the_end(
        self,
        lines: &mut mpsc::Receiver<io::Result<Stamped>>,
        stop: &mut Stop,
        outcome: &mut Outcome,
    ) {
        let (pause, counts) = match self.stops {
            0 => (PAUSE, COUNTS),
            _ => (STOPPED, COUNTS_STOPPED),
        };
        let ends = Instant::now().checked_add(counts);
        let waits = !self.at_terminal && self.stops < STOPS;
        loop {
            let line = tokio::select! {
                biased;
                line = lines.recv() => line,
                () = super::until(pause_after(pause, ends)), if waits => break,
                _ = stop.asked(), if waits => break,
                () = core::future::ready(()), if !waits => break,
            };
            let Some(line) = line else {
                return lines.close();
            };
            let (unsent, is_last) = unread_line(line.map(|it| it.line), self.obeys);
            unsent.into_iter().for_each(|it| outcome.note(it));
            if is_last {
                return lines.close();
            }
            if ends.is_some_and(|ends| ends <= Instant::now()) {
                break;
            }
        }
        // What a person may still type at a terminal is not on its way.
        if !self.at_terminal {
            outcome.input_goes_on();
            if input::has_half_a_line() {
                outcome.note(Unsent::Half);
            }
        }
        lines.close();
    }
}

/// When an input that brings nothing is taken to go on.
fn pause_after(pause: Duration, ends: Option<Instant>) -> Option<Instant> {
    let pause = Instant::now().checked_add(pause);
    pause.zip(ends).map(|(pause, ends)| pause.min(ends))
}

/// The texts among lines that nobody read. Commands do not count, nor does what is behind `/quit`: it is for what
/// comes after this program.
fn unread(
    lines: impl Iterator<Item = io::Result<Line>>,
    obeys: bool,
) -> impl Iterator<Item = Unsent> {
    let mut is_over = false;
    let counted = lines.map_while(move |line| {
        let was_over = is_over;
        let (unsent, is_last) = unread_line(line, obeys);
        is_over = is_last;
        (!was_over).then_some(unsent)
    });
    counted.flatten()
}

/// What a line comes to that nobody read, if it is a text, and whether nothing behind it counts.
fn unread_line(line: io::Result<Line>, obeys: bool) -> (Option<Unsent>, bool) {
    match line.map(|line| Command::parse(line, obeys)) {
        Ok(Ok(Command::Say(_)) | Err(_)) => (Some(Unsent::Unread), false),
        Ok(Ok(command)) => (None, command == Command::Quit),
        Err(error) => (Some(Unsent::Unreadable(error.to_string())), true),
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Unsent, unread};

    fn unread_of(lines: &[&str], obeys: bool) -> Vec<Unsent> {
        let lines = lines.iter().map(|line| Ok(Line::Text((*line).to_owned())));
        unread(lines, obeys).collect()
    }

    #[test]
    fn of_what_nobody_read_texts_are_counted_and_neither_commands_nor_what_is_behind_quit() {
        let typed = ["one", "", "/members", "//two", "/quit", "ls", "/quit"];
        assert_eq!(unread_of(&typed, true), [Unsent::Unread, Unsent::Unread]);
        assert_eq!(unread_of(&["/quit", "/quit"], true), []);
        // A line of blanks sends nothing, as an empty one does.
        let blank = ["   ", "\t", "\u{a0}\u{3000}"];
        assert_eq!(unread_of(&blank, true), []);
        assert_eq!(unread_of(&blank, false), []);
        // Where commands are not obeyed, all that is not empty is a text.
        assert_eq!(unread_of(&typed, false).len(), 6);
        let no_text = [Ok(Line::NotUtf8), Err(std::io::Error::other("gone"))];
        let told = unread(no_text.into_iter(), true).collect::<Vec<_>>();
        assert_eq!(
            told,
            [Unsent::Unread, Unsent::Unreadable("gone".to_owned())]
        );
    }
}
