//! Calls of C, for tests: what is right to pass is passed so.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::ptr;

use mpotr_c::{
    Buf, Identity, Member, mpotr_buf_free, mpotr_call, mpotr_code, mpotr_failure,
    mpotr_identity_key, mpotr_identity_new, mpotr_member_free, mpotr_member_new, mpotr_poll_event,
    mpotr_poll_packet, mpotr_poll_timeout,
};
use serde_json::{Value, json};

/// The text of what a call returned.
pub(crate) fn code(returned: i32) -> &'static str {
    // SAFETY: it is a text that is never freed.
    let text = unsafe { CStr::from_ptr(mpotr_code(returned)) };
    text.to_str().unwrap()
}

/// What a call writes, or what it returned without.
pub(crate) fn written<T>(
    call: impl FnOnce(Option<&mut MaybeUninit<T>>) -> i32,
) -> Result<T, &'static str> {
    let mut place = MaybeUninit::uninit();
    let returned = call(Some(&mut place));
    match returned {
        // SAFETY: it was done, so it was written.
        0 => Ok(unsafe { place.assume_init() }),
        _ => Err(code(returned)),
    }
}

/// The bytes that a call gives out, or what it returned without.
pub(crate) fn given(
    call: impl FnOnce(Option<&mut MaybeUninit<Buf>>) -> i32,
) -> Result<Vec<u8>, &'static str> {
    let mut buf = written(call)?;
    // SAFETY: the library has made it, with a zero byte behind it.
    let whole = unsafe { core::slice::from_raw_parts(buf.data, buf.len + 1) };
    let (end, bytes) = whole.split_last().unwrap();
    assert_eq!(*end, 0);
    let bytes = bytes.to_vec();
    // SAFETY: the same, and not freed before.
    unsafe { mpotr_buf_free(Some(&mut buf)) };
    assert!(buf.data.is_null() && buf.len == 0);
    Ok(bytes)
}

/// The JSON that a call gives out.
pub(crate) fn told(
    call: impl FnOnce(Option<&mut MaybeUninit<Buf>>) -> i32,
) -> Result<Value, &'static str> {
    given(call).map(|text| serde_json::from_slice(&text).unwrap())
}

/// Why the last call of this thread failed.
pub(crate) fn failure() -> Value {
    told(|out| mpotr_failure(out)).unwrap()
}

pub(crate) fn new_identity() -> *mut Identity {
    written(|out| mpotr_identity_new(out)).unwrap()
}

pub(crate) fn key(identity: *mut Identity) -> [u8; 32] {
    let mut key = [7; 32];
    // SAFETY: it has 32 bytes.
    assert_eq!(unsafe { mpotr_identity_key(identity, key.as_mut_ptr()) }, 0);
    key
}

pub(crate) fn enter(options: &Value, identity: *mut Identity) -> Result<*mut Member, &'static str> {
    let options = CString::new(options.to_string()).unwrap();
    // SAFETY: a text with its end.
    written(|out| unsafe { mpotr_member_new(options.as_ptr(), identity, 0, out) })
}

/// A member that is freed with its test.
#[derive(Debug)]
pub(crate) struct Owned(pub(crate) *mut Member);

impl Owned {
    /// A member of a room of bytes, open to anyone.
    pub(crate) fn alone() -> Self {
        let options = json!({ "name": "tea", "admission": "open", "payload": "bytes" });
        Self(enter(&options, new_identity()).unwrap())
    }

    pub(crate) fn call(
        &self,
        now: u64,
        method: &str,
        params: Value,
    ) -> Result<Value, &'static str> {
        let request = json!({ "method": method, "params": params }).to_string();
        let request = CString::new(request).unwrap();
        // SAFETY: a text with its end.
        told(|out| unsafe { mpotr_call(self.0, now, request.as_ptr(), out) })
    }

    pub(crate) fn packets(&self) -> Vec<Vec<u8>> {
        core::iter::from_fn(|| given(|out| mpotr_poll_packet(self.0, out)).ok()).collect()
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        core::iter::from_fn(|| told(|out| mpotr_poll_event(self.0, out)).ok()).collect()
    }

    pub(crate) fn due(&self) -> Option<u64> {
        written(|at| mpotr_poll_timeout(self.0, at)).ok()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        mpotr_member_free(self.0);
    }
}

/// No handle.
pub(crate) const fn null<T>() -> *mut T {
    ptr::null_mut()
}
