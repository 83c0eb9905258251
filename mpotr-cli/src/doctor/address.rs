//! Whether the place where a talk is to meet is reached.

use std::time::{Duration, Instant};

use mpotr::RoomId;
use mpotr::SystemRng;
use mpotr::crypto::rand_core::Rng as _;
use mpotr_transport::{
    CloseCode, Closed, Connect as _, ExecConnect, RelayAddress, RelayConnect, Transport as _,
};
#[cfg(feature = "irc")]
use tokio::net::TcpStream;
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::{Finding, Verdict};
use crate::address::{NetworkAddress, Place};

/// Who does not answer in such a time is not there.
const LONGEST: Duration = Duration::from_secs(10);

/// Looks at the place, if there is one.
pub(super) async fn look(place: Option<Place>) -> Finding {
    let Some(place) = place else {
        return finding(
            Verdict::Note,
            "none was named: --relay or --at, as for `mpotr chat`",
        );
    };
    let reached = timeout(LONGEST, reach(&place)).await;
    let what = place.what();
    let reached = reached.unwrap_or_else(|_late| {
        Err(Missed::Silent(format!(
            "did not answer in {} seconds: does a firewall let it through?",
            LONGEST.as_secs()
        )))
    });
    match reached {
        Ok(Reached::Whole(how)) => finding(Verdict::Ok, format!("the {what} {place}: {how}")),
        Ok(Reached::Partly(how)) => finding(Verdict::Note, format!("the {what} {place}: {how}")),
        Err(Missed::Unknown { host, why }) => finding(
            Verdict::Wrong,
            format!(
                "the {what} {place}: no host {host} is known here ({why}): is its name spelled right, and is this machine on the \
                 network? A number works without a name, 192.0.2.1:7667 for example"
            ),
        ),
        Err(Missed::Silent(why)) => finding(
            Verdict::Wrong,
            format!("the {what} {place}: {why}; {}", advice(&place)),
        ),
        Err(Missed::OtherKey(why)) => finding(
            Verdict::Wrong,
            format!(
                "the {what} {place}: {why}: is what stands behind #sha256= in the address what it prints at its start? Ask who runs it, \
                 by a way that you trust; if that has not changed, a stranger answers in its place, and nothing was said to it"
            ),
        ),
        Err(Missed::NotEncrypted(why)) => {
            finding(Verdict::Wrong, format!("the {what} {place}: {why}"))
        }
    }
}

async fn reach(place: &Place) -> Result<Reached, Missed> {
    match place {
        Place::Relay(address) => {
            known(address.host(), address.port()).await?;
            relay(address).await
        }
        #[cfg(feature = "irc")]
        Place::Irc(address) => {
            known(&address.host, address.port).await?;
            let reached = server(&address.host, address.port).await;
            reached.map_err(Missed::Silent)
        }
        Place::Network(NetworkAddress { program, .. }) => {
            installed(program).map_err(Missed::Silent)
        }
        Place::Program { name, .. } => installed(name).map_err(Missed::Silent),
    }
}

/// A host has an address.
async fn known(host: &str, port: u16) -> Result<(), Missed> {
    let missed = |why: String| {
        let host = host.to_owned();
        Missed::Unknown { host, why }
    };
    let found = lookup_host((host, port)).await;
    match found.map_err(|error| missed(error.to_string()))?.next() {
        Some(_) => Ok(()),
        None => Err(missed("it has no address".to_owned())),
    }
}

/// How far a place was looked at.
enum Reached {
    /// A talk can meet there.
    Whole(String),
    /// Something is there.
    Partly(String),
}

/// Why a place is not reached.
enum Missed {
    /// No host has that name.
    Unknown { host: String, why: String },
    /// It does not answer, or not as it should.
    Silent(String),
    /// It has another key than its address names.
    OtherKey(String),
    /// The connection cannot be encrypted, which says why.
    NotEncrypted(String),
}

impl From<Closed> for Missed {
    fn from(closed: Closed) -> Self {
        let Closed { code, text, .. } = closed;
        if code == CloseCode::Pin {
            Self::OtherKey(text)
        } else if code == CloseCode::Tls {
            Self::NotEncrypted(text)
        } else {
            Self::Silent(text)
        }
    }
}

/// What to do about a place that is not reached.
fn advice(place: &Place) -> String {
    match place {
        Place::Relay(address) => format!(
            "is it running (`mpotr relay --listen {}`), is it a relay of mpOTR with that port, and is the host's name right?",
            address.place()
        ),
        #[cfg(feature = "irc")]
        Place::Irc(_) => {
            "is that the server's name and port, and does it want TLS (ircs://)?".to_owned()
        }
        Place::Network(NetworkAddress { program, .. }) => installs(program),
        Place::Program { name, .. } => installs(name),
    }
}

fn installs(name: &str) -> String {
    format!("put mpotr-transport-{name} into a folder of PATH")
}

fn finding(verdict: Verdict, text: impl core::fmt::Display) -> Finding {
    Finding::new("address", verdict, text)
}

/// A relay takes this program into a room that nobody else is in.
async fn relay(address: &RelayAddress) -> Result<Reached, Missed> {
    let mut room = [0; 32];
    SystemRng::default().fill_bytes(&mut room);
    let began = Instant::now();
    let connect = RelayConnect::new(address.clone(), RoomId::new(room));
    let transport = async { connect?.connect().await }.await;
    let transport = transport?;
    let took = began.elapsed().as_millis();
    // What it takes is known, and nothing was said.
    let _closed = transport.close().await;
    Ok(Reached::Whole(format!("reached in {took} ms")))
}

/// A server takes a connection. That one is let into a channel shows when one comes.
#[cfg(feature = "irc")]
async fn server(host: &str, port: u16) -> Result<Reached, String> {
    let connected = TcpStream::connect((host, port)).await;
    let _connection = connected.map_err(|error| error.to_string())?;
    Ok(Reached::Partly(
        "takes connections; whether a server of IRC is there, and lets one in, is not tried"
            .to_owned(),
    ))
}

/// The program of a carrier is there.
fn installed(name: &str) -> Result<Reached, String> {
    let found = ExecConnect::find(name);
    let found = found.map(|program| {
        Reached::Partly(format!(
            "by {}, which is not started here",
            program.display()
        ))
    });
    found.map_err(|closed| closed.text)
}
