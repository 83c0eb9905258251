//! What happens in a run.

use std::collections::BTreeSet;

use mpotr_core::{Carrier, Duration, Policy, Rekey, Timers};

use crate::claim::Claim;
use crate::insider::InsiderKind;
use crate::invariant::Watch;
use crate::outsider::OutsiderKind;
use crate::party::Seat;
use crate::profile::Profile;
use mpotr_netem::{Line, Weather};

/// What kind of party enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A room, as it is.
    Honest,
    /// A member that deviates.
    Insider(InsiderKind),
    /// Not a member: it knows the name of the room, hears all packets and sends its own.
    Outsider(OutsiderKind),
    /// Not a member, and silent: it sits where an outsider would, so that a run can be compared with one without it.
    Bystander,
}

/// One thing that happens. It is skipped if the member that should do it is dead or has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Time passes.
    Wait(Duration),
    /// Time passes until all honest members are in one room; a breach if that takes longer than [`bound`](crate::bound).
    Gather,
    /// Time passes until all honest members are in one room, or until they would have to be: none is promised.
    Try,
    /// A party enters, and takes the next seat.
    Enter(Role),
    /// A person that died enters again with the same identity and nothing else, and takes the next seat.
    Return(Seat),
    /// A member writes a text.
    Say(Seat),
    /// Some honest member that stays, drawn by the seed, writes a text.
    SomebodySays,
    /// A member asks for fresh keys.
    Refresh(Seat),
    /// A member asks that another be left out.
    Exclude {
        /// Who asks.
        by: Seat,
        /// Who is to be left out.
        whom: Seat,
    },
    /// A member asks that another be let in.
    Admit {
        /// Who asks.
        by: Seat,
        /// Who is to be let in.
        whom: Seat,
    },
    /// A member leaves in order.
    Leave(Seat),
    /// A member dies: nothing reaches it, nothing comes from it, and what it knew is lost.
    Kill(Seat),
    /// From now on nothing passes between these and the others.
    Part(Vec<Seat>),
    /// From now on nothing passes from some to others; the other way it does.
    Block {
        /// The senders.
        from: Vec<Seat>,
        /// The receivers that they no longer reach.
        to: Vec<Seat>,
    },
    /// All reach all.
    Heal,
    /// Time passes until a claim holds; a breach if that takes longer.
    Await {
        /// The claim.
        claim: Claim,
        /// How long at most.
        within: Duration,
    },
    /// The weather changes.
    Weather(Weather),
    /// A member gets another line to the network.
    Line(Seat, Line),
}

/// A run from its beginning to the point from which everything must become well again.
#[derive(Clone, Debug)]
pub struct Script {
    /// Who is there first.
    pub first: Vec<Role>,
    /// Whether they wait for one another, or begin with those who have gathered.
    pub wait_for_all: bool,
    /// The timers of all members.
    pub timers: Timers,
    /// The policy of all members.
    pub policy: Policy,
    /// Messages after which an epoch gets fresh keys.
    pub refresh_messages: usize,
    /// The weather at first.
    pub weather: Weather,
    /// What happens.
    pub steps: Vec<Step>,
    /// The weather at the end, without losses if all must become well.
    pub weather_at_last: Weather,
    /// The line that every party has to the network. A room on one is polled only while that is free.
    pub line: Option<Line>,
    /// What the rooms know of what carries their packets.
    pub carrier: Carrier,
    /// The length that texts are filled up to, in bytes.
    pub text_bytes: usize,
    /// Whether people vote to become one with every other room that they are told of.
    pub merges: bool,
    /// Whether people admit those alone whom they know, one by one: the honest. Otherwise they let in who comes.
    pub is_wary: bool,
    /// Whether insiders die before the end: for scenarios about what they do, not about what they hinder.
    pub insiders_stop: bool,
    /// Whether members may end up apart by what people ask for: then they need not become one room at the end.
    pub splits: bool,
    /// What must hold besides what always must.
    pub watched: BTreeSet<Watch>,
}

impl Script {
    /// So many honest members who wait for one another, under the timers and the policy that rooms have by default.
    #[must_use]
    pub fn of(members: usize, weather: Weather) -> Self {
        Self {
            first: vec![Role::Honest; members],
            wait_for_all: true,
            timers: Timers::RELAY,
            policy: Policy::default(),
            refresh_messages: 100,
            weather,
            steps: Vec::new(),
            weather_at_last: weather,
            line: None,
            carrier: Carrier::RELAY,
            text_bytes: 0,
            merges: true,
            is_wary: false,
            insiders_stop: false,
            splits: false,
            watched: BTreeSet::new(),
        }
    }

    /// All that can be watched must hold.
    pub fn watch_all(&mut self) {
        self.watched = Watch::ALL.into();
    }

    /// What is written to many at once: a text every so many milliseconds, for so many seconds.
    pub fn talk(&mut self, secs: u64, every_ms: u64) {
        let texts = secs.saturating_mul(1000).checked_div(every_ms).unwrap_or(0);
        for _ in 0..texts {
            self.steps.push(Step::SomebodySays);
            self.wait(every_ms);
        }
    }

    /// How long a packet takes and its answer: twice the mean latency.
    #[must_use]
    pub const fn round_trip(&self) -> Duration {
        let Weather {
            latency_ms,
            jitter_ms,
            ..
        } = self.weather;
        Duration::from_millis(latency_ms.saturating_mul(2).saturating_add(jitter_ms))
    }

    /// How long a packet and its answer take at most in the worst weather.
    #[must_use]
    pub fn slowest_round_trip(&self) -> Duration {
        let mut later = Vec::new();
        for step in &self.steps {
            if let Step::Weather(weather) = step {
                later.push(weather);
            }
        }
        let all = later
            .into_iter()
            .chain([&self.weather, &self.weather_at_last]);
        let slowest = all
            .map(|it| it.latency_ms.saturating_add(it.jitter_ms))
            .max();
        Duration::from_millis(slowest.unwrap_or(0).saturating_mul(2))
    }

    /// Whether an outsider enters.
    pub(crate) fn has_outsiders(&self) -> bool {
        let is_outsider = |role: &Role| matches!(role, Role::Outsider(_));
        let enters = |step: &Step| matches!(step, Step::Enter(role) if is_outsider(role));
        self.first.iter().any(is_outsider) || self.steps.iter().any(enters)
    }

    /// The same with silent outsiders.
    pub(crate) fn without_outsiders(&self) -> Self {
        let mut script = self.clone();
        let entering = script.steps.iter_mut().filter_map(|step| {
            let Step::Enter(role) = step else {
                return None;
            };
            Some(role)
        });
        for role in script.first.iter_mut().chain(entering) {
            if let Role::Outsider(_) = role {
                *role = Role::Bystander;
            }
        }
        script
    }

    /// A claim must come to hold within so many seconds.
    pub fn promise(&mut self, claim: Claim, within_secs: u64) {
        let within = Duration::from_secs(within_secs);
        self.steps.push(Step::Await { claim, within });
    }

    /// Lets time pass.
    pub fn wait(&mut self, millis: u64) {
        self.steps.push(Step::Wait(Duration::from_millis(millis)));
    }
}

/// What a person asked for; a scenario has values of its own for the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Members at first.
    pub members: Option<usize>,
    /// Texts in all.
    pub messages: Option<usize>,
    /// Of a thousand copies, so many are lost.
    pub loss_permille: Option<u64>,
    /// Of a thousand packets, so many arrive twice.
    pub duplicate_permille: Option<u64>,
    /// Whether copies overtake one another.
    pub reorder: bool,
    /// How long a copy takes, in milliseconds.
    pub latency_ms: Option<u64>,
    /// Newcomers.
    pub joins: Option<usize>,
    /// Members that leave.
    pub leaves: Option<usize>,
    /// Insiders, where the scenario is about a kind of them.
    pub insiders: Option<usize>,
    /// The carrier.
    pub profile: Option<Profile>,
    /// Bytes that a member's line takes in a second.
    pub rate: Option<u64>,
    /// Bytes that a member's line takes at once after a time of silence.
    pub burst: Option<u64>,
    /// A packet takes as much of a member's line as the next multiple of so many bytes.
    pub unit: Option<u64>,
    /// Whether random faults come on top of what the scenario has.
    pub faults: bool,
    /// By which runs members change their keys.
    pub rekey: Option<Rekey>,
}

impl Wanted {
    /// The weather that was asked for, where this is a scenario's own.
    #[must_use]
    pub fn weather(&self, own: Weather) -> Weather {
        let own = self.profile.map_or(own, |profile| profile.weather(own));
        let latency = self.latency_ms.unwrap_or(own.latency_ms);
        let reorders = if self.reorder { latency } else { 0 };
        let mut weather = own
            .latency(latency)
            .jitter(own.jitter_ms.max(reorders))
            .loss(self.loss_permille.unwrap_or(own.loss_permille))
            .duplicate(self.duplicate_permille.unwrap_or(own.duplicate_permille));
        weather.is_in_order &= !self.reorder;
        weather
    }

    /// The line that was asked for, where this is a scenario's own.
    #[must_use]
    pub fn line(&self, own: Option<Line>) -> Option<Line> {
        let own = self.profile.map_or(own, Profile::line);
        if (self.rate, self.burst, self.unit) == (None, None, None) {
            return own;
        }
        let mut line = own.unwrap_or_default();
        line.rate = self.rate.or(line.rate);
        line.burst = self.burst.unwrap_or(line.burst);
        Some(line.unit(self.unit.unwrap_or(line.unit)))
    }

    /// What the rooms know of the carrier that was asked for, on such a line: packets share what it counts by.
    #[must_use]
    pub fn carrier(&self, line: Option<Line>) -> Carrier {
        let own = self.profile.map_or(Carrier::RELAY, Profile::carrier);
        let unit = line.filter(|line| line.unit > 1).map(|line| line.unit);
        let unit = unit.and_then(|unit| usize::try_from(unit).ok());
        Carrier {
            unit: unit.or(own.unit),
            ..own
        }
    }
}
