//! Identities.

use mpotr::json::Hex;
use mpotr::{DefaultSuite, IdentityKey, IdentityKeyPair, new_identity};
use mpotr_json::{Failure, Params, read_identity, write_identity};
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

use crate::failure::{detached, raised};
use crate::secret::taken;

/// A long-term identity: a key pair, by which others know a member.
#[derive(Debug)]
#[pyclass(frozen, module = "mpotr")]
pub(crate) struct Identity(IdentityKeyPair);

impl Identity {
    /// For a member: an identity may be that of members of several rooms.
    pub(crate) fn copy(&self) -> Result<IdentityKeyPair, Failure> {
        let copy = IdentityKeyPair::from_secret::<DefaultSuite>(self.0.secret());
        copy.ok_or_else(Failure::internal)
    }
}

#[pymethods]
impl Identity {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        detached(py, || Ok(Self(new_identity())))
    }

    #[staticmethod]
    #[pyo3(signature = (file, passphrase=None))]
    fn read(
        py: Python<'_>,
        file: &[u8],
        passphrase: Option<&Bound<'_, PyByteArray>>,
    ) -> PyResult<Self> {
        let passphrase = passphrase.map(taken).transpose()?;
        detached(py, || {
            let passphrase = passphrase.as_ref().map(|it| &it[..]);
            read_identity(file, passphrase).map(Self)
        })
    }

    #[pyo3(signature = (passphrase=None))]
    fn write<'py>(
        &self,
        py: Python<'py>,
        passphrase: Option<&Bound<'py, PyByteArray>>,
    ) -> PyResult<Bound<'py, PyByteArray>> {
        let passphrase = passphrase.map(taken).transpose()?;
        let file = detached(py, || {
            let passphrase = passphrase.as_ref().map(|it| &it[..]);
            write_identity(&self.0, passphrase)
        })?;
        Ok(PyByteArray::new(py, &file))
    }

    #[getter]
    fn key(&self) -> String {
        self.0.public().to_string()
    }

    #[getter]
    fn fingerprint(&self) -> String {
        mpotr::fingerprint(&self.0.public()).to_string()
    }

    fn __repr__(&self) -> String {
        format!("<mpotr.Identity {}>", self.0.public())
    }
}

/// What people compare of a key: eight groups of five digits.
#[pyfunction]
pub(crate) fn fingerprint(py: Python<'_>, key: &str) -> PyResult<String> {
    let Hex(key): Hex<IdentityKey> = raised(py, Params::one("identity", key))?;
    Ok(mpotr::fingerprint(&key).to_string())
}
