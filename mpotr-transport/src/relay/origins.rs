//! Where clients come from: how many connections an address has, and how much it may send over all of them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::RelayLimits;
use super::pace::Pace;

/// How many clients an address may send like, over all its connections: enough for a household or an office, and no
/// gain for a client that comes again after each cut.
const ADDRESS: usize = 4;

/// How long a connection may be held to its part of what its address may send, pauses deducted, before it is refused:
/// as many times as long as to its own rate as an address has clients' rates. A client that pastes once what it may
/// send at once is through by then, even where many share an address.
pub(super) fn crowding(limits: &RelayLimits) -> Duration {
    let clients = u32::try_from(ADDRESS).unwrap_or(u32::MAX);
    limits.flood.saturating_mul(clients)
}

/// Whom a connection is counted for: an IPv4 address, or the 64 bits of an IPv6 address that a network gives to one
/// customer, who chooses the rest as often as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    V4([u8; 4]),
    V6([u16; 4]),
}

impl Origin {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

/// All addresses that are connected, or still owe something to their pace.
#[derive(Debug)]
pub(super) struct Origins {
    limits: RelayLimits,
    counted: Mutex<BTreeMap<Origin, Counted>>,
}

#[derive(Debug)]
struct Counted {
    clients: usize,
    pace: Pace,
}

/// The address has as many connections as it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crowded;

impl Origins {
    pub(super) fn new(limits: &RelayLimits) -> Arc<Self> {
        Arc::new(Self {
            limits: *limits,
            counted: Mutex::default(),
        })
    }

    /// Counts a connection, until the result is dropped.
    pub(super) fn enter(
        self: &Arc<Self>,
        address: IpAddr,
        now: Instant,
    ) -> Result<Origined, Crowded> {
        let origin = Origin::of(address);
        let mut counted = self.counted();
        // Those who left owing are forgotten when they owe no more: there are never many more than clients.
        if counted.len() > self.limits.clients {
            counted.retain(|_origin, counted| counted.clients > 0 || !counted.pace.is_full(now));
        }
        let entry = counted.entry(origin).or_insert_with(|| Counted {
            clients: 0,
            pace: Pace::new(
                self.limits.burst.saturating_mul(ADDRESS),
                self.limits.rate.saturating_mul(ADDRESS),
                now,
            ),
        });
        if entry.clients >= self.limits.address_clients {
            return Err(Crowded);
        }
        entry.clients = entry.clients.saturating_add(1);
        drop(counted);
        Ok(Origined {
            origins: Arc::clone(self),
            origin,
            part: Pace::new(0, self.limits.rate.saturating_mul(ADDRESS), now),
        })
    }

    /// A panic elsewhere leaves the table as it was before or after one connection: both are sound.
    fn counted(&self) -> MutexGuard<'_, BTreeMap<Origin, Counted>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection of an address.
#[derive(Debug)]
pub(super) struct Origined {
    origins: Arc<Origins>,
    origin: Origin,
    /// The rate of the address, as this connection may use it while the address owes: a packet counts once for each connection,
    /// so all who send have the same part. It has no burst, which each new connection would bring along.
    part: Pace,
}

impl Origined {
    /// Pays for a packet from the address: how long to wait before the next.
    ///
    /// While the address owes, a connection waits for its part of the rate and no longer: a client that sends little
    /// must not pay for what its neighbours sent. All together still have the rate and no more.
    pub(super) fn pay(&mut self, length: usize, now: Instant) -> Duration {
        let mut counted = self.origins.counted();
        let Some(entry) = counted.get_mut(&self.origin) else {
            return Duration::ZERO;
        };
        let owed = entry.pace.pay(length, now);
        if owed.is_zero() {
            return owed;
        }
        owed.min(self.part.pay_times(entry.clients, length, now))
    }
}

impl Drop for Origined {
    fn drop(&mut self) {
        let mut counted = self.origins.counted();
        if let Some(entry) = counted.get_mut(&self.origin) {
            entry.clients = entry.clients.saturating_sub(1);
            if entry.clients == 0 && entry.pace.is_full(Instant::now()) {
                counted.remove(&self.origin);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{ADDRESS, Crowded, Origined, Origins};
    use crate::relay::RelayLimits;

    fn origins(address_clients: usize, clients: usize) -> Arc<Origins> {
        Origins::new(&RelayLimits {
            address_clients,
            clients,
            burst: 1_000,
            rate: 1_000,
            ..RelayLimits::default()
        })
    }

    fn enter(origins: &Arc<Origins>, address: &str) -> Result<Origined, Crowded> {
        origins.enter(address.parse::<IpAddr>().unwrap(), Instant::now())
    }

    #[test]
    fn an_address_has_so_many_connections_and_others_are_not_disturbed() {
        let origins = origins(2, 10);
        let first = enter(&origins, "192.0.2.1").unwrap();
        let _second = enter(&origins, "::ffff:192.0.2.1").unwrap();
        assert_eq!(enter(&origins, "192.0.2.1").unwrap_err(), Crowded);
        enter(&origins, "192.0.2.2").unwrap();
        drop(first);
        enter(&origins, "192.0.2.1").unwrap();
    }

    #[test]
    fn a_customers_ipv6_addresses_are_one() {
        let origins = origins(1, 10);
        let _first = enter(&origins, "2001:db8:0:1::1").unwrap();
        assert_eq!(
            enter(&origins, "2001:db8:0:1:ffff::2").unwrap_err(),
            Crowded
        );
        enter(&origins, "2001:db8:0:2::1").unwrap();
    }

    #[test]
    fn connections_of_an_address_share_a_pace_that_outlives_them() {
        let origins = origins(10, 10);
        let mut two = [(); 2].map(|()| enter(&origins, "192.0.2.1").unwrap());
        let now = Instant::now();
        for connection in &mut two {
            assert_eq!(
                connection.pay(1_000 * ADDRESS / 2 - 64, now),
                Duration::ZERO
            );
        }
        drop(two);
        let mut again = enter(&origins, "192.0.2.1").unwrap();
        assert!(again.pay(1_000, now) > Duration::ZERO);
        let mut other = enter(&origins, "192.0.2.2").unwrap();
        assert_eq!(other.pay(1_000, Instant::now()), Duration::ZERO);
    }

    #[test]
    fn who_sends_little_waits_for_its_part_and_not_for_what_others_owe() {
        let origins = origins(10, 10);
        let mut neighbours = [(); 9].map(|()| enter(&origins, "192.0.2.1").unwrap());
        let mut quiet = enter(&origins, "192.0.2.1").unwrap();
        let now = Instant::now();
        for neighbour in &mut neighbours {
            neighbour.pay(1_000 * ADDRESS, now);
        }
        // The address owes eight seconds. Of its 4,000 bytes a second each of the ten has 400.
        assert_eq!(quiet.pay(100 - 64, now), Duration::from_millis(250));
        // As long as the address owes less than one's part, that is all there is to wait for.
        let owed = neighbours[8].pay(1_000_000, now);
        assert!(owed < Duration::from_secs(300), "{owed:?}");
    }

    #[test]
    fn connections_that_wait_as_told_pass_no_more_than_the_rate_of_their_address() {
        const SECONDS: usize = 1_000;
        // As long as a packet may be, and without a byte: each counts 64 more.
        for length in [936, 0] {
            let origins = origins(10, 10);
            let start = Instant::now();
            let mut flooders = [(); 10].map(|()| {
                let origin = enter(&origins, "192.0.2.1").unwrap();
                (origin, start)
            });
            let mut sent = 0;
            let end = start + Duration::from_secs(1_000);
            while let Some((flooder, turn)) = flooders
                .iter_mut()
                .min_by_key(|(_, turn)| *turn)
                .filter(|(_, turn)| *turn < end)
            {
                sent += length + 64;
                *turn += flooder.pay(length, *turn);
            }
            // The burst, the rate, and for each a packet on credit and one more at the end.
            let most = 1_000 * ADDRESS * (SECONDS + 1) + 10 * 2 * (length + 64);
            assert!(sent <= most, "{sent} of {most}");
            assert!(sent > most / 2, "{sent} of {most}");
        }
    }

    #[test]
    fn who_left_and_owes_nothing_is_forgotten() {
        let origins = origins(10, 1);
        drop(enter(&origins, "192.0.2.1").unwrap());
        assert!(origins.counted().is_empty());
        let debtors = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
        for debtor in debtors {
            enter(&origins, debtor)
                .unwrap()
                .pay(100_000, Instant::now());
        }
        assert_eq!(origins.counted().len(), 3);
        let later = Instant::now() + Duration::from_secs(3_600);
        let _other = origins.enter("192.0.2.9".parse().unwrap(), later).unwrap();
        assert_eq!(origins.counted().len(), 1);
    }
}
