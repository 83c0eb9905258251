//! One measurement: a whole group, from fresh offers until every member has verified every confirmation.
//!
//! Long-term identities are made before the clock starts. Operations are counted in a run of their own, which is also
//! the one that warms the caches, so that counting costs no time that is reported. What is timed is repeated while it is
//! short, and the median is reported.

use std::time::Duration;

use anyhow::ensure;
use mpotr::inspect::gka::simulation::{Candidates, SimulationError, Traffic, form_group_of};
use mpotr::inspect::gka::{Established, Methods};
use mpotr::{CryptoSuite, IdentityKeyPair, SuiteId, SuiteVisitor, SystemRng};
use mpotr_crypto::counting::{Counted, Counts, count};

use super::series::Series;
use crate::clock::CpuClock;

/// A measurement is repeated until it has taken so long in all,
const ENOUGH: Duration = Duration::from_millis(200);
/// or so often. Odd, so that there is a run in the middle.
const MOST_RUNS: usize = 15;

/// What a group cost, all members together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// CPU time of all members.
    pub(super) cpu: Duration,
    /// Bytes that were sent.
    pub(super) traffic: Traffic,
    /// Operations in the group.
    pub(super) counts: Counts,
}

/// Measures a group of `members`.
///
/// # Errors
/// The backend is not there or cannot compute the suite; a run that failed, which an honest one never does.
pub(super) fn measure(series: Series, suite: SuiteId, members: usize) -> anyhow::Result<Cost> {
    let methods = Methods::new(series.agreement, series.authentication);
    series.backend.visit(suite, Measure { members, methods })?
}

struct Measure {
    members: usize,
    methods: Methods,
}

impl SuiteVisitor for Measure {
    type Output = anyhow::Result<Cost>;

    fn visit<S: CryptoSuite>(self) -> Self::Output {
        let identities = self.identities::<S>();
        let (formed, counts) = count(|| self.form::<Counted<S>>(identities));
        let (established, traffic) = formed?;
        ensure!(
            established.len() == self.members && agree(&established),
            "the members of a simulated group do not agree"
        );
        drop(established);

        let mut times = Vec::new();
        while times.len() < MOST_RUNS && times.iter().sum::<Duration>() < ENOUGH {
            times.push(self.time::<S>()?);
        }
        Ok(Cost {
            cpu: median(times),
            traffic,
            counts,
        })
    }
}

type Formed<S> = Result<(Vec<Established<S>>, Traffic), SimulationError>;

impl Measure {
    /// Long-lived: nobody makes one to enter a room.
    fn identities<S: CryptoSuite>(&self) -> Vec<IdentityKeyPair> {
        let mut rng = SystemRng::default();
        std::iter::repeat_with(|| IdentityKeyPair::random::<S>(&mut rng))
            .take(self.members)
            .collect()
    }

    fn form<S: CryptoSuite>(&self, identities: Vec<IdentityKeyPair>) -> Formed<S> {
        let mut rng = SystemRng::default();
        let candidates = Candidates::<S>::of(identities, &mut rng);
        form_group_of(candidates, self.methods, &mut rng)
    }

    fn time<S: CryptoSuite>(&self) -> Result<Duration, SimulationError> {
        let identities = self.identities::<S>();
        let clock = CpuClock::start();
        let formed = self.form::<S>(identities);
        let time = clock.stop();
        formed.map(|_established| time)
    }
}

/// Whether all members hold the same key of the same run.
fn agree<S: CryptoSuite>(established: &[Established<S>]) -> bool {
    established.windows(2).all(|pair| match pair {
        [one, other] => one.statement == other.statement && one.run.sid() == other.run.sid(),
        _ => false,
    })
}

/// The time in the middle; of an even number, the lower of the two there. Zero for none.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let middle = times.len().saturating_sub(1) / 2;
    times.get(middle).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mpotr::{AgreementId, AuthenticationId, SuiteId};

    use super::{Cost, measure, median};
    use crate::gka::series::Series;
    use crate::suite::default_backend;

    fn cost(agreement: AgreementId, authentication: AuthenticationId, members: usize) -> Cost {
        let series = Series {
            agreement,
            authentication,
            backend: default_backend(),
        };
        measure(series, SuiteId::ChaCha20Poly1305, members).unwrap()
    }

    #[test]
    fn operations_and_bytes_are_the_same_in_every_run_and_only_time_is_not() {
        for agreement in AgreementId::ALL {
            for authentication in AuthenticationId::ALL {
                let [one, other] = [(); 2].map(|()| cost(agreement, authentication, 5));
                assert_eq!(one.counts, other.counts);
                assert_eq!(one.traffic, other.traffic);
                assert!(one.cpu > Duration::ZERO && other.cpu > Duration::ZERO);
            }
        }
    }

    #[test]
    fn what_a_member_sends_grows_with_the_group_in_the_naive_methods_only() {
        let sent = |agreement, authentication, members| {
            let Cost { traffic, .. } = cost(agreement, authentication, members);
            assert!(traffic.by_one_member * members >= traffic.total);
            traffic.by_one_member
        };
        let (bd, pairwise) = (AgreementId::BurmesterDesmedt, AgreementId::Pairwise);
        let (proof, triple) = (AuthenticationId::GroupProof, AuthenticationId::TripleDh);
        assert_eq!(sent(bd, proof, 3), sent(bd, proof, 9));
        // At least a key for each further member, and at least a tag.
        assert!(sent(pairwise, proof, 9) >= sent(pairwise, proof, 3) + 6 * 32);
        assert!(sent(bd, triple, 9) >= sent(bd, triple, 3) + 6 * 16);
    }

    #[test]
    fn operations_are_as_many_as_the_methods_are_known_for() {
        let counts =
            |agreement, authentication, members| cost(agreement, authentication, members).counts;
        let (bd, pairwise) = (AgreementId::BurmesterDesmedt, AgreementId::Pairwise);
        let (proof, triple) = (AuthenticationId::GroupProof, AuthenticationId::TripleDh);
        for members in [4, 9] {
            let n = u64::try_from(members).unwrap();
            // A member's multiplications of secrets do not grow with the group.
            let efficient = counts(bd, proof, members);
            assert_eq!(efficient.multiplications % n, 0);
            assert!(efficient.multiplications <= 6 * n, "{efficient:?}");
            // The key takes about 2 (N - 1) additions of each member.
            assert!(efficient.additions >= 2 * n * (n - 1), "{efficient:?}");
            // Three Diffie-Hellman values for each peer.
            let tags = counts(bd, triple, members);
            assert!(tags.multiplications >= 3 * n * (n - 1), "{tags:?}");
            // One for each other member.
            let naive = counts(pairwise, proof, members);
            assert!(naive.multiplications >= n * (n - 1), "{naive:?}");
        }
    }

    #[test]
    fn the_median_is_a_run_that_took_place() {
        let times = |millis: &[u64]| millis.iter().copied().map(Duration::from_millis).collect();
        assert_eq!(median(times(&[9, 1, 5])), Duration::from_millis(5));
        assert_eq!(median(times(&[9, 1])), Duration::from_millis(1));
        assert_eq!(median(Vec::new()), Duration::ZERO);
    }
}
