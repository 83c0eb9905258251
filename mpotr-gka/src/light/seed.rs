//! SEED: the proposer's fresh secret for all who stay, and who these are. `docs/spec/14-light-runs.md`, "SEED".
//!
//! ```text
//! struct {
//!   uint32 view;  uint16 proposer;  opaque parent[32];  opaque handle[16];
//!   opaque policy<0..2^12>;  uint8 kind;  uint8 watch;  opaque reasons<0..2^16>;  Bits roster<1..512>;
//!   JoinOffer offers<0..8>;  opaque W[32];  opaque wraps[32]<0..4095>;
//! } Seed;                                                       wraps in the order of the next epoch, without the proposer
//! ```

use mpotr_crypto::{
    DecodeError, DecodeErrorKind, Decoder, ElementBytes, Encoder, byte_newtype, label, wire_enum,
};

use super::joining::{JoinOffer, MAX_JOINERS};
use super::packet::{ChangeBody, decode_member};
use crate::member_index::MemberIndex;
use crate::roster::MAX_MEMBERS;
use crate::sid::Sid;

/// The most bytes of a policy.
pub(super) const MAX_POLICY: usize = 1 << 12;
/// The most bytes of reasons and votes.
const MAX_REASONS: usize = 1 << 16;
/// The most bytes of a set of members.
const MAX_BITS: usize = MAX_MEMBERS / 8;

byte_newtype! {
    /// The name of the epoch that a light run leads to, drawn by its proposer: 16 bytes.
    Handle, 16
}

wire_enum! {
    /// What a light run changes.
    pub enum ChangeKind: u8 {
        /// Nobody goes; secrets are drawn anew.
        Refresh = 1,
        /// Some go who said so.
        Leave = 2,
        /// Some are left out.
        Exclusion = 3,
    }
}

wire_enum! {
    /// When signatures of packets are looked at. It stands in SEED, so that all hold the proposer to the same.
    pub enum Watch: u8 {
        /// When something is wrong.
        Lazy = 1,
        /// As they come.
        Eager = 2,
    }
}

byte_newtype! {
    /// The secret of the next epoch, wrapped for one member: 32 bytes.
    Wrap
}

/// What a proposer says of the next epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LightTerms {
    /// The view of the change.
    pub view: u32,
    /// The name of the next epoch, 16 random bytes.
    pub handle: Handle,
    /// Its policy, as the room encodes it.
    pub policy: Vec<u8>,
    /// What is changed: it says who stays.
    pub kind: ChangeKind,
    /// When signatures are looked at; always as they come in an exclusion.
    pub watch: Watch,
    /// Reasons and votes, as the room encodes them.
    pub reasons: Vec<u8>,
    /// Who stays: members of the parent epoch, strictly increasing, the proposer among them.
    pub staying: Vec<MemberIndex>,
}

/// Why nobody goes on with what a SEED says of the next epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TermsError {
    /// Those who stay are not members in increasing order.
    #[error("those who stay are not members of the epoch")]
    Strangers,
    /// In a refresh a member goes, or in a leave or an exclusion nobody.
    #[error("those who stay are not those of a {0:?}")]
    WrongKind(ChangeKind),
    /// More than may join by one run, or than an epoch holds, or one that is of no use or stands twice.
    #[error("those who join are too many, twice there, or of no use")]
    WrongOffers,
    /// An exclusion whose packets nobody looks at: who is left out can still seal in the name of others.
    #[error("an exclusion is eager")]
    LazyExclusion,
}

impl LightTerms {
    /// Whether who stays is as the kind of change says, in an epoch of so many members.
    ///
    /// # Errors
    /// [`TermsError`].
    pub fn check(&self, members: usize) -> Result<(), TermsError> {
        let is_increasing = self.staying.is_sorted_by(|one, next| one < next);
        let are_members = self.staying.last().is_some_and(|it| it.place() < members);
        if !is_increasing || !are_members {
            return Err(TermsError::Strangers);
        }
        let all_stay = self.staying.len() == members;
        if all_stay != (self.kind == ChangeKind::Refresh) {
            return Err(TermsError::WrongKind(self.kind));
        }
        if (self.kind, self.watch) == (ChangeKind::Exclusion, Watch::Lazy) {
            return Err(TermsError::LazyExclusion);
        }
        Ok(())
    }
}

/// SEED without its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Who proposes.
    pub proposer: MemberIndex,
    /// The parent epoch.
    pub parent: Sid,
    /// What it proposes.
    pub terms: LightTerms,
    /// Who joins, in the order of their places behind those who stay.
    pub offers: Vec<JoinOffer>,
    /// `W`.
    pub ephemeral: ElementBytes,
    /// The secret for each who stays but the proposer.
    pub wraps: Vec<Wrap>,
}

impl Seed {
    /// Whether members draw new keys to sign with: those who go, and those who come, are not to tell who signs.
    pub(super) fn renews_signing(&self) -> bool {
        self.terms.kind == ChangeKind::Exclusion || self.renews_parts()
    }

    /// Whether members draw new parts of joint keys: a family is committed to together, and a joiner has not seen the one before.
    pub(super) const fn renews_parts(&self) -> bool {
        !self.offers.is_empty()
    }

    /// The place in the next epoch of a member of the parent.
    #[must_use]
    pub fn place(&self, member: MemberIndex) -> Option<usize> {
        self.terms.staying.binary_search(&member).ok()
    }

    /// The wrap for a member, which is not the proposer.
    #[must_use]
    pub fn wrap_for(&self, member: MemberIndex) -> Option<&Wrap> {
        let mut others = self.others();
        let place = others.position(|other| other == member)?;
        self.wraps.get(place)
    }

    /// The wrap for a joiner, by its number among the joiners.
    #[must_use]
    pub fn wrap_for_joiner(&self, joiner: usize) -> Option<&Wrap> {
        self.wraps.get(self.others().count().checked_add(joiner)?)
    }

    /// The place of a joiner in the next epoch.
    pub(super) fn place_of_joiner(&self, joiner: usize) -> MemberIndex {
        MemberIndex::of(self.terms.staying.len().saturating_add(joiner))
    }

    /// Who stays but the proposer.
    pub(super) fn others(&self) -> impl Iterator<Item = MemberIndex> + '_ {
        let proposer = self.proposer;
        let staying = self.terms.staying.iter().copied();
        staying.filter(move |member| *member != proposer)
    }
}

impl ChangeBody for Seed {
    const KIND: u8 = 1;
    const LABEL: &'static str = label::SEED;

    fn sender(&self) -> MemberIndex {
        self.proposer
    }

    fn slot(&self) -> Vec<u8> {
        self.terms.view.to_be_bytes().to_vec()
    }

    fn encode(&self, out: &mut Encoder) {
        out.u32(self.terms.view);
        out.u16(self.proposer.get());
        self.parent.encode(out);
        self.terms.handle.encode(out);
        out.opaque(&self.terms.policy);
        out.u8(self.terms.kind.code());
        out.u8(self.terms.watch.code());
        out.opaque(&self.terms.reasons);
        encode_members(&self.terms.staying, out);
        out.list::<u8, _>(&self.offers, JoinOffer::encode);
        self.ephemeral.encode(out);
        out.list::<u16, _>(&self.wraps, Wrap::encode);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let view = input.u32("view")?;
        let proposer = decode_member(input, "proposer")?;
        let parent = Sid::decode(input, "parent")?;
        let handle = Handle::decode(input, "handle")?;
        let policy = input.opaque(MAX_POLICY, "policy")?.to_vec();
        let kind = ChangeKind::decode(input, "kind")?;
        let watch = Watch::decode(input, "watch")?;
        let reasons = input.opaque(MAX_REASONS, "reasons")?.to_vec();
        let at = input.offset();
        let staying = decode_members(input, "roster")?;
        if staying.binary_search(&proposer).is_err() {
            return Err(DecodeError::unknown(at, "roster", proposer.get()));
        }
        let offers = input.list::<u8, _>(0..=MAX_JOINERS, "offers", |input, _| {
            JoinOffer::decode(input)
        })?;
        let others = staying.len().saturating_sub(1).saturating_add(offers.len());
        let ephemeral = ElementBytes::decode(input, "W")?;
        let wraps = input.list::<u16, _>(others..=others, "wraps", Wrap::decode)?;
        Ok(Self {
            proposer,
            parent,
            terms: LightTerms {
                view,
                handle,
                policy,
                kind,
                watch,
                reasons,
                staying,
            },
            offers,
            ephemeral,
            wraps,
        })
    }
}

/// Member i is bit i % 8 of byte i / 8, the lowest first; the last byte is not 0.
fn encode_members(members: &[MemberIndex], out: &mut Encoder) {
    let length = members
        .last()
        .map_or(0, |last| (last.place() / 8).saturating_add(1));
    let mut bits = vec![0_u8; length];
    for member in members {
        if let Some(byte) = bits.get_mut(member.place() / 8) {
            *byte |= 1 << (member.place() % 8);
        }
    }
    out.count::<u16>(length);
    out.raw(&bits);
}

fn decode_members(
    input: &mut Decoder<'_>,
    field: &'static str,
) -> Result<Vec<MemberIndex>, DecodeError> {
    let at = input.offset();
    let length = input.count::<u16>(1..=MAX_BITS, field)?;
    let bits = input.raw(length, field)?;
    if bits.last() == Some(&0) {
        return Err(DecodeError::new(at, field, DecodeErrorKind::NotCanonical));
    }
    let is_in = |place: usize| {
        let byte = bits.get(place / 8).copied().unwrap_or_default();
        byte >> (place % 8) & 1 == 1
    };
    let places = 0..length.saturating_mul(8);
    Ok(places
        .filter(|place| is_in(*place))
        .map(MemberIndex::of)
        .collect())
}
