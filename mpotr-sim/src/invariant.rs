//! What must hold whenever a member is told something. `docs/simulation.md`, "Invariants".
//!
//! | file | what |
//! |---|---|
//! | `same_epoch` | equal `sid` implies equal roster, key and policy |
//! | `one_successor` | I1: of one parent, honest members who list each other install the same |
//! | `shown_equals_cut` | who goes on has shown the cut, and nothing more since it confirmed |
//! | `same_cut` | I2: all who install from one parent have delivered the same messages of it |
//! | `one_order` | I3: final prefixes of one epoch are prefixes of one another |
//! | `final_signed` | what is final for one, every honest member has signed so |
//! | `acceptance` | I4: what one honest member has accepted, every other accepts |
//! | `delivery` | at most once, in causal order, as it was written, within its epoch alone |
//! | `unseen` | a text is for those alone whom its author had seen in the roster, and had not voted to leave out |
//! | `fates` | each text has one fate, and the one that is told |
//! | `final_prefix` | what is final grows at its end, and was read |
//! | `accusation` | evidence is told once |
//! | `publication` | nobody publishes while anything is in flight |
//! | `enclosed` | of a change by which nobody comes in, outsiders read nothing of its run |
//! | `blame` | no honest member is blamed, or left out for good, without a vote |
//! | `quiet` | a minute after the last thing that happened no member says much |
//!
//! And where a scenario asks for it, for a room can be under conditions in which it cannot hold ([`Watch`]):
//!
//! | file | what |
//! |---|---|
//! | `sovereignty` | a member leaves its epoch by a decision of that epoch alone, and nobody enters without votes |
//! | `honest_loss` | no honest member that is there is left out unasked |
//! | `unchanged` | every change that a person asked for comes about |
//! | `amplification` | an outsider makes the room say little more than it says itself |
//! | `fateless` | a text of an epoch that is over has its fate |
//! | `reasons` | who waits has been told why |

pub(crate) mod acceptance;
mod accusation;
pub(crate) mod amplification;
mod blame;
mod delivery;
mod enclosed;
pub(crate) mod fateless;
mod fates;
mod final_prefix;
mod final_signed;
pub(crate) mod honest_loss;
mod one_order;
mod one_successor;
mod publication;
pub(crate) mod quiet;
pub(crate) mod reasons;
mod same_cut;
mod same_epoch;
mod shown_equals_cut;
mod sovereignty;
pub(crate) mod unchanged;
mod unseen;

use std::fmt;

use mpotr_core::gka::Sid;
use mpotr_core::wire::EpochHint;
use mpotr_core::{Event, Timestamp};

use crate::ledger::Ledger;
use crate::party::Seat;

/// An event of an honest member, with all that was known before it.
pub(crate) struct Seen<'a> {
    pub(crate) seat: Seat,
    pub(crate) event: &'a Event,
    /// The secret of the epoch that the event announces.
    pub(crate) key: Option<[u8; 32]>,
    /// The epoch that the member installed in the same moment.
    pub(crate) successor: Option<Sid>,
    /// Whether the member leaves its epoch in the same moment: for that one, for another, or for none.
    pub(crate) leaves_epoch: bool,
    pub(crate) before: &'a Ledger,
}

/// Says how an invariant is broken.
type Check = fn(&Seen<'_>) -> Result<(), String>;

const ALL: [(&str, Check); 15] = [
    ("same-epoch", same_epoch::check),
    ("one-successor", one_successor::check),
    ("same-cut", same_cut::check),
    ("shown-equals-cut", shown_equals_cut::check),
    ("one-order", one_order::check),
    ("delivery", delivery::check),
    ("unseen", unseen::check),
    ("fates", fates::check),
    ("final-prefix", final_prefix::check),
    ("final-signed", final_signed::check),
    ("accusation", accusation::check),
    ("publication", publication::check_silence),
    ("enclosed", enclosed::check),
    ("blame", blame::check_faults),
    ("exclusion", blame::check_removal),
];

/// What must hold where a scenario asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watch {
    /// A member leaves its epoch by a decision of that epoch alone, and nobody enters without votes.
    Sovereignty,
    /// No honest member that is there is left out unasked.
    HonestLoss,
    /// Every change that a person asked for comes about.
    Unchanged,
    /// An outsider makes the room say little more than it says itself.
    Amplification,
    /// A text of an epoch that is over has its fate.
    Fateless,
    /// Who waits has been told why.
    Reasons,
}

impl Watch {
    /// All that can be watched.
    pub const ALL: [Self; 6] = [
        Self::Sovereignty,
        Self::HonestLoss,
        Self::Unchanged,
        Self::Amplification,
        Self::Fateless,
        Self::Reasons,
    ];

    /// Its name in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sovereignty => "sovereignty",
            Self::HonestLoss => "honest-loss",
            Self::Unchanged => "unchanged",
            Self::Amplification => "amplification",
            Self::Fateless => "fateless",
            Self::Reasons => "reasons",
        }
    }

    /// Whether this is what one of them is called.
    pub(crate) fn is_name(name: &str) -> bool {
        Self::ALL.iter().any(|watch| watch.name() == name)
    }

    /// What is checked of it whenever a member is told something; the rest is looked at in the end.
    const fn check(self) -> Option<Check> {
        match self {
            Self::Sovereignty => Some(sovereignty::check),
            Self::HonestLoss => Some(honest_loss::check),
            Self::Unchanged | Self::Amplification | Self::Fateless | Self::Reasons => None,
        }
    }
}

/// An invariant that broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The invariant.
    pub invariant: &'static str,
    /// The virtual time.
    pub at: Timestamp,
    /// What was found, in words.
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            invariant,
            at,
            what,
        } = self;
        write!(f, "{invariant} at {} ms: {what}", at.as_millis())
    }
}

/// Checks what must hold when a member publishes its secrets of an epoch.
pub(crate) fn check_reveal(
    now: Timestamp,
    ledger: &Ledger,
    seat: Seat,
    epoch: &EpochHint,
) -> Option<Breach> {
    let what = publication::check_reveal(ledger, seat, epoch).err()?;
    Some(Breach {
        invariant: "publication",
        at: now,
        what: format!("{seat} {what}"),
    })
}

/// Checks every invariant.
pub(crate) fn check(now: Timestamp, seen: &Seen<'_>) -> Vec<Breach> {
    let watched = seen.before.watched.iter();
    let watched = watched.filter_map(|watch| Some((watch.name(), watch.check()?)));
    ALL.into_iter()
        .chain(watched)
        .filter_map(|(invariant, check)| {
            let what = check(seen).err()?;
            Some(Breach {
                invariant,
                at: now,
                what: format!("{} {what}", seen.seat),
            })
        })
        .collect()
}
