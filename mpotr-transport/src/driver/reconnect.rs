//! From a transport that is lost to the next: `docs/spec/07-transport.md`, "Reconnecting".

use core::marker::PhantomData;
use core::pin::pin;
use core::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use mpotr_core::crypto::CryptoSuite;
use mpotr_core::crypto::rand_core::CryptoRng;
use tokio::time::{Instant, sleep, sleep_until};

use super::handle::Command;
use super::{Driver, DriverEvent, poll, tell_if_news};
use crate::transport::{Closed, Connect, Transport};

/// From such a loss on, the others may have gone on without this member: as long as a text may go unacknowledged before
/// a member that does not answer is left out (06, "Timers", `silent`).
const LONG_LOSS: Duration = Duration::from_secs(60);

/// How often, and for how long, a driver tries to get a transport in place of a lost one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The shortest wait before the first attempt. Each wait is twice as long as the one before, and longer by a random
    /// part of up to as much again, so that the clients of a relay that comes back do not come all at once.
    pub first: Duration,
    /// The longest wait, without the random part.
    pub most: Duration,
    /// How long after the loss no further attempt is made; `None` for never.
    pub give_up: Option<Duration>,
}

impl Retry {
    /// No attempt at all.
    pub(super) const NEVER: Self = Self {
        first: Duration::ZERO,
        most: Duration::ZERO,
        give_up: Some(Duration::ZERO),
    };
}

impl Default for Retry {
    /// For a person who can see what happens and end it.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(250),
            most: Duration::from_secs(15),
            give_up: None,
        }
    }
}

/// Stands for [`Connect`] where a lost transport is not replaced.
#[derive(Debug)]
pub struct Fixed<T>(PhantomData<fn() -> T>);

impl<T> Fixed<T> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Transport> Connect for Fixed<T> {
    type Transport = T;

    async fn connect(&self) -> Result<T, Closed> {
        core::future::pending().await
    }
}

impl<S, C, R> Driver<S, C, R>
where
    S: CryptoSuite,
    C: Connect,
    R: CryptoRng + Send + 'static,
{
    /// Tries to get a transport in place of one that is lost, by what it ended with. The room hears nothing
    /// meanwhile, and takes what the application asks for: a text waits in it.
    ///
    /// # Errors
    /// The last error, if it is one that no attempt mends, if the room is to be left, or if it is time to give up.
    pub(super) async fn reconnect(&mut self, mut closed: Closed) -> Result<C::Transport, Closed> {
        let lost = Instant::now();
        self.clock.halt();
        let Retry {
            first,
            most,
            give_up,
        } = self.retry;
        let waits = ExponentialBuilder::new()
            .with_min_delay(first)
            .with_max_delay(most)
            .with_jitter()
            .without_max_times()
            .build();
        for (attempt, wait) in (1_u32..).zip(waits) {
            let is_late = give_up.is_some_and(|limit| lost.elapsed() >= limit);
            if self.is_leaving || is_late || !closed.retry {
                break;
            }
            // An event that the application has not read yet says less than the next.
            self.news
                .retain(|event| !matches!(event, DriverEvent::Reconnecting { .. }));
            self.news.push_back(DriverEvent::Reconnecting {
                closed: closed.clone(),
                attempt,
                wait,
            });
            match self.attempt(wait).await {
                Some(Ok(transport)) => {
                    self.clock.go_on();
                    if lost.elapsed() >= LONG_LOSS {
                        // A new epoch shows at once who is still there. Without it, that would take minutes.
                        self.room.refresh(self.clock.now());
                    }
                    self.news.push_back(DriverEvent::Reconnected);
                    return Ok(transport);
                }
                Some(Err(failed)) => closed = failed,
                None => break,
            }
        }
        Err(closed)
    }

    /// One attempt, after a wait; `None` if the room is to be left.
    async fn attempt(&mut self, wait: Duration) -> Option<Result<C::Transport, Closed>> {
        let Self {
            room,
            connect,
            rng,
            clock,
            commands,
            takes_texts,
            events,
            news,
            is_leaving,
            ..
        } = self;
        let mut connecting = pin!(async {
            sleep(wait).await;
            connect.connect().await
        });
        loop {
            tell_if_news(takes_texts, room.takes_texts());
            if news.is_empty() {
                news.extend(poll(room));
            }
            let deadline = room.poll_timeout().and_then(|at| clock.when(at));
            tokio::select! {
                connected = &mut connecting => return Some(connected),
                place = events.reserve(), if !news.is_empty() => {
                    if let (Some(event), Ok(place)) = (news.pop_front(), place) {
                        place.send(event);
                    }
                }
                command = commands.recv() => match command {
                    Some(Command::Leave | Command::Stop) | None => {
                        *is_leaving = true;
                        return None;
                    }
                    Some(command) => command.give_to(room, clock.now(), takes_texts, rng),
                },
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    room.handle_timeout(clock.now(), rng);
                    // Nobody hears it, and the room says it again for as long as it matters.
                    while room.poll_transmit().is_some() {}
                }
            }
        }
    }
}
