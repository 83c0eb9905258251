//! Attempts of two members to find out whether they share a secret. `docs/spec/13-trust.md`, "Shared secret".
//!
//! ```text
//! this member starts:  started ── answer ──> the same, or different
//! it is asked:         asked ── its person answers ──> answered ── result ──> the same, or different
//! any of them:         given up by either, or for want of time ──> aborted
//!                      the epoch is over ──> aborted, if it has answered, or else nothing that counts
//! ```

use std::collections::BTreeMap;

use mpotr_crypto::cpace::{ConfirmationTag, Context, CpaceError, Initiator, Responder};
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, ElementBytes, IdentityKey, TranscriptHash, label};

use super::secret::SharedSecret;
use super::{Place, Step};
use crate::error::VerifyError;
use crate::event::{Event, SecretOutcome};
use crate::time::{Duration, Timestamp};
use crate::wire::{AttemptId, TrustMessage};

/// How long an attempt may be open: people have to think.
const LONGEST: Duration = Duration::from_secs(120);
/// What the two are named under.
const CHANNEL: &[u8] = b"mpotr v1 secret";

enum Stage<S: CryptoSuite> {
    /// This member waits for an answer.
    Started(Initiator<S>),
    /// Its person is asked.
    Asked {
        share: ElementBytes,
        question: String,
    },
    /// It has answered.
    Answered(Responder),
}

struct Attempt<S: CryptoSuite> {
    /// The other member's place in the roster.
    with: u16,
    identity: IdentityKey,
    /// What the two call it in their messages.
    said: AttemptId,
    began: Timestamp,
    stage: Stage<S>,
}

/// The attempts that are open, one with each other member at most, and how often one failed.
pub(crate) struct Attempts<S: CryptoSuite> {
    /// By what the application knows them by, [`name`]: two that begin attempts can call them the same, and do not meet.
    open: BTreeMap<AttemptId, Attempt<S>>,
    failures: BTreeMap<IdentityKey, u32>,
}

impl<S: CryptoSuite> Default for Attempts<S> {
    fn default() -> Self {
        Self {
            open: BTreeMap::new(),
            failures: BTreeMap::new(),
        }
    }
}

impl<S: CryptoSuite> Attempts<S> {
    /// Asks a member whether it knows the same secret.
    ///
    /// # Errors
    /// [`VerifyError::Busy`].
    pub(crate) fn start(
        &mut self,
        now: Timestamp,
        place: &Place<'_>,
        (with, secret, question): (u16, &SharedSecret, String),
        rng: &mut dyn CryptoRng,
    ) -> Result<(AttemptId, Step), VerifyError> {
        let identity = place.identity(with).ok_or(VerifyError::NoSuchMember)?;
        if self.with(with).is_some() {
            return Err(VerifyError::Busy);
        }
        let mut id = [0; AttemptId::LENGTH];
        rng.fill_bytes(&mut id);
        let said = AttemptId::new(id);
        let context = context(place, &identity, &said, &question);
        let initiator = Initiator::<S>::start(secret.as_bytes(), context, rng);
        let share = *initiator.share();
        let stage = Stage::Started(initiator);
        let opened = Attempt {
            with,
            identity,
            said,
            began: now,
            stage,
        };
        let attempt = name::<S>(place, &place.my_identity, &said);
        self.open.insert(attempt, opened);
        let start = TrustMessage::Start {
            attempt: said,
            to: with,
            share,
            question,
        };
        Ok((attempt, Step::Say(start)))
    }

    /// The person answers.
    ///
    /// # Errors
    /// [`VerifyError::NoSuchAttempt`] of one that asks nothing.
    pub(crate) fn answer(
        &mut self,
        place: &Place<'_>,
        id: AttemptId,
        secret: &SharedSecret,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<Step>, VerifyError> {
        let attempt = self.open.get_mut(&id).ok_or(VerifyError::NoSuchAttempt)?;
        let Stage::Asked { share, question } = &attempt.stage else {
            return Err(VerifyError::NoSuchAttempt);
        };
        let said = attempt.said;
        let context = context(place, &attempt.identity, &said, question);
        match Responder::answer::<S>(secret.as_bytes(), &context, share, rng) {
            Ok((responder, share, confirmation)) => {
                attempt.stage = Stage::Answered(responder);
                Ok(vec![Step::Say(TrustMessage::Answer {
                    attempt: said,
                    share,
                    confirmation,
                })])
            }
            Err(_) => Ok(self.give_up(id)),
        }
    }

    /// Gives an attempt up, and says so.
    pub(crate) fn give_up(&mut self, id: AttemptId) -> Vec<Step> {
        let said = self.open.get(&id).map(|attempt| attempt.said);
        let abort = said.map(|attempt| Step::Say(TrustMessage::Abort { attempt }));
        let ended = self.end(id, SecretOutcome::Aborted);
        ended.map(Step::Tell).into_iter().chain(abort).collect()
    }

    /// A member asks this one.
    pub(crate) fn hear_start(
        &mut self,
        now: Timestamp,
        place: &Place<'_>,
        from: u16,
        said: AttemptId,
        (share, question): (ElementBytes, String),
    ) -> Vec<Step> {
        let Some(identity) = place.identity(from) else {
            return Vec::new();
        };
        let id = name::<S>(place, &identity, &said);
        if self.open.contains_key(&id) {
            return Vec::new();
        }
        let mut steps = Vec::new();
        if let Some(other) = self.with(from) {
            // If both start, the smaller key is initiator.
            let is_own = matches!(
                self.open.get(&other),
                Some(Attempt {
                    stage: Stage::Started(_),
                    ..
                })
            );
            if !is_own || place.my_identity < identity {
                return Vec::new();
            }
            self.open.remove(&other);
            steps.push(Step::Tell(Event::SecretResult {
                attempt: other,
                identity,
                result: SecretOutcome::Aborted,
                failures: self.failures(&identity),
            }));
        }
        steps.push(Step::Tell(Event::SecretAsked {
            attempt: id,
            identity,
            question: question.clone(),
            failures: self.failures(&identity),
        }));
        let opened = Attempt {
            with: from,
            identity,
            said,
            began: now,
            stage: Stage::Asked { share, question },
        };
        self.open.insert(id, opened);
        steps
    }

    /// The member that this one asked has answered.
    pub(crate) fn hear_answer(
        &mut self,
        place: &Place<'_>,
        from: u16,
        said: AttemptId,
        (share, confirmation): (ElementBytes, ConfirmationTag),
    ) -> Vec<Step> {
        let id = name::<S>(place, &place.my_identity, &said);
        let is_awaited = |it: &Attempt<S>| matches!(it.stage, Stage::Started(_));
        let Some((attempt, Stage::Started(initiator))) = self.take(from, id, is_awaited) else {
            return Vec::new();
        };
        let (outcome, confirmation) = match initiator.finish(&share, &confirmation) {
            Ok(confirmation) => (SecretOutcome::Same, Some(confirmation)),
            Err(CpaceError::Share) => {
                let abort = Step::Say(TrustMessage::Abort { attempt: said });
                let told = self.note(id, attempt, SecretOutcome::Aborted);
                return vec![Step::Tell(told), abort];
            }
            Err(CpaceError::Different | _) => (SecretOutcome::Different, None),
        };
        let result = TrustMessage::Result {
            attempt: said,
            confirmation,
        };
        let told = self.note(id, attempt, outcome);
        vec![Step::Tell(told), Step::Say(result)]
    }

    /// The member that asked this one says what came of it.
    pub(crate) fn hear_result(
        &mut self,
        place: &Place<'_>,
        from: u16,
        said: AttemptId,
        confirmation: Option<ConfirmationTag>,
    ) -> Vec<Step> {
        let Some(identity) = place.identity(from) else {
            return Vec::new();
        };
        let id = name::<S>(place, &identity, &said);
        let is_awaited = |it: &Attempt<S>| matches!(it.stage, Stage::Answered(_));
        let Some((attempt, Stage::Answered(responder))) = self.take(from, id, is_awaited) else {
            return Vec::new();
        };
        let is_same = confirmation.is_some_and(|confirmation| responder.check(&confirmation));
        let outcome = match is_same {
            true => SecretOutcome::Same,
            false => SecretOutcome::Different,
        };
        vec![Step::Tell(self.note(id, attempt, outcome))]
    }

    /// The other side has given an attempt up.
    pub(crate) fn hear_abort(
        &mut self,
        place: &Place<'_>,
        from: u16,
        said: AttemptId,
    ) -> Vec<Step> {
        let begun_by = [Some(place.my_identity), place.identity(from)];
        let ids = begun_by.into_iter().flatten();
        let ids = ids.map(|initiator| name::<S>(place, &initiator, &said));
        let is_theirs = |id: &AttemptId| self.open.get(id).is_some_and(|it| it.with == from);
        let theirs: Vec<_> = ids.filter(is_theirs).collect();
        let ended = theirs
            .into_iter()
            .filter_map(|id| self.end(id, SecretOutcome::Aborted));
        ended.map(Step::Tell).collect()
    }

    /// When the first attempt has been open for too long.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        let began = self.open.values().map(|attempt| attempt.began).min()?;
        Some(began.after(LONGEST))
    }

    /// Gives up what has been open for too long.
    pub(crate) fn time_out(&mut self, now: Timestamp) -> Vec<Step> {
        let is_late = |it: &Attempt<S>| it.began.after(LONGEST) <= now;
        let late = self.open.iter().filter(|(_, attempt)| is_late(attempt));
        let late: Vec<_> = late.map(|(id, _)| *id).collect();
        late.into_iter().flat_map(|id| self.give_up(id)).collect()
    }

    /// The epoch is over, and with it all attempts. What this member has answered counts: the other may know by it whether its
    /// guess was right, and have the epoch end for that.
    pub(crate) fn end_all(&mut self) -> Vec<Event> {
        let outcome = |it: &Attempt<S>| match it.stage {
            Stage::Started(_) | Stage::Asked { .. } => SecretOutcome::EpochChanged,
            Stage::Answered(_) => SecretOutcome::Aborted,
        };
        let open = self.open.iter().map(|(id, it)| (*id, outcome(it)));
        let open: Vec<_> = open.collect();
        let ended = open
            .into_iter()
            .filter_map(|(id, outcome)| self.end(id, outcome));
        ended.collect()
    }

    fn with(&self, place: u16) -> Option<AttemptId> {
        let mut open = self.open.iter();
        open.find(|(_, attempt)| attempt.with == place)
            .map(|(id, _)| *id)
    }

    /// Takes out an attempt with a member that is so far.
    fn take(
        &mut self,
        from: u16,
        id: AttemptId,
        is_so_far: impl Fn(&Attempt<S>) -> bool,
    ) -> Option<(IdentityKey, Stage<S>)> {
        let attempt = self.open.get(&id)?;
        if attempt.with != from || !is_so_far(attempt) {
            return None;
        }
        let attempt = self.open.remove(&id)?;
        Some((attempt.identity, attempt.stage))
    }

    fn end(&mut self, id: AttemptId, outcome: SecretOutcome) -> Option<Event> {
        let attempt = self.open.remove(&id)?;
        Some(self.note(id, attempt.identity, outcome))
    }

    /// How an attempt with this identity ended.
    fn note(&mut self, attempt: AttemptId, identity: IdentityKey, result: SecretOutcome) -> Event {
        if !matches!(result, SecretOutcome::Same | SecretOutcome::EpochChanged) {
            let failures = self.failures.entry(identity).or_default();
            *failures = failures.saturating_add(1);
        }
        Event::SecretResult {
            attempt,
            identity,
            result,
            failures: self.failures(&identity),
        }
    }

    fn failures(&self, identity: &IdentityKey) -> u32 {
        self.failures.get(identity).copied().unwrap_or_default()
    }
}

/// What the application knows an attempt by, that this member began and called so in its messages.
fn name<S: CryptoSuite>(place: &Place<'_>, initiator: &IdentityKey, said: &AttemptId) -> AttemptId {
    let digest = TranscriptHash::<S>::new(label::ATTEMPT)
        .bytes(place.sid.as_bytes())
        .bytes(initiator.as_bytes())
        .bytes(said.as_bytes())
        .finish();
    AttemptId::new(digest.first_chunk().copied().unwrap_or_default())
}

fn context(place: &Place<'_>, other: &IdentityKey, said: &AttemptId, question: &str) -> Context {
    let me = &place.my_identity;
    let (smaller, greater) = (me.min(other), me.max(other));
    Context {
        channel: Context::lv_cat(&[CHANNEL, smaller.as_bytes(), greater.as_bytes()]),
        session: Context::lv_cat(&[place.sid.as_bytes(), said.as_bytes()]),
        initiator_data: question.as_bytes().to_vec(),
        responder_data: Vec::new(),
    }
}
