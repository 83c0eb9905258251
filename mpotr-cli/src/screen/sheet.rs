//! What is looked at in place of the talk: a page that has all of the screen.

use core::fmt;

use mpotr::crypto::zeroize::Zeroizing;

use crate::chat::qr::Modules;

/// What is looked at.
pub(super) enum What {
    /// All that is asked of the person, whole.
    Asked,
    /// A link, for a camera and to be copied.
    Link {
        code: Option<Modules>,
        link: Zeroizing<String>,
    },
}

/// Pages in place of the talk.
pub(super) struct Sheet {
    pub(super) what: What,
    /// The page that is looked at, of those that there were when it was drawn last.
    page: usize,
    pages: usize,
}

impl fmt::Debug for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A link holds a secret.
        f.debug_struct("Sheet")
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

impl Sheet {
    pub(super) const fn new(what: What) -> Self {
        Self {
            what,
            page: 0,
            pages: 1,
        }
    }

    pub(super) const fn page(&self) -> usize {
        self.page
    }

    /// There are so many pages now.
    pub(super) fn have(&mut self, pages: usize) {
        self.pages = pages.max(1);
        self.page = self.page.min(self.pages.saturating_sub(1));
    }

    pub(super) fn turn(&mut self, is_up: bool) {
        self.page = match is_up {
            true => self.page.saturating_sub(1),
            false => self.page.saturating_add(1),
        };
        self.have(self.pages);
    }
}
