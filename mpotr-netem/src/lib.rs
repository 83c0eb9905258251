//! One network in memory, for tests and simulators: seeded, without IO, and without a clock of its own.
//!
//! The caller says what time it is, in milliseconds since a moment of its choice, and takes out what has arrived by
//! then. The same seed and the same calls give the same network, on any machine. It knows nothing of what it carries: a
//! payload is anything that is bytes, and a member is named by anything that is ordered.
//!
//! | quality | where | unit |
//! |---|---|---|
//! | latency, jitter | [`Weather`] | milliseconds |
//! | loss, duplicates | [`Weather`] | permille: so many of a thousand |
//! | re-ordering | [`Weather`]: jitter re-orders, unless each pair's [order is kept](Weather::in_order) | |
//! | rate, burst, queue, longest packet | [`Line`], one for each member | bytes, and bytes a second |
//! | partitions | [`Network::part`], [`Network::block`], [`Network::unplug`], [`Network::heal`] | |
//!
//! What a member sends first passes its own [`Line`], once however many receive it, as on a relay or a chat server.
//! Then each receiver gets a copy, or two, or none, as the [`Weather`] has it. Not modelled: a rate at which members
//! receive, and loss that comes in bursts.
//!
//! ```
//! use mpotr_netem::{Line, Network, Weather};
//!
//! let weather = Weather::fair(40).jitter(20).loss(100).duplicate(50);
//! let mut network = Network::new(weather, 7);
//! // The first member is on a line that takes 512 bytes every two seconds, and four times as much at once.
//! network.set_line(0, 0, Line::new().rate(256).unit(512).burst(2048));
//!
//! network.broadcast(0, 0, 0..3, "hello")?;
//! while let Some(now) = network.next_at() {
//!     while let Some(copy) = network.arrived(now) {
//!         println!("{now} ms: {} hears {} from {}", copy.to, copy.payload, copy.from);
//!     }
//! }
//! # Ok::<(), mpotr_netem::SendError>(())
//! ```

mod line;
mod network;
mod queue;
mod reach;
mod weather;

pub use line::{Backlog, Line, SendError};
pub use network::{Arrival, Network};
pub use weather::Weather;
