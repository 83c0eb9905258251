//! Secrets that a person has typed: in a `bytearray`, which the call wipes whatever comes of it.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PySlice};
use zeroize::Zeroizing;

/// Takes the bytes out, and leaves zeros.
pub(crate) fn taken(secret: &Bound<'_, PyByteArray>) -> PyResult<Zeroizing<Vec<u8>>> {
    let bytes = Zeroizing::new(secret.to_vec());
    let py = secret.py();
    // As many bytes in the place of as many: they are written over those that are there.
    let zeros = PyBytes::new(py, &vec![0; bytes.len()]);
    // That of `bytearray` itself: one of a class of its own may have another.
    let set_item = py.get_type::<PyByteArray>().getattr("__setitem__")?;
    set_item.call1((secret, PySlice::full(py), zeros))?;
    Ok(bytes)
}
