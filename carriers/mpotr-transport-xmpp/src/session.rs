//! A member's connection to a room, from its beginning to its end.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};

use mpotr_carrier::{
    Asked, Bytes, Carrier, CloseCode, Closed, Ends, LinkReport, Received, SenderHint, Taken,
    TaskTransport,
};
use mpotr_transport::armour::{Armour, InstanceTag, Line, MAX_UNIT, Reassembly, UnitId};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_xmpp::jid::{BareJid, FullJid};
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::iq::{Iq, IqHeader, IqPayload};
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::presence::{Presence, Type};
use tokio_xmpp::parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::address::Address;
use crate::connecting::connect;
use crate::entering::{Seat, enter, fault, has_status, nick_in, put_out, renamed};
use crate::pacing::Pacing;
use crate::packet::{self, LIMIT, MARKUP, Said};
use crate::wire::{Wire, last_words};

/// For all of entering. `mpotr` waits for 60 s.
const ENTERING: Duration = Duration::from_secs(50);

/// How long a room may take to give a stanza back: longer than the longest stanza takes at the least rate.
const ECHO: Duration = Duration::from_secs(180);

/// Between two looks at the link, while something is under way.
const LOOK: Duration = Duration::from_millis(250);

/// From coming in to the line for people: 4 s to 8 s, so that of several who come one says it.
const PEOPLE: Duration = Duration::from_secs(4);

/// Who was away for less than this has told them.
const TOLD: Duration = Duration::from_secs(600);

/// The most of what a person writes that is told.
const WORDS: usize = 2_000;

/// For the last stanzas.
const LEAVING: Duration = Duration::from_secs(2);

/// Joins a room.
pub(crate) async fn open(asked: Asked) -> Result<TaskTransport, Closed> {
    let address = Address::read(&asked.address);
    let address = address.map_err(|error| Closed::new(CloseCode::Refused, error))?;
    let now = Instant::now();
    let until = now.checked_add(ENTERING).unwrap_or(now);
    let session = match timeout_at(until, Session::begin(&asked, address)).await {
        Ok(session) => session?,
        Err(_elapsed) => {
            let text = "the server, or that of the room, does not answer in time";
            return Err(Closed::new(CloseCode::Unreachable, text));
        }
    };
    let carrier = Carrier {
        name: "xmpp",
        max_packet: MAX_UNIT,
        unit: Some(session.armour.whole()),
        // They come back, and are taken out by what they say of their sender.
        echoes: false,
        ordered: true,
    };
    let link = LinkReport::default();
    Ok(TaskTransport::spawn(carrier, link, |ends| {
        session.run(ends)
    }))
}

fn random() -> Result<u32, Closed> {
    let mut bytes = [0; 4];
    let failed = |error| Closed::new(CloseCode::Refused, format!("no random bytes: {error}"));
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(u32::from_be_bytes(bytes))
}

/// A member's connection to a room.
struct Session {
    wire: Wire,
    room: BareJid,
    me: FullJid,
    seat: Seat,
    armour: Armour,
    /// Tells apart who speaks, by numbers that mean nothing to others.
    hints: RandomState,
    reassembly: Reassembly,
    pacing: Pacing,
    leaving: Leaving,
    /// What has come and the room has not taken yet. Nothing is read meanwhile.
    given: Option<Received>,
    /// When people are to be told what goes on.
    people: Option<Instant>,
    is_closing: bool,
}

/// What is to leave, and what has left and not come back.
#[derive(Default)]
struct Leaving {
    lines: VecDeque<Line>,
    /// The packet that these lines are of.
    taken: Option<Taken>,
    under_way: BTreeMap<u64, Line>,
}

impl Leaving {
    fn bytes(&self) -> usize {
        self.lines.iter().map(size).sum()
    }
}

/// The bytes of the stanza for a line, about.
fn size(line: &Line) -> usize {
    let bytes = match line {
        Line::Whole { unit, .. } => unit.len(),
        Line::Piece { piece, .. } => piece.len(),
    };
    bytes.saturating_mul(4).div_ceil(3).saturating_add(MARKUP)
}

impl Session {
    async fn begin(asked: &Asked, address: Address) -> Result<Self, Closed> {
        let (mut wire, me) = connect(asked, &address).await?;
        let seat = enter(&mut wire, &address.room, &asked.nick).await?;
        let now = Instant::now();
        let is_told = asked.away.is_some_and(|away| away < TOLD);
        let part = Duration::from_millis(u64::from(random()? % 4_000));
        let people = now.checked_add(PEOPLE.saturating_add(part));
        Ok(Self {
            wire,
            room: address.room,
            me,
            seat,
            armour: Armour::new(InstanceTag::new(random()?), LIMIT),
            hints: RandomState::new(),
            reassembly: Reassembly::default(),
            pacing: Pacing::new(now),
            leaving: Leaving::default(),
            given: None,
            people: people.filter(|_| !is_told),
            is_closing: false,
        })
    }

    /// Sends and reads until nothing more is to be sent, or something ends it.
    async fn run(mut self, mut ends: Ends) -> Result<(), Closed> {
        loop {
            let now = Instant::now();
            self.proceed(now)?;
            let link = self.pacing.link(now, self.leaving.bytes());
            ends.link.send_if_modified(|known| {
                let is_new = *known != link;
                *known = link;
                is_new
            });
            if self.is_closing && self.leaving.taken.is_none() && self.pacing.oldest().is_none() {
                return self.leave().await;
            }
            let is_idle = self.leaving.taken.is_none() && !self.is_closing;
            let wakes = self.wakes(now);
            tokio::select! {
                came = self.wire.next(self.given.is_none()) => self.hear(&came?)?,
                place = ends.give.reserve(), if self.given.is_some() => {
                    // Where nobody reads any longer, it is of no use.
                    if let (Some(given), Ok(place)) = (self.given.take(), place) {
                        place.send(given);
                    }
                }
                packet = ends.packets.recv(), if is_idle => match packet {
                    Some(packet) => self.take(&packet.packet, packet.taken)?,
                    None => self.is_closing = true,
                },
                () = sleep_until(wakes) => {}
            }
        }
    }

    fn take(&mut self, packet: &Bytes, taken: Taken) -> Result<(), Closed> {
        let lines = self.armour.lines(UnitId::new(random()?), packet);
        let lines = lines.map_err(|error| Closed::new(CloseCode::Protocol, error))?;
        self.leaving.lines.extend(lines);
        self.leaving.taken = Some(taken);
        Ok(())
    }

    /// When something is to be looked at without anything having come.
    fn wakes(&self, now: Instant) -> Instant {
        let later = |time| now.checked_add(time).unwrap_or(now);
        let is_quiet = self.pacing.oldest().is_none() && self.leaving.lines.is_empty();
        let look = later(if is_quiet { ECHO } else { LOOK });
        let next = self.leaving.lines.front();
        let next = next.and_then(|line| self.pacing.next(now, size(line)));
        let due = [next, self.people].into_iter().flatten();
        due.chain([look]).min().unwrap_or(look)
    }

    /// Lets out what may leave now.
    fn proceed(&mut self, now: Instant) -> Result<(), Closed> {
        let is_over = |at: Instant| now.saturating_duration_since(at) >= ECHO;
        if self.pacing.oldest().is_some_and(is_over) {
            let text = "the room does not pass on what is said";
            return Err(Closed::new(CloseCode::Lost, text));
        }
        while let Some(line) = self.leaving.lines.front() {
            let bytes = size(line);
            if self.pacing.next(now, bytes) != Some(now) {
                break;
            }
            let Some(line) = self.leaving.lines.pop_front() else {
                break;
            };
            let number = self.pacing.note_sent(now, bytes);
            let id = self.id(number);
            self.wire.say(packet::of_line(&self.room, id, &line));
            self.leaving.under_way.insert(number, line);
        }
        if self.leaving.lines.is_empty() {
            self.leaving.taken = None;
            if self.people.is_some_and(|due| due <= now) {
                self.people = None;
                let id = format!("{}-people", self.armour.from());
                self.wire.say(packet::for_people(&self.room, id));
            }
        }
        Ok(())
    }

    /// What a stanza of this connection is called.
    fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.armour.from())
    }

    /// Which stanza of this connection is called so.
    fn number(&self, stanza: &Element) -> Option<u64> {
        let (from, number) = stanza.attr("id")?.split_once('-')?;
        let is_own = from == self.armour.from().to_string();
        number.parse().ok().filter(|_| is_own)
    }

    fn hear(&mut self, element: &Element) -> Result<(), Closed> {
        if let Some(closed) = last_words(element) {
            return Err(closed);
        }
        match element.name() {
            "iq" => self.answer(element),
            "presence" => return self.hear_of(element),
            "message" => return self.hear_message(element),
            _ => {}
        }
        Ok(())
    }

    /// Answers what the own server asks, which takes silence for death. Others are not answered.
    fn answer(&mut self, request: &Element) {
        let Some(id) = request.attr("id") else {
            return;
        };
        let from = request.attr("from");
        let own = [
            self.me.domain().as_str().to_owned(),
            self.me.to_bare().to_string(),
        ];
        let is_own = from.is_none_or(|from| own.iter().any(|own| own == from));
        let is_asked = matches!(request.attr("type"), Some("get" | "set"));
        if !is_own || !is_asked {
            return;
        }
        let payload = if request.has_child("ping", ns::PING) {
            IqPayload::Result(None)
        } else {
            let unknown = DefinedCondition::ServiceUnavailable;
            IqPayload::Error(StanzaError::new(
                ErrorType::Cancel,
                unknown,
                "en",
                "not here",
            ))
        };
        let header = IqHeader {
            from: None,
            to: from.and_then(|from| from.parse().ok()),
            id: id.to_owned(),
        };
        self.wire.answer(Iq::assemble(header, payload));
    }

    /// An occupant comes, goes or is called otherwise. Only what is said of oneself counts.
    fn hear_of(&mut self, presence: &Element) -> Result<(), Closed> {
        let Some(nick) = nick_in(&self.room, presence) else {
            return Ok(());
        };
        let is_own = has_status(presence, "110") || nick == self.seat.nick;
        if !is_own || presence.attr("type") != Some("unavailable") {
            return Ok(());
        }
        if has_status(presence, "303") {
            self.seat.nick = renamed(presence).unwrap_or(nick);
            return Ok(());
        }
        Err(put_out(presence))
    }

    fn hear_message(&mut self, message: &Element) -> Result<(), Closed> {
        let Some(nick) = nick_in(&self.room, message) else {
            return Ok(());
        };
        match message.attr("type") {
            Some("error") if nick.is_empty() => self.hear_fault(message),
            Some("groupchat") if !nick.is_empty() => {
                self.hear_said(nick, message);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The room does not pass on what was said.
    fn hear_fault(&mut self, message: &Element) -> Result<(), Closed> {
        let Some(number) = self.number(message) else {
            return Ok(());
        };
        let Some(line) = self.leaving.under_way.remove(&number) else {
            return Ok(());
        };
        let (condition, words) = fault(message);
        let (code, text) = match condition.as_str() {
            // Some rooms say the latter of who says too much, and that it is to wait.
            "resource-constraint" | "policy-violation" => {
                self.pacing.note_refused(Instant::now(), number);
                self.leaving.lines.push_front(line);
                return Ok(());
            }
            "forbidden" => (CloseCode::Refused, "the room lets only some speak"),
            "not-acceptable" => (
                CloseCode::Lost,
                "the room does not know this client any longer",
            ),
            _ => (CloseCode::Lost, "the room does not pass on what is said"),
        };
        Err(Closed::new(code, format!("{text}: {condition}{words}")))
    }

    fn hear_said(&mut self, nick: String, message: &Element) {
        let said = packet::said(message);
        let now = Instant::now();
        let is_own = nick == self.seat.nick;
        let hint = self.hint(&nick, message);
        match said {
            Said::Line(line) if line.from() == self.armour.from() => {
                // Others who say it have copied it.
                if let Some(number) = self.number(message).filter(|_| is_own) {
                    self.pacing.note_echo(now, number);
                    let later = self.leaving.under_way.split_off(&number.saturating_add(1));
                    self.leaving.under_way = later;
                }
            }
            Said::Line(line) => {
                let unit = self.reassembly.take(now, hint, line);
                self.given = unit.map(|packet| Received::Packet {
                    sender: hint,
                    packet,
                });
            }
            Said::Human => self.people = None,
            Said::Plain(text) if !is_own => {
                let clean = |sign: char| if sign.is_control() { ' ' } else { sign };
                let text = text.chars().map(clean).take(WORDS).collect();
                self.given = Some(Received::Plain {
                    sender: hint,
                    name: nick,
                    text,
                });
            }
            Said::Plain(_) | Said::Nothing => {}
        }
    }

    /// Who seems to speak: by the id that the room gives its occupants, or else by the nick.
    fn hint(&self, nick: &str, message: &Element) -> SenderHint {
        let id = message.get_child("occupant-id", ns::OID);
        let id = id
            .and_then(|id| id.attr("id"))
            .filter(|_| self.seat.has_ids);
        let number = match id {
            Some(id) => self.hints.hash_one((0, id)),
            None => self.hints.hash_one((1, nick)),
        };
        SenderHint::from_u64(number)
    }

    /// Leaves the room, once all has come back.
    async fn leave(mut self) -> Result<(), Closed> {
        if let Ok(me) = self.room.with_resource_str(&self.seat.nick) {
            self.wire.say(Presence::new(Type::Unavailable).with_to(me));
        }
        match timeout(LEAVING, self.wire.close()).await {
            Ok(closed) => closed,
            // What was said is with the room. The server will see that this client is gone.
            Err(_elapsed) => Ok(()),
        }
    }
}
