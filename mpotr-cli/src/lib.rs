//! The `mpotr` program as a library: its parsers can be tested and fuzzed from outside, and `main` is one call.

mod args;
pub mod chat;
mod clock;
mod demo;
mod dumps;
mod entry;
mod escape;
mod gka;
pub mod identity;
mod output;
mod relay;
mod rows;
mod run;
mod sim;
mod stop;
mod suite;
mod transcript;

pub use run::run;
