//! A room of the session: its member, what carries its packets, and what its texts are.

use std::time::Duration;

use mpotr::{Carrier, CarrierNews, DropReason, Ended, Member, Message, Told};
use mpotr_formats::known::KnownPeople;
use mpotr_json::{Texts, chat};
use mpotr_transport::{Clock, Closed};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::link::{Link, What};
use super::people::{OtherKey, People};
use super::telling::{self, Plain};
use crate::people::PeopleFile;

/// From such a loss on, the others may have gone on without this member: as long as a text may go unacknowledged before
/// a member that does not answer is left out (06, "Timers", `silent`).
const LONG_LOSS: Duration = Duration::from_secs(60);

/// What carries the packets of a room.
#[derive(Debug)]
pub(super) struct Carried {
    /// Gone once it is to be closed.
    link: Option<Link>,
    /// Whether it carries few and short units, so that to leave takes its time.
    is_by_lines: bool,
    is_up: bool,
    /// Whether the link takes a packet.
    is_free: bool,
    /// Whether all that was said has left, or never will.
    is_done: bool,
    clock: Clock,
    /// The session's time when the clock began to run.
    began: u64,
    lost: Option<Instant>,
}

impl Carried {
    /// A link that is there.
    pub(super) fn by(link: Link, carrier: Carrier, now: u64) -> Self {
        Self {
            link: Some(link),
            is_by_lines: carrier.unit.is_some(),
            is_up: false,
            is_free: true,
            is_done: false,
            clock: Clock::start(),
            began: now,
            lost: None,
        }
    }

    fn now(&self) -> u64 {
        self.began.saturating_add(self.clock.now().as_millis())
    }
}

/// What a room has beside its member.
#[derive(Debug)]
pub(super) struct More {
    pub(super) texts: Texts,
    /// Who is known, if that is kept, and where.
    pub(super) people: Option<(PeopleFile, KnownPeople)>,
}

/// A room of the session.
#[derive(Debug)]
pub(super) struct OpenRoom {
    /// Its number, and that of its link: another room may have its handle later.
    pub(super) id: u64,
    pub(super) member: Member,
    pub(super) texts: Texts,
    /// Whom the host's person knows, if that is kept.
    pub(super) people: Option<People>,
    pub(super) carried: Option<Carried>,
    /// Words in the clear that came from the carrier.
    pub(super) plain: Vec<Plain>,
    /// The number of the next event.
    pub(super) next: u64,
    /// Whether each text so far was acknowledged, or taken back.
    pub(super) is_acknowledged: bool,
}

impl OpenRoom {
    pub(super) fn new(id: u64, member: Member, more: More) -> Self {
        let More { texts, people } = more;
        let nick = match &texts {
            Texts::Chat(nick) => Some(nick),
            Texts::Bytes => None,
        };
        let me = member.identity();
        let people = people.map(|(file, known)| People::new(file, known, me, nick));
        Self {
            id,
            member,
            texts,
            people,
            carried: None,
            plain: Vec::new(),
            next: 0,
            is_acknowledged: true,
        }
    }

    /// By a link that is there.
    pub(super) fn carried(self, carried: Carried) -> Self {
        let carried = Some(carried);
        Self { carried, ..self }
    }

    /// The time of the room, by that of the session.
    pub(super) fn now(&self, session: u64) -> u64 {
        self.carried.as_ref().map_or(session, Carried::now)
    }

    /// When the room is to be looked at, if it has a clock of its own.
    pub(super) fn due(&self) -> Option<Instant> {
        let (carried, at) = self.carried.as_ref().zip(self.member.poll_timeout())?;
        let at = at.saturating_sub(carried.began);
        carried.clock.when(mpotr::room::Timestamp::from_millis(at))
    }

    /// Whether what carries the packets takes few and short ones.
    pub(super) fn is_by_lines(&self) -> bool {
        self.carried.as_ref().is_some_and(|it| it.is_by_lines)
    }

    /// Whether the member has ended, and its last words are not out: they wait for the link to take them, or the link was told to
    /// close and has not said that it is.
    fn is_closing(&self) -> bool {
        let is_over = |it: &Carried| it.link.is_none() || self.member.has_ended();
        self.carried
            .as_ref()
            .is_some_and(|it| !it.is_done && is_over(it))
    }

    /// What the link has to say.
    pub(super) fn hear(&mut self, what: What) {
        let Self {
            member,
            carried,
            plain,
            ..
        } = self;
        let Some(carried) = carried else {
            return;
        };
        match what {
            What::Connected(_) => {
                carried.is_up = true;
                member.handle_timeout(carried.now());
            }
            What::Packets(packets) => {
                let results = member.handle_packets(carried.now(), &packets);
                let refused = results.into_iter().filter_map(Result::err);
                for rejection in refused {
                    tracing::debug!(%rejection, "a packet counted for nothing");
                }
            }
            What::Plain(words) => plain.extend(words),
            What::Free(report) => {
                carried.is_free = true;
                member.handle_link(carried.now(), report);
            }
            What::Report(report) => member.handle_link(carried.now(), report),
            What::Lost { why, attempt, wait } => {
                carried.is_up = false;
                carried.clock.halt();
                carried.lost.get_or_insert_with(Instant::now);
                let now = carried.now();
                let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                let code = why.code.name().to_owned();
                let next = now.saturating_add(wait);
                let lost = CarrierNews::Lost {
                    code,
                    attempt,
                    next,
                };
                member.handle_carrier(now, lost);
            }
            What::Back(carrier) => {
                carried.clock.go_on();
                (carried.is_up, carried.is_free) = (true, true);
                let now = carried.now();
                member.handle_carrier(now, CarrierNews::Back { carrier });
                let lost = carried.lost.take();
                if lost.is_some_and(|lost| lost.elapsed() >= LONG_LOSS) {
                    // A new epoch shows at once who is still there.
                    member.refresh(now);
                }
            }
            What::Failed(why) | What::Closed(why) => self.lose(why),
            What::Done => carried.is_done = true,
            // A room that is open has them, and the session answers for changes.
            What::Files(_) | What::People(_) => {}
        }
    }

    /// The carrier is lost for good: what became of each text is told, and the end of the carrier last.
    fn lose(&mut self, why: Closed) {
        let Closed { code, text, retry } = why;
        self.close();
        let closed = CarrierNews::Closed {
            code: code.name().to_owned(),
            message: text,
            retry,
        };
        self.member.handle_carrier(0, closed);
    }

    /// Ends at once.
    pub(super) fn close(&mut self) {
        self.member.close();
        if let Some(carried) = &mut self.carried {
            carried.link = None;
            carried.is_done = true;
        }
    }

    fn note_fate(&mut self, told: &Message) {
        if let Message::Missed { .. } = told {
            self.is_acknowledged = false;
        }
        if let Message::Dropped { why, .. } = told {
            self.is_acknowledged &= *why == DropReason::Discarded;
        }
    }

    /// Hands out what the room has to say to others and to the host, and says whether it is over.
    pub(super) fn speak(&mut self, handle: &str, out: &mut Vec<Value>) -> bool {
        match &mut self.carried {
            None => {
                while let Some(packet) = self.member.poll_packet() {
                    let packet = mpotr::json::Bytes(packet);
                    let params = json!({ "room": handle, "packet": packet });
                    out.push(telling::notification("packet", params));
                }
            }
            Some(carried) => carried.pump(&mut self.member),
        }
        let plain = self.plain.drain(..);
        out.extend(plain.map(|words| telling::plain(handle, words)));
        if self.is_closing() {
            // A host that hears of the end may stop at once: before it does, the last word has to be out.
            return false;
        }
        let mut is_over = false;
        while let Some(event) = self.member.poll_event() {
            self.next = event.n.saturating_add(1);
            is_over |= matches!(
                event.told,
                Told::Ended(Ended::Ended(_) | Ended::Closed { .. })
            );
            if let Told::Message(told) = &event.told {
                self.note_fate(told);
            }
            let chat = chat(&event, &self.texts);
            if let Some(people) = &mut self.people {
                for other in people.hear(&event, chat.as_ref()) {
                    let OtherKey {
                        name,
                        identity,
                        known,
                    } = other;
                    self.member
                        .handle_other_key(event.at, name, identity, known);
                }
            }
            let event = telling::event(&event, chat, self.people.as_ref());
            let params = json!({ "room": handle, "event": event });
            out.push(telling::notification("event", params));
        }
        is_over
    }
}

impl Carried {
    /// Gives the link what it takes. Once the member has ended and all of it is out, the link is closed.
    fn pump(&mut self, member: &mut Member) {
        let Some(link) = &self.link else {
            return;
        };
        if self.is_up
            && self.is_free
            && let Some(packet) = member.poll_packet()
        {
            link.send(packet);
            self.is_free = false;
        }
        if member.has_ended() && (self.is_free || !self.is_up) {
            self.link = None;
            // Nobody hears what is said while there is no connection.
            self.is_done |= !self.is_up;
        }
    }
}
