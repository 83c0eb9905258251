//! `mpotr relay`.

mod args;
#[cfg(feature = "tls")]
mod certificate;
mod limits;

#[cfg(feature = "websocket")]
use std::path::Path;

use anyhow::Context as _;
use mpotr_transport::Relay;
#[cfg(feature = "websocket")]
use mpotr_transport::{Page, PageError};
use tokio_util::sync::CancellationToken;

pub(crate) use args::RelayArgs;

#[cfg(feature = "websocket")]
use crate::files::FileError;
use crate::output::Output;
use crate::steps::{Stepped, Tried};
use crate::stop::Stop;

/// Runs a relay until it is asked to stop.
///
/// # Errors
/// The address cannot be listened on; standard output is closed.
pub(crate) async fn run(args: &RelayArgs, out: &mut Output) -> anyhow::Result<()> {
    let mut stop = Stop::listen().context("cannot take signals")?;
    #[cfg(feature = "tls")]
    let server = args.tls.as_deref().map(certificate::server).transpose()?;
    #[cfg(feature = "websocket")]
    let page = args.web.as_deref().map(page).transpose()?;
    let relay = Relay::bind_with(&*args.listen, args.limits.limits())
        .await
        .map_err(|error| Stepped::of(Tried::Listen, error))
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
    #[cfg(feature = "websocket")]
    let relay = for_browsers(relay, page, args, out)?;
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

#[cfg(feature = "websocket")]
fn page(folder: &Path) -> anyhow::Result<Page> {
    let read = Page::read(folder).map_err(|error| {
        if let PageError::Read { path, source } = error {
            FileError::io(&path)(source).into()
        } else {
            anyhow::Error::new(error)
        }
    });
    read.with_context(|| format!("cannot serve {}", folder.display()))
}

#[cfg(feature = "websocket")]
fn for_browsers(
    relay: Relay,
    page: Option<Page>,
    args: &RelayArgs,
    out: &mut Output,
) -> anyhow::Result<Relay> {
    let relay = relay.with_web_origins(args.origins.iter().cloned());
    let Some(page) = page else {
        return Ok(relay);
    };
    let scheme = if args.tls.is_some() { "https" } else { "http" };
    let host = relay.local_addr();
    out.line(format_args!("for browsers: {scheme}://{host}"))?;
    Ok(relay.with_page(page))
}
