//! What is typed while the carrier is away: what needs none is answered at once, and all else waits in its order. And what is
//! told by the clock.

use mpotr_formats::Escaped;
use tokio::time::Instant;

use super::command::Command;
use super::conversation::Conversation;
use super::ending::Leaves;
use super::help::NAMES;
use super::input::{Line, Stamped};
use super::outcome::Unsent;
use super::whom::Digits;
use super::{Chat, MOST_WAIT};
use crate::screen::Screen;
use crate::typed::{self, Words};

impl Chat<'_> {
    /// Does what a line asks for that was typed while the carrier is away.
    pub(super) async fn say_meanwhile(&mut self, line: Stamped) {
        let Line::Text(text) = &line.line else {
            // That it cannot be sent is no matter of the carrier.
            return self.say(line).await;
        };
        match Command::parse(line.line.clone(), self.obeys) {
            Ok(Command::Nothing) => {}
            Ok(Command::Discard(None)) => {
                self.discard_kept();
                self.say(line).await;
            }
            Ok(command) if command.needs_no_carrier() => self.say(line).await,
            // Who wants to leave is not kept by what waits.
            Ok(Command::Say(_)) | Err(_) if self.is_full() => self.not_sent(Unsent::TooManyWait),
            Ok(command) if self.is_full() && command != Command::Quit => {
                self.out.notice(format_args!(
                    "{} was not done: {}",
                    Escaped(text),
                    Unsent::TooManyWait
                ));
            }
            Ok(Command::Say(_)) | Err(_) => {
                self.kept.push_back(line);
                let notice = "that text waits until the way to the room is there again; /discard takes it back";
                self.out.notice(notice);
            }
            Ok(Command::Quit) if self.leaves_by.is_some() => self.leave_at_once().await,
            Ok(Command::Quit) => {
                self.kept.push_back(line);
                self.leave_without_carrier(Leaves::ByQuit);
            }
            Ok(_) => {
                let waits = format!(
                    "{} waits until the way to the room is there again",
                    Escaped(text)
                );
                self.kept.push_back(line);
                self.out.notice(waits);
            }
        }
    }

    /// Whether no more lines may wait for the carrier.
    fn is_full(&self) -> bool {
        self.kept.len() >= MOST_WAIT
    }

    /// Takes a line of a pipe that cannot leave yet. One that never can is told.
    pub(super) fn look_through(&mut self, line: Stamped) {
        match Command::parse(line.line.clone(), self.obeys) {
            Ok(Command::Nothing) => {}
            Ok(command) => {
                self.kept.push_back(line);
                if command == Command::Quit {
                    // What is behind it is not for this program.
                    self.input_is_over = true;
                    self.ends_without_carrier();
                }
            }
            Err(line) => self.not_sent(Unsent::from(line)),
        }
    }

    /// Does what was typed first of what waits.
    pub(super) async fn say_kept(&mut self) {
        if let Some(line) = self.kept.pop_front() {
            self.say(line).await;
        }
    }

    /// Takes back the texts that wait for the carrier. Commands stay: they were no texts.
    fn discard_kept(&mut self) {
        let obeys = self.obeys;
        let before = self.kept.len();
        self.kept
            .retain(|it| !matches!(Command::parse(it.line.clone(), obeys), Ok(Command::Say(_))));
        for _ in self.kept.len()..before {
            self.out.notice("taken back: nobody has read it");
        }
    }

    /// Has the terminal complete the names of those who are here, and the fingerprints of those who wait.
    pub(super) fn offer_names(&self) {
        let Some(typed) = typed::here() else {
            return;
        };
        let conversation = &self.conversation;
        let others = conversation.others.iter().flatten();
        let names = others.map(|member| conversation.name(member));
        let outside = conversation.waiting.listed().into_iter();
        let digits = outside.map(|claimed| Digits::of_key(&claimed).grouped("-"));
        let commands: &[&str] = if self.obeys { &NAMES } else { &[] };
        let room = self.out.screen().map_or(0, Screen::number);
        typed.offer(
            room,
            Words {
                commands: commands.iter().map(|&name| name.to_owned()).collect(),
                names: names.chain(digits).collect(),
            },
        );
    }

    /// When something is to be told that only time shows.
    pub(super) fn due(&self) -> Option<Instant> {
        let due = [
            self.leaves_by,
            self.losses.due(),
            self.fading.due(),
            self.conversation.quiet.due(),
            self.conversation.lasting.due(),
            self.conversation.absent.due(),
            self.conversation.elsewhere.due(),
        ];
        due.into_iter().flatten().min()
    }

    /// Tells it.
    pub(super) async fn tell_aside(&mut self) {
        let now = Instant::now();
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        if is_due(self.leaves_by) {
            self.leaves_by = None;
            self.leave_at_once().await;
        }
        if is_due(self.losses.due()) {
            self.tell_losses();
        }
        if is_due(self.fading.due()) {
            let (own, conversation) = (&self.own, &self.conversation);
            let name = |it: &_| conversation.names_of(&[*it]);
            let told = self.fading.tell(|vote| own.contains(vote), name);
            self.tell(told);
        }
        if is_due(self.conversation.elsewhere.due()) {
            let told = self.conversation.elsewhere.take(now);
            self.tell(told);
        }
        if is_due(self.conversation.lasting.due()) {
            let told = self
                .conversation
                .tells_of_lasting(now, self.keeps_identity, self.obeys);
            self.tell(told);
        }
        if is_due(self.conversation.absent.due()) {
            let heard = self.last_heard().await;
            let told = self.conversation.tells_of_absent(now, &heard);
            // Without a carrier nobody can come, and that was told.
            self.tell(told.filter(|_| self.link.is_up()).into_iter().collect());
        }
        if is_due(self.conversation.quiet.due()) {
            let heard = self.last_heard().await;
            let Conversation { names, quiet, .. } = &mut self.conversation;
            let told = quiet.tell(now, &heard, |it| names.name(it));
            self.tell(told);
        }
    }
}
