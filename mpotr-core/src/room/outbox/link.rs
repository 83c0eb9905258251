//! What is known of the way to the channel: the carrier's fixed face, and the last report of the link.

use crate::carrier::{Carrier, LinkReport};
use crate::time::Duration;

/// Milliseconds in a second.
const MILLIS: u64 = 1_000;

/// The bytes of a packet with a short text (05-wire, "Padding"). One with a short statement has 173.
const PACKET: usize = 285;

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

    /// Bytes that the link was given and has not sent.
    pub(super) const fn queued(&self) -> usize {
        self.report.queued
    }

    /// Whether it is known how many bytes leave in a while: then what is short and urgent is not to wait behind what is long.
    pub(super) const fn has_rate(&self) -> bool {
        self.report.rate.is_some()
    }

    /// The most bytes of a packet that the carrier takes.
    pub(super) const fn max_packet(&self) -> usize {
        self.carrier.max_packet
    }

    /// The bytes that packets may share.
    pub(super) const fn unit(&self) -> Option<usize> {
        self.carrier.unit
    }

    /// The least time from a packet to its first answer: the latency, and twice what a packet takes.
    pub(super) fn round_trip_at_least(&self) -> Duration {
        let latency = u64::from(self.report.latency.unwrap_or(0));
        let packet = self.takes(PACKET).saturating_mul(2);
        Duration::from_millis(latency).saturating_add(packet)
    }

    /// How long the link takes for what it has and so many bytes more; nothing where its rate is not known.
    pub(super) fn takes(&self, bytes: usize) -> Duration {
        let Some(rate) = self.report.rate else {
            return Duration::ZERO;
        };
        let bytes = self.report.queued.saturating_add(bytes);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let millis = bytes
            .saturating_mul(MILLIS)
            .div_ceil(u64::from(rate.max(1)));
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

    #[test]
    fn no_answer_comes_sooner_than_the_link_carries_a_packet_there_and_another_back() {
        let mut link = Link::default();
        assert_eq!(link.round_trip_at_least(), Duration::ZERO);
        link.note(LinkReport {
            rate: Some(285),
            queued: 570,
            latency: Some(200),
        });
        assert_eq!(link.round_trip_at_least(), Duration::from_millis(6_200));
    }
}
