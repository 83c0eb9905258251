//! Why a request was not done: an error of JSON-RPC 2.0, whose `data.code` is stable.
//!
//! | number | codes |
//! |---|---|
//! | -32700, -32600, -32601 | `parse`, `request`, `method` |
//! | -32602 | `params`, with the field |
//! | -32000 | a code of the facade |
//! | -32001 | `hello_first`, `api` |
//! | -32002 | `no_such_room`, `room_exists`, `too_many_rooms`, `too_many_waiting` |
//! | -32003 | `bad_address`, `no_such_carrier`, and those of carriers |
//! | -32004 | `identity_file`, `passphrase`, `carrier_password`, `people_file` |
//! | -32603 | `internal` |

use core::fmt::Display;

use mpotr::json::Hex;
use mpotr::{IdentityKey, OptionError, SendError, VerifyError, VoteError};
use mpotr_transport::Closed;
use serde_json::{Map, Value, json};

/// An error of the kinds above.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    number: i32,
    message: String,
    data: Map<String, Value>,
}

impl Failure {
    fn new(number: i32, code: &str, message: impl Display) -> Self {
        let data = [("code".to_owned(), code.into())].into_iter().collect();
        let message = message.to_string();
        Self {
            number,
            message,
            data,
        }
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }

    /// The line is no JSON.
    pub(super) fn parse(message: impl Display) -> Self {
        Self::new(-32_700, "parse", message)
    }

    /// The JSON is no request.
    pub(super) fn request(message: impl Display) -> Self {
        Self::new(-32_600, "request", message)
    }

    /// There is no such method.
    pub(super) fn method(name: &str) -> Self {
        Self::new(-32_601, "method", format_args!("no method {name:?}"))
    }

    /// A parameter is missing, is not known, or is not what it should be.
    pub(super) fn params(field: &str, message: impl Display) -> Self {
        Self::new(-32_602, "params", format_args!("{field}: {message}")).with("field", field)
    }

    /// The host has to say `hello` before all else.
    pub(super) fn hello_first() -> Self {
        Self::new(-32_001, "hello_first", "the first request is hello")
    }

    /// The host speaks other versions.
    pub(super) fn api() -> Self {
        Self::new(-32_001, "api", "this program speaks api 1").with("api", json!([1]))
    }

    /// No room has this handle.
    pub(super) fn no_such_room() -> Self {
        Self::new(-32_002, "no_such_room", "no room has this handle")
    }

    /// A room has this handle already.
    pub(super) fn room_exists() -> Self {
        Self::new(-32_002, "room_exists", "a room has this handle already")
    }

    /// As many rooms are open as may be.
    pub(super) fn too_many_rooms(most: usize) -> Self {
        Self::new(
            -32_002,
            "too_many_rooms",
            format_args!("{most} rooms are open"),
        )
        .with("limit", most)
    }

    /// As much waits for a room as may.
    pub(super) fn too_many_waiting(most: usize, bytes: usize) -> Self {
        let message = format_args!(
            "{most} requests, or {bytes} bytes of them, wait for the room to be opened"
        );
        Self::new(-32_002, "too_many_waiting", message).with("limit", most)
    }

    /// What carries the packets of a room cannot be had.
    pub(super) fn carrier(code: &str, message: impl Display, retry: bool) -> Self {
        Self::new(-32_003, code, message).with("retry", retry)
    }

    /// An identity cannot be read.
    pub(super) fn identity_file(message: impl Display) -> Self {
        Self::new(-32_004, "identity_file", message)
    }

    /// An identity cannot be opened.
    pub(super) fn passphrase(message: impl Display) -> Self {
        Self::new(-32_004, "passphrase", message)
    }

    /// What a carrier is to be shown cannot be read.
    pub(super) fn carrier_password(message: impl Display) -> Self {
        Self::new(-32_004, "carrier_password", message)
    }

    /// The people who are known cannot be read or written.
    pub(super) fn people_file(message: impl Display) -> Self {
        Self::new(-32_004, "people_file", message)
    }

    /// Another is called so, or alike.
    pub(super) fn petname_taken(by: &IdentityKey) -> Self {
        let message = "another is called so, or has a name that looks like it";
        Self::new(-32_000, "petname_taken", message).with("by", json!(Hex(by)))
    }

    /// Nobody is known under this key.
    pub(super) fn no_such_person() -> Self {
        Self::new(-32_000, "no_such_person", "nobody is known under this key")
    }

    /// A secret is empty or too long, as it is compared.
    pub(super) fn empty_secret() -> Self {
        let message = "a secret is 1 to 1,024 bytes of UTF-8";
        Self::new(-32_000, "empty_secret", message)
    }

    /// A fault of this program.
    pub(super) fn internal() -> Self {
        let message = "a fault of this program: the room is closed, others go on";
        Self::new(-32_603, "internal", message)
    }

    /// As the answer to a request.
    pub(super) fn into_json(self) -> Value {
        json!({ "code": self.number, "message": self.message, "data": self.data })
    }
}

impl From<OptionError> for Failure {
    fn from(error: OptionError) -> Self {
        Self::new(-32_000, error.code(), error)
    }
}

/// A carrier that cannot be had.
impl From<Closed> for Failure {
    fn from(closed: Closed) -> Self {
        Self::carrier(closed.code.name(), &closed.text, closed.retry)
    }
}

impl From<VoteError> for Failure {
    fn from(error: VoteError) -> Self {
        Self::new(-32_000, error.code(), error)
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::new(-32_000, error.code(), error)
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        let failure = Self::new(-32_000, error.code(), &error);
        if let SendError::StaleRoster { added } = &error {
            let added: Vec<_> = added.iter().map(|key| json!(Hex(key))).collect();
            failure.with("added", added)
        } else if let SendError::TooLong { limit, .. } = &error {
            failure.with("limit", *limit)
        } else {
            failure
        }
    }
}
