//! What is measured of runs. `docs/simulation.md`, "Measures".

use mpotr_core::{Duration, Timestamp};

use crate::healing;
use crate::ledger::{Ledger, Text};

/// Bytes that a room and outsiders sent while outsiders were counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Haunted {
    pub(crate) room: u64,
    pub(crate) outsider: u64,
}

/// What honest members sent, each packet once, however many receive it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// From the first text until the network heals.
    pub(crate) talking: u64,
    /// From the first `leave` on.
    pub(crate) leaving: u64,
    /// For 300 seconds from when the first outsider entered.
    pub(crate) haunted: Haunted,
}

/// What was measured of one run or of several. Times in round trips are in thousandths of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Until the first members were in one room, of each run in which they were, in round trips.
    pub first: Samples,
    /// From when a person asked for a change until all had it, of each change that came about, in round trips.
    pub changes: Samples,
    /// The same without the outsider, of runs that have one.
    pub changes_without: Samples,
    /// From when a text was written until it was final for all, in milliseconds.
    pub finals_ms: Samples,
    /// Views that an epoch took.
    pub views: Samples,
    /// Packets that honest members sent, each once.
    pub packets: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Of these, those from the first text until the network heals.
    pub bytes_talking: u64,
    /// Texts that honest members wrote.
    pub texts: u64,
    /// Bytes of honest members from the first `leave` on.
    pub bytes_leaving: u64,
    /// Bytes that the room sent for each byte of an outsider, in thousandths; of several runs, the most.
    pub amplification: Option<u64>,
    /// How often an honest member that was there was left out unasked.
    pub honest_lost: u64,
    /// Changes that were asked for and did not come about.
    pub unchanged: u64,
    /// Texts that were not final for all in the end.
    pub not_final: u64,
}

/// Numbers of which a percentile is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples(Vec<u64>);

impl Samples {
    /// One more.
    pub(crate) fn push(&mut self, sample: u64) {
        self.0.push(sample);
    }

    /// The smallest that so many of a hundred do not exceed; `None` if there are no samples.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<u64> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = sorted.len().saturating_mul(percent).div_ceil(100);
        sorted.get(rank.saturating_sub(1)).copied()
    }

    /// The largest.
    #[must_use]
    pub fn max(&self) -> Option<u64> {
        self.0.iter().max().copied()
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }
}

impl Measures {
    /// Adds what was measured of other runs.
    pub fn add(&mut self, other: &Self) {
        for (all, more) in [
            (&mut self.first, &other.first),
            (&mut self.changes, &other.changes),
            (&mut self.changes_without, &other.changes_without),
            (&mut self.finals_ms, &other.finals_ms),
            (&mut self.views, &other.views),
        ] {
            all.0.extend_from_slice(&more.0);
        }
        for (all, more) in [
            (&mut self.packets, other.packets),
            (&mut self.bytes, other.bytes),
            (&mut self.bytes_talking, other.bytes_talking),
            (&mut self.texts, other.texts),
            (&mut self.bytes_leaving, other.bytes_leaving),
            (&mut self.honest_lost, other.honest_lost),
            (&mut self.unchanged, other.unchanged),
            (&mut self.not_final, other.not_final),
        ] {
            *all = all.saturating_add(more);
        }
        self.amplification = self.amplification.max(other.amplification);
    }

    /// What the ledger and the traffic of a run show.
    pub(crate) fn of(ledger: &Ledger, traffic: &Traffic, round_trip: Duration) -> Self {
        let mut measures = Self {
            packets: traffic.packets,
            bytes: traffic.bytes,
            bytes_talking: traffic.talking,
            bytes_leaving: traffic.leaving,
            honest_lost: ledger.honest_lost,
            ..Self::default()
        };
        if let Some(took) = ledger.first_whole
            && let Some(trips) = round_trips(took, round_trip)
        {
            measures.first.push(trips);
        }
        for change in &ledger.changes {
            match change.took {
                Some(took) => {
                    if let Some(trips) = round_trips(took, round_trip) {
                        measures.changes.push(trips);
                    }
                }
                None => measures.unchanged = measures.unchanged.saturating_add(1),
            }
        }
        for views in ledger.views.values() {
            measures.views.push(u64::from(*views));
        }
        measures.note_finals(ledger);
        measures
    }

    fn note_finals(&mut self, ledger: &Ledger) {
        for text in ledger.texts.values() {
            match final_for_all(ledger, text) {
                Some(last) => {
                    let took = last.since(text.written).as_millis();
                    self.finals_ms.push(u64::try_from(took).unwrap_or(u64::MAX));
                }
                None => self.not_final = self.not_final.saturating_add(1),
            }
        }
    }
}

/// Whether every text is final for all.
pub(crate) fn are_all_final(ledger: &Ledger) -> bool {
    let mut texts = ledger.texts.values();
    texts.all(|text| final_for_all(ledger, text).is_some())
}

/// When a text had become final for all members of its epoch who went the same way from it as its author: the others
/// have another end of that epoch.
fn final_for_all(ledger: &Ledger, text: &Text) -> Option<Timestamp> {
    let record = ledger.epochs.get(&text.sid)?;
    let fate = |seat| ledger.person(seat)?.fates.get(&text.sid);
    let way = fate(text.author);
    let seats = record.installed.keys().filter(|seat| fate(**seat) == way);
    let settled: Option<Vec<_>> = seats.map(|seat| text.settled.get(seat)).collect();
    settled?.into_iter().max().copied()
}

/// A time in thousandths of a round trip, if that takes any time.
fn round_trips(took: Duration, round_trip: Duration) -> Option<u64> {
    let thousandths = took.as_millis().saturating_mul(1000);
    let trips = thousandths.checked_div(round_trip.as_millis())?;
    u64::try_from(trips).ok()
}

impl Ledger {
    /// Notes when the first members are in one room.
    pub(crate) fn note_whole(&mut self) {
        if self.first_whole.is_none() && healing::is_whole(self) {
            self.first_whole = Some(self.now.since(Timestamp::default()));
        }
    }
}

#[cfg(test)]
mod tests {
    use mpotr_core::Duration;

    use super::{Measures, Samples, round_trips};

    fn samples(all: &[u64]) -> Samples {
        Samples(all.to_vec())
    }

    #[test]
    fn a_percentile_is_a_sample() {
        let twenty: Vec<_> = (1..=20).rev().collect();
        let twenty = samples(&twenty);
        assert_eq!(twenty.percentile(50), Some(10));
        assert_eq!(twenty.percentile(95), Some(19));
        assert_eq!(twenty.max(), Some(20));
        assert_eq!(samples(&[7]).percentile(50), Some(7));
        assert_eq!(samples(&[]).percentile(95), None);
    }

    #[test]
    fn several_runs_add_up_and_the_worst_amplification_counts() {
        let run = |amplification| Measures {
            first: samples(&[4000]),
            packets: 3,
            amplification,
            ..Measures::default()
        };
        let mut all = Measures::default();
        for amplification in [None, Some(2500), Some(700)] {
            all.add(&run(amplification));
        }
        assert_eq!((all.first.count(), all.packets), (3, 9));
        assert_eq!(all.amplification, Some(2500));
    }

    #[test]
    fn a_round_trip_without_time_measures_nothing() {
        let second = Duration::from_secs(1);
        assert_eq!(round_trips(second, second / 10), Some(10_000));
        assert_eq!(round_trips(second, Duration::ZERO), None);
    }
}
