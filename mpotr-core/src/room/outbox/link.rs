//! What is known of the way to the channel: the carrier's fixed face, and the last report of the link.

use crate::carrier::{Carrier, LinkReport};
use crate::time::Duration;

/// Milliseconds in a second.
const MILLIS: u64 = 1_000;

/// The way to the channel.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Link {
    carrier: Carrier,
    report: LinkReport,
}

impl Link {
    pub(super) fn of(carrier: Carrier) -> Self {
        Self {
            carrier,
            report: LinkReport::default(),
        }
    }

    pub(super) const fn note(&mut self, report: LinkReport) {
        self.report = report;
    }

    /// Whether the link has not sent all that it was given.
    pub(super) const fn is_busy(&self) -> bool {
        self.report.queued > 0
    }

    /// The bytes that packets may share.
    pub(super) const fn unit(&self) -> Option<usize> {
        self.carrier.unit
    }

    /// How long the link takes for what it has and so many bytes more; nothing where its rate is not known.
    pub(super) fn takes(&self, bytes: usize) -> Duration {
        let Some(rate) = self.report.rate else {
            return Duration::ZERO;
        };
        let bytes = self.report.queued.saturating_add(bytes);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let millis = bytes.saturating_mul(MILLIS).div_ceil(u64::from(rate.max(1)));
        Duration::from_millis(millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_takes_as_long_as_the_rate_says() {
        let mut link = Link::default();
        assert_eq!(link.takes(1_000), Duration::ZERO);
        link.note(LinkReport {
            rate: Some(256),
            queued: 12,
            latency: None,
        });
        assert!(link.is_busy());
        assert_eq!(link.takes(500), Duration::from_secs(2));
        link.note(LinkReport {
            rate: Some(0),
            ..LinkReport::default()
        });
        assert!(!link.is_busy());
        assert_eq!(link.takes(2), Duration::from_secs(2));
    }
}
