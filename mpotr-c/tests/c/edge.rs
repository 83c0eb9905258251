//! What C may pass by mistake, or hand on from others: a typed error, and nothing else.

use std::ffi::CString;
use std::ptr;
use std::thread;

use mpotr_c::{
    Identity, Member, mpotr_buf_free, mpotr_call, mpotr_export, mpotr_failure, mpotr_fingerprint,
    mpotr_handle_packet, mpotr_handle_timeout, mpotr_identity_free, mpotr_identity_key,
    mpotr_identity_new, mpotr_identity_read, mpotr_identity_write, mpotr_member_free,
    mpotr_member_key, mpotr_member_new, mpotr_poll_event, mpotr_poll_packet, mpotr_poll_record,
    mpotr_poll_timeout, mpotr_room_id, mpotr_send, mpotr_state, mpotr_verify_answer,
    mpotr_verify_start,
};
use serde_json::json;

use super::caller::{Owned, code, enter, failure, given, key, new_identity, null, told, written};

/// What each function of a member says to a handle; all else that it gets is right.
fn said_to(member: *mut Member) -> Vec<&'static str> {
    let (mut thirty_two, sixteen) = ([0; 32], [1; 16]);
    let (place, words) = (thirty_two.as_mut_ptr(), b"words");
    let request = CString::new(r#"{"method":"state"}"#).unwrap();
    // SAFETY: lengths are those of the bytes, texts have their end, and places are as long as is asked for.
    unsafe {
        vec![
            code(mpotr_member_key(member, place)),
            code(mpotr_room_id(member, place)),
            code(mpotr_handle_packet(member, 0, words.as_ptr(), 5)),
            code(mpotr_handle_timeout(member, 0)),
            code(mpotr_send(member, 0, words.as_ptr(), 5, ptr::null(), None)),
            code(mpotr_export(member, words.as_ptr(), 5, place)),
            code(mpotr_verify_answer(
                member,
                0,
                sixteen.as_ptr(),
                words.as_ptr(),
                5,
            )),
            code(mpotr_verify_start(
                member,
                0,
                [9; 32].as_ptr(),
                words.as_ptr(),
                5,
                ptr::null(),
                0,
                [0; 16].as_mut_ptr(),
            )),
            given(|out| mpotr_poll_packet(member, out)).unwrap_err(),
            given(|out| mpotr_poll_event(member, out)).unwrap_err(),
            given(|out| mpotr_poll_record(member, out)).unwrap_err(),
            given(|out| mpotr_state(member, out)).unwrap_err(),
            given(|out| mpotr_call(member, 0, request.as_ptr(), out)).unwrap_err(),
            written(|at| mpotr_poll_timeout(member, at)).unwrap_err(),
        ]
    }
}

#[test]
fn a_handle_of_nothing_is_closed_for_every_function() {
    let member = Owned::alone();
    let freed = member.0;
    drop(member);
    let identity = new_identity();
    // NULL, one that was freed, one that is of something else, and one that never was.
    for handle in [
        null(),
        freed,
        identity.cast(),
        ptr::without_provenance_mut(usize::MAX),
    ] {
        let said = said_to(handle);
        assert!(said.iter().all(|it| *it == "closed"), "{said:?}");
        mpotr_member_free(handle);
    }
    // Nobody has freed what was of something else.
    key(identity);
    mpotr_identity_free(identity);
    mpotr_identity_free(identity);
    for handle in [null(), identity, freed.cast()] {
        let mut place = [0; 32];
        // SAFETY: it has 32 bytes.
        let said = unsafe { mpotr_identity_key(handle, place.as_mut_ptr()) };
        assert_eq!(code(said), "closed");
        let options = json!({ "name": "tea", "admission": "open", "payload": "bytes" });
        assert_eq!(enter(&options, handle), Err("closed"));
    }
}

#[test]
fn a_transcript_is_given_out_if_it_was_asked_for() {
    let poll = |member: &Owned| given(|out| mpotr_poll_record(member.0, out)).ok();
    assert_eq!(poll(&Owned::alone()), None);
    let options = json!({ "name": "tea", "admission": "open", "payload": "bytes", "record": true });
    let member = Owned(enter(&options, new_identity()).unwrap());
    assert_eq!(poll(&member).unwrap(), b"mpotr-transcript-v3\n");
    assert_eq!(poll(&member), None);
    member.call(0, "close", json!({})).unwrap();
    assert!(poll(&member).is_some_and(|end| !end.is_empty()));
    assert_eq!(poll(&member), None);
}

#[test]
fn null_is_refused_wherever_something_has_to_be() {
    let member = Owned::alone();
    let it = member.0;
    // SAFETY: null is looked for before anything is read or written.
    let said = unsafe {
        [
            mpotr_identity_new(None),
            mpotr_identity_key(null(), null()),
            mpotr_identity_read(ptr::null(), 0, ptr::null(), 0, None),
            mpotr_identity_write(null(), ptr::null(), 0, None),
            mpotr_fingerprint([0; 32].as_ptr(), None),
            mpotr_failure(None),
            mpotr_member_key(it, null()),
            mpotr_room_id(it, null()),
            mpotr_handle_packet(it, 0, ptr::null(), 1),
            mpotr_poll_packet(it, None),
            mpotr_poll_event(it, None),
            mpotr_poll_record(it, None),
            mpotr_poll_timeout(it, None),
            mpotr_state(it, None),
            mpotr_send(it, 0, ptr::null(), 1, ptr::null(), None),
            mpotr_export(it, ptr::null(), 0, null()),
            mpotr_call(it, 0, c"{}".as_ptr(), None),
            mpotr_verify_answer(it, 0, ptr::null(), ptr::null(), 0),
            mpotr_verify_start(
                it,
                0,
                ptr::null(),
                ptr::null(),
                0,
                ptr::null(),
                0,
                [0; 16].as_mut_ptr(),
            ),
        ]
    };
    for (place, said) in said.into_iter().enumerate() {
        assert_eq!(code(said), "null", "the function at {place}");
        assert_eq!(failure()["data"]["code"], "null");
    }
    // SAFETY: null is looked for before anything is read.
    unsafe {
        assert_eq!(
            given(|out| mpotr_call(it, 0, ptr::null(), out)),
            Err("null")
        );
        assert_eq!(
            given(|out| mpotr_fingerprint(ptr::null(), out)),
            Err("null")
        );
        mpotr_buf_free(None);
    }
}

#[test]
fn an_identity_is_taken_whatever_comes_of_it() {
    for options in [
        json!({ "name": "tea", "admission": "open", "payload": "bytes" }),
        json!({ "name": "", "admission": "open", "payload": "bytes" }),
        json!([]),
    ] {
        let identity = new_identity();
        if let Ok(member) = enter(&options, identity) {
            mpotr_member_free(member);
        }
        assert_eq!(enter(&options, identity), Err("closed"));
    }
    let identity = new_identity();
    // SAFETY: null is looked for before anything is read.
    let said = written(|out| unsafe { mpotr_member_new(ptr::null(), identity, 0, out) });
    assert_eq!(said, Err("null"));
    // SAFETY: the text has its end.
    let said = unsafe { mpotr_member_new(c"{}".as_ptr(), identity, 0, None) };
    assert_eq!(code(said), "null");
    assert_eq!(enter(&json!({}), identity), Err("closed"));
}

#[test]
fn options_and_calls_that_are_wrong_say_what_is() {
    for (options, field) in [
        (json!({}), "name"),
        (json!({ "name": "tea" }), "admission"),
        (json!({ "name": "tea", "admission": "none" }), "admission"),
        (json!({ "name": "tea", "admission": "open" }), "nick"),
        (
            json!({ "name": "tea", "admission": "open", "nick": "a\u{1b}" }),
            "nick",
        ),
        (
            json!({ "name": "tea", "admission": "open", "nick": "a", "mode": "packets" }),
            "mode",
        ),
        (
            json!({ "name": "tea", "admission": "open", "nick": "a", "max_packet": 0 }),
            "max_packet",
        ),
    ] {
        let identity = new_identity();
        // By an error that is about the options, and not about the identity.
        assert_eq!(enter(&options, identity), Err("params"), "{options}");
        assert_eq!(failure()["data"]["field"], field, "{options}");
    }
    let member = Owned::alone();
    for (method, params, expected) in [
        ("open", json!({}), "method"),
        ("", json!({}), "method"),
        ("state", json!({ "room": "a" }), "params"),
        ("admit", json!({ "identity": "00" }), "params"),
        (
            "verify_answer",
            json!({ "attempt": "00".repeat(16), "secret": "" }),
            "empty_secret",
        ),
        ("carrier", json!({ "news": "gone" }), "params"),
    ] {
        assert_eq!(member.call(0, method, params), Err(expected), "{method}");
    }
    for (request, expected) in [
        (c"", "parse"),
        (c"{", "parse"),
        (c"[]", "request"),
        (c"{}", "params"),
        (c"{\"method\":\"state\",\"id\":1}", "params"),
        (c"\xff", "parse"),
    ] {
        // SAFETY: texts with their end.
        let said = given(|out| unsafe { mpotr_call(member.0, 0, request.as_ptr(), out) });
        assert_eq!(said, Err(expected), "{request:?}");
    }
    let deep = CString::new("[".repeat(1 << 20)).unwrap();
    // SAFETY: a text with its end.
    let said = given(|out| unsafe { mpotr_call(member.0, 0, deep.as_ptr(), out) });
    assert_eq!(said, Err("parse"));
}

#[test]
fn lengths_that_no_memory_has_are_refused_and_empty_bytes_are_bytes() {
    let member = Owned::alone();
    let byte = 0;
    for length in [usize::MAX, usize::MAX / 2 + 1] {
        // SAFETY: nothing is read: no memory is so long.
        unsafe {
            let packet = mpotr_handle_packet(member.0, 0, &raw const byte, length);
            assert_eq!(code(packet), "params");
            let file =
                written(|out| mpotr_identity_read(&raw const byte, length, ptr::null(), 0, out));
            assert_eq!(file, Err("params"));
        }
    }
    // SAFETY: there is nothing to be read.
    unsafe {
        assert_eq!(
            code(mpotr_handle_packet(member.0, 0, ptr::null(), 0)),
            "decode"
        );
        assert_eq!(
            code(mpotr_handle_packet(member.0, 0, &raw const byte, 0)),
            "decode"
        );
        let file = written(|out| mpotr_identity_read(ptr::null(), 0, ptr::null(), 0, out));
        assert_eq!(file, Err("identity_file"));
        let sent = mpotr_send(member.0, 0, ptr::null(), 0, ptr::null(), None);
        assert_eq!(code(sent), "not_secure");
    }
    let long = vec![0; 1 << 21];
    // SAFETY: the length is that of the bytes.
    unsafe {
        let packet = mpotr_handle_packet(member.0, 0, long.as_ptr(), long.len());
        assert_eq!(code(packet), "decode");
        let sent = mpotr_send(member.0, 0, long.as_ptr(), long.len(), ptr::null(), None);
        assert_eq!(code(sent), "too_long");
    }
    assert!(failure()["data"]["limit"].as_u64().is_some());
}

#[test]
fn random_bytes_change_nothing() {
    let member = Owned::alone();
    member.packets();
    member.events();
    let before = member.call(0, "state", json!({})).unwrap();
    let mut bytes = [0; 300];
    for turn in 0..20_000_usize {
        getrandom::fill(&mut bytes).unwrap();
        // The first byte is that of the version of packets, often enough.
        bytes[0] = [bytes[0], 1][turn % 2];
        let length = usize::from(u16::from_le_bytes([bytes[298], bytes[299]])) % 299;
        // SAFETY: not longer than the bytes are.
        let said = unsafe { mpotr_handle_packet(member.0, 0, bytes.as_ptr(), length) };
        assert!(said < 0 && code(said) != "internal", "{}", code(said));
        bytes[length] = 0;
        // SAFETY: a zero byte is written behind it.
        let said = given(|out| unsafe { mpotr_call(member.0, 0, bytes.as_ptr().cast(), out) });
        assert!(matches!(said, Err("parse" | "request")), "{said:?}");
    }
    assert_eq!(member.call(0, "state", json!({})).unwrap(), before);
    assert_eq!((member.packets().len(), member.events().len()), (0, 0));
}

#[test]
fn threads_that_use_one_handle_are_served_or_told_that_it_is_busy() {
    /// A handle, for another thread: it is a number.
    fn of(handle: usize) -> *mut Member {
        ptr::without_provenance_mut(handle)
    }
    let member = Owned::alone();
    let handle = member.0.addr();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                for now in 0..500 {
                    let timeout = code(mpotr_handle_timeout(of(handle), now));
                    assert!(["ok", "busy"].contains(&timeout), "{timeout}");
                    let state = told(|out| mpotr_state(of(handle), out));
                    assert!(!state.is_err_and(|it| it != "busy"));
                }
            });
        }
    });
    assert_eq!(code(mpotr_handle_timeout(member.0, 0)), "ok");
}

#[test]
fn an_identity_goes_through_its_file() {
    let identity = new_identity();
    // SAFETY: lengths are those of the bytes.
    unsafe {
        let file = given(|out| mpotr_identity_write(identity, ptr::null(), 0, out)).unwrap();
        let read = |file: &[u8], words: &[u8]| {
            let words_at = match words {
                [] => ptr::null(),
                words => words.as_ptr(),
            };
            let (at, length) = (file.as_ptr(), file.len());
            written(|out| mpotr_identity_read(at, length, words_at, words.len(), out))
        };
        let same = read(&file, b"").unwrap();
        assert_eq!(key(same), key(identity));
        assert_eq!(read(&file, b"words"), Err::<*mut Identity, _>("passphrase"));
        mpotr_identity_free(same);

        let sealed = given(|out| mpotr_identity_write(identity, b"words".as_ptr(), 5, out));
        let sealed = sealed.unwrap();
        assert_eq!(read(&sealed, b""), Err("passphrase"));
        assert_eq!(read(&sealed, b"other words"), Err("passphrase"));
        let same = read(&sealed, b"words").unwrap();
        assert_eq!(key(same), key(identity));
        mpotr_identity_free(same);
        let shown = given(|out| mpotr_fingerprint(key(identity).as_ptr(), out)).unwrap();
        assert_eq!(shown.split(|it| *it == b' ').count(), 8);
    }
    mpotr_identity_free(identity);
}
