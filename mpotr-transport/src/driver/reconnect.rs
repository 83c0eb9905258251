//! From a transport that is lost to the next: `docs/spec/07-transport.md`, "Reconnecting".

use core::marker::PhantomData;
use core::pin::pin;
use core::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use mpotr_core::Participant;
use tokio::time::{Instant, sleep, sleep_until};

use super::handle::Command;
use super::{Driver, DriverEvent, poll, tell_if_news};
use crate::transport::{CloseCode, Closed, Connect, Transport};

/// As many waits as grow from any to any other.
const DOUBLINGS: usize = 64;

/// How often, and for how long, a driver tries to get a transport in place of a lost one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The shortest wait before the first attempt. Each wait is twice as long as the one before, and longer by a random
    /// part of up to as much again, so that the clients of a relay that comes back do not come all at once.
    pub first: Duration,
    /// The longest wait, without the random part.
    pub most: Duration,
    /// How long after the loss no further attempt is made; `None` for never. A transport that breaks before it has lasted
    /// for `most` ends no loss: waits go on to grow, and this time to run.
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

/// A loss: from a transport that has lasted to the next that does.
///
/// For who drives a [`Transport`] otherwise than by a [`Driver`]: hold it over the attempts and the transports that they lead to.
#[derive(Debug)]
pub struct Loss {
    retry: Retry,
    since: Instant,
    attempts: u32,
    waits: ExponentialBackoff,
    /// When another transport was there.
    mended: Option<Instant>,
}

impl Loss {
    /// A transport is lost: this goes on if it is the one that ended `before` and did not last, and begins anew if not.
    #[must_use]
    pub fn of(before: Option<Self>, retry: &Retry) -> Self {
        let goes_on = before.filter(|loss| !loss.is_over());
        goes_on.unwrap_or_else(|| Self {
            retry: *retry,
            since: Instant::now(),
            attempts: 0,
            waits: ExponentialBuilder::new()
                .with_min_delay(retry.first)
                .with_max_delay(retry.most)
                .with_jitter()
                .without_max_times()
                .build(),
            mended: None,
        })
    }

    /// Whether the transport that broke now was there for so long that this is over.
    fn is_over(&self) -> bool {
        self.mended
            .is_some_and(|at| at.elapsed() >= self.retry.most)
    }

    /// The number of the next attempt and the wait before it, after an end of this kind; `None` if no attempt mends it, or if it
    /// is time to give up.
    pub fn next(&mut self, closed: &Closed) -> Option<(u32, Duration)> {
        let limit = self.retry.give_up;
        if !closed.retry || limit.is_some_and(|limit| self.since.elapsed() >= limit) {
            return None;
        }
        self.attempts = self.attempts.saturating_add(1);
        // Who was cut off for what it did, or did not do, would do it again.
        let is_own = matches!(closed.code, CloseCode::TooSlow | CloseCode::Refused);
        let most = self.retry.most;
        let least = if is_own { most } else { Duration::ZERO };
        let mut waits = self.waits.by_ref().take(DOUBLINGS);
        let wait = waits.find(|wait| *wait >= least);
        Some((self.attempts, wait.unwrap_or(most)))
    }

    /// An attempt has led to another transport.
    pub fn mend(&mut self) {
        self.mended = Some(Instant::now());
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

impl<M: Participant, C: Connect> Driver<M, C> {
    /// Tries to get a transport in place of one that is lost, by what it ended with. The room hears nothing
    /// meanwhile, and takes what the application asks for: a text waits in it.
    ///
    /// # Errors
    /// The last error, if it is one that no attempt mends, if the room is to stop, or if it is time to give up.
    pub(super) async fn reconnect(&mut self, mut closed: Closed) -> Result<C::Transport, Closed> {
        let mut loss = Loss::of(self.loss.take(), &self.retry);
        while !self.course.is_stopped()
            && let Some((attempt, wait)) = loss.next(&closed)
        {
            self.course.lose(&mut self.room, &closed, (attempt, wait));
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
                    self.course.resume(&mut self.room, transport.carrier());
                    self.news.push_back(DriverEvent::Reconnected);
                    loss.mend();
                    self.loss = Some(loss);
                    return Ok(transport);
                }
                Some(Err(failed)) => closed = failed,
                None => break,
            }
        }
        Err(closed)
    }

    /// One attempt, after a wait; `None` if the room is to stop, or has waited for long enough while it is being left.
    async fn attempt(&mut self, wait: Duration) -> Option<Result<C::Transport, Closed>> {
        let Self {
            room,
            connect,
            course,
            commands,
            takes_texts,
            events,
            news,
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
            let (deadline, given_up) = (course.due(room), course.gives_up());
            tokio::select! {
                connected = &mut connecting => return Some(connected),
                place = events.reserve(), if !news.is_empty() => {
                    if let (Some(event), Ok(place)) = (news.pop_front(), place) {
                        place.send(event);
                    }
                }
                command = commands.recv() => match command {
                    Some(Command::Stop) | None => {
                        course.stop();
                        return None;
                    }
                    Some(command) => {
                        command.give_to(room, course, takes_texts);
                        // It has nobody to say goodbye to.
                        if room.has_ended() {
                            course.stop();
                            return None;
                        }
                    }
                },
                () = sleep_until(given_up.unwrap_or_else(Instant::now)), if given_up.is_some() => {
                    course.stop();
                    return None;
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    room.handle_timeout(course.now());
                    // Nobody hears it, and the room says it again for as long as it matters.
                    while room.poll_packet().is_some() {}
                }
            }
        }
    }
}
