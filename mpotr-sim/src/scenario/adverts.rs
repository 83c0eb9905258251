//! An outsider says every 25 seconds that there is another epoch, before there is any and after: that moves nobody.

use super::{Scenario, haunted};
use crate::outsider::OutsiderKind;
use crate::script::{Role, Step};

pub(super) const ADVERTS: Scenario = Scenario {
    name: "adverts",
    about: "an outsider says every 25 s that there is a large epoch, from before the first one of 5 members and while they change",
    script: |wanted, rng| {
        let mut script = haunted::opening(wanted);
        // Who votes for what an outsider has made up has the room change for it, by a decision of its own.
        script.merges = false;
        let outsider = Role::Outsider(OutsiderKind::Adverts);
        script.first.push(outsider);
        script.steps.push(Step::Gather);
        haunted::changes(&mut script, rng);
        script
    },
};
