//! Why a server lets a client not in, or not stay.

use crate::irc::message::Message;
use crate::transport::{CloseCode, Closed};

/// The most characters of what a server says that a person is shown.
const MOST: usize = 200;

/// What the server's last word means.
pub(super) fn of_error(text: &str) -> Closed {
    let text = printable(text);
    let lower = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| has_word(reason_of(&lower), word));
    let closed = |code| Closed::new(code, format!("the server ended the connection: {text}"));
    if says(&["flood", "recvq"]) {
        closed(CloseCode::Refused).retrying(true)
    } else if says(&["sendq"]) {
        closed(CloseCode::TooSlow)
    } else if says(&["-line", "ban", "not authori"]) {
        closed(CloseCode::Refused)
    } else if says(&["too many", "no more connections", "full"]) {
        closed(CloseCode::Full)
    } else if says(&["shutdown", "shutting", "going down", "restart"]) {
        closed(CloseCode::ShuttingDown)
    } else {
        closed(CloseCode::Lost)
    }
}

/// Why, of what a server says: `Closing Link: nick[user@host] (why)`, where nick and host may be any words.
fn reason_of(text: &str) -> &str {
    let closing = text.starts_with("closing link");
    let why = text.split_once('(').filter(|_| closing);
    why.map_or(text, |(_, why)| why)
}

/// Whether a text has this at the beginning of a word: `banned` for `ban`, and not `urban`.
fn has_word(text: &str, word: &str) -> bool {
    let begins = |(at, _): (usize, &str)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        !(before.is_some_and(char::is_alphanumeric) && word.starts_with(char::is_alphanumeric))
    };
    text.match_indices(word).any(begins)
}

/// What a reply means that refuses something; `None` if it refuses nothing that matters.
pub(super) fn of_reply(command: &str, of_channel: bool, message: &Message<'_>) -> Option<Closed> {
    let of_client = |code| Some((code, "the server refuses this client"));
    let of_place = |code| of_channel.then_some((code, "the channel cannot be used"));
    let (code, what) = match command {
        "464" => of_client(CloseCode::Auth),
        "432" | "463" | "465" => of_client(CloseCode::Refused),
        "404" | "403" | "405" | "407" | "437" | "470" | "473" | "474" | "475" | "476" | "479"
        | "489" | "520" => of_place(CloseCode::Refused),
        "471" => of_place(CloseCode::Full),
        "477" => of_place(CloseCode::Auth),
        _ => None,
    }?;
    let text = format!("{what}: {}", printable(message.last()));
    // Who may not speak now may do so later.
    let passes = matches!(command, "404" | "437");
    let closed = Closed::new(code, text);
    Some(if passes {
        closed.retrying(true)
    } else {
        closed
    })
}

/// What a server says, as it may be shown: printable ASCII, for it cannot steer a terminal or hide.
pub(super) fn printable(text: &str) -> String {
    let shown = |character: char| match character {
        ' '..='~' => character,
        _ => '?',
    };
    text.chars().take(MOST).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::{of_error, of_reply, printable};
    use crate::irc::message::Message;
    use crate::transport::CloseCode;

    #[test]
    fn the_last_word_of_a_server_says_whether_to_come_again() {
        for (text, code, retry) in [
            (
                "Closing link: (a@b) [Excess Flood]",
                CloseCode::Refused,
                true,
            ),
            (
                "Closing link: (a@b) [RecvQ exceeded]",
                CloseCode::Refused,
                true,
            ),
            (
                "Closing link: (a@b) [SendQ exceeded]",
                CloseCode::TooSlow,
                true,
            ),
            (
                "Closing link: (a@b) [K-Lined: spam]",
                CloseCode::Refused,
                false,
            ),
            ("Too many connections from your IP", CloseCode::Full, true),
            ("Server going down", CloseCode::ShuttingDown, true),
            ("Closing link: (a@b) [Ping timeout]", CloseCode::Lost, true),
        ] {
            let closed = of_error(text);
            assert_eq!((closed.code, closed.retry), (code, retry), "{text}");
        }
    }

    #[test]
    fn a_channel_that_refuses_is_told_from_others() {
        let message = Message::read(":s 474 alice #tea :Cannot join channel (+b)").unwrap();
        let closed = of_reply("474", true, &message).unwrap();
        assert_eq!(
            closed.text,
            "the channel cannot be used: Cannot join channel (+b)"
        );
        assert!(!closed.retry);
        assert_eq!(of_reply("474", false, &message), None);
        assert!(of_reply("404", true, &message).unwrap().retry);
        assert_eq!(of_reply("372", true, &message), None);
    }

    #[test]
    fn what_a_server_says_cannot_steer_a_terminal() {
        assert_eq!(printable("a\u{1b}[2J\u{202e}b"), "a?[2J?b");
        assert_eq!(printable(&"x".repeat(1_000)).len(), 200);
    }
}
