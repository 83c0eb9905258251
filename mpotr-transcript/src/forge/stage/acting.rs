//! What members do, one act after the other.

use std::collections::BTreeSet;

use mpotr_core::{
    Admission, Duration, EpochName, Room, RoomConfig, SharedSecret, Timestamp, Vote, VoteError,
};
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, UnsupportedSuite};

use super::place::{Place, drain, same_twice};
use super::{PATIENCE, Stage};
use crate::forge::{Act, Amendment, ForgeError, Obstacle};

/// Where the members decide what comes of an act, the next one begins after so many milliseconds without a new epoch: a
/// vote alone may come to nothing.
const QUIET: u64 = 30_000;

/// Milliseconds of a second.
const SECOND: u64 = 1000;
/// A question is answered within so many seconds, or not at all.
const MOST_SECONDS: u32 = 100;
/// What a member asks another.
const QUESTION: &str = "Where did we meet?";
/// The answer, and another.
const SECRETS: [&str; 2] = ["at the old mill", "at the new mill"];

impl<S: CryptoSuite, E> Stage<'_, S, E>
where
    E: FnMut(
        IdentityKey,
        RoomConfig,
        Timestamp,
        &mut dyn CryptoRng,
    ) -> Result<Room<S>, UnsupportedSuite>,
{
    pub(super) fn act(&mut self, act: usize, what: &Act) -> Result<(), ForgeError> {
        for member in what.actors() {
            self.let_in(*member);
        }
        match what {
            Act::Say(member, body) => self.say(act, *member, body)?,
            Act::Join(member) => self.join(act, *member)?,
            Act::Leave(members) => {
                for member in members {
                    self.speaker(act, *member)?;
                }
                for member in members {
                    self.leave(*member);
                }
                self.wait(act, Self::is_settled)?;
            }
            Act::Die(member) => self.speaker(act, *member)?.die(),
            Act::Disconnect(member) => {
                self.network.unplug(*member);
            }
            Act::Reconnect(member) => {
                self.network.plug_in(*member);
            }
            Act::Admit { by, whom } => {
                self.voted_out.remove(whom);
                self.vote(act, *by, *whom, Room::admit)?;
                if self.is_there(*whom) {
                    self.settle(|stage| stage.is_in(*whom) && stage.is_settled());
                }
            }
            Act::Exclude { by, whom } => {
                self.voted_out.insert(*whom);
                self.vote(act, *by, *whom, Room::exclude)?;
                self.settle(|stage| !stage.is_in(*whom) && stage.is_settled());
            }
            Act::Withdraw { by, whom } => {
                let now = self.now;
                if let Some(whom) = self.play.members.get(*whom).copied() {
                    let place = self.speaker(act, *by)?;
                    for vote in [Vote::Admit(whom), Vote::Exclude(whom)] {
                        place.ask(|room| room.withdraw(now, &vote));
                    }
                }
                self.collect(*by);
            }
            Act::Policy(member, amendment) => self.amend(act, *member, amendment)?,
            Act::Refresh(member) => self.refresh(act, *member)?,
            Act::Merge(member, name) => self.merge(act, *member, *name)?,
            Act::Code(member) => self.code(act, *member)?,
            Act::Verify { by, whom, same } => self.verify(act, *by, *whom, *same)?,
            Act::Fork { member, sides } => self.fork(act, *member, sides)?,
        }
        Ok(())
    }

    fn say(&mut self, act: usize, member: usize, body: &[u8]) -> Result<(), ForgeError> {
        let now = self.now;
        let place = self.speaker(act, member)?;
        let seen = place.seen();
        let sent = place.ask(|room| room.send(now, body.to_vec(), seen));
        if let Some(Err(error)) = sent {
            return Err(ForgeError::Send { act, error });
        }
        self.collect(member);
        Ok(())
    }

    /// A member that the others let in does nothing before it is in, however long that takes; one that they want out does not
    /// come in by waiting.
    fn let_in(&mut self, member: usize) {
        if !self.voted_out.contains(&member) {
            self.pass(PATIENCE, |stage| {
                stage.is_in(member) || !stage.is_there(member)
            });
        }
    }

    /// A member gives its vote on another one.
    fn vote(
        &mut self,
        act: usize,
        by: usize,
        whom: usize,
        ask: fn(&mut Room<S>, Timestamp, IdentityKey) -> Result<(), VoteError>,
    ) -> Result<(), ForgeError> {
        let now = self.now;
        if let Some(whom) = self.play.members.get(whom).copied() {
            let asked = self.speaker(act, by)?.ask(|room| ask(room, now, whom));
            asked
                .transpose()
                .map_err(|error| ForgeError::Vote { act, error })?;
        }
        self.collect(by);
        Ok(())
    }

    /// A member votes that its room become one with another of this name.
    fn merge(&mut self, act: usize, by: usize, name: EpochName) -> Result<(), ForgeError> {
        let now = self.now;
        let asked = self.speaker(act, by)?.ask(|room| room.merge(now, name));
        asked
            .transpose()
            .map_err(|error| ForgeError::Vote { act, error })?;
        self.collect(by);
        Ok(())
    }

    fn amend(&mut self, act: usize, member: usize, by: &Amendment) -> Result<(), ForgeError> {
        let now = self.now;
        let members = &self.play.members;
        let place = self.speaker(act, member)?;
        let policy = place.policy().map(|now| by.apply(now, members));
        if let Some(policy) = &policy {
            place.ask(|room| room.change_policy(now, policy.clone()));
        }
        self.collect(member);
        self.settle(|stage| {
            let inside = stage.places.iter().filter(|it| it.present().is_some());
            stage.is_settled() && inside.map(Place::policy).all(|now| now == policy.as_ref())
        });
        Ok(())
    }

    fn refresh(&mut self, act: usize, member: usize) -> Result<(), ForgeError> {
        let now = self.now;
        let before: BTreeSet<_> = self.epochs().collect();
        self.speaker(act, member)?.ask(|room| room.refresh(now));
        self.collect(member);
        self.wait(act, |stage| {
            stage.is_settled() && stage.epochs().all(|now| !before.contains(&now))
        })
    }

    /// A member asks for the code of the room, in which the others take part by themselves.
    fn code(&mut self, act: usize, member: usize) -> Result<(), ForgeError> {
        let now = self.now;
        self.speaker(act, member)?;
        let mut is_asked = false;
        if let Some(place) = self.places.get_mut(member) {
            place.act(self.rng, |room, rng| {
                is_asked |= room.room_code(now, rng).is_ok();
            });
        }
        self.collect(member);
        self.run(SECOND);
        match is_asked {
            true => Ok(()),
            false => Err(ForgeError::Stuck { act }),
        }
    }

    /// A member asks another whether it knows the same secret, which it does or not.
    fn verify(&mut self, act: usize, by: usize, whom: usize, same: bool) -> Result<(), ForgeError> {
        self.speaker(act, whom)?;
        self.speaker(act, by)?;
        let stuck = ForgeError::Stuck { act };
        let other = self.play.members.get(whom).copied().ok_or(stuck)?;
        let [right, wrong] = SECRETS;
        let secrets = [right, if same { right } else { wrong }];
        let [Some(asked), Some(answer)] = secrets.map(SharedSecret::of_text) else {
            return Err(ForgeError::Stuck { act });
        };
        let now = self.now;
        let mut attempt = None;
        if let Some(place) = self.places.get_mut(by) {
            place.act(self.rng, |room, rng| {
                attempt = room.verify_start(now, other, &asked, QUESTION, rng).ok();
            });
        }
        self.collect(by);
        let attempt = attempt.ok_or(ForgeError::Stuck { act })?;
        for _ in 0..MOST_SECONDS {
            self.run(SECOND);
            let now = self.now;
            let mut is_answered = false;
            if let Some(place) = self.places.get_mut(whom) {
                place.act(self.rng, |room, rng| {
                    is_answered |= room.verify_answer(now, attempt, &answer, rng).is_ok();
                });
            }
            self.collect(whom);
            if is_answered {
                self.run(SECOND);
                return Ok(());
            }
        }
        Err(ForgeError::Stuck { act })
    }

    fn join(&mut self, act: usize, member: usize) -> Result<(), ForgeError> {
        let place = self.places.get(member);
        if place.is_none_or(Place::is_there) {
            let why = Obstacle::Here;
            return Err(ForgeError::NotThere { act, member, why });
        }
        self.enter(act, member, None)?;
        let is_in = |stage: &Self| stage.is_in(member) && stage.is_settled();
        if self.play.ask || self.voted_out.contains(&member) {
            // The others have to agree.
            self.settle(is_in);
            Ok(())
        } else {
            self.wait(act, is_in)
        }
    }

    /// Says one thing to some and another to others, each of whom hears it.
    fn fork(
        &mut self,
        act: usize,
        member: usize,
        sides: &[(Vec<usize>, Vec<u8>); 2],
    ) -> Result<(), ForgeError> {
        let now = self.now;
        let [(some, one), (others, other)] = sides;
        self.wait(act, Self::is_settled)?;
        let place = self.speaker(act, member)?;
        let why = Obstacle::NoTwin;
        let missing = ForgeError::NotThere { act, member, why };
        let mut twin = place.part_with_twin().ok_or(missing)?;
        let seen = place.seen();
        let sent = place.ask(|room| room.send(now, one.clone(), seen));
        let both = [sent, Some(twin.send(now, other.clone(), seen))];
        for sent in both.into_iter().flatten() {
            sent.map_err(|error| ForgeError::Send { act, error })?;
        }
        let packets = [place.collect().packets, drain(&mut twin)];
        if packets.iter().any(Vec::is_empty) {
            // A change is under way, and what is said now waits for its end.
            return Err(ForgeError::Stuck { act });
        }
        self.voted_out.insert(member);
        // The two texts are the act itself, so the weather must not lose them.
        let weather = self.network.weather();
        self.network.set_weather(weather.loss(0));
        for (to, packets) in [some, others].into_iter().zip(packets) {
            for packet in packets {
                self.send(member, to.iter().copied(), packet);
            }
        }
        self.network.set_weather(weather);
        self.run(weather.longest());
        Ok(())
    }

    /// A person comes to the channel, at the beginning together with all others who begin.
    pub(super) fn enter(
        &mut self,
        act: usize,
        member: usize,
        first: Option<&[usize]>,
    ) -> Result<(), ForgeError> {
        let Some(identity) = self.play.members.get(member).copied() else {
            let why = Obstacle::Away;
            return Err(ForgeError::NotThere { act, member, why });
        };
        let keys = |members: &[usize]| {
            let keys = members.iter().filter_map(|it| self.play.members.get(*it));
            keys.copied().collect::<BTreeSet<_>>()
        };
        let admission = match (self.play.ask, first) {
            (false, _) => Admission::Open,
            (true, Some(first)) => Admission::Ask(keys(first)),
            // A newcomer does not wait for a number of members.
            (true, None) => Admission::Ask(self.play.members.iter().copied().collect()),
        };
        let config = RoomConfig {
            policy: self.play.policy.clone(),
            follow_policy: true,
            members: first.map(<[usize]>::len),
            record: true,
            ..RoomConfig::new(self.play.room, admission)
        };
        let later = self.play.acts.get(act..).unwrap_or_default();
        let forks = |it: &Act| matches!(it, Act::Fork { member: who, .. } if *who == member);
        let (room, twin) = if later.iter().any(forks) {
            let [mut one, mut other] = same_twice(self.rng);
            let room = (self.enter)(identity, config.clone(), self.now, &mut one)?;
            let twin = (self.enter)(identity, config, self.now, &mut other)?;
            (room, Some(twin))
        } else {
            let room = (self.enter)(identity, config, self.now, self.rng)?;
            (room, None)
        };
        if let Some(place) = self.places.get_mut(member) {
            place.take(room, twin);
        }
        self.collect(member);
        Ok(())
    }

    /// A member who may speak.
    fn speaker(&mut self, act: usize, member: usize) -> Result<&mut Place<S>, ForgeError> {
        let place = self.places.get_mut(member);
        let why = match &place {
            None => Some(Obstacle::Away),
            Some(place) if !place.is_there() => Some(Obstacle::Away),
            Some(place) if place.is_leaving() => Some(Obstacle::Leaving),
            Some(place) if place.present().is_none() => Some(Obstacle::Outside),
            Some(_) => None,
        };
        let why_not = why.map(|why| ForgeError::NotThere { act, member, why });
        match (place, why_not) {
            (Some(place), None) => Ok(place),
            (_, why_not) => Err(why_not.unwrap_or(ForgeError::Stuck { act })),
        }
    }

    /// Time passes until something is so, or until it is quiet.
    fn settle(&mut self, done: impl Fn(&Self) -> bool) {
        let limit = self.now.after(Duration::from_millis(PATIENCE));
        loop {
            let before = self.epochs;
            self.pass(QUIET, |stage| done(stage) || stage.epochs != before);
            if done(self) || self.epochs == before || self.now >= limit {
                return;
            }
        }
    }
}
