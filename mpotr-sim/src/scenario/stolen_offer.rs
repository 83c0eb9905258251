//! An outsider makes offers in the names of members, who cannot answer for them.

use super::{Scenario, haunted};
use crate::outsider::OutsiderKind;

pub(super) const STOLEN_OFFER: Scenario = Scenario {
    name: "stolen-offer",
    about: "5 members change keys and roster while an outsider makes an offer each second in the name of one of them",
    script: |wanted, rng| haunted::script(OutsiderKind::StolenOffers, wanted, rng),
};
