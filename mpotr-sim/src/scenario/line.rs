//! All members are on lines of a chat server: what they send is cut into lines, and waits.

use super::Scenario;
use crate::claim::Claim;
use crate::party::Seat;
use crate::profile::Profile;
use crate::script::{Role, Script, Step, Wanted};
use mpotr_netem::Weather;

/// Within so many seconds the first epoch is there.
const FORM_SECS: u64 = 30;
/// Within so many seconds a change comes about.
const CHANGE_SECS: u64 = 60;
/// Within so many seconds a text is final for all.
const FINAL_SECS: u64 = 30;

pub(super) const LINE: Scenario = Scenario {
    name: "line",
    about: "8 members on lines of 285 bytes, 5 at once and then one in 2 s: first epoch 30 s, a change 60 s, a text final 30 s",
    script: |wanted, _| {
        let wanted = Wanted {
            profile: Some(wanted.profile.unwrap_or(Profile::Line)),
            ..*wanted
        };
        let members = wanted.members.unwrap_or(8);
        let mut script = Script::of(members, wanted.weather(Weather::fair(200)));
        script.line = wanted.line(None);
        script.carrier = wanted.carrier(script.line);
        script.weather_at_last = script.weather.loss(0).duplicate(0);
        script.watch_all();
        script.promise(Claim::Together, FORM_SECS);
        for _ in 0..3 {
            script.steps.push(Step::SomebodySays);
            script.promise(Claim::OneFinalOrder, FINAL_SECS);
        }
        let last = Seat(members.saturating_sub(1));
        for change in [
            Step::Refresh(Seat(0)),
            Step::Enter(Role::Honest),
            Step::Leave(last),
        ] {
            script.talk(20, 10_000);
            script.steps.push(change);
            script.promise(Claim::Changed, CHANGE_SECS);
        }
        script
    },
};
