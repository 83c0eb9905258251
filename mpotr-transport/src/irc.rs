//! IRC as a carrier: a channel of any network, by lines of text or by the tags of IRCv3. `docs/spec/07-transport.md`, "IRC".
//!
//! | file | what |
//! |---|---|
//! | `address` | where a channel is |
//! | `message` | a line of IRC, read |
//! | `login` | from the first line to the channel |
//! | `pacing` | when a line may leave |
//! | `people` | who is in the channel |
//! | `session` | all of that on lines and time alone, without a socket |
//! | `connection` | a socket for it |

mod address;
mod connection;
mod login;
mod message;
mod pacing;
mod people;
mod session;

pub use address::{Form, IrcAddress, nick_like};
pub use connection::{IrcConnect, IrcTransport};
pub use login::Login;
pub use message::Message;
pub use pacing::Pace;
