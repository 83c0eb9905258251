//! The queue before a member's line: when each packet has passed.
//!
//! A packet of cost c that comes at t has passed at `max(t, V - burst / rate)`, where `V = max(V', t) + c / rate` is
//! when it would have passed without any burst, and V' the same for the packet before it. So in every span (s, t] at
//! most `rate (t - s) + max(burst, c)` passes. V is kept as what is still to pass, in thousandths of bytes: a rate of 1
//! byte a second is one of them in a millisecond.

use crate::line::{Backlog, Line, SendError};

/// Thousandths of bytes in a byte.
const MILLI: u64 = 1000;

/// A member's line, and what waits for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Queue {
    line: Line,
    /// The time to which `ahead` refers.
    at: u64,
    /// Thousandths of bytes that had still to pass at `at`, with the burst that is used up.
    ahead: u64,
    /// When the last packet has passed.
    last: u64,
}

impl Queue {
    /// The line.
    pub(crate) const fn line(&self) -> Line {
        self.line
    }

    /// Changes the line. What waits passes when it would have, and what comes later passes after it.
    pub(crate) fn change(&mut self, now: u64, line: Line) {
        let used = self.ahead(now).min(line.burst.saturating_mul(MILLI));
        let busy = self.last.saturating_sub(now);
        let rate = line.rate.unwrap_or(0);
        self.ahead = if busy == 0 {
            used
        } else {
            let waits = rate.saturating_mul(busy);
            line.burst.saturating_mul(MILLI).saturating_add(waits)
        };
        self.at = now;
        self.line = line;
    }

    /// Takes a packet of so many bytes, and says when it has passed.
    pub(crate) fn take(&mut self, now: u64, length: u64) -> Result<u64, SendError> {
        let limit = self.line.max_packet;
        if length > limit {
            return Err(SendError::TooLong { length, limit });
        }
        let Some(rate) = self.line.rate else {
            self.last = self.last.max(now);
            return Ok(self.last);
        };
        let (waiting, limit) = (self.backlog(now).bytes, self.line.queue);
        if waiting > limit {
            return Err(SendError::QueueFull { waiting, limit });
        }
        let units = length.div_ceil(self.line.unit);
        let cost = units.saturating_mul(self.line.unit).saturating_mul(MILLI);
        self.ahead = self.ahead(now).saturating_add(cost);
        self.at = now;
        let waits = self.waiting(now).div_ceil(rate);
        self.last = now.saturating_add(waits);
        Ok(self.last)
    }

    /// What waits for the line now.
    pub(crate) fn backlog(&self, now: u64) -> Backlog {
        Backlog {
            bytes: self.waiting(now).div_ceil(MILLI),
            until_ms: self.last.max(now),
        }
    }

    /// Thousandths of bytes that wait: what is ahead beyond the burst.
    fn waiting(&self, now: u64) -> u64 {
        let burst = self.line.burst.saturating_mul(MILLI);
        self.ahead(now).saturating_sub(burst)
    }

    fn ahead(&self, now: u64) -> u64 {
        let passed = now.saturating_sub(self.at);
        let rate = self.line.rate.unwrap_or(u64::MAX);
        self.ahead.saturating_sub(rate.saturating_mul(passed))
    }
}
