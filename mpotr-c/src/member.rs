//! Members.
#![expect(unsafe_code, reason = "names and arguments of functions are C's")]

use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;
use core::ptr;

use mpotr::{AttemptId, IdentityKey, Seen, Sid};
use mpotr_json::{Failure, JsonMember, Params};

use crate::edge::{Buf, array, buf, bytes, fixed, give, optional, place, text};
use crate::failure::call;
use crate::handles::Handles;
use crate::identity::{self, Identity};
use crate::{MPOTR_NOTHING, MPOTR_OK};

static MEMBERS: Handles<JsonMember> = Handles::new();

/// One member's part in one room. The pointer is a handle, to nothing that could be read: one that was freed is told from one
/// that was not, by the code closed.
#[derive(Debug)]
pub struct Member {
    _nothing: (),
}

fn with<R>(
    member: *mut Member,
    work: impl FnOnce(&mut JsonMember) -> Result<R, Failure>,
) -> Result<R, Failure> {
    MEMBERS.with(member.addr(), work)
}

/// Enters a room. options is JSON, the parameters of `open` of mpotr rpc that are not about files and carriers:
/// {"name":"tea","admission":{"only":["da07.."]},"nick":"bob"}. taken is consumed, also by an error. What is said first can be polled
/// at once.
///
/// # Safety
/// options is NULL or a text that ends with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_member_new(
    options: *const c_char,
    taken: *mut Identity,
    now: u64,
    out: Option<&mut MaybeUninit<*mut Member>>,
) -> c_int {
    call(|| {
        let identity = identity::take(taken);
        let out = place(out, ptr::null_mut(), "out")?;
        let identity = identity?;
        // SAFETY: the caller's word.
        let options = unsafe { text(options, "options") }?;
        let room = JsonMember::open(Params::parse(options.to_bytes())?, identity, now)?;
        *out = ptr::without_provenance_mut(MEMBERS.keep(room)?);
        Ok(MPOTR_OK)
    })
}

/// The public key of the member's identity, 32 bytes.
///
/// # Safety
/// key is NULL or a place for 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_member_key(member: *mut Member, key: *mut u8) -> c_int {
    call(|| {
        // SAFETY: the caller's word.
        let key = unsafe { fixed(key, "key") }?;
        *key = with(member, |room| Ok(*room.member().identity().as_bytes()))?;
        Ok(MPOTR_OK)
    })
}

/// What a relay, or another channel, is joined by: 32 bytes that are made of the name of the room.
///
/// # Safety
/// id is NULL or a place for 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_room_id(member: *mut Member, id: *mut u8) -> c_int {
    call(|| {
        // SAFETY: the caller's word.
        let id = unsafe { fixed(id, "id") }?;
        *id = with(member, |room| Ok(*room.member().room_id().as_bytes()))?;
        Ok(MPOTR_OK)
    })
}

/// Takes a packet that came from the channel, from anyone. An error says why it changed nothing, and is for logs.
///
/// # Safety
/// packet is NULL or packet_len bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_handle_packet(
    member: *mut Member,
    now: u64,
    packet: *const u8,
    packet_len: usize,
) -> c_int {
    call(|| {
        // SAFETY: the caller's word.
        let packet = unsafe { bytes(packet, packet_len, "packet") }?;
        with(member, |room| match room.handle_packet(now, packet) {
            Ok(()) => Ok(MPOTR_OK),
            Err(rejection) => Err(Failure::new(-32_000, rejection.code(), rejection)),
        })
    })
}

/// To be called at what mpotr_poll_timeout says, or later.
#[unsafe(no_mangle)]
pub extern "C" fn mpotr_handle_timeout(member: *mut Member, now: u64) -> c_int {
    call(|| {
        with(member, |room| {
            room.member_mut().handle_timeout(now);
            Ok(MPOTR_OK)
        })
    })
}

/// The next packet, for everyone else in the channel, or MPOTR_NOTHING. To be taken when the channel can send it, and
/// not before.
#[unsafe(no_mangle)]
pub extern "C" fn mpotr_poll_packet(
    member: *mut Member,
    out: Option<&mut MaybeUninit<Buf>>,
) -> c_int {
    call(|| {
        let out = buf(out)?;
        let packet = with(member, |room| Ok(room.member_mut().poll_packet()))?;
        Ok(give(out, packet))
    })
}

/// The next event, as JSON, or MPOTR_NOTHING.
#[unsafe(no_mangle)]
pub extern "C" fn mpotr_poll_event(
    member: *mut Member,
    out: Option<&mut MaybeUninit<Buf>>,
) -> c_int {
    call(|| {
        let out = buf(out)?;
        let event = with(member, |room| Ok(room.poll_event()))?;
        Ok(give(out, event.map(|event| event.to_string())))
    })
}

/// The next piece of a transcript, of a member that was made with "record":true, or MPOTR_NOTHING. All pieces, one after another, are a
/// file as mpotr transcript reads it, with all texts in clear: the first piece comes at once, the last when the member's part is
/// over. To be taken before events are.
#[unsafe(no_mangle)]
pub extern "C" fn mpotr_poll_record(
    member: *mut Member,
    out: Option<&mut MaybeUninit<Buf>>,
) -> c_int {
    call(|| {
        let out = buf(out)?;
        let piece = with(member, |room| Ok(room.poll_record()))?;
        Ok(give(out, piece))
    })
}

/// When to call mpotr_handle_timeout; MPOTR_NOTHING for not before something else happens.
#[unsafe(no_mangle)]
pub extern "C" fn mpotr_poll_timeout(
    member: *mut Member,
    at: Option<&mut MaybeUninit<u64>>,
) -> c_int {
    call(|| {
        let at = place(at, u64::MAX, "at")?;
        let due = with(member, |room| Ok(room.member().poll_timeout()))?;
        let Some(due) = due else {
            return Ok(MPOTR_NOTHING);
        };
        *at = due;
        Ok(MPOTR_OK)
    })
}

/// What a screen shows of the room, as JSON.
#[unsafe(no_mangle)]
pub extern "C" fn mpotr_state(member: *mut Member, out: Option<&mut MaybeUninit<Buf>>) -> c_int {
    call(|| {
        let out = buf(out)?;
        let state = with(member, |room| room.call(0, "state", Params::default()))?;
        Ok(give(out, Some(state.to_string())))
    })
}

/// Sends a text: in a room of chat messages what is said, in UTF-8; by "payload":"bytes" any bytes. seen is the sid of the event
/// `secure` that was shown last, 32 bytes, or NULL: those of `only`. text_id, which may be NULL, gets the number by which
/// events tell what becomes of it.
///
/// # Safety
/// body is NULL or body_len bytes, seen is NULL or 32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_send(
    member: *mut Member,
    now: u64,
    body: *const u8,
    body_len: usize,
    seen: *const u8,
    text_id: Option<&mut MaybeUninit<u64>>,
) -> c_int {
    call(|| {
        let text_id = text_id.map(|place| place.write(u64::MAX));
        // SAFETY: the caller's word.
        let body = unsafe { bytes(body, body_len, "body") }?;
        // SAFETY: the caller's word.
        let seen = unsafe { optional(seen) };
        let seen = seen.map_or(Seen::Expected, |sid| Seen::Epoch(Sid::new(sid)));
        let text = with(member, |room| room.send(now, body, seen))?;
        if let Some(text_id) = text_id {
            *text_id = text.number();
        }
        Ok(MPOTR_OK)
    })
}

/// Asks the person of another member whether it knows the same secret: 1 to 1,024 bytes of UTF-8, as it was typed. The question is
/// shown there, and every member can read it; NULL is no question. attempt gets 16 bytes, by which events tell.
///
/// # Safety
/// key is NULL or 32 bytes, secret is NULL or secret_len, question is NULL or question_len, attempt is NULL or a place for 16.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_verify_start(
    member: *mut Member,
    now: u64,
    key: *const u8,
    secret: *const u8,
    secret_len: usize,
    question: *const u8,
    question_len: usize,
    attempt: *mut u8,
) -> c_int {
    call(|| {
        // SAFETY: the caller's word.
        let attempt = unsafe { fixed(attempt, "attempt") }?;
        // SAFETY: the caller's word.
        let key = IdentityKey::new(unsafe { array(key, "key") }?);
        // SAFETY: the caller's word.
        let secret = unsafe { bytes(secret, secret_len, "secret") }?;
        // SAFETY: the caller's word.
        let question = unsafe { bytes(question, question_len, "question") }?;
        let question = core::str::from_utf8(question);
        let question = question.map_err(|error| Failure::params("question", error))?;
        let begun = with(member, |room| room.verify_start(now, key, secret, question))?;
        *attempt = *begun.as_bytes();
        Ok(MPOTR_OK)
    })
}

/// Answers the event `secret_asked` by what the person has typed: one guess.
///
/// # Safety
/// attempt is NULL or 16 bytes, secret is NULL or secret_len bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_verify_answer(
    member: *mut Member,
    now: u64,
    attempt: *const u8,
    secret: *const u8,
    secret_len: usize,
) -> c_int {
    call(|| {
        // SAFETY: the caller's word.
        let attempt = AttemptId::new(unsafe { array(attempt, "attempt") }?);
        // SAFETY: the caller's word.
        let secret = unsafe { bytes(secret, secret_len, "secret") }?;
        with(member, |room| room.verify_answer(now, attempt, secret))?;
        Ok(MPOTR_OK)
    })
}

/// A secret of the epoch in force for the application's own use, 32 bytes, which all its members get by the same context.
/// MPOTR_NOTHING without an epoch.
///
/// # Safety
/// context is NULL or context_len bytes, secret is NULL or a place for 32.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_export(
    member: *mut Member,
    context: *const u8,
    context_len: usize,
    secret: *mut u8,
) -> c_int {
    call(|| {
        // SAFETY: the caller's word.
        let secret = unsafe { fixed(secret, "secret") }?;
        // SAFETY: the caller's word.
        let context = unsafe { bytes(context, context_len, "context") }?;
        match with(member, |room| Ok(room.export(context, secret)))? {
            true => Ok(MPOTR_OK),
            false => Ok(MPOTR_NOTHING),
        }
    })
}

/// All else that a member does, by the names and parameters of mpotr rpc, without its `room`:
/// {"method":"admit","params":{"identity":key}}. out gets the result, JSON.
///
/// # Safety
/// json is NULL or a text that ends with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpotr_call(
    member: *mut Member,
    now: u64,
    json: *const c_char,
    out: Option<&mut MaybeUninit<Buf>>,
) -> c_int {
    call(|| {
        let out = buf(out)?;
        // SAFETY: the caller's word.
        let json = unsafe { text(json, "json") }?;
        let answer = with(member, |room| room.call_text(now, json.to_bytes()))?;
        Ok(give(out, Some(answer.to_string())))
    })
}

/// Frees a member and erases all its keys, as a room is closed: at once, or when the call of another thread is over. NULL, and one
/// that was freed, are passed over.
#[unsafe(no_mangle)]
pub extern "C" fn mpotr_member_free(member: *mut Member) {
    call(|| {
        MEMBERS.free(member.addr());
        Ok(MPOTR_OK)
    });
}
