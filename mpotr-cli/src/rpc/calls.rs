//! What a host asks of a room that is open: as of any member, but that what carries its packets has a say.

use mpotr_json::{Failure, Params, call as call_member};
use serde_json::Value;

use super::room::OpenRoom;

/// Does what is asked, and answers. The time is the room's.
///
/// # Errors
/// Why it was not done.
pub(super) fn call(
    room: &mut OpenRoom,
    now: u64,
    method: &str,
    params: Params,
) -> Result<Value, Failure> {
    if room.carried.is_some() && matches!(method, "packet" | "link") {
        let carries = "the mode of the room is carrier";
        return Err(Failure::params("room", carries));
    }
    let mut answer = call_member(&mut room.member, &room.texts, now, method, params)?;
    match (method, &room.people) {
        ("state", Some(people)) => people.show(&mut answer),
        ("close", _) => room.close(),
        ("leave" | "stop", _) => room.is_left(method == "stop"),
        _ => {}
    }
    Ok(answer)
}
