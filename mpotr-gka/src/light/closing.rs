//! What a CUT must say of the FREEZEs that it lists: computed by who makes it, and by who looks for a culprit.
//! `docs/spec/14-light-runs.md`, "CUT".

use mpotr_crypto::{CryptoSuite, EphemeralKey, NonceSum, PartKey};

use super::cut::{ListedKeys, ListedPart};
use super::freeze::Freeze;
use super::joining::JoinOffer;
use super::seed::Seed;
use super::standing::{Closing, Order, Standing};
use crate::continuation::Continuation;
use crate::fault::{Fault, FaultKind};

/// What the standings of these FREEZEs close with.
pub(super) fn close(order: &dyn Order, freezes: &[&Freeze]) -> Option<Closing> {
    let standings: Vec<&Standing> = freezes.iter().map(|it| &it.standing).collect();
    order.close(&standings)
}

/// The keys in the next epoch of who sent a FREEZE: its receive key is fresh; what it signs with is fresh where a member is left
/// out or joins, and its part where anyone joins. `None` if it shows a key too many, or one too few.
pub(super) fn next_keys<S: CryptoSuite>(
    parent: &Continuation<S>,
    seed: &Seed,
    freeze: &Freeze,
) -> Option<ListedKeys> {
    let before = parent.keys_of(freeze.sender)?;
    let signing = match (seed.renews_signing(), freeze.signing) {
        (true, Some(fresh)) if fresh.is_strict() && fresh != before.signing => fresh,
        (false, None) => before.signing,
        _ => return None,
    };
    let part = match (seed.renews_parts(), freeze.commitment) {
        (true, Some(commitment)) => *commitment.as_bytes(),
        (false, None) => *before.part.as_bytes(),
        _ => return None,
    };
    Some(ListedKeys {
        signing,
        part: ListedPart::new(part),
        receive: freeze.receive,
    })
}

/// Whether these keys of one who stays may follow those that it had, whatever its FREEZE says. Its part is not known to who has
/// not seen it shown.
pub(super) fn may_follow(
    seed: &Seed,
    (signing, part): (&EphemeralKey, Option<&PartKey>),
    keys: &ListedKeys,
) -> bool {
    let is_same_signing = *signing == keys.signing;
    let is_same_part = part.is_none_or(|part| part.as_bytes() == keys.part.as_bytes());
    (is_same_part || seed.renews_parts())
        && is_same_signing != seed.renews_signing()
        && keys.signing.is_strict()
}

/// What a CUT must say of these FREEZEs: keys and sums of nonces.
pub(super) struct Opened<S: CryptoSuite> {
    pub(super) keys: Vec<ListedKeys>,
    pub(super) nonces: NonceSum,
    /// The nonces of each, decoded.
    pub(super) each: Vec<[mpotr_crypto::Element<S>; 2]>,
}

impl<S: CryptoSuite> Opened<S> {
    /// # Errors
    /// The fault of those whose FREEZE no honest member sends.
    pub(super) fn of(
        parent: &Continuation<S>,
        seed: &Seed,
        freezes: &[&Freeze],
    ) -> Result<Self, Fault> {
        let mut wrong = Vec::new();
        let (mut keys, mut each) = (Vec::new(), Vec::new());
        for freeze in freezes {
            let member = next_keys(parent, seed, freeze);
            let nonces = freeze.nonces.elements::<S>();
            let has_receive = *freeze.receive.as_bytes() != [0; 32];
            match (member, nonces) {
                (Some(member), Some(nonces)) if has_receive => {
                    keys.push(member);
                    each.push(nonces);
                }
                _ => wrong.push(freeze.sender.place()),
            }
        }
        if !wrong.is_empty() {
            return Err(Fault::at(FaultKind::MalformedFreeze, wrong));
        }
        keys.extend(seed.offers.iter().map(JoinOffer::listed));
        Ok(Self {
            nonces: NonceSum::of::<S>(&each),
            keys,
            each,
        })
    }
}
