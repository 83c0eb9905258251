//! Parties, network and clock together, one step after another, checked after each.
//!
//! | file | what |
//! |---|---|
//! | `acting` | what members do, and what befalls them |
//! | `clock` | time passes |
//! | `medium` | the network between the parties |
//! | `watching` | what comes out of a party is noted and checked |

mod acting;
mod clock;
mod medium;
mod watching;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mpotr_core::crypto::{IdentityKeyPair, UnsupportedSuite};
use mpotr_core::{Admission, Carrier, Duration, RoomConfig, Timestamp};
use mpotr_netem::{Line, Network};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::cast::{Cast, Entrance};
use crate::claim::Awaited;
use crate::digests::Digests;
use crate::insider::InsiderKind;
use crate::invariant::{Breach, Watch};
use crate::ledger::{Asked, Ledger, Person};
use crate::measures::Traffic;
use crate::party::{Party, Seat};
use crate::script::{Role, Script};
use crate::trace::Trace;

/// After so many breaches of what always must hold a run ends: what follows is noise. Of what is watched as many are kept.
const MAX_BREACHES: usize = 8;

/// A seat in the channel, and the party that sits there.
struct Place {
    party: Box<dyn Party>,
    role: Role,
    identity: IdentityKeyPair,
    cast: Cast,
    /// When its party wants to be woken.
    wake: Option<Timestamp>,
    /// When its line is free for what the party may have to send.
    free: Option<Timestamp>,
    /// How many views the change has entered that its party is in.
    views: Option<u32>,
}

/// Parties, network and clock.
pub struct World {
    casts: Vec<Cast>,
    config: RoomConfig,
    places: Vec<Place>,
    network: Network<Seat, Rc<[u8]>>,
    /// The line of every party; each is then polled only while that is free.
    line: Option<Line>,
    round_trips: [Duration; 2],
    merges: bool,
    text_bytes: usize,
    now: Timestamp,
    rng: ChaCha20Rng,
    pub(crate) ledger: Ledger,
    pub(crate) trace: Trace,
    pub(crate) digests: Option<Digests>,
    pub(crate) breaches: Vec<Breach>,
    pub(crate) awaited: Vec<Awaited>,
    /// Texts that honest members took.
    pub(crate) messages: u64,
    pub(crate) traffic: Traffic,
    /// Packets of each honest member, while they are counted.
    pub(crate) said: Option<BTreeMap<Seat, u64>>,
    /// Whether the network has healed at the end.
    pub(crate) is_over: bool,
    /// When the first outsider entered.
    haunted_from: Option<Timestamp>,
    is_leaving: bool,
    /// Since when the network is parted or blocked.
    cut_from: Option<Timestamp>,
}

impl World {
    /// An empty channel with the network and settings of a script.
    #[must_use]
    pub fn new(casts: &[Cast], script: &Script, seed: u64, trace: Trace) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let network = Network::new(script.weather, rng.next_u64());
        let room = casts.first().map(|cast| (cast.room_id)("simulation"));
        let admission = if script.is_wary {
            Admission::Ask(BTreeSet::new())
        } else {
            Admission::Open
        };
        let room = room.unwrap_or(mpotr_core::gka::RoomId::new([0; 32]));
        let mut config = RoomConfig::new(room, admission);
        config.timers = script.timers;
        config.carrier = script.carrier;
        config.policy = script.policy.clone();
        config.refresh_messages = script.refresh_messages;
        let is_member = |role: &&Role| !matches!(role, Role::Outsider(_) | Role::Bystander);
        let members = script.first.iter().filter(is_member).count();
        config.members = script.wait_for_all.then_some(members);
        let mut ledger = Ledger::watching(script.watched.clone());
        ledger.is_wary = script.is_wary;
        Self {
            casts: casts.to_vec(),
            config,
            places: Vec::new(),
            network,
            line: script.line,
            round_trips: [script.round_trip(), script.slowest_round_trip()],
            merges: script.merges,
            text_bytes: script.text_bytes,
            now: Timestamp::default(),
            rng,
            ledger,
            trace,
            digests: None,
            breaches: Vec::new(),
            awaited: Vec::new(),
            messages: 0,
            traffic: Traffic::default(),
            said: None,
            is_over: false,
            haunted_from: None,
            is_leaving: false,
            cut_from: None,
        }
    }

    /// Virtual time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether so much is broken that the run ends.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        let always = |breach: &&Breach| !Watch::is_name(breach.invariant);
        self.breaches.iter().filter(always).count() >= MAX_BREACHES
    }

    /// Newcomers wait for nobody: the room has begun without them.
    pub(crate) const fn open_doors(&mut self) {
        self.config.members = None;
    }

    /// A party enters.
    ///
    /// # Errors
    /// The backend cannot compute the suite on this machine.
    pub fn enter(&mut self, role: Role) -> Result<(), UnsupportedSuite> {
        let turn = self.places.len().checked_rem(self.casts.len());
        let Some(cast) = turn.and_then(|turn| self.casts.get(turn)).copied() else {
            return Ok(());
        };
        let identity = (cast.identity)(&mut self.rng);
        self.sit_down(cast, role, identity)
    }

    /// A person that died enters again.
    ///
    /// # Errors
    /// The backend cannot compute the suite on this machine.
    pub fn come_back(&mut self, seat: Seat) -> Result<(), UnsupportedSuite> {
        let is_dead = self.ledger.person(seat).is_some_and(|p| !p.is_alive);
        let Some(place) = self.places.get(seat.0).filter(|_| is_dead) else {
            return Ok(());
        };
        let (cast, role) = (place.cast, place.role);
        match (cast.copy)(&place.identity) {
            Some(identity) => self.sit_down(cast, role, identity),
            None => Ok(()),
        }
    }

    fn sit_down(
        &mut self,
        cast: Cast,
        role: Role,
        identity: IdentityKeyPair,
    ) -> Result<(), UnsupportedSuite> {
        let seat = Seat(self.places.len());
        let Some(own) = (cast.copy)(&identity) else {
            return Ok(());
        };
        let public = identity.public();
        let mut config = self.config.clone();
        if matches!(role, Role::Insider(_)) {
            // It looks at each packet of its room by itself.
            config.carrier = Carrier::RELAY;
        }
        let entrance = Entrance {
            role,
            config,
            identity: own,
            now: self.now,
            seed: self.rng.next_u64(),
        };
        let party = (cast.enter)(entrance)?;
        self.places.push(Place {
            party,
            role,
            identity,
            cast,
            wake: None,
            free: None,
            views: None,
        });
        if matches!(role, Role::Outsider(_) | Role::Bystander) {
            self.haunted_from.get_or_insert(self.now);
        } else if let Some(line) = self.line {
            self.network.set_line(self.now.as_millis(), seat, line);
        }
        self.ledger.now = self.now;
        if role == Role::Honest {
            self.ledger.ask(Asked::Enter(public));
        }
        self.ledger.somebody_equivocates |=
            matches!(role, Role::Insider(kind) if kind.equivocates());
        if role == Role::Insider(InsiderKind::Hops) {
            self.ledger.hopping.insert(public);
        }
        let policy = self.config.policy.clone();
        let is_honest = role == Role::Honest;
        self.ledger
            .people
            .push(Person::enters(public, policy, is_honest));
        let name = public.to_string();
        let name = name.get(..8).unwrap_or(&name);
        self.trace
            .note(self.now, seat, format_args!("enters as {name}: {role:?}"));
        self.collect(seat);
        Ok(())
    }

    pub(crate) fn breach(&mut self, invariant: &'static str, what: String) {
        self.note_breach(Breach {
            invariant,
            at: self.now,
            what,
        });
    }

    /// Keeps a breach, unless enough of its kind are kept.
    fn note_breach(&mut self, breach: Breach) {
        self.trace
            .note(self.now, "", format_args!("BROKEN: {breach}"));
        let kind = breach.invariant;
        let alike = self.breaches.iter().filter(|it| it.invariant == kind);
        if !Watch::is_name(kind) || alike.count() < MAX_BREACHES {
            self.breaches.push(breach);
        }
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("now", &self.now)
            .field("seats", &self.places.len())
            .finish_non_exhaustive()
    }
}
