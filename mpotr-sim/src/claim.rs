//! What a scenario promises of a run: a file each. Invariants hold in every scenario, claims where the script says so.

mod all_read;
mod ended;
mod exposed;
mod next_epoch;
mod no_run_failed;
mod one_epoch;
mod one_final_order;
mod together;

use mpotr_core::Duration;

use crate::invariant::{acceptance, unchanged};
use crate::ledger::Ledger;
use crate::party::Seat;

/// What has come to hold at some point of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// All honest members that went the same way have one final order of all that they have read, in every epoch.
    OneFinalOrder,
    /// There was one epoch, and all honest members are in it.
    OneEpoch,
    /// Every text of an honest member was read by every other honest member of its epoch.
    AllRead,
    /// All honest members are together in another epoch than the first.
    NextEpoch,
    /// All honest members who stay are in one epoch.
    Together,
    /// Every change that a person asked for has come about.
    Changed,
    /// I4: all members of one epoch have read there what one of them has.
    Accepted,
    /// Nobody honest was told that a key agreement failed.
    NoRunFailed,
    /// Every honest member has proof, once, that this insider said two things in one place, and no honest member is in
    /// an epoch with it.
    Exposed(Seat),
    /// All who are alive have left.
    Ended {
        /// Whether what signed for them had to be published; `None` if that depends.
        published: Option<bool>,
    },
}

impl Claim {
    /// Its name in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::OneFinalOrder => "one-final-order",
            Self::OneEpoch => "one-epoch",
            Self::AllRead => "all-read",
            Self::NextEpoch => "next-epoch",
            Self::Together => "together",
            Self::Changed => "changed",
            Self::NoRunFailed => "no-run-failed",
            Self::Accepted => "accepted",
            Self::Exposed(_) => "exposed",
            Self::Ended { .. } => "ended",
        }
    }

    /// Says why it does not hold.
    pub(crate) fn check(self, ledger: &Ledger) -> Result<(), String> {
        match self {
            Self::OneFinalOrder => one_final_order::check(ledger),
            Self::OneEpoch => one_epoch::check(ledger),
            Self::AllRead => all_read::check(ledger),
            Self::NextEpoch => next_epoch::check(ledger),
            Self::Together => together::check(ledger),
            Self::Changed => unchanged::check(ledger),
            Self::NoRunFailed => no_run_failed::check(ledger),
            Self::Accepted => acceptance::check(ledger),
            Self::Exposed(seat) => exposed::check(ledger, seat),
            Self::Ended { published } => ended::check(ledger, published),
        }
    }
}

/// How long it took until a claim held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The claim.
    pub claim: &'static str,
    /// In virtual time, to a tenth of a second.
    pub took: Duration,
}
