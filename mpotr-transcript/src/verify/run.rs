//! The run that led to an epoch: a full one, or a light one from the epoch before.

mod full;
mod joined;
mod light;

pub(super) use light::CUT;

use mpotr_core::wire::{EpochId, EpochName};
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, SuiteId};
use mpotr_gka::Unproven;
use mpotr_gka::light::RecordedEpoch;

use super::flaw::Flaw;
use crate::reader::{Place, Section};
use crate::run::SectionRun;

/// What a run led to, as far as an outsider can tell.
pub(super) struct Began {
    pub(super) suite: SuiteId,
    pub(super) id: EpochId,
    pub(super) parent: Option<EpochName>,
    /// Who proposed it, by its place in the roster, if that is told.
    pub(super) proposer: Option<u16>,
    pub(super) unproven: Vec<Unproven>,
    /// Of a run in which something is wrong, as its record shows it.
    pub(super) epoch: RecordedEpoch,
}

/// The epoch before in the file.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub(super) name: EpochName,
    /// `None` if it is so wrong that nothing is known of it.
    pub(super) epoch: Option<RecordedEpoch>,
}

/// Checks how an epoch began; `None` if that is so wrong that nothing said in it can be checked.
pub(super) fn check<S: CryptoSuite>(
    section: &Section,
    before: Option<&Before>,
    flaws: &mut Vec<Flaw>,
    rng: &mut dyn CryptoRng,
) -> Option<Began> {
    match &section.run {
        SectionRun::Full(run) => full::check::<S>(section, run, flaws, rng),
        SectionRun::Light(run) => light::check::<S>(section, run, before, flaws),
        SectionRun::Joined(run) => Some(joined::check::<S>(section, run, flaws)),
    }
}

/// Where a record of the run stands, by its number there.
pub(super) fn place_in_run(section: &Section, records: usize) -> Place {
    let lengths = section.run.entries().map(|it| it.to_bytes().len());
    let before = u32::try_from(records).unwrap_or(u32::MAX);
    Place {
        record: section.place.record.saturating_add(before),
        offset: lengths
            .take(records)
            .fold(section.place.offset, usize::saturating_add),
    }
}
