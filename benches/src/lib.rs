//! Benchmarks of mpOTR: what they share. The benches themselves are in `benches/`; `docs/benchmarks.md` has results.

mod channel;

pub use channel::{Channel, ChannelError};
