//! How a member fares on transports that are lost and found: `docs/spec/07-transport.md`, "Reconnecting".

use core::time::Duration;

use mpotr_core::{Carrier, CarrierNews, Participant, Timestamp};
use tokio::time::Instant;

use super::clock::Clock;
use crate::transport::Closed;

/// From such a loss on, the others may have gone on without this member: as long as a text may go unacknowledged before
/// a member that does not answer is left out (06, "Timers", `silent`).
const LONG_LOSS: Duration = Duration::from_secs(60);

/// For so long a room that is being left waits for another transport: those who stay hear that it leaves, and it hears what
/// they have.
const LEAVES: Duration = Duration::from_secs(60);

/// The time of a member, which stands still while there is no transport, and what it hears of that.
///
/// For who drives members otherwise than by a [`Driver`](crate::Driver), as [`Loss`](crate::Loss) is.
#[derive(Debug)]
pub struct Course {
    clock: Clock,
    /// The time of the member when the clock began.
    began: Timestamp,
    /// Since when there is no transport.
    lost: Option<Instant>,
    /// When the room was asked to be left.
    leaves: Option<Instant>,
    is_stopped: bool,
}

impl Course {
    /// Of a member whose time is so many milliseconds now.
    #[must_use]
    pub fn start(began: u64) -> Self {
        Self {
            clock: Clock::start(),
            began: Timestamp::from_millis(began),
            lost: None,
            leaves: None,
            is_stopped: false,
        }
    }

    /// The time of the member.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let passed = self.clock.now().as_millis();
        self.began.after(Duration::from_millis(passed))
    }

    /// When to look at the member again.
    #[must_use]
    pub fn due(&self, member: &impl Participant) -> Option<Instant> {
        let since = member.poll_timeout()?.since(self.began);
        self.clock.when(Timestamp::default().after(since))
    }

    /// The room is asked to be left.
    pub fn leave(&mut self) {
        self.leaves.get_or_insert_with(Instant::now);
    }

    /// The room is asked to stop: it waits for no other transport.
    pub const fn stop(&mut self) {
        self.is_stopped = true;
    }

    /// Whether it was.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// The transport is lost, or an attempt to get another has failed, and the next attempt follows after a wait.
    pub fn lose(
        &mut self,
        member: &mut impl Participant,
        closed: &Closed,
        (attempt, wait): (u32, Duration),
    ) {
        self.clock.halt();
        self.lost.get_or_insert_with(Instant::now);
        let now = self.now();
        let news = CarrierNews::Lost {
            code: closed.code.name().to_owned(),
            attempt,
            next: now.after(wait).as_millis(),
        };
        member.handle_carrier(now, news);
    }

    /// There is another.
    pub fn resume(&mut self, member: &mut impl Participant, carrier: Carrier) {
        self.clock.go_on();
        let now = self.now();
        member.handle_carrier(now, CarrierNews::Back { carrier });
        let lost = self.lost.take();
        if lost.is_some_and(|lost| lost.elapsed() >= LONG_LOSS) {
            // A new epoch shows at once who is still there. Without it, that would take minutes.
            member.refresh(now);
        }
    }

    /// No other follows.
    pub fn end(&self, member: &mut impl Participant, closed: &Closed) {
        let Closed { code, text, retry } = closed.clone();
        let closed = CarrierNews::Closed {
            code: code.name().to_owned(),
            message: text,
            retry,
        };
        member.handle_carrier(self.now(), closed);
    }

    /// When no other transport is waited for any longer, if there is such a time.
    #[must_use]
    pub fn gives_up(&self) -> Option<Instant> {
        let lost = self.lost?;
        match (self.is_stopped, self.leaves) {
            (true, _) => Some(lost),
            (false, Some(leaves)) => leaves.max(lost).checked_add(LEAVES),
            (false, None) => None,
        }
    }
}
