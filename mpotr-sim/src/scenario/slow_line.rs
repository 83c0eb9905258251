//! Members on lines that take little in a second: what they send waits, and nobody takes them for silent.

use mpotr_netem::{Line, Weather};
use rand_chacha::ChaCha20Rng;

use super::Scenario;
use crate::claim::Claim;
use crate::draw::below;
use crate::party::Seat;
use crate::script::{Role, Script, Step, Wanted};

/// A line on which one member keeps up, where all others have better ones. At half of the rate a run fails in one of eight seeds.
const ONE: Line = Line::new().rate(500).burst(500);

/// Where all are on slow lines, they need better ones: at half of the rate runs fail, for what a change sends waits longer
/// than a view.
const ALL: Line = Line::new().rate(1000).burst(1000);

pub(super) const SLOW_LINE: Scenario = Scenario {
    name: "slow-line",
    about: "5 members, one on a line of 500 bytes a second writes 20 texts at one instant: all are read, and no run fails",
    script: |wanted, rng| {
        let members = wanted.members.unwrap_or(5);
        let mut script = Script::of(members, wanted.weather(Weather::fair(50)));
        script.steps.push(Step::Line(Seat(0), ONE));
        script.steps.push(Step::Gather);
        script.steps.extend(vec![Step::Say(Seat(0)); 20]);
        talk(&mut script, wanted, rng);
        promise(&mut script);
        script
    },
};

pub(super) const SLOW_LINES: Scenario = Scenario {
    name: "slow-lines",
    about: "5 members on lines of 1,000 bytes a second talk, change keys, and let in a sixth: all is read, and no run fails",
    script: |wanted, rng| {
        let members = wanted.members.unwrap_or(5);
        let mut script = Script::of(members, wanted.weather(Weather::fair(50)));
        let lines = (0..members).map(|seat| Step::Line(Seat(seat), ALL));
        script.steps.extend(lines);
        script.steps.push(Step::Gather);
        talk(&mut script, wanted, rng);
        script.steps.push(Step::Enter(Role::Honest));
        script.steps.push(Step::Line(Seat(members), ALL));
        talk(&mut script, wanted, rng);
        promise(&mut script);
        script
    },
};

/// All write texts, and the first asks for fresh keys in between.
fn talk(script: &mut Script, wanted: &Wanted, rng: &mut ChaCha20Rng) {
    let messages = wanted.messages.unwrap_or(20);
    for message in 0..messages {
        if message == messages / 2 {
            script.steps.push(Step::Refresh(Seat(0)));
        }
        script.steps.push(Step::SomebodySays);
        script.wait(below(2000, rng));
    }
}

fn promise(script: &mut Script) {
    script.promise(Claim::AllRead, 60);
    script.promise(Claim::OneFinalOrder, 60);
    script.promise(Claim::NoRunFailed, 1);
}
