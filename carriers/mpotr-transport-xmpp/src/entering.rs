//! Into a room, and out of it: XEP-0045. A room that is not there is made, and unlocked, for nobody else gets in before.

use core::time::Duration;

use mpotr_carrier::{CloseCode, Closed};
use tokio::time::{Instant, sleep_until};
use tokio_xmpp::jid::{BareJid, Jid};
use tokio_xmpp::minidom::Element;
use tokio_xmpp::minidom::rxml::xml_ncname;
use tokio_xmpp::parsers::iq::{Iq, IqHeader, IqPayload};
use tokio_xmpp::parsers::muc::Muc;
use tokio_xmpp::parsers::muc::muc::History;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::presence::{Presence, Type};

use crate::wire::{Wire, brief, last_words};

/// As many nicks are tried, with one more sign each.
const TRIES: usize = 9;

/// Between two attempts to enter a room that another member is just making.
const AGAIN: Duration = Duration::from_millis(500);

/// How often that is tried.
const MOST_LOCKED: usize = 30;

const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";

/// The place that this client has in a room.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) nick: String,
    /// Whether the room tells occupants by an id of their own (XEP-0421). One that does not passes on what they forge.
    pub(crate) has_ids: bool,
}

/// Whose stanza of a room it is: `None` if it is of none, and an empty nick if the room itself speaks.
pub(crate) fn nick_in(room: &BareJid, stanza: &Element) -> Option<String> {
    let from = Jid::new(stanza.attr("from")?).ok()?;
    let nick = from
        .resource()
        .map_or_else(String::new, |nick| nick.as_str().to_owned());
    (from.to_bare() == *room).then_some(nick)
}

/// The codes of a presence, as numbers, for servers have some of their own.
pub(crate) fn has_status(presence: &Element, code: &str) -> bool {
    let user = presence.get_child("x", MUC_USER);
    user.is_some_and(|user| {
        let mut codes = user.children().filter(|child| child.is("status", MUC_USER));
        codes.any(|status| status.attr("code") == Some(code))
    })
}

/// The nick that a presence says its occupant has from now on.
pub(crate) fn renamed(presence: &Element) -> Option<String> {
    let item = presence
        .get_child("x", MUC_USER)?
        .get_child("item", MUC_USER);
    item?.attr("nick").map(str::to_owned)
}

/// The condition of an error, and its words.
pub(crate) fn fault(stanza: &Element) -> (String, String) {
    let error = stanza.get_child("error", ns::JABBER_CLIENT);
    let mut conditions = error.into_iter().flat_map(Element::children);
    let condition =
        conditions.find(|child| child.has_ns(ns::XMPP_STANZAS) && child.name() != "text");
    let condition = condition.map_or_else(|| "no reason".to_owned(), |it| it.name().to_owned());
    let words = error.and_then(|error| error.get_child("text", ns::XMPP_STANZAS));
    let words = words.map(|words| format!(" ({})", brief(&words.text())));
    (condition, words.unwrap_or_default())
}

/// The nicks that are tried: the wanted one, with `_`, and with `_2` to `_8`.
fn nicks(wanted: &str) -> impl Iterator<Item = String> {
    (0..TRIES).map(move |attempt| match attempt {
        0 => wanted.to_owned(),
        1 => format!("{wanted}_"),
        _ => format!("{wanted}_{attempt}"),
    })
}

/// Enters a room.
pub(crate) async fn enter(wire: &mut Wire, room: &BareJid, wanted: &str) -> Result<Seat, Closed> {
    let wanted = if wanted.is_empty() { "member" } else { wanted };
    for nick in nicks(wanted) {
        for _ in 0..MOST_LOCKED {
            match attempt(wire, room, &nick).await? {
                Answer::In(seat) => return Ok(seat),
                Answer::Taken => break,
                Answer::Locked => {}
            }
        }
    }
    let text = "others in the room have the nick, and all that were tried in its place";
    Err(Closed::new(CloseCode::NameTaken, text))
}

/// What a room says to one who wants in.
enum Answer {
    In(Seat),
    /// Another has the nick.
    Taken,
    /// Another is making the room.
    Locked,
}

async fn attempt(wire: &mut Wire, room: &BareJid, nick: &str) -> Result<Answer, Closed> {
    let me = room.with_resource_str(nick).map_err(|_error| {
        let text = "no room of XMPP takes this nick";
        Closed::new(CloseCode::Refused, text)
    })?;
    let history = History::new().with_maxchars(0);
    let wish = Muc::new().with_history(history);
    wire.say(Presence::new(Type::None).with_to(me).with_payload(wish));
    loop {
        let element = wire.next(true).await?;
        if let Some(closed) = last_words(&element) {
            return Err(closed);
        }
        let Some(nick) = nick_in(room, &element) else {
            continue;
        };
        if !element.is("presence", ns::JABBER_CLIENT) {
            continue;
        }
        match element.attr("type") {
            Some("error") => {
                let (condition, words) = fault(&element);
                match condition.as_str() {
                    "conflict" => return Ok(Answer::Taken),
                    "item-not-found" => {
                        pause(wire).await?;
                        return Ok(Answer::Locked);
                    }
                    condition => return Err(refused(condition, &words)),
                }
            }
            Some("unavailable") if has_status(&element, "110") => return Err(put_out(&element)),
            None if has_status(&element, "110") => {
                if has_status(&element, "201") {
                    unlock(wire, room).await?;
                }
                let has_ids = element.has_child("occupant-id", ns::OID);
                return Ok(Answer::In(Seat { nick, has_ids }));
            }
            _ => {}
        }
    }
}

/// Waits, and writes meanwhile.
async fn pause(wire: &mut Wire) -> Result<(), Closed> {
    let now = Instant::now();
    let until = now.checked_add(AGAIN).unwrap_or(now);
    tokio::select! {
        broken = wire.next(false) => broken.map(|_never| ()),
        () = sleep_until(until) => Ok(()),
    }
}

/// Takes a room that has just been made as the server makes it: an empty form.
async fn unlock(wire: &mut Wire, room: &BareJid) -> Result<(), Closed> {
    const ID: &str = "unlock";

    let form = Element::builder("x", ns::DATA_FORMS)
        .attr(xml_ncname!("type").to_owned(), "submit")
        .build();
    let query = Element::builder("query", MUC_OWNER).append(form).build();
    let header = IqHeader {
        from: None,
        to: Some(room.clone().into()),
        id: ID.to_owned(),
    };
    wire.say(Iq::assemble(header, IqPayload::Set(query)));
    loop {
        let element = wire.next(true).await?;
        if let Some(closed) = last_words(&element) {
            return Err(closed);
        }
        if element.is("iq", ns::JABBER_CLIENT) && element.attr("id") == Some(ID) {
            return match element.attr("type") {
                Some("result") => Ok(()),
                _ => Err(refused(&fault(&element).0, " to make the room")),
            };
        }
    }
}

/// Why a room does not let one in.
fn refused(condition: &str, words: &str) -> Closed {
    let (code, text) = match condition {
        "not-authorized" => (CloseCode::Auth, "the room asks for a password"),
        "registration-required" => (CloseCode::Refused, "the room is for its members alone"),
        "forbidden" => (CloseCode::Kicked, "the room has banned this account"),
        "not-allowed" => (
            CloseCode::Refused,
            "the room is not there, and may not be made",
        ),
        "service-unavailable" => (CloseCode::Full, "the room has as many people as it takes"),
        "not-acceptable" | "jid-malformed" => {
            (CloseCode::Refused, "the room does not take the nick")
        }
        "remote-server-not-found" | "remote-server-timeout" => (
            CloseCode::Unreachable,
            "the server of the room does not answer",
        ),
        "gone" => (CloseCode::Refused, "the room is gone"),
        "resource-constraint" | "internal-server-error" | "undefined-condition" => {
            (CloseCode::Unreachable, "the room cannot let anyone in now")
        }
        _ => (CloseCode::Refused, "the room refuses"),
    };
    Closed::new(code, format!("{text}: {condition}{words}"))
}

/// Why one is not in a room any longer.
pub(crate) fn put_out(presence: &Element) -> Closed {
    let user = presence.get_child("x", MUC_USER);
    let item = user.and_then(|user| user.get_child("item", MUC_USER));
    let destroyed = user.and_then(|user| user.get_child("destroy", MUC_USER));
    let reason = destroyed
        .or(item)
        .and_then(|it| it.get_child("reason", MUC_USER));
    let reason = reason.map(|reason| format!(" ({})", brief(&reason.text())));
    let has = |code| has_status(presence, code);
    let (code, text) = if destroyed.is_some() {
        (CloseCode::Kicked, "the room was destroyed")
    } else if has("301") {
        (CloseCode::Kicked, "banned from the room")
    } else if has("332") {
        (
            CloseCode::ShuttingDown,
            "the server of the room is shutting down",
        )
    } else if has("333") {
        // Some servers say 307 beside it.
        (CloseCode::Lost, "the room has lost this client")
    } else if has("307") {
        (CloseCode::Kicked, "kicked out of the room")
    } else if has("321") || has("322") {
        (
            CloseCode::Kicked,
            "the room is for its members alone from now on",
        )
    } else {
        (CloseCode::Lost, "no longer in the room")
    };
    Closed::new(code, format!("{text}{}", reason.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use mpotr_carrier::CloseCode;
    use tokio_xmpp::minidom::Element;

    use super::{nicks, put_out, refused};

    #[test]
    fn a_nick_that_others_have_gets_signs_behind_it() {
        let tried: Vec<_> = nicks("alice").collect();
        assert_eq!(tried.len(), 9);
        assert_eq!(tried[..3], ["alice", "alice_", "alice_2"]);
        assert_eq!(tried[8], "alice_8");
    }

    #[test]
    fn why_one_is_out_tells_whether_to_come_again() {
        for (inside, code, retry) in [
            (
                "<status code='110'/><status code='307'/>",
                CloseCode::Kicked,
                false,
            ),
            ("<status code='301'/>", CloseCode::Kicked, false),
            ("<status code='321'/>", CloseCode::Kicked, false),
            ("<status code='322'/>", CloseCode::Kicked, false),
            (
                "<destroy><reason>over\n</reason></destroy>",
                CloseCode::Kicked,
                false,
            ),
            ("<status code='332'/>", CloseCode::ShuttingDown, true),
            (
                "<status code='333'/><status code='307'/>",
                CloseCode::Lost,
                true,
            ),
            ("<status code='99999'/>", CloseCode::Lost, true),
            ("", CloseCode::Lost, true),
        ] {
            let text = format!(
                "<presence xmlns='jabber:client' type='unavailable'>\
                 <x xmlns='http://jabber.org/protocol/muc#user'>{inside}</x></presence>"
            );
            let closed = put_out(&text.parse::<Element>().unwrap());
            assert_eq!((closed.code, closed.retry), (code, retry), "{inside}");
            assert!(!closed.text.contains('\n'), "{closed}");
        }
    }

    #[test]
    fn a_room_that_is_full_or_away_is_tried_again_and_one_that_bans_is_not() {
        for (condition, retry) in [
            ("service-unavailable", true),
            ("remote-server-timeout", true),
            ("resource-constraint", true),
            ("forbidden", false),
            ("registration-required", false),
            ("not-authorized", false),
            ("something-new", false),
        ] {
            assert_eq!(refused(condition, "").retry, retry, "{condition}");
        }
    }
}
