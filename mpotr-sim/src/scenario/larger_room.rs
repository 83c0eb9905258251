//! A room of strangers claims to be larger than a room in which every change needs the votes of all, to half of its
//! members, and they vote to become one with it: nobody leaves it for that one.

use core::num::NonZeroU16;

use mpotr_core::Rule;

use super::{Scenario, haunted};
use crate::outsider::OutsiderKind;
use crate::script::{Role, Step};

pub(super) const LARGER_ROOM: Scenario = Scenario {
    name: "larger-room",
    about: "5 members under a policy of all votes, and an outsider's room that claims to be larger: nobody goes over to it",
    script: |wanted, rng| {
        let mut script = haunted::opening(wanted);
        // A newcomer that lets in who comes may begin with the strangers.
        script.is_wary = true;
        let all = u16::try_from(script.first.len()).unwrap_or(u16::MAX);
        if let Some(all) = NonZeroU16::new(all) {
            script.policy.admit = Rule::Quorum(all);
            script.policy.exclude = Rule::Quorum(all);
            script.policy.change = Rule::Quorum(all);
        }
        let outsider = Role::Outsider(OutsiderKind::LargerRoom);
        script.steps.extend([Step::Gather, Step::Enter(outsider)]);
        haunted::changes(&mut script, rng);
        script
    },
};
