//! The arguments of `mpotr chat`.

use std::path::PathBuf;

use clap::Args;
use mpotr::{Backend, IdentityKey, Rekey, RoomName, SuiteId};
use mpotr_formats::Nick;
use mpotr_formats::known::petname_of;

use super::door::Trust;
use super::invited::LinkSource;
use super::rules::WrittenRule;
use mpotr_transport::RelayAddress;

use crate::address::{self, Place};
use crate::login::LoginFiles;
use crate::suite::{backend_parser, default_backend, rekey_parser, suite_parser};

/// The heading of the options that say whom a chat lets in.
const WHOM: &str = "Whom to let in; without a terminal, one of these is needed";

/// The heading of the options by which a carrier knows who comes.
const LOGIN: &str = "Login at the carrier";

/// As many as a relay takes into one room, unless it is told otherwise: a room that waits for more would not begin.
const MAX_MEMBERS_OPTION: i64 = 512;

/// `mpotr chat`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ChatArgs {
    /// The relay; the same as --at mpotr://HOST[:PORT] [at a terminal this, --room and --nick are asked for, and offered the
    /// next time: mpotr/chat.toml in the user's configuration folder]
    #[arg(long, value_name = "HOST[:PORT]", value_parser = address::relay)]
    relay: Option<RelayAddress>,
    /// Where the room meets: `mpotr://HOST[:PORT]`, a relay, and `mpotrs://` over TLS, `ws://` and `wss://HOST[:PORT][/PATH]` over
    /// WebSocket; there, `#sha256=..` names the relay's key where no authority vouches for it. `irc://[NICK@]HOST[:PORT]/CHANNEL`, a
    /// channel of IRC, and `ircs://` over TLS, with `?sha256=..` for the server's key. `nats://[ACCOUNT@]HOST[:PORT]`, JetStream on
    /// NATS, `natss://` over TLS; `xmpp:ROOM@HOST`, a room of XMPP; `mailto:LIST@HOST`, a mailing list: by the programs
    /// `mpotr-transport-nats`, `-xmpp` and `-mail`. `exec:NAME[:ADDRESS]` starts a program `mpotr-transport-NAME` of your own
    #[arg(long, value_name = "ADDRESS", conflicts_with = "relay")]
    at: Option<Place>,
    /// The link that another gave you, `mpotr:..`, or a FILE that holds it: where the room meets, what it is called, and who is let
    /// in, and nobody else. You find out that who made it is there, and it, that you came by it. It serves once, and others on this
    /// machine may see the command line: a file they do not
    #[arg(long, value_name = "LINK", value_parser = LinkSource::parse,
        conflicts_with_all = ["relay", "at", "room", "members", "with", "trust", "ask", "open"])]
    pub(super) link: Option<LinkSource>,
    /// What to call who made the link, from now on: it is kept in the list of the people that you know
    #[arg(long, value_name = "NAME", value_parser = petname_of)]
    pub(super) link_of: Option<Nick>,
    /// You had the link from who made it in a way in which nobody can have changed it, scanned from its screen for example: it is kept
    /// as verified
    #[arg(long)]
    pub(super) scanned: bool,
    /// Whom the link lets in.
    #[arg(skip)]
    pub(super) lets_in: Option<Vec<IdentityKey>>,
    /// The account at the carrier, where it asks for one; by SASL at IRC
    #[arg(long, value_name = "ACCOUNT", requires = "carrier_password", help_heading = LOGIN)]
    account: Option<String>,
    /// The password in FILE, one line; without --account, that of the server or the bouncer. For programs of carriers, what the
    /// carrier gave: they read FILE at each connection
    #[arg(long, value_name = "FILE", id = "carrier_password", help_heading = LOGIN)]
    carrier_password: Option<PathBuf>,
    /// The certificate to show to the carrier: a file of PEM with its key
    #[arg(long, value_name = "FILE", conflicts_with_all = ["account", "carrier_password"], help_heading = LOGIN)]
    carrier_certificate: Option<PathBuf>,
    /// The room's name, the same for all its members. With --screen it may be given for each of several rooms, which are on one
    /// screen: alt and a number, or alt-n, goes to another
    #[arg(long, value_name = "NAME")]
    pub(super) room: Vec<RoomName>,
    /// What to be called
    #[arg(long)]
    pub(super) nick: Option<Nick>,
    /// The file of the people that you know, who are shown by the names that you gave them, and all others with `?` behind
    /// their nicks [default: mpotr/known-peers in the user's data folder, if it is there]
    #[arg(long, value_name = "FILE")]
    pub(super) people: Option<PathBuf>,
    /// Wait until so many members are in, this one included [default: all of --with, else all who have gathered, two or
    /// more]
    #[arg(long, value_name = "N", conflicts_with = "with",
        value_parser = clap::value_parser!(u16).range(2..=MAX_MEMBERS_OPTION))]
    pub(super) members: Option<u16>,
    /// Give up, with exit code 124, if the room has not begun after so many seconds [default: wait for as long as it takes]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) wait: Option<u32>,
    /// The identity file [default: the one that `mpotr identity new` makes, mpotr/identity in the user's data folder; else a
    /// new identity that is forgotten at the end]
    #[arg(long, value_name = "FILE")]
    pub(super) identity: Option<PathBuf>,
    /// Be a new identity that is forgotten at the end, whatever is in the user's data folder
    #[arg(long, conflicts_with = "identity")]
    pub(super) throw_away: bool,
    /// The identity file is under the passphrase in FILE, one line of text; without this, it is asked for
    #[arg(long, value_name = "FILE", conflicts_with = "throw_away")]
    pub(super) passphrase_file: Option<PathBuf>,
    /// Talk with these and nobody else: files with public keys, as `mpotr identity show --public` prints them, with commas
    /// or spaces between. The room begins when all of them are in, and nothing is sent before; so there is no --members
    /// beside it. Nobody else reads a line
    #[arg(long, value_name = "FILE", num_args = 1.., value_delimiter = ',', help_heading = WHOM)]
    pub(super) with: Vec<PathBuf>,
    /// Let in whom you know (`mpotr people`), and nobody else before `/admit`
    #[arg(long, value_enum, conflicts_with = "with", help_heading = WHOM)]
    pub(super) trust: Option<Trust>,
    /// Let nobody in before `/admit` [the default at a terminal]
    #[arg(long, conflicts_with_all = ["with", "trust"], help_heading = WHOM)]
    pub(super) ask: bool,
    /// Let anyone in who knows the name of the room. At a terminal a line goes to those alone whom you were shown before
    /// you sent it; from a pipe, to all who are in the room when it leaves
    #[arg(long, conflicts_with_all = ["with", "ask", "trust"], help_heading = WHOM)]
    pub(super) open: bool,
    /// Obey lines of the input that begin with a slash, `/kick bob` for example, though it is no terminal. Without this
    /// they are texts like all others
    #[arg(long)]
    pub(super) commands: bool,
    /// Whose word lets a person in: `anyone`, a number of members, or files with public keys, with commas between. It
    /// holds besides --with, --ask and --open, which say whom this member itself lets in. With none of the rules given,
    /// those of a room that is there already are followed; those who begin one together give the same
    #[arg(
        long,
        value_name = "RULE",
        value_parser = WrittenRule::parse_of_files,
        help_heading = "Rules of the room, the same for all who begin it"
    )]
    pub(super) admit: Option<WrittenRule>,
    /// Whose word leaves a member out
    #[arg(
        long,
        value_name = "RULE",
        value_parser = WrittenRule::parse_of_files,
        help_heading = "Rules of the room, the same for all who begin it"
    )]
    pub(super) exclude: Option<WrittenRule>,
    /// Whose word changes the rules [default: anyone; with --exclude or --admit the stricter of these, since what any one
    /// member may change binds nobody]
    #[arg(
        long,
        value_name = "RULE",
        value_parser = WrittenRule::parse_of_files,
        help_heading = "Rules of the room, the same for all who begin it"
    )]
    pub(super) change: Option<WrittenRule>,
    /// Votes leave out only who is proven to have cheated
    #[arg(
        long,
        help_heading = "Rules of the room, the same for all who begin it"
    )]
    pub(super) evidence: bool,
    /// By which runs those who are in the room change their keys: light ones where these do, or full ones [default: light]
    #[arg(
        long,
        value_parser = rekey_parser(),
        help_heading = "Rules of the room, the same for all who begin it"
    )]
    pub(super) rekey: Option<Rekey>,
    /// Show the talk on a screen of its own: what was said with how far each text is, who is there and what is known of them, and
    /// what waits. `screen = true` in mpotr/chat.toml does it each time
    #[arg(long, conflicts_with = "plain")]
    pub(super) screen: bool,
    /// Show the talk line by line, which is the default, whatever chat.toml says; so it is read out well, and kept by the terminal
    #[arg(long)]
    pub(super) plain: bool,
    /// Keep a transcript in FILE, which must not exist: all that is signed and no key
    #[arg(long, value_name = "FILE")]
    pub(super) save_transcript: Option<PathBuf>,
    /// Who computes the suite
    #[arg(long, default_value_t = default_backend(), value_parser = backend_parser())]
    pub(super) backend: Backend,
    /// The algorithms, the same for all members of the room
    #[arg(long, default_value_t = SuiteId::ChaCha20Poly1305, value_parser = suite_parser())]
    pub(super) suite: SuiteId,
}

impl ChatArgs {
    /// The same, in a room that a link names.
    pub(super) fn in_room(&self, place: Place, room: RoomName, lets_in: Vec<IdentityKey>) -> Self {
        Self {
            at: Some(place),
            room: vec![room],
            ask: lets_in.is_empty(),
            lets_in: Some(lets_in).filter(|keys| !keys.is_empty()),
            ..self.clone()
        }
    }

    /// Where the room meets, if that is said.
    pub(super) fn place(&self) -> Option<Place> {
        let relay = || self.relay.clone().map(Place::Relay);
        self.at.clone().or_else(relay)
    }

    /// How the carrier is shown who comes.
    pub(super) fn login(&self) -> LoginFiles {
        LoginFiles {
            account: self.account.clone(),
            password: self.carrier_password.clone(),
            certificate: self.carrier_certificate.clone(),
        }
    }
}
