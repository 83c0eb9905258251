//! Why something was not done: an error of JSON-RPC 2.0, whose `data.code` is stable.
//!
//! | number | codes |
//! |---|---|
//! | -32700, -32600, -32601 | `parse`, `request`, `method` |
//! | -32602 | `params`, with the field |
//! | -32000 | a code of the facade, and `empty_secret` |
//! | -32004 | `identity_file`, `passphrase` |
//! | -32603 | `internal` |
//!
//! A program that is built on this has more, by [`Failure::new`].

use core::fmt::{self, Display};

use mpotr::json::Hex;
use mpotr::{OptionError, SendError, VerifyError, VoteError};
use serde_json::{Map, Value, json};

/// Why something was not done.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    number: i32,
    message: String,
    data: Map<String, Value>,
}

impl Failure {
    /// An error of this number, with a code that stays as it is and a sentence that may not.
    #[must_use]
    pub fn new(number: i32, code: &str, message: impl Display) -> Self {
        let data = [("code".to_owned(), code.into())].into_iter().collect();
        let message = message.to_string();
        Self {
            number,
            message,
            data,
        }
    }

    /// With more to say in its data.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.data.insert(key.to_owned(), value.into());
        self
    }

    /// The line is no JSON.
    #[must_use]
    pub fn parse(message: impl Display) -> Self {
        Self::new(-32_700, "parse", message)
    }

    /// The JSON is no request.
    #[must_use]
    pub fn request(message: impl Display) -> Self {
        Self::new(-32_600, "request", message)
    }

    /// There is no such method.
    #[must_use]
    pub fn method(name: &str) -> Self {
        Self::new(-32_601, "method", format_args!("no method {name:?}"))
    }

    /// A parameter is missing, is not known, or is not what it should be.
    #[must_use]
    pub fn params(field: &str, message: impl Display) -> Self {
        Self::new(-32_602, "params", format_args!("{field}: {message}")).with("field", field)
    }

    /// A secret is empty or too long, as it is compared.
    #[must_use]
    pub fn empty_secret() -> Self {
        let message = "a secret is 1 to 1,024 bytes of UTF-8";
        Self::new(-32_000, "empty_secret", message)
    }

    /// An identity cannot be read.
    #[must_use]
    pub fn identity_file(message: impl Display) -> Self {
        Self::new(-32_004, "identity_file", message)
    }

    /// An identity cannot be opened or sealed by this passphrase.
    #[must_use]
    pub fn passphrase(message: impl Display) -> Self {
        Self::new(-32_004, "passphrase", message)
    }

    /// A fault of this program.
    #[must_use]
    pub fn internal() -> Self {
        let message = "a fault of this program: the room is closed, others go on";
        Self::new(-32_603, "internal", message)
    }

    /// Its name, which does not change from one version to the next.
    #[must_use]
    pub fn code(&self) -> &str {
        let code = self.data.get("code").and_then(Value::as_str);
        code.unwrap_or_default()
    }

    /// As the answer to a request.
    #[must_use]
    pub fn into_json(self) -> Value {
        json!({ "code": self.number, "message": self.message, "data": self.data })
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Failure {}

impl From<OptionError> for Failure {
    fn from(error: OptionError) -> Self {
        Self::new(-32_000, error.code(), error)
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
