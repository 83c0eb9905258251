//! One insider of each kind among four honest members, while they talk and change. It dies before the end.

use core::num::NonZeroU16;

use rand_chacha::ChaCha20Rng;

use mpotr_core::Rule;

use super::Scenario;
use crate::draw::below;
use crate::insider::{InsiderKind, Withheld};
use crate::party::Seat;
use crate::script::{Role, Script, Step, Wanted};
use mpotr_netem::Weather;

/// A scenario of one kind of insider.
macro_rules! insider {
    ($constant:ident, $name:literal, $about:literal, $kind:expr) => {
        pub(super) const $constant: Scenario = Scenario {
            name: $name,
            about: $about,
            script: |wanted, rng| script($kind, wanted, rng),
        };
    };
}

insider!(
    SILENT_OFFERS,
    "silent-offers",
    "an insider that sends no offers",
    InsiderKind::Silent(Withheld::Offers)
);
insider!(
    SILENT_PROPOSALS,
    "silent-proposals",
    "an insider that sends no proposals",
    InsiderKind::Silent(Withheld::Proposals)
);
insider!(
    SILENT_CONTRIBUTIONS,
    "silent-contributions",
    "an insider that does not contribute",
    InsiderKind::Silent(Withheld::Contributions)
);
insider!(
    SILENT_CONFIRMATIONS,
    "silent-confirmations",
    "an insider that does not confirm",
    InsiderKind::Silent(Withheld::Confirmations)
);
insider!(
    SILENT_SEALED,
    "silent-sealed",
    "an insider that says nothing inside an epoch",
    InsiderKind::Silent(Withheld::Sealed)
);
insider!(
    WRONG_SHARE,
    "wrong-share",
    "an insider that contributes a random element in place of its share",
    InsiderKind::WrongShare
);
insider!(
    TWO_CONTRIBUTIONS,
    "two-contributions",
    "an insider that contributes differently to each half",
    InsiderKind::TwoContributions
);
insider!(
    TWO_CONFIRMATIONS,
    "two-confirmations",
    "an insider that confirms differently to each half",
    InsiderKind::TwoConfirmations
);
insider!(
    TWINS,
    "twins",
    "an insider with two rooms and one set of keys: two proposals of one view, two of each statement",
    InsiderKind::Twins
);
insider!(
    REPLAY,
    "replay",
    "an insider that sends again whatever it has heard",
    InsiderKind::Replay
);
insider!(
    SHUN,
    "shun",
    "an insider that does not hear one member and asks for the exclusion of all others",
    InsiderKind::Shun
);

fn script(kind: InsiderKind, wanted: &Wanted, rng: &mut ChaCha20Rng) -> Script {
    let honest = wanted.members.unwrap_or(5).saturating_sub(1).max(2);
    let mut script = Script::of(honest, wanted.weather(Weather::fair(20)));
    script.first.push(Role::Insider(kind));
    // Members that wait for all wait for the silent one, too.
    script.wait_for_all = false;
    // Those that stay are for scenarios of their own: `abstainer` and those after it.
    script.insiders_stop = true;
    script.policy.exclude = Rule::Quorum(NonZeroU16::MIN.saturating_add(1));
    for message in 0..wanted.messages.unwrap_or(40) {
        script.wait(below(4000, rng));
        let seat = usize::try_from(below(4, rng)).unwrap_or(0);
        if message % 10 == 9 {
            script.steps.push(Step::Refresh(Seat(seat)));
        }
        if message == 15 {
            script.steps.push(Step::Enter(Role::Honest));
        }
        script.steps.push(Step::SomebodySays);
    }
    script
}
