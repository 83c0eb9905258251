//! A mail of the list, read. `docs/spec/07-transport.md`, "E-mail".
//!
//! Anyone who knows the address of a list writes to it, with any headers and any parts in parts. What has no packet is not shown
//! to the room, and what is longer than any mail with packets is not read at all.

use mailparse::{MailHeaderMap as _, ParsedMail};

/// The most bytes of a mail that is read.
pub(crate) const LONGEST: usize = 512 << 10;

/// The most bytes of a packet, and of all of a mail.
pub(crate) const PACKET: usize = 262_144;

/// The most packets of a mail.
pub(crate) const PACKETS: usize = 256;

/// What tells a connection.
pub(crate) const FROM: &str = "Mpotr-From";

/// What a packet is.
pub(crate) const TYPE: &str = "application/vnd.mpotr";

/// A mail with packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// The connection that it seems to come from.
    pub(crate) from: u64,
    /// What it is called: often enough its own, and no more.
    pub(crate) id: String,
    pub(crate) packets: Vec<Vec<u8>>,
}

/// Reads a mail; `None` if it has no packet.
pub(crate) fn mail(bytes: &[u8]) -> Option<Mail> {
    if bytes.len() > LONGEST {
        return None;
    }
    let mail = mailparse::parse_mail(bytes).ok()?;
    let from = sender(&mail.headers.get_first_value(FROM)?)?;
    if is_of_no_person(&mail) {
        return None;
    }
    let id = mail
        .headers
        .get_first_value("Message-ID")
        .unwrap_or_default();
    let mut left = PACKET;
    let mut packets = Vec::new();
    // The parts of its parts too, for lists put what they add around what was there. A mail in the mail is another's.
    for part in mail.parts().filter(|part| part.ctype.mimetype == TYPE) {
        let Ok(packet) = part.get_body_raw() else {
            continue;
        };
        if packet.is_empty() || packets.len() >= PACKETS {
            continue;
        }
        // All of them together have at most what one may have.
        let Some(rest) = left.checked_sub(packet.len()) else {
            break;
        };
        left = rest;
        packets.push(packet);
    }
    (!packets.is_empty()).then_some(Mail { from, id, packets })
}

/// A connection's own number: sixteen hexadecimal digits.
fn sender(text: &str) -> Option<u64> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_number = text.len() == 16 && text.bytes().all(is_digit);
    u64::from_str_radix(text, 16).ok().filter(|_| is_number)
}

/// Whether a server or a program wrote it in answer to another: it may hold what was in that.
fn is_of_no_person(mail: &ParsedMail<'_>) -> bool {
    let automatic = mail.headers.get_first_value("Auto-Submitted");
    let automatic = automatic.unwrap_or_default().to_ascii_lowercase();
    let returned = mail.headers.get_first_value("Return-Path");
    automatic.starts_with("auto-replied")
        || returned.is_some_and(|returned| returned.trim() == "<>")
        || mail.ctype.mimetype == "multipart/report"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{LONGEST, PACKETS, mail};

    const HEAD: &str = "Mpotr-From: 00000000000000ff\r\nMessage-ID: <a@h>\r\n";

    fn part(body: &str) -> String {
        format!(
            "--b\r\nContent-Type: application/vnd.mpotr\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n"
        )
    }

    fn mixed(head: &str, parts: &str) -> String {
        format!("{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n")
    }

    fn packets(text: &str) -> Option<Vec<Vec<u8>>> {
        mail(text.as_bytes()).map(|mail| mail.packets)
    }

    #[test]
    fn the_packets_of_a_mail_are_its_parts_of_that_kind() {
        let text = mixed(
            HEAD,
            &format!("--b\r\n\r\nwords\r\n{}{}", part("AQID"), part("BAU=")),
        );
        let read = mail(text.as_bytes()).unwrap();
        assert_eq!((read.from, read.id.as_str()), (255, "<a@h>"));
        assert_eq!(read.packets, [vec![1, 2, 3], vec![4, 5]]);
        // A list has put a foot under it, and both into parts of its own.
        let inside = mixed("", &part("AQID"))
            .replace("boundary=b", "boundary=c")
            .replace("--b", "--c");
        let wrapped = format!("--b\r\n{inside}\r\n--b\r\n\r\nfoot\r\n");
        assert_eq!(packets(&mixed(HEAD, &wrapped)), Some(vec![vec![1, 2, 3]]));
        let alone = format!("{HEAD}Content-Type: application/vnd.mpotr\r\n\r\nabc");
        assert_eq!(packets(&alone), Some(vec![b"abc".to_vec()]));
    }

    #[test]
    fn what_comes_back_or_answers_by_itself_is_not_read() {
        for head in [
            "Auto-Submitted: auto-replied\r\n",
            "Auto-Submitted: Auto-Replied (vacation)\r\n",
            "Return-Path: <>\r\n",
        ] {
            assert_eq!(
                packets(&mixed(&format!("{HEAD}{head}"), &part("AQID"))),
                None,
                "{head}"
            );
        }
        let report = mixed(HEAD, &part("AQID")).replace("multipart/mixed", "multipart/report");
        assert_eq!(packets(&report), None);
        // What was sent, in what says that it did not arrive.
        let returned = format!(
            "--b\r\nContent-Type: message/rfc822\r\n\r\n{}",
            mixed(HEAD, &part("AQID"))
        );
        assert_eq!(packets(&mixed("", &returned)), None);
        let within = returned
            .replace("boundary=b", "boundary=c")
            .replace("--b", "--c");
        let within = within.replacen("--c", "--b", 1);
        assert_eq!(packets(&mixed(HEAD, &within)), None);
    }

    #[test]
    fn what_is_not_as_it_has_to_be_has_no_packet() {
        for from in [
            "",
            "ff",
            "00000000000000FF",
            "+0000000000000ff",
            "00000000000000ff1",
            "\u{e9}",
        ] {
            let head = format!("Mpotr-From: {from}\r\n");
            assert_eq!(packets(&mixed(&head, &part("AQID"))), None, "{from}");
        }
        assert_eq!(packets(&mixed("", &part("AQID"))), None, "no sender");
        assert_eq!(
            packets(&mixed(HEAD, "--b\r\n\r\nwords\r\n")),
            None,
            "no part"
        );
        for body in ["", "no base64!", "AQI", "A"] {
            assert_eq!(packets(&mixed(HEAD, &part(body))), None, "{body}");
        }
        // One that cannot be read does not take the others with it.
        let text = mixed(HEAD, &format!("{}{}", part("no base64!"), part("AQID")));
        assert_eq!(packets(&text), Some(vec![vec![1, 2, 3]]));
    }

    #[test]
    fn what_is_too_much_is_not_read_and_nothing_grows_with_it() {
        let nested = |depth: usize| {
            let levels = (0..depth).map(|level| {
                format!(
                    "Content-Type: multipart/mixed; boundary=b{level:05}\r\n\r\n--b{level:05}\r\n"
                )
            });
            format!(
                "{HEAD}{}Content-Type: application/vnd.mpotr\r\n\r\nabc",
                levels.collect::<String>()
            )
        };
        assert!(packets(&nested(50)).is_some());
        assert_eq!(packets(&nested(200)), None);
        assert_eq!(packets(&nested(5_000)), None);
        let many = mixed(HEAD, &part("AQID").repeat(PACKETS + 10));
        assert_eq!(packets(&many).unwrap().len(), PACKETS);
        let long = "QUJD".repeat(60_000);
        let text = mixed(HEAD, &format!("{}{}", part(&long), part(&long)));
        assert_eq!(
            packets(&text).unwrap().len(),
            1,
            "of both together it has too many bytes"
        );
        let headers = format!("{HEAD}{}", "X-Long: y\r\n".repeat(20_000));
        assert!(packets(&mixed(&headers, &part("AQID"))).is_some());
        let headers = format!("{HEAD}X-Long: {}\r\n", "y".repeat(LONGEST));
        assert_eq!(packets(&mixed(&headers, &part("AQID"))), None);
        packets(&mixed(HEAD, &"--b\r\n\r\n".repeat(60_000)));
    }

    proptest! {
        #[test]
        fn no_mail_is_too_strange(
            lines in prop::collection::vec(prop::sample::select(vec![
                "Mpotr-From: 00000000000000ff", "Content-Type: application/vnd.mpotr", "",
                "Content-Type: multipart/mixed; boundary=b", "--b", "--b--", "AQID", " folded", ":",
                "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable", "=\u{0}",
            ]), 0..40),
        ) {
            if let Some(mail) = mail(lines.join("\r\n").as_bytes()) {
                prop_assert!(mail.packets.iter().all(|packet| !packet.is_empty()));
            }
        }
    }
}
