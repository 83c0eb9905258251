//! Packets under way, on virtual time.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::line::{Backlog, Line, SendError};
use crate::queue::Queue;
use crate::reach::Reach;
use crate::weather::Weather;

/// A copy of a packet that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival<A, P> {
    /// Who sent it.
    pub from: A,
    /// Whom it reaches.
    pub to: A,
    /// The packet.
    pub payload: P,
}

/// A broadcast medium that loses, doubles, delays, re-orders and splits, on the caller's time.
///
/// `A` names a member, `P` is a packet: `Rc<[u8]>` makes copies cheap. Times are in milliseconds and must not run
/// backwards. Draws come from one seeded stream, in the order of calls: for each receiver that is reached, one for the
/// duplicate if there are any, then for each copy one for the jitter, and one for the loss if there is any.
#[derive(Clone, Debug)]
pub struct Network<A, P> {
    weather: Weather,
    lines: BTreeMap<A, Queue>,
    reach: Reach<A>,
    /// By time of arrival, and then in the order in which they were sent.
    under_way: BTreeMap<(u64, u64), Arrival<A, P>>,
    /// Copies sent.
    sent: u64,
    /// Where order is kept: when the last copy from one to another arrives.
    latest: BTreeMap<(A, A), u64>,
    rng: ChaCha20Rng,
}

impl<A: Copy + Ord, P: AsRef<[u8]> + Clone> Network<A, P> {
    /// An empty network, whose every draw follows from the seed.
    #[must_use]
    pub fn new(weather: Weather, seed: u64) -> Self {
        Self::drawing(weather, ChaCha20Rng::seed_from_u64(seed))
    }

    /// An empty network whose draws nobody can guess: the seed is 32 random bytes.
    #[must_use]
    pub fn from_seed(weather: Weather, seed: [u8; 32]) -> Self {
        Self::drawing(weather, ChaCha20Rng::from_seed(seed))
    }

    const fn drawing(weather: Weather, rng: ChaCha20Rng) -> Self {
        Self {
            weather,
            lines: BTreeMap::new(),
            reach: Reach::everyone(),
            under_way: BTreeMap::new(),
            sent: 0,
            latest: BTreeMap::new(),
            rng,
        }
    }

    /// The weather now.
    #[must_use]
    pub const fn weather(&self) -> Weather {
        self.weather
    }

    /// Changes the weather for what is sent from now on. What is under way arrives as it would have.
    pub fn set_weather(&mut self, weather: Weather) {
        if !weather.is_in_order {
            self.latest.clear();
        }
        self.weather = weather;
    }

    /// From `now` on, a member has this line. What waits passes when it would have, and what it sends later passes
    /// after that.
    pub fn set_line(&mut self, now: u64, member: A, line: Line) {
        self.lines.entry(member).or_default().change(now, line);
    }

    /// A member's line.
    #[must_use]
    pub fn line(&self, member: A) -> Line {
        let queue = self.lines.get(&member);
        queue.map_or_else(Line::default, Queue::line)
    }

    /// What waits for a member's line.
    #[must_use]
    pub fn backlog(&self, now: u64, member: A) -> Backlog {
        let queue = self.lines.get(&member).copied().unwrap_or_default();
        queue.backlog(now)
    }

    /// From now on nothing passes between these and all others. It takes the place of a partition before.
    pub fn part(&mut self, apart: impl IntoIterator<Item = A>) {
        self.reach.part(apart.into_iter().collect());
    }

    /// From now on nothing passes from any of the first to any of the second, on top of what was blocked before.
    pub fn block(&mut self, from: &[A], to: &[A]) {
        self.reach.block(from, to);
    }

    /// From now on nothing passes to or from a member.
    pub fn unplug(&mut self, member: A) {
        self.reach.unplug(member);
    }

    /// A member that was unplugged is reached again, where no partition or block is in between.
    pub fn plug_in(&mut self, member: A) {
        self.reach.plug_in(member);
    }

    /// From now on everyone reaches everyone. Weather and lines stay as they are.
    pub fn heal(&mut self) {
        self.reach = Reach::everyone();
    }

    /// Puts a packet on its way to these members, and says when it has passed the sender's line. Whether they are
    /// reached is decided now, even if the packet then waits: what is under way arrives.
    ///
    /// # Errors
    /// The sender's line does not take it. Nothing is sent.
    pub fn send(
        &mut self,
        now: u64,
        from: A,
        to: impl IntoIterator<Item = A>,
        payload: P,
    ) -> Result<u64, SendError> {
        let length = u64::try_from(payload.as_ref().len()).unwrap_or(u64::MAX);
        let passed = match self.lines.get_mut(&from) {
            Some(queue) => queue.take(now, length)?,
            None => now,
        };
        for to in to {
            if self.reach.passes(from, to) {
                self.carry(passed, from, to, &payload);
            }
        }
        Ok(passed)
    }

    /// [`Network::send`] to all of these but the sender.
    ///
    /// # Errors
    /// The sender's line does not take it. Nothing is sent.
    pub fn broadcast(
        &mut self,
        now: u64,
        from: A,
        members: impl IntoIterator<Item = A>,
        payload: P,
    ) -> Result<u64, SendError> {
        let others = members.into_iter().filter(|to| *to != from);
        self.send(now, from, others, payload)
    }

    fn carry(&mut self, passed: u64, from: A, to: A, payload: &P) {
        for _ in 0..self.weather.copies(&mut self.rng) {
            let Some(takes) = self.weather.takes(&mut self.rng) else {
                continue;
            };
            let mut at = passed.saturating_add(takes);
            if self.weather.is_in_order {
                let latest = self.latest.entry((from, to)).or_default();
                at = at.max(*latest);
                *latest = at;
            }
            self.sent = self.sent.saturating_add(1);
            let payload = payload.clone();
            let copy = Arrival { from, to, payload };
            self.under_way.insert((at, self.sent), copy);
        }
    }

    /// When the next copy arrives.
    #[must_use]
    pub fn next_at(&self) -> Option<u64> {
        self.under_way.keys().next().map(|(at, _)| *at)
    }

    /// Takes out the next copy that has arrived by now: of those, the earliest, and of one moment the one sent first.
    pub fn arrived(&mut self, now: u64) -> Option<Arrival<A, P>> {
        let first = self.under_way.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// Copies that have not arrived.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.len()
    }
}
