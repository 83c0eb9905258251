//! An insider states and votes, and never contributes to a change.

use super::{Scenario, abstaining};
use crate::insider::Withheld;

pub(super) const ABSTAINER: Scenario = Scenario {
    name: "abstainer",
    about: "5 members, one of which says all that a member says but never contributes to a change: the others change without it",
    script: |wanted, rng| abstaining::script(Withheld::Contributions, wanted, rng),
};
