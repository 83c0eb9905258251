//! One member of a room, for every program: suite and backend are values, chosen while the program runs.

mod engine;
mod error;
mod options;
mod participant;
mod view;
mod viewing;

use core::fmt;
use std::collections::{BTreeSet, VecDeque};

use mpotr_core::crypto::{IdentityKey, IdentityKeyPair, Secret};
use mpotr_core::gka::{EpochName, RoomId};
use mpotr_core::{
    AttemptId, CarrierNews, LastHeard, LinkReport, MessageId, MessageState, Policy, Record,
    Rejection, RoundId, Seen, SendError, SharedSecret, TextId, Timestamp, VerifyError, Vote,
    VoteError,
};

use crate::event::{Ended, Event, Message, Misconduct, Told, Translator, Verification, Waiting};
use engine::{Engine, Enter};
pub use error::OptionError;
pub use options::{Profile, RoomOptions};
pub use view::{Alert, MemberView, OutsideView, Phase, Presence, RoomView, TextState, TextView};
use viewing::Viewing;

/// One member's part in one room.
///
/// It does no IO and reads no clock. All inputs are calls, all outputs are polled: after every call send what
/// [`Member::poll_packet`] gives to everyone in the channel, as soon as the channel takes it; hand what
/// [`Member::poll_event`] gives to the application; and call [`Member::handle_timeout`] at [`Member::poll_timeout`].
///
/// `now` is milliseconds of a clock of the caller's; an earlier value counts as the last one.
///
/// ```
/// use mpotr::{Admission, Member, Membership, Profile, RoomOptions, Seen, Told, new_identity};
///
/// let (alice, bob) = (new_identity(), new_identity());
/// let options = |friend| {
///     Ok::<_, mpotr::OptionError>(RoomOptions::new("tea", Admission::Only([friend].into()))?.profile(Profile::Loopback))
/// };
/// let (for_alice, for_bob) = (options(bob.public())?, options(alice.public())?);
/// let mut members = [Member::new(for_alice, alice, 0)?, Member::new(for_bob, bob, 0)?];
/// let mut secure = 0;
/// while secure < 2 {
///     let [alice, bob] = &mut members;
///     let now = alice.poll_timeout().into_iter().chain(bob.poll_timeout()).min().expect("a room waits for something");
///     for (from, to) in [(0, 1), (1, 0)] {
///         members[from].handle_timeout(now);
///         while let Some(packet) = members[from].poll_packet() {
///             members[to].handle_packet(now, &packet).ok();
///         }
///     }
///     for member in &mut members {
///         while let Some(event) = member.poll_event() {
///             if let Told::Membership(Membership::Secure { sid, .. }) = event.told {
///                 member.send(now, b"hello".to_vec(), Seen::Epoch(sid))?;
///                 secure += 1;
///             }
///         }
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Member {
    /// Gone once the member is closed, and all keys with it.
    engine: Option<Box<dyn Engine>>,
    me: IdentityKey,
    room: RoomId,
    now: u64,
    translator: Translator,
    events: VecDeque<Event>,
    /// What a room that is closed has left for a transcript.
    records: VecDeque<Record>,
    viewing: Viewing,
    muted: BTreeSet<IdentityKey>,
    /// Whether [`Ended::Closed`] is the end that is told, and not that this member has left.
    is_lost: bool,
}

impl Member {
    /// Enters a room: what is said first is ready to be sent.
    ///
    /// # Errors
    /// The options cannot be met here or by anyone: [`OptionError`].
    pub fn new(
        options: RoomOptions,
        identity: IdentityKeyPair,
        now: u64,
    ) -> Result<Self, OptionError> {
        let me = identity.public();
        let config = options.config(&me)?;
        let (policy, room) = (config.policy.clone(), config.room);
        let only = match &config.admission {
            mpotr_core::Admission::Only(identities) => Some(identities.clone()),
            mpotr_core::Admission::Ask(_) | mpotr_core::Admission::Open => None,
        };
        let RoomOptions {
            name,
            suite,
            backend,
            ..
        } = options;
        let enter = Enter {
            config,
            identity,
            now: Timestamp::from_millis(now),
        };
        let engine = backend.visit(suite, enter)??;
        let mut member = Self {
            engine: Some(engine),
            me,
            room,
            now,
            translator: Translator::new(suite, policy.clone()),
            events: VecDeque::new(),
            records: VecDeque::new(),
            viewing: Viewing::new(me, name, suite, backend, policy, only),
            muted: BTreeSet::new(),
            is_lost: false,
        };
        member.hear();
        Ok(member)
    }

    /// Takes a packet that came from the channel, from anyone.
    ///
    /// # Errors
    /// Why it changed nothing. On a hostile channel that is nobody's fault, and for logs: what a member does wrong is an
    /// event.
    pub fn handle_packet(&mut self, now: u64, packet: &[u8]) -> Result<(), Rejection> {
        self.with(now, |engine, now| engine.handle_packet(now, packet))
            .unwrap_or(Err(Rejection::UnknownEpoch))
    }

    /// Takes many packets that came from the channel, in any order: what was missed for long, above all. That is many times
    /// faster than one by one, and comes to the same. Says of each packet why it changed nothing, if so.
    pub fn handle_packets<P: AsRef<[u8]>>(
        &mut self,
        now: u64,
        packets: &[P],
    ) -> Vec<Result<(), Rejection>> {
        let packets: Vec<_> = packets.iter().map(AsRef::as_ref).collect();
        self.with(now, |engine, now| engine.handle_packets(now, &packets))
            .unwrap_or_else(|| {
                let refused = packets.iter().map(|_| Err(Rejection::UnknownEpoch));
                refused.collect()
            })
    }

    /// To be called at [`Member::poll_timeout`], or later.
    pub fn handle_timeout(&mut self, now: u64) {
        self.with(now, |engine, now| engine.handle_timeout(now));
    }

    /// What the link to the channel says of itself: to be given as often as it changes, once a second while it has something
    /// to send.
    pub fn handle_link(&mut self, now: u64, report: LinkReport) {
        self.with(now, |engine, now| engine.handle_link(now, report));
    }

    /// What became of the carrier, so that the application hears of it in one stream with all else. One that is back may be
    /// another, and what was on its way may be gone: the room says and asks for what it waits for again. A room whose carrier is
    /// closed for good is to be closed too.
    pub fn handle_carrier(&mut self, now: u64, news: CarrierNews) {
        self.now = self.now.max(now);
        if let CarrierNews::Back { .. } = news {
            let back = news.clone();
            self.with(now, |engine, now| engine.handle_carrier(now, back));
        }
        let told = match news {
            CarrierNews::Lost {
                code,
                attempt,
                next,
            } => Waiting::Reconnecting {
                code,
                attempt,
                next,
            }
            .into(),
            CarrierNews::Back { carrier: _ } => Waiting::Reconnected.into(),
            CarrierNews::Closed {
                code,
                message,
                retry,
            } => Ended::Closed {
                code,
                message,
                retry,
            }
            .into(),
        };
        self.push(told);
    }

    /// A member calls itself as one is called whom the person knows, and is another: the application tells, which knows the
    /// person's names, and hears of it in one stream with all else. It changes nothing in the room, and is an alert of
    /// [`Member::state`].
    pub fn handle_other_key(
        &mut self,
        now: u64,
        name: String,
        identity: IdentityKey,
        known: IdentityKey,
    ) {
        self.now = self.now.max(now);
        let told = Verification::OtherKey {
            name,
            identity,
            known,
        };
        self.push(told.into());
    }

    /// The next packet to send to everyone in the channel. Taken when the channel can send it, and not before: what matters
    /// more goes first, and what is newer takes the place of what waits.
    pub fn poll_packet(&mut self) -> Option<Vec<u8>> {
        self.engine.as_mut()?.poll_packet()
    }

    /// The next thing that the application should know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// The next thing that belongs in a transcript, if [`RoomOptions::record`] asks for them. To be kept before the events
    /// that are polled next are shown.
    pub fn poll_record(&mut self) -> Option<Record> {
        match &mut self.engine {
            Some(engine) => engine.poll_record(),
            None => self.records.pop_front(),
        }
    }

    /// When to call [`Member::handle_timeout`]; none for not before something else happens.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        let at = self.engine.as_ref()?.poll_timeout()?;
        Some(at.as_millis())
    }

    /// Takes a text for the roster that its author has `seen`: it is sealed to members of that alone. Events tell what becomes
    /// of it, by the id that is returned.
    ///
    /// # Errors
    /// Why it was not taken; its bytes are wiped.
    pub fn send(&mut self, now: u64, body: Vec<u8>, seen: Seen) -> Result<TextId, SendError> {
        let text = self
            .with_viewing(now, |engine, viewing, now| {
                let text = engine.send(now, body, seen)?;
                viewing.take(text);
                Ok(text)
            })
            .unwrap_or(Err(SendError::Ended))?;
        Ok(text)
    }

    /// Lets a text leave that is held: its author has `seen` who reads it now.
    ///
    /// # Errors
    /// [`SendError::NoSuchText`] of one that is not held, or why it stays so.
    pub fn release(&mut self, now: u64, text: TextId, seen: Seen) -> Result<(), SendError> {
        self.with_viewing(now, |engine, viewing, now| {
            engine.release(now, text, seen)?;
            viewing.release(text);
            Ok(())
        })
        .unwrap_or(Err(SendError::Ended))
    }

    /// Takes a text back that waits or is held, and gives it back. None of one that is on its way, has a fate or never was.
    pub fn discard(&mut self, now: u64, text: TextId) -> Option<Vec<u8>> {
        self.with(now, |engine, now| engine.discard(now, text))?
    }

    /// Whether [`Member::send`] takes a text of any length. An application with much to send waits while it does not.
    #[must_use]
    pub fn takes_texts(&self) -> bool {
        self.engine
            .as_ref()
            .is_some_and(|engine| engine.takes_texts())
    }

    /// Is willing to be in a roster with this identity, and asks that it be let in, as far as the rules ask for this member's
    /// word. It may come before anything was heard of the identity, and lifts an exclusion.
    ///
    /// # Errors
    /// [`VoteError`]; nothing has changed then.
    pub fn admit(&mut self, now: u64, identity: IdentityKey) -> Result<(), VoteError> {
        self.refuse_own(identity)?;
        if !self.viewing.may_be_admitted(&identity) {
            return Err(VoteError::NoSuchMember);
        }
        self.vote(now, |engine, now| engine.admit(now, identity))
    }

    /// Asks that a member be left out of the next epoch, as far as the rules ask for this member's word. From here on no text
    /// is sealed to it.
    ///
    /// # Errors
    /// [`VoteError`]; nothing has changed then.
    pub fn exclude(&mut self, now: u64, identity: IdentityKey) -> Result<(), VoteError> {
        self.refuse_own(identity)?;
        if !self.viewing.is_member(&identity) {
            return Err(VoteError::NoSuchMember);
        }
        self.vote(now, |engine, now| engine.exclude(now, identity))
    }

    /// Asks that this room and another, of which [`Membership::OtherEpoch`](crate::Membership::OtherEpoch) has told, become
    /// one, as far as the rules on who is let in ask for this member's word.
    ///
    /// # Errors
    /// [`VoteError`]; nothing has changed then.
    pub fn merge(&mut self, now: u64, epoch: EpochName) -> Result<(), VoteError> {
        self.vote(now, |engine, now| engine.merge(now, epoch))
    }

    /// Asks for other rules, as far as those in force ask for this member's word. The last such vote counts.
    ///
    /// # Errors
    /// [`VoteError::BadPolicy`] of rules that the members of the room could not use; nothing has changed then.
    pub fn change_policy(&mut self, now: u64, policy: Policy) -> Result<(), VoteError> {
        self.vote(now, |engine, now| engine.change_policy(now, policy))
    }

    /// Takes back what this member asked for. What the others have acted on already stays.
    ///
    /// # Errors
    /// [`VoteError::NoSuchVote`] if there was nothing to take back.
    pub fn withdraw(&mut self, now: u64, vote: &Vote) -> Result<(), VoteError> {
        self.vote(now, |engine, now| engine.withdraw(now, vote))
    }

    /// Asks for an epoch with fresh keys.
    pub fn refresh(&mut self, now: u64) {
        self.with(now, |engine, now| engine.refresh(now));
    }

    /// Whether this application is told what a member writes, from now on. It changes what is seen here and nothing else: what
    /// a muted member writes is verified, acknowledged and has its place as ever.
    pub fn mute(&mut self, _now: u64, identity: IdentityKey, on: bool) {
        if on {
            self.muted.insert(identity);
        } else {
            self.muted.remove(&identity);
        }
    }

    /// Asks the person of another member whether it knows the same secret:
    /// [`Verification::SecretResult`](crate::Verification::SecretResult) tells. The question is shown there, and every member
    /// can read it.
    ///
    /// # Errors
    /// The attempt has not begun.
    pub fn verify_start(
        &mut self,
        now: u64,
        identity: IdentityKey,
        secret: &SharedSecret,
        question: &str,
    ) -> Result<AttemptId, VerifyError> {
        self.with(now, |engine, now| {
            engine.verify_start(now, identity, secret, question)
        })
        .unwrap_or(Err(VerifyError::NotSecure))
    }

    /// Answers [`Verification::SecretAsked`](crate::Verification::SecretAsked) by what the person has typed: one guess.
    ///
    /// # Errors
    /// Nothing was answered.
    pub fn verify_answer(
        &mut self,
        now: u64,
        attempt: AttemptId,
        secret: &SharedSecret,
    ) -> Result<(), VerifyError> {
        self.with(now, |engine, now| {
            engine.verify_answer(now, attempt, secret)
        })
        .unwrap_or(Err(VerifyError::NotSecure))
    }

    /// Gives an attempt up, which counts as a failure on both sides.
    pub fn verify_abort(&mut self, now: u64, attempt: AttemptId) {
        self.with(now, |engine, now| engine.verify_abort(now, attempt));
    }

    /// Takes part in a round of the room's code, which it begins if none is under way:
    /// [`Verification::Code`](crate::Verification::Code) or [`Verification::CodeFailed`](crate::Verification::CodeFailed) tells
    /// what comes of it.
    ///
    /// # Errors
    /// There is no epoch, or nothing can be written now.
    pub fn room_code(&mut self, now: u64) -> Result<RoundId, VerifyError> {
        self.with(now, |engine, now| engine.room_code(now))
            .unwrap_or(Err(VerifyError::NotSecure))
    }

    /// How long ago others were heard: for a person who looks who is there. `now` changes nothing.
    #[must_use]
    pub fn last_heard(&self, now: u64) -> LastHeard {
        let now = Timestamp::from_millis(self.now.max(now));
        let engine = self.engine.as_ref();
        engine.map_or_else(LastHeard::default, |engine| engine.last_heard(now))
    }

    /// This member's own identity.
    #[must_use]
    pub const fn identity(&self) -> IdentityKey {
        self.me
    }

    /// What the relay, or another channel, is to be joined by.
    #[must_use]
    pub const fn room_id(&self) -> RoomId {
        self.room
    }

    /// The roster in force, in cycle order, and how far each is with leaving; nobody without an epoch.
    #[must_use]
    pub fn members(&self) -> Vec<MemberView> {
        self.viewing.members(&self.muted)
    }

    /// All that a screen shows of the room. It follows from the events that were polled or wait to be.
    #[must_use]
    pub fn state(&self) -> RoomView {
        let engine = self.engine.as_deref();
        let is_secure = engine.is_some_and(|engine| engine.is_secure());
        let votes = engine.map(|engine| engine.votes()).unwrap_or_default();
        let sid = self.translator.sid();
        self.viewing.state(is_secure, sid, votes, &self.muted)
    }

    /// What is known of a message of the epoch in force; none if it is not delivered, or of another epoch: then all who moved
    /// on have it.
    #[must_use]
    pub fn message_state(&self, id: &MessageId) -> Option<MessageState> {
        self.engine.as_ref()?.message_state(id)
    }

    /// A secret that the members of the epoch share and nobody else has, for a use of the application's own: `context`
    /// separates the uses. None unless the room is secure.
    #[must_use]
    pub fn export(&self, context: &[u8]) -> Option<Secret<32>> {
        self.engine.as_ref()?.export(context)
    }

    /// Takes an alert out of [`Member::state`]: a person has seen it. Says whether there was one.
    pub fn dismiss(&mut self, n: u64) -> bool {
        self.viewing.dismiss(n)
    }

    /// Leaves in order: after what was given to [`Member::send`] has reached everyone. [`Ended::Ended`] tells when. A room
    /// that is not secure yet ends at once if it has nothing to send; if it has, it waits to be secure.
    pub fn leave(&mut self, now: u64) {
        self.viewing.leave();
        self.with(now, |engine, now| engine.leave(now));
    }

    /// As [`Member::leave`], for one who cannot wait for long: a room that is not secure, or is being left already, ends at
    /// once.
    pub fn stop(&mut self, now: u64) {
        self.viewing.leave();
        self.with(now, |engine, now| engine.stop(now));
    }

    /// Whether this member has left or is closed: no call does anything from then on.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.engine.as_ref().is_none_or(|engine| engine.has_ended())
    }

    /// Ends at once and erases all keys, as dropping it does. Nothing is sent from then on; events that tell what became of
    /// each text can still be polled, and what belongs in a transcript.
    pub fn close(&mut self) {
        let now = self.now;
        self.leave(now);
        self.stop(now);
        if let Some(mut engine) = self.engine.take() {
            let records = core::iter::from_fn(|| engine.poll_record());
            self.records.extend(records);
        }
        self.translator.outside();
    }

    /// Tells what no input of the room told.
    fn push(&mut self, told: Told) {
        let event = self.translator.event(self.now, told);
        self.viewing.note(&event);
        self.events.push_back(event);
    }

    fn refuse_own(&self, identity: IdentityKey) -> Result<(), VoteError> {
        match identity == self.me {
            true => Err(VoteError::Yourself),
            false => Ok(()),
        }
    }

    fn vote(
        &mut self,
        now: u64,
        vote: impl FnOnce(&mut dyn Engine, Timestamp) -> Result<(), VoteError>,
    ) -> Result<(), VoteError> {
        if self.has_ended() {
            return Err(VoteError::Ended);
        }
        self.with(now, vote).unwrap_or(Err(VoteError::Ended))
    }

    /// An input, if this member is not closed, and all that it tells.
    fn with<T>(
        &mut self,
        now: u64,
        input: impl FnOnce(&mut dyn Engine, Timestamp) -> T,
    ) -> Option<T> {
        self.with_viewing(now, |engine, _, now| input(engine, now))
    }

    fn with_viewing<T>(
        &mut self,
        now: u64,
        input: impl FnOnce(&mut dyn Engine, &mut Viewing, Timestamp) -> T,
    ) -> Option<T> {
        self.now = self.now.max(now);
        let engine = self.engine.as_deref_mut()?;
        let now = Timestamp::from_millis(self.now);
        let done = input(engine, &mut self.viewing, now);
        self.hear();
        Some(done)
    }

    /// Takes what the room tells.
    fn hear(&mut self) {
        let Some(engine) = &mut self.engine else {
            return;
        };
        let told: Vec<_> = core::iter::from_fn(|| engine.poll_event()).collect();
        let is_outside = !engine.is_secure();
        if told.is_empty() && !is_outside {
            return;
        }
        let (muted, is_lost) = (&self.muted, self.is_lost);
        let is_hidden = |told: &Told| match told {
            Told::Message(Message::Text { author, .. })
            | Told::Misconduct(Misconduct::Disputed { author, .. }) => muted.contains(author),
            Told::Ended(Ended::Ended(_)) => is_lost,
            Told::Membership(_)
            | Told::Message(_)
            | Told::Order(_)
            | Told::Verification(_)
            | Told::Misconduct(_)
            | Told::Waiting(_)
            | Told::Ended(_) => false,
        };
        let events = self.translator.translate(self.now, told, is_hidden);
        for event in &events {
            self.viewing.note(event);
        }
        self.events.extend(events);
        if is_outside {
            self.translator.outside();
        }
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Member({}, {:?})", self.me, self.translator.sid())
    }
}

const _: () = {
    const fn is_send<T: Send>() {}
    is_send::<Member>();
};
