//! An insider contributes to every change, and never confirms one.

use super::{Scenario, abstaining};
use crate::insider::{InsiderKind, Withheld};

pub(super) const HALF_ABSTAINER: Scenario = Scenario {
    name: "half-abstainer",
    about: "5 members, one of which contributes to every change but never confirms one: the others change without it",
    script: |wanted, rng| {
        let kind = InsiderKind::Abstains(Withheld::Confirmations);
        abstaining::script(kind, wanted, rng)
    },
};
