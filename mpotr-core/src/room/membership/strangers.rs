//! Those outside who want to come into this epoch: the challenge of this member, and who has answered it.
//! `docs/spec/06-epochs.md`, "Newcomers".
//!
//! What is kept of strangers is bounded, and which of them are kept is drawn by lots that nobody foresees: who sends more
//! has more lots, and pushes nobody out for certain. An answer is verified when it is to be listed, and not when it comes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::light::OwnHello;
use mpotr_gka::{Challenge, KnownIdentities, Offer, OwnChallenge, TrapdoorKey};

use super::applicants::Applicants;
use crate::error::Rejection;
use crate::time::{Duration, Timestamp};
use crate::wire::{Admitted, Answer, MAX_ADMITTED};

/// The most answers that are kept.
const MAX_CANDIDATES: usize = 64;
/// The most challenges of others that are known.
const MAX_HEARD: usize = 8;

/// Those outside who want to come in.
pub(crate) struct Strangers<S: CryptoSuite> {
    /// What this member has asked, in this view.
    own: Option<Opened<S>>,
    /// The challenges that others have sent in this epoch, it seems.
    heard: VecDeque<TrapdoorKey>,
    /// When the door was opened last, by this member or by another that it left that to.
    pub(crate) sent: Option<Timestamp>,
    /// Since when it is opened again and again.
    pub(crate) open_since: Option<Timestamp>,
    /// When this member sent its challenge last.
    pub(crate) asked: Option<Timestamp>,
    /// Since when there are newcomers who may come in by a light run.
    pub(crate) joining_since: Option<Timestamp>,
    /// Until when another instance of a member is asked for, which comes in by no light run.
    pub(crate) twin_until: Option<Timestamp>,
    /// What this member states though nobody has answered so.
    #[cfg(feature = "insider")]
    pub(crate) invented: BTreeSet<Admitted>,
}

/// A challenge, and who has answered it.
struct Opened<S: CryptoSuite> {
    challenge: OwnChallenge<S>,
    /// By lot.
    candidates: BTreeMap<u64, Candidate>,
    /// Who asks to come in by a light run.
    applicants: Applicants<S>,
}

/// What this member asks of those outside.
pub(crate) type Asked<S> = (OwnChallenge<S>, Option<OwnHello<S>>);

/// Who has answered.
struct Candidate {
    answer: Answer,
    heard: Timestamp,
    admitted: Admitted,
    is_proven: bool,
}

impl<S: CryptoSuite> Default for Strangers<S> {
    fn default() -> Self {
        Self {
            own: None,
            heard: VecDeque::new(),
            sent: None,
            open_since: None,
            asked: None,
            joining_since: None,
            twin_until: None,
            #[cfg(feature = "insider")]
            invented: BTreeSet::new(),
        }
    }
}

impl<S: CryptoSuite> Strangers<S> {
    /// The challenge of this member for a view; `draw` makes a fresh one.
    pub(crate) fn challenge(
        &mut self,
        now: Timestamp,
        round_trip: Duration,
        view: u32,
        draw: impl FnOnce() -> Asked<S>,
    ) -> Challenge {
        self.go_to(view);
        self.own
            .take_if(|own| own.applicants.is_to_be_renewed(now, round_trip));
        let opened = self.own.get_or_insert_with(|| {
            let (challenge, hello) = draw();
            Opened {
                challenge,
                candidates: BTreeMap::new(),
                applicants: Applicants::new(now, round_trip, hello),
            }
        });
        *opened.challenge.challenge()
    }

    /// Another view begins: what was answered before counts for nothing.
    pub(crate) fn go_to(&mut self, view: u32) {
        self.own
            .take_if(|own| own.challenge.challenge().view < view);
    }

    /// The door is opened; if it was not for so long, for the first time.
    pub(crate) fn be_opened(&mut self, now: Timestamp, lapses: Duration) {
        let is_first = self.sent.is_none_or(|sent| now.since(sent) > lapses);
        if is_first || self.open_since.is_none() {
            self.open_since = Some(now);
        }
        self.sent = Some(now);
    }

    /// A hello that is too old is answered no more: what opens the answers is wiped.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        let is_over = |own: &mut Opened<S>| {
            let until = own.applicants.lasts_until();
            until.is_some_and(|until| now >= until)
        };
        self.own.take_if(is_over);
    }

    /// The challenge of this member is not what it would ask for by now: it asks anew.
    pub(crate) fn ask_anew(&mut self, is_light: bool) {
        self.own
            .take_if(|own| own.challenge.challenge().light.is_some() != is_light);
    }

    /// The identities of those who ask to come in by a light run and have shown who they are.
    pub(crate) fn opened_now(&self) -> Vec<IdentityKey> {
        let own = self.own.iter();
        own.flat_map(|own| own.applicants.identities()).collect()
    }

    /// Who asks to come in by a light run, with the challenge of this member.
    pub(crate) fn applicants(&mut self) -> Option<&mut Applicants<S>> {
        self.own.as_mut().map(|own| &mut own.applicants)
    }

    /// The name of the epoch that this member would propose in a view, and those it may list there.
    pub(crate) fn applying(&self, view: u32) -> Option<&Applicants<S>> {
        let own = self.own.as_ref();
        let own = own.filter(|own| own.challenge.challenge().view == view);
        own.map(|own| &own.applicants)
    }

    /// What those who answered serves one SEED.
    pub(crate) fn list(&mut self, newcomers: &[Admitted]) -> Vec<mpotr_gka::light::Admitted> {
        let own = self.own.take();
        own.map_or_else(Vec::new, |own| own.applicants.list(newcomers))
    }

    /// Another member has sent a challenge, it seems: answers to it are for that member.
    pub(crate) fn hear(&mut self, challenge: TrapdoorKey) {
        if !self.heard.contains(&challenge) {
            if self.heard.len() >= MAX_HEARD {
                self.heard.pop_front();
            }
            self.heard.push_back(challenge);
        }
    }

    /// Whether an answer is to the challenge of another, of one who has not answered that of this member in this view.
    pub(crate) fn is_of_another(&self, answer: &Answer) -> bool {
        self.own.as_ref().is_some_and(|own| {
            let mut candidates = own.candidates.values();
            own.challenge.challenge().key != answer.challenge
                && !candidates.any(|it| it.admitted.identity == answer.offer.identity)
        })
    }

    /// Takes an answer, with a lot that nobody foresees. Returns whether it is kept.
    ///
    /// # Errors
    /// It answers no challenge of this view, or is here already.
    pub(crate) fn take(
        &mut self,
        now: Timestamp,
        answer: Answer,
        lot: u64,
    ) -> Result<bool, Rejection> {
        let own = self.own.as_mut();
        let Some(own) = own.filter(|own| own.challenge.challenge().key == answer.challenge) else {
            let is_for_another = self.heard.contains(&answer.challenge);
            return is_for_another.then_some(false).ok_or(Rejection::StaleView);
        };
        let mut candidates = own.candidates.values_mut();
        if let Some(again) = candidates.find(|it| it.answer == answer) {
            again.heard = now;
            return Err(Rejection::Replayed);
        }
        let admitted = Admitted {
            identity: answer.offer.identity,
            offer: answer.offer.digest::<S>(),
        };
        let candidate = Candidate {
            answer,
            heard: now,
            admitted,
            is_proven: false,
        };
        own.candidates.insert(lot, candidate);
        let is_one_too_many = own.candidates.len() > MAX_CANDIDATES;
        let last = is_one_too_many.then(|| own.candidates.pop_last());
        Ok(last.flatten().is_none_or(|(last, _)| last != lot))
    }

    /// The claimed identities of those who have answered within `fresh`.
    pub(crate) fn claimed(&mut self, now: Timestamp, fresh: Duration) -> BTreeSet<IdentityKey> {
        let Some(own) = &mut self.own else {
            return BTreeSet::new();
        };
        own.candidates
            .retain(|_, candidate| now.since(candidate.heard) <= fresh);
        let candidates = own.candidates.values();
        let candidates = candidates.map(|it| it.admitted.identity);
        let applicants = own.applicants.opened(now, fresh);
        candidates.chain(applicants.map(|it| it.identity)).collect()
    }

    /// Those who are to be listed: of the identities that `fits`, those who have shown that they made their offer, by lot, each
    /// with the offer that was heard last. What shows nothing is dropped.
    pub(crate) fn proven(
        &mut self,
        known: &KnownIdentities<S>,
        fits: impl Fn(&IdentityKey) -> bool,
    ) -> BTreeSet<Admitted> {
        let mut proven: BTreeMap<IdentityKey, (Timestamp, Admitted)> = BTreeMap::new();
        let Some(own) = &mut self.own else {
            return BTreeSet::new();
        };
        let challenge = own.challenge.checked();
        own.candidates.retain(|_, candidate| {
            let identity = candidate.admitted.identity;
            let is_full = proven.len() >= MAX_ADMITTED && !proven.contains_key(&identity);
            if is_full || !fits(&identity) {
                return true;
            }
            candidate.is_proven =
                candidate.is_proven || candidate.answer.is_proven(challenge, known);
            if candidate.is_proven {
                let this = (candidate.heard, candidate.admitted);
                let latest = proven.entry(identity).or_insert(this);
                *latest = (*latest).max(this);
            }
            candidate.is_proven
        });
        proven.into_values().map(|(_, admitted)| admitted).collect()
    }

    /// Whether this member has verified an answer itself.
    pub(crate) fn has_proven(&self, newcomer: &Admitted) -> bool {
        let own = self.own.iter().flat_map(|own| own.candidates.values());
        let mut own = own.filter(|it| it.is_proven);
        let mut applying = self.own.iter().map(|own| &own.applicants);
        own.any(|it| it.admitted == *newcomer) || applying.any(|it| it.has_opened(newcomer))
    }

    /// The offers of those who were to be listed.
    pub(crate) fn offers(&self) -> impl Iterator<Item = &Offer> {
        let own = self.own.iter().flat_map(|own| own.candidates.values());
        own.filter(|it| it.is_proven).map(|it| &it.answer.offer)
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::IdentityKeyPair;
    use mpotr_gka::{CheckedChallenge, EpochName, OfferSecrets, RoomId};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;
    use crate::room::testing::Suite;

    const NOW: Timestamp = Timestamp::from_millis(5000);
    const FRESH: Duration = Duration::from_secs(30);

    fn draw(view: u32, seed: u64) -> Asked<Suite> {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let host = IdentityKeyPair::random::<Suite>(&mut rng);
        let room = RoomId::of_name::<Suite>("door");
        let challenge = OwnChallenge::draw(room, EpochName::new([1; 16]), view, &host, &mut rng);
        (challenge, None)
    }

    /// What a person answers, by number.
    fn answer(challenge: &Challenge, person: u64, count: u64) -> Answer {
        let mut rng = ChaCha20Rng::seed_from_u64(person);
        let joiner = IdentityKeyPair::random::<Suite>(&mut rng);
        let checked: CheckedChallenge<Suite> = challenge.check().unwrap();
        let (offer, secrets) = OfferSecrets::<Suite>::generate(
            challenge.room,
            Some(challenge.epoch),
            &joiner,
            count,
            &mut rng,
        );
        let digest = offer.digest::<Suite>();
        let signed = challenge.signed_by_joiner::<Suite>(&digest);
        Answer {
            signature: secrets.ephemeral().sign(&signed),
            proof: checked.prove(&digest, &joiner, &mut rng).unwrap(),
            challenge: challenge.key,
            offer,
        }
    }

    fn open() -> (Strangers<Suite>, Challenge) {
        let mut strangers = Strangers::default();
        let challenge = strangers.challenge(NOW, Duration::ZERO, 0, || draw(0, 1));
        (strangers, challenge)
    }

    #[test]
    fn an_answer_is_for_one_view_and_one_member() {
        let (mut strangers, challenge) = open();
        let known = KnownIdentities::new();
        let mine = answer(&challenge, 2, 0);
        assert_eq!(strangers.take(NOW, mine.clone(), 5), Ok(true));
        assert_eq!(
            strangers.take(NOW, mine.clone(), 6),
            Err(Rejection::Replayed)
        );
        // The same view is open still.
        assert_eq!(
            strangers.challenge(NOW, Duration::ZERO, 0, || draw(0, 9)),
            challenge
        );
        assert_eq!(strangers.proven(&known, |_| true).len(), 1);
        let next = strangers.challenge(NOW, Duration::ZERO, 1, || draw(1, 9));
        assert!(strangers.proven(&known, |_| true).is_empty());
        assert_eq!(
            strangers.take(NOW, mine.clone(), 7),
            Err(Rejection::StaleView)
        );
        assert_eq!(strangers.take(NOW, answer(&next, 2, 0), 8), Ok(true));
        // To another member's challenge it is nothing for this one, and no mistake.
        strangers.hear(challenge.key);
        assert_eq!(strangers.take(NOW, mine, 9), Ok(false));
    }

    #[test]
    fn what_proves_nothing_is_dropped_and_one_identity_comes_once() {
        let (mut strangers, challenge) = open();
        let known = KnownIdentities::new();
        let [alice, again, bob] = [(2, 0), (2, 1), (3, 0)].map(|(n, k)| answer(&challenge, n, k));
        // Keys of another under Alice's name, with all that can be copied.
        let mut stolen = bob.clone();
        stolen.offer.identity = alice.offer.identity;
        for (lot, answer) in [(1, &stolen), (4, &again), (3, &bob)] {
            assert_eq!(strangers.take(NOW, answer.clone(), lot), Ok(true));
        }
        let later = NOW.after(Duration::from_millis(1));
        assert_eq!(strangers.take(later, alice.clone(), 5), Ok(true));
        let proven = strangers.proven(&known, |_| true);
        let offers: BTreeSet<_> = proven.iter().map(|it| it.offer).collect();
        let expected = [&alice, &bob].map(|it| it.offer.digest::<Suite>());
        assert_eq!(offers, expected.into());
        let bob = bob.offer.identity;
        assert_eq!(
            strangers.proven(&known, |identity| *identity == bob).len(),
            1
        );
        assert!(strangers.offers().all(|offer| *offer != stolen.offer));
    }

    #[test]
    fn what_is_kept_of_strangers_is_bounded_and_drawn_by_lot() {
        let (mut strangers, challenge) = open();
        let template = answer(&challenge, 2, 0);
        let mut lot = 1_u64;
        for n in 0..1000_u64 {
            let mut answer = template.clone();
            answer.offer.identity = IdentityKey::new(std::array::from_fn(|at| {
                n.to_be_bytes().get(at).copied().unwrap_or(9)
            }));
            lot = lot.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            strangers.take(NOW, answer, lot).unwrap();
        }
        assert_eq!(strangers.claimed(NOW, FRESH).len(), MAX_CANDIDATES);
        // All of them are lies, and cost one look each.
        assert!(
            strangers
                .proven(&KnownIdentities::new(), |_| true)
                .is_empty()
        );
        assert!(strangers.claimed(NOW, FRESH).is_empty());
        strangers.take(NOW, template, 1).unwrap();
        let later = NOW.after(FRESH).after(Duration::from_millis(1));
        assert!(strangers.claimed(later, FRESH).is_empty());
    }
}
