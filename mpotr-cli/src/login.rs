//! Who a client is to its carrier, from what a person or a host names: an account, and files with what is secret.

use std::path::PathBuf;

#[cfg(feature = "irc")]
use anyhow::Context as _;
use mpotr_transport::ExecLogin;
#[cfg(feature = "irc")]
use mpotr_transport::irc::Login;

#[cfg(feature = "irc")]
use crate::files;

/// The most bytes of a file with a password.
#[cfg(feature = "irc")]
const MAX_PASSWORD: usize = 1024;

/// What a login is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoginFiles {
    /// The account; without one, the password is that of the server.
    pub(crate) account: Option<String>,
    /// The file with the password, one line.
    pub(crate) password: Option<PathBuf>,
    /// The file with the certificate and its key.
    pub(crate) certificate: Option<PathBuf>,
}

impl LoginFiles {
    /// Whether nothing is shown to the carrier.
    pub(crate) const fn is_empty(&self) -> bool {
        self.account.is_none() && self.password.is_none() && self.certificate.is_none()
    }

    /// The same for a program of a carrier, which reads the files by itself.
    pub(crate) fn of_program(&self) -> ExecLogin {
        ExecLogin {
            account: self.account.clone(),
            password_file: self.password.clone(),
            certificate_file: self.certificate.clone(),
        }
    }

    /// Reads it. The file with the password may be a pipe.
    ///
    /// # Errors
    /// The password cannot be read, or is not one line.
    #[cfg(feature = "irc")]
    pub(crate) fn read(&self) -> anyhow::Result<Login> {
        if let Some(file) = &self.certificate {
            return Ok(Login::Certificate { file: file.clone() });
        }
        let Some(path) = &self.password else {
            return Ok(Login::Nobody);
        };
        let text = files::read(path, MAX_PASSWORD).context("cannot read the password")?;
        let text = core::str::from_utf8(&text)
            .with_context(|| format!("the password in {} is not one line", path.display()))?;
        let password = text.trim_end_matches(['\r', '\n']).to_owned();
        let is_fit = !password.is_empty() && !password.contains(['\r', '\n', '\0']);
        anyhow::ensure!(is_fit, "the password in {} is not one line", path.display());
        Ok(match &self.account {
            Some(account) => Login::Password {
                account: account.clone(),
                password,
            },
            None => Login::Server(password),
        })
    }
}
