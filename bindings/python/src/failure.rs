//! Why something was not done, as an exception.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mpotr_json::Failure;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(
    mpotr,
    MpotrError,
    PyException,
    "Something was not done. `code` says why and stays the same from one version to the next; the text is for a person."
);

/// What a call came to: a failure is raised, with its code and with what else there is to say.
pub(crate) fn raised<T>(py: Python<'_>, done: Result<T, Failure>) -> PyResult<T> {
    let failure = match done {
        Ok(done) => return Ok(done),
        Err(failure) => failure,
    };
    let error = MpotrError::new_err(failure.to_string());
    error.value(py).setattr("code", failure.code())?;
    let data = failure.into_json().to_string();
    let told = py.import("json")?.call_method1("loads", (data,))?;
    error.value(py).setattr("data", told.get_item("data")?)?;
    Err(error)
}

/// Does something while other threads of Python go on. A panic does not leave it.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, Failure> + Send,
) -> PyResult<T> {
    let done = py.detach(|| {
        let done = catch_unwind(AssertUnwindSafe(work));
        done.unwrap_or_else(|_panic| Err(Failure::internal()))
    });
    raised(py, done)
}
