//! The `mpotr` program: `main` is one call, and sets the allocator. What other programs read and write too is in `mpotr-formats`.

mod address;
mod args;
mod chat;
#[cfg(feature = "lab")]
mod clock;
mod demo;
mod doctor;
mod dumps;
mod entry;
mod files;
#[cfg(feature = "lab")]
mod gka;
mod identity;
mod login;
mod output;
mod people;
mod relay;
mod rows;
mod rpc;
mod run;
#[cfg_attr(
    not(unix),
    expect(
        dead_code,
        reason = "where the console collects lines there is no screen"
    )
)]
mod screen;
#[cfg(feature = "lab")]
mod sim;
mod steps;
mod stop;
mod suite;
mod transcript;
#[cfg_attr(not(unix), path = "typed/elsewhere.rs")]
mod typed;

pub use run::run;
