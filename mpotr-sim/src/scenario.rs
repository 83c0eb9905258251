//! Scenarios, a file each. A new one is a constant of its file and a line in [`Scenario::ALL`].

mod backlog;
mod burst;
mod calm;
mod churn;
mod crash;
mod custom;
mod equivocating;
mod forked;
mod hoarding;
mod insiders;
mod joins;
mod leaving;
mod lossy;
mod partition;
mod random;
mod silent_end;
mod slow_line;
mod torn;
mod unpublished;

use rand_chacha::ChaCha20Rng;

use crate::script::{Script, Wanted};

/// What happens in a run, by what was wanted of it and by its seed.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// The name to ask for it by.
    pub name: &'static str,
    /// What happens, in a line.
    pub about: &'static str,
    pub(crate) script: fn(&Wanted, &mut ChaCha20Rng) -> Script,
}

impl Scenario {
    /// Members and faults as they are asked for.
    pub const CUSTOM: &'static Self = &custom::CUSTOM;

    /// Every scenario with a name to ask for.
    pub const ALL: [&'static Self; 31] = [
        &calm::CALM,
        &lossy::LOSSY,
        &forked::FORKED,
        &equivocating::EQUIVOCATING,
        &backlog::BACKLOG,
        &burst::BURST,
        &slow_line::SLOW_LINE,
        &slow_line::SLOW_LINES,
        &silent_end::SILENT_END,
        &unpublished::UNPUBLISHED,
        &partition::PARTITION,
        &crash::CRASH,
        &churn::CHURN,
        &joins::JOINS,
        &leaving::LEAVING,
        &random::RANDOM,
        &insiders::SILENT_OFFERS,
        &insiders::SILENT_PROPOSALS,
        &insiders::SILENT_CONTRIBUTIONS,
        &insiders::SILENT_CONFIRMATIONS,
        &insiders::SILENT_SEALED,
        &insiders::WRONG_SHARE,
        &insiders::TWO_CONTRIBUTIONS,
        &insiders::TWO_CONFIRMATIONS,
        &insiders::TWINS,
        &insiders::REPLAY,
        &insiders::SHUN,
        &hoarding::HOARDING,
        &torn::UNSIGNED_LINE,
        &torn::LONG_LINE,
        &torn::BESIDE,
    ];

    /// The scenario of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|scenario| scenario.name == name)
    }
}
