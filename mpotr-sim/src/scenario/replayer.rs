//! An outsider sends packets again that it heard.

use super::{Scenario, haunted};
use crate::outsider::OutsiderKind;

pub(super) const REPLAYER: Scenario = Scenario {
    name: "replayer",
    about: "5 members change keys and roster while an outsider sends one packet again each second that it heard",
    script: |wanted, rng| haunted::script(OutsiderKind::Replayer, wanted, rng),
};
