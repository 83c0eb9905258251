//! One outside comes in by a light run: it is told who is there, shows who it is, and waits for all others to do so.
//! `docs/spec/14-light-runs.md`, "Joins", and "In a room".
//!
//! Until all have, it shows nothing of what is said there and says nothing: what comes is kept as it came.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Decoder, IdentityKey};
use mpotr_gka::light::{Ready, Welcome, Welcomed};

use super::Room;
use super::installing::{Beginning, Certificate};
use super::lobby::arrivals::{Declined, Shown, Stage};
use crate::epoch::{Epoch, Glimpse};
use crate::error::Rejection;
use crate::event::Event;
use crate::policy::Policy;
use crate::record::Record;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::{
    EpochName, MemberBits, MissingJoin, Packet, Presence, Request, SealedPacket, SidHint, Wanted,
};

/// What is missing is asked for after so many quarters of a round trip.
const FIRST_QUESTION: u32 = 6;
/// So many round trips a change takes by which one is left that does not come.
const CHANGING: u32 = 4;
/// What is asked for is sent again after this part of a round trip.
const REPEATED: u32 = 16;
/// What one has shown who comes in is answered after so many words and their answers.
const ROUND_TRIPS_TO_COME_IN: u32 = 2;

impl<S: CryptoSuite> Room<S> {
    /// A member tells one who is to come in who is there.
    pub(super) fn handle_welcome(
        &mut self,
        now: Timestamp,
        welcome: &Welcome,
    ) -> Result<(), Rejection> {
        if !self.phase.gathers() {
            return Err(Rejection::UnknownEpoch);
        }
        let mut refused = Rejection::UnknownEpoch;
        for id in self.lobby.arrivals.to(&welcome.handle) {
            let Some(arrival) = self.lobby.arrivals.get(id) else {
                continue;
            };
            match arrival.take_stage() {
                Stage::Asked(joining) => match joining.welcome(welcome) {
                    Ok(welcomed) => {
                        arrival.stage = Stage::Told(Box::new(welcomed));
                        arrival.taken = now.since(arrival.since);
                        arrival.since = now;
                        self.common.pulse.silence.end(now);
                        return self.show_who_it_is(now, id);
                    }
                    Err(held) => {
                        arrival.stage = Stage::Asked(Box::new(held.phase));
                        refused = Rejection::NotAuthentic;
                    }
                },
                stage
                @ (Stage::Told(_) | Stage::Shown(_) | Stage::Declined(_) | Stage::Between) => {
                    arrival.stage = stage;
                    refused = Rejection::Replayed;
                }
            }
        }
        Err(refused)
    }

    /// What waits for this member's person, or for others, may be gone on with.
    pub(super) fn look_again_outside(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        self.look_at_welcomes(now);
        self.consider_pending(now, rng);
    }

    /// Those who wait for a yes of this member's person, or for nothing.
    pub(super) fn look_at_welcomes(&mut self, now: Timestamp) {
        let all = self.lobby.arrivals.all();
        let told = all.filter(|it| matches!(it.stage, Stage::Told(_)));
        let told: Vec<_> = told.map(|it| it.id).collect();
        for id in told {
            let _refused = self.show_who_it_is(now, id);
        }
    }

    /// Shows who it is to those who are in an epoch, if this member would be in one with all of them.
    fn show_who_it_is(&mut self, now: Timestamp, id: u64) -> Result<(), Rejection> {
        let Some(arrival) = self.lobby.arrivals.get(id) else {
            return Err(Rejection::UnknownEpoch);
        };
        let welcomed = match arrival.take_stage() {
            Stage::Told(welcomed) => welcomed,
            stage @ (Stage::Asked(_) | Stage::Shown(_) | Stage::Declined(_) | Stage::Between) => {
                arrival.stage = stage;
                return Err(Rejection::Replayed);
            }
        };
        match self.judge_welcome(now, &welcomed) {
            Ok(policy) => self.say_ready(now, id, *welcomed, policy),
            Err(Rejection::NotAdmitted) if self.votes.admission.asks() => {
                // Its person may say yes yet.
                if let Some(arrival) = self.lobby.arrivals.get(id) {
                    arrival.stage = Stage::Told(welcomed);
                }
                Err(Rejection::NotAdmitted)
            }
            Err(rejection) => {
                self.lobby.arrivals.remove(id);
                Err(rejection)
            }
        }
    }

    /// Whether this member would be in an epoch with all who are listed, under its policy.
    fn judge_welcome(
        &mut self,
        now: Timestamp,
        welcomed: &Welcomed<S>,
    ) -> Result<Policy, Rejection> {
        let policy = Decoder::whole(welcomed.policy(), Policy::decode)?;
        let is_own = policy == self.votes.policy;
        if !is_own && !self.common.me.config.follow_policy {
            self.lobby.others.note_policy(&policy, None);
            return Err(Rejection::OtherPolicy);
        }
        let me = self.common.me.public();
        let identities: BTreeSet<IdentityKey> = welcomed.identities().collect();
        let expected = &self.lobby.expected;
        if !expected.allows(identities.len(), false) || !expected.are_among(&identities) {
            return Err(Rejection::NotAdmitted);
        }
        let is_unknown = |it: &IdentityKey| *it != me && !self.votes.admission.admits(it);
        let unknown: BTreeSet<_> = identities.into_iter().filter(is_unknown).collect();
        if unknown.is_empty() {
            return Ok(policy);
        }
        self.ask_about(now, unknown);
        Err(Rejection::NotAdmitted)
    }

    fn say_ready(
        &mut self,
        now: Timestamp,
        id: u64,
        welcomed: Welcomed<S>,
        policy: Policy,
    ) -> Result<(), Rejection> {
        let claimed = welcomed.identities().collect();
        let Ok(arrived) = welcomed.ready(&*self.common.me.identity) else {
            self.lobby.arrivals.remove(id);
            return Err(Rejection::NotAuthentic);
        };
        let packet = Packet::Ready(Box::new(arrived.ready().clone()));
        let shown = Shown {
            glimpse: Glimpse::of(&arrived),
            arrived,
            policy,
            runs: BTreeMap::new(),
            is_heard: false,
        };
        if let Some(arrival) = self.lobby.arrivals.get(id) {
            arrival.stage = Stage::Shown(Box::new(shown));
            arrival.since = now;
            arrival.repeated = Some(now);
        }
        self.common.out.transmit(&packet);
        self.common.out.tell(Event::Agreeing { claimed });
        self.ask_for_openings_later(now);
        Ok(())
    }

    /// Another that comes in with this member has shown who it is.
    pub(super) fn hear_ready_outside(
        &mut self,
        now: Timestamp,
        ready: &Ready,
    ) -> Result<(), Rejection> {
        let mut refused = Rejection::UnknownEpoch;
        for id in self.lobby.arrivals.to(&ready.handle) {
            let identity = &*self.common.me.identity;
            let Some(arrival) = self.lobby.arrivals.get(id) else {
                continue;
            };
            let Stage::Shown(shown) = &mut arrival.stage else {
                continue;
            };
            if !shown.arrived.unverified().contains(&ready.joiner) {
                refused = Rejection::Replayed;
            } else if shown.arrived.hear_ready(ready, identity).is_ok() {
                self.come_in(now, id);
                return Ok(());
            } else {
                refused = Rejection::NotAuthentic;
            }
        }
        Err(refused)
    }

    /// A packet of an epoch that this member comes into, it may be: it is kept until that is so. `None` of any other.
    pub(super) fn hear_sealed_outside(
        &mut self,
        now: Timestamp,
        sealed: &SealedPacket,
        packet: &[u8],
    ) -> Option<Result<(), Rejection>> {
        let identity = &*self.common.me.identity;
        let arrival = self.lobby.arrivals.of(sealed.hint())?;
        let id = arrival.id;
        let Stage::Shown(shown) = &mut arrival.stage else {
            return None;
        };
        let Some((sender, opened)) = shown.glimpse.read(sealed) else {
            return Some(Err(Rejection::NotAuthentic));
        };
        if let Some((runs, opening)) = opened.and_then(|it| it.opening) {
            match shown.arrived.hear_opening(sender, &opening, identity) {
                Ok(()) => {
                    shown.runs.insert(sender, runs);
                    shown.is_heard = true;
                }
                Err(_wrong) if shown.arrived.unverified().contains(&sender) => {
                    // That one has signed it: there is nothing to wait for.
                    self.decline(now, id);
                    return Some(Err(Rejection::NotAuthentic));
                }
                Err(_again) => {}
            }
        }
        let kept = self.succession.pending.keep_of_epoch(sender, packet);
        self.come_in(now, id);
        Some(kept)
    }

    /// One who is in an epoch does not convince this member, which says there that it does not come, and no more: nobody can tell which
    /// of the two has lied. It knocks when the others have had the time for a change, and they let it in where all see who is who.
    fn decline(&mut self, now: Timestamp, id: u64) {
        let Some(arrival) = self.lobby.arrivals.get(id) else {
            return;
        };
        let shown = match arrival.take_stage() {
            Stage::Shown(shown) => *shown,
            stage @ (Stage::Asked(_) | Stage::Told(_) | Stage::Declined(_) | Stage::Between) => {
                arrival.stage = stage;
                return;
            }
        };
        let mut epoch = Epoch::joined(shown.arrived.decline());
        let Some(stated) = epoch.seal_statement(Presence::Closed) else {
            return;
        };
        arrival.stage = Stage::Declined(Declined::new(stated.packet.clone()));
        arrival.since = now;
        self.common.out.state(Some(stated));
        self.ask_for_openings_later(now);
        let change = self.common.me.times().round_trip.saturating_mul(CHANGING);
        self.common.timers.begin_anew(Timer::Knock);
        self.common.timers.set(Timer::Knock, now.after(change));
    }

    /// This member is in an epoch, if all who are in there have shown it who they are.
    fn come_in(&mut self, now: Timestamp, id: u64) {
        let Some(arrival) = self.lobby.arrivals.get(id) else {
            return;
        };
        let (before, handle) = (arrival.epoch, arrival.handle);
        // What it has shown led to shares of all, those to the signature, and that to what they show: two words and their answers.
        let round_trip = part(now.since(arrival.since), ROUND_TRIPS_TO_COME_IN);
        let Some(shown) = arrival.take_convinced() else {
            return;
        };
        let runs = shown.count_of_runs();
        let Shown {
            arrived, policy, ..
        } = shown;
        let record = self.common.me.config.record.then(|| {
            let record = arrived.record(before);
            Record::Joined(Box::new(record))
        });
        let Ok(joined) = arrived.finish() else {
            return;
        };
        let sid = joined.sid;
        let epoch = Epoch::joined(joined);
        let name = EpochName::new(*handle.as_bytes());
        let parent = self.phase.name();
        self.end_epoch_for_next();
        // What was measured outside is better: here others may have waited for one another.
        let round_trip = self.common.pulse.takes_listings().then_some(round_trip);
        let me = self.common.me.public();
        let roster = epoch.roster().map(|it| (it, round_trip));
        self.common.pulse.install_light(me, roster);
        self.common.keep_pace();
        // What was told outside of those who have let it in was told of the room in which it is.
        let before_this = parent.into_iter().chain([before]);
        before_this.for_each(|it| self.lobby.neighbours.enter(it));
        self.lobby.be_let_in(name);
        let neighbours = &self.lobby.neighbours;
        self.votes.forget_merges(|name| neighbours.is_own(name));
        let certificate = Certificate {
            hint: SidHint::of(&sid),
            all: BTreeMap::new(),
            record,
        };
        self.begin_epoch(
            now,
            epoch,
            Beginning {
                successor: sid,
                name,
                parent: Some(before),
                host: None,
                policy,
                certificate,
                light: None,
            },
        );
        self.succession.light_changes = u32::from(runs);
        self.succession.proven = now;
        // All hear by its first word that it lacks nothing.
        self.say_next();
    }

    fn ask_for_openings_later(&mut self, now: Timestamp) {
        let first = part(self.common.me.times().round_trip, 4).saturating_mul(FIRST_QUESTION);
        self.common.timers.begin_anew(Timer::Opening);
        self.common.timers.set(Timer::Opening, now.after(first));
    }

    /// Asks for what convinces this member of those who are in an epoch that it comes into. What has come to nothing is over.
    pub(super) fn ask_for_openings(&mut self, now: Timestamp) {
        let times = self.common.me.times();
        let (adopt, round_trip) = (times.adopt, times.round_trip);
        let is_paced = !self.common.pulse.takes_listings();
        self.lobby.arrivals.expire(now, adopt, is_paced);
        let number = self.common.timers.repetitions(Timer::Opening);
        let number = u8::try_from(number % 256).unwrap_or(0);
        let room = self.common.me.config.room;
        let mut requests = Vec::new();
        for arrival in self.lobby.arrivals.all() {
            let shown = match &mut arrival.stage {
                Stage::Shown(shown) => shown,
                Stage::Declined(declined) => {
                    self.common.out.pass_on(declined.again());
                    continue;
                }
                Stage::Asked(_) | Stage::Told(_) | Stage::Between => continue,
            };
            let members = shown.arrived.members();
            let unverified = shown.arrived.unverified().into_iter();
            let (openings, readies): (Vec<_>, Vec<_>) =
                unverified.partition(|it| it.place() < members);
            requests.push(Request {
                room,
                wanted: Wanted::Join(MissingJoin {
                    handle: arrival.handle,
                    number,
                    welcome: None,
                    readies: readies.into_iter().collect(),
                    openings: openings.into_iter().collect(),
                }),
            });
        }
        for request in requests {
            self.common.out.transmit(&Packet::Request(request));
        }
        if self.lobby.arrivals.is_any_shown() {
            self.common.timers.note_repetition(Timer::Opening);
            let first = part(round_trip, 4).saturating_mul(FIRST_QUESTION);
            let wait = self.common.timers.backed_off(Timer::Opening, first);
            self.common.timers.set(Timer::Opening, now.after(wait));
        }
    }

    /// Members lack what this one has to show, or it lacks what they think that it has.
    pub(super) fn hear_missing_ready(&mut self, now: Timestamp, missing: &MissingJoin) {
        // Who is outside does not know the pace of those inside, who ask again.
        let pause = part(self.common.me.times().round_trip, REPEATED);
        let room = self.common.me.config.room;
        self.look_at_welcomes(now);
        for id in self.lobby.arrivals.to(&missing.handle) {
            let Some(arrival) = self.lobby.arrivals.get(id) else {
                continue;
            };
            let again = match &arrival.stage {
                Stage::Shown(shown) if missing.readies.contains(shown.arrived.ready().joiner) => {
                    Packet::Ready(Box::new(shown.arrived.ready().clone()))
                }
                Stage::Asked(joining) if !missing.readies.is_empty() => Packet::Request(Request {
                    room,
                    wanted: Wanted::Join(MissingJoin {
                        handle: missing.handle,
                        number: missing.number,
                        welcome: Some(joining.offer().trapdoor),
                        readies: MemberBits::default(),
                        openings: MemberBits::default(),
                    }),
                }),
                Stage::Asked(_)
                | Stage::Shown(_)
                | Stage::Told(_)
                | Stage::Declined(_)
                | Stage::Between => continue,
            };
            if arrival.may_repeat(now, pause) {
                self.common.out.transmit(&again);
            }
        }
    }
}
