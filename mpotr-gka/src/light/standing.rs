//! Where a member stands in the parent epoch, and what it says about its end. `docs/spec/14-light-runs.md`, "FREEZE".
//!
//! The order of messages is the room's: here it is asked through [`Order`], and what it answers is carried and compared.

use mpotr_crypto::{DecodeError, Decoder, Digest32, Encoder};

/// The most heads that a frontier has.
pub(super) const MAX_HEADS: usize = 1 << 12;

/// A prefix of the order of the parent epoch: how many messages, and the digest of them in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// How many messages.
    pub count: u32,
    /// Their digest.
    pub digest: Digest32,
}

impl Prefix {
    pub(super) fn encode(&self, out: &mut Encoder) {
        out.u32(self.count);
        self.digest.encode(out);
    }

    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            count: input.u32("count")?,
            digest: Digest32::decode(input, "digest")?,
        })
    }
}

/// What a member confirmed or installed: one thing in one view. Of a light run the first half of what its share signs, of a
/// full run its `sid`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LightVote {
    /// The view.
    pub view: u32,
    /// What was confirmed in it.
    pub what: Digest32,
}

impl LightVote {
    fn encode(vote: Option<&Self>, out: &mut Encoder) {
        out.flag(vote.is_some());
        if let Some(vote) = vote {
            out.u32(vote.view);
            vote.what.encode(out);
        }
    }

    fn decode(input: &mut Decoder<'_>, field: &'static str) -> Result<Option<Self>, DecodeError> {
        if !input.flag(field)? {
            return Ok(None);
        }
        Ok(Some(Self {
            view: input.u32("view")?,
            what: Digest32::decode(input, field)?,
        }))
    }
}

/// Where a member stands when it stops speaking in the parent epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The ids of the messages on which nothing is built that it holds, strictly increasing.
    pub frontier: Vec<Digest32>,
    /// The longest prefix that it has signed.
    pub lock: Prefix,
    /// The longest prefix that is final.
    pub last_final: Prefix,
    /// What it confirmed last.
    pub confirmed: Option<LightVote>,
    /// What it installed.
    pub installed: Option<LightVote>,
}

impl Standing {
    pub(super) fn encode(&self, out: &mut Encoder) {
        encode_heads(&self.frontier, out);
        self.lock.encode(out);
        self.last_final.encode(out);
        LightVote::encode(self.confirmed.as_ref(), out);
        LightVote::encode(self.installed.as_ref(), out);
    }

    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            frontier: decode_heads(input, "frontier")?,
            lock: Prefix::decode(input)?,
            last_final: Prefix::decode(input)?,
            confirmed: LightVote::decode(input, "confirmed")?,
            installed: LightVote::decode(input, "installed")?,
        })
    }
}

pub(super) fn encode_heads(heads: &[Digest32], out: &mut Encoder) {
    out.list::<u16, _>(heads, Digest32::encode);
}

pub(super) fn decode_heads(
    input: &mut Decoder<'_>,
    field: &'static str,
) -> Result<Vec<Digest32>, DecodeError> {
    input.set::<u16, _>(0..=MAX_HEADS, field, Digest32::decode)
}

/// What all who install will have delivered of the parent epoch: what a cut says, and what each computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The heads of the union of all frontiers, strictly increasing.
    pub heads: Vec<Digest32>,
    /// The prefix from which the order of the rest is computed: the longest lock of all.
    pub base: Prefix,
    /// The whole order up to the heads.
    pub closed: Prefix,
}

impl Closing {
    pub(super) fn encode(&self, out: &mut Encoder) {
        encode_heads(&self.heads, out);
        self.base.encode(out);
        self.closed.encode(out);
    }

    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            heads: decode_heads(input, "heads")?,
            base: Prefix::decode(input)?,
            closed: Prefix::decode(input)?,
        })
    }
}

/// What a member holds of the parent epoch and its order. The room answers.
pub trait Order {
    /// What these standings close with; `None` if something of it is not held, or two locks contradict each other.
    fn close(&self, standings: &[&Standing]) -> Option<Closing>;

    /// Whether everything up to these heads is held.
    fn holds(&self, heads: &[Digest32]) -> bool;

    /// Whether each message of a frontier is among these heads or in their past, as far as is held.
    fn covers(&self, heads: &[Digest32], frontier: &[Digest32]) -> bool;

    /// Whether a prefix is one of this member's own order, and does not contradict its lock.
    fn agrees(&self, prefix: &Prefix) -> bool;

    /// The order up to these heads, with this base; `None` if something of it is not held.
    fn closed(&self, base: &Prefix, heads: &[Digest32]) -> Option<Prefix>;
}
