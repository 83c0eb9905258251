//! One call of C: a panic does not leave it, and why it failed can be asked for.
#![expect(unsafe_code, reason = "the name of the function is C's")]

use core::ffi::c_int;
use core::mem::MaybeUninit;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mpotr_json::Failure;

use crate::code;
use crate::edge::{Buf, buf, give};

thread_local! {
    /// Why the last call of this thread failed that did.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Does the work of one function.
pub(crate) fn call(work: impl FnOnce() -> Result<c_int, Failure>) -> c_int {
    let failure = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => return done,
        Ok(Err(failure)) => failure,
        Err(_panic) => Failure::internal(),
    };
    let number = code::number(failure.code());
    let told = failure.into_json().to_string();
    // A thread that is at its end has nowhere to keep it.
    let _kept = LAST.try_with(|last| last.replace(Some(told)));
    number
}

/// Why the last call of this thread failed that did, as JSON: {"code":-32000,"message":"..","data":{"code":"stale_roster",
/// "added":[".."]}}. data.code is what mpotr_code says, message is for a person. MPOTR_NOTHING if none has failed.
#[unsafe(no_mangle)]
pub extern "C" fn mpotr_failure(out: Option<&mut MaybeUninit<Buf>>) -> c_int {
    call(|| {
        let out = buf(out)?;
        let last = LAST.try_with(|last| last.borrow().clone());
        Ok(give(out, last.ok().flatten()))
    })
}
