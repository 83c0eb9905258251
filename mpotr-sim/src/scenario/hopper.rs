//! An insider leaves in every change, and comes back at once.

use super::{Scenario, abstaining};
use crate::insider::InsiderKind;

pub(super) const HOPPER: Scenario = Scenario {
    name: "hopper",
    about: "5 members, one of which leaves in the midst of every change and comes back at once: the others talk and change",
    script: |wanted, rng| abstaining::script(InsiderKind::Hops, wanted, rng),
};
