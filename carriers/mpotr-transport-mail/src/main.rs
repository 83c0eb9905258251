//! mpOTR by e-mail, for `mpotr chat --at mailto:list@host`: `docs/spec/07-transport.md`, "E-mail".
//!
//! ```text
//!   packets ── as many as come within a while ──> one mail to the list, by SMTP
//!   packets <── mails with a header Mpotr-From, in a folder of the account, by IMAP
//! ```

mod address;
mod connecting;
mod fetching;
mod posting;
mod reading;
mod session;
mod writing;

use std::process::ExitCode;

fn main() -> ExitCode {
    mpotr_carrier::run(session::open)
}
