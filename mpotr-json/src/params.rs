//! The parameters of a request: each is taken by its name, and none is left.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Failure;

/// What is never written out again.
const SECRET: &str = "secret";

/// The parameters of a request.
#[derive(Debug, Default)]
pub struct Params(Map<String, Value>);

impl Params {
    /// These.
    #[must_use]
    pub const fn new(params: Map<String, Value>) -> Self {
        Self(params)
    }

    /// Those in a text, one JSON object.
    ///
    /// # Errors
    /// It is another text.
    pub fn parse(text: &[u8]) -> Result<Self, Failure> {
        let value: Value = serde_json::from_slice(text).map_err(Failure::parse)?;
        let Value::Object(params) = value else {
            return Err(Failure::request("it is one JSON object"));
        };
        Ok(Self(params))
    }

    /// One that is a text by itself, beside parameters that are no JSON.
    ///
    /// # Errors
    /// It is something else.
    pub fn one<T: DeserializeOwned>(field: &str, text: &str) -> Result<T, Failure> {
        let one = (field.to_owned(), text.into());
        Self::new(Map::from_iter([one])).take(field)
    }

    /// One that has to be there.
    ///
    /// # Errors
    /// It is not, or is something else.
    pub fn take<T: DeserializeOwned>(&mut self, field: &str) -> Result<T, Failure> {
        let taken = self.optional(field)?;
        taken.ok_or_else(|| Failure::params(field, "it has to be given"))
    }

    /// One that may be there; null is as if it were not.
    ///
    /// # Errors
    /// It is something else.
    pub fn optional<T: DeserializeOwned>(&mut self, field: &str) -> Result<Option<T>, Failure> {
        let value = self.0.remove(field).filter(|value| !value.is_null());
        let read = value.map(serde_json::from_value).transpose();
        read.map_err(|error| match field {
            // The error quotes what was given.
            SECRET => Failure::params(field, "it has to be bytes, as base64 in a text"),
            _ => Failure::params(field, error),
        })
    }

    /// One whose text has to be one of some words.
    ///
    /// # Errors
    /// It is not a text, or another one.
    pub fn word<T: Copy>(
        &mut self,
        field: &str,
        all: impl IntoIterator<Item = T>,
        name: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Failure> {
        let Some(word) = self.optional::<String>(field)? else {
            return Ok(None);
        };
        let mut all = all.into_iter();
        let found = all.find(|it| name(*it) == word);
        let unknown = || Failure::params(field, format_args!("there is no {word:?}"));
        found.map(Some).ok_or_else(unknown)
    }

    /// Puts one back, to be taken again.
    pub fn give_back(&mut self, field: &str, value: String) {
        self.0.insert(field.to_owned(), value.into());
    }

    /// There are no others.
    ///
    /// # Errors
    /// There are: what is misspelled is not passed over.
    pub fn finish(self) -> Result<(), Failure> {
        match self.0.keys().next() {
            Some(unknown) => Err(Failure::params(unknown, "there is no such parameter")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Params;

    #[test]
    fn parameters_are_one_object_and_what_is_left_of_them_is_refused() {
        for (text, code) in [
            (&b""[..], "parse"),
            (b"{", "parse"),
            (b"{} {}", "parse"),
            (b"{\"n\":1}\0", "parse"),
            (b"\xff", "parse"),
            (b"[]", "request"),
            (b"null", "request"),
        ] {
            assert_eq!(Params::parse(text).unwrap_err().code(), code, "{text:?}");
        }
        let mut params = Params::parse(br#"{"n":1,"on":null,"more":2}"#).unwrap();
        assert_eq!(params.take::<u64>("n"), Ok(1));
        assert_eq!(params.take::<u64>("n").unwrap_err().code(), "params");
        assert_eq!(params.optional::<bool>("on"), Ok(None));
        assert_eq!(
            params.finish().unwrap_err().into_json()["data"]["field"],
            "more"
        );
    }

    #[test]
    fn what_is_said_of_a_secret_that_is_wrong_does_not_quote_it() {
        let mut params = Params::parse(br#"{"secret":7351}"#).unwrap();
        let said = params
            .take::<String>("secret")
            .unwrap_err()
            .into_json()
            .to_string();
        assert!(!said.contains("7351"), "{said}");
    }
}
