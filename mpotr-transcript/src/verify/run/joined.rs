//! A light run by which the keeper of the transcript came in: what it was told.

use mpotr_core::wire::EpochId;
use mpotr_crypto::CryptoSuite;
use mpotr_gka::Sid;
use mpotr_gka::light::{JoinRecord, RecordedEpoch};

use super::{Began, place_in_run};
use crate::reader::Section;
use crate::verify::flaw::{Flaw, FlawKind};

/// Checks what one was told who came in.
pub(super) fn check<S: CryptoSuite>(
    section: &Section,
    run: &JoinRecord,
    flaws: &mut Vec<Flaw>,
) -> Began {
    let place = place_in_run(section, 0);
    if run.suite != S::ID {
        let suite = run.suite;
        let kind = FlawKind::OtherSuite { suite };
        flaws.push(Flaw { place, kind });
    }
    let audit = run.audit::<S>();
    let wrong = audit.wrong.into_iter().map(FlawKind::LightRun);
    flaws.extend(wrong.map(|kind| Flaw { place, kind }));
    if section.run.policy().is_none() {
        let kind = FlawKind::UnreadablePolicy;
        flaws.push(Flaw { place, kind });
    }
    let nobody = || RecordedEpoch {
        room: mpotr_gka::RoomId::new([0; 32]),
        sid: Sid::new([0; 32]),
        members: Vec::new(),
    };
    let epoch = audit.epoch.unwrap_or_else(nobody);
    Began {
        suite: S::ID,
        id: EpochId {
            sid: epoch.sid,
            key_commitment: run.key_commitment,
        },
        parent: Some(run.parent),
        proposer: None,
        unproven: audit.unproven,
        epoch,
    }
}
