//! The agreement on epochs as a finite model, checked exhaustively: `docs/security/agreement.md`.
//!
//! The members of one epoch, the *parent*, must agree on its successor over a network that loses, duplicates, delays
//! and re-orders. Some of them lie. The model has the proposals and confirmations of every view and what members sign
//! about their own standing (VIEW, INSTALLED, FORSAKE, ABANDON), and asks of every state that can be reached:
//!
//! > I1: if honest X installs P, honest Y installs Q, Y is in P and X is in Q, then P = Q.
//!
//! ```text
//!   Room ────┐
//!            ├──> Agreement, a stateright Model ──check()──> Report: outcome, shortest counterexample
//!   Rules ───┘
//! ```
//!
//! | module | what |
//! |---|---|
//! | `room` | who is there, who is Byzantine, how many views |
//! | `rules` | the rules as data, so that each can be taken out |
//! | `state` | what there is at one moment, and what a step does |
//! | `statements` | what has been said |
//! | `guards` | when a member may make a step: rules 1 to 5 |
//! | `agreement` | the model, and invariant I1 |
//! | `ending` | who is stranded when everything is delivered at last |
//! | [`cuts`] | another model: what is shown of the parent, and invariant I2 |
//! | [`schedules`] | runs that broke earlier drafts |
//! | [`table`] | the searches whose results are published |

mod agreement;
mod check;
pub mod cuts;
mod ending;
mod guards;
mod members;
mod proposal;
mod room;
mod rules;
pub mod schedules;
mod state;
mod statements;
pub mod table;
mod view;

pub use agreement::{Agreement, Refused};
pub use check::{Outcome, Report, check};
pub use ending::Ending;
pub use members::{Members, Seat};
pub use proposal::{Proposal, ProposalSet};
pub use room::{Room, Turns};
pub use rules::{Abandon, Adopt, Forsake, Install, Reports, Rising, Rules};
pub use schedules::Schedule;
pub use state::{Member, State, Step};
pub use table::Case;
pub use view::{View, Views};
