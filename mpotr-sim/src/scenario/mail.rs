//! Every packet takes a minute or two.

use mpotr_core::Duration;

use super::Scenario;
use crate::claim::Claim;
use crate::party::Seat;
use crate::profile::Profile;
use crate::script::{Role, Script, Step, Wanted};
use mpotr_netem::Weather;

/// Within so many times the mean latency the first epoch is there.
const FORM_HOPS: u32 = 10;
/// Within so many times the mean latency there are fresh keys.
const REFRESH_HOPS: u32 = 8;
/// Within as many a newcomer is in: it is asked who it is before, and waited for before anyone freezes.
const ENTER_HOPS: u32 = 14;
/// Within as many one that leaves is out: it waits before until its last message is final.
const LEAVE_HOPS: u32 = 11;

pub(super) const MAIL: Scenario = Scenario {
    name: "mail",
    about: "5 members whose packets take 60 to 120 s: first epoch within 10 hops, fresh keys within 8",
    script: |wanted, _| {
        let wanted = Wanted {
            profile: Some(wanted.profile.unwrap_or(Profile::Mail)),
            ..*wanted
        };
        let members = wanted.members.unwrap_or(5);
        let mut script = Script::of(members, wanted.weather(Weather::fair(60_000)));
        script.carrier = wanted.carrier(None);
        script.weather_at_last = script.weather.loss(0).duplicate(0);
        script.watch_all();
        let hop = script.round_trip().checked_div(2).unwrap_or_default();
        let within = |hops| hop.saturating_mul(hops);
        promise(&mut script, Claim::Together, within(FORM_HOPS));
        let last = Seat(members.saturating_sub(1));
        for (change, hops) in [
            (Step::Refresh(Seat(0)), REFRESH_HOPS),
            (Step::Enter(Role::Honest), ENTER_HOPS),
            (Step::Leave(last), LEAVE_HOPS),
        ] {
            script.talk(1200, 300_000);
            script.steps.push(change);
            promise(&mut script, Claim::Changed, within(hops));
        }
        script
    },
};

fn promise(script: &mut Script, claim: Claim, within: Duration) {
    script.steps.push(Step::Await { claim, within });
}
