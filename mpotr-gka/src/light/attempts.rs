//! What follows a view that failed: a light run again, looked at more closely, or a full one. `docs/spec/14-light-runs.md`,
//! "After a failed view".

use super::seed::{ChangeKind, Watch};

/// How a view of a light run ended without an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewEnd {
    /// A member said nothing.
    Silence,
    /// Something was not signed by whom it claimed, or a member objected.
    Unsigned,
    /// A joiner did not show a member who it is. The next view is without it.
    WrongTag,
    /// A member signed what no honest one signs.
    SignedFault,
}

/// How the next view goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextView {
    /// By a light run.
    Light(Watch),
    /// By a full run.
    Full,
}

/// The views of light runs that failed since the last change was installed.
///
/// An insider that stays unnamed can forge a packet in each view. It wins one: the next is eager, where a forgery costs a
/// signature, and after that there is a full run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    failed: u8,
    noisy: u8,
    wrong_tags: u8,
}

impl Attempts {
    /// How a change of this kind begins. Who is left out holds the keys under which packets are sealed, and can forge until
    /// the change is made: an exclusion is eager from the start.
    #[must_use]
    pub const fn first(kind: ChangeKind) -> Watch {
        match kind {
            ChangeKind::Exclusion => Watch::Eager,
            ChangeKind::Refresh | ChangeKind::Leave => Watch::Lazy,
        }
    }

    /// A view failed.
    #[must_use]
    pub const fn failed(&mut self, how: ViewEnd, kind: ChangeKind) -> NextView {
        self.failed = self.failed.saturating_add(1);
        match how {
            ViewEnd::Silence if self.failed < 2 => NextView::Light(Self::first(kind)),
            ViewEnd::Unsigned if self.failed < 3 && self.noisy == 0 => {
                self.noisy = 1;
                NextView::Light(Watch::Eager)
            }
            ViewEnd::WrongTag if self.failed < 3 && self.wrong_tags == 0 => {
                self.wrong_tags = 1;
                NextView::Light(Self::first(kind))
            }
            ViewEnd::Silence | ViewEnd::Unsigned | ViewEnd::WrongTag | ViewEnd::SignedFault => {
                NextView::Full
            }
        }
    }

    /// A change was installed: all begins anew.
    pub const fn installed(&mut self) {
        *self = Self {
            failed: 0,
            noisy: 0,
            wrong_tags: 0,
        };
    }
}
