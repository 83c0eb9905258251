//! A unit, or a piece of one, in a stanza: text armour whose fields are attributes. `docs/spec/07-transport.md`, "XMPP".
//!
//! ```text
//! <message to="room" type="groupchat" id="..">
//!   <p xmlns="urn:mpotr:0" from="0a1b2c3d" id="00000007" k="2" n="3">b64</p>   `id`, `k` and `n` of a piece alone
//!   <encryption xmlns="urn:xmpp:eme:0" namespace="urn:mpotr:0" name="mpOTR"/>
//!   <no-store xmlns="urn:xmpp:hints"/> <no-permanent-store xmlns="urn:xmpp:hints"/>
//! </message>
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mpotr_transport::armour::{HUMAN_LINE, Line, Reading};
use tokio_xmpp::jid::BareJid;
use tokio_xmpp::minidom::Element;
use tokio_xmpp::minidom::rxml::xml_ncname;
use tokio_xmpp::parsers::eme::ExplicitMessageEncryption;
use tokio_xmpp::parsers::message::{Id, Lang, Message};
use tokio_xmpp::parsers::ns;

/// What stanzas with packets are known by.
const NAMESPACE: &str = "urn:mpotr:0";

/// What asks a server to keep nothing of a stanza (XEP-0334).
const HINTS: &str = "urn:xmpp:hints";

/// What dates a stanza that is played back: XEP-0203, and what was before it.
const DELAYS: [&str; 2] = [ns::DELAY, "jabber:x:delay"];

/// The most characters of armour: a unit of 90,000 bytes, or pieces of 89,985. Servers close a connection over a stanza of some
/// 256 KiB, some over half of that.
pub(crate) const LIMIT: usize = 120_017;

/// What markup adds to a stanza, about.
pub(crate) const MARKUP: usize = 500;

/// What an occupant of the room has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Line(Line),
    /// What tells people without mpOTR what goes on.
    Human,
    Plain(String),
    /// Something old, damaged or of no concern.
    Nothing,
}

/// A stanza to all in a room, of which no server is to keep anything.
fn message(room: &BareJid, id: String) -> Message {
    let mut message = Message::groupchat(Some(room.clone().into()));
    message.id = Some(Id(id));
    for hint in ["no-store", "no-permanent-store"] {
        message.payloads.push(Element::bare(hint, HINTS));
    }
    message
}

/// The stanza for a line of armour.
pub(crate) fn of_line(room: &BareJid, id: String, line: &Line) -> Message {
    let from = xml_ncname!("from").to_owned();
    let packet = Element::builder("p", NAMESPACE).attr(from, line.from().to_string());
    let packet = match line {
        Line::Whole { unit, .. } => packet.append(URL_SAFE_NO_PAD.encode(unit)),
        Line::Piece {
            id, k, n, piece, ..
        } => packet
            .attr(xml_ncname!("id").to_owned(), id.to_string())
            .attr(xml_ncname!("k").to_owned(), k.to_string())
            .attr(xml_ncname!("n").to_owned(), n.to_string())
            .append(URL_SAFE_NO_PAD.encode(piece)),
    };
    let encryption = ExplicitMessageEncryption {
        namespace: NAMESPACE.to_owned(),
        name: Some("mpOTR".to_owned()),
    };
    let mut message = message(room, id);
    message.payloads.push(packet.build());
    message.with_payload(encryption)
}

/// The stanza that tells people what goes on.
pub(crate) fn for_people(room: &BareJid, id: String) -> Message {
    message(room, id).with_body(Lang::new(), HUMAN_LINE.to_owned())
}

/// Reads a groupchat stanza.
pub(crate) fn said(message: &Element) -> Said {
    if DELAYS
        .iter()
        .any(|delay| message.children().any(|child| child.has_ns(*delay)))
    {
        return Said::Nothing;
    }
    if let Some(packet) = message.get_child("p", NAMESPACE) {
        return line(packet).map_or(Said::Nothing, Said::Line);
    }
    let body = message.get_child("body", ns::JABBER_CLIENT);
    let Some(text) = body.map(Element::text).filter(|text| !text.is_empty()) else {
        return Said::Nothing;
    };
    match Line::read(&text) {
        Reading::Human => Said::Human,
        Reading::Plain => Said::Plain(text),
        // Armour in words is that of another carrier, of which a bridge knows nothing.
        Reading::Line(_) | Reading::Bad(_) => Said::Nothing,
    }
}

fn line(packet: &Element) -> Option<Line> {
    let [id, k, n] = ["id", "k", "n"].map(|name| packet.attr(name));
    let piece = match (id, k, n) {
        (None, None, None) => None,
        (Some(id), Some(k), Some(n)) => Some((id, k, n)),
        _ => return None,
    };
    Line::of_fields(packet.attr("from")?, piece, &packet.text()).ok()
}

#[cfg(test)]
mod tests {
    use mpotr_transport::Bytes;
    use mpotr_transport::armour::{Armour, InstanceTag, UnitId};
    use proptest::prelude::*;
    use tokio_xmpp::jid::BareJid;
    use tokio_xmpp::minidom::Element;

    use super::{LIMIT, Said, for_people, of_line, said};

    fn room() -> BareJid {
        BareJid::new("tea@muc.example").unwrap()
    }

    fn armour() -> Armour {
        Armour::new(InstanceTag::new(0x0a1b_2c3d), LIMIT)
    }

    fn read(inside: &str) -> Said {
        let text = format!("<message xmlns='jabber:client' type='groupchat'>{inside}</message>");
        said(&text.parse().unwrap())
    }

    fn written(unit: &[u8]) -> Vec<Element> {
        let lines = armour().lines(UnitId::new(7), &Bytes::copy_from_slice(unit));
        let stanza = |line| Element::from(of_line(&room(), "a1".to_owned(), &line));
        lines.unwrap().into_iter().map(stanza).collect()
    }

    #[test]
    fn a_stanza_holds_what_the_specification_says_and_no_word_for_people() {
        assert_eq!(armour().whole(), 90_000);
        assert_eq!(armour().piece(), 89_985);
        let stanza = String::from(&written(&[1, 2, 3])[0]);
        for part in [
            "<p xmlns=\"urn:mpotr:0\" from=\"0a1b2c3d\">AQID</p>",
            "urn:xmpp:eme:0",
            "<no-store xmlns=\"urn:xmpp:hints\"/>",
            "<no-permanent-store xmlns=\"urn:xmpp:hints\"/>",
            "type=\"groupchat\"",
        ] {
            let stanza = stanza.replace('\'', "\"");
            assert!(stanza.contains(part), "{part}: {stanza}");
        }
        assert!(!stanza.contains("body"));
        let pieces = written(&[0; 90_001]);
        assert_eq!(pieces.len(), 2);
        let first = pieces[0].get_child("p", "urn:mpotr:0").unwrap();
        for (name, value) in [("id", "00000007"), ("k", "1"), ("n", "2")] {
            assert_eq!(first.attr(name), Some(value));
        }
        assert!(String::from(&pieces[0]).len() < LIMIT + super::MARKUP);
    }

    #[test]
    fn what_is_written_is_read_and_what_is_played_back_is_not() {
        let stanza = &written(&[1, 2, 3])[0];
        assert!(matches!(said(stanza), Said::Line(_)));
        for delay in ["urn:xmpp:delay", "jabber:x:delay"] {
            let mut old = stanza.clone();
            old.append_child(Element::bare("delay", delay));
            assert_eq!(said(&old), Said::Nothing);
        }
        let people = Element::from(for_people(&room(), "a2".to_owned()));
        assert_eq!(said(&people), Said::Human);
        assert_eq!(read("<body>hello</body>"), Said::Plain("hello".to_owned()));
    }

    #[test]
    fn what_is_not_written_as_it_has_to_be_is_nothing() {
        for inside in [
            "",
            "<body/>",
            "<body>?MPOTR:0a1b2c3d,AQID.</body>",
            "<body xmlns='a'>hello</body>",
            "<subject>tea</subject>",
            "<p xmlns='urn:mpotr:0'>AQID</p>",
            "<p xmlns='urn:mpotr:0' from='0a1b2c3d'/>",
            "<p xmlns='urn:mpotr:0' from='0a1b2c3d'>AQ=</p>",
            "<p xmlns='urn:mpotr:0' from='0a1b2c3d'> AQID</p>",
            "<p xmlns='urn:mpotr:0' from='0A1b2c3d'>AQID</p>",
            "<p xmlns='urn:mpotr:0' from='0a1b2c3d' id='00000007'>AQID</p>",
            "<p xmlns='urn:mpotr:0' from='0a1b2c3d' id='00000007' k='0' n='2'>AQID</p>",
            "<p xmlns='urn:mpotr:0' from='0a1b2c3d' id='00000007' k='3' n='2'>AQID</p>",
            "<p xmlns='urn:mpotr:0' from='0a1b2c3d' id='00000007' k='1' n='5000'>AQID</p>",
            "<p xmlns='urn:mpotr:0' from='0a1b2c3d,00000007' id='1' k='2' n='3'>AQID</p>",
            // A damaged packet is not shown by the words beside it.
            "<p xmlns='urn:mpotr:0' from='x'>AQID</p><body>hello</body>",
        ] {
            assert_eq!(read(inside), Said::Nothing, "{inside}");
        }
    }

    proptest! {
        #[test]
        fn any_unit_comes_through(unit in prop::collection::vec(any::<u8>(), 1..400)) {
            let Said::Line(line) = said(&written(&unit)[0]) else {
                return Err(TestCaseError::fail("no line"));
            };
            prop_assert_eq!(armour().lines(UnitId::new(7), &unit.into()).unwrap(), [line]);
        }

        #[test]
        fn no_field_is_too_strange(
            fields in prop::collection::vec(prop::option::of("\\PC{0,12}"), 4),
            text in "[A-Za-z0-9_=, -]{0,12}",
        ) {
            let mut stanza = Element::bare("message", "jabber:client");
            let mut packet = Element::bare("p", super::NAMESPACE);
            for (name, field) in ["from", "id", "k", "n"].into_iter().zip(&fields) {
                let name = tokio_xmpp::minidom::rxml::NcName::try_from(name.to_owned()).unwrap();
                packet.set_attr(tokio_xmpp::minidom::rxml::Namespace::NONE, name, field.clone());
            }
            packet.append_text(text);
            stanza.append_child(packet);
            said(&stanza);
        }
    }
}
