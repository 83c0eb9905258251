//! `mpotr relay`.

mod args;
#[cfg(feature = "tls")]
mod certificate;
mod limits;

use anyhow::Context as _;
use mpotr_transport::Relay;
use tokio_util::sync::CancellationToken;

pub(crate) use args::RelayArgs;

use crate::output::Output;
use crate::stop::Stop;

/// Runs a relay until it is asked to stop.
///
/// # Errors
/// The address cannot be listened on; standard output is closed.
pub(crate) async fn run(args: &RelayArgs, out: &mut Output) -> anyhow::Result<()> {
    let mut stop = Stop::listen().context("cannot take signals")?;
    #[cfg(feature = "tls")]
    let server = args.tls.as_deref().map(certificate::server).transpose()?;
    let relay = Relay::bind_with(&*args.listen, args.limits.limits())
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    out.line(format_args!("listening on {}", relay.local_addr()))?;
    #[cfg(feature = "tls")]
    let relay = match server {
        None => relay,
        Some(server) => {
            let (host, pin) = (relay.local_addr(), server.pin().to_hex());
            out.line(format_args!("over TLS: mpotrs://{host}#sha256={pin}"))?;
            relay.with_tls(server)
        }
    };
    let shutdown = CancellationToken::new();
    let mut running = core::pin::pin!(relay.run(shutdown.clone()));
    tokio::select! {
        () = &mut running => return Ok(()),
        _ = stop.asked() => {}
    }
    shutdown.cancel();
    // Who asks twice does not want to wait for the last packets.
    tokio::select! {
        () = &mut running => {}
        _ = stop.asked() => {}
    }
    Ok(())
}
