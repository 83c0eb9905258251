//! Offers: this member's own, and those of others it has heard. `docs/spec/06-epochs.md`, "Offers".
//!
//! An offer is used for one contribution at most, whether or not that run led to an epoch. Its owner keeps to that by
//! giving up the secrets; others refuse a proposal that lists an offer with which they saw a contribution.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, DecodeError, IdentityKey};
use mpotr_gka::{
    EpochName, Identity, KnownIdentities, MAX_MEMBERS, Offer, OfferDigest, OfferSecrets, RoomId,
    RunMember,
};

use super::spent::{Follows, Spent};
use crate::time::{Duration, Timestamp};
use crate::wire::{OfferHint, OfferMark};

/// The most offers of others that are kept.
const MAX_HEARD: usize = 2 * MAX_MEMBERS;
/// The most of them that claim one identity.
const MAX_HEARD_OF_ONE: usize = 4;

/// This member's offer that is not used yet.
pub(crate) struct OwnOffer<S: CryptoSuite> {
    pub(crate) digest: OfferDigest,
    pub(crate) member: RunMember<S>,
    pub(crate) secrets: OfferSecrets<S>,
    pub(crate) made: Timestamp,
}

/// An offer of another.
struct Heard<S: CryptoSuite> {
    offer: Offer,
    /// Its keys, from when a proposal lists it.
    member: OnceLock<Result<RunMember<S>, DecodeError>>,
    /// When it was heard first, or its maker has said something with its key since: what is older than that may be sent again by
    /// anyone, at any time.
    current: Timestamp,
    last: Timestamp,
    /// Whether its maker has signed a proposal under other rules with its key: it takes part in no run of this member.
    keeps_other_rules: bool,
}

/// Whether an offer is news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Of an identity from which nothing was heard.
    Person,
    /// A further offer of an identity.
    Offer,
    /// Heard before.
    None,
}

/// The least digest that begins so.
fn least(prefix: &[u8]) -> OfferDigest {
    let mut digest = [0; 32];
    for (byte, known) in digest.iter_mut().zip(prefix) {
        *byte = *known;
    }
    OfferDigest::new(digest)
}

/// Offers, own and heard.
pub(crate) struct Offering<S: CryptoSuite> {
    room: RoomId,
    identity: IdentityKey,
    /// Those of this member that are not used yet, by the epoch that each is to follow.
    own: BTreeMap<Option<EpochName>, OwnOffer<S>>,
    /// Own offers so far.
    renewed: u64,
    heard: BTreeMap<OfferDigest, Heard<S>>,
    /// The offers heard of each claimed identity.
    of: BTreeMap<IdentityKey, Vec<OfferDigest>>,
    /// Claimed identities that were heard of, and when last.
    met: BTreeMap<IdentityKey, Timestamp>,
    /// Offers of others with which a contribution was made, or that were at fault in a run.
    spent: Spent,
    /// Offers whose owner was silent in a run: another of the identity takes their turn. Their publisher need not be who
    /// they name, so nothing is held against an identity.
    silent: BTreeSet<OfferDigest>,
    /// Claimed identities of which an offer was silent in the last run: the next is proposed without them, and no other.
    left_out: BTreeSet<IdentityKey>,
    /// How many offers of each claimed identity were silent: the next run tries another of those that are left.
    turns: BTreeMap<IdentityKey, usize>,
}

impl<S: CryptoSuite> Offering<S> {
    pub(crate) fn new(room: RoomId, identity: IdentityKey) -> Self {
        Self {
            room,
            identity,
            own: BTreeMap::new(),
            renewed: 0,
            heard: BTreeMap::new(),
            of: BTreeMap::new(),
            met: BTreeMap::new(),
            spent: Spent::default(),
            silent: BTreeSet::new(),
            left_out: BTreeSet::new(),
            turns: BTreeMap::new(),
        }
    }

    /// Makes a fresh offer to follow `parent` in place of the one there was, whose secrets are erased.
    pub(crate) fn renew(
        &mut self,
        now: Timestamp,
        parent: Option<EpochName>,
        known: &KnownIdentities<S>,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) {
        let (offer, secrets) =
            OfferSecrets::generate(self.room, parent, identity, self.renewed, rng);
        self.renewed = self.renewed.saturating_add(1);
        let digest = offer.digest::<S>();
        self.own.remove(&parent);
        // The identity is this member's own, and a key.
        if let Ok(member) = secrets.member(known) {
            let own = OwnOffer {
                digest,
                member,
                secrets,
                made: now,
            };
            self.own.insert(parent, own);
        }
    }

    /// The own offer to follow `parent`, if it is not older than `lifetime`: it may have been listed in a run of which this member
    /// never heard, and counts as used there.
    pub(crate) fn current(
        &self,
        now: Timestamp,
        parent: Option<EpochName>,
        lifetime: Duration,
    ) -> Option<&Offer> {
        let own = self.own(parent);
        let own = own.filter(|own| now.since(own.made) <= lifetime)?;
        Some(own.member.offer())
    }

    #[cfg(test)]
    pub(crate) fn spent(&self) -> usize {
        self.spent.len()
    }

    /// Gives up the own offers that are to follow none of these: they will not be used.
    pub(crate) fn keep_own(&mut self, keeps: impl Fn(Option<EpochName>) -> bool) {
        self.own.retain(|parent, _| keeps(*parent));
    }

    /// The own offer to follow `parent`.
    pub(crate) fn own(&self, parent: Option<EpochName>) -> Option<&OwnOffer<S>> {
        self.own.get(&parent)
    }

    /// Takes the own offer to follow `parent` for its one contribution.
    pub(crate) fn consume(&mut self, parent: Option<EpochName>) -> Option<OwnOffer<S>> {
        self.own.remove(&parent)
    }

    fn own_of(&self, digest: &OfferDigest) -> Option<&OwnOffer<S>> {
        self.own.values().find(|own| own.digest == *digest)
    }

    /// Takes note of an offer. Its keys are decoded when a proposal lists it.
    ///
    /// # Errors
    /// A key in it cannot be one, by its bytes.
    pub(crate) fn hear(&mut self, now: Timestamp, offer: Offer) -> Result<News, DecodeError> {
        self.hear_beside(now, offer, BTreeSet::new)
    }

    /// The same, beside those that members have stated: no other takes the place of one of these, for anyone can make an offer in
    /// another's name.
    ///
    /// # Errors
    /// A key in it cannot be one, by its bytes.
    pub(crate) fn hear_beside(
        &mut self,
        now: Timestamp,
        offer: Offer,
        stated: impl FnOnce() -> BTreeSet<OfferDigest>,
    ) -> Result<News, DecodeError> {
        // Most offers come again and again: those are told by their bytes, without hashing.
        let mut own = self.own.values();
        if own.any(|own| *own.member.offer() == offer) {
            return Ok(News::None);
        }
        let identity = offer.identity;
        self.note_heard(now, &identity);
        for digest in self.of.get(&identity).into_iter().flatten() {
            if let Some(heard) = self.heard.get_mut(digest).filter(|h| h.offer == offer) {
                heard.last = now;
                return Ok(News::None);
            }
        }
        let digest = offer.digest::<S>();
        if self.is_spent(&digest) {
            return Ok(News::None);
        }
        offer.check_keys()?;
        let of_one = self.of.get(&identity).map_or(0, Vec::len);
        let is_full_of_one = of_one >= MAX_HEARD_OF_ONE;
        if is_full_of_one || self.heard.len() >= MAX_HEARD {
            let crowd = is_full_of_one.then_some(identity);
            let stated = stated();
            if !self.forget_oldest(crowd, &stated) {
                if !stated.contains(&digest) {
                    return Ok(News::None);
                }
                self.forget_oldest(crowd, &BTreeSet::new());
            }
        }
        self.of.entry(identity).or_default().push(digest);
        self.heard.insert(
            digest,
            Heard {
                offer,
                member: OnceLock::new(),
                current: now,
                last: now,
                keeps_other_rules: false,
            },
        );
        Ok(if self.meet(now, identity) {
            News::Person
        } else {
            News::Offer
        })
    }

    /// When an offer was heard first, or its maker has said something with its key since.
    pub(crate) fn current_since(&self, digest: &OfferDigest) -> Option<Timestamp> {
        self.heard.get(digest).map(|heard| heard.current)
    }

    /// The maker of an offer has said something that its key has signed: of all that it has offered, this is what it uses.
    pub(crate) fn note_word(&mut self, now: Timestamp, digest: &OfferDigest) {
        if let Some(heard) = self.heard.get_mut(digest) {
            heard.current = now;
        }
    }

    /// The maker of an offer has signed a proposal under other rules with its key.
    pub(crate) fn note_other_rules(&mut self, digest: &OfferDigest) {
        if let Some(heard) = self.heard.get_mut(digest) {
            heard.keeps_other_rules = true;
        }
    }

    /// Whether it is known that the maker of an offer keeps other rules.
    pub(crate) fn keeps_other_rules(&self, digest: &OfferDigest) -> bool {
        let heard = self.heard.get(digest);
        heard.is_some_and(|heard| heard.keeps_other_rules)
    }

    /// Takes note of a claimed identity, and tells whether it is news.
    pub(crate) fn meet(&mut self, now: Timestamp, identity: IdentityKey) -> bool {
        if self.met.len() >= MAX_HEARD && !self.met.contains_key(&identity) {
            self.met.clear();
        }
        self.met.insert(identity, now).is_none()
    }

    /// A claimed identity that was heard of is heard again.
    pub(crate) fn note_heard(&mut self, now: Timestamp, identity: &IdentityKey) {
        if let Some(last) = self.met.get_mut(identity) {
            *last = now;
        }
    }

    /// Claimed identities that were heard of, and when last.
    pub(crate) fn heard_at(&self) -> impl Iterator<Item = (IdentityKey, Timestamp)> {
        self.met.iter().map(|(identity, last)| (*identity, *last))
    }

    /// When a claimed identity was heard of last.
    pub(crate) fn last_heard(&self, identity: &IdentityKey) -> Option<Timestamp> {
        self.met.get(identity).copied()
    }

    /// How many claimed identities offers were heard of.
    pub(crate) fn people(&self) -> usize {
        self.of.len()
    }

    /// Forgets the one that was heard last the longest ago, of an identity or of all, but none of those to be kept. Returns whether
    /// there was one.
    fn forget_oldest(
        &mut self,
        identity: Option<IdentityKey>,
        kept: &BTreeSet<OfferDigest>,
    ) -> bool {
        let oldest = self
            .heard
            .iter()
            .filter(|(_, heard)| identity.is_none_or(|identity| heard.offer.identity == identity))
            .filter(|(digest, _)| !kept.contains(digest))
            .min_by_key(|(_, heard)| heard.last);
        let oldest = oldest.map(|(digest, _)| *digest);
        if let Some(digest) = oldest {
            self.forget(&digest);
        }
        oldest.is_some()
    }

    fn forget(&mut self, digest: &OfferDigest) {
        let Some(heard) = self.heard.remove(digest) else {
            return;
        };
        if let Some(of_one) = self.of.get_mut(&heard.offer.identity) {
            of_one.retain(|other| other != digest);
            if of_one.is_empty() {
                self.of.remove(&heard.offer.identity);
            }
        }
    }

    /// These identities are, or were, in an epoch with this member: what they offered for a first one they have given up.
    pub(crate) fn forget_first_of(&mut self, identities: impl Iterator<Item = IdentityKey>) {
        for identity in identities {
            let offers = self.of.get(&identity).into_iter().flatten().copied();
            let is_first = |digest: &OfferDigest| {
                let heard = self.heard.get(digest);
                heard.is_some_and(|heard| heard.offer.parent.is_none())
            };
            for digest in offers.filter(is_first).collect::<Vec<_>>() {
                self.forget(&digest);
            }
        }
    }

    /// The newest offer of each other identity that `fits`, of those for a first epoch that were heard within `fresh`.
    pub(crate) fn newest(
        &self,
        now: Timestamp,
        fresh: Duration,
        fits: impl Fn(&IdentityKey) -> bool,
    ) -> Vec<OfferDigest> {
        let mut newest: BTreeMap<IdentityKey, (Timestamp, OfferDigest)> = BTreeMap::new();
        for (digest, heard) in &self.heard {
            if self.counts(heard, now, fresh) && fits(&heard.offer.identity) {
                let this = (heard.current, *digest);
                let latest = newest.entry(heard.offer.identity).or_insert(this);
                *latest = (*latest).max(this);
            }
        }
        newest.into_values().map(|(_, digest)| digest).collect()
    }

    /// Whether an offer is one of another for a first epoch, heard within `fresh`.
    fn counts(&self, heard: &Heard<S>, now: Timestamp, fresh: Duration) -> bool {
        now.since(heard.last) <= fresh
            && heard.offer.parent.is_none()
            && heard.offer.identity != self.identity
            && heard.offer.supports(S::ID)
    }

    /// An offer of each other identity, of those that `fit`: the newest; or if offers of it were silent, each second time another in
    /// turn. `with_silent`: rather one that was than none.
    fn others(
        &self,
        now: Timestamp,
        fresh: Duration,
        with_silent: bool,
        fits: impl Fn(&IdentityKey, &OfferDigest) -> bool,
    ) -> Vec<OfferDigest> {
        let mut of: BTreeMap<IdentityKey, Vec<(bool, Timestamp, OfferDigest)>> = BTreeMap::new();
        for (digest, heard) in &self.heard {
            let identity = heard.offer.identity;
            let counts = self.counts(heard, now, fresh) && fits(&identity, digest);
            let was_silent = self.silent.contains(digest);
            let is_left_out = was_silent || self.left_out.contains(&identity);
            if counts && (with_silent || !is_left_out) {
                let offers = of.entry(identity).or_default();
                offers.push((!was_silent, heard.current, *digest));
            }
        }
        let in_turn =
            |(identity, mut offers): (IdentityKey, Vec<(bool, Timestamp, OfferDigest)>)| {
                offers.sort_unstable_by(|a, b| b.cmp(a));
                let fit = offers.iter().filter(|(is_fit, _, _)| *is_fit).count();
                let turns = self.turns.get(&identity).copied().unwrap_or(0);
                // Of an owner whom nobody imitates the newest is the one to take.
                let is_for_another = turns % 2 == 1;
                let another = turns.div_ceil(2).checked_rem(fit).unwrap_or(0);
                let turn = if is_for_another { another } else { 0 };
                offers.get(turn).map(|(_, _, digest)| *digest)
            };
        of.into_iter().filter_map(in_turn).collect()
    }

    /// The offers that this member would propose, its own among them, by digest.
    pub(crate) fn candidates(
        &self,
        now: Timestamp,
        fresh: Duration,
        with_silent: bool,
        fits: impl Fn(&IdentityKey, &OfferDigest) -> bool,
    ) -> Vec<OfferDigest> {
        let mut digests: Vec<_> = self
            .others(now, fresh, with_silent, fits)
            .into_iter()
            .chain(self.own(None).map(|own| own.digest))
            .collect();
        digests.sort_unstable();
        digests
    }

    /// An offer, own or heard, that a run may list.
    pub(crate) fn offer(&self, digest: &OfferDigest) -> Option<&Offer> {
        let own = self.own_of(digest);
        own.map(|own| own.member.offer())
            .or_else(|| self.heard.get(digest).map(|heard| &heard.offer))
    }

    /// The offer of another whose digest begins so.
    pub(crate) fn find(&self, hint: OfferHint) -> Option<(OfferDigest, &Offer)> {
        let (digest, heard) = self.heard.range(least(hint.as_bytes())..).next()?;
        (OfferHint::of(digest) == hint).then_some((*digest, &heard.offer))
    }

    /// The identity whose offer begins so, if that is at hand.
    pub(crate) fn identity_of(&self, mark: OfferMark) -> Option<IdentityKey> {
        let is_it = |digest: &OfferDigest| OfferMark::of(digest) == mark;
        if self.own.values().any(|own| is_it(&own.digest)) {
            return Some(self.identity);
        }
        let first = least(mark.as_bytes());
        let (digest, heard) = self.heard.range(first..).next()?;
        is_it(digest).then_some(heard.offer.identity)
    }

    /// Whether an offer whose digest begins so is at hand, or was.
    pub(crate) fn has(&self, mark: OfferMark) -> bool {
        let first = least(mark.as_bytes());
        let is_it = |digest: &OfferDigest| OfferMark::of(digest) == mark;
        let next = self.heard.range(first..).next();
        self.own.values().any(|own| is_it(&own.digest))
            || next.is_some_and(|(digest, _)| is_it(digest))
            || self.spent.from(&first).is_some_and(is_it)
    }

    /// Those that are not at hand.
    pub(crate) fn missing(&self, digests: &[OfferDigest]) -> Vec<OfferDigest> {
        let missing = digests.iter().filter(|digest| self.offer(digest).is_none());
        missing.copied().collect()
    }

    /// The member of such an offer, which a proposal lists: its keys are decoded now, if they were not before. `None` if the
    /// offer is not at hand, an error inside if a key does not decode.
    pub(crate) fn member(
        &self,
        digest: &OfferDigest,
        known: &KnownIdentities<S>,
    ) -> Option<Result<&RunMember<S>, &DecodeError>> {
        let own = self.own_of(digest);
        own.map(|own| Ok(&own.member)).or_else(|| {
            let heard = self.heard.get(digest)?;
            let decode = || RunMember::decode(heard.offer.clone(), known);
            Some(heard.member.get_or_init(decode).as_ref())
        })
    }

    /// Whether a proposal that lists an offer is refused.
    pub(crate) fn is_spent(&self, digest: &OfferDigest) -> bool {
        self.spent.contains(digest)
    }

    /// Notes the offers whose owners were silent in a run that has ended.
    pub(crate) fn note_silent(&mut self, digests: impl IntoIterator<Item = OfferDigest>) {
        if self.silent.len() >= MAX_HEARD || self.turns.len() >= MAX_HEARD {
            self.silent.clear();
            self.turns.clear();
        }
        self.left_out.clear();
        for digest in digests {
            let identity = self.heard.get(&digest).map(|heard| heard.offer.identity);
            self.left_out.extend(identity);
            if let Some(identity) = identity.filter(|_| self.silent.insert(digest)) {
                let turns = self.turns.entry(identity).or_insert(0);
                *turns = turns.saturating_add(1);
            }
        }
    }

    /// Notes offers that no other run may list: their owners have contributed with them, whatever came of that run, or they
    /// were at fault.
    pub(crate) fn spend(&mut self, digests: impl IntoIterator<Item = OfferDigest>) {
        for digest in digests {
            let heard = self.heard.get(&digest);
            let follows =
                heard.map_or(Follows::Unknown, |heard| Follows::Known(heard.offer.parent));
            self.forget(&digest);
            self.spent.note(digest, follows);
        }
    }

    /// This member is in another epoch, or in none: what was spent of others counts for nothing.
    pub(crate) fn follow(&mut self, parent: Option<EpochName>) {
        self.spent.keep(parent);
    }
}
