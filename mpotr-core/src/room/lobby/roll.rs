//! Who has heard whose offer, before an epoch. `docs/spec/06-epochs.md`, "Who has heard whom".
//!
//! Each says what it has heard. Whose offer is missing there sends it again; who finds an offer named that it does not have waits
//! for it. So all come to know the same offers before one of them proposes, and nobody sends what all have.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::OfferDigest;

use super::offering::Offering;
use crate::config::Timers;
use crate::time::{Duration, Timestamp, part};
use crate::wire::{Entry, Heard, OfferMark};

/// The most makers of offers whose tags are known, and the most offers that are missed.
const MAX_KNOWN: usize = 1024;
/// Others have said the same as often as this member would be heard: then it says nothing.
const ENOUGH: usize = 2;
/// Where so few are, each says what it has heard: it costs little, and all learn how long an answer takes.
pub(crate) const FEW: usize = 8;
/// For an offer that others name, and that does not come, this member says so often what it has heard: whose it is may be gone.
const MOST_WORDS: u8 = 16;
/// So many own offers of before are remembered: others go on to name them for a while.
const MAX_FORMER: usize = 16;
/// A word is put off by one of so many parts of a quarter of a round trip.
const LOTS: u32 = 256;

/// What others have said to have heard, and when this member says so.
#[derive(Debug, Default)]
pub(crate) struct Roll {
    /// How often this member has said what it has heard.
    number: u16,
    /// The newest tag of the maker of each offer.
    tags: BTreeMap<OfferDigest, u32>,
    /// The own offer, and the offers of those who have heard it.
    own: Option<OfferDigest>,
    named_by: BTreeSet<OfferDigest>,
    /// The own offers before, the newest last.
    former: VecDeque<OfferMark>,
    /// Offers that others name, by what each has said last since the gathering began.
    named: BTreeMap<IdentityKey, BTreeSet<OfferMark>>,
    /// How often this member has said what it has heard for the sake of an offer that it does not have.
    said_for: BTreeMap<OfferMark, u8>,
    /// When this member said first and last what it has heard, since one came who is new.
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// What others have said since this member wants to speak.
    others: Vec<BTreeSet<OfferMark>>,
}

impl Roll {
    /// A gathering begins: what is missing is found out anew.
    pub(crate) fn gather_again(&mut self) {
        self.named.clear();
        self.said_for.clear();
        self.others.clear();
        self.first = None;
    }

    /// The own offer is another: nobody has heard it.
    pub(crate) fn renew(&mut self, own: OfferDigest) {
        if self.own != Some(own) {
            if let Some(former) = self.own.replace(own) {
                if self.former.len() >= MAX_FORMER {
                    self.former.pop_front();
                }
                self.former.push_back(OfferMark::of(&former));
            }
            self.named_by.clear();
        }
    }

    /// Whether all these have heard the own offer, as far as they have said.
    pub(crate) fn is_heard_by(&self, others: &BTreeSet<OfferDigest>) -> bool {
        !others.is_empty() && others.is_subset(&self.named_by)
    }

    /// Whether another names an offer that is not at hand.
    pub(crate) fn is_any_missing<S: CryptoSuite>(&self, offering: &Offering<S>) -> bool {
        self.missing(offering).next().is_some()
    }

    /// The offers that others name, and that are neither at hand nor were this member's own.
    fn missing<S: CryptoSuite>(&self, offering: &Offering<S>) -> impl Iterator<Item = OfferMark> {
        let named = self.named.values().flatten().copied();
        named.filter(|mark| !offering.has(*mark) && !self.former.contains(mark))
    }

    /// Whether this member says once more what it has heard, for whose offer is missing to hear that. It does so for each offer a
    /// few times: two that each lack what nobody sends any longer would answer each other without an end.
    pub(crate) fn speaks_for_missing<S: CryptoSuite>(&mut self, offering: &Offering<S>) -> bool {
        let missing: BTreeSet<_> = self.missing(offering).collect();
        self.said_for.retain(|mark, _| missing.contains(mark));
        let mut speaks = false;
        for mark in missing {
            let said = self.said_for.entry(mark).or_default();
            speaks |= *said < MOST_WORDS;
            *said = said.saturating_add(1);
        }
        speaks
    }

    /// When this member says what it has heard: a moment from now, drawn by its own offer, and not in a rush. As long as it is
    /// not known how long an answer takes, three times as long after the first word as the one before.
    pub(crate) fn turn(&mut self, now: Timestamp, times: &Timers, is_known: bool) -> Timestamp {
        let lot = self.own.and_then(|own| own.as_bytes().last().copied());
        let longest = part(times.round_trip, 4);
        let moment = part(longest, LOTS).saturating_mul(lot.unwrap_or(0).into());
        let pause = match (self.first, self.last) {
            (Some(first), Some(last)) if !is_known => {
                let grown = last.since(first).saturating_mul(2);
                Some((last, grown.max(part(times.round_trip, 2))))
            }
            (_, Some(last)) => Some((last, part(times.round_trip, 2))),
            (_, None) => None,
        };
        let earliest = pause.map_or(now, |(last, pause)| last.after(pause));
        now.after(moment).max(earliest)
    }

    /// Whether enough others have said what this member would say.
    fn is_said(&self, heard: &BTreeMap<OfferMark, OfferDigest>) -> bool {
        let says_as_much =
            |other: &&BTreeSet<OfferMark>| heard.keys().all(|mark| other.contains(mark));
        heard.len() > FEW && self.others.iter().filter(says_as_much).count() >= ENOUGH
    }

    /// What this member says to have heard, with a tag; nothing if there is nothing that others have not said.
    pub(crate) fn say(
        &mut self,
        now: Timestamp,
        heard: impl Iterator<Item = OfferDigest>,
        rng: &mut dyn CryptoRng,
    ) -> Option<(u32, Vec<Entry>)> {
        let heard: BTreeMap<_, _> = heard
            .map(|digest| (OfferMark::of(&digest), digest))
            .collect();
        let is_said = self.is_said(&heard);
        self.others.clear();
        if heard.is_empty() || is_said {
            return None;
        }
        self.number = self.number.saturating_add(1);
        self.first.get_or_insert(now);
        self.last = Some(now);
        let random = rng.next_u32() & u32::from(u16::MAX);
        let tag = u32::from(self.number) << 16 | random;
        let entries = heard.into_iter().map(|(offer, digest)| Entry {
            offer,
            tag: self.tags.get(&digest).copied().unwrap_or(0),
        });
        Some((tag, entries.collect()))
    }

    /// Whether a word of the maker of an offer is newer than all that came before.
    pub(crate) fn is_news(&self, maker: &OfferDigest, heard: &Heard) -> bool {
        self.tags
            .get(maker)
            .is_none_or(|tag| number_of(*tag) < number_of(heard.tag))
    }

    /// Another says what it has heard. Returns, if the own offer is among that, which word of this member it has heard: none
    /// with 0.
    pub(crate) fn hear(
        &mut self,
        (maker, identity): (OfferDigest, IdentityKey),
        heard: &Heard,
    ) -> Option<u32> {
        if self.tags.contains_key(&maker) || self.tags.len() < MAX_KNOWN {
            self.tags.insert(maker, heard.tag);
        }
        let own = self.own.map(|own| OfferMark::of(&own));
        let mut named: BTreeSet<_> = heard.entries.iter().map(|entry| entry.offer).collect();
        named.insert(OfferMark::of(&maker));
        self.named.remove(&identity);
        let known: usize = self.named.values().map(BTreeSet::len).sum();
        let kept = named.iter().take(MAX_KNOWN.saturating_sub(known));
        if self.named.len() < MAX_KNOWN {
            self.named.insert(identity, kept.copied().collect());
        }
        self.others.push(named);
        if self.others.len() > ENOUGH.saturating_mul(4) {
            self.others.remove(0);
        }
        let entry = heard.entries.iter().find(|entry| Some(entry.offer) == own);
        if entry.is_some() && self.named_by.len() < MAX_KNOWN {
            self.named_by.insert(maker);
        }
        entry.map(|entry| entry.tag)
    }
}

/// How many words its maker had said with a tag.
const fn number_of(tag: u32) -> u32 {
    tag >> 16
}

/// The wait before an offer is published again that not all have answered, and that was published first then: three times as
/// long after that as the last time.
pub(crate) fn published_again(now: Timestamp, first: Timestamp, times: &Timers) -> Duration {
    let grown = now.since(first).saturating_mul(2);
    grown.max(times.round_trip).min(times.advertise)
}
