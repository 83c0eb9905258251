//! One member's local state in one channel. `docs/spec/06-epochs.md`.
//!
//! A room is a shell over parts that each own their state. A part is called with a `context`, and perhaps with another part
//! that it needs, never with the room; what it wants done elsewhere it returns. Questions about what has been said in an epoch
//! are answered in one place, which changes nothing: the `situation`.
//!
//! | part | what it owns | its files |
//! |---|---|---|
//! | `context` | who this member is, what it has to say, its timers | |
//! | `pulse` | how long a word and its answer take, and so how long everything does | |
//! | `lobby` | before an epoch: offers, requests, epochs of others | `offering`, `spent`, `doubles`, `expecting`, `roll`, `others`, `turns`, `backlog`, `answering`, `neighbours`, `guests`, `newcomers`, `arrivals` |
//! | `phase` | outside, in an epoch, or gone | `membership` |
//! | `membership` | in one epoch: the talk, and the change | `talking`, `settling`, `window`, `hurry`, `owing`, `changing`, `excluding`, `striking`, `strikes`, `asked`, `strangers`, `applicants`, `twins` |
//! | `old` | the epoch before, for those who are behind | |
//! | `succession` | the runs that this member takes part in, proposals, what came early | `attempt`, `changes`, `pending`, `missed` |
//! | `votes` | what this member asks for, and who was left out | `exclusions`, `replacements`, `carried`, `tries` |
//! | `fates` | texts that have no fate yet | `crossing`: those that go into the next epoch; `drafts`: those that are not sealed |
//! | `delays` | who has held texts up of late | |
//! | `seen` | the rosters that the application was told of | |
//! | `waiting` | what the room waits for, and whether that was told | |
//! | `trust` | what it knows of who is who | `code`, `round`, `attempts`, `secret` |
//! | `leaving` | how far this member is with its end | |
//! | `outbox` | what waits to leave, and the way out | `class`, `queue`, `link` |
//!
//! | file | what the room does: each calls those below it alone |
//! |---|---|
//! | `due`, `receiving`, `asking`, `writing` | what is due, which part each packet is for, what the application asks for |
//! | `verifying` | what the application asks to find out who is who, and what others say |
//! | `changing`, `entering`, `electing`, `judging` | the epoch that follows: views and proposals |
//! | `yielding`, `accepting` | a first epoch or that of a host: which proposals wait, and which this member takes part in |
//! | `following` | what follows from an input |
//! | `ending` | the end of an epoch without another, and of this member's part |
//! | `agreeing` | the two rounds of a run, and runs that fail |
//! | `greeting` | who comes in from outside: knock, challenge and answer, or a request to a light run |
//! | `arriving`, `opening` | who comes in by a light run, as far as all have shown it who they are; and what they show |
//! | `merging`, `hosting` | two rooms that become one, and who lets whom in |
//! | `repairing` | what is missing of a run, and what this member sends again |
//! | `light` | light runs: `turning`, `possible`, `seeds`, `run`, `slots`, `beginning`, `ending`, `mending`; of those who come in by one `joiners`, `telling`, `joining`, `charging` |
//! | `adopting`, `installing` | which of several runs may be installed, and its epoch |
//! | `returning` | who gives an epoch up to come back, and how the others make room |
//! | `explaining` | what is waited for |
//! | `proposing`, `hearing`, `voting` | offers and turns, who has heard whom, and what this member asks of the others |
//! | `speaking`, `reporting` | what is said in an epoch, and what is told of it |

mod accepting;
mod adopting;
mod agreeing;
mod arriving;
mod asking;
mod changing;
mod context;
mod delays;
mod drafts;
mod due;
mod electing;
mod ending;
mod entering;
mod explaining;
mod fates;
mod following;
mod greeting;
mod hearing;
mod hosting;
#[cfg(feature = "insider")]
mod insider;
#[cfg(feature = "inspect")]
mod inspect;
mod installing;
mod judging;
pub(crate) mod last_heard;
mod leaving;
mod light;
mod lobby;
mod membership;
mod merging;
mod old;
mod opening;
mod outbox;
mod phase;
mod proposing;
mod pulse;
mod receiving;
mod repairing;
mod reporting;
mod returning;
mod seen;
mod situation;
mod speaking;
mod striking;
mod succession;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod trust;
mod verifying;
mod votes;
mod voting;
mod waiting;
mod writing;
mod yielding;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Secret, UnsupportedSuite, check_supported};
use mpotr_gka::{Identity, KnownIdentities};

use crate::carrier::{Carrier, LinkReport};
use crate::config::RoomConfig;
use crate::event::Event;
use crate::record::Record;
use crate::time::Timestamp;
use crate::timers::{Timer, TimerTable};
use context::{Common, Me};
use delays::Delays;
use fates::Fates;
use leaving::Departing;
use lobby::Lobby;
use old::Old;
use outbox::Outbox;
use phase::{Gathering, Phase};
use pulse::Pulse;
use seen::Rosters;
use succession::Succession;
use trust::Trust;
use votes::Votes;
use waiting::Waits;

/// One member's local state in one channel.
///
/// All inputs are calls, all outputs are polled: after every call, send what [`Room::poll_transmit`] gives to everyone in
/// the channel, hand what [`Room::poll_event`] gives to the application, and call [`Room::handle_timeout`] at
/// [`Room::poll_timeout`].
pub struct Room<S: CryptoSuite> {
    common: Common<S>,
    lobby: Lobby<S>,
    succession: Succession<S>,
    phase: Phase<S>,
    /// The epoch before, for those who are behind.
    old: Option<Old<S>>,
    votes: Votes,
    /// Texts of this member that have no fate yet.
    fates: Fates,
    /// Who has held them up of late.
    delays: Delays,
    /// What an author can have seen.
    rosters: Rosters,
    departure: Departing,
    /// Who is who.
    trust: Trust<S>,
    waits: Waits,
}

impl<S: CryptoSuite> Room<S> {
    /// Enters a channel: a knock is ready to be sent. The identity is an
    /// [`IdentityKeyPair`](mpotr_crypto::IdentityKeyPair); [`Invented`](mpotr_gka::Invented) ones talk among themselves
    /// alone.
    ///
    /// # Errors
    /// The backend cannot compute the suite on this machine.
    pub fn new(
        config: RoomConfig,
        identity: impl Identity<S> + 'static,
        now: Timestamp,
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, UnsupportedSuite> {
        check_supported::<S>()?;
        let votes = Votes::new(&config);
        let mut pulse = Pulse::default();
        pulse.silence.end(now);
        pulse.silence.begin_step(now);
        let me = Me {
            times: pulse.times(&config.timers),
            config,
            identity: Box::new(identity),
            known: KnownIdentities::new(),
        };
        let mut room = Self {
            lobby: Lobby::new(&me, now),
            common: Common {
                out: Outbox::on(me.config.carrier),
                me,
                timers: TimerTable::default(),
                pulse,
            },
            succession: Succession::default(),
            phase: Phase::Gathering(Gathering::default()),
            old: None,
            votes,
            fates: Fates::default(),
            delays: Delays::default(),
            rosters: Rosters::default(),
            departure: Departing::default(),
            trust: Trust::default(),
            waits: Waits::default(),
        };
        room.enter(now, rng);
        room.explain(now);
        Ok(room)
    }

    /// What the link to the channel says of itself: to be given as often as it changes, once a second while it has something
    /// to send. While it has, nothing is repeated, and no timer goes by a shorter time than the link needs for a word and its
    /// answer.
    pub fn handle_link(&mut self, now: Timestamp, report: LinkReport) {
        let common = &mut self.common;
        common.out.note_link(report);
        let least = common.out.round_trip_at_least();
        // A link that is free again speeds nothing up in the middle of a run.
        if common.pulse.set_link(least) {
            common.keep_pace();
        }
        self.explain(now);
    }

    /// Another carrier has taken the place of one that was lost. What was on its way may be gone, and what others said meanwhile
    /// was not heard: what this member waits for is said and asked for again as if it had just been, however long it went
    /// unanswered before.
    pub fn handle_carrier(&mut self, now: Timestamp, carrier: Carrier) {
        let common = &mut self.common;
        common.out.change_carrier(carrier);
        let retry = now.after(common.me.times().retry);
        for timer in [Timer::Retry, Timer::Query, Timer::Ask] {
            common.timers.begin_anew(timer);
            if common.timers.at(timer).is_some() {
                common.timers.set_earlier(timer, retry);
            }
        }
        if self.phase.gathers() {
            self.lobby.knock_soon(&mut self.common.at(now));
        }
        self.explain(now);
    }

    /// The next packet to send to everyone in the channel, or a bundle of some that share a unit of the carrier
    /// ([`Carrier::unit`]). Taken when the link can send it, and not before: what matters more goes
    /// first, and a newer statement takes the place of one that waits here.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.common.out.poll()
    }

    /// The next thing that the application should know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.common.out.events.pop_front()
    }

    /// The next thing that belongs in a transcript, if [`RoomConfig::record`] asks for them.
    pub fn poll_record(&mut self) -> Option<Record> {
        self.common.out.records.pop_front()
    }

    /// When to call [`Room::handle_timeout`]; `None` for not before something else happens.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.common.timers.next()
    }

    /// Whether this member has left: no call does anything from then on.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.phase.has_ended()
    }

    /// Whether the room is secure: [`Event::Secure`] was given, and this member has not left.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.phase.is_member()
    }

    /// A secret that the members of the epoch share and nobody else has, for a use of the application's own: `context`
    /// separates the uses. `None` unless the room is secure.
    #[must_use]
    pub fn export(&self, context: &[u8]) -> Option<Secret<32>> {
        self.phase.epoch().map(|epoch| epoch.export(context))
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Room<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "Room({}, {:?})",
            self.common.me.public(),
            self.phase.epoch()
        )
    }
}
