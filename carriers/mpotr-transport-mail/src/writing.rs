//! A mail to the list, written: many packets, each a part of its own, and a line for people.

use std::time::SystemTime;

use bytes::Bytes;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox as Named, Message, MultiPart, SinglePart};
use lettre::{Address as Mailbox, address::Envelope};
use mpotr_carrier::{CloseCode, Closed};
use mpotr_transport::armour::HUMAN_LINE;

use crate::reading::{FROM, TYPE};

/// What mails are about, to people. All have the same, so that programs show them as one talk.
const SUBJECT: &str = "mpOTR";

/// What keeps programs and people's absences from answering: RFC 3834, what was usual before it, and what Exchange reads.
const AUTOMATIC: [(&str, &str); 3] = [
    ("Auto-Submitted", "auto-generated"),
    ("Precedence", "bulk"),
    ("X-Auto-Response-Suppress", "All"),
];

/// A mail that can be sent.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// What it is called.
    pub(crate) id: String,
    pub(crate) envelope: Envelope,
    pub(crate) bytes: Vec<u8>,
}

/// Writes a mail of a connection to a list.
pub(crate) fn mail(
    account: &Mailbox,
    list: &Mailbox,
    own: u64,
    number: u64,
    now: SystemTime,
    packets: &[Bytes],
) -> Result<Written, Closed> {
    let failed = |error: &dyn core::fmt::Display| {
        Closed::new(
            CloseCode::Protocol,
            format!("the mail cannot be written: {error}"),
        )
    };
    let kind = ContentType::parse(TYPE).map_err(|error| failed(&error))?;
    let words = SinglePart::plain(HUMAN_LINE.to_owned());
    let parts = packets
        .iter()
        .fold(MultiPart::mixed().singlepart(words), |parts, packet| {
            // Left to itself it takes bytes that happen to be text for text, and ends their lines otherwise.
            let part = SinglePart::builder()
                .header(kind.clone())
                .header(ContentTransferEncoding::Base64);
            parts.singlepart(part.body(packet.to_vec()))
        });
    let id = format!("<{number:016x}.mpotr@{}>", account.domain());
    let mut message = Message::builder()
        .from(Named::new(None, account.clone()))
        .to(Named::new(None, list.clone()))
        .subject(SUBJECT)
        .date(now)
        .message_id(Some(id.clone()));
    let from = format!("{own:016x}");
    let headers = AUTOMATIC.into_iter().chain([(FROM, from.as_str())]);
    for (name, value) in headers {
        let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|error| failed(&error))?;
        message = message.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    let message = message.multipart(parts).map_err(|error| failed(&error))?;
    Ok(Written {
        id,
        envelope: message.envelope().clone(),
        bytes: message.formatted(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::mail;
    use crate::reading;

    fn written(packets: &[Bytes]) -> super::Written {
        let (me, list) = (
            "me@example.org".parse().unwrap(),
            "tea@lists.example".parse().unwrap(),
        );
        mail(&me, &list, 255, 7, SystemTime::UNIX_EPOCH, packets).unwrap()
    }

    #[test]
    fn a_mail_says_to_people_and_programs_what_it_is() {
        let written = written(&[Bytes::from_static(&[1, 2, 3]), Bytes::from_static(&[0; 9])]);
        let text = String::from_utf8(written.bytes).unwrap();
        for part in [
            "From: me@example.org\r\n",
            "To: tea@lists.example\r\n",
            "Subject: mpOTR\r\n",
            "Message-ID: <0000000000000007.mpotr@example.org>\r\n",
            "Mpotr-From: 00000000000000ff\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Precedence: bulk\r\n",
            "Content-Type: application/vnd.mpotr\r\nContent-Transfer-Encoding: base64\r\n\r\nAQID\r\n",
            "?MPOTR? ",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(text.matches("?MPOTR").count(), 1);
        assert!(text.lines().all(|line| line.len() < 300));
    }

    #[test]
    fn bytes_that_look_like_text_stay_as_they_are() {
        let packet = b"hello\nagain\n\n.\n";
        let written = written(&[Bytes::from_static(packet)]);
        let read = reading::mail(&written.bytes).unwrap();
        assert_eq!(read.packets, [packet.to_vec()]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 1..8),
        ) {
            let parts: Vec<_> = packets.iter().cloned().map(Bytes::from).collect();
            let written = written(&parts);
            let read = reading::mail(&written.bytes).unwrap();
            prop_assert_eq!((read.from, read.id), (255, written.id));
            prop_assert_eq!(read.packets, packets);
        }
    }
}
