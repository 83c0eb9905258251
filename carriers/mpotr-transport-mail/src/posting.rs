//! Mails on their way to the server of the account: RFC 6409, a connection for each.

use lettre::Address as Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Ehlo;
use lettre::transport::smtp::extension::ClientId;
use mpotr_carrier::{CloseCode, Closed, Server};

use crate::connecting::{Encrypts, PATIENCE, Speaks, Stream, within};
use crate::writing::Written;

/// Where mails of an account are sent.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) server: Server,
    pub(crate) encrypts: Encrypts,
    pub(crate) account: Mailbox,
    pub(crate) password: Secret,
}

/// What nobody is to see in a log.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret")
    }
}

impl Post {
    /// Logs in, sends nothing, and tells how long a mail may be, if the server says so.
    pub(crate) async fn look(&self) -> Result<Option<usize>, Closed> {
        within(PATIENCE, async {
            let (mut connection, size) = self.connect().await?;
            // It has said what was to be known.
            let _bye = connection.quit().await;
            Ok(size)
        })
        .await
    }

    /// Sends a mail. A reason that passes by itself says that it is to be tried again.
    pub(crate) async fn send(&self, mail: &Written) -> Result<(), Closed> {
        within(PATIENCE, async {
            let (mut connection, _) = self.connect().await?;
            let sent = connection.send(&mail.envelope, &mail.bytes).await;
            sent.map_err(|error| of_server(&error, CloseCode::Refused, "does not take the mail"))?;
            let _bye = connection.quit().await;
            Ok(())
        })
        .await
    }

    async fn connect(&self) -> Result<(AsyncSmtpConnection, Option<usize>), Closed> {
        let stream = Stream::to(&self.server, &self.encrypts, Speaks::Smtp).await?;
        let me = ClientId::default();
        let connection = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &me).await;
        let refuses = |error: Error| of_server(&error, CloseCode::Refused, "refuses");
        let mut connection = connection.map_err(refuses)?;
        // Once more, for what it says of lengths is kept by nobody.
        let hello = connection.command(Ehlo::new(me)).await.map_err(refuses)?;
        let size = hello.message().find_map(size);
        let credentials = Credentials::new(self.account.to_string(), self.password.0.clone());
        let shown = connection
            .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
            .await;
        shown.map_err(|error| {
            of_server(
                &error,
                CloseCode::Auth,
                "refuses the account or its password",
            )
        })?;
        Ok((connection, size))
    }
}

/// What a server says of how long a mail may be (RFC 1870); 0 is no bound.
fn size(line: &str) -> Option<usize> {
    let size = line.strip_prefix("SIZE ")?;
    size.trim().parse().ok().filter(|size| *size > 0)
}

/// What a server that was asked says: a no of the kind `code`, or that it cannot now.
fn of_server(error: &Error, code: CloseCode, what: &str) -> Closed {
    let text = format!("the server for sending mail {what}: {}", words(error));
    if error.is_permanent() || error.is_client() {
        return Closed::new(code, text);
    }
    Closed::new(CloseCode::Unreachable, text)
}

fn words(error: &Error) -> String {
    let clean = |sign: char| if sign.is_control() { ' ' } else { sign };
    error.to_string().chars().map(clean).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn how_long_a_mail_may_be_is_what_the_server_says_of_it() {
        assert_eq!(size("SIZE 35882577"), Some(35_882_577));
        for line in [
            "SIZE",
            "SIZE 0",
            "SIZE x",
            "8BITMIME",
            "SIZE 99999999999999999999999",
        ] {
            assert_eq!(size(line), None, "{line}");
        }
    }
}
