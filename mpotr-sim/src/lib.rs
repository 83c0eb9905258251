//! A network of many rooms on virtual time: deterministic, seeded, hostile, and checked after every step.
//!
//! Real [`Room`](mpotr_core::Room)s, real cryptography; only the network, the clock and the people are made up. One seed is
//! one run, on any machine and with any number of threads. What is simulated, what is checked and what is promised:
//! `docs/simulation.md`.
//!
//! | module | what |
//! |---|---|
//! | `cast`, `party`, `member` | who takes part: rooms of one suite and backend, behind one trait |
//! | `insider` | members that deviate, a file each |
//! | `outsider` | those that are no members, a file each |
//! | `world` | all of it together on one [network](mpotr_netem), one step after another |
//! | `ledger` | what every member was told so far |
//! | `invariant` | what must hold after every step, a file each |
//! | `claim` | what a scenario promises besides, a file each |
//! | `healing`, `counting` | what must hold at the end |
//! | `measures` | how long it took, and how many bytes |
//! | `profile`, `faults` | carriers, and random faults on top of a scenario |
//! | `script`, `scenario` | what happens in a run, a file for each scenario |
//! | `simulation`, `many` | one run, and many on several threads |
//! | `digests`, `recording` | what shows that two programs behave the same |
//!
//! ```
//! use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
//! use mpotr_sim::{Cast, Scenario, Simulation, Wanted};
//!
//! let calm = Scenario::named("calm").unwrap();
//! let wanted = Wanted { members: Some(3), messages: Some(5), ..Wanted::default() };
//! let outcome = Simulation::new(calm, &wanted, 1).run(&[Cast::of::<ChaCha20Poly1305Suite>()])?;
//! assert!(outcome.breaches.is_empty());
//! assert_eq!(outcome.tally.delivered, outcome.tally.expected);
//! # Ok::<(), mpotr_core::crypto::UnsupportedSuite>(())
//! ```

mod cast;
mod claim;
mod counting;
mod digests;
mod draw;
mod faults;
mod healing;
mod insider;
mod invariant;
mod ledger;
mod many;
mod measures;
mod member;
mod outsider;
mod party;
mod profile;
mod recording;
mod scenario;
mod script;
mod simulation;
mod trace;
mod world;

pub use cast::Cast;
pub use claim::{Awaited, Claim};
pub use digests::Digests;
pub use healing::bound;
pub use insider::{InsiderKind, Tear, Withheld};
pub use invariant::{Breach, Watch};
pub use many::run_many;
pub use measures::{Measures, Samples};
pub use mpotr_netem::{Line, Weather};
pub use outsider::OutsiderKind;
pub use party::{Act, Audience, Party, Seat, Transmit};
pub use profile::Profile;
pub use recording::record;
pub use scenario::Scenario;
pub use script::{Role, Script, Step, Wanted};
pub use simulation::{Outcome, Simulation, Tally};
pub use trace::Trace;
pub use world::World;
