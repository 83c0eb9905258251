//! Why a carrier is over, as the codes of the relay say it: `docs/spec/07-transport.md`, "A carrier by anyone".

use mpotr_transport::frame::{Refusal, RefusalCode};
use mpotr_transport::{CloseCode, Closed};

/// The last frame of a program.
pub(crate) fn refusal(closed: &Closed) -> Refusal {
    let exact = match closed.code {
        CloseCode::Unreachable => Some(RefusalCode::Silent),
        CloseCode::TooSlow => Some(RefusalCode::TooSlow),
        CloseCode::Full => Some(RefusalCode::Full),
        CloseCode::ShuttingDown => Some(RefusalCode::ShuttingDown),
        CloseCode::Lost => Some(RefusalCode::Idle),
        CloseCode::Tls => Some(RefusalCode::Tls),
        CloseCode::Pin => Some(RefusalCode::Pin),
        CloseCode::Auth => Some(RefusalCode::Auth),
        CloseCode::NameTaken => Some(RefusalCode::NameTaken),
        CloseCode::Kicked => Some(RefusalCode::Kicked),
        // And those that are new here.
        CloseCode::Refused | CloseCode::Protocol | _ => None,
    };
    // A code says whether another attempt may mend it, as a rule. Where it is otherwise, that is what matters.
    let is_as_ever = closed.retry == Closed::new(closed.code, "").retry;
    let code = match (exact.filter(|_| is_as_ever), closed.retry) {
        (Some(code), _) => code,
        (None, true) => RefusalCode::Flooding,
        (None, false) => RefusalCode::Malformed,
    };
    Refusal::saying(code, &closed.text)
}

#[cfg(test)]
mod tests {
    use mpotr_transport::frame::RefusalCode;
    use mpotr_transport::{CloseCode, Closed};

    use super::refusal;

    #[test]
    fn each_reason_has_a_code_and_what_another_attempt_does_not_mend_is_told_so() {
        for (code, told) in [
            (CloseCode::Auth, RefusalCode::Auth),
            (CloseCode::Tls, RefusalCode::Tls),
            (CloseCode::Pin, RefusalCode::Pin),
            (CloseCode::Kicked, RefusalCode::Kicked),
            (CloseCode::Refused, RefusalCode::Malformed),
            (CloseCode::Protocol, RefusalCode::Malformed),
        ] {
            let closed = Closed::new(code, "no");
            assert_eq!(refusal(&closed).code(), told, "{code}");
            let again = refusal(&closed.retrying(true));
            assert_eq!(again.code(), RefusalCode::Flooding, "{code}");
        }
        for (code, told) in [
            (CloseCode::NameTaken, RefusalCode::NameTaken),
            (CloseCode::Full, RefusalCode::Full),
        ] {
            let closed = Closed::new(code, "not now");
            assert_eq!(refusal(&closed).code(), told, "{code}");
            let never = refusal(&closed.retrying(false));
            assert_eq!(never.code(), RefusalCode::Malformed, "{code}");
        }
        let lost = refusal(&Closed::new(CloseCode::Lost, "the server is gone"));
        assert_eq!(
            (lost.code(), lost.text()),
            (RefusalCode::Idle, "the server is gone")
        );
    }
}
