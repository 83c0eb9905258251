//! Identities.
#![expect(unsafe_code, reason = "names and arguments of functions are C's")]

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr;

use mpotr::{IdentityKey, IdentityKeyPair, fingerprint, new_identity};
use mpotr_json::{Failure, read_identity, write_identity};

use crate::MPOTR_OK;
use crate::edge::{Buf, array, buf, bytes, fixed, give, place};
use crate::failure::call;
use crate::handles::Handles;

static IDENTITIES: Handles<IdentityKeyPair> = Handles::new();

/// A long-term identity: a key pair, by which others know a member. A handle, as mpotr_member is.
#[derive(Debug)]
pub struct Identity {
    _nothing: (),
}

/// Takes an identity out of its handle, for a member.
pub(crate) fn take(handle: *mut Identity) -> Result<IdentityKeyPair, Failure> {
    IDENTITIES.take(handle.addr())
}

fn keep(out: &mut *mut Identity, identity: IdentityKeyPair) -> Result<c_int, Failure> {
    *out = ptr::without_provenance_mut(IDENTITIES.keep(identity)?);
    Ok(MPOTR_OK)
}

/// A fresh identity.
#[unsafe(no_mangle)]
pub extern "C" fn mpotr_identity_new(out: Option<&mut MaybeUninit<*mut Identity>>) -> c_int {
    call(|| keep(place(out, ptr::null_mut(), "out")?, new_identity()))
}

/// The identity in a file of mpotr, given as its bytes. passphrase is NULL if it is under none; else it is UTF-8, and this takes
/// a second and 256 MiB. Codes: identity_file, passphrase.
///
/// # Safety
/// file is file_len bytes, passphrase is NULL or passphrase_len bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_identity_read(
    file: *const u8,
    file_len: usize,
    passphrase: *const u8,
    passphrase_len: usize,
    out: Option<&mut MaybeUninit<*mut Identity>>,
) -> c_int {
    call(|| {
        let out = place(out, ptr::null_mut(), "out")?;
        // SAFETY: the caller's word.
        let file = unsafe { bytes(file, file_len, "file") }?;
        // SAFETY: the caller's word.
        let passphrase = unsafe { given(passphrase, passphrase_len) }?;
        keep(out, read_identity(file, passphrase)?)
    })
}

/// The file of an identity, to be kept where nobody else reads it. passphrase is NULL for none; else as above. Code: passphrase.
///
/// # Safety
/// passphrase is NULL or passphrase_len bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_identity_write(
    identity: *mut Identity,
    passphrase: *const u8,
    passphrase_len: usize,
    out: Option<&mut MaybeUninit<Buf>>,
) -> c_int {
    call(|| {
        let out = buf(out)?;
        // SAFETY: the caller's word.
        let passphrase = unsafe { given(passphrase, passphrase_len) }?;
        let write = |identity: &mut IdentityKeyPair| write_identity(identity, passphrase);
        let file = IDENTITIES.with(identity.addr(), write)?;
        Ok(give(out, Some(&*file)))
    })
}

/// # Safety
/// It is null or so many bytes.
unsafe fn given<'a>(passphrase: *const u8, length: usize) -> Result<Option<&'a [u8]>, Failure> {
    if passphrase.is_null() && length == 0 {
        return Ok(None);
    }
    // SAFETY: the caller's word.
    unsafe { bytes(passphrase, length, "passphrase") }.map(Some)
}

/// The public key of an identity, 32 bytes.
///
/// # Safety
/// key is NULL or a place for 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_identity_key(identity: *mut Identity, key: *mut u8) -> c_int {
    call(|| {
        // SAFETY: the caller's word.
        let key = unsafe { fixed(key, "key") }?;
        *key = IDENTITIES.with(identity.addr(), |it| Ok(*it.public().as_bytes()))?;
        Ok(MPOTR_OK)
    })
}

/// What people compare of a public key: eight groups of five digits, as a text.
///
/// # Safety
/// key is NULL or 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_fingerprint(
    key: *const u8,
    out: Option<&mut MaybeUninit<Buf>>,
) -> c_int {
    call(|| {
        let out = buf(out)?;
        // SAFETY: the caller's word.
        let key = IdentityKey::new(unsafe { array(key, "key") }?);
        Ok(give(out, Some(fingerprint(&key).to_string())))
    })
}

/// Frees an identity that no member was made of. NULL, and one that was freed or taken, are passed over.
#[unsafe(no_mangle)]
pub extern "C" fn mpotr_identity_free(identity: *mut Identity) {
    call(|| {
        IDENTITIES.free(identity.addr());
        Ok(MPOTR_OK)
    });
}
