//! How a terminal treats what is typed: as it did before, or key by key, unseen.
//!
//! Whatever ends the program gives it back: one that nobody waits for, too ([`give_back_at_once`]).

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::sync::{Mutex, PoisonError};

use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
    ttyname,
};

/// How the terminal was, as long as it is otherwise.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// The two ways.
#[derive(Debug)]
pub(super) struct Modes {
    before: Termios,
    are_taken: bool,
}

impl Modes {
    /// Takes keys from now on, and opens the terminal to write to; `None` if the system does not let the program.
    pub(super) fn take() -> Option<(File, Self)> {
        let before = tcgetattr(io::stdin()).ok()?;
        let name = ttyname(io::stdin(), Vec::new()).ok()?;
        let terminal = File::options()
            .write(true)
            .open(OsStr::from_bytes(name.as_bytes()));
        let mut modes = Self {
            before,
            are_taken: false,
        };
        let terminal = terminal.ok()?;
        modes.take_again();
        modes.are_taken.then_some((terminal, modes))
    }

    pub(super) const fn are_taken(&self) -> bool {
        self.are_taken
    }

    /// Takes keys again.
    pub(super) fn take_again(&mut self) {
        let mut by_key = self.before.clone();
        for mode in [LocalModes::ICANON, LocalModes::ECHO, LocalModes::IEXTEN] {
            by_key.local_modes.remove(mode);
        }
        // A byte is a byte: no eighth bit is cut off.
        by_key.input_modes.remove(InputModes::ISTRIP);
        by_key.special_codes[SpecialCodeIndex::VMIN] = 1;
        by_key.special_codes[SpecialCodeIndex::VTIME] = 0;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.before.clone());
        self.are_taken = tcsetattr(io::stdin(), OptionalActions::Now, &by_key).is_ok();
    }

    /// Gives the terminal back. Returns whether it was taken.
    pub(super) fn give_back(&mut self) -> bool {
        give_back_at_once();
        core::mem::take(&mut self.are_taken)
    }
}

/// Gives back a terminal that is taken, if there is one, whatever the rest of the program is in.
pub(crate) fn give_back_at_once() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        // A terminal that is gone needs nothing.
        let _gone = tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}
