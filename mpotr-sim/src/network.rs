//! Packets under way, and who reaches whom.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mpotr_core::Timestamp;
use rand_chacha::ChaCha20Rng;

use crate::party::Seat;
use crate::weather::Weather;

/// A copy of a packet under way.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(crate) from: Seat,
    pub(crate) to: Seat,
    pub(crate) packet: Rc<[u8]>,
}

/// A broadcast medium that loses, doubles, delays and splits.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) weather: Weather,
    /// Those on one side of a partition; empty for none.
    apart: BTreeSet<Seat>,
    /// From whom to whom nothing passes.
    cut: BTreeSet<(Seat, Seat)>,
    under_way: BTreeMap<(Timestamp, u64), Copy>,
    sent: u64,
    rng: ChaCha20Rng,
}

impl Network {
    pub(crate) fn new(weather: Weather, rng: ChaCha20Rng) -> Self {
        Self {
            weather,
            apart: BTreeSet::new(),
            cut: BTreeSet::new(),
            under_way: BTreeMap::new(),
            sent: 0,
            rng,
        }
    }

    /// From now on nothing passes between these and the others. What is under way arrives.
    pub(crate) fn part(&mut self, apart: BTreeSet<Seat>) {
        self.apart = apart;
    }

    /// From now on nothing passes from some to others. What is under way arrives.
    pub(crate) fn cut(&mut self, from: &[Seat], to: &[Seat]) {
        for from in from {
            self.cut.extend(to.iter().map(|to| (*from, *to)));
        }
    }

    /// From now on everybody reaches everybody.
    pub(crate) fn heal(&mut self) {
        self.apart.clear();
        self.cut.clear();
    }

    /// Puts a packet on its way to one receiver.
    pub(crate) fn carry(&mut self, now: Timestamp, from: Seat, to: Seat, packet: &Rc<[u8]>) {
        let is_apart = self.apart.contains(&from) != self.apart.contains(&to);
        if is_apart || self.cut.contains(&(from, to)) {
            return;
        }
        for _ in 0..self.weather.copies(&mut self.rng) {
            let Some(takes) = self.weather.carry(&mut self.rng) else {
                continue;
            };
            self.sent = self.sent.saturating_add(1);
            let copy = Copy {
                from,
                to,
                packet: Rc::clone(packet),
            };
            self.under_way.insert((now.after(takes), self.sent), copy);
        }
    }

    /// When the next copy arrives.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.under_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes out the next copy that has arrived.
    pub(crate) fn arrived(&mut self, now: Timestamp) -> Option<Copy> {
        let first = self.under_way.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}
