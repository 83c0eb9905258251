//! To the server of an account, as this account: RFC 6120. Encrypted by `<starttls/>`, logged in by SASL, under a resource that
//! the server chooses.

use std::borrow::Cow;
use std::collections::BTreeSet;

use futures::{SinkExt as _, StreamExt as _};
use mpotr_carrier::{Asked, CloseCode, Closed};
use mpotr_transport::Tls;
use sasl::common::{ChannelBinding, Credentials};
use tokio::net::TcpStream;
use tokio_xmpp::connect::DnsConfig;
use tokio_xmpp::error::AuthError;
use tokio_xmpp::jid::{BareJid, FullJid};
use tokio_xmpp::parsers::bind::BindQuery;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::sasl::DefinedCondition;
use tokio_xmpp::parsers::starttls::{Nonza, Request};
use tokio_xmpp::parsers::{ns, stream_error};
use tokio_xmpp::xmlstream::{
    FallibleStreamElement, PendingFeaturesRecv, RecvFeaturesError, StreamHeader, XmppStream,
    XmppStreamElement, initiate_stream,
};
use tokio_xmpp::{Error, client_login};

use crate::address::{self, Address};
use crate::sifted::Sifted;
use crate::wire::{Io, TIMEOUTS, Wire, last_words};

/// How guests log in that have no account.
const GUESTS: &str = "ANONYMOUS";

/// Who comes.
struct Who {
    account: BareJid,
    password: Option<String>,
}

/// A stream on which stanzas can be sent, and what this client is called on it.
pub(crate) async fn connect(asked: &Asked, address: &Address) -> Result<(Wire, FullJid), Closed> {
    let who = who(asked, address)?;
    let domain = who.account.domain().as_str();
    let reached = reach(address, domain).await?;
    let io: Io = if address.is_plain {
        Box::new(Sifted::new(reached))
    } else {
        let tls = Tls::new(&address.pins, None)?;
        let reached = until_encrypted(reached, domain).await?;
        Box::new(Sifted::new(tls.connect(domain, reached).await?))
    };
    let opened = opened(io, domain).await?;
    let (features, stream) = opened.recv_features().await.map_err(of_features)?;
    let login = shown(&who, &features.sasl_mechanisms)?;
    let (mechanisms, credentials) = login;
    let stream = client_login(stream, mechanisms, credentials).await;
    let opened = stream.map_err(of_login)?.send_header(header(domain)).await;
    let (_, stream) = opened
        .map_err(unreachable)?
        .recv_features()
        .await
        .map_err(of_features)?;
    let mut wire = Wire::new(stream);
    let bound = bound(&mut wire).await?;
    Ok((wire, bound))
}

/// The account, and its password.
fn who(asked: &Asked, address: &Address) -> Result<Who, Closed> {
    let refused = |text: String| Closed::new(CloseCode::Auth, text);
    if asked.login.certificate_file.is_some() {
        let text = "XMPP is logged in to by an account and its password, and not by a certificate";
        return Err(refused(text.to_owned()));
    }
    let account = match &asked.login.account {
        Some(account) => Some(address::account(account).map_err(refused)?),
        None => address.account.clone(),
    };
    let account = account.ok_or_else(|| {
        refused("XMPP needs an account: --account, or ?account= in the address".to_owned())
    })?;
    let password = asked.login.password();
    let password = password.map_err(|error| refused(error.to_string()))?;
    match (account.node().is_some(), password.is_some()) {
        (true, false) => Err(refused(
            "the account has no password: --carrier-password FILE".to_owned(),
        )),
        (false, true) => Err(refused(
            "a password belongs to an account, which has a name before the @".to_owned(),
        )),
        _ => Ok(Who { account, password }),
    }
}

async fn reach(address: &Address, domain: &str) -> Result<TcpStream, Closed> {
    let reached = match &address.server {
        Some(server) => {
            let reached = TcpStream::connect((server.host.as_str(), server.port)).await;
            reached.map_err(Error::from)
        }
        None => DnsConfig::srv_default_client(domain).resolve().await,
    };
    let reached = reached.map_err(|error| {
        let text = format!("no connection to the server of {domain}: {error}");
        Closed::new(CloseCode::Unreachable, text)
    })?;
    // What waits for more to come would make a word and its answer slow.
    reached.set_nodelay(true).map_err(unreachable)?;
    Ok(reached)
}

fn header(domain: &str) -> StreamHeader<'_> {
    StreamHeader {
        to: Some(Cow::Borrowed(domain)),
        from: None,
        id: None,
    }
}

async fn opened<I>(io: I, domain: &str) -> Result<PendingFeaturesRecv<I>, Closed>
where
    I: tokio::io::AsyncBufRead + tokio::io::AsyncWrite + Unpin,
{
    let opened = initiate_stream(io, ns::JABBER_CLIENT, header(domain), TIMEOUTS).await;
    opened.map_err(unreachable)
}

/// Asks the server to encrypt, and gives the connection on which it then does. What it has said before that counts for nothing.
async fn until_encrypted(reached: TcpStream, domain: &str) -> Result<TcpStream, Closed> {
    let opened = opened(Sifted::new(reached), domain).await?;
    let answered: Result<(_, XmppStream<_>), _> = opened.recv_features().await;
    let (features, mut stream) = answered.map_err(of_features)?;
    let refused = || Closed::new(CloseCode::Tls, "the server does not encrypt connections");
    if !features.can_starttls() {
        return Err(refused());
    }
    let request = XmppStreamElement::Starttls(Nonza::Request(Request));
    stream.send(&request).await.map_err(unreachable)?;
    match stream.next().await {
        Some(Ok(FallibleStreamElement::Ok(XmppStreamElement::Starttls(Nonza::Proceed(_))))) => {
            Ok(stream.into_inner().into_inner())
        }
        Some(Ok(_other)) => Err(refused()),
        Some(Err(error)) => Err(unreachable(error)),
        None => Err(unreachable("the server has closed the connection")),
    }
}

/// How a server may be shown who comes, of what it takes.
fn shown(who: &Who, offered: &BTreeSet<String>) -> Result<(BTreeSet<String>, Credentials), Closed> {
    let is_guest = who.password.is_none();
    let fits = |mechanism: &&String| (mechanism.as_str() == GUESTS) == is_guest;
    let mechanisms: BTreeSet<_> = offered.iter().filter(fits).cloned().collect();
    if is_guest && mechanisms.is_empty() {
        let text = "the server lets in nobody without an account";
        return Err(Closed::new(CloseCode::Auth, text));
    }
    // A guest shows neither.
    let name = who.account.node().map_or("", |name| name.as_str());
    let password = who.password.as_deref().unwrap_or_default();
    let credentials = Credentials::default()
        .with_username(name)
        .with_password(password)
        .with_channel_binding(ChannelBinding::None);
    Ok((mechanisms, credentials))
}

/// Binds a resource: what tells this connection from others of the account.
async fn bound(wire: &mut Wire) -> Result<FullJid, Closed> {
    const ID: &str = "bind";

    wire.say(Iq::from_set(ID, BindQuery::new(None)));
    loop {
        let element = wire.next(true).await?;
        if let Some(closed) = last_words(&element) {
            return Err(closed);
        }
        if !element.is("iq", ns::JABBER_CLIENT) || element.attr("id") != Some(ID) {
            continue;
        }
        let called = element.get_child("bind", ns::BIND);
        let called = called.and_then(|bind| bind.get_child("jid", ns::BIND));
        let called = called.and_then(|jid| FullJid::new(&jid.text()).ok());
        return called.ok_or_else(|| {
            let text = "the server has no place for another connection of this account";
            Closed::new(CloseCode::Full, text)
        });
    }
}

fn unreachable(error: impl core::fmt::Display) -> Closed {
    let text = format!("no connection to the server: {error}");
    Closed::new(CloseCode::Unreachable, text)
}

fn of_features(error: RecvFeaturesError) -> Closed {
    match error {
        RecvFeaturesError::Io(error) => unreachable(error),
        RecvFeaturesError::StreamError(error) => of_stream(&error.0),
    }
}

fn of_stream(error: &stream_error::StreamError) -> Closed {
    use stream_error::DefinedCondition::{HostGone, HostUnknown, NotAuthorized};

    let is_final = matches!(error.condition, HostGone | HostUnknown | NotAuthorized);
    let code = match is_final {
        true => CloseCode::Refused,
        false => CloseCode::Unreachable,
    };
    Closed::new(code, format!("the server refuses: {}", error.condition))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all others are what the connection did, in the words of the library"
)]
fn of_login(error: Error) -> Closed {
    let refused = |text: &str| Closed::new(CloseCode::Auth, text);
    match error {
        Error::Auth(AuthError::Fail(DefinedCondition::TemporaryAuthFailure)) => {
            unreachable("the server cannot check passwords now")
        }
        Error::Auth(AuthError::Fail(
            DefinedCondition::AccountDisabled | DefinedCondition::CredentialsExpired,
        )) => refused("the account is disabled"),
        Error::Auth(AuthError::Fail(_)) => {
            refused("the server refuses the account or its password")
        }
        Error::Auth(AuthError::NoMechanism) => {
            refused("the server takes no way to log in that this program has")
        }
        // A server that cannot show that it knows the password is not that of the account.
        Error::Auth(AuthError::Sasl(_)) => refused("the server does not know the password itself"),
        Error::StreamError(error) => of_stream(&error.0),
        error => unreachable(error),
    }
}
