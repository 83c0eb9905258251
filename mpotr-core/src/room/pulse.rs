//! How long a word and its answer take in this room: the estimate that all timers are multiples of.
//! `docs/spec/06-epochs.md`, "The pace of a room".
//!
//! A sample is the time from a packet of this member to an answer that could not be made without it. Outside an epoch it counts
//! for the offer whose key has signed the answer, and in an epoch only if that offer is in the roster, or the member has confirmed
//! the run that led there: what others say outside is forgotten then. No answer comes sooner than light: who lies answers as
//! fast as it can, and the second fastest counts.

mod silence;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mpotr_crypto::IdentityKey;
use mpotr_gka::{MemberIndex, OfferDigest};

use crate::config::Timers;
use crate::time::{Duration, Timestamp, part};
use crate::wire::SidHint;
use silence::Silence;

/// The last samples of each member that count, of which the smallest does: what else is in a sample is waiting and loss.
const KEPT: usize = 8;
/// The most offers outside of which samples are kept.
const MAX_OUTSIDE: usize = 1024;
/// Of so many members or more the second smallest counts: one of them may lie.
const ENOUGH_FOR_SECOND: usize = 3;
/// So many signed confirmations of a run are looked at before all have come.
const ENOUGH_TO_BOUND: usize = 2;
/// The estimate is so many percent of what counts: samples vary by a little.
const MARGIN_PERCENT: u32 = 110;
/// What names an own offer after so many round trips is no answer to its publication: it may have been heard long after that.
const LATE: u32 = 4;
/// Who has answered was there for half a round trip, where both came together; the first measure is doubted if it is more than so
/// many times what its maker was heard for.
const DOUBTED: u32 = 8;
/// Until who has answered a challenge is listed, its answer is stated, offers are gathered and a proposal is made: so many round
/// trips at least.
const ROUND_TRIPS_TO_LIST: u32 = 3;
/// For certain so many: what goes by that is never too short by much.
const ROUND_TRIPS_OF_LISTING: u32 = 2;
/// So many views that fail one after the other double the time of the next.
const MAX_DOUBLINGS: u32 = 3;
/// And so many that of a view in which this member would come into an epoch.
const MAX_DOUBLINGS_OF_HOST: u32 = 1;

/// Samples of one who answers, the newest last.
#[derive(Clone, Debug, Default)]
struct Samples(VecDeque<Duration>);

impl Samples {
    fn add(&mut self, sample: Duration) {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }

    fn least(&self) -> Option<Duration> {
        self.0.iter().min().copied()
    }
}

/// What this member sent and when, the newest last.
#[derive(Debug)]
struct Sent<T>(VecDeque<(T, Timestamp)>);

impl<T> Default for Sent<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: Copy + PartialEq> Sent<T> {
    /// Notes when it was sent first.
    fn note(&mut self, now: Timestamp, what: T) {
        if self.at(what).is_some() {
            return;
        }
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back((what, now));
    }

    fn at(&self, what: T) -> Option<Timestamp> {
        let sent = self.0.iter().find(|(sent, _)| *sent == what);
        sent.map(|(_, at)| *at)
    }
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Offer(OfferDigest),
    Said(u32),
}

/// The run that this member contributed to last, and how long the others took to confirm it.
#[derive(Debug)]
struct Answers {
    run: SidHint,
    contributed: Timestamp,
    /// By sender. That it signed its confirmation is known when all have.
    after: BTreeMap<MemberIndex, Duration>,
    /// Of those that were seen to be signed before all had come, the first.
    signed: Vec<Duration>,
}

/// The pace of the room.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Since when nothing new was heard.
    pub(super) silence: Silence,
    offers: Sent<OfferDigest>,
    /// By tag, what this member has said to have heard.
    said: Sent<u32>,
    /// Which of these were answered, and by whose key: who names one again has answered it long before.
    answered: BTreeSet<(Word, OfferDigest)>,
    /// Samples of those outside, by the offer whose key has signed the answer.
    outside: BTreeMap<OfferDigest, (IdentityKey, Samples)>,
    /// Samples of members of an epoch.
    members: BTreeMap<IdentityKey, Samples>,
    answers: Option<Answers>,
    /// The least that the own link needs for a word and its answer.
    link: Duration,
    round_trip: Option<Duration>,
    /// Whether that was measured by when others listed this member, and by nothing else.
    rests_on_listings: bool,
    /// Whether who has answered first may have come long after what it answers.
    is_doubted: bool,
    /// At most this it takes, by how soon members of an epoch have listed this member after its answer.
    of_host: Option<Duration>,
    /// And at most this, by how soon the contribution to a run was answered by confirmations.
    of_run: Option<Duration>,
    /// What was measured among the members of the last epoch. Who comes later may have been away when it was asked, and its answer
    /// late for that; if the carrier has become slower, views fail.
    of_epoch: Option<Duration>,
    /// Views that have failed one after the other.
    failed: u32,
}

impl Pulse {
    /// How long a word and its answer take, as far as it is known.
    pub(super) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// The timers of the room at its pace.
    pub(super) fn times(&self, floors: &Timers) -> Timers {
        let round_trip = self.round_trip.unwrap_or(floors.round_trip);
        floors.at_pace(round_trip.max(self.link), self.doublings())
    }

    /// How long a member that would come into an epoch waits in a view of that: those who are in wait for it no longer either,
    /// however many of its views have failed.
    pub(super) fn view_of_host(&self, floors: &Timers) -> Duration {
        let round_trip = self.round_trip.unwrap_or(floors.round_trip);
        let doublings = self.doublings().min(MAX_DOUBLINGS_OF_HOST);
        floors.at_pace(round_trip.max(self.link), doublings).view
    }

    /// The least time that the own link needs for a word and its answer; whether that is more than before.
    pub(super) fn set_link(&mut self, least: Duration) -> bool {
        let is_more = least > self.link;
        self.link = least;
        is_more
    }

    fn doublings(&self) -> u32 {
        self.failed.min(MAX_DOUBLINGS)
    }

    /// A view has ended without an epoch.
    pub(super) const fn have_failed(&mut self) {
        self.failed = self.failed.saturating_add(1);
    }

    /// This member publishes an offer.
    pub(super) fn publish(&mut self, now: Timestamp, offer: OfferDigest) {
        self.offers.note(now, offer);
    }

    /// This member says what it has heard, under a tag that nobody knows before.
    pub(super) fn say(&mut self, now: Timestamp, tag: u32) {
        self.said.note(now, tag);
    }

    /// An offer of this member is answered, by who has signed that with the key of an offer of its own: it has heard what was
    /// said under a tag, or the offer alone.
    pub(super) fn hear_answer(
        &mut self,
        now: Timestamp,
        own: OfferDigest,
        tag: Option<u32>,
        (by, claimed): (OfferDigest, IdentityKey),
    ) {
        let (word, sent) = match tag {
            Some(tag) => (Word::Said(tag), self.said.at(tag)),
            None => (Word::Offer(own), self.offers.at(own)),
        };
        if self.answered.len() >= MAX_OUTSIDE {
            self.answered.clear();
        }
        // Who names an offer may have come long after it was published.
        let late = self.round_trip.map(|it| it.saturating_mul(LATE));
        let is_late =
            |sent: &Timestamp| tag.is_none() && late.is_some_and(|late| now.since(*sent) > late);
        if let Some(sent) = sent.filter(|sent| !is_late(sent))
            && self.answered.insert((word, by))
        {
            self.hear_answer_since(now, sent, (by, claimed));
        }
    }

    /// The first answer has come, from one who was heard first then: if that is far less than the answer took, who has answered
    /// may have come long after what it answers; and if the answer took far longer than was `taken` for it, its maker may not
    /// have been willing to answer before.
    pub(super) fn doubt(&mut self, now: Timestamp, here_since: Timestamp, taken: Duration) {
        let least = now.since(here_since).saturating_mul(DOUBTED);
        let most = least.min(taken.saturating_mul(LATE));
        self.is_doubted = self.round_trip.is_some_and(|it| it > most);
    }

    /// Whether what was measured is to be measured anew by a word and its answer: the question counts.
    pub(super) const fn take_doubt(&mut self) -> bool {
        std::mem::replace(&mut self.is_doubted, false)
    }

    /// Whether what was measured is doubted.
    pub(super) const fn is_doubted(&self) -> bool {
        self.is_doubted
    }

    /// Members of an epoch have listed this member in their proposal, which has answered their challenge then.
    pub(super) fn be_listed(
        &mut self,
        now: Timestamp,
        answered: Timestamp,
        (by, claimed): (OfferDigest, IdentityKey),
    ) {
        let least = part(now.since(answered), ROUND_TRIPS_TO_LIST);
        let rests_on_listings = self.takes_listings();
        self.sample(least, (by, claimed));
        self.rests_on_listings = rests_on_listings;
    }

    /// Members of an epoch have listed this member in their proposal, which has answered their challenge then: however late others
    /// answer it, a word and its answer take no longer than that.
    pub(super) fn bound(&mut self, now: Timestamp, answered: Timestamp) {
        let most = part(now.since(answered), ROUND_TRIPS_OF_LISTING);
        if self.round_trip.is_some_and(|known| known > most) {
            self.of_host = Some(self.of_host.map_or(most, |known| known.min(most)));
            self.estimate(false);
        }
    }

    /// Whether nothing better was measured than when others listed this member in a proposal: they may have waited long for that,
    /// and do so more quickly the next time.
    pub(super) const fn takes_listings(&self) -> bool {
        self.round_trip.is_none() || self.rests_on_listings
    }

    /// The same of something that was sent then.
    pub(super) fn hear_answer_since(
        &mut self,
        now: Timestamp,
        sent: Timestamp,
        (by, claimed): (OfferDigest, IdentityKey),
    ) {
        self.sample(now.since(sent), (by, claimed));
    }

    fn sample(&mut self, sample: Duration, (by, claimed): (OfferDigest, IdentityKey)) {
        let is_known = self.outside.contains_key(&by);
        if is_known || self.outside.len() < MAX_OUTSIDE {
            self.rests_on_listings = false;
            self.is_doubted = false;
            let (_, samples) = self
                .outside
                .entry(by)
                .or_insert((claimed, Samples::default()));
            samples.add(sample);
            self.estimate(false);
        }
    }

    /// This member contributes to a run.
    pub(super) fn contribute(&mut self, now: Timestamp, run: SidHint) {
        self.answers = Some(Answers {
            run,
            contributed: now,
            after: BTreeMap::new(),
            signed: Vec::new(),
        });
    }

    /// A confirmation has come, which nobody makes who does not have this member's contribution.
    pub(super) fn hear_confirmation(&mut self, now: Timestamp, run: SidHint, sender: MemberIndex) {
        if let Some(answers) = self.answers.as_mut().filter(|answers| answers.run == run) {
            let after = now.since(answers.contributed);
            answers.after.insert(sender, after);
        }
    }

    /// Whether a signed confirmation of a run shows how long a word and its answer take at most, and that is of use: where what is
    /// known may be far too much, a run would be waited for in vain.
    pub(super) fn may_bound(&self, run: SidHint) -> bool {
        let answers = self.answers.as_ref().filter(|answers| answers.run == run);
        answers.is_some_and(|answers| answers.signed.len() < ENOUGH_TO_BOUND)
    }

    /// A confirmation of this run has come, signed by one of so many others: it answers the own contribution, so a word and its
    /// answer take no longer than that. One of three and more may lie, so the second counts there.
    pub(super) fn bound_by_confirmation(&mut self, now: Timestamp, others: usize) {
        let Some(answers) = self.answers.as_mut() else {
            return;
        };
        answers.signed.push(now.since(answers.contributed));
        let place = usize::from(others >= ENOUGH_FOR_SECOND);
        let most = answers.signed.get(place).copied().map(with_margin);
        if let Some(most) = most
            && self.round_trip.is_some_and(|known| known > most)
        {
            self.of_run = Some(self.of_run.map_or(most, |known| known.min(most)));
            self.estimate(false);
        }
    }

    /// A run has led to an epoch: what its members have signed counts, and nothing else from here on.
    pub(super) fn install(
        &mut self,
        run: SidHint,
        me: IdentityKey,
        members: impl Iterator<Item = (OfferDigest, IdentityKey)>,
    ) {
        let answers = self.answers.take().filter(|answers| answers.run == run);
        let mut samples = Vec::new();
        for (sender, (offer, identity)) in members.enumerate() {
            let outside = self.outside.remove(&offer).map(|(_, samples)| samples.0);
            let mut of_member: Vec<_> = outside.into_iter().flatten().collect();
            let sender = MemberIndex::of(sender);
            of_member.extend(answers.as_ref().and_then(|it| it.after.get(&sender)));
            samples.push((identity, of_member));
        }
        self.begin_epoch(me, samples);
    }

    /// A light run has led to an epoch, in which some have answered this member, each after so long.
    pub(super) fn install_light(
        &mut self,
        me: IdentityKey,
        members: impl Iterator<Item = (IdentityKey, Option<Duration>)>,
    ) {
        self.answers = None;
        let samples = members.map(|(identity, sample)| (identity, Vec::from_iter(sample)));
        self.begin_epoch(me, samples.collect());
    }

    fn begin_epoch(&mut self, me: IdentityKey, samples: Vec<(IdentityKey, Vec<Duration>)>) {
        self.failed = 0;
        let mut roster = BTreeSet::new();
        for (identity, samples) in samples.into_iter().filter(|(it, _)| *it != me) {
            roster.insert(identity);
            for sample in samples {
                self.members.entry(identity).or_default().add(sample);
            }
        }
        self.members.retain(|identity, _| roster.contains(identity));
        self.outside.clear();
        self.answered.clear();
        self.rests_on_listings = false;
        self.of_host = None;
        self.of_run = None;
        self.estimate(true);
    }

    fn estimate(&mut self, is_member: bool) {
        let mut least: BTreeMap<IdentityKey, Duration> = BTreeMap::new();
        if is_member {
            let members = self.members.iter();
            least.extend(members.filter_map(|(it, samples)| Some((*it, samples.least()?))));
        } else {
            for (identity, samples) in self.outside.values() {
                if let Some(sample) = samples.least() {
                    let least = least.entry(*identity).or_insert(sample);
                    *least = sample.min(*least);
                }
            }
        }
        let mut least: Vec<_> = least.into_values().collect();
        least.sort_unstable();
        let place = usize::from(least.len() >= ENOUGH_FOR_SECOND);
        if let Some(counts) = least.get(place) {
            let measured = with_margin(*counts);
            if is_member {
                self.of_epoch = Some(measured);
            }
            let is_slower = self.failed >= MAX_DOUBLINGS;
            let bounds = [self.of_epoch, self.of_host, self.of_run];
            let least = bounds.into_iter().flatten().min();
            let least = least.filter(|_| !is_slower);
            self.round_trip = Some(least.map_or(measured, |least| least.min(measured)));
        }
    }
}

/// Samples vary by a little.
fn with_margin(sample: Duration) -> Duration {
    let more = sample.saturating_mul(MARGIN_PERCENT).checked_div(100);
    more.unwrap_or(sample)
}

#[cfg(test)]
mod tests;
