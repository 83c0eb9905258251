//! The stream that keeps what all rooms of a server have said within ten minutes.

use std::time::Duration;

use async_nats::datetime::DateTime;
use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, Info, RetentionPolicy, StorageType};
use async_nats::jetstream::{Context, ErrorCode};
use mpotr_carrier::{CloseCode, Closed};
use tokio::time::sleep;

use crate::outgoing::about;

/// Its name.
pub(crate) const NAME: &str = "MPOTR";

/// What the subjects of rooms begin with.
pub(crate) const PREFIX: &str = "mpotr.v1.";

/// For how long it keeps what was said.
pub(crate) const AGE: Duration = Duration::from_secs(600);

/// How much of it, of all rooms together and of one.
const BYTES: i64 = 256 << 20;
const MESSAGES_OF_ROOM: i64 = 1 << 14;

/// Within this the server knows a message that it is given once more.
const TWICE: Duration = Duration::from_secs(120);

/// In a cluster, so many servers keep each message: one of them may go.
const REPLICAS: usize = 3;

/// How often a cluster is asked that has no leader yet.
const AGAIN: Duration = Duration::from_secs(1);

/// What is known of the stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    /// The most bytes of a message, if that is bounded.
    pub(crate) most: Option<usize>,
    /// When it was made: another stream of this name counts from one again.
    pub(crate) since: DateTime,
    /// The number of its last message.
    pub(crate) last: u64,
}

fn config(num_replicas: usize) -> Config {
    Config {
        name: NAME.to_owned(),
        description: Some("packets of mpOTR, which no server reads".to_owned()),
        subjects: vec![format!("{PREFIX}*")],
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        max_age: AGE,
        max_bytes: BYTES,
        max_messages_per_subject: MESSAGES_OF_ROOM,
        duplicate_window: TWICE,
        storage: StorageType::File,
        num_replicas,
        ..Config::default()
    }
}

/// Finds the stream, or makes it. What an operator has made in its place is taken as it is.
pub(crate) async fn ensured(context: &Context) -> Result<Kept, Closed> {
    let is_cluster = context.client().server_info().cluster.is_some();
    loop {
        match found(context).await {
            Ok(Some(kept)) => return Ok(kept),
            Ok(None) => {}
            Err(Some(closed)) => return Err(closed),
            Err(None) => {
                sleep(about(AGAIN)).await;
                continue;
            }
        }
        match made(context, if is_cluster { REPLICAS } else { 1 }).await {
            Ok(()) => {}
            Err(Some(closed)) => return Err(closed),
            Err(None) => sleep(about(AGAIN)).await,
        }
    }
}

/// What there is. An error without a reason may pass.
async fn found(context: &Context) -> Result<Option<Kept>, Option<Closed>> {
    match context.get_stream(NAME).await {
        Ok(stream) => Ok(Some(kept(stream.cached_info()))),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(error)
                if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            GetStreamErrorKind::JetStream(error) => Err(fault(error.error_code(), &error)),
            GetStreamErrorKind::Request
            | GetStreamErrorKind::EmptyName
            | GetStreamErrorKind::InvalidStreamName => Err(of_request(context)),
        },
    }
}

async fn made(context: &Context, replicas: usize) -> Result<(), Option<Closed>> {
    let Err(error) = context.create_stream(config(replicas)).await else {
        return Ok(());
    };
    match error.kind() {
        // Another member was quicker.
        CreateStreamErrorKind::JetStream(error)
            if error.error_code() == ErrorCode::STREAM_NAME_EXIST =>
        {
            Ok(())
        }
        CreateStreamErrorKind::JetStream(error) => Err(fault(error.error_code(), &error)),
        CreateStreamErrorKind::EmptyStreamName
        | CreateStreamErrorKind::InvalidStreamName
        | CreateStreamErrorKind::DomainAndExternalSet
        | CreateStreamErrorKind::JetStreamUnavailable
        | CreateStreamErrorKind::TimedOut
        | CreateStreamErrorKind::Response
        | CreateStreamErrorKind::NotFound
        | CreateStreamErrorKind::ResponseParse => Err(of_request(context)),
    }
}

fn kept(info: &Info) -> Kept {
    Kept {
        most: usize::try_from(info.config.max_message_size)
            .ok()
            .filter(|most| *most > 0),
        since: info.created,
        last: info.state.last_sequence,
    }
}

/// Of a request that was not answered: it may be too early for that, unless the server says that it has no JetStream.
fn of_request(context: &Context) -> Option<Closed> {
    let text = "the server has no JetStream, by which packets are carried";
    (!context.client().server_info().jetstream).then(|| Closed::new(CloseCode::Refused, text))
}

/// What the server says, if it is not to pass by itself.
fn fault(code: ErrorCode, error: &dyn core::fmt::Display) -> Option<Closed> {
    let text = format!("the server does not keep the stream {NAME}: {error}");
    match code {
        ErrorCode::CLUSTER_NOT_AVAILABLE | ErrorCode::CLUSTER_NO_PEERS => None,
        ErrorCode::INSUFFICIENT_RESOURCES | ErrorCode::STORAGE_RESOURCES_EXCEEDED => {
            Some(Closed::new(CloseCode::Full, text))
        }
        _ => Some(Closed::new(CloseCode::Refused, text)),
    }
}
