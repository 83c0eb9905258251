//! One connection to a channel, without its socket: lines and time go in, lines and what came go out.
//! `docs/spec/07-transport.md`, "IRC".

mod ending;
mod hearing;
#[cfg(test)]
mod tests;

use core::time::Duration;
use std::collections::VecDeque;

use bytes::Bytes;
use mpotr_core::{Carrier, LinkReport};
use tokio::time::Instant;

use super::address::{Form, IrcAddress};
use super::login::{Granted, Login, Registration};
use super::pacing::{Pace, Pacing};
use super::people::People;
use crate::armour::{Armour, HUMAN_LINE, InstanceTag, Reassembly, UnitId};
use crate::transport::{CloseCode, Closed, Received};

/// Characters of armour in a line, and in a tag.
const LINE: usize = 420;
const TAG: usize = 4_000;

/// Bytes of a line of IRC, with its end (RFC 1459 section 2.3).
const WIRE: usize = 512;

/// What a line has besides the armour, its source and its channel: `: PRIVMSG  :` and its end.
const OVERHEAD: usize = 14;

/// The most bytes of the own source that is believed: nick, user and the longest host of a network. Behind the longest name of
/// a channel it leaves lines of 82 characters, in which the longest packet has room.
const MOST_OF_SOURCE: usize = 352;

/// The tag that holds a packet, and the one that says that this client hears such tags.
const PACKET_TAG: &str = "+mpotr/p";
const HEARS_TAG: &str = "+mpotr/t";

/// The most bytes of a packet by lines, and by tags.
const MOST_BY_LINES: usize = 1 << 16;
const MOST_BY_TAGS: usize = 1 << 18;

/// So long after a client was heard that speaks by lines alone, lines are what all understand; and so long after people were
/// told what goes on, they know.
const REMEMBERED: Duration = Duration::from_secs(600);

/// People are told after so long, and up to as much again, in which another member may tell them.
const BEFORE_WORDS: Duration = Duration::from_secs(4);

/// After so long without a word the server is asked whether it is there,
const QUIET: Duration = Duration::from_secs(60);
/// and after so long without an answer it is not. A line that was not passed on for so long is asked after, too.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a connection is to do.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) address: IrcAddress,
    pub(super) nick: String,
    pub(super) login: Login,
    pub(super) lines: Pace,
    pub(super) tags: Pace,
    /// When people in the channel were told what goes on, if that is known of an earlier connection.
    pub(super) told: Option<Instant>,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Registering,
    Joining,
    Joined,
    Leaving,
}

/// A line of a packet that waits to leave.
#[derive(Debug)]
struct Outgoing {
    text: String,
    bytes: usize,
}

/// One connection to a channel.
#[derive(Debug)]
pub(super) struct Session {
    settings: Settings,
    phase: Phase,
    registration: Registration,
    granted: Granted,
    from: InstanceTag,
    nick: String,
    /// `nick!user@host`, as others get it before each line.
    source: Option<String>,
    /// Whether the person was told of one that is longer than any.
    is_warned: bool,
    denies_tags: bool,
    /// When the channel was joined, by the clock of the server: what it dates before that is played back.
    joined: Option<String>,
    /// Lines that wait for nothing.
    control: VecDeque<String>,
    outgoing: VecDeque<Outgoing>,
    pacing: Pacing,
    people: People,
    reassembly: Reassembly,
    received: VecDeque<Received>,
    /// When a client was heard that speaks by lines alone.
    heard_lines: Option<Instant>,
    /// When people were told what goes on, and when to tell them.
    told: Option<Instant>,
    tell: Option<Instant>,
    /// When the server said anything, and when it was asked whether it is there.
    heard: Instant,
    asked: Option<Instant>,
    bad_lines: u64,
    closed: Option<Closed>,
}

impl Session {
    /// Begins. `tag` is drawn at random.
    pub(super) fn new(now: Instant, settings: Settings, tag: u32) -> Self {
        let registration = Registration::new(settings.login.clone(), &settings.nick);
        let mut session = Self {
            phase: Phase::Registering,
            granted: Granted::default(),
            from: InstanceTag::new(tag),
            nick: settings.nick.clone(),
            source: None,
            is_warned: false,
            denies_tags: false,
            joined: None,
            control: VecDeque::new(),
            outgoing: VecDeque::new(),
            pacing: Pacing::new(now, settings.lines),
            people: People::default(),
            reassembly: Reassembly::default(),
            received: VecDeque::new(),
            heard_lines: None,
            told: settings.told,
            tell: None,
            heard: now,
            asked: None,
            bad_lines: 0,
            closed: None,
            registration,
            settings,
        };
        for line in session.registration.begin() {
            session.control(line);
        }
        session
    }

    /// Whether the channel is joined.
    pub(super) fn is_joined(&self) -> bool {
        self.phase == Phase::Joined
    }

    /// Whether the next packet can be taken.
    pub(super) fn is_ready(&self) -> bool {
        self.is_joined() && self.outgoing.is_empty()
    }

    /// Why it is over.
    pub(super) const fn closed(&self) -> Option<&Closed> {
        self.closed.as_ref()
    }

    /// When people were told what goes on.
    pub(super) const fn told(&self) -> Option<Instant> {
        self.told
    }

    /// The next thing that came.
    pub(super) fn poll_received(&mut self) -> Option<Received> {
        self.received.pop_front()
    }

    /// What carries packets.
    pub(super) fn carrier(&self, now: Instant) -> Carrier {
        let by_tags = self.is_by_tags(now);
        Carrier {
            name: if by_tags { "irc tags" } else { "irc lines" },
            max_packet: if by_tags { MOST_BY_TAGS } else { MOST_BY_LINES },
            unit: Some(self.armour(by_tags).whole()),
            echoes: self.granted.echo,
            ordered: true,
        }
    }

    /// What is known of the connection.
    pub(super) fn link(&self, now: Instant) -> LinkReport {
        let armour = self.armour(self.is_by_tags(now));
        let queued = self.outgoing.iter().map(|line| line.bytes).sum();
        let round_trip = self.pacing.round_trip();
        LinkReport {
            rate: self.pacing.rate(armour.whole()),
            queued,
            latency: round_trip.and_then(|it| u32::try_from(it.as_millis()).ok()),
        }
    }

    /// Takes a packet, to be sent in as many lines as it needs.
    pub(super) fn send(&mut self, now: Instant, id: UnitId, packet: &Bytes) -> Result<(), Closed> {
        let by_tags = self.is_by_tags(now);
        let pace = if by_tags {
            self.settings.tags
        } else {
            self.settings.lines
        };
        self.pacing.set(pace);
        let armour = self.armour(by_tags);
        let lines = armour.lines(id, packet);
        let lines = lines.map_err(|error| Closed::new(CloseCode::Protocol, error))?;
        let bytes = packet.len().div_ceil(lines.len().max(1));
        let channel = &self.settings.address.channel;
        let hears = self.hears_tags().then_some(HEARS_TAG);
        self.outgoing.extend(lines.iter().map(|line| Outgoing {
            text: match (by_tags, hears) {
                (true, _) => format!("@{PACKET_TAG}={line} TAGMSG {channel}"),
                (false, Some(tag)) => format!("@{tag} PRIVMSG {channel} :{line}"),
                (false, None) => format!("PRIVMSG {channel} :{line}"),
            },
            bytes,
        }));
        Ok(())
    }

    /// Says goodbye, after all that was sent.
    pub(super) fn leave(&mut self) {
        if self.phase != Phase::Leaving {
            self.phase = Phase::Leaving;
            self.control("QUIT".to_owned());
        }
    }

    /// The next line to write, without its end, if one may leave now.
    pub(super) fn poll_line(&mut self, now: Instant) -> Option<String> {
        if let Some(line) = self.control.pop_front() {
            return Some(line);
        }
        if self.phase != Phase::Joined {
            return None;
        }
        if !self.outgoing.is_empty() && self.pacing.next(now).is_some_and(|at| at <= now) {
            let line = self.outgoing.pop_front()?;
            self.note_sent(now, line.bytes);
            return Some(clean(&line.text));
        }
        let is_time = self.tell.is_some_and(|at| at <= now);
        if is_time && self.outgoing.is_empty() && self.pacing.is_rested(now) {
            self.tell = None;
            self.told = Some(now);
            self.note_sent(now, 0);
            let channel = &self.settings.address.channel;
            return Some(clean(&format!("PRIVMSG {channel} :{HUMAN_LINE}")));
        }
        None
    }

    fn note_sent(&mut self, now: Instant, bytes: usize) {
        let wants_answer = self.pacing.note_sent(now, bytes).is_some();
        if wants_answer && !self.granted.echo {
            self.ask(now);
        }
    }

    /// When to look again, if nothing comes before.
    pub(super) fn poll_timeout(&self, now: Instant) -> Option<Instant> {
        let line = (self.phase == Phase::Joined && !self.outgoing.is_empty())
            .then(|| self.pacing.next(now))
            .flatten();
        let tell = self
            .tell
            .map(|at| at.max(after(now, Duration::from_millis(100))));
        let tell = tell.filter(|_| self.phase == Phase::Joined && self.outgoing.is_empty());
        let silence = match self.asked {
            // As long as it says other things, it is only slow.
            Some(asked) => after(asked.max(self.heard), PATIENCE),
            None => after(self.heard, QUIET),
        };
        let stall = (self.asked.is_none() && self.pacing.is_full())
            .then(|| self.pacing.oldest().map(|at| after(at, PATIENCE)))
            .flatten();
        [line, tell, stall, Some(silence)]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time has passed.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        let is_over = |since: Instant, limit| now.saturating_duration_since(since) >= limit;
        match self.asked {
            Some(asked) if is_over(asked.max(self.heard), PATIENCE) => {
                self.close(Closed::new(CloseCode::Lost, "the server does not answer"));
            }
            Some(_) => {}
            None => {
                let oldest = self.pacing.oldest();
                let stalls =
                    self.pacing.is_full() && oldest.is_some_and(|at| is_over(at, PATIENCE));
                if stalls || is_over(self.heard, QUIET) {
                    self.asked = Some(now);
                    self.ask(now);
                }
            }
        }
    }

    /// Asks the server whether it has passed on all that was sent so far.
    fn ask(&mut self, now: Instant) {
        let number = self.pacing.note_asked(now);
        self.control(format!("PING :mpotr-{number}"));
    }

    /// A line that waits for nothing.
    fn control(&mut self, line: String) {
        self.control.push_back(clean(&line));
    }

    /// Ends, for the first reason that there is.
    fn close(&mut self, closed: Closed) {
        self.closed.get_or_insert(closed);
    }

    /// Whether this client hears packets in tags, and may send them.
    const fn hears_tags(&self) -> bool {
        let wants = !matches!(self.settings.address.form, Form::Lines);
        wants && self.granted.tags && self.granted.echo && !self.denies_tags
    }

    /// Whether packets go by tags now.
    fn is_by_tags(&self, now: Instant) -> bool {
        let heard = self.heard_lines;
        let all_hear = heard.is_none_or(|at| now.saturating_duration_since(at) > REMEMBERED);
        self.hears_tags() && (all_hear || self.settings.address.form == Form::Tags)
    }

    fn armour(&self, by_tags: bool) -> Armour {
        let limit = match (by_tags, &self.source) {
            (true, _) => TAG,
            (false, None) => LINE,
            (false, Some(source)) => {
                let channel = self.settings.address.channel.len();
                let others = OVERHEAD
                    .saturating_add(source.len())
                    .saturating_add(channel);
                LINE.min(WIRE.saturating_sub(others))
            }
        };
        Armour::new(self.from, limit)
    }
}

fn after(moment: Instant, time: Duration) -> Instant {
    moment.checked_add(time).unwrap_or(moment)
}

/// A line as it may leave: up to what would end it, whatever it was made of.
fn clean(line: &str) -> String {
    let end = line.find(['\r', '\n', '\0']).unwrap_or(line.len());
    line.get(..end).unwrap_or_default().to_owned()
}
