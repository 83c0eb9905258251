//! What C passes is read, and what C gets is written.
//!
//! A place for one value is a reference that may be null: the type says what C has to keep to. Bytes and texts are raw, and so what
//! reads and writes them is unsafe.
#![expect(unsafe_code, reason = "what C passes is known by its word alone")]

use core::ffi::{CStr, c_char, c_int};
use core::mem::MaybeUninit;
use core::ptr;

use mpotr_json::Failure;

use crate::{MPOTR_NOTHING, MPOTR_OK};

/// Bytes that the library has made: the caller's, to be given back once by mpotr_buf_free. A zero byte that len does not count
/// follows them, so that JSON is a text of C.
#[derive(Debug)]
#[repr(C)]
pub struct Buf {
    /// The bytes; NULL without any.
    pub data: *mut u8,
    /// How many.
    pub len: usize,
}

impl Buf {
    const EMPTY: Self = Self {
        data: ptr::null_mut(),
        len: 0,
    };
}

/// A pointer that must not be null is.
fn null(what: &str) -> Failure {
    Failure::new(-32_000, "null", format_args!("{what} is NULL")).with("field", what)
}

/// Bytes to read.
///
/// # Safety
/// If `from` is not null, so many bytes are there, and do not change while they are used.
pub(crate) unsafe fn bytes<'a>(
    from: *const u8,
    length: usize,
    what: &str,
) -> Result<&'a [u8], Failure> {
    if length == 0 {
        return Ok(&[]);
    }
    if from.is_null() {
        return Err(null(what));
    }
    if isize::try_from(length).is_err() {
        let message = format_args!("no memory has {length} bytes");
        return Err(Failure::params(what, message));
    }
    // SAFETY: not null, not longer than memory can be, and there by the caller's word.
    Ok(unsafe { core::slice::from_raw_parts(from, length) })
}

/// A text of C.
///
/// # Safety
/// If `from` is not null, a zero byte ends it, and it does not change while it is used.
pub(crate) unsafe fn text<'a>(from: *const c_char, what: &str) -> Result<&'a CStr, Failure> {
    if from.is_null() {
        return Err(null(what));
    }
    // SAFETY: not null, and with an end by the caller's word.
    Ok(unsafe { CStr::from_ptr(from) })
}

/// Bytes of a fixed length to read; none, if it is null.
///
/// # Safety
/// If `from` is not null, so many bytes are there.
pub(crate) unsafe fn optional<const N: usize>(from: *const u8) -> Option<[u8; N]> {
    // SAFETY: null is looked for, bytes have no alignment, and so many are there by the caller's word.
    unsafe { from.cast::<[u8; N]>().as_ref() }.copied()
}

/// Bytes of a fixed length to read.
///
/// # Safety
/// If `from` is not null, so many bytes are there.
pub(crate) unsafe fn array<const N: usize>(
    from: *const u8,
    what: &str,
) -> Result<[u8; N], Failure> {
    // SAFETY: the caller's word.
    unsafe { optional(from) }.ok_or_else(|| null(what))
}

/// A place that is there, with something in it from the start, whatever comes of the call.
pub(crate) fn place<'a, T>(
    out: Option<&'a mut MaybeUninit<T>>,
    first: T,
    what: &str,
) -> Result<&'a mut T, Failure> {
    let out = out.ok_or_else(|| null(what))?;
    Ok(out.write(first))
}

/// A place for bytes of a fixed length, which are zero from the start.
///
/// # Safety
/// If `out` is not null, it is a place for so many bytes.
pub(crate) unsafe fn fixed<'a, const N: usize>(
    out: *mut u8,
    what: &str,
) -> Result<&'a mut [u8; N], Failure> {
    let out = out.cast::<MaybeUninit<[u8; N]>>();
    // SAFETY: null is looked for, bytes have no alignment, and there is a place for them by the caller's word.
    place(unsafe { out.as_mut() }, [0; N], what)
}

/// A place for bytes: none, until there are some.
pub(crate) fn buf(out: Option<&mut MaybeUninit<Buf>>) -> Result<&mut Buf, Failure> {
    place(out, Buf::EMPTY, "out")
}

/// Hands out bytes, which are the caller's from now on, or says that there is nothing.
pub(crate) fn give(out: &mut Buf, bytes: Option<impl AsRef<[u8]>>) -> c_int {
    let Some(bytes) = bytes else {
        return MPOTR_NOTHING;
    };
    let bytes = bytes.as_ref();
    let mut whole = Vec::with_capacity(bytes.len().saturating_add(1));
    whole.extend_from_slice(bytes);
    whole.push(0);
    *out = Buf {
        data: Box::into_raw(whole.into_boxed_slice()).cast(),
        len: bytes.len(),
    };
    MPOTR_OK
}

/// Gives bytes back: they are wiped, and buf is {NULL, 0} then, of which nothing is freed.
///
/// # Safety
/// buf is NULL, {NULL, 0}, or as a function of the library has filled it, and no copy of it is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_buf_free(buf: Option<&mut Buf>) {
    let Some(buf) = buf else {
        return;
    };
    let Buf { data, len } = core::mem::replace(buf, Buf::EMPTY);
    if !data.is_null() {
        let whole = ptr::slice_from_raw_parts_mut(data, len.saturating_add(1));
        // SAFETY: `give` has made it, of one byte more than `len`, and nobody has freed it by the caller's word.
        drop(unsafe { Box::from_raw(whole) });
    }
}
