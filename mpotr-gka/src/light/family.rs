//! The parts of joint keys in the epoch that a light run leads to: those of the parent, moved or not, or fresh ones.
//! `docs/spec/14-light-runs.md`, "Parts".

use mpotr_crypto::{CryptoSuite, Digest32, Element, Group, PartKey, PartSecret, SecretScalar};

use super::cut::LightCut;
use super::joining::{Arrival, Committed};
use super::seed::Handle;
use crate::continuation::{Continuation, Part};
use crate::member_index::MemberIndex;

/// Parts that were committed to together.
pub(super) struct Family<S: CryptoSuite> {
    /// `F` of each, zero where it is not shown.
    pub(super) shown: Vec<PartKey>,
    pub(super) parts: Vec<Part<S>>,
    /// `T`.
    pub(super) moved: Option<Element<S>>,
    /// `f` of this member.
    pub(super) own: PartSecret<S>,
}

impl<S: CryptoSuite> Family<S> {
    /// The family of the parent goes on, without those who go; moved by `tau G`, if it is.
    pub(super) fn kept(
        parent: Continuation<S>,
        staying: &[MemberIndex],
        tweak: Option<&SecretScalar<S>>,
    ) -> Self {
        let Continuation {
            part,
            moved,
            parts,
            keys,
            ..
        } = parent;
        let shown = staying.iter().filter_map(|it| keys.get(it.place()));
        let shown = shown.map(|keys| keys.part).collect();
        let stays = |place: usize| staying.binary_search(&MemberIndex::of(place)).is_ok();
        let parts = parts.into_iter().enumerate();
        let parts = parts.filter_map(|(place, part)| stays(place).then_some(part));
        let (own, moved) = match tweak {
            Some(tweak) => {
                let by = tweak.mul_base();
                let moved = moved.map_or_else(|| by.clone(), |moved| S::Group::add(&moved, &by));
                (tweak.with(|tweak| part.tweaked(tweak)), Some(moved))
            }
            None => (part, moved),
        };
        Self {
            shown,
            parts: parts.collect(),
            moved,
            own,
        }
    }

    /// A fresh one: what a CUT commits to, this member's own, and what the joiners have shown.
    pub(super) fn committed(
        cut: &LightCut,
        handle: Handle,
        me: MemberIndex,
        own: PartSecret<S>,
        arrivals: Vec<Arrival<S>>,
    ) -> Self {
        let members = cut.freezes.len();
        let listed = cut.keys.iter().take(members);
        let hidden = listed.zip(MemberIndex::all(members)).map(|(keys, place)| {
            if place == me {
                return (own.public(), Part::Shown(own.element().clone()));
            }
            let part = Part::Committed {
                by: Committed::Member(handle, place),
                to: Digest32::new(*keys.part.as_bytes()),
            };
            (PartKey::new([0; 32]), part)
        });
        let arrived = arrivals.into_iter();
        let arrived = arrived.map(|it| (it.part, Part::Shown(it.element)));
        let (shown, parts) = hidden.chain(arrived).unzip();
        Self {
            shown,
            parts,
            moved: None,
            own,
        }
    }
}
