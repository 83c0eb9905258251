//! What the application decides about a room.

use std::collections::BTreeSet;

use mpotr_crypto::IdentityKey;
use mpotr_gka::RoomId;

use crate::carrier::Carrier;
use crate::policy::{Policy, PolicyError};
use crate::time::{Duration, part};

/// Whom this member is willing to be in a roster with. Checked before any proof of identity leaves. There is no default:
/// an application that says nothing must not let all the world in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// These identities and no others, besides this member. The first epoch that this member enters has all of them, so
    /// that no text leaves before they are all in. [`Room::admit`](crate::Room::admit) adds none.
    Only(BTreeSet<IdentityKey>),
    /// These identities; an event tells of every other one that is heard of, and [`Room::admit`](crate::Room::admit)
    /// adds it. With nobody listed, the application is asked about everyone.
    Ask(BTreeSet<IdentityKey>),
    /// Anyone. Who is who is then for people to compare, by fingerprint.
    Open,
}

impl Admission {
    pub(crate) fn admits(&self, identity: &IdentityKey) -> bool {
        match self {
            Self::Only(identities) | Self::Ask(identities) => identities.contains(identity),
            Self::Open => true,
        }
    }

    /// Whether one whom it does not admit yet may be admitted later.
    pub(crate) const fn asks(&self) -> bool {
        matches!(self, Self::Ask(_))
    }
}

/// How long things take at least (`docs/spec/06-epochs.md`, "Timers"): a room measures how long a word and its answer take,
/// and each of its timers is so many times as long, but no shorter than this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    /// How long a word and its answer are taken to need until that is measured.
    pub round_trip: Duration,
    /// Quiet after the last new offer before a proposal; at most four times as long in all.
    pub gather: Duration,
    /// Between two publications of an offer that all have heard and no run has used; until all have, it is published more
    /// often.
    pub advertise: Duration,
    /// Between one candidate for proposer and the next.
    pub propose: Duration,
    /// A whole view, from proposal to epoch.
    pub view: Duration,
    /// Before an unanswered packet is sent again, of a run after four round trips at least: who lacks it has asked for it
    /// by then. It doubles each time, up to eight times as long.
    pub retry: Duration,
    /// Before a quiet acknowledgement.
    pub acknowledge: Duration,
    /// Before a statement that only reports a longer order.
    pub lock: Duration,
    /// Before those are asked to state again what they have seen whose acknowledgement is missing; doubles each time, up to
    /// eight times as long.
    pub query: Duration,
    /// How long a delivered message may be not final before [`Event::Unsettled`](crate::Event::Unsettled).
    pub leeway: Duration,
    /// In a change: how long a member may say nothing before it is left out.
    pub suspect: Duration,
    /// Between signs of life in a quiet room. Who gives none for two and a half is left out in a change.
    pub heartbeat: Duration,
    /// How long a text may go unacknowledged before a change is asked for, in which who is silent is left out.
    pub silent: Duration,
    /// How long a member that others have gone on without waits before it asks to be let in again.
    pub adopt: Duration,
    /// Age at which an epoch is replaced by one with fresh keys.
    pub refresh: Duration,
    /// Age from which on nothing more is written or read in an epoch, and its message keys are erased.
    pub expire: Duration,
    /// How long what is left of an epoch answers those who are behind.
    pub drain: Duration,
    /// How long a member that leaves waits for the others.
    pub finish: Duration,
    /// How long a member that could leave waits for the others to leave too, so that all end together and may publish what
    /// signed for them.
    pub linger: Duration,
}

/// A gathering lasts for this many times `gather` at most.
const MOST_GATHERS: u32 = 4;
/// An offer that was not heard for as many times `advertise` is not there.
const MOST_ADVERTISES: u32 = 3;

/// A round trip counts for this part of what it is taken for at first, or more.
const SHORTEST_ROUND_TRIP: u32 = 10;

/// So many round trips pass before a packet of a run is sent again unasked.
const REPEATED_AFTER: u32 = 4;

/// Clocks here count milliseconds: what waited for less than one would be due at once, and for ever.
const LEAST_ROUND_TRIP: Duration = Duration::from_millis(1);

/// Timers are so many of these parts of a round trip.
const PARTS_OF_ROUND_TRIP: u32 = 2;

impl Timers {
    /// The timers of a room where a word and its answer take so long: none is shorter than here. What takes a whole view, or
    /// a turn to propose, doubles so many times.
    pub(crate) fn at_pace(&self, round_trip: Duration, doublings: u32) -> Self {
        let halves = |floor: Duration, halves: u32| {
            let paced = part(round_trip.saturating_mul(halves), PARTS_OF_ROUND_TRIP);
            paced.max(floor)
        };
        let slowed = |floor: Duration, parts: u32| {
            let times = 2_u32.saturating_pow(doublings);
            halves(floor, parts).saturating_mul(times)
        };
        Self {
            round_trip: round_trip
                .max(part(self.round_trip, SHORTEST_ROUND_TRIP))
                .max(LEAST_ROUND_TRIP),
            gather: slowed(self.gather, 3),
            advertise: halves(self.advertise, 40),
            propose: slowed(self.propose, 6),
            view: slowed(self.view, 32),
            retry: halves(self.retry, 3),
            acknowledge: halves(self.acknowledge, 1),
            lock: halves(self.lock, 1),
            query: halves(self.query, 6),
            leeway: halves(self.leeway, 24),
            suspect: halves(self.suspect, 8),
            heartbeat: halves(self.heartbeat, 120),
            silent: halves(self.silent, 40),
            adopt: halves(self.adopt, 32),
            refresh: halves(self.refresh, 120),
            expire: halves(self.expire, 360),
            drain: halves(self.drain, 32),
            finish: halves(self.finish, 24),
            linger: halves(self.linger, 1),
        }
    }

    /// When a packet of a run is sent again unasked: long after those who lack it have asked for it.
    pub(crate) fn repetition(&self) -> Duration {
        let questions = self.round_trip.saturating_mul(REPEATED_AFTER);
        questions.max(self.retry)
    }

    /// How long a view waits for its proposal: until who is silent may be left out of it, and as long again as offers are
    /// waited for, for it to arrive.
    pub(crate) const fn proposal(&self) -> Duration {
        self.suspect.saturating_add(self.gather)
    }

    /// How long offers are gathered at most, however many come.
    pub(crate) const fn gathering(&self) -> Duration {
        self.gather.saturating_mul(MOST_GATHERS)
    }

    /// How long an offer counts after it was heard.
    pub(crate) const fn fresh(&self) -> Duration {
        self.advertise.saturating_mul(MOST_ADVERTISES)
    }

    /// How long those who would come in by a run have to take part in it: for an answer, and for what is lost once.
    pub(crate) const fn newcomer(&self) -> Duration {
        let repeated = self.retry.saturating_mul(2);
        self.gathering().saturating_add(repeated)
    }

    /// How long an answer takes: a repetition, and a quiet acknowledgement.
    pub(crate) fn patience(&self) -> Duration {
        self.retry
            .saturating_add(self.acknowledge.saturating_mul(2))
    }

    /// For a relay across the internet.
    pub const RELAY: Self = Self {
        round_trip: Duration::from_millis(200),
        gather: Duration::from_millis(100),
        advertise: Duration::from_secs(10),
        propose: Duration::from_millis(500),
        view: Duration::from_secs(4),
        retry: Duration::from_secs(1),
        acknowledge: Duration::from_secs(1),
        lock: Duration::from_secs(1),
        query: Duration::from_secs(3),
        leeway: Duration::from_secs(10),
        suspect: Duration::from_secs(15),
        heartbeat: Duration::from_secs(60),
        silent: Duration::from_secs(60),
        adopt: Duration::from_secs(10),
        refresh: Duration::from_secs(600),
        expire: Duration::from_secs(1800),
        drain: Duration::from_secs(60),
        finish: Duration::from_secs(10),
        linger: Duration::from_secs(1),
    };

    /// For members in one machine or one rack.
    pub const LOOPBACK: Self = Self {
        round_trip: Duration::from_millis(20),
        gather: Duration::from_millis(60),
        advertise: Duration::from_secs(1),
        propose: Duration::from_millis(500),
        view: Duration::from_secs(20),
        retry: Duration::from_secs(2),
        acknowledge: Duration::from_millis(30),
        lock: Duration::from_millis(30),
        query: Duration::from_secs(2),
        leeway: Duration::from_secs(5),
        suspect: Duration::from_secs(20),
        heartbeat: Duration::from_secs(60),
        silent: Duration::from_secs(60),
        adopt: Duration::from_secs(20),
        refresh: Duration::from_secs(600),
        expire: Duration::from_secs(1800),
        drain: Duration::from_secs(10),
        finish: Duration::from_secs(20),
        linger: Duration::from_millis(100),
    };
}

/// What the application decides about a room.
#[derive(Clone, Debug)]
pub struct RoomConfig {
    /// The channel.
    pub room: RoomId,
    /// What all members must hold in common.
    pub policy: Policy,
    /// Whether this member, as a newcomer to an epoch that exists, takes part under whatever policy it has.
    pub follow_policy: bool,
    /// Whom this member is willing to talk with.
    pub admission: Admission,
    /// Members that the first epoch must have, this one included; without it, all of [`Admission::Only`], else those who
    /// have gathered, two or more.
    pub members: Option<usize>,
    /// Messages after which an epoch is replaced by one with fresh keys.
    pub refresh_messages: usize,
    /// How many delivered messages may be not final before [`Event::Unsettled`](crate::Event::Unsettled).
    pub leeway: usize,
    /// Whether this member votes to leave out a member that is proven to have cheated, as soon as it has the proof.
    pub exclude_cheats: bool,
    /// Whether [`Room::poll_record`](crate::Room::poll_record) hands out what a transcript is made of.
    pub record: bool,
    /// How long things take.
    pub timers: Timers,
    /// What carries the packets.
    pub carrier: Carrier,
}

impl RoomConfig {
    /// A room with the defaults, for those whom `admission` lets in.
    #[must_use]
    pub fn new(room: RoomId, admission: Admission) -> Self {
        Self {
            room,
            policy: Policy::default(),
            follow_policy: false,
            admission,
            members: None,
            refresh_messages: 100,
            leeway: 512,
            exclude_cheats: true,
            record: false,
            timers: Timers::RELAY,
            carrier: Carrier::RELAY,
        }
    }

    /// Whether a room with this configuration can come about, as far as it says by itself.
    ///
    /// # Errors
    /// Nobody would read its policy, or a rule asks for the votes of more members than the first epoch is to have.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.policy.check()?;
        let members = self.members.unwrap_or(usize::MAX);
        self.policy.check_size(members)
    }
}

#[cfg(test)]
mod tests {
    use super::Timers;
    use crate::time::Duration;

    /// All timers, and the name of each.
    fn named(timers: &Timers) -> [(&'static str, Duration); 18] {
        let Timers {
            round_trip: _,
            gather,
            advertise,
            propose,
            view,
            retry,
            acknowledge,
            lock,
            query,
            leeway,
            suspect,
            heartbeat,
            silent,
            adopt,
            refresh,
            expire,
            drain,
            finish,
            linger,
        } = *timers;
        [
            ("gather", gather),
            ("advertise", advertise),
            ("propose", propose),
            ("view", view),
            ("retry", retry),
            ("acknowledge", acknowledge),
            ("lock", lock),
            ("query", query),
            ("leeway", leeway),
            ("suspect", suspect),
            ("adopt", adopt),
            ("heartbeat", heartbeat),
            ("silent", silent),
            ("refresh", refresh),
            ("expire", expire),
            ("drain", drain),
            ("finish", finish),
            ("linger", linger),
        ]
    }

    /// A duration as the specification writes it.
    fn written(duration: Duration) -> String {
        let millis = duration.as_millis();
        match (millis % 1000, millis / 1000) {
            (0, secs) if secs >= 600 => format!("{} min", secs / 60),
            (0, secs) => format!("{secs} s"),
            _ => format!("{millis} ms"),
        }
    }

    #[test]
    fn the_timers_are_those_of_the_specification() {
        let slow = Duration::from_secs(100_000);
        let paced = named(&Timers::RELAY.at_pace(slow, 0));
        let floors = named(&Timers::RELAY)
            .into_iter()
            .zip(named(&Timers::LOOPBACK));
        let rows = paced
            .into_iter()
            .zip(floors)
            .map(|((name, paced), (relay, loopback))| {
                let tenths = paced.as_secs() / 10_000;
                let times = match tenths % 10 {
                    0 => format!("{}", tenths / 10),
                    tenth => format!("{}.{tenth}", tenths / 10),
                };
                let [relay, loopback] = [relay.1, loopback.1].map(written);
                format!("| `{name}` | {times} | {relay} | {loopback} | ")
            });
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/06-epochs.md");
        let spec = std::fs::read_to_string(path).unwrap();
        let (_, spec) = spec.split_once("\n## Timers\n").unwrap();
        let table = spec.lines().filter(|line| line.starts_with("| `"));
        let table: Vec<_> = table.collect();
        for (row, line) in rows.zip(&table) {
            assert!(line.starts_with(&row), "{line}, and not {row}");
        }
        assert_eq!(table.len(), paced.len());
    }

    #[test]
    fn what_takes_a_view_or_a_turn_doubles_and_nothing_else_does() {
        let once = named(&Timers::RELAY);
        let twice = named(&Timers::RELAY.at_pace(Duration::ZERO, 1));
        let doubled = once.iter().zip(&twice).filter(|(one, two)| one.1 != two.1);
        let doubled: Vec<_> = doubled.map(|(one, _)| one.0).collect();
        assert_eq!(doubled, ["gather", "propose", "view"]);
    }

    #[test]
    fn a_round_trip_takes_time() {
        let hasty = Timers {
            round_trip: Duration::from_millis(9),
            ..Timers::LOOPBACK
        };
        let paced = hasty.at_pace(Duration::ZERO, 0);
        assert!(paced.round_trip >= Duration::from_millis(1));
    }
}
