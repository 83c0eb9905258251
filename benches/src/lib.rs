//! Benchmarks of mpOTR: what they share. The benches themselves are in `benches/`; `docs/benchmarks.md` has results.

mod backlog;
mod channel;
mod cpu;
mod floor;

pub use backlog::{Backlog, Way};
pub use channel::{Channel, ChannelError};
pub use cpu::cpu_time;
pub use floor::Floor;
