//! The parameters of a request: each is taken by its name, and none is left.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::failure::Failure;

/// What is never written out again.
const SECRET: &str = "secret";

/// The parameters of a request.
#[derive(Debug)]
pub(super) struct Params(Map<String, Value>);

impl Params {
    pub(super) const fn new(params: Map<String, Value>) -> Self {
        Self(params)
    }

    /// One that has to be there.
    ///
    /// # Errors
    /// It is not, or is something else.
    pub(super) fn take<T: DeserializeOwned>(&mut self, field: &str) -> Result<T, Failure> {
        let taken = self.optional(field)?;
        taken.ok_or_else(|| Failure::params(field, "it has to be given"))
    }

    /// One that may be there; null is as if it were not.
    ///
    /// # Errors
    /// It is something else.
    pub(super) fn optional<T: DeserializeOwned>(
        &mut self,
        field: &str,
    ) -> Result<Option<T>, Failure> {
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
    pub(super) fn word<T: Copy>(
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
    pub(super) fn give_back(&mut self, field: &str, value: String) {
        self.0.insert(field.to_owned(), value.into());
    }

    /// There are no others.
    ///
    /// # Errors
    /// There are: what is misspelled is not passed over.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self.0.keys().next() {
            Some(unknown) => Err(Failure::params(unknown, "there is no such parameter")),
            None => Ok(()),
        }
    }
}
