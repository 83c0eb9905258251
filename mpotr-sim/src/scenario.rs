//! Scenarios, a file each. A new one is a constant of its file and a line in [`Scenario::RECORDED`] or
//! [`Scenario::MEASURED`].

mod abstainer;
mod abstaining;
mod adverts;
mod backlog;
mod burst;
mod calm;
mod changing;
mod churn;
mod crash;
mod custom;
mod equivocating;
mod forked;
mod ghosts;
mod half_abstainer;
mod haunted;
mod hoarding;
mod hopper;
mod insiders;
mod joins;
mod kicked;
mod larger_room;
mod leaving;
mod light;
mod line;
mod long_fork;
mod lossy;
mod mail;
mod partition;
mod quiet;
mod random;
mod replayer;
mod restart;
mod silent_end;
mod slow_ghosts;
mod slow_line;
mod stolen_offer;
mod torn;
mod unpublished;
mod votes;

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

    /// Scenarios of which runs are recorded: a change that is to leave behaviour as it is changes nothing in them.
    pub const RECORDED: [&'static Self; 31] = [
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

    /// Scenarios by which rooms are measured: under outsiders and insiders that stay to the end, and on slow carriers.
    pub const MEASURED: [&'static Self; 21] = [
        &changing::CHANGING,
        &ghosts::GHOSTS,
        &slow_ghosts::SLOW_GHOSTS,
        &adverts::ADVERTS,
        &stolen_offer::STOLEN_OFFER,
        &larger_room::LARGER_ROOM,
        &replayer::REPLAYER,
        &abstainer::ABSTAINER,
        &half_abstainer::HALF_ABSTAINER,
        &hopper::HOPPER,
        &light::LIGHT_CHURN,
        &light::LIGHT_LOSS,
        &light::LATE_SHARE,
        &light::LIGHT_LIAR,
        &long_fork::LONG_FORK,
        &kicked::KICKED,
        &restart::RESTART,
        &line::LINE,
        &mail::MAIL,
        &quiet::QUIET,
        &votes::VOTES,
    ];

    /// Every scenario with a name to ask for.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        Self::RECORDED.into_iter().chain(Self::MEASURED)
    }

    /// The scenario of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::all().find(|scenario| scenario.name == name)
    }
}
