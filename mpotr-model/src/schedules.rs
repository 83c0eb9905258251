//! Schedules that broke earlier drafts of the agreement, step by step.

use crate::members::{Members, Seat};
use crate::proposal::Proposal;
use crate::room::Room;
use crate::rules::{Adopt, Forsake, Install, Rules};
use crate::state::Step::{self, Adopt as Back, Confirm, Enter, Install as In, Propose};
use crate::view::View;

use Seat::{A, B, C};

/// A run that one rule of the protocol stands against.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Who is there.
    pub room: Room,
    /// All rules but that one.
    pub without: Rules,
    /// What happens.
    pub steps: Vec<Step>,
}

const V0: View = View::ZERO;
const V1: View = View::ONE;

fn proposal(view: View, seats: &[Seat]) -> Proposal {
    Proposal::new(view, Members::of(seats))
}

impl Schedule {
    /// The same with no view reports, for the rules that know none.
    #[must_use]
    pub fn without_reports(&self) -> Vec<Step> {
        let is_report = |step: &&Step| matches!(step, Enter(..));
        let steps = self.steps.iter();
        steps.filter(|step| !is_report(step)).copied().collect()
    }

    /// S1, no fault. A confirms P, its timer fires, and it confirms Q. B's late confirmation of P reaches A, and A
    /// installs P. B has confirmed both, holds A's confirmation of Q, and installs Q. They list each other.
    #[must_use]
    pub fn s1() -> Self {
        let (p, q) = (proposal(V0, &[A, B]), proposal(V1, &[A, B]));
        Self {
            room: Room::of(3, 2),
            without: Rules {
                install: Install::AnyConfirmed,
                ..Rules::FULL
            },
            steps: vec![
                Propose(p),
                Confirm(A, p),
                Confirm(B, p),
                Enter(A, V1),
                Enter(B, V1),
                Propose(q),
                Confirm(A, q),
                In(A, p),
                Confirm(B, q),
                In(B, q),
            ],
        }
    }

    /// S2, no fault. B installs P, sees Q of a higher view, and confirms it. A, who never saw B's confirmation of P,
    /// installs Q.
    #[must_use]
    pub fn s2() -> Self {
        let (p, q) = (proposal(V0, &[A, B]), proposal(V1, &[A, B]));
        Self {
            room: Room::of(3, 2),
            without: Rules {
                stop_after_install: false,
                ..Rules::FULL
            },
            steps: vec![
                Propose(p),
                Confirm(A, p),
                Confirm(B, p),
                Enter(A, V1),
                Enter(B, V1),
                Propose(q),
                In(B, p),
                Confirm(A, q),
                Confirm(B, q),
                In(A, q),
            ],
        }
    }

    /// S3, C is Byzantine. It tells A that P is installed and Q dead, and confirms Q to B. A goes back to P, B installs
    /// Q: the word of one that holds a certificate is not enough.
    #[must_use]
    pub fn s3() -> Self {
        let (p, q) = (proposal(V0, &[A, B, C]), proposal(V1, &[A, B, C]));
        Self {
            room: Room::of(3, 2).with_byzantine(&[C]),
            without: Rules {
                adopt: Adopt::OneCommon,
                ..Rules::FULL
            },
            steps: vec![
                Propose(p),
                Confirm(A, p),
                Confirm(B, p),
                Enter(A, V1),
                Enter(B, V1),
                Propose(q),
                Confirm(A, q),
                Back(A, p),
                Confirm(B, q),
                In(B, q),
            ],
        }
    }

    /// S4, no fault. B installs P; A and C confirm Q, which lists B. B can never confirm Q, and A and C may not go
    /// back: stuck until they leave out B, who is alive and answers.
    #[must_use]
    pub fn s4() -> Self {
        let (p, q) = (proposal(V0, &[A, B, C]), proposal(V1, &[A, B, C]));
        Self {
            room: Room::of(3, 2),
            without: Rules {
                forsake: Forsake::Never,
                ..Rules::FULL
            },
            steps: vec![
                Propose(p),
                Confirm(A, p),
                Confirm(B, p),
                Confirm(C, p),
                Enter(A, V1),
                Enter(B, V1),
                Enter(C, V1),
                Propose(q),
                In(B, p),
                Confirm(A, q),
                Confirm(C, q),
            ],
        }
    }

    /// A late certificate, no fault. All confirm P, and C alone installs it. A and B confirm Q, which is theirs alone,
    /// and B installs it. A gets C's certificate and installs P. A and B list each other.
    #[must_use]
    pub fn late_certificate() -> Self {
        let (p, q) = (proposal(V0, &[A, B, C]), proposal(V1, &[A, B]));
        Self {
            room: Room::of(3, 2),
            without: Rules {
                adopt: Adopt::AnyInstalled,
                ..Rules::FULL
            },
            steps: vec![
                Propose(p),
                Confirm(A, p),
                Confirm(B, p),
                Confirm(C, p),
                Enter(A, V1),
                Enter(B, V1),
                Propose(q),
                In(C, p),
                Confirm(A, q),
                Confirm(B, q),
                In(B, q),
                Back(A, p),
            ],
        }
    }
}
