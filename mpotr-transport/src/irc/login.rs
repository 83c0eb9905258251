//! From the first line to the channel: capabilities, who this client is, a nick. IRCv3 "Client Capability Negotiation" 302, RFC
//! 4616 (PLAIN) and RFC 4422 appendix A (EXTERNAL).
//!
//! ```text
//! CAP LS 302, NICK, USER ── CAP REQ ── AUTHENTICATE ── CAP END ── 001 .. 376 ── JOIN
//! ```
//!
//! Nobody joins without the login that was asked for: who has it reads along under a name of its own.

use core::fmt;
use std::collections::BTreeSet;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::message::Message;
use crate::transport::{CloseCode, Closed};

/// What this client makes use of, if the server has it.
const WANTED: [&str; 4] = ["message-tags", "echo-message", "server-time", "chghost"];

/// What a server takes of a long answer at a time.
const CHUNK: usize = 400;

/// As many nicks are tried, with one more sign each.
const MOST_TRIES: usize = 8;

/// Bytes of a nick that all servers of today take; the old limit is nine, and such a server cuts by itself.
const MOST_OF_NICK: usize = 16;

/// How a client shows who it is.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Login {
    /// Not at all.
    #[default]
    Nobody,
    /// By the password of the server, or of a bouncer: `user/network:password` most often.
    Server(String),
    /// By an account and its password (SASL PLAIN).
    Password {
        /// The account.
        account: String,
        /// Its password.
        password: String,
    },
    /// By the certificate of the connection (SASL EXTERNAL).
    Certificate {
        /// A file of PEM with the certificate and its key.
        file: PathBuf,
    },
}

impl Login {
    /// What SASL calls it.
    const fn mechanism(&self) -> Option<&'static str> {
        match self {
            Self::Nobody | Self::Server(_) => None,
            Self::Password { .. } => Some("PLAIN"),
            Self::Certificate { .. } => Some("EXTERNAL"),
        }
    }

    /// Whether it tells a secret to who can read the connection.
    pub(super) const fn is_secret(&self) -> bool {
        matches!(self, Self::Server(_) | Self::Password { .. })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::Server(_) => "Server(..)",
            Self::Password { .. } => "Password(..)",
            Self::Certificate { .. } => "Certificate(..)",
        })
    }
}

/// What the server has granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) tags: bool,
    pub(super) echo: bool,
}

/// The way to the channel.
#[derive(Debug)]
pub(super) struct Registration {
    login: Login,
    wanted_nick: String,
    nick: String,
    tries: usize,
    offered: BTreeSet<String>,
    granted: BTreeSet<String>,
    is_authenticated: bool,
}

impl Registration {
    pub(super) fn new(login: Login, nick: &str) -> Self {
        Self {
            login,
            wanted_nick: nick.to_owned(),
            nick: nick.to_owned(),
            tries: 0,
            offered: BTreeSet::new(),
            granted: BTreeSet::new(),
            is_authenticated: false,
        }
    }

    /// What to begin with.
    pub(super) fn begin(&self) -> Vec<String> {
        let password = match &self.login {
            Login::Server(password) => Some(format!("PASS :{password}")),
            Login::Nobody | Login::Password { .. } | Login::Certificate { .. } => None,
        };
        let rest = [
            "CAP LS 302".to_owned(),
            format!("NICK {}", self.nick),
            "USER mpotr 0 * :mpotr".to_owned(),
        ];
        password.into_iter().chain(rest).collect()
    }

    /// The nick that was asked for last.
    pub(super) fn nick(&self) -> &str {
        &self.nick
    }

    /// What was granted.
    pub(super) fn granted(&self) -> Granted {
        Granted {
            tags: self.granted.contains("message-tags"),
            echo: self.granted.contains("echo-message"),
        }
    }

    /// Reads an answer on the way, and gives the next lines.
    pub(super) fn answer(&mut self, message: &Message<'_>) -> Result<Vec<String>, Closed> {
        match message.command() {
            "CAP" => self.hear_capabilities(message),
            "AUTHENTICATE" => Ok(self.authenticate(message.last())),
            "903" => {
                self.is_authenticated = true;
                Ok(vec!["CAP END".to_owned()])
            }
            "902" | "904" | "905" | "906" | "908" => {
                Err(refused_login("the server does not believe it"))
            }
            "433" | "436" | "437" => self.next_nick(),
            // The nick is not one here: the least that every server takes.
            "432" if self.wanted_nick != "mpotr" => {
                self.wanted_nick = "mpotr".to_owned();
                self.tries = 0;
                self.nick.clone_from(&self.wanted_nick);
                Ok(vec![format!("NICK {}", self.nick)])
            }
            "001" if self.login.mechanism().is_some() && !self.is_authenticated => {
                Err(refused_login("the server went on without it"))
            }
            _ => Ok(Vec::new()),
        }
    }

    fn hear_capabilities(&mut self, message: &Message<'_>) -> Result<Vec<String>, Closed> {
        let listed = message.last().split(' ').filter(|name| !name.is_empty());
        match message.parameter(1) {
            "LS" => {
                let names = listed.map(|name| name.split('=').next().unwrap_or(name).to_owned());
                self.offered.extend(names);
                let goes_on = message.parameter(2) == "*" && message.parameters().len() > 3;
                if goes_on {
                    Ok(Vec::new())
                } else {
                    self.request()
                }
            }
            "ACK" => {
                let names = listed.filter(|name| !name.starts_with('-'));
                self.granted.extend(names.map(str::to_owned));
                Ok(vec![self.go_on()])
            }
            "NAK" if self.login.mechanism().is_some() => {
                Err(refused_login("the server grants nothing"))
            }
            "NAK" => Ok(vec!["CAP END".to_owned()]),
            _ => Ok(Vec::new()),
        }
    }

    fn request(&mut self) -> Result<Vec<String>, Closed> {
        let sasl = self.login.mechanism().map(|_| "sasl");
        if sasl.is_some_and(|sasl| !self.offered.contains(sasl)) {
            return Err(refused_login("the server has no SASL"));
        }
        let wanted = WANTED.into_iter().chain(sasl);
        let wanted: Vec<_> = wanted.filter(|name| self.offered.contains(*name)).collect();
        Ok(vec![match wanted.is_empty() {
            true => "CAP END".to_owned(),
            false => format!("CAP REQ :{}", wanted.join(" ")),
        }])
    }

    fn go_on(&self) -> String {
        match self.login.mechanism() {
            Some(mechanism) => format!("AUTHENTICATE {mechanism}"),
            None => "CAP END".to_owned(),
        }
    }

    /// The answer to the server's word that it waits for one, in pieces; one that is a whole number of pieces has an empty end.
    fn authenticate(&self, asked: &str) -> Vec<String> {
        if asked != "+" {
            return vec!["AUTHENTICATE *".to_owned()];
        }
        let answer = match &self.login {
            Login::Password { account, password } => {
                STANDARD.encode(format!("\0{account}\0{password}"))
            }
            Login::Nobody | Login::Server(_) | Login::Certificate { .. } => String::new(),
        };
        let pieces = answer.as_bytes().chunks(CHUNK);
        let pieces = pieces.map(|piece| String::from_utf8_lossy(piece).into_owned());
        let end = answer.len().is_multiple_of(CHUNK).then(|| "+".to_owned());
        let lines = pieces.chain(end);
        lines.map(|piece| format!("AUTHENTICATE {piece}")).collect()
    }

    /// Others have the nick: the same with a sign more.
    fn next_nick(&mut self) -> Result<Vec<String>, Closed> {
        self.tries = self.tries.saturating_add(1);
        if self.tries > MOST_TRIES {
            let text = format!("others have the nick {}, and all like it", self.wanted_nick);
            return Err(Closed::new(CloseCode::NameTaken, text));
        }
        let signs = match self.tries {
            1 => "_".to_owned(),
            number => format!("_{number}"),
        };
        let room = MOST_OF_NICK.saturating_sub(signs.len());
        let stem: String = self.wanted_nick.chars().take(room).collect();
        self.nick = format!("{stem}{signs}");
        Ok(vec![format!("NICK {}", self.nick)])
    }
}

fn refused_login(why: &str) -> Closed {
    Closed::new(CloseCode::Auth, format!("the login failed: {why}"))
}

#[cfg(test)]
mod tests {
    use super::{Granted, Login, Registration};
    use crate::irc::message::Message;
    use crate::transport::CloseCode;

    fn answers(registration: &mut Registration, line: &str) -> Vec<String> {
        let message = Message::read(line).unwrap();
        registration.answer(&message).unwrap()
    }

    fn fails(registration: &mut Registration, line: &str) -> CloseCode {
        let message = Message::read(line).unwrap();
        registration.answer(&message).unwrap_err().code
    }

    fn by_password() -> Registration {
        let login = Login::Password {
            account: "al".to_owned(),
            password: "secret".to_owned(),
        };
        Registration::new(login, "alice")
    }

    #[test]
    fn asks_for_what_the_server_has_and_nothing_else() {
        let mut to = Registration::new(Login::Nobody, "alice");
        assert_eq!(
            to.begin(),
            ["CAP LS 302", "NICK alice", "USER mpotr 0 * :mpotr"]
        );
        assert!(answers(&mut to, ":s CAP * LS * :server-time sasl=PLAIN,EXTERNAL").is_empty());
        assert_eq!(
            answers(
                &mut to,
                ":s CAP * LS :echo-message message-tags away-notify"
            ),
            ["CAP REQ :message-tags echo-message server-time"]
        );
        assert_eq!(to.granted(), Granted::default());
        assert_eq!(
            answers(
                &mut to,
                ":s CAP * ACK :message-tags echo-message server-time"
            ),
            ["CAP END"]
        );
        assert_eq!(
            to.granted(),
            Granted {
                tags: true,
                echo: true
            }
        );
        assert!(answers(&mut to, ":s 001 alice :Welcome").is_empty());
    }

    #[test]
    fn a_server_without_any_of_it_is_entered_all_the_same() {
        let mut to = Registration::new(Login::Nobody, "alice");
        assert_eq!(answers(&mut to, ":s CAP * LS :multi-prefix"), ["CAP END"]);
        assert_eq!(answers(&mut to, ":s CAP * NAK :server-time"), ["CAP END"]);
        assert!(answers(&mut to, ":s 421 * CAP :Unknown command").is_empty());
    }

    #[test]
    fn a_password_goes_by_sasl_and_only_when_the_server_waits_for_it() {
        let mut to = by_password();
        assert!(!to.begin().concat().contains("secret"));
        let request = answers(&mut to, ":s CAP * LS :sasl message-tags");
        assert_eq!(request, ["CAP REQ :message-tags sasl"]);
        let begins = answers(&mut to, ":s CAP * ACK :message-tags sasl");
        assert_eq!(begins, ["AUTHENTICATE PLAIN"]);
        // NUL, account, NUL, password.
        assert_eq!(
            answers(&mut to, "AUTHENTICATE +"),
            ["AUTHENTICATE AGFsAHNlY3JldA=="]
        );
        assert_eq!(answers(&mut to, ":s 903 * :in"), ["CAP END"]);
        assert!(answers(&mut to, ":s 001 alice :Welcome").is_empty());
        assert!(!format!("{to:?}").contains("secret"));
    }

    #[test]
    fn a_long_answer_goes_in_pieces_and_a_whole_number_of_them_has_an_end() {
        for (length, lines) in [(100, 1), (297, 2), (298, 2), (600, 3)] {
            let login = Login::Password {
                account: String::new(),
                password: "p".repeat(length),
            };
            let mut to = Registration::new(login, "alice");
            let sent = answers(&mut to, "AUTHENTICATE +");
            assert_eq!(sent.len(), lines, "{length}");
            assert!(sent.iter().all(|line| line.len() <= 13 + 400));
        }
        let mut to = Registration::new(Login::Certificate { file: "x".into() }, "alice");
        assert_eq!(answers(&mut to, "AUTHENTICATE +"), ["AUTHENTICATE +"]);
    }

    #[test]
    fn nobody_joins_without_the_login_that_was_asked_for() {
        assert_eq!(
            fails(&mut by_password(), ":s CAP * LS :message-tags"),
            CloseCode::Auth
        );
        assert_eq!(
            fails(&mut by_password(), ":s CAP * NAK :sasl"),
            CloseCode::Auth
        );
        assert_eq!(fails(&mut by_password(), ":s 904 * :no"), CloseCode::Auth);
        assert_eq!(
            fails(&mut by_password(), ":s 001 alice :Welcome"),
            CloseCode::Auth
        );
        // What the server asks for is not understood: nothing is told.
        assert_eq!(
            answers(&mut by_password(), "AUTHENTICATE abc"),
            ["AUTHENTICATE *"]
        );
    }

    #[test]
    fn a_nick_that_others_have_gets_signs_until_it_is_enough() {
        let mut to = Registration::new(Login::Nobody, "alice_in_wonderland");
        for nick in ["alice_in_wonder_", "alice_in_wonde_2", "alice_in_wonde_3"] {
            let asked = answers(&mut to, ":s 433 * alice :Nickname is already in use");
            assert_eq!(asked, [format!("NICK {nick}")]);
            assert_eq!(to.nick(), nick);
        }
        for _ in 3..8 {
            answers(&mut to, ":s 433 * alice :Nickname is already in use");
        }
        let code = fails(&mut to, ":s 433 * alice :Nickname is already in use");
        assert_eq!(code, CloseCode::NameTaken);
    }

    #[test]
    fn a_nick_that_is_none_there_gives_way_to_a_plain_one() {
        let mut to = Registration::new(Login::Nobody, "al|ice");
        assert_eq!(
            answers(&mut to, ":s 432 * al|ice :Erroneous"),
            ["NICK mpotr"]
        );
        assert!(answers(&mut to, ":s 432 * mpotr :Erroneous").is_empty());
    }
}
