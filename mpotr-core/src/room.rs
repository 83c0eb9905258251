//! One member's local state in one channel. `docs/spec/06-epochs.md`.
//!
//! | file | phase |
//! |---|---|
//! | `offering`, `spent` | offers, own and heard, and those that serve no more |
//! | `doubles` | offers of others under this member's identity |
//! | `expecting` | whom a first epoch must have |
//! | `proposing` | who proposes a roster and when, and which proposals are accepted |
//! | `agreeing`, `attempt`, `slots` | the two rounds of a run |
//! | `adopting` | which of several runs may be installed |
//! | `installing` | from a run to its epoch |
//! | `changing`, `electing`, `changes` | from one epoch to the next: views, proposals |
//! | `voting`, `withdrawing`, `exclusions` | votes: what is asked for, taken back, and stays |
//! | `window` | texts that are held up by those on their way |
//! | `unserved` | members that name in a cut what they do not serve |
//! | `hosting`, `answering` | members of an epoch and those outside it, and which of them answers |
//! | `early` | packets that came before what they belong to |
//! | `talking` | messages, acknowledgements and repetition in an epoch |
//! | `fates` | what becomes of each text of this member |
//! | `settling` | what is known of each message, and what is not final in time |
//! | `reporting` | what happened in an epoch, for the room and the application |
//! | `leaving` | the last message, and the end |

mod adopting;
mod agreeing;
mod answering;
mod attempt;
mod changes;
mod changing;
mod doubles;
mod early;
mod electing;
mod exclusions;
mod expecting;
mod fates;
mod hosting;
#[cfg(feature = "insider")]
mod insider;
#[cfg(feature = "inspect")]
mod inspect;
mod installing;
mod leaving;
mod offering;
mod proposing;
mod reporting;
mod settling;
mod spent;
mod talking;
#[cfg(test)]
mod tests;
mod unserved;
mod voting;
mod window;
mod withdrawing;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, Secret, UnsupportedSuite, check_supported};
use mpotr_gka::{Identity, KnownIdentities, Offer};

use crate::config::RoomConfig;
use crate::epoch::{Epoch, MAX_TOGETHER};
use crate::error::Rejection;
use crate::event::Event;
use crate::policy::Policy;
use crate::record::Record;
use crate::time::{Timestamp, part};
use crate::timers::{Timer, TimerTable};
use crate::wire::{Handle, MessageId, Packet, Presence, Request, SealedPacket, Wanted, Wish};
use adopting::Contributed;
use answering::{Answer, Answering};
use attempt::Attempt;
use changes::Changes;
use changing::Change;
use doubles::Doubles;
use early::Early;
use exclusions::Exclusions;
use expecting::Expected;
use fates::Fates;
use installing::Certificate;
use offering::{News, Offering};
use proposing::Proposing;
use settling::Unsettled;
use unserved::Unserved;
use window::Window;

/// One member's local state in one channel.
///
/// All inputs are calls, all outputs are polled: after every call, send what [`Room::poll_transmit`] gives to everyone in
/// the channel, hand what [`Room::poll_event`] gives to the application, and call [`Room::handle_timeout`] at
/// [`Room::poll_timeout`].
pub struct Room<S: CryptoSuite> {
    config: RoomConfig,
    identity: Box<dyn Identity<S>>,
    known: KnownIdentities<S>,
    timers: TimerTable,
    transmits: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
    records: VecDeque<Record>,
    offering: Offering<S>,
    doubles: Doubles,
    proposing: Proposing,
    /// Whom the first epoch must have.
    expected: Expected,
    /// The run that this member contributed to last.
    attempt: Option<Attempt<S>>,
    /// Earlier runs that this member confirmed, the last one last.
    confirmed: Vec<Attempt<S>>,
    /// The runs for the epoch that follows to which this member contributed.
    contributed: Vec<Contributed>,
    /// Packets of runs and epochs that this member does not know yet.
    early: Early,
    epoch: Option<Epoch<S>>,
    /// Whether the others have gone on without this member, which is in no epoch since.
    has_lost_epoch: bool,
    /// The name of the epoch.
    handle: Handle,
    epoch_began: Timestamp,
    /// The epoch before, for those who are behind.
    retired: Option<Epoch<S>>,
    change: Option<Change>,
    /// Members that bring into a cut what they do not serve.
    unserved: Unserved,
    /// How long texts are held up.
    window: Window,
    /// Proposals for the epoch that follows.
    changes: Changes,
    asked_for_offers: Timestamp,
    /// What anyone may ask for and one member answers.
    answering: Answering,
    /// Messages that should be final soon.
    unsettled: Option<Unsettled>,
    /// Messages that were sent again on request, and when.
    messages_resent: BTreeMap<MessageId, Timestamp>,
    /// When the proposal was sent again on request.
    proposal_resent: Option<Timestamp>,
    wishes: BTreeSet<Wish>,
    /// Identities that were left out by a vote: they are not let in again without one.
    exclusions: Exclusions,
    /// Members of this epoch that are proven to have cheated.
    proven: BTreeSet<IdentityKey>,
    /// Policies of others that were told to the application.
    told_policies: BTreeSet<Policy>,
    /// When a member said something about the next epoch last, by index.
    spoke: BTreeMap<usize, Timestamp>,
    /// When a member was heard last, by index.
    heard: BTreeMap<usize, Timestamp>,
    /// An epoch in this channel whose members let this one in.
    host: Option<Handle>,
    /// The epoch is too old to be written in.
    expired: bool,
    certificate: Option<Certificate>,
    /// How often what was not answered has been sent again.
    retries: u32,
    /// How often the last statement in the epoch before has been sent again.
    answers: u32,
    /// How often the others were asked to state again what they have seen.
    queries: u32,
    /// Texts of this member that have no fate yet.
    fates: Fates,
    /// Whether somebody does not know what this member has seen.
    asked: bool,
    /// When this member sent its last statement once more.
    repeated: Timestamp,
    leaving: bool,
    /// When this member stops to wait for the others, whatever moves.
    leave_by: Option<Timestamp>,
    /// Until when texts that somebody silent holds up are waited for.
    held_up_until: Option<Timestamp>,
    /// How far this member is with the end, as its statements say.
    presence: Presence,
    ended: bool,
}

impl<S: CryptoSuite> Room<S> {
    /// Enters a channel: the first offer is ready to be sent. The identity is an
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
        let mut room = Self {
            offering: Offering::new(config.room, identity.public()),
            doubles: Doubles::new(identity.public()),
            expected: Expected::new(&config, identity.public()),
            config,
            identity: Box::new(identity),
            known: KnownIdentities::new(),
            timers: TimerTable::default(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            records: VecDeque::new(),
            proposing: Proposing::new(now),
            attempt: None,
            confirmed: Vec::new(),
            contributed: Vec::new(),
            early: Early::default(),
            epoch: None,
            has_lost_epoch: false,
            handle: Handle::NONE,
            epoch_began: now,
            retired: None,
            change: None,
            unserved: Unserved::default(),
            window: Window::default(),
            changes: Changes::default(),
            asked_for_offers: now,
            answering: Answering::default(),
            unsettled: None,
            messages_resent: BTreeMap::new(),
            proposal_resent: None,
            wishes: BTreeSet::new(),
            exclusions: Exclusions::default(),
            proven: BTreeSet::new(),
            told_policies: BTreeSet::new(),
            spoke: BTreeMap::new(),
            heard: BTreeMap::new(),
            host: None,
            expired: false,
            certificate: None,
            retries: 0,
            answers: 0,
            queries: 0,
            fates: Fates::default(),
            asked: false,
            repeated: now,
            leaving: false,
            leave_by: None,
            held_up_until: None,
            presence: Presence::Present,
            ended: false,
        };
        room.advertise(now, rng);
        Ok(room)
    }

    /// Takes a packet that came from the channel, whoever sent it.
    ///
    /// # Errors
    /// Why it changed nothing. On a hostile transport that is nobody's fault and nothing to tell a person.
    pub fn handle_message(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        if self.ended {
            return Err(Rejection::UnknownEpoch);
        }
        let packet = (Packet::from_bytes(packet)?, packet);
        let outcome = self.handle_packet(now, packet, rng);
        self.after_epoch(now);
        outcome
    }

    fn handle_packet(
        &mut self,
        now: Timestamp,
        (decoded, packet): (Packet, &[u8]),
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        match decoded {
            Packet::Offer(offer) => self.handle_offer(now, offer, rng),
            Packet::Proposal(proposal) => self.handle_proposal(now, proposal, rng),
            Packet::Contribution(hint, contribution) => {
                self.handle_contribution(now, hint, contribution, packet, rng)
            }
            Packet::Confirmation(hint, confirmation) => {
                self.handle_confirmation(now, hint, confirmation, packet, rng)
            }
            Packet::Sealed(sealed) => self.handle_sealed(now, &sealed, packet),
            Packet::Request(request) => self.handle_request(now, &request),
            Packet::Advert(advert) => self.handle_advert(now, &advert),
            Packet::Reveal(reveal) => self.handle_reveal(&reveal),
        }
    }

    /// Takes many packets that came from the channel, in any order: what was missed for long, above all. Of messages that
    /// are in order, one signature for each author is verified and the rest by hash, which is many times faster than one
    /// by one; the outcome is the same. Says for each packet why it changed nothing, if so.
    pub fn handle_messages<P: AsRef<[u8]>>(
        &mut self,
        now: Timestamp,
        packets: &[P],
        rng: &mut dyn CryptoRng,
    ) -> Vec<Result<(), Rejection>> {
        let mut results = Vec::with_capacity(packets.len());
        let mut together: Vec<SealedPacket> = Vec::new();
        for packet in packets {
            let epoch = self.epoch.as_ref().filter(|_| !self.ended);
            match (epoch, Packet::sealed_from_bytes(packet.as_ref())) {
                (Some(epoch), Some(sealed)) if epoch.hint() == sealed.hint() => {
                    together.push(sealed);
                    if together.len() >= MAX_TOGETHER {
                        self.open_together(now, &mut together, &mut results);
                    }
                }
                _ => {
                    self.open_together(now, &mut together, &mut results);
                    results.push(self.handle_message(now, packet.as_ref(), rng));
                }
            }
        }
        self.open_together(now, &mut together, &mut results);
        results
    }

    /// Does what is due. To be called at [`Room::poll_timeout`] or later; a call too early does nothing.
    pub fn handle_timeout(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        // Looked at once: what the timers themselves have to say waits for nothing.
        let is_stalled = !self.transmits.is_empty();
        while let Some(timer) = self.timers.expire(now) {
            match timer {
                Timer::Advertise => self.advertise(now, rng),
                Timer::Plan => self.plan_proposal(now),
                Timer::Propose => self.propose(now, rng),
                Timer::View => self.end_view(now, rng),
                Timer::Change => self.drive(now, rng),
                Timer::Vote => self.vote(),
                Timer::Reply => self.reply(now),
                Timer::Refresh | Timer::Silent => self.ask_for_refresh(now),
                Timer::Window => self.note_delay(now),
                Timer::Heartbeat => self.beat(now),
                Timer::Abandon => self.abandon(now, rng),
                Timer::Expire => self.expire(),
                Timer::Drain => self.retired = None,
                Timer::Answer => self.answer_retired(now),
                Timer::Retry => self.retry(now, is_stalled),
                Timer::Certificate => self.send_certificate(),
                Timer::Acknowledge | Timer::Lock => {
                    self.state(now);
                }
                Timer::Query => self.query(now),
                Timer::Leeway => self.watch_leeway(now),
                Timer::Finish | Timer::Linger => self.give_up(now),
            }
            self.after_epoch(now);
        }
    }

    /// The next packet to send to everyone in the channel.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmits.pop_front()
    }

    /// The next thing that the application should know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next thing that belongs in a transcript, if [`RoomConfig::record`] asks for them.
    pub fn poll_record(&mut self) -> Option<Record> {
        self.records.pop_front()
    }

    /// When to call [`Room::handle_timeout`]; `None` for not before something else happens.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// Whether this member has left: no call does anything any more.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether the room is secure: [`Event::Secure`] was given, and this member has not left.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.epoch.is_some()
    }

    /// A secret that the members of the epoch share and nobody else has, for a use of the application's own: `context`
    /// separates the uses. `None` unless the room is secure.
    #[must_use]
    pub fn export(&self, context: &[u8]) -> Option<Secret<32>> {
        self.epoch.as_ref().map(|epoch| epoch.export(context))
    }

    fn transmit(&mut self, packet: &Packet) {
        self.transmits.push_back(packet.to_bytes());
    }

    /// Publishes the own offer, as long as there is no epoch.
    fn advertise(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if self.epoch.is_some() && (self.host.is_none() || self.change.is_some()) {
            // In a change the own offer is the one that was stated inside the epoch: nothing replaces it.
            return;
        }
        let lifetime = self.config.timers.view.saturating_mul(2);
        let beacon = self.beacon(now);
        if self.offering.current(now, beacon, lifetime).is_none() {
            self.renew_offer(now, beacon, rng);
        }
        if let Some(offer) = self.offering.current(now, beacon, lifetime).cloned() {
            self.proposing.published = now;
            self.transmit(&Packet::Offer(offer));
        }
        self.timers
            .set(Timer::Advertise, now.after(self.config.timers.advertise));
        self.plan_proposal(now);
    }

    /// Publishes the own offer again before its time, though not in a rush.
    fn advertise_soon(&mut self, now: Timestamp) {
        if self.epoch.is_none() || self.host.is_some() {
            let soon = self
                .proposing
                .published
                .after(part(self.config.timers.gather, 4))
                .max(now);
            self.timers.set_earlier(Timer::Advertise, soon);
        }
    }

    fn handle_offer(
        &mut self,
        now: Timestamp,
        offer: Offer,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        if offer.room != self.config.room {
            return Err(Rejection::OtherRoom);
        }
        if self.answering.awaits_offers() {
            self.was_given(now, Answer::Offer(offer.digest::<S>()));
        }
        let claimed = offer.identity;
        let beacon = offer.beacon;
        if !self.answers_to(beacon) {
            // Of another epoch, or of none: whoever sent it may not know that there is one here.
            self.tell_newcomers(now, offer.ephemeral.as_bytes());
            return Err(Rejection::UnknownEpoch);
        }
        if claimed == self.identity.public() {
            if !self.doubles.is_double::<S>(&offer) {
                return Ok(());
            }
            self.note_double(now, rng);
            return Err(Rejection::OwnIdentity);
        }
        let is_shut_out = self.is_shut_out(&claimed);
        if is_shut_out && self.exclusions.is_news(claimed) {
            self.events.push_back(Event::ExcludedWaiting { claimed });
        }
        if !self.config.admission.admits(&claimed) {
            if self.offering.meet(claimed) && !is_shut_out {
                // The application decides: the offer comes again.
                self.events.push_back(Event::Waiting { claimed });
                if self.config.admission.asks() {
                    // There, too, somebody may have to decide.
                    self.advertise_soon(now);
                }
            }
            return Err(Rejection::NotAdmitted);
        }
        match self.offering.hear(now, offer)? {
            News::None => return Ok(()),
            News::Offer => {}
            News::Person => {
                if !is_shut_out {
                    self.events.push_back(Event::Waiting { claimed });
                }
                // Whoever is new has not heard this member's offer.
                self.advertise_soon(now);
            }
        }
        self.proposing.heard(now);
        self.timers.set(Timer::Change, now);
        // Once for all offers that come together.
        self.timers.stop(Timer::Propose);
        self.timers.set(Timer::Plan, now);
        self.consider_pending(now, rng);
        Ok(())
    }

    /// Sends what somebody misses.
    fn handle_request(&mut self, now: Timestamp, request: &Request) -> Result<(), Rejection> {
        if request.room != self.config.room {
            return Err(Rejection::OtherRoom);
        }
        match &request.wanted {
            Wanted::Offers(digests) => self.resend_offers(now, digests),
            Wanted::Proposal(hint) => self.resend_proposal(now, *hint),
        }
        Ok(())
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Room<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Room({}, {:?})", self.identity.public(), self.epoch)
    }
}
