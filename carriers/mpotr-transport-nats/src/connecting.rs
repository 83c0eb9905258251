//! To a server, as whom, and into a room.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerError, jetstream};
use mpotr_carrier::{Asked, Carrier, CloseCode, Closed, Login};
use mpotr_transport::Tls;
use tokio::time::{Instant, sleep, timeout_at};

use crate::address::Address;
use crate::outgoing::Outgoing;
use crate::reading::{Place, Reader};
use crate::stream;
use crate::transport::{NatsTransport, State};

/// For all of it. `mpotr` waits for 60 s.
const LIMIT: Duration = Duration::from_secs(45);

/// The bytes of what stands beside a packet: two headers of fixed length, and what the protocol puts around them.
const BESIDE: usize = 256;

/// A server that takes less than this is of no use: offers and proposals are longer.
const LEAST: usize = 4_096;

/// The subject of a room: its name in hexadecimal digits, so that no name means anything to the server.
fn subject(room: &[u8]) -> String {
    use core::fmt::Write as _;

    let mut subject = stream::PREFIX.to_owned();
    for byte in room {
        // A string takes all that is written.
        let _written = write!(subject, "{byte:02x}");
    }
    subject
}

/// Eight random bytes as hexadecimal digits.
pub(crate) fn random() -> Result<u64, Closed> {
    let mut bytes = [0; 8];
    let failed = |error| Closed::new(CloseCode::Refused, format!("no random bytes: {error}"));
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(u64::from_be_bytes(bytes))
}

/// Joins a room.
pub(crate) async fn open(asked: Asked) -> Result<NatsTransport, Closed> {
    let address = Address::read(&asked.address);
    let address = address.map_err(|error| Closed::new(CloseCode::Refused, error))?;
    let state = Arc::new(State::default());
    let until = Instant::now().checked_add(LIMIT);
    let until = until.unwrap_or_else(Instant::now);
    let joining = join(&asked, &address, Arc::clone(&state));
    match timeout_at(until, joining).await {
        Ok(joined) => joined,
        Err(_elapsed) => Err(Closed::new(
            CloseCode::Unreachable,
            "the server does not answer in time",
        )),
    }
}

async fn join(
    asked: &Asked,
    address: &Address,
    state: Arc<State>,
) -> Result<NatsTransport, Closed> {
    let client = connect(asked, address, Arc::clone(&state)).await?;
    let info = client.server_info();
    if !info.headers {
        let text = "the server is too old: it knows no headers";
        return Err(Closed::new(CloseCode::Refused, text));
    }
    let mut context = jetstream::new(client.clone());
    // Who asks has a patience of its own.
    context.set_timeout(Duration::from_secs(20));
    let kept = stream::ensured(&context).await?;
    let most = kept
        .most
        .map_or(info.max_payload, |most| most.min(info.max_payload));
    let max_packet = most.saturating_sub(BESIDE).min(Carrier::RELAY.max_packet);
    if max_packet < LEAST {
        let text = format!("the server takes messages of {most} bytes, which is too little");
        return Err(Closed::new(CloseCode::Refused, text));
    }
    let carrier = Carrier {
        name: "nats",
        max_packet,
        unit: None,
        // They come back, and are taken out by what they say of their sender.
        echoes: false,
        ordered: true,
    };
    let (own, subject) = (random()?, subject(asked.room.as_bytes()));
    let from = Place::of(&kept, asked.away);
    let reader = Reader::new(
        context.clone(),
        subject.clone(),
        own,
        from,
        Arc::clone(&state),
    );
    let incoming = reader.start().await?;
    let outgoing = Outgoing::new(context, subject, own, Arc::clone(&state));
    Ok(NatsTransport::new(
        carrier, client, outgoing, incoming, state,
    ))
}

/// A connection. It is made again by itself when it breaks: how long that may take is the state's to say.
async fn connect(asked: &Asked, address: &Address, state: Arc<State>) -> Result<Client, Closed> {
    let heard = Arc::clone(&state);
    let mut options = ConnectOptions::new()
        // What members call each other is not for the server.
        .name("mpotr")
        .connection_timeout(Duration::from_secs(10))
        .request_timeout(Some(Duration::from_secs(20)))
        .ping_interval(Duration::from_secs(10))
        .reconnect_delay_callback(|attempts| match attempts {
            0 | 1 => Duration::ZERO,
            _ => Duration::from_millis(250),
        })
        .max_reconnects(None)
        .event_callback(move |event| {
            heard.note(&event);
            async {}
        });
    if let Some(pins) = &address.tls {
        let tls = Tls::new(pins, asked.login.certificate_file.as_deref())?;
        options = options
            .require_tls(true)
            .tls_client_config((*tls.config()).clone());
    }
    options = shown(options, &asked.login, address)?;
    options
        .connect(address.servers.clone())
        .await
        .map_err(|error| {
            let code = match error.kind() {
                ConnectErrorKind::ServerParse => CloseCode::Refused,
                ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                    CloseCode::Auth
                }
                ConnectErrorKind::Tls => CloseCode::Tls,
                ConnectErrorKind::Io if is_of_tls(&error) => CloseCode::Tls,
                ConnectErrorKind::Dns
                | ConnectErrorKind::TimedOut
                | ConnectErrorKind::Io
                | ConnectErrorKind::MaxReconnects => CloseCode::Unreachable,
            };
            Closed::new(code, format!("no connection to the server: {error}"))
        })
}

/// Whether a server that was reached is not the one that is meant, or speaks TLS as this side does not.
fn is_of_tls(error: &(dyn core::error::Error + 'static)) -> bool {
    let is_fault = |error: &(dyn core::error::Error + 'static)| {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        inner.is_some_and(|inner| inner.is::<async_nats::rustls::Error>())
    };
    let causes = core::iter::successors(Some(error), |error| error.source());
    causes.into_iter().any(is_fault)
}

/// What a file of credentials begins with, as operators hand it out.
const CREDENTIALS: &str = "-----BEGIN NATS USER JWT-----";

/// Shows the server who comes: credentials, an account and its password, or a token.
fn shown(
    options: ConnectOptions,
    login: &Login,
    address: &Address,
) -> Result<ConnectOptions, Closed> {
    let refused = |text: String| Closed::new(CloseCode::Auth, text);
    let account = login.account.as_ref().or(address.account.as_ref());
    let secret = login.secret().map_err(|error| refused(error.to_string()))?;
    if let Some((path, text)) = secret
        && text.contains(CREDENTIALS)
    {
        let unusable = |error| refused(format!("{} cannot be used: {error}", path.display()));
        return options.credentials(&text).map_err(unusable);
    }
    let password = login.password();
    let password = password.map_err(|error| refused(error.to_string()))?;
    if password.is_some() && address.tls.is_none() && !address.is_here() {
        let text = "a password goes over TLS alone: natss:// in place of nats://";
        return Err(refused(text.to_owned()));
    }
    match (account, password) {
        (Some(account), Some(password)) => Ok(options.user_and_password(account.clone(), password)),
        (Some(_), None) => Err(refused("the account has no password".to_owned())),
        (None, Some(token)) => Ok(options.token(token)),
        (None, None) => Ok(options),
    }
}

impl State {
    fn note(self: &Arc<Self>, event: &Event) {
        match event {
            Event::Connected => self.is_up(),
            Event::Disconnected => self.is_down(),
            Event::LameDuckMode => self.say("the server is about to end; another is looked for"),
            Event::ServerError(ServerError::AuthorizationViolation) => {
                let text = "the server does not take this account any longer";
                self.close(Closed::new(CloseCode::Auth, text));
            }
            Event::ServerError(ServerError::Other(text)) if text.contains("maximum") => {
                self.close(Closed::new(
                    CloseCode::Full,
                    format!("the server says: {text}"),
                ));
            }
            // What was lost is asked for again by its number; the rest is told by what does not come.
            Event::Draining
            | Event::Closed
            | Event::SlowConsumer(_)
            | Event::ServerError(_)
            | Event::ClientError(_) => {}
        }
    }
}

/// Watches over a connection: one that is away for too long is over.
pub(crate) async fn watch(state: Arc<State>) {
    loop {
        sleep(Duration::from_millis(250)).await;
        if state.closed().is_some() {
            return;
        }
        state.judge();
    }
}

#[cfg(test)]
mod tests {
    use super::subject;

    #[test]
    fn a_room_is_one_word_of_a_subject_whatever_its_name() {
        assert_eq!(subject(b".>* \0"), "mpotr.v1.2e3e2a2000");
        assert_eq!(subject(&[0xff; 64]).len(), "mpotr.v1.".len() + 128);
    }
}
