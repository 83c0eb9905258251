//! The `mpotr` program: `main` is one call, and sets the allocator. What other programs read and write too is in `mpotr-formats`.

mod address;
mod args;
mod chat;
mod clock;
mod demo;
mod dumps;
mod entry;
mod gka;
mod identity;
mod output;
mod relay;
mod rows;
mod run;
mod sim;
mod stop;
mod suite;
mod transcript;

pub use run::run;
