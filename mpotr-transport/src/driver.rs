//! The driver: joins a [`Room`] to a [`Transport`] in one Tokio task.
//!
//! ```text
//!   RoomHandle ── commands ─────>┐                  ┌── packets ──> Transport::send
//!   Transport::receive ─ packets ┼──>   Room   ─────┤
//!   the clock ───────── timeouts ┘                  └── events ───> the application
//! ```
//!
//! The room does no IO and reads no clock; the driver does both for it, and nothing else. It ends when the room has
//! ended and all it had to say is sent and told, or when the transport is lost.

mod event;
mod handle;

pub use event::DriverEvent;
pub use handle::{HandleError, RoomHandle};

use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use futures::FutureExt;
use futures::future::{Fuse, FusedFuture};
use mpotr_core::crypto::CryptoSuite;
use mpotr_core::crypto::rand_core::CryptoRng;
use mpotr_core::{Event, Room, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::transport::{Received, Transport};
use handle::Command;

/// Events that wait for the application before the driver stops to receive packets.
const EVENTS: usize = 256;

/// Packets that are handed to the room at once.
const TOGETHER: usize = 256;

/// Commands that wait for the driver before a handle waits too.
const COMMANDS: usize = 32;

/// A room, its transport and its randomness, as one task.
#[derive(Debug)]
pub struct Driver<S: CryptoSuite, T, R> {
    room: Room<S>,
    transport: T,
    rng: R,
    start: Instant,
    commands: mpsc::Receiver<Command>,
    /// Whether the room takes texts, for those who have more of them.
    takes_texts: watch::Sender<bool>,
    events: mpsc::Sender<DriverEvent>,
}

impl<S, T, R> Driver<S, T, R>
where
    S: CryptoSuite,
    T: Transport,
    R: CryptoRng + Send + 'static,
{
    /// Starts the task, in the Tokio runtime of the caller.
    ///
    /// The room's time is counted from this call: a room that is made for it is made at `Timestamp::default()`.
    ///
    /// The application has to read the events. While it does not, no packets are received: before long the others take
    /// this member for gone, and a relay takes it for a slow reader. If it drops the receiver, events are forgotten. To
    /// drop the last handle is to leave.
    pub fn spawn(room: Room<S>, transport: T, rng: R) -> (RoomHandle, mpsc::Receiver<DriverEvent>) {
        let (takes_texts, is_writable) = watch::channel(room.takes_texts());
        let (handle, commands) = RoomHandle::new(COMMANDS, is_writable);
        let (events, receiver) = mpsc::channel(EVENTS);
        let driver = Self {
            room,
            transport,
            rng,
            start: Instant::now(),
            commands,
            takes_texts,
            events,
        };
        tokio::spawn(driver.run());
        (handle, receiver)
    }

    async fn run(mut self) {
        let mut ended = None;
        let driven = self.drive(&mut ended).await;
        let Self {
            mut room,
            transport,
            events,
            ..
        } = self;
        // An application that hears of the end may stop the process at once: before it does, the last word has to be out.
        let closed = match driven {
            Ok(()) => transport.close().await,
            Err(error) => Err(error),
        };
        let told = core::iter::from_fn(|| poll(&mut room)).chain(ended);
        let lost = closed
            .err()
            .map(|error| DriverEvent::Disconnected(error.to_string()));
        for event in told.chain(lost) {
            if events.send(event).await.is_err() {
                return;
            }
        }
    }

    /// Runs the room to its end, or to that of the transport. The event that tells of the end is left in `ended`.
    async fn drive(&mut self, ended: &mut Option<DriverEvent>) -> Result<(), T::Error> {
        let Self {
            room,
            transport,
            rng,
            start,
            commands,
            takes_texts,
            events,
        } = self;
        let transport = &*transport;
        let now = || Timestamp::from_millis(millis(start.elapsed()));

        let mut receiving = pin!(transport.receive());
        let mut sending = pin!(Fuse::terminated());
        let mut event: Option<DriverEvent> = None;
        let mut has_handles = true;
        loop {
            tell_if_news(takes_texts, room.takes_texts());
            if sending.is_terminated()
                && let Some(packet) = room.poll_transmit()
            {
                sending.set(transport.send(packet.into()).fuse());
            }
            if event.is_none() {
                event = poll(room);
                let is_end =
                    |event: &mut DriverEvent| matches!(event, DriverEvent::Room(Event::Ended(_)));
                if let Some(end) = event.take_if(is_end) {
                    *ended = Some(end);
                }
            }
            if room.has_ended() && sending.is_terminated() && event.is_none() {
                return Ok(());
            }
            let deadline = room
                .poll_timeout()
                .and_then(|at| start.checked_add(Duration::from_millis(at.as_millis())));
            tokio::select! {
                sent = &mut sending, if !sending.is_terminated() => sent?,
                place = events.reserve(), if event.is_some() => {
                    // Without an application that listens, events are forgotten.
                    if let (Ok(place), Some(event)) = (place, event.take()) {
                        place.send(event);
                    }
                }
                received = &mut receiving, if event.is_none() => {
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
                    take(room, now(), &together, rng);
                    if let Some(error) = failed {
                        return Err(error);
                    }
                }
                command = commands.recv(), if has_handles => match command {
                    Some(Command::Send { body, reply }) => {
                        let taken = room.send(now(), body);
                        // Before the answer: who has it may look at once whether the next text is taken, too.
                        tell_if_news(takes_texts, room.takes_texts());
                        // Whoever no longer waits for the answer has what it wanted.
                        let _ = reply.send(taken);
                    }
                    Some(Command::Admit(identity)) => room.admit(now(), identity),
                    Some(Command::Exclude(identity)) => room.exclude(now(), identity),
                    Some(Command::Withdraw(wish)) => {
                        // Nothing to take back is what was asked for, too.
                        let _was_asked_for = room.withdraw(now(), &wish);
                    }
                    Some(Command::Refresh) => room.refresh(now()),
                    Some(Command::ChangePolicy { policy, reply }) => {
                        let _ = reply.send(room.change_policy(now(), policy));
                    }
                    Some(Command::Leave) => room.leave(now()),
                    None => {
                        has_handles = false;
                        room.leave(now());
                    }
                },
                () = sleep_until(deadline.unwrap_or(*start)), if deadline.is_some() => {
                    room.handle_timeout(now(), rng);
                }
            }
        }
    }
}

/// Wakes those who wait for this, if it is news.
fn tell_if_news(watched: &watch::Sender<bool>, now: bool) {
    watched.send_if_modified(|before| core::mem::replace(before, now) != now);
}

/// The next thing to tell: what is to be kept before the event that tells of it.
fn poll<S: CryptoSuite>(room: &mut Room<S>) -> Option<DriverEvent> {
    let record = room.poll_record().map(DriverEvent::Record);
    record.or_else(|| room.poll_event().map(DriverEvent::Room))
}

/// Hands packets to the room.
fn take<S: CryptoSuite>(
    room: &mut Room<S>,
    now: Timestamp,
    together: &[Received],
    rng: &mut impl CryptoRng,
) {
    let packets: Vec<_> = together.iter().map(|received| &received.packet).collect();
    let results = room.handle_messages(now, &packets, rng);
    for (Received { sender, .. }, result) in together.iter().zip(results) {
        if let Err(rejection) = result {
            tracing::debug!(%sender, %rejection, "a packet counted for nothing");
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
