//! What a server says.

use tokio::time::Instant;

use super::{
    BEFORE_WORDS, HEARS_TAG, MOST_OF_SOURCE, PACKET_TAG, Phase, REMEMBERED, Session, after, ending,
};
use crate::armour::{Line, Reading};
use crate::irc::address::Form;
use crate::irc::message::Message;
use crate::irc::people::folded;
use crate::transport::{CloseCode, Closed, Received, SenderHint};

/// How long the time is spread in which members tell people what goes on, in milliseconds.
const SPREAD: u32 = 4_000;

impl Session {
    /// Takes a line of the server, without its end.
    pub(in crate::irc) fn handle_line(&mut self, now: Instant, line: &str) {
        self.heard = now;
        let Some(message) = Message::read(line) else {
            return;
        };
        match message.command() {
            "PING" => self.control(format!("PONG :{}", message.last())),
            "PONG" => self.hear_answer(now, message.last()),
            "ERROR" => self.close(ending::of_error(message.last())),
            "PRIVMSG" | "NOTICE" | "TAGMSG" if self.is_of_channel(message.parameter(0)) => {
                self.hear_words(now, &message);
            }
            "JOIN" if self.is_of_channel(message.parameter(0)) => self.hear_join(now, &message),
            "PART" if self.is_of_channel(message.parameter(0)) => {
                self.goes(message.nick(), "this client was taken out of the channel");
            }
            "KICK" if self.is_of_channel(message.parameter(0)) => {
                let why = format!("kicked by {}: {}", message.nick(), message.parameter(2));
                self.goes(message.parameter(1), &why);
            }
            "QUIT" => self.goes(message.nick(), "the server says that this client has left"),
            "NICK" => self.hear_nick(message.nick(), message.parameter(0)),
            "CHGHOST" if self.is_me(message.nick()) => {
                let (user, host) = (message.parameter(0), message.parameter(1));
                self.note_source(format!("{}!{user}@{host}", self.nick));
            }
            // The host that others see from now on.
            "396" => self.hear_host(message.parameter(1)),
            "005" => self.hear_features(&message),
            "353" if self.is_of_channel(message.parameter(2)) => self.hear_names(message.last()),
            _ if self.phase == Phase::Registering => self.register(&message),
            command => {
                let of_channel = self.is_of_channel(message.parameter(1));
                if let Some(closed) = ending::of_reply(command, of_channel, &message) {
                    self.close(closed);
                }
            }
        }
    }

    fn register(&mut self, message: &Message<'_>) {
        match self.registration.answer(message) {
            // What is answered is not refused yet.
            Ok(lines) if !lines.is_empty() => {
                return lines.into_iter().for_each(|line| self.control(line));
            }
            Ok(_) => {}
            Err(closed) => return self.close(closed),
        }
        match message.command() {
            "001" => {
                let nick = message.parameter(0);
                self.nick = match nick {
                    "" | "*" => self.registration.nick().to_owned(),
                    _ => nick.to_owned(),
                };
                self.granted = self.registration.granted();
            }
            // The end of the greeting: what the server can do is known.
            "376" | "422" => {
                if self.settings.address.form == Form::Tags && !self.hears_tags() {
                    let text = "the server passes on no tags, which the address asks for";
                    return self.close(Closed::new(CloseCode::Refused, text));
                }
                self.phase = Phase::Joining;
                let join = format!("JOIN {}", self.settings.address.channel);
                self.control(join);
            }
            command => {
                if let Some(closed) = ending::of_reply(command, false, message) {
                    self.close(closed);
                }
            }
        }
    }

    fn hear_join(&mut self, now: Instant, message: &Message<'_>) {
        if !self.is_me(message.nick()) {
            return self.comes(message.nick());
        }
        if self.phase == Phase::Leaving || self.is_joined() {
            return;
        }
        self.granted = self.registration.granted();
        self.note_source(message.source().to_owned());
        self.joined = message.tag("time").map(|time| time.into_owned());
        self.phase = Phase::Joined;
        let since = |at| now.saturating_duration_since(at);
        if self.told.is_none_or(|at| since(at) > REMEMBERED) {
            let tag = self.from.number() % SPREAD;
            let spread = core::time::Duration::from_millis(tag.into());
            self.tell = Some(after(now, BEFORE_WORDS.saturating_add(spread)));
        }
    }

    fn hear_words(&mut self, now: Instant, message: &Message<'_>) {
        let is_tag = message.command() == "TAGMSG";
        let text = if is_tag {
            message.tag(PACKET_TAG).unwrap_or_default()
        } else {
            message.parameter(1).into()
        };
        let reading = Line::read(&text);
        if self.is_me(message.nick()) && self.is_own(&reading) {
            if self.granted.echo {
                self.pacing.note_echo(now);
            }
            // How others get it, whatever the server called this client before.
            self.note_source(message.source().to_owned());
            return;
        }
        if self.is_played_back(message) {
            return;
        }
        match reading {
            // An own packet by another way, or a copy of one.
            Reading::Line(line) if line.from() == self.from => {}
            Reading::Line(line) => {
                if !is_tag && message.tag(HEARS_TAG).is_none() {
                    self.heard_lines = Some(now);
                }
                let sender = self.people.hint(message.nick());
                let unit = self.reassembly.take(now, sender, line);
                let packet = unit.map(|packet| Received::Packet { sender, packet });
                self.received.extend(packet);
            }
            Reading::Human => {
                self.told = Some(now);
                self.tell = None;
            }
            Reading::Bad(error) => {
                self.bad_lines = self.bad_lines.saturating_add(1);
                tracing::debug!(%error, count = self.bad_lines, "a line counted for nothing");
            }
            Reading::Plain if is_tag => {}
            Reading::Plain => {
                let sender = self.people.hint(message.nick());
                self.received.push_back(Received::Plain {
                    sender,
                    name: message.nick().to_owned(),
                    text: shown(&text),
                });
            }
        }
    }

    /// Whether a text of this client's nick is its own, and not of another behind the same bouncer.
    fn is_own(&self, reading: &Reading) -> bool {
        match reading {
            Reading::Line(line) => line.from() == self.from,
            Reading::Human => self.told.is_some(),
            Reading::Bad(_) | Reading::Plain => false,
        }
    }

    /// Whether a message was sent before this client came: a bouncer keeps it, and plays it back.
    fn is_played_back(&self, message: &Message<'_>) -> bool {
        // Both are of the form 2026-01-02T03:04:05.678Z, and stand in the order of time as texts do.
        match (&self.joined, message.tag("time")) {
            (Some(joined), Some(time)) => *time < **joined,
            _ => false,
        }
    }

    fn hear_answer(&mut self, now: Instant, answered: &str) {
        let Some(number) = answered
            .strip_prefix("mpotr-")
            .and_then(|it| it.parse().ok())
        else {
            return;
        };
        self.asked = None;
        self.pacing.note_answer(now, number);
    }

    fn hear_nick(&mut self, nick: &str, new: &str) {
        if self.is_me(nick) {
            self.nick = new.to_owned();
            if let Some((_, rest)) = self.source.as_deref().and_then(|it| it.split_once('!')) {
                let source = format!("{new}!{rest}");
                self.note_source(source);
            }
        } else {
            self.people.renames(nick, new);
        }
    }

    fn hear_host(&mut self, host: &str) {
        let source = self.source.as_deref();
        if let Some((name, _)) = source.and_then(|source| source.rsplit_once('@'))
            && !host.is_empty()
        {
            // Some servers give the user's name with it.
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            let source = format!("{name}@{host}");
            self.note_source(source);
        }
    }

    /// Takes note of what others get before each line of this client. One that would leave no room for a line is not
    /// believed: what was known before stands, and the person is told once.
    fn note_source(&mut self, source: String) {
        let length = source.len();
        if length <= MOST_OF_SOURCE {
            self.source = Some(source);
        } else if !core::mem::replace(&mut self.is_warned, true) {
            self.received.push_back(Received::Notice {
                text: format!(
                    "the server gives this client a name of {length} bytes: it may cut lines short that are sent from here"
                ),
            });
        }
    }

    fn hear_features(&mut self, message: &Message<'_>) {
        for feature in message.parameters().iter().skip(1) {
            if let Some(denied) = feature.strip_prefix("CLIENTTAGDENY=") {
                self.denies_tags = denies(denied, PACKET_TAG) || denies(denied, HEARS_TAG);
            }
        }
    }

    fn hear_names(&mut self, names: &str) {
        for name in names.split(' ').filter(|name| !name.is_empty()) {
            let nick = name.trim_start_matches(['~', '&', '@', '%', '+', '!']);
            let nick = nick.split('!').next().unwrap_or(nick);
            if !self.is_me(nick) {
                self.comes(nick);
            }
        }
    }

    fn comes(&mut self, nick: &str) {
        if !self.people.knows(nick) {
            let sender = self.people.hint(nick);
            self.present(sender, true);
        }
    }

    fn goes(&mut self, nick: &str, why: &str) {
        if self.is_me(nick) {
            if self.phase != Phase::Leaving {
                self.close(Closed::new(CloseCode::Kicked, ending::printable(why)));
            }
        } else if let Some(sender) = self.people.goes(nick) {
            self.present(sender, false);
        }
    }

    fn present(&mut self, sender: SenderHint, here: bool) {
        self.received.push_back(Received::Present { sender, here });
    }

    fn is_me(&self, nick: &str) -> bool {
        folded(nick) == folded(&self.nick)
    }

    fn is_of_channel(&self, name: &str) -> bool {
        folded(name) == folded(&self.settings.address.channel)
    }
}

/// Whether a server passes a client's tag on to nobody (IRCv3 "CLIENTTAGDENY").
fn denies(denied: &str, tag: &str) -> bool {
    let tag = tag.trim_start_matches('+');
    let all = denied.split(',').any(|it| it == "*");
    let is_exempt = denied
        .split(',')
        .any(|it| it.strip_prefix('-') == Some(tag));
    denied.split(',').any(|it| it == tag) || (all && !is_exempt)
}

/// What a person wrote, without the colours of IRC, and an action as it is meant.
fn shown(text: &str) -> String {
    let action = text.strip_prefix("\u{1}ACTION ");
    let text = action.map_or(text, |text| text.trim_end_matches('\u{1}'));
    let text: String = text.chars().filter(|it| !it.is_control()).collect();
    match action {
        Some(_) => format!("* {text}"),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{denies, shown};

    #[test]
    fn a_server_may_deny_some_tags_or_all_but_some() {
        for (denied, is_denied) in [
            ("", false),
            ("*", true),
            ("typing,react", false),
            ("mpotr/p", true),
            ("*,-mpotr/p", false),
            ("*,-typing", true),
        ] {
            assert_eq!(denies(denied, "+mpotr/p"), is_denied, "{denied}");
        }
    }

    #[test]
    fn what_a_person_wrote_is_shown_without_signs_that_steer() {
        assert_eq!(shown("\u{1}ACTION waves\u{1}"), "* waves");
        assert_eq!(shown("\u{2}bold\u{f} \u{3}04red"), "bold 04red");
    }
}
