//! A light run, from the epoch before in the file.

use mpotr_core::wire::EpochId;
use mpotr_crypto::CryptoSuite;
use mpotr_gka::light::{LightAuditError, LightRecord};

use super::{Before, Began, place_in_run};
use crate::reader::Section;
use crate::verify::flaw::{Flaw, FlawKind};

/// The number of the record of CUT.
pub(in crate::verify) const CUT: usize = 1;

/// Checks the record of a light run; `None` if nothing is known of the epoch before, or it leads nowhere.
pub(super) fn check<S: CryptoSuite>(
    section: &Section,
    run: &LightRecord,
    before: Option<&Before>,
    flaws: &mut Vec<Flaw>,
) -> Option<Began> {
    let seed = run.seed.body();
    let mut flaw = |record, kind| {
        let place = place_in_run(section, record);
        flaws.push(Flaw { place, kind });
    };
    let Some(before) = before else {
        flaw(0, FlawKind::LightRun(LightAuditError::OtherParent));
        return None;
    };
    // What is wrong with the epoch before is said there.
    let audit = run.audit::<S>(before.epoch.as_ref()?);
    for wrong in audit.wrong {
        let record = if wrong.is_of_cut() { CUT } else { 0 };
        flaw(record, FlawKind::LightRun(wrong));
    }
    if section.run.policy().is_none() {
        flaw(0, FlawKind::UnreadablePolicy);
    }
    let epoch = audit.epoch?;
    let place = seed
        .place(seed.proposer)
        .and_then(|it| u16::try_from(it).ok());
    Some(Began {
        suite: S::ID,
        id: EpochId {
            sid: epoch.sid,
            key_commitment: run.key_commitment,
        },
        parent: Some(before.name),
        proposer: Some(place.unwrap_or_default()),
        unproven: audit.unproven,
        epoch,
    })
}
