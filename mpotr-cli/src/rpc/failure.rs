//! What only this program refuses, beside what `mpotr-json` does: by functions, since the type is that of all bindings.
//!
//! | number | codes |
//! |---|---|
//! | -32000 | `petname_taken`, `no_such_person` |
//! | -32001 | `hello_first`, `api` |
//! | -32002 | `no_such_room`, `room_exists`, `too_many_rooms`, `too_many_waiting` |
//! | -32003 | `bad_address`, `no_such_carrier`, and those of carriers |
//! | -32004 | `carrier_password`, `people_file` |

use core::fmt::Display;

use mpotr::IdentityKey;
use mpotr::json::Hex;
use mpotr_json::Failure;
use mpotr_transport::Closed;
use serde_json::json;

/// The host has to say `hello` before all else.
pub(super) fn hello_first() -> Failure {
    Failure::new(-32_001, "hello_first", "the first request is hello")
}

/// The host speaks other versions.
pub(super) fn api() -> Failure {
    Failure::new(-32_001, "api", "this program speaks api 1").with("api", json!([1]))
}

/// No room has this handle.
pub(super) fn no_such_room() -> Failure {
    Failure::new(-32_002, "no_such_room", "no room has this handle")
}

/// A room has this handle already.
pub(super) fn room_exists() -> Failure {
    Failure::new(-32_002, "room_exists", "a room has this handle already")
}

/// As many rooms are open as may be.
pub(super) fn too_many_rooms(most: usize) -> Failure {
    Failure::new(
        -32_002,
        "too_many_rooms",
        format_args!("{most} rooms are open"),
    )
    .with("limit", most)
}

/// As much waits for a room as may.
pub(super) fn too_many_waiting(most: usize, bytes: usize) -> Failure {
    let message =
        format_args!("{most} requests, or {bytes} bytes of them, wait for the room to be opened");
    Failure::new(-32_002, "too_many_waiting", message).with("limit", most)
}

/// What carries the packets of a room cannot be had.
pub(super) fn carrier(code: &str, message: impl Display, retry: bool) -> Failure {
    Failure::new(-32_003, code, message).with("retry", retry)
}

/// What a carrier is to be shown cannot be read.
pub(super) fn carrier_password(message: impl Display) -> Failure {
    Failure::new(-32_004, "carrier_password", message)
}

/// The people who are known cannot be read or written.
pub(super) fn people_file(message: impl Display) -> Failure {
    Failure::new(-32_004, "people_file", message)
}

/// Another is called so, or alike.
pub(super) fn petname_taken(by: &IdentityKey) -> Failure {
    let message = "another is called so, or has a name that looks like it";
    Failure::new(-32_000, "petname_taken", message).with("by", json!(Hex(by)))
}

/// Nobody is known under this key.
pub(super) fn no_such_person() -> Failure {
    Failure::new(-32_000, "no_such_person", "nobody is known under this key")
}

/// A carrier is lost, or cannot be had.
pub(super) fn closed(closed: Closed) -> Failure {
    let Closed { code, text, retry } = closed;
    carrier(code.name(), text, retry)
}
