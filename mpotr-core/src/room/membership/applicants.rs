//! Those outside who ask to come in by a light run, with the hello of this member. `docs/spec/06-epochs.md`, "At the door".
//!
//! Who asks is known to who opens the request: each costs some multiplications, so those that wait are bounded and drawn by lot,
//! and no more are opened than can be listed.

use std::collections::BTreeMap;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::light::{Handle, JoinRequest, MAX_JOINERS, OwnHello};
use mpotr_gka::{OfferDigest, RoomId, light};

use crate::error::Rejection;
use crate::time::{Duration, Timestamp};
use crate::wire::Admitted;

/// The most requests that wait to be opened.
const MAX_WAITING: usize = 64;
/// So long a hello may be answered, and for so many round trips if that is longer.
const HELLO_LASTS: Duration = Duration::from_secs(300);
const ROUND_TRIPS: u32 = 8;
/// What would be answered so many round trips after it is sent again has to serve for as long.
const LEFT: u32 = 4;

/// Those who ask to come in by a light run.
pub(crate) struct Applicants<S: CryptoSuite> {
    hello: Option<OwnHello<S>>,
    /// Until when it may be answered.
    until: Timestamp,
    /// Requests, by lot.
    waiting: BTreeMap<u64, (Timestamp, JoinRequest)>,
    opened: Vec<Applicant>,
}

/// One that this member has seen to be who it says.
struct Applicant {
    heard: Timestamp,
    admitted: Admitted,
    request: JoinRequest,
    shown: light::Admitted,
}

impl<S: CryptoSuite> Applicants<S> {
    pub(super) fn new(now: Timestamp, round_trip: Duration, hello: Option<OwnHello<S>>) -> Self {
        let lasts = HELLO_LASTS.max(round_trip.saturating_mul(ROUND_TRIPS));
        Self {
            hello,
            until: now.after(lasts),
            waiting: BTreeMap::new(),
            opened: Vec::new(),
        }
    }

    /// Until when the hello may be answered, if there is one.
    pub(crate) fn lasts_until(&self) -> Option<Timestamp> {
        self.hello.as_ref().map(|_| self.until)
    }

    /// Whether the hello is too old to be sent again: answers would come when it is no longer there. Where some have come it is kept.
    pub(super) fn is_to_be_renewed(&self, now: Timestamp, round_trip: Duration) -> bool {
        let left = round_trip.saturating_mul(LEFT);
        self.hello.is_some() && self.is_empty() && now.after(left) >= self.until
    }

    /// The name of the epoch that they ask to come into.
    pub(crate) fn handle(&self) -> Option<Handle> {
        self.hello.as_ref().map(|own| own.hello().handle)
    }

    /// Takes a request, with a lot that nobody foresees. Returns whether it is kept.
    ///
    /// # Errors
    /// It answers no hello of this member, or is here already.
    pub(crate) fn take(
        &mut self,
        now: Timestamp,
        request: JoinRequest,
        lot: u64,
    ) -> Result<bool, Rejection> {
        if self.handle() != Some(request.handle) {
            return Err(Rejection::StaleView);
        }
        let opened = self.opened.iter_mut();
        let known = opened.map(|it| (&mut it.heard, &it.request));
        let waiting = self.waiting.values_mut();
        let known = known.chain(waiting.map(|(heard, it)| (heard, &*it)));
        for (heard, other) in known {
            if *other == request {
                *heard = now;
                return Err(Rejection::Replayed);
            }
        }
        self.waiting.insert(lot, (now, request));
        let is_one_too_many = self.waiting.len() > MAX_WAITING;
        let last = is_one_too_many.then(|| self.waiting.pop_last());
        Ok(last.flatten().is_none_or(|(last, _)| last != lot))
    }

    /// Opens requests, for as long as there is room for those who make them; what opens to nothing is dropped. Returns who they are.
    /// Of one identity the last counts.
    pub(crate) fn open(
        &mut self,
        now: Timestamp,
        fresh: Duration,
        room: RoomId,
    ) -> Vec<IdentityKey> {
        self.waiting
            .retain(|_, (heard, _)| now.since(*heard) <= fresh);
        let mut met = Vec::new();
        while self.opened.len() < MAX_JOINERS
            && let Some((_, (heard, request))) = self.waiting.pop_first()
        {
            let Some(Ok(shown)) = self.hello.as_ref().map(|own| own.admit(&request, room)) else {
                continue;
            };
            let admitted = admitted::<S>(shown.offer());
            self.opened
                .retain(|it| it.admitted.identity != admitted.identity);
            met.push(admitted.identity);
            self.opened.push(Applicant {
                heard,
                admitted,
                request,
                shown,
            });
        }
        met
    }

    /// These are not let in: others have their place.
    pub(crate) fn drop_but(&mut self, fits: impl Fn(&IdentityKey) -> bool) {
        self.opened.retain(|it| fits(&it.admitted.identity));
    }

    /// Whether requests wait to be opened, and there is no room.
    pub(crate) fn are_full(&self) -> bool {
        !self.waiting.is_empty() && self.opened.len() >= MAX_JOINERS
    }

    /// The identities of those who have shown who they are.
    pub(super) fn identities(&self) -> impl Iterator<Item = IdentityKey> + '_ {
        self.opened.iter().map(|it| it.admitted.identity)
    }

    /// Whether nobody has asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.opened.is_empty()
    }

    /// Those who have shown who they are, within `fresh`.
    pub(crate) fn opened(
        &self,
        now: Timestamp,
        fresh: Duration,
    ) -> impl Iterator<Item = Admitted> + '_ {
        let opened = self.opened.iter();
        let opened = opened.filter(move |it| now.since(it.heard) <= fresh);
        opened.map(|it| it.admitted)
    }

    pub(crate) fn has_opened(&self, newcomer: &Admitted) -> bool {
        self.opened.iter().any(|it| it.admitted == *newcomer)
    }

    /// What shows of these who they are: it serves one SEED.
    pub(super) fn list(self, newcomers: &[Admitted]) -> Vec<light::Admitted> {
        let opened = self.opened.into_iter();
        let listed = opened.filter(|it| newcomers.contains(&it.admitted));
        listed.map(|it| it.shown).collect()
    }
}

/// By what members speak of one who would come in.
pub(crate) fn admitted<S: CryptoSuite>(offer: &light::JoinOffer) -> Admitted {
    Admitted {
        identity: offer.identity,
        offer: OfferDigest::new(*offer.digest::<S>().as_bytes()),
    }
}
