//! Why a carrier is over, as the codes of the relay say it: `docs/spec/07-transport.md`, "A carrier by anyone".

use mpotr_transport::frame::{Refusal, RefusalCode};
use mpotr_transport::{CloseCode, Closed};

/// The last frame of a program.
pub(crate) fn refusal(closed: &Closed) -> Refusal {
    let code = match (closed.retry, closed.code) {
        // Whatever it is, another attempt mends nothing.
        (false, _) => RefusalCode::Malformed,
        (true, CloseCode::Unreachable) => RefusalCode::Silent,
        (true, CloseCode::TooSlow) => RefusalCode::TooSlow,
        (true, CloseCode::Full) => RefusalCode::Full,
        (true, CloseCode::NameTaken) => RefusalCode::RoomFull,
        (true, CloseCode::ShuttingDown) => RefusalCode::ShuttingDown,
        (true, CloseCode::Lost) => RefusalCode::Idle,
        // All others, and those that are new here: it may help to wait.
        (true, _) => RefusalCode::Flooding,
    };
    Refusal::saying(code, &closed.text)
}

#[cfg(test)]
mod tests {
    use mpotr_transport::frame::RefusalCode;
    use mpotr_transport::{CloseCode, Closed};

    use super::refusal;

    #[test]
    fn what_another_attempt_does_not_mend_is_told_so() {
        for code in [CloseCode::Auth, CloseCode::Tls, CloseCode::Kicked] {
            let closed = Closed::new(code, "no");
            assert_eq!(refusal(&closed).code(), RefusalCode::Malformed, "{code}");
            let again = refusal(&closed.retrying(true));
            assert_eq!(again.code(), RefusalCode::Flooding, "{code}");
        }
        let lost = refusal(&Closed::new(CloseCode::Lost, "the server is gone"));
        assert_eq!(
            (lost.code(), lost.text()),
            (RefusalCode::Idle, "the server is gone")
        );
    }
}
