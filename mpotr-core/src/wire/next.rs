//! What a member says about the epoch that follows. `docs/spec/05-wire.md`, "Next".
//!
//! ```text
//! struct {
//!   uint32 view;                    the view of the change in which the member is
//!   uint8  has;                     bits: offer 1, proposed 2, frozen 4, installed 8, done 16, guest 32, struck 64, joins 128
//!   opaque offer[32];               digest of the member's unused offer for this view
//!   opaque proposed[32];            sid of the run that the member proposes
//!   opaque frozen[32]; Lock final;  sid of the run to which it contributed: the frontier beside is its last word until
//!                                   then; and the prefix of the order that is final for it
//!   opaque installed[32];           sid of the epoch that follows, final for the member
//!   opaque guest[32];               digest of the member's unused offer to the epoch into which this one goes over
//!   Bits   struck; Bits twice;      members to whom it has given a strike, some at least; and those of them that have more
//!   Joins joins;                    of those who come in by light runs
//!   Confirmed confirmed<0..16>;     the runs that it confirmed, in this order, no run twice, 8-bit count
//!   opaque forsaken[32]<0..64>;     sids of runs that it will never install, strictly increasing, 8-bit count
//!   Vote   votes<0..256>;          strictly increasing, 16-bit count
//!   Admitted admitted<0..16>;       newcomers for this view, strictly increasing, 8-bit count
//!   opaque objected[32]<0..16>;     offers under the member's identity that it did not make, and those of newcomers whom it
//!                                   refuses, strictly increasing, 8-bit count
//! } Next;                           a field that `has` does not name is not there
//!
//! struct {
//!   uint8 which;                    bits: opening 1, unopened 2, waiting 4; one at least
//!   uint8 runs; Opening opening;    what the member committed to (14, "Opening"), and how many light runs have led on since the
//!                                   last full one
//!   Bits  unopened;                 members whose opening it lacks, one at least
//!   opaque waiting[32]<1..8>;       who has shown it that it would come in, and is not let in by its word; strictly increasing,
//!                                   8-bit count
//! } Joins;                         a field that `which` does not name is not there
//!
//! struct { opaque sid[32]; opaque cut[32]; } Confirmed;   a run, and the digest of its cut
//! struct { uint8 kind; select (kind) { refresh 0: ; admit 1, exclude 2: opaque A[32]; policy 3: Policy policy;
//!                                 merge 4: opaque name[16]; } } Vote;
//!                                 one policy at most
//! struct { opaque A[32]; opaque offer[32]; } Admitted;    an identity, and the digest of the offer that it has answered with
//! ```
//!
//! It is said inside the epoch that ends and signed by its keys: nothing of it reaches those who join.

use std::collections::BTreeSet;

use mpotr_crypto::{
    CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Digest32, Encoder, IdentityKey,
    TranscriptHash, label, wire_enum,
};
use mpotr_gka::light::{MAX_JOINERS, Opening};
use mpotr_gka::{EpochName, OfferDigest, Sid};

use super::bits::MemberBits;
use super::content::MessageId;
use super::lock::Lock;
use crate::policy::Policy;

/// The most votes of one member.
pub const MAX_VOTES: usize = 256;
/// The most runs that a member says it confirmed: the last ones.
pub const MAX_CONFIRMED: usize = 16;
/// The most runs that a member says it will never install.
pub const MAX_FORSAKEN: usize = 64;

/// The most newcomers of one view.
pub const MAX_ADMITTED: usize = 16;
/// The most offers to which a member objects.
pub const MAX_OBJECTED: usize = 16;

/// A newcomer whom a member lets in, as far as it goes by its word: by who proved to have made an offer, and by nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Admitted {
    /// Who.
    pub identity: IdentityKey,
    /// The offer that it has answered with.
    pub offer: OfferDigest,
}

/// What a member asks of the next epoch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vote {
    /// Fresh keys.
    Refresh,
    /// That an identity be let in.
    Admit(IdentityKey),
    /// That a member be left out.
    Exclude(IdentityKey),
    /// Another policy.
    Policy(Policy),
    /// That this room and that of an epoch become one.
    Merge(EpochName),
}

/// What a member says of those who come in by light runs: what it committed to when some came, and who waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joins {
    /// What it committed to before, and how many light runs have led on since the last full one.
    pub opening: Option<(u8, Opening)>,
    /// The members whose opening it lacks.
    pub unopened: MemberBits,
    /// Who has shown it that it would come in, and is not let in by its word, strictly increasing.
    pub waiting: Vec<IdentityKey>,
}

impl Joins {
    const OPENING: u8 = 1;
    const UNOPENED: u8 = 2;
    const WAITING: u8 = 4;

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn encode(&self, out: &mut Encoder) {
        let opening = u8::from(self.opening.is_some()).saturating_mul(Self::OPENING);
        let unopened = u8::from(!self.unopened.is_empty()).saturating_mul(Self::UNOPENED);
        let waiting = u8::from(!self.waiting.is_empty()).saturating_mul(Self::WAITING);
        out.u8(opening | unopened | waiting);
        if let Some((runs, opening)) = &self.opening {
            out.u8(*runs);
            opening.encode(out);
        }
        if !self.unopened.is_empty() {
            self.unopened.encode(out);
        }
        if !self.waiting.is_empty() {
            out.list::<u8, _>(&self.waiting, IdentityKey::encode);
        }
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let at = input.offset();
        let which = input.below(8, "which")?;
        let mut joins = Self::default();
        if which & Self::OPENING != 0 {
            joins.opening = Some((input.u8("runs")?, Opening::decode(input)?));
        }
        if which & Self::UNOPENED != 0 {
            joins.unopened = MemberBits::decode(input, "unopened")?;
        }
        if which & Self::WAITING != 0 {
            joins.waiting = input.set::<u8, _>(1..=MAX_JOINERS, "waiting", IdentityKey::decode)?;
        }
        let is_any_named = which & Self::UNOPENED != 0;
        if joins.is_empty() || is_any_named == joins.unopened.is_empty() {
            return Err(DecodeError::new(at, "which", DecodeErrorKind::NotCanonical));
        }
        Ok(joins)
    }
}

/// What a member says about the epoch that follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Next {
    /// The view of the change in which the member is.
    pub view: u32,
    /// Its unused offer for this view.
    pub offer: Option<OfferDigest>,
    /// The run that it proposes.
    pub proposed: Option<Sid>,
    /// The run to which it contributed: what it states to have seen is its last word in this epoch until that run ends.
    /// Beside it, the prefix of the order that is final for the member.
    pub frozen: Option<(Sid, Lock)>,
    /// The epoch that follows.
    pub installed: Option<Sid>,
    /// Its unused offer to the epoch into which this one goes over.
    pub guest: Option<OfferDigest>,
    /// Members for want of whom views failed, as it saw it: a strike each.
    pub struck: MemberBits,
    /// Those of them with two strikes and more.
    pub struck_twice: MemberBits,
    /// What it says first where others have joined by a light run.
    pub joins: Joins,
    /// Everyone has stated that it installed that epoch. Stands for itself: nothing follows it on the wire.
    pub done: bool,
    /// The runs that it confirmed, the last one last, each with the digest of the messages that all who take part in it
    /// bring along.
    pub confirmed: Vec<(Sid, Digest32)>,
    /// Runs that it will never install, strictly increasing.
    pub forsaken: Vec<Sid>,
    /// What it asks for, strictly increasing.
    pub votes: Vec<Vote>,
    /// Newcomers whom it lets in, in this view, strictly increasing.
    pub admitted: Vec<Admitted>,
    /// Offers under its own identity that it did not make, and to which it objects: it is there; and those of newcomers with whom
    /// it will be in no roster. Strictly increasing.
    pub objected: Vec<OfferDigest>,
}

/// The digest of what a member takes along into a run from the epoch before: `H("cut", sid of the run, heads, order)`, where
/// the heads of the graph are strictly increasing and the order is that of all messages.
pub fn cut_digest<'a, S: CryptoSuite>(
    run: &Sid,
    heads: impl ExactSizeIterator<Item = &'a MessageId>,
    order: &Lock,
) -> Digest32 {
    TranscriptHash::<S>::new(label::CUT)
        .bytes(run.as_bytes())
        .list(heads)
        .u32(order.count)
        .bytes(order.digest.as_bytes())
        .digest()
}

wire_enum! {
    /// What a vote begins with.
    enum VoteKind: u8 {
        /// Nothing follows.
        Refresh = 0,
        /// An identity follows.
        Admit = 1,
        /// An identity follows.
        Exclude = 2,
        /// A policy follows.
        Policy = 3,
        /// The name of an epoch follows.
        Merge = 4,
    }
}

impl Vote {
    /// The epoch of the other room, in a vote to become one with it.
    pub(crate) const fn other_room(&self) -> Option<EpochName> {
        match self {
            Self::Merge(name) => Some(*name),
            Self::Refresh | Self::Admit(_) | Self::Exclude(_) | Self::Policy(_) => None,
        }
    }

    fn encode(&self, out: &mut Encoder) {
        match self {
            Self::Refresh => VoteKind::Refresh.encode(out),
            Self::Admit(identity) => {
                VoteKind::Admit.encode(out);
                identity.encode(out);
            }
            Self::Exclude(identity) => {
                VoteKind::Exclude.encode(out);
                identity.encode(out);
            }
            Self::Policy(policy) => {
                VoteKind::Policy.encode(out);
                policy.encode(out);
            }
            Self::Merge(name) => {
                VoteKind::Merge.encode(out);
                name.encode(out);
            }
        }
    }

    fn decode(input: &mut Decoder<'_>, field: &'static str) -> Result<Self, DecodeError> {
        match VoteKind::decode(input, field)? {
            VoteKind::Refresh => Ok(Self::Refresh),
            VoteKind::Admit => IdentityKey::decode(input, "admit").map(Self::Admit),
            VoteKind::Exclude => IdentityKey::decode(input, "exclude").map(Self::Exclude),
            VoteKind::Policy => Policy::decode(input).map(Self::Policy),
            VoteKind::Merge => EpochName::decode_name(input, "merge").map(Self::Merge),
        }
    }
}

impl Next {
    /// Notes that a run was confirmed, with its cut.
    pub(crate) fn note_confirmed(&mut self, run: Sid, cut: Digest32) {
        if self.confirmed.len() >= MAX_CONFIRMED {
            self.confirmed.remove(0);
        }
        self.confirmed.push((run, cut));
    }

    /// Whether the member says that it will install another epoch than this one, or never this one.
    pub(crate) fn rules_out(&self, run: &Sid) -> bool {
        self.forsaken.contains(run) || self.installed.is_some_and(|installed| installed != *run)
    }

    pub(super) fn encode(&self, out: &mut Encoder) {
        out.u32(self.view);
        let bits = [
            self.offer.is_some(),
            self.proposed.is_some(),
            self.frozen.is_some(),
            self.installed.is_some(),
            self.done,
            self.guest.is_some(),
            !self.struck.is_empty(),
            !self.joins.is_empty(),
        ];
        let has = bits
            .iter()
            .rev()
            .fold(0, |has, bit| has << 1 | u8::from(*bit));
        out.u8(has);
        if let Some(offer) = &self.offer {
            offer.encode(out);
        }
        if let Some(sid) = &self.proposed {
            sid.encode(out);
        }
        if let Some((sid, lock)) = &self.frozen {
            sid.encode(out);
            lock.encode(out);
        }
        if let Some(sid) = &self.installed {
            sid.encode(out);
        }
        if let Some(offer) = &self.guest {
            offer.encode(out);
        }
        if !self.struck.is_empty() {
            self.struck.encode(out);
            self.struck_twice.encode(out);
        }
        if !self.joins.is_empty() {
            self.joins.encode(out);
        }
        out.list::<u8, _>(&self.confirmed, |(sid, cut), out| {
            sid.encode(out);
            cut.encode(out);
        });
        out.list::<u8, _>(&self.forsaken, Sid::encode);
        out.list::<u16, _>(&self.votes, Vote::encode);
        out.list::<u8, _>(&self.admitted, |admitted, out| {
            admitted.identity.encode(out);
            admitted.offer.encode(out);
        });
        out.list::<u8, _>(&self.objected, OfferDigest::encode);
    }

    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let view = input.u32("view")?;
        let has = input.u8("has")?;
        let has = |bit: u8| has & bit != 0;
        let offer = has(1)
            .then(|| OfferDigest::decode(input, "offer"))
            .transpose()?;
        let proposed = has(2).then(|| Sid::decode(input, "proposed")).transpose()?;
        let frozen = has(4)
            .then(|| Ok((Sid::decode(input, "frozen")?, Lock::decode(input)?)))
            .transpose()?;
        let installed = has(8)
            .then(|| Sid::decode(input, "installed"))
            .transpose()?;
        let done = has(16);
        let guest = has(32)
            .then(|| OfferDigest::decode(input, "guest"))
            .transpose()?;
        let (struck, struck_twice) = if has(64) {
            decode_struck(input)?
        } else {
            (MemberBits::default(), MemberBits::default())
        };
        let joins = if has(128) {
            Joins::decode(input)?
        } else {
            Joins::default()
        };
        let confirmed = decode_confirmed(input)?;
        let forsaken = input.set::<u8, _>(0..=MAX_FORSAKEN, "forsaken", Sid::decode)?;
        let votes = decode_votes(input)?;
        let admitted = input.set::<u8, _>(0..=MAX_ADMITTED, "admitted", |input, field| {
            Ok(Admitted {
                identity: IdentityKey::decode(input, field)?,
                offer: OfferDigest::decode(input, field)?,
            })
        })?;
        let objected = input.set::<u8, _>(0..=MAX_OBJECTED, "objected", OfferDigest::decode)?;
        Ok(Self {
            view,
            offer,
            proposed,
            frozen,
            installed,
            guest,
            struck,
            struck_twice,
            joins,
            done,
            confirmed,
            forsaken,
            votes,
            admitted,
            objected,
        })
    }
}

fn decode_struck(input: &mut Decoder<'_>) -> Result<(MemberBits, MemberBits), DecodeError> {
    let at = input.offset();
    let struck = MemberBits::decode(input, "struck")?;
    let twice = MemberBits::decode(input, "twice")?;
    if struck.is_empty() || !struck.covers(&twice) {
        let kind = DecodeErrorKind::NotCanonical;
        return Err(DecodeError::new(at, "struck", kind));
    }
    Ok((struck, twice))
}

fn decode_confirmed(input: &mut Decoder<'_>) -> Result<Vec<(Sid, Digest32)>, DecodeError> {
    let at = input.offset();
    let confirmed = input.list::<u8, _>(0..=MAX_CONFIRMED, "confirmed", |input, field| {
        Ok((Sid::decode(input, field)?, Digest32::decode(input, "cut")?))
    })?;
    let distinct: BTreeSet<_> = confirmed.iter().map(|(sid, _)| sid).collect();
    if distinct.len() < confirmed.len() {
        let kind = DecodeErrorKind::NotStrictlyIncreasing;
        return Err(DecodeError::new(at, "confirmed", kind));
    }
    Ok(confirmed)
}

fn decode_votes(input: &mut Decoder<'_>) -> Result<Vec<Vote>, DecodeError> {
    let at = input.offset();
    let mut policies = 0_usize;
    input.set::<u16, _>(0..=MAX_VOTES, "votes", |input, _| {
        let vote = Vote::decode(input, "vote")?;
        policies = policies.saturating_add(usize::from(matches!(vote, Vote::Policy(_))));
        DecodeError::unless_within(at, "policy", policies, 0..=1)?;
        Ok(vote)
    })
}
