//! Multi-party Off-the-Record messaging for JavaScript: what is below the package that is written in TypeScript. What each class is
//! for is said there, in `ts/member.ts`, and what each call takes is looked at there before it comes here.
//!
//! A call that fails throws a text of JSON, `{"code":..,"message":..,"data":{..}}`. Anything else that is thrown is a trap: a panic
//! ends in one, and what was being done is half done then. The package lets nothing in after that.

#![deny(unsafe_code)]

mod identity;
mod member;

use std::alloc::System;

use mpotr_json::Failure;
use zeroizing_alloc::ZeroAlloc;

pub use identity::{Identity, fingerprint};
pub use member::Member;

/// Wipes all memory that the library gives back: keys and texts. What JavaScript holds is JavaScript's.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

/// What is thrown.
fn thrown(failure: Failure) -> String {
    failure.into_json().to_string()
}
