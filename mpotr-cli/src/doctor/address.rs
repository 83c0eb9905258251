//! Whether the place where a talk is to meet is reached.

use std::time::{Duration, Instant};

use mpotr::RoomId;
use mpotr::SystemRng;
use mpotr::crypto::rand_core::Rng as _;
use mpotr_transport::{Connect as _, ExecConnect, RelayAddress, RelayConnect, Transport as _};
#[cfg(feature = "irc")]
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::args::DoctorArgs;
use super::{Finding, Verdict};
use crate::address::{NetworkAddress, Place};

/// Who does not answer in such a time is not there.
const LONGEST: Duration = Duration::from_secs(10);

/// Looks at the place, if one was named.
pub(super) async fn look(args: &DoctorArgs) -> Finding {
    let Some(place) = args.place() else {
        return finding(
            Verdict::Note,
            "none was named: --relay or --at, as for `mpotr chat`",
        );
    };
    let reached = match &place {
        Place::Relay(address) => timeout(LONGEST, relay(address)).await,
        #[cfg(feature = "irc")]
        Place::Irc(address) => timeout(LONGEST, server(&address.host, address.port)).await,
        Place::Network(NetworkAddress { program, .. }) => Ok(installed(program)),
        Place::Program { name, .. } => Ok(installed(name)),
    };
    let what = place.what();
    match reached {
        Ok(Ok(how)) => finding(Verdict::Ok, format!("the {what} {place}: {how}")),
        Ok(Err(why)) => finding(Verdict::Wrong, format!("the {what} {place}: {why}")),
        Err(_late) => finding(
            Verdict::Wrong,
            format!(
                "the {what} {place} did not answer in {} seconds: is the address right, and does a firewall let it through?",
                LONGEST.as_secs()
            ),
        ),
    }
}

fn finding(verdict: Verdict, text: impl core::fmt::Display) -> Finding {
    Finding::new("address", verdict, text)
}

/// A relay takes this program into a room that nobody else is in.
async fn relay(address: &RelayAddress) -> Result<String, String> {
    let mut room = [0; 32];
    SystemRng::default().fill_bytes(&mut room);
    let began = Instant::now();
    let connect = RelayConnect::new(address.clone(), RoomId::new(room));
    let transport = async { connect?.connect().await }.await;
    let transport = transport.map_err(|closed| closed.text)?;
    let took = began.elapsed().as_millis();
    // What it takes is known, and nothing was said.
    let _closed = transport.close().await;
    Ok(format!("reached in {took} ms"))
}

/// A server takes a connection. That one is let into a channel shows when one comes.
#[cfg(feature = "irc")]
async fn server(host: &str, port: u16) -> Result<String, String> {
    let connected = TcpStream::connect((host, port)).await;
    let _connection = connected.map_err(|error| error.to_string())?;
    Ok("takes connections; the login is not tried".to_owned())
}

/// The program of a carrier is there.
fn installed(name: &str) -> Result<String, String> {
    let found = ExecConnect::find(name);
    let found = found.map(|program| format!("by {}, which is not started here", program.display()));
    found.map_err(|closed| closed.text)
}
