//! What happens in a run.

use mpotr_core::{Duration, Policy, Timers};

use crate::claim::Claim;
use crate::insider::InsiderKind;
use crate::party::Seat;
use mpotr_netem::{Line, Weather};

/// What kind of party enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A room, as it is.
    Honest,
    /// A member that deviates.
    Insider(InsiderKind),
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
        }
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
}

impl Wanted {
    /// The weather that was asked for, where this is a scenario's own.
    #[must_use]
    pub fn weather(&self, own: Weather) -> Weather {
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
}
