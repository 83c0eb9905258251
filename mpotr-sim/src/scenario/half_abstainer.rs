//! An insider contributes to every change, and never confirms one.

use super::{Scenario, abstaining};
use crate::insider::Withheld;

pub(super) const HALF_ABSTAINER: Scenario = Scenario {
    name: "half-abstainer",
    about: "5 members, one of which contributes to every change but never confirms one: the others change without it",
    script: |wanted, rng| abstaining::script(Withheld::Confirmations, wanted, rng),
};
