//! The numbers of codes. A number is the place of a code in the list, below zero: it is for this build alone, and what stays is
//! the text.
#![expect(unsafe_code, reason = "the name of the function is C's")]

use core::ffi::{CStr, c_char, c_int};

/// All codes, in no order that means anything. `docs/interfaces.md`, "Errors" and "C".
const CODES: [&CStr; 47] = [
    // Of a fault of the library, and of a number that is of no other code.
    c"internal",
    // Of C alone.
    c"null",
    c"closed",
    c"busy",
    // Of what is no request, and of what a request asks for.
    c"parse",
    c"request",
    c"method",
    c"params",
    c"identity_file",
    c"passphrase",
    c"empty_secret",
    // `OptionError`, `SendError`, `VoteError`, `VerifyError`.
    c"bad_room_name",
    c"not_built_in",
    c"unsupported_suite",
    c"bad_policy",
    c"too_many_members",
    c"too_long",
    c"not_secure",
    c"stale_roster",
    c"queue_full",
    c"no_such_text",
    c"nobody_left",
    c"leaving",
    c"ended",
    c"no_such_member",
    c"yourself",
    c"no_such_vote",
    c"too_many",
    c"long_question",
    c"no_such_attempt",
    // `Rejection`.
    c"decode",
    c"other_room",
    c"unknown_epoch",
    c"replayed",
    c"not_authentic",
    c"unknown_sender",
    c"too_far_ahead",
    c"quota",
    c"unusable_offer",
    c"not_listed",
    c"roster",
    c"other_policy",
    c"not_admitted",
    c"own_identity",
    c"stale_view",
    c"disputed",
    c"inconsistent",
];

/// What a function returned, as a text that is never freed: "ok", "nothing", or the code of an error. Of a number that no function
/// returns, "unknown".
#[unsafe(no_mangle)]
pub extern "C" fn mpotr_code(returned: c_int) -> *const c_char {
    let text = match returned {
        crate::MPOTR_OK => c"ok",
        crate::MPOTR_NOTHING => c"nothing",
        error => {
            let place = error.checked_add(1).and_then(c_int::checked_neg);
            let place = place.and_then(|place| usize::try_from(place).ok());
            let code = place.and_then(|place| CODES.get(place).copied());
            code.unwrap_or(c"unknown")
        }
    };
    text.as_ptr()
}

/// The number of a code. One that the list lacks is a fault of the library, which a test finds.
pub(crate) fn number(code: &str) -> c_int {
    let place = CODES.iter().position(|it| it.to_bytes() == code.as_bytes());
    let place = place.and_then(|place| c_int::try_from(place).ok());
    // Not zero, for that is `MPOTR_OK`.
    place.map_or(-1, |place| c_int::saturating_sub(-1, place))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::ffi::CStr;

    use super::{CODES, mpotr_code, number};

    fn text(returned: i32) -> &'static str {
        let text = mpotr_code(returned);
        #[expect(unsafe_code, reason = "as C reads it")]
        // SAFETY: it is a text that is never freed.
        let text = unsafe { CStr::from_ptr(text) };
        text.to_str().unwrap()
    }

    #[test]
    fn each_number_has_one_text_and_others_have_none() {
        for code in CODES {
            let code = code.to_str().unwrap();
            assert!(number(code) < 0);
            assert_eq!(text(number(code)), code);
        }
        assert_eq!(CODES.iter().collect::<BTreeSet<_>>().len(), CODES.len());
        assert_eq!((text(0), text(1)), ("ok", "nothing"));
        for other in [2, i32::MAX, i32::MIN, i32::MIN + 1, -1_000] {
            assert_eq!(text(other), "unknown");
        }
    }

    #[test]
    fn the_list_has_every_code_that_the_page_on_interfaces_has_for_the_facade() {
        let page = include_str!("../../docs/interfaces.md");
        let (_, errors) = page.split_once("\n## Errors\n").unwrap();
        let (errors, _) = errors.split_once("\n## ").unwrap();
        let codes = errors.split('`').skip(1).step_by(2);
        let is_code = |it: &&str| it.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
        let mut codes = codes.filter(is_code).collect::<Vec<_>>();
        assert!(codes.len() > 35, "{codes:?}");
        codes.extend(["empty_secret", "identity_file", "passphrase", "params"]);
        for code in codes {
            assert_eq!(text(number(code)), code);
        }
    }
}
