//! An outsider makes a fresh and valid offer each second, and never answers for one.

use mpotr_core::Duration;

use super::{Scenario, haunted};
use crate::outsider::OutsiderKind;

const EVERY: Duration = Duration::from_secs(1);

pub(super) const GHOSTS: Scenario = Scenario {
    name: "ghosts",
    about: "5 members change keys and roster while an outsider makes an offer each second that nobody stands behind",
    script: |wanted, rng| haunted::script(OutsiderKind::Ghosts { every: EVERY }, wanted, rng),
};
