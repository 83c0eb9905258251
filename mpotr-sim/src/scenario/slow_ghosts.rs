//! An outsider makes a fresh and valid offer about as often as a view begins, and never answers for one.

use mpotr_core::Duration;

use super::{Scenario, haunted};
use crate::outsider::OutsiderKind;

const EVERY: Duration = Duration::from_secs(8);

pub(super) const SLOW_GHOSTS: Scenario = Scenario {
    name: "slow-ghosts",
    about: "5 members change keys and roster while an outsider makes an offer every 8 s that nobody stands behind",
    script: |wanted, rng| haunted::script(OutsiderKind::Ghosts { every: EVERY }, wanted, rng),
};
