//! Carriers, by what they do to packets. `docs/simulation.md`, "Profiles".

use mpotr_core::Carrier;
use mpotr_netem::{Line, Weather};

/// A line of IRC holds so many bytes of a packet, beside what the armour and the server take.
const LINE_BYTES: u64 = 285;
/// A server takes so many lines at once, and then one in two seconds (RFC 1459, section 8.10).
const LINES_AT_ONCE: u64 = 5;
/// Bytes a second of one line in two seconds, rounded down.
const LINE_RATE: u64 = LINE_BYTES / 2;
/// How long a line of a chat takes to all others.
const LINE_LATENCY_MS: u64 = 200;
/// How long a mail takes at least; at most it is twice as long.
const MAIL_LATENCY_MS: u64 = 60_000;

/// A carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A relay across the internet: the latency of the scenario, and no limit.
    Relay,
    /// Lines of 285 bytes, five at once and then one in two seconds, 200 ms on the way.
    Line,
    /// Mail, or store and forward: 60 to 120 seconds on the way.
    Mail,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Relay, Self::Line, Self::Mail];

    /// The name to ask for it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Line => "line",
            Self::Mail => "mail",
        }
    }

    /// The profile of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// The weather of a scenario on this carrier: its losses stay.
    pub(crate) const fn weather(self, own: Weather) -> Weather {
        match self {
            Self::Relay => own,
            Self::Line => own.latency(LINE_LATENCY_MS).jitter(0),
            Self::Mail => own.latency(MAIL_LATENCY_MS).jitter(MAIL_LATENCY_MS),
        }
    }

    /// What the room of each member knows of it.
    pub(crate) const fn carrier(self) -> Carrier {
        match self {
            Self::Relay | Self::Line => Carrier::RELAY,
            Self::Mail => Carrier::MAIL,
        }
    }

    /// The line of each member.
    pub(crate) const fn line(self) -> Option<Line> {
        match self {
            Self::Relay | Self::Mail => None,
            Self::Line => Some(
                Line::new()
                    .rate(LINE_RATE)
                    .unit(LINE_BYTES)
                    .burst(LINE_BYTES.saturating_mul(LINES_AT_ONCE)),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;
    use crate::script::Wanted;
    use mpotr_netem::Weather;

    #[test]
    fn a_profile_sets_the_way_and_the_line_and_an_option_wins_over_it() {
        let lossy = Weather::fair(50).loss(10);
        let of = |profile| Wanted {
            profile: Some(profile),
            ..Wanted::default()
        };
        assert_eq!(of(Profile::Relay).weather(lossy), lossy);
        let mail = of(Profile::Mail).weather(lossy);
        assert_eq!((mail.latency_ms, mail.longest()), (60_000, 120_000));
        assert_eq!(mail.loss_permille, 10);
        let line = of(Profile::Line);
        assert_eq!(line.weather(lossy).latency_ms, 200);
        let own = line.line(None).unwrap();
        assert_eq!((own.rate, own.unit, own.burst), (Some(142), 285, 1425));
        let wanted = Wanted {
            rate: Some(1000),
            latency_ms: Some(70),
            ..line
        };
        assert_eq!(wanted.weather(lossy).latency_ms, 70);
        let faster = wanted.line(None).unwrap();
        assert_eq!((faster.rate, faster.unit), (Some(1000), 285));
    }
}
