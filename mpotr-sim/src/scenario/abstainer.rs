//! An insider states and votes, and never contributes to a change.

use super::{Scenario, abstaining};
use crate::insider::{InsiderKind, Withheld};

pub(super) const ABSTAINER: Scenario = Scenario {
    name: "abstainer",
    about: "5 members, one of which says all that a member says but never contributes to a change: the others change without it",
    script: |wanted, rng| {
        let kind = InsiderKind::Abstains(Withheld::Contributions);
        abstaining::script(kind, wanted, rng)
    },
};
