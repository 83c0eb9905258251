//! The rules of the agreement as data, so that each can be taken out.

/// Rule 1, `voted`: which proposals a member may confirm after others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rising {
    /// Only in a view above every view that it confirmed or entered: at most one confirmation a view.
    Strictly,
    /// Again in the same view, for another proposal.
    SameView,
    /// In any view.
    NotAtAll,
}

/// Rule 2: what a member installs of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Install {
    /// What it confirmed last, once all confirmations are in.
    LastConfirmed,
    /// Whatever it confirmed, once all confirmations are in: "the certificate always wins".
    AnyConfirmed,
}

/// Rule 3: signed view reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reports {
    /// No reports. A member is in no view: it confirms whatever rises.
    None,
    /// A proposal above view 0 carries the report of every member in its roster. A report says that its author has
    /// entered the view, and so confirms nothing below. Authors that have installed report like all others.
    Entered,
    /// As before, and a report of a member that has installed says so: no proposal can carry it.
    EnteredNotInstalled,
}

/// Rule 4, first half: when a member signs FORSAKE, that it will never confirm or install a proposal Q.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Forsake {
    /// Never.
    Never,
    /// If it has confirmed Q, and the reason of [`Forsake::Listed`] is there.
    Confirmed,
    /// If Q lists it, whether it has confirmed Q or not, once it holds a full certificate of an earlier P, and another
    /// member of P and Q has signed that it installed P.
    Listed,
    /// As before, and the one that installed P need not be in Q.
    ListedByAny,
    /// If Q lists it, at any time.
    Unasked,
}

/// Rule 4, second half: when a member goes back to a P that it confirmed before its last Q, and of which it holds a
/// full certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Adopt {
    /// Never.
    Never,
    /// When any other member of P has signed that it installed P.
    AnyInstalled,
    /// When for every Q that it confirmed after P one other member of P and Q has signed that it installed P.
    OneCommon,
    /// When for its *last* Q each other member of P and Q has signed that it will not install Q.
    AllCommonOfLast,
    /// When for *every* Q that it confirmed after P each other member of P and Q has signed that it will not install Q:
    /// it has forsaken Q, or installed something else.
    AllCommon,
}

/// Rule 5: a member that can do neither gives up the parent, and comes back as a joiner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Abandon {
    /// Nobody learns of it: to the others it is the same as a crash, which every run of the model may contain.
    Unheard,
    /// It is signed, and counts as if every proposal had been forsaken.
    Heard,
    /// As before, but its author goes on all the same.
    HeardNotKept,
}

/// The rules by which honest members play. [`Rules::FULL`] are those of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// Rule 1: confirmations rise.
    pub rising: Rising,
    /// Rule 1: a member that has installed never confirms again for this parent.
    pub stop_after_install: bool,
    /// Rule 1: a member that has lost its state comes back as another. Without this rule it goes on as if it had never
    /// confirmed.
    pub new_instance_after_loss: bool,
    /// Rule 2.
    pub install: Install,
    /// Rule 3.
    pub reports: Reports,
    /// Not a rule: a member that has entered a view installs nothing below it. Shown not to help.
    pub entering_bars_installing: bool,
    /// Rule 4: FORSAKE is signed.
    pub forsake: Forsake,
    /// Rule 4: FORSAKE is kept.
    pub forsake_binds: bool,
    /// Rule 4: ADOPT.
    pub adopt: Adopt,
    /// Rule 5.
    pub abandon: Abandon,
}

impl Rules {
    /// Rules 1 to 5.
    pub const FULL: Self = Self {
        rising: Rising::Strictly,
        stop_after_install: true,
        new_instance_after_loss: true,
        install: Install::LastConfirmed,
        reports: Reports::EnteredNotInstalled,
        entering_bars_installing: false,
        forsake: Forsake::Listed,
        forsake_binds: true,
        adopt: Adopt::AllCommon,
        abandon: Abandon::Unheard,
    };

    /// Rules 1 and 2 alone: install only what was confirmed last, never confirm after that.
    pub const LAST_CONFIRMED: Self = Self {
        reports: Reports::None,
        forsake: Forsake::Never,
        adopt: Adopt::Never,
        ..Self::FULL
    };

    /// Rules 1 to 3.
    pub const WITH_REPORTS: Self = Self {
        reports: Reports::EnteredNotInstalled,
        ..Self::LAST_CONFIRMED
    };

    /// The first draft, read one way: a full certificate is installed, also after a later proposal was confirmed.
    pub const CERTIFICATE_WINS: Self = Self {
        install: Install::AnyConfirmed,
        ..Self::LAST_CONFIRMED
    };

    /// The first draft, read the other way: a higher view is confirmed, also after a lower one was installed.
    pub const HIGHER_VIEW_WINS: Self = Self {
        stop_after_install: false,
        ..Self::LAST_CONFIRMED
    };
}
