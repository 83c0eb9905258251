//! Parties, network and clock together, one step after another, checked after each.

use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::crypto::{IdentityKeyPair, UnsupportedSuite};
use mpotr_core::wire::{EpochHint, Packet, SEALED_PREFIX, SidHint};
use mpotr_core::{Admission, Duration, Event, RoomConfig, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::cast::{Cast, Entrance};
use crate::claim::{Awaited, Claim};
use crate::digests::Digests;
use crate::healing;
use crate::invariant::{self, Breach, Seen};
use crate::ledger::{Ledger, Person};
use crate::network::Network;
use crate::party::{Act, Party, Seat};
use crate::script::{Role, Script};
use crate::trace::Trace;
use crate::weather::{Weather, below};

/// After so many breaches a run ends: what follows is noise.
const MAX_BREACHES: usize = 8;

/// How often it is looked whether a claim holds.
const LOOK: Duration = Duration::from_millis(100);

/// A seat in the channel, and whoever sits there.
struct Place {
    party: Box<dyn Party>,
    role: Role,
    identity: IdentityKeyPair,
    cast: Cast,
    /// When its party wants to be woken.
    wake: Option<Timestamp>,
}

/// Parties, network and clock.
pub struct World {
    casts: Vec<Cast>,
    config: RoomConfig,
    places: Vec<Place>,
    network: Network,
    now: Timestamp,
    rng: ChaCha20Rng,
    pub(crate) ledger: Ledger,
    pub(crate) trace: Trace,
    pub(crate) digests: Option<Digests>,
    pub(crate) breaches: Vec<Breach>,
    pub(crate) awaited: Vec<Awaited>,
    /// Texts that honest members took.
    pub(crate) messages: u64,
}

impl World {
    /// An empty channel with the network and settings of a script.
    #[must_use]
    pub fn new(casts: &[Cast], script: &Script, seed: u64, trace: Trace) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let network = Network::new(script.weather, ChaCha20Rng::seed_from_u64(rng.next_u64()));
        let room = casts.first().map(|cast| (cast.room_id)("simulation"));
        let mut config = RoomConfig::new(
            room.unwrap_or(mpotr_core::gka::RoomId::new([0; 32])),
            Admission::Open,
        );
        config.timers = script.timers;
        config.policy = script.policy.clone();
        config.refresh_messages = script.refresh_messages;
        config.members = script.wait_for_all.then_some(script.first.len());
        Self {
            casts: casts.to_vec(),
            config,
            places: Vec::new(),
            network,
            now: Timestamp::default(),
            rng,
            ledger: Ledger::default(),
            trace,
            digests: None,
            breaches: Vec::new(),
            awaited: Vec::new(),
            messages: 0,
        }
    }

    /// Virtual time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether it makes no sense to go on.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.breaches.len() >= MAX_BREACHES
    }

    /// Whoever comes later waits for nobody.
    pub(crate) const fn open_doors(&mut self) {
        self.config.members = None;
    }

    /// Somebody enters.
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

    /// Somebody who died enters again.
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
        let entrance = Entrance {
            role,
            config: self.config.clone(),
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
        });
        self.ledger.somebody_equivocates |=
            matches!(role, Role::Insider(kind) if kind.equivocates());
        self.ledger.people.push(Person {
            identity: public,
            policy: self.config.policy.clone(),
            is_honest: role == Role::Honest,
            is_alive: true,
            is_leaving: false,
            has_left: false,
            present: None,
            clock: Default::default(),
            carried: BTreeSet::new(),
            settled: BTreeSet::new(),
            accused: BTreeSet::new(),
            exposed: Default::default(),
            departure: None,
            fates: Default::default(),
            unsent: Default::default(),
            open: Default::default(),
            failed_runs: 0,
            lost: BTreeSet::new(),
            leavers: BTreeSet::new(),
            gone: BTreeSet::new(),
        });
        let name = public.to_string();
        let name = name.get(..8).unwrap_or(&name);
        self.trace
            .note(self.now, seat, format_args!("enters as {name}: {role:?}"));
        self.collect(seat);
        Ok(())
    }

    /// A member writes a text.
    pub fn say(&mut self, seat: Seat) {
        if !self.is_there(seat) {
            return;
        }
        let text = format!("{seat} says {}", self.messages);
        let now = self.now;
        let Some(place) = self.places.get_mut(seat.0) else {
            return;
        };
        let is_honest = place.role == Role::Honest;
        let taken = place.party.send(now, text.as_bytes());
        if let Some(handle) = taken.filter(|_| is_honest) {
            self.trace.note(now, seat, format_args!("writes: {text}"));
            self.messages = self.messages.saturating_add(1);
            if let Some(person) = self.ledger.person_mut(seat) {
                person.unsent.insert(handle, text.into_bytes());
                person.open.insert(handle, None);
            }
        }
        self.collect(seat);
    }

    /// Some honest member that stays writes a text.
    pub fn somebody_says(&mut self) {
        let staying: Vec<_> = self.ledger.staying().map(|(seat, _)| seat).collect();
        let count = u64::try_from(staying.len()).unwrap_or(u64::MAX);
        let turn = usize::try_from(below(count, &mut self.rng)).unwrap_or(0);
        if let Some(seat) = staying.get(turn) {
            self.say(*seat);
        }
    }

    /// A member asks something of its room.
    pub fn act(&mut self, seat: Seat, act: Act) {
        if !self.is_there(seat) {
            return;
        }
        let now = self.now;
        self.trace.note(now, seat, format_args!("asks: {act:?}"));
        if let Some(person) = self.ledger.person_mut(seat) {
            person.is_leaving |= act == Act::Leave;
            let is_honest = person.is_honest;
            if let Act::Exclude(identity) = act
                && is_honest
            {
                self.ledger.excluded.insert(identity);
            }
        }
        if let Some(place) = self.places.get_mut(seat.0) {
            place.party.act(now, act);
        }
        self.collect(seat);
    }

    /// A member asks that another be left out.
    pub fn exclude(&mut self, by: Seat, whom: Seat) {
        if let Some(place) = self.places.get(whom.0) {
            let identity = place.identity.public();
            self.act(by, Act::Exclude(identity));
        }
    }

    /// A member dies.
    pub fn kill(&mut self, seat: Seat) {
        if self.is_there(seat) {
            self.trace.note(self.now, seat, "dies");
            self.ledger.bury(seat);
        }
    }

    /// Insiders die.
    pub(crate) fn kill_insiders(&mut self) {
        let insiders: Vec<_> = (0..)
            .map(Seat)
            .zip(&self.places)
            .filter(|(_, place)| place.role != Role::Honest)
            .map(|(seat, _)| seat)
            .collect();
        for seat in insiders {
            self.kill(seat);
        }
    }

    /// Nothing passes any more between these and the others.
    pub fn part(&mut self, apart: BTreeSet<Seat>) {
        self.trace
            .note(self.now, "", format_args!("the network parts: {apart:?}"));
        self.network.part(apart);
    }

    /// Nothing passes any more from some to others.
    pub fn cut(&mut self, from: &[Seat], to: &[Seat]) {
        let what = format_args!("nothing passes from {from:?} to {to:?}");
        self.trace.note(self.now, "", what);
        self.network.cut(from, to);
    }

    /// Everybody reaches everybody.
    pub fn heal(&mut self) {
        self.trace.note(self.now, "", "the network heals");
        self.network.heal();
    }

    /// The weather changes.
    pub fn set_weather(&mut self, weather: Weather) {
        self.trace.note(self.now, "", format_args!("{weather:?}"));
        self.network.weather = weather;
    }

    fn is_there(&self, seat: Seat) -> bool {
        let person = self.ledger.person(seat);
        person.is_some_and(|person| person.is_alive && !person.has_left)
    }

    /// Lets time pass.
    pub fn run_for(&mut self, duration: Duration) {
        let until = self.now.after(duration);
        while !self.is_broken() && self.step(until) {}
        self.now = self.now.max(until);
    }

    /// Lets time pass until a condition holds, for so long at most; whether it came to hold.
    pub(crate) fn run_until(&mut self, within: Duration, done: impl Fn(&Ledger) -> bool) -> bool {
        let until = self.now.after(within);
        loop {
            if done(&self.ledger) {
                return true;
            }
            if self.is_broken() || !self.step_to_news(until) {
                self.now = self.now.max(until);
                return false;
            }
        }
    }

    /// All honest members come together within the bound, or that is a breach. How long it took.
    pub(crate) fn gather(&mut self) -> Option<Duration> {
        let gathered = self.try_to_gather();
        if gathered.is_none() && !self.is_broken() {
            let bound = healing::bound(&self.config.timers, self.places.len());
            let apart: Vec<_> = self
                .ledger
                .staying()
                .map(|(seat, person)| {
                    let sid = person.present.map(|sid| sid.to_string());
                    let sid = sid.as_deref().and_then(|sid| sid.get(..8));
                    format!("{seat} {}", sid.unwrap_or("nowhere"))
                })
                .collect();
            self.breach(
                "healing",
                format!("not in one room within {bound:?}: {}", apart.join(", ")),
            );
        }
        gathered
    }

    /// Lets time pass until all honest members are in one room, for the bound at most. How long it took, if they are.
    pub(crate) fn try_to_gather(&mut self) -> Option<Duration> {
        let began = self.now;
        let bound = healing::bound(&self.config.timers, self.places.len());
        let is_whole = self.run_until(bound, healing::is_whole);
        is_whole.then(|| self.now.since(began))
    }

    /// Lets time pass until a claim holds; a breach if that takes longer.
    pub fn await_claim(&mut self, claim: Claim, within: Duration) {
        let began = self.now;
        let until = began.after(within);
        loop {
            let Err(why) = claim.check(&self.ledger) else {
                self.awaited.push(Awaited {
                    claim: claim.name(),
                    took: self.now.since(began),
                });
                return;
            };
            if self.is_broken() {
                return;
            }
            if self.now >= until {
                return self.breach(claim.name(), format!("after {within:?} {why}"));
            }
            self.run_for(LOOK);
        }
    }

    pub(crate) fn breach(&mut self, invariant: &'static str, what: String) {
        let breach = Breach {
            invariant,
            at: self.now,
            what,
        };
        self.trace
            .note(self.now, "", format_args!("BROKEN: {breach}"));
        self.breaches.push(breach);
    }

    /// Steps until some honest member is told something; whether one was.
    fn step_to_news(&mut self, until: Timestamp) -> bool {
        loop {
            let Some(news) = self.step_one(until) else {
                return false;
            };
            if news {
                return true;
            }
        }
    }

    /// The next thing that happens until then; whether there was one.
    fn step(&mut self, until: Timestamp) -> bool {
        self.step_one(until).is_some()
    }

    /// The next thing that happens until then, and whether somebody honest was told anything.
    fn step_one(&mut self, until: Timestamp) -> Option<bool> {
        let wake = self
            .places
            .iter()
            .zip(&self.ledger.people)
            .enumerate()
            .filter(|(_, (_, person))| person.is_alive)
            .filter_map(|(seat, (place, _))| Some((place.wake?, Seat(seat))))
            .min();
        let arrival = self.network.next_at();
        let next = arrival.into_iter().chain(wake.map(|(at, _)| at)).min()?;
        if next > until {
            return None;
        }
        self.now = self.now.max(next);
        if let Some(copy) = self.network.arrived(self.now) {
            if !self.is_there(copy.to) {
                return Some(false);
            }
            let place = self.places.get_mut(copy.to.0)?;
            place.party.hear(self.now, copy.from, &copy.packet);
            return Some(self.collect(copy.to));
        }
        let (_, seat) = wake?;
        self.places.get_mut(seat.0)?.party.wake(self.now);
        Some(self.collect(seat))
    }

    /// Takes out what a party wants to send and to say, and checks it; whether it said anything that counts.
    fn collect(&mut self, seat: Seat) -> bool {
        let Some(place) = self.places.get_mut(seat.0) else {
            return false;
        };
        let is_honest = place.role == Role::Honest;
        let mut events = Vec::new();
        while let Some(event) = place.party.event() {
            events.push(event);
        }
        let mut transmits = Vec::new();
        while let Some(transmit) = place.party.transmit() {
            transmits.push(transmit);
        }
        if let Some(digests) = &mut self.digests {
            for event in &events {
                digests.note_event(self.now, seat, event);
            }
            for transmit in &transmits {
                digests.note_packet(self.now, seat, transmit);
            }
        }
        place.wake = place.party.next_wake();
        let key = place.party.export();
        if is_honest {
            let held = place.party.epochs_held();
            self.note_events(seat, &events, key);
            self.ledger.note_held(seat, &held);
        }
        for transmit in transmits {
            let packet: Rc<[u8]> = transmit.packet.into();
            if let Some(hint) = sealed_hint(&packet).filter(|_| is_honest) {
                self.ledger.note_signed(seat, &hint);
            }
            if is_honest || self.trace.is_kept() {
                self.note_packet(seat, &packet, is_honest);
            }
            for to in (0..self.places.len()).map(Seat) {
                if to != seat && transmit.audience.includes(to) {
                    self.network.carry(self.now, seat, to, &packet);
                }
            }
        }
        is_honest && !events.is_empty()
    }

    fn note_events(&mut self, seat: Seat, events: &[Event], key: Option<[u8; 32]>) {
        let last = events
            .iter()
            .rposition(|event| matches!(event, Event::Secure { .. }));
        for (index, event) in events.iter().enumerate() {
            let key = key.filter(|_| Some(index) == last);
            if self.trace.is_kept() {
                self.trace
                    .note(self.now, seat, format_args!("is told {event:?}"));
            }
            let later = events.iter().skip(index);
            let successor = later.into_iter().find_map(|event| {
                let Event::Secure { sid, .. } = event else {
                    return None;
                };
                Some(*sid)
            });
            let seen = Seen {
                seat,
                event,
                key,
                successor,
                before: &self.ledger,
            };
            for breach in invariant::check(self.now, &seen) {
                self.trace
                    .note(self.now, seat, format_args!("BROKEN: {breach}"));
                self.breaches.push(breach);
            }
            self.ledger.note(seat, event, key, successor);
        }
    }

    /// Notes who contributed to which run: who is listed there, as an instance; and checks what is published.
    fn note_packet(&mut self, seat: Seat, bytes: &[u8], is_honest: bool) {
        let is_noted = matches!(bytes.get(1), Some(3 | 8));
        if !is_noted && !self.trace.is_kept() {
            return;
        }
        let Ok(packet) = Packet::from_bytes(bytes) else {
            return;
        };
        self.trace
            .note(self.now, seat, format_args!("sends {}", describe(&packet)));
        if !is_honest {
            return;
        }
        if let Packet::Contribution(hint, _) = packet {
            self.ledger.note_contribution(seat, hint);
        } else if let Packet::Reveal(reveal) = packet {
            self.breaches.extend(invariant::check_reveal(
                self.now,
                &self.ledger,
                seat,
                &reveal.hint,
            ));
            self.ledger.note_reveal(seat, reveal.hint);
        }
    }
}

/// Of a sealed packet, the epoch.
fn sealed_hint(packet: &[u8]) -> Option<EpochHint> {
    let rest = packet.strip_prefix(&SEALED_PREFIX)?;
    rest.first_chunk().copied().map(EpochHint::new)
}

/// A packet in a few words.
fn describe(packet: &Packet) -> String {
    let run = |hint: &SidHint| hint.to_string();
    match packet {
        Packet::Offer(offer) => format!("an offer to follow {}", offer.beacon),
        Packet::Proposal(proposal) => format!(
            "a proposal of {} to follow {} in view {}",
            proposal.offers.len(),
            proposal.parent,
            proposal.view
        ),
        Packet::Contribution(hint, _) => format!("its contribution to {}", run(hint)),
        Packet::Confirmation(hint, _) => format!("its confirmation of {}", run(hint)),
        Packet::Sealed(sealed) => format!("a sealed packet of {}", sealed.hint()),
        Packet::Request(request) => format!("a request: {:?}", request.wanted),
        Packet::Advert(advert) => format!("an advert of {}", advert.handle),
        Packet::Reveal(reveal) => format!("its secrets in {}", reveal.hint),
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
