//! Multi-party Off-the-Record messaging for Python: the module `mpotr._mpotr`, below what is written in Python. What each class
//! is for is said there, and in `python/mpotr/_mpotr.pyi` what it takes.
//!
//! Calls that compute let other threads of Python go on meanwhile. A member is used by one thread at a time: a second one is told
//! so by the code `busy`, and does not wait.

#![deny(unsafe_code)]

mod failure;
mod identity;
mod member;
mod secret;

use std::alloc::System;

use pyo3::prelude::*;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all memory that the library gives back: keys and texts. What Python holds is Python's.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

/// The version of the interface: a changed meaning is another one, an added function is not.
const API_VERSION: u32 = 1;

#[pymodule]
fn _mpotr(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("API_VERSION", API_VERSION)?;
    module.add("MpotrError", module.py().get_type::<failure::MpotrError>())?;
    module.add_class::<identity::Identity>()?;
    module.add_class::<member::Member>()?;
    module.add_function(wrap_pyfunction!(identity::fingerprint, module)?)
}
