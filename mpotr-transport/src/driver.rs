//! The driver: joins a [`Participant`] to a [`Transport`] in one Tokio task.
//!
//! ```text
//!   RoomHandle ── commands ─────>┐                  ┌── packets ──> Transport::send
//!   Transport::receive ─ packets ┼──>  Member  ─────┤
//!   the clock ───────── timeouts ┘                  └── events ───> the application
//! ```
//!
//! The member does no IO and reads no clock; the driver does both for it, and nothing else. It ends when the room has
//! ended and all it had to say is sent and told, or when the transport is lost and there is no other.

mod clock;
mod course;
mod event;
mod handle;
mod reconnect;

pub use clock::Clock;
pub use course::Course;
pub use event::DriverEvent;
pub use handle::{HandleError, RoomHandle};
pub use reconnect::{Fixed, Loss, Retry};

use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::collections::VecDeque;

use futures::FutureExt;
use futures::future::{Fuse, FusedFuture};
use mpotr_core::{LinkReport, Participant, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::transport::{Closed, Connect, Received, SenderHint, Transport};
use handle::Command;

/// Events that wait for the application before the driver stops to receive packets.
const EVENTS: usize = 256;

/// Packets that are handed to the room at once.
const TOGETHER: usize = 256;

/// How often the room hears of a link that does not take what it should send.
const LOOK: Duration = Duration::from_secs(1);

/// Commands that wait for the driver before a handle waits too.
const COMMANDS: usize = 32;

/// A member that a driver runs: by what to speak to it, and what it tells.
pub type Spawned<M> = (
    RoomHandle<M>,
    mpsc::Receiver<DriverEvent<<M as Participant>::Event>>,
);

/// A member of a room and its transport, as one task.
#[derive(Debug)]
pub struct Driver<M: Participant, C> {
    room: M,
    connect: C,
    retry: Retry,
    /// The last loss, which may not be over.
    loss: Option<Loss>,
    course: Course,
    commands: mpsc::Receiver<Command<M>>,
    /// Tells handles with more to send whether the room takes texts.
    takes_texts: watch::Sender<bool>,
    events: mpsc::Sender<DriverEvent<M::Event>>,
    /// What the application is told next, before what the room has to tell.
    news: VecDeque<DriverEvent<M::Event>>,
}

impl<M: Participant, T: Transport> Driver<M, Fixed<T>> {
    /// Starts the task, in the Tokio runtime of the caller. It runs a `mpotr::Member`, or a room on a suite of one's own
    /// ([`Room::with_rng`](mpotr_core::Room::with_rng)).
    ///
    /// The member's time is milliseconds from this call: one that is made for it is made at 0.
    ///
    /// The application has to read the events. While it does not, no packets are received: before long the others take
    /// this member for gone, and a relay takes it for a slow reader. If it drops the receiver, events are forgotten. To
    /// drop the last handle is to leave.
    pub fn spawn(member: M, transport: T) -> Spawned<M> {
        Driver::spawn_reconnecting(member, transport, Fixed::new(), Retry::NEVER)
    }
}

impl<M: Participant, C: Connect> Driver<M, C> {
    /// As [`Driver::spawn`]; and when the transport is lost, `connect` makes another, as often as `retry` says. The room goes
    /// on where it was. [`DriverEvent::Reconnecting`] tells of each attempt.
    pub fn spawn_reconnecting(
        member: M,
        transport: C::Transport,
        connect: C,
        retry: Retry,
    ) -> Spawned<M> {
        let (takes_texts, is_writable) = watch::channel(member.takes_texts());
        let (handle, commands) = RoomHandle::new(COMMANDS, is_writable);
        let (events, receiver) = mpsc::channel(EVENTS);
        let driver = Self {
            room: member,
            connect,
            retry,
            loss: None,
            course: Course::start(0),
            commands,
            takes_texts,
            events,
            news: VecDeque::new(),
        };
        tokio::spawn(driver.run(transport));
        (handle, receiver)
    }

    async fn run(mut self, mut transport: C::Transport) {
        let mut ended = None;
        let driven = loop {
            match self.drive(&transport, &mut ended).await {
                Ok(()) => break Ok(()),
                Err(error) => match self.reconnect(error).await {
                    Ok(another) => transport = another,
                    Err(error) => break Err(error),
                },
            }
        };
        // An application that hears of the end may stop the process at once: before it does, the last word has to be out.
        let closed = match driven {
            Ok(()) => transport.close().await,
            Err(error) => Err(error),
        };
        let Self {
            mut room,
            course,
            events,
            news,
            ..
        } = self;
        if let Err(closed) = &closed {
            course.end(&mut room, closed);
        }
        let told = core::iter::from_fn(|| poll(&mut room));
        let lost = closed.err().map(DriverEvent::Disconnected);
        for event in news.into_iter().chain(ended).chain(told).chain(lost) {
            if events.send(event).await.is_err() {
                return;
            }
        }
    }

    /// Runs the room to its end, or to that of the transport. The event that tells of the end is left in `ended`.
    #[expect(
        clippy::too_many_lines,
        reason = "one loop over all that a room waits for"
    )]
    async fn drive(
        &mut self,
        transport: &C::Transport,
        ended: &mut Option<DriverEvent<M::Event>>,
    ) -> Result<(), Closed> {
        let Self {
            room,
            course,
            commands,
            takes_texts,
            events,
            news,
            ..
        } = self;
        let mut receiving = pin!(transport.receive());
        let mut sending = pin!(Fuse::terminated());
        let mut has_handles = true;
        // Bytes of the packet that is being sent, and when the room last heard of it.
        let (mut under_way, mut looked) = (0, Instant::now());
        // What waited on a connection before this one waits no more, which the room hears when this one takes a packet.
        let mut is_behind = true;
        loop {
            tell_if_news(takes_texts, room.takes_texts());
            // A packet is taken out of the room when the transport can take it: until then a newer one may replace it, and what
            // matters more goes first.
            while sending.is_terminated()
                && let Some(packet) = room.poll_packet()
            {
                let length = packet.len();
                sending.set(transport.send(packet.into()).fuse());
                match futures::poll!(sending.as_mut()) {
                    Poll::Ready(sent) => {
                        sent?;
                        if std::mem::take(&mut is_behind) {
                            room.handle_link(course.now(), link(transport, 0));
                        }
                    }
                    Poll::Pending => {
                        (under_way, looked) = (length, Instant::now());
                        room.handle_link(course.now(), link(transport, under_way));
                    }
                }
            }
            if news.is_empty() {
                match poll(room) {
                    Some(DriverEvent::Room(event)) if room.is_end(&event) => {
                        *ended = Some(DriverEvent::Room(event));
                    }
                    event => news.extend(event),
                }
            }
            if room.has_ended() && sending.is_terminated() && news.is_empty() {
                return Ok(());
            }
            let deadline = course.due(room);
            tokio::select! {
                sent = &mut sending, if !sending.is_terminated() => {
                    sent?;
                    under_way = 0;
                    room.handle_link(course.now(), link(transport, under_way));
                }
                () = sleep_until(later(looked)), if !sending.is_terminated() => {
                    looked = Instant::now();
                    room.handle_link(course.now(), link(transport, under_way));
                }
                place = events.reserve(), if !news.is_empty() => {
                    // Without an application that listens, events are forgotten.
                    if let (Some(event), Ok(place)) = (news.pop_front(), place) {
                        place.send(event);
                    }
                }
                received = &mut receiving, if news.is_empty() => {
                    // What has come meanwhile is taken together: a backlog is opened many times faster than one by one.
                    let mut together = vec![received?];
                    let mut failed = None;
                    receiving.set(transport.receive());
                    while together.len() < TOGETHER
                        && let Poll::Ready(received) = futures::poll!(receiving.as_mut())
                    {
                        match received {
                            Ok(received) => together.push(received),
                            Err(error) => {
                                failed = Some(error);
                                break;
                            }
                        }
                        receiving.set(transport.receive());
                    }
                    take(room, course.now(), together, news);
                    if let Some(error) = failed {
                        return Err(error);
                    }
                }
                command = commands.recv(), if has_handles => match command {
                    Some(command) => command.give_to(room, course, takes_texts),
                    None => {
                        has_handles = false;
                        course.stop();
                        room.leave(course.now());
                    }
                },
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    room.handle_timeout(course.now());
                }
            }
        }
    }
}

/// What a transport says of itself, which has not taken so many bytes so far.
fn link(transport: &impl Transport, under_way: usize) -> LinkReport {
    let report = transport.link();
    LinkReport {
        queued: report.queued.max(under_way),
        ..report
    }
}

/// When the room hears again of a link that it heard of then.
fn later(looked: Instant) -> Instant {
    looked.checked_add(LOOK).unwrap_or(looked)
}

/// Wakes those who wait for this, if it has changed.
fn tell_if_news(watched: &watch::Sender<bool>, now: bool) {
    watched.send_if_modified(|before| core::mem::replace(before, now) != now);
}

/// The next thing to tell: what is to be kept before the event that tells of it.
fn poll<M: Participant>(room: &mut M) -> Option<DriverEvent<M::Event>> {
    let record = room.poll_record().map(DriverEvent::Record);
    record.or_else(|| room.poll_event().map(DriverEvent::Room))
}

/// Hands packets to the room, and what people wrote outside of it to the application.
fn take<M: Participant>(
    room: &mut M,
    now: Timestamp,
    together: Vec<Received>,
    news: &mut VecDeque<DriverEvent<M::Event>>,
) {
    let mut senders: Vec<SenderHint> = Vec::with_capacity(together.len());
    let mut packets = Vec::with_capacity(together.len());
    for received in together {
        match received {
            Received::Packet { sender, packet } => {
                senders.push(sender);
                packets.push(packet);
            }
            // A hint: the time-outs of the room decide who is there.
            Received::Present { sender, here } => tracing::debug!(%sender, here, "of the channel"),
            Received::Plain { name, text, .. } => news.push_back(DriverEvent::Plain { name, text }),
            Received::Notice { text } => news.push_back(DriverEvent::Notice { text }),
        }
    }
    let packets: Vec<_> = packets.iter().map(AsRef::as_ref).collect();
    let results = room.handle_packets(now, &packets);
    for (sender, result) in senders.iter().zip(results) {
        if let Err(rejection) = result {
            tracing::debug!(%sender, %rejection, "a packet counted for nothing");
        }
    }
}
