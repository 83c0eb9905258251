//! E-mail as a carrier, by the program on a real Dovecot and a server that takes mail and passes it on as a list does: a room that
//! forms by mail, what servers refuse or lose, and what else comes to a mailbox.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "these are tests, their helpers too: what cannot be done is a failure"
)]

mod limits;
mod mailbox;
#[expect(dead_code, reason = "the tests of other carriers use the rest")]
#[path = "../../../../mpotr-transport/tests/carriers/member.rs"]
mod member;
#[expect(dead_code, reason = "the tests of other carriers use the rest")]
#[path = "../../../tests/process.rs"]
mod process;
mod room;
mod server;
#[path = "../../../tests/talking.rs"]
mod talking;
