//! A room of the session: its member, what carries its packets, and what its texts are.

use mpotr::{Carrier, DropReason, Ended, Member, Message, Told};
use mpotr_formats::known::KnownPeople;
use mpotr_json::{Texts, chat};
use mpotr_transport::{Closed, Course};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::link::{Link, What};
use super::people::{OtherKey, People};
use super::telling::{self, Plain};
use crate::people::PeopleFile;

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
    pub(super) course: Course,
    /// Why there is no connection, or why the last attempt failed.
    lost: Option<Closed>,
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
            course: Course::start(now),
            lost: None,
        }
    }

    fn now(&self) -> u64 {
        self.course.now().as_millis()
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
        let course = &self.carried.as_ref()?.course;
        let due = course.due(&self.member).into_iter();
        due.chain(course.gives_up()).min()
    }

    /// Whether no other connection is waited for any longer, since the room is being left.
    pub(super) fn gives_up(&self) -> bool {
        let at = self.carried.as_ref().and_then(|it| it.course.gives_up());
        at.is_some_and(|at| at <= Instant::now())
    }

    /// Ends then.
    pub(super) fn give_up(&mut self) {
        if self.gives_up()
            && let Some(carried) = &mut self.carried
            && let Some(why) = carried.lost.take()
        {
            self.lose(&why);
        }
    }

    /// The host has asked that the room be left, or that it end soon.
    pub(super) fn is_left(&mut self, soon: bool) {
        if let Some(carried) = &mut self.carried {
            match soon {
                true => carried.course.stop(),
                false => carried.course.leave(),
            }
        }
        self.give_up();
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
                carried.course.lose(member, &why, (attempt, wait));
                carried.lost = Some(why);
                self.give_up();
            }
            What::Back(carrier) => {
                (carried.is_up, carried.is_free) = (true, true);
                carried.lost = None;
                carried.course.resume(member, carrier);
            }
            What::Failed(why) | What::Closed(why) => self.lose(&why),
            What::Done => carried.is_done = true,
            // A room that is open has them, and the session answers for changes.
            What::Files(_) | What::People(_) => {}
        }
    }

    /// The carrier is lost for good: what became of each text is told, and the end of the carrier last.
    fn lose(&mut self, why: &Closed) {
        self.close();
        if let Some(carried) = &self.carried {
            carried.course.end(&mut self.member, why);
        }
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

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use mpotr::{Admission, Carrier, Member, RoomOptions, Seen, new_identity};
    use mpotr_json::Texts;
    use mpotr_transport::{CloseCode, Closed, Connect, RelayTransport};
    use tokio::sync::mpsc;
    use tokio::time::Instant;

    use super::{Carried, Link, More, OpenRoom, What};

    /// For so long one that is leaving waits for another carrier.
    const MINUTE: Duration = Duration::from_secs(60);

    /// Nothing ever answers.
    struct Silence;

    impl Connect for Silence {
        type Transport = RelayTransport;

        async fn connect(&self) -> Result<RelayTransport, Closed> {
            core::future::pending().await
        }
    }

    /// A room with a text that waits for one who has not come, whose carrier is lost.
    pub(in crate::rpc) fn lost() -> OpenRoom {
        let admission = Admission::Only([new_identity().public()].into());
        let options = RoomOptions::new("tea", admission).unwrap();
        let mut member = Member::new(options, new_identity(), 0).unwrap();
        member.send(0, b"hello".to_vec(), Seen::Expected).unwrap();
        let (news, _heard) = mpsc::channel(8);
        let link = Link::start("r", 0, Silence, news);
        let more = More {
            texts: Texts::Bytes,
            people: None,
        };
        let carried = Carried::by(link, Carrier::RELAY, 0);
        let mut room = OpenRoom::new(0, member, more).carried(carried);
        room.hear(What::Connected(Carrier::RELAY));
        room.hear(What::Lost {
            why: Closed::new(CloseCode::Lost, "the relay is away"),
            attempt: 1,
            wait: Duration::from_secs(1),
        });
        room
    }

    /// The types of what it tells, and whether it is over.
    fn told(room: &mut OpenRoom) -> (Vec<String>, bool) {
        let mut out = Vec::new();
        let is_over = room.speak("r", &mut out);
        let types = out.iter().map(|it| &it["params"]["event"]["type"]);
        let types = types.map(|it| it.as_str().unwrap().to_owned());
        (types.collect(), is_over)
    }

    #[tokio::test]
    async fn a_room_that_is_left_waits_a_minute_for_another_carrier_and_none_if_it_is_to_stop() {
        let mut room = lost();
        let gives_up = |room: &OpenRoom| room.carried.as_ref().unwrap().course.gives_up();
        assert_eq!(gives_up(&room), None);
        let before = Instant::now();
        room.member.leave(room.now(0));
        room.is_left(false);
        let within = before + MINUTE..=Instant::now() + MINUTE;
        assert!(gives_up(&room).is_some_and(|at| within.contains(&at)));
        assert!(room.due().is_some_and(|at| at <= *within.end()));
        assert!(!told(&mut room).1, "it has a text to deliver");

        room.is_left(true);
        let (types, is_over) = told(&mut room);
        assert!(
            is_over && types.contains(&"dropped".to_owned()),
            "{types:?}"
        );
        assert_eq!(types.last().unwrap(), "closed");
    }
}
