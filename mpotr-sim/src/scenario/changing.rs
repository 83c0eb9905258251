//! Members talk and change on a carrier that stays as it is to the end, its losses included: how long a room takes to
//! form, and a change to come about.

use mpotr_core::Duration;

use super::Scenario;
use crate::claim::Claim;
use crate::party::Seat;
use crate::script::{Role, Script, Step};
use mpotr_netem::Weather;

/// A change must come about in this time, or in so many round trips if those take longer.
const PATIENCE: Duration = Duration::from_secs(600);
const PATIENCE_ROUND_TRIPS: u32 = 100;

pub(super) const CHANGING: Scenario = Scenario {
    name: "changing",
    about: "5 members change keys, let in a sixth, and one leaves; losses and delays stay as they are to the end",
    script: |wanted, _| {
        let members = wanted.members.unwrap_or(5);
        let mut script = Script::of(members, wanted.weather(Weather::fair(100)));
        script.watch_all();
        let round_trip = script.round_trip();
        let patience = round_trip.saturating_mul(PATIENCE_ROUND_TRIPS);
        let last = Seat(members.saturating_sub(1));
        script.steps.push(Step::Gather);
        for change in [
            Step::Refresh(Seat(0)),
            Step::Enter(Role::Honest),
            Step::Leave(last),
        ] {
            script.steps.extend([Step::SomebodySays, change]);
            let (claim, within) = (Claim::Changed, PATIENCE.max(patience));
            script.steps.push(Step::Await { claim, within });
        }
        script
    },
};
