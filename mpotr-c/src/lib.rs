//! Multi-party Off-the-Record messaging as a C library: `include/mpotr.h` is made of this crate, and says what each function
//! does. `docs/interfaces.md`, "C".
//!
//! | file | what |
//! |---|---|
//! | `edge` | what C passes is read, and what C gets is written |
//! | `handles` | what a handle stands for: a number that is looked up, and never an address |
//! | `code` | the numbers of codes |
//! | `failure` | one call: panics caught, and why it failed kept |
//! | `identity`, `member` | the functions |
//!
//! A pointer to memory is C's word for it: null and lengths that cannot be are refused, and more cannot be checked. A handle is
//! checked in full: one that was freed, or is of something else, is an error.

#![deny(unsafe_code)]

mod code;
mod edge;
mod failure;
mod handles;
mod identity;
mod member;

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

pub use code::mpotr_code;
pub use edge::{Buf, mpotr_buf_free};
pub use failure::mpotr_failure;
pub use identity::{
    Identity, mpotr_fingerprint, mpotr_identity_free, mpotr_identity_key, mpotr_identity_new,
    mpotr_identity_read, mpotr_identity_write,
};
pub use member::{
    Member, mpotr_call, mpotr_export, mpotr_handle_packet, mpotr_handle_timeout, mpotr_member_free,
    mpotr_member_key, mpotr_member_new, mpotr_poll_event, mpotr_poll_packet, mpotr_poll_record,
    mpotr_poll_timeout, mpotr_room_id, mpotr_send, mpotr_state, mpotr_verify_answer,
    mpotr_verify_start,
};

/// Wipes all memory that this library gives back: keys, texts, and what it wrote for C.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

/// It was done.
pub const MPOTR_OK: core::ffi::c_int = 0;
/// It was done, and there was nothing.
pub const MPOTR_NOTHING: core::ffi::c_int = 1;

/// The version of this interface. A changed meaning is another version, an added function is not.
#[unsafe(no_mangle)]
#[expect(unsafe_code, reason = "the name is C's")]
pub const extern "C" fn mpotr_api_version() -> u32 {
    1
}
