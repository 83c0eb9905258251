use core::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use tokio::time::Instant;

use super::{Session, Settings};
use crate::armour::{HUMAN_LINE, UnitId};
use crate::irc::{IrcAddress, Login, Pace};
use crate::transport::{CloseCode, Received, SenderHint};

const GREETING: [&str; 3] = [
    ":s 001 alice :Welcome",
    ":s 005 alice CHANTYPES=#& :are supported",
    ":s 422 alice :No MOTD",
];
const JOINED: &str = "@time=2026-01-02T03:04:05.000Z :alice!~al@host.example JOIN #tea";
const TAGS: &str = "message-tags echo-message server-time";

fn settings(address: &str) -> Settings {
    Settings {
        address: address.parse::<IrcAddress>().unwrap(),
        nick: "alice".to_owned(),
        login: Login::Nobody,
        lines: Pace::LINES,
        tags: Pace::TAGS,
        told: None,
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn later(now: Instant, by: u64) -> Instant {
    now.checked_add(seconds(by)).unwrap()
}

/// A session that has joined on a server with these capabilities.
fn joined_at(now: Instant, address: &str, capabilities: &str) -> Session {
    let mut session = Session::new(now, settings(address), 7);
    session.handle_line(now, &format!(":s CAP * LS :{capabilities}"));
    session.handle_line(now, &format!(":s CAP * ACK :{capabilities}"));
    for line in GREETING {
        session.handle_line(now, line);
    }
    assert!(!session.is_joined());
    let said = lines(&mut session, now);
    assert_eq!(said.last().map(String::as_str), Some("JOIN #tea"));
    session.handle_line(now, JOINED);
    assert!(session.is_joined());
    session
}

fn joined(capabilities: &str) -> (Instant, Session) {
    let now = Instant::now();
    (now, joined_at(now, "irc://h/tea", capabilities))
}

/// All that may leave now.
fn lines(session: &mut Session, now: Instant) -> Vec<String> {
    core::iter::from_fn(|| session.poll_line(now)).collect()
}

fn received(session: &mut Session) -> Vec<Received> {
    core::iter::from_fn(|| session.poll_received()).collect()
}

fn send(session: &mut Session, now: Instant, packet: &'static [u8]) {
    let packet = Bytes::from_static(packet);
    session.send(now, UnitId::new(1), &packet).unwrap();
}

/// As the server passes a line of this session on, under a nick.
fn passed_on(line: &str, nick: &str) -> String {
    match line
        .split_once(" TAGMSG ")
        .or_else(|| line.split_once(" PRIVMSG "))
    {
        Some((tags, rest)) if line.contains(" TAGMSG ") => {
            format!("{tags} :{nick}!u@h TAGMSG {rest}")
        }
        Some((tags, rest)) => format!("{tags} :{nick}!u@h PRIVMSG {rest}"),
        None => format!(":{nick}!u@h {line}"),
    }
}

#[test]
fn packets_go_by_tags_where_server_and_channel_have_them_and_else_by_lines() {
    let (now, mut session) = joined(TAGS);
    assert_eq!(session.carrier(now).name, "irc tags");
    assert_eq!(session.carrier(now).unit, Some(2_987));
    send(&mut session, now, b"\x01abc");
    assert_eq!(
        lines(&mut session, now),
        ["@+mpotr/p=?MPOTR:00000007,AWFiYw. TAGMSG #tea"]
    );

    let (now, mut session) = joined("server-time");
    assert_eq!(session.carrier(now).name, "irc lines");
    send(&mut session, now, b"\x01abc");
    assert_eq!(
        lines(&mut session, now),
        ["PRIVMSG #tea :?MPOTR:00000007,AWFiYw."]
    );

    let now = Instant::now();
    let mut session = joined_at(now, "irc://h/tea?carrier=lines", TAGS);
    send(&mut session, now, b"\x01abc");
    assert_eq!(
        lines(&mut session, now),
        ["PRIVMSG #tea :?MPOTR:00000007,AWFiYw."]
    );
}

#[test]
fn a_server_that_denies_the_tag_gets_lines_and_one_without_tags_is_refused_by_who_wants_them() {
    let (now, mut session) = joined(TAGS);
    session.handle_line(now, ":s 005 alice CLIENTTAGDENY=*,-typing :are supported");
    assert_eq!(session.carrier(now).name, "irc lines");
    let mut session = Session::new(now, settings("irc://h/tea?carrier=tags"), 7);
    session.handle_line(now, ":s CAP * LS :server-time");
    for line in GREETING {
        session.handle_line(now, line);
    }
    assert_eq!(
        session.closed().map(|closed| closed.code),
        Some(CloseCode::Refused)
    );
}

#[test]
fn while_one_is_there_who_hears_lines_alone_all_speak_by_lines_and_say_that_they_hear_tags() {
    let (now, mut session) = joined(TAGS);
    let by_tags = ":bob!b@h PRIVMSG #tea :?MPOTR:00000009,AWFiYw.";
    session.handle_line(now, &format!("@+mpotr/t {by_tags}"));
    assert_eq!(session.carrier(now).name, "irc tags");
    session.handle_line(now, by_tags);
    assert_eq!(session.carrier(now).name, "irc lines");
    send(&mut session, now, b"\x01abc");
    let line = lines(&mut session, now).pop().unwrap();
    assert_eq!(line, "@+mpotr/t PRIVMSG #tea :?MPOTR:00000007,AWFiYw.");
    assert_eq!(received(&mut session).len(), 2);
    assert_eq!(session.carrier(now + seconds(601)).name, "irc tags");
}

/// No server passes on lines under such a name, so what is said of one ends nothing and takes no room from lines.
#[test]
fn a_name_longer_than_any_is_not_believed_and_told_once() {
    let long = "x".repeat(900);
    for (capabilities, line) in [
        (
            "server-time",
            format!(":s 396 alice {long} :is now your host"),
        ),
        ("server-time", format!(":alice!~al@h NICK {long}")),
        ("chghost", format!(":alice!~al@h CHGHOST al {long}")),
        (
            "server-time",
            format!(":s 396 alice {} :is now your host", "x".repeat(420)),
        ),
    ] {
        let (now, mut session) = joined(capabilities);
        let before = session.carrier(now);
        session.handle_line(now, &line);
        session.handle_line(now, &line);
        assert_eq!(session.carrier(now), before, "{line:.40}");
        let told = received(&mut session);
        let is_notice = |it: &Received| matches!(it, Received::Notice { .. });
        assert_eq!(
            told.iter().filter(|it| is_notice(it)).count(),
            1,
            "{line:.40}"
        );
        send(&mut session, now, &[7; 60_000]);
        assert!(session.closed().is_none());
    }
    // The same of the name by which it comes in.
    let now = Instant::now();
    let mut session = Session::new(now, settings("irc://h/tea"), 7);
    session.handle_line(now, ":s CAP * LS :server-time");
    for line in GREETING {
        session.handle_line(now, line);
    }
    session.handle_line(now, &format!(":alice!~al@{long} JOIN #tea"));
    assert!(session.is_joined());
    send(&mut session, now, &[7; 60_000]);
}

#[test]
fn the_longest_name_that_is_believed_leaves_room_for_the_longest_packet() {
    let now = Instant::now();
    let channel = "c".repeat(63);
    let mut session = Session::new(now, settings(&format!("irc://h/{channel}")), 7);
    session.handle_line(now, ":s CAP * LS :server-time");
    for line in GREETING {
        session.handle_line(now, line);
    }
    let host = "h".repeat(super::MOST_OF_SOURCE - "alice!~al@".len());
    session.handle_line(now, &format!(":alice!~al@{host} JOIN #{channel}"));
    assert!(session.is_joined() && received(&mut session).is_empty());
    send(&mut session, now, &[7; super::MOST_BY_LINES]);
    let source = format!(":alice!~al@{host} ");
    let sent = lines(&mut session, now);
    assert!(!sent.is_empty());
    assert!(
        sent.iter()
            .all(|line| source.len() + line.len() + 2 <= super::WIRE)
    );
}

#[test]
fn the_own_echo_opens_the_window_and_is_not_heard() {
    let (now, mut session) = joined(TAGS);
    for _ in 0..5 {
        send(&mut session, now, b"\x01abc");
    }
    let sent = lines(&mut session, now);
    assert_eq!(sent.len(), 3);
    assert!(!session.is_ready() && session.link(now).queued > 0);
    for line in &sent {
        session.handle_line(now, &passed_on(line, "ALICE"));
    }
    assert_eq!(lines(&mut session, now).len(), 2);
    assert!(session.is_ready());
    // A copy under another nick opens nothing, and is not heard either.
    session.handle_line(now, &passed_on(&sent[0], "eve"));
    assert_eq!(received(&mut session), []);
}

#[test]
fn without_echoes_the_server_is_asked_behind_five_lines_and_its_answer_counts() {
    let (now, mut session) = joined("");
    let mut said = Vec::new();
    for second in 0..40 {
        let now = now + seconds(second);
        if session.is_ready() {
            send(&mut session, now, b"\x01abc");
        }
        said.extend(lines(&mut session, now));
    }
    // Ten lines and the line for people share the window.
    let asked: Vec<_> = said
        .iter()
        .filter(|line| line.starts_with("PING"))
        .collect();
    assert_eq!(asked, ["PING :mpotr-5", "PING :mpotr-10"]);
    assert_eq!(said.len() - asked.len(), 10);
    session.handle_line(now + seconds(40), ":s PONG s :mpotr-10");
    assert_eq!(lines(&mut session, now + seconds(40)).len(), 1);
    assert!(session.link(now).latency.is_some());
    assert_eq!(session.link(now).rate, Some(151));
}

#[test]
fn what_was_said_before_this_client_came_is_not_heard_when_it_is_played_back() {
    let (now, mut session) = joined(TAGS);
    let say = |time: &str| format!("@time={time} :bob!b@h PRIVMSG #tea :hello");
    session.handle_line(now, &say("2026-01-02T03:04:04.999Z"));
    session.handle_line(
        now,
        "@time=2025-12-31T23:59:59.999Z;+mpotr/p=?MPOTR:00000009,AWFiYw. :b TAGMSG #tea",
    );
    assert_eq!(received(&mut session), []);
    session.handle_line(now, &say("2026-01-02T03:04:05.001Z"));
    assert_eq!(received(&mut session).len(), 1);
}

#[test]
fn a_sender_is_a_client_through_all_its_nicks_and_a_netsplit_makes_it_another() {
    let (now, mut session) = joined("");
    session.handle_line(now, ":s 353 alice = #tea :@bob alice +carol");
    let hint = SenderHint::from_u64;
    let here = |number, here| Received::Present {
        sender: hint(number),
        here,
    };
    assert_eq!(received(&mut session), [here(1, true), here(2, true)]);
    session.handle_line(now, ":bob!b@h NICK rob");
    session.handle_line(now, ":rob!b@h PRIVMSG #tea :?MPOTR:00000009,AWFiYw.");
    session.handle_line(now, ":rob!b@h QUIT :a.example b.example");
    session.handle_line(now, ":rob!b@h JOIN #tea");
    session.handle_line(now, ":rob!b@h PRIVMSG #tea :\u{3}04hi");
    let packet = Received::Packet {
        sender: hint(1),
        packet: Bytes::from_static(b"\x01abc"),
    };
    let plain = Received::Plain {
        sender: hint(3),
        name: "rob".to_owned(),
        text: "04hi".to_owned(),
    };
    assert_eq!(
        received(&mut session),
        [packet, here(1, false), here(3, true), plain]
    );
}

#[test]
fn another_client_behind_the_same_nick_is_another_member() {
    let (now, mut session) = joined(TAGS);
    session.handle_line(now, ":alice!b@h PRIVMSG #tea :?MPOTR:00000009,AWFiYw.");
    assert_eq!(received(&mut session).len(), 1);
}

#[test]
fn people_are_told_once_when_there_is_time_unless_another_has_told_them() {
    let told = |lines: &[String]| {
        lines
            .iter()
            .filter(|line| line.contains(HUMAN_LINE))
            .count()
    };
    let (now, mut session) = joined("");
    assert_eq!(told(&lines(&mut session, now)), 0);
    assert_eq!(told(&lines(&mut session, now + seconds(9))), 1);
    assert_eq!(told(&lines(&mut session, now + seconds(99))), 0);
    let (now, mut session) = joined("");
    session.handle_line(now, &format!(":bob!b@h PRIVMSG #tea :{HUMAN_LINE}"));
    assert_eq!(told(&lines(&mut session, now + seconds(9))), 0);
    assert_eq!(
        received(&mut session),
        [],
        "it is not shown where mpOTR runs"
    );
    // Nor on a connection in place of one that is lost.
    let mut session = Session::new(
        now,
        Settings {
            told: Some(now),
            ..settings("irc://h/tea")
        },
        7,
    );
    GREETING
        .iter()
        .for_each(|line| session.handle_line(now, line));
    session.handle_line(now, JOINED);
    assert_eq!(told(&lines(&mut session, now + seconds(9))), 0);
}

#[test]
fn lines_are_as_long_as_the_own_source_leaves_room_for() {
    let (now, mut session) = joined("");
    assert_eq!(session.carrier(now).unit, Some(302));
    let host = "x".repeat(63);
    session.handle_line(now, &format!(":s 396 alice {host} :is now your host"));
    let unit = session.carrier(now).unit.unwrap();
    session
        .send(now, UnitId::new(1), &vec![1; unit].into())
        .unwrap();
    let line = lines(&mut session, now).pop().unwrap();
    let wire = format!(":alice!~al@{host} {line}\r\n").len();
    assert!((508..=512).contains(&wire), "{wire}");
}

#[test]
fn a_silent_server_is_asked_and_given_up() {
    let (now, mut session) = joined("");
    lines(&mut session, now + seconds(9));
    let asked_at = now + seconds(60);
    assert_eq!(session.poll_timeout(now + seconds(10)), Some(asked_at));
    session.handle_timeout(asked_at);
    assert_eq!(lines(&mut session, asked_at), ["PING :mpotr-1"]);
    session.handle_timeout(asked_at + seconds(29));
    assert_eq!(session.closed(), None);
    session.handle_timeout(asked_at + seconds(30));
    assert_eq!(session.closed().unwrap().code, CloseCode::Lost);
}

#[test]
fn who_is_put_out_is_told_by_whom_and_another_channel_is_not_this_one() {
    let (now, mut session) = joined("");
    session.handle_line(now, ":op!o@h KICK #coffee alice :out");
    session.handle_line(now, ":s 474 alice #coffee :Cannot join channel (+b)");
    assert_eq!(session.closed(), None);
    session.handle_line(now, ":op!o@h KICK #TEA Alice :out\u{1b}[2J");
    let closed = session.closed().unwrap();
    assert_eq!(closed.code, CloseCode::Kicked);
    assert_eq!(closed.text, "kicked by op: out?[2J");
    assert!(!closed.retry);
}

#[test]
fn goodbye_comes_after_all_that_was_sent_and_pings_are_answered_at_once() {
    let (now, mut session) = joined("");
    for _ in 0..9 {
        send(&mut session, now, b"\x01abc");
    }
    assert_eq!(lines(&mut session, now).len(), 4);
    session.handle_line(now, "PING :a b");
    assert_eq!(lines(&mut session, now), ["PONG :a b"]);
    session.leave();
    assert_eq!(lines(&mut session, now), ["QUIT"]);
    session.handle_line(now, ":alice!a@h QUIT :Client quit");
    assert_eq!(session.closed(), None);
}

proptest! {
    /// A line break in what a line is made of would be a command of the one who wrote it.
    #[test]
    fn no_line_break_leaves_whatever_lines_are_made_of(
        nick in "[a-z\r\n\0 ]{1,9}",
        channel in "[a-z\r\n\0 ]{1,9}",
        password in "[a-z\r\n\0 ]{1,9}",
        said in prop::collection::vec("[:@ A-Z0-9a-z#\\\\\r\n\0]{0,40}", 0..20),
        packet in prop::collection::vec(any::<u8>(), 1..900),
    ) {
        let now = Instant::now();
        let mut settings = settings("irc://h/tea");
        settings.address.channel = format!("#{channel}");
        settings.nick = nick;
        settings.login = Login::Server(password);
        let joined = format!(":{} JOIN :{}", settings.nick, settings.address.channel);
        let mut session = Session::new(now, settings, 7);
        let mut left = lines(&mut session, now);
        for line in GREETING.iter().map(|it| (*it).to_owned()).chain([joined]).chain(said) {
            session.handle_line(now, &line);
            left.extend(lines(&mut session, now));
        }
        session.send(now, UnitId::new(1), &packet.into()).unwrap();
        for second in 0..60 {
            left.extend(lines(&mut session, later(now, second)));
        }
        prop_assert!(left.iter().all(|line| !line.contains(['\r', '\n', '\0'])));
    }

    /// What one session sends another hears, by lines and by tags, whatever its length.
    #[test]
    fn a_packet_comes_whole_to_another_client(
        packet in prop::collection::vec(any::<u8>(), 1..9_000),
        by_tags in any::<bool>(),
    ) {
        let capabilities = if by_tags { TAGS } else { "" };
        let (mut now, mut alice) = joined(capabilities);
        let mut bob = Session::new(now, settings("irc://h/tea"), 8);
        GREETING.iter().for_each(|line| bob.handle_line(now, line));
        bob.handle_line(now, JOINED);
        let packet = Bytes::from(packet);
        alice.send(now, UnitId::new(1), &packet).unwrap();
        while !alice.is_ready() {
            for line in lines(&mut alice, now) {
                alice.handle_line(now, &passed_on(&line, "alice"));
                bob.handle_line(now, &passed_on(&line, "carol"));
                if let Some(number) = line.strip_prefix("PING :") {
                    alice.handle_line(now, &format!(":s PONG s :{number}"));
                }
            }
            now = later(now, 1);
        }
        let sender = SenderHint::from_u64(1);
        prop_assert_eq!(received(&mut bob), [Received::Packet { sender, packet }]);
    }
}
