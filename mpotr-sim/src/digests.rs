//! What happened, for a program to compare: digests of all that members sent, and of all that they were told.

use std::fmt;

use mpotr_core::{Event, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::party::{Audience, Seat, Transmit};

/// Digests of what happened in a run, as far as it has come.
#[derive(Clone, Debug, Default)]
pub struct Digests {
    packets: Sha256,
    events: Sha256,
}

impl Digests {
    pub(crate) fn note_packet(&mut self, now: Timestamp, from: Seat, transmit: &Transmit) {
        let audience = match transmit.audience {
            Audience::Everyone => 0,
            Audience::Even => 1,
            Audience::Odd => 2,
        };
        note(&mut self.packets, now, from, &[audience]);
        self.packets.update(length(&transmit.packet));
        self.packets.update(&transmit.packet);
    }

    pub(crate) fn note_event(&mut self, now: Timestamp, to: Seat, event: &Event) {
        let event = format!("{event:?}").into_bytes();
        note(&mut self.events, now, to, &length(&event));
        self.events.update(event);
    }
}

/// The digest of all packets, then that of all events: 8 bytes of each, in hexadecimal.
impl fmt::Display for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [packets, events] = [&self.packets, &self.events].map(|all| all.clone().finalize());
        for (separator, digest) in [("", packets), (" ", events)] {
            f.write_str(separator)?;
            for byte in digest.iter().take(8) {
                write!(f, "{byte:02x}")?;
            }
        }
        Ok(())
    }
}

fn note(all: &mut Sha256, now: Timestamp, who: Seat, what: &[u8]) {
    all.update(now.as_millis().to_be_bytes());
    all.update(u64::try_from(who.0).unwrap_or(u64::MAX).to_be_bytes());
    all.update(what);
}

fn length(bytes: &[u8]) -> [u8; 8] {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use mpotr_core::{Event, Timestamp};

    use super::Digests;
    use crate::party::{Audience, Seat, Transmit};

    fn digests(millis: u64, seat: usize, packet: &[u8], event: &Event) -> String {
        let mut digests = Digests::default();
        let transmit = Transmit {
            audience: Audience::Everyone,
            packet: packet.to_vec(),
        };
        let now = Timestamp::from_millis(millis);
        digests.note_packet(now, Seat(seat), &transmit);
        digests.note_event(now, Seat(seat), event);
        digests.to_string()
    }

    #[test]
    fn time_and_seat_and_bytes_and_event_count() {
        let base = digests(1, 2, b"packet", &Event::Settled);
        assert_eq!(base, digests(1, 2, b"packet", &Event::Settled));
        for other in [
            digests(2, 2, b"packet", &Event::Settled),
            digests(1, 3, b"packet", &Event::Settled),
        ] {
            let differ = base.split(' ').zip(other.split(' '));
            assert!(differ.clone().all(|(one, two)| one != two), "{other}");
        }
        let halves = |digests: &str| {
            digests
                .split_once(' ')
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
        };
        let (packets, events) = halves(&base).unwrap();
        let other_packet = halves(&digests(1, 2, b"packed", &Event::Settled)).unwrap();
        assert!(other_packet.0 != packets && other_packet.1 == events);
        let other_event = halves(&digests(1, 2, b"packet", &Event::Removed)).unwrap();
        assert!(other_event.0 == packets && other_event.1 != events);
    }
}
