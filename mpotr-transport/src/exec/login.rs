//! How a program is told to show its carrier who comes: by files, for an environment is seen by others.

use std::path::PathBuf;

use tokio::process::Command;

/// What a program shows its carrier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecLogin {
    /// An account, told as `MPOTR_ACCOUNT`.
    pub account: Option<String>,
    /// Where its password is, or a key that the carrier gave: `MPOTR_PASSWORD_FILE`. It is read at each connection.
    pub password_file: Option<PathBuf>,
    /// Where a certificate is, with its key: `MPOTR_CERTIFICATE_FILE`.
    pub certificate_file: Option<PathBuf>,
}

impl ExecLogin {
    pub(super) fn tell(&self, command: &mut Command) {
        if let Some(account) = &self.account {
            command.env("MPOTR_ACCOUNT", account);
        }
        let files = [
            ("MPOTR_PASSWORD_FILE", &self.password_file),
            ("MPOTR_CERTIFICATE_FILE", &self.certificate_file),
        ];
        for (name, file) in files {
            if let Some(file) = file {
                command.env(name, file);
            }
        }
    }
}
