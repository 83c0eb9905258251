//! What a program is told when it starts: the room by its first frame, the rest by its environment.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mpotr_transport::frame::RoomName;

/// The most bytes of a file with a password or a key.
const MOST: u64 = 64 << 10;

/// What a program is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The room, by what its members know it by and nobody else needs to understand.
    pub room: RoomName,
    /// Where it is: `MPOTR_ADDRESS`.
    pub address: String,
    /// What the member wants to be called: `MPOTR_NICK`.
    pub nick: String,
    /// How the carrier is shown who comes.
    pub login: Login,
    /// If this connection takes the place of one that was lost, how long ago it was: `MPOTR_AWAY`, in milliseconds.
    pub away: Option<Duration>,
}

impl Asked {
    pub(crate) fn from_environment(room: RoomName) -> Self {
        let told = |name: &str| std::env::var(name).ok().filter(|it| !it.is_empty());
        let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
        Self {
            room,
            address: told("MPOTR_ADDRESS").unwrap_or_default(),
            nick: told("MPOTR_NICK").unwrap_or_default(),
            login: Login {
                account: told("MPOTR_ACCOUNT"),
                password_file: path("MPOTR_PASSWORD_FILE"),
                certificate_file: path("MPOTR_CERTIFICATE_FILE"),
            },
            away: told("MPOTR_AWAY")
                .and_then(|it| it.parse().ok())
                .map(Duration::from_millis),
        }
    }
}

/// How a carrier is shown who comes. Secrets are in files: an environment and an address are seen by others.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// The account: `MPOTR_ACCOUNT`.
    pub account: Option<String>,
    /// Where its password is: `MPOTR_PASSWORD_FILE`.
    pub password_file: Option<PathBuf>,
    /// Where the certificate is, with its key: `MPOTR_CERTIFICATE_FILE`.
    pub certificate_file: Option<PathBuf>,
}

/// Why there is no password.
#[derive(Debug)]
pub enum LoginError {
    /// The file cannot be read.
    Io(PathBuf, std::io::Error),
    /// It is not text, or longer than any password or key.
    NotText(PathBuf),
    /// It holds no single line.
    NotOneLine(PathBuf),
}

impl core::fmt::Display for LoginError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{} cannot be read: {error}", path.display()),
            Self::NotText(path) => write!(f, "{} holds no password", path.display()),
            Self::NotOneLine(path) => {
                write!(f, "the password in {} is not one line", path.display())
            }
        }
    }
}

impl core::error::Error for LoginError {}

impl Login {
    /// The password: one line, without its end.
    ///
    /// # Errors
    /// The file that is named cannot be read, or is not one line.
    pub fn password(&self) -> Result<Option<String>, LoginError> {
        let Some((path, text)) = self.secret()? else {
            return Ok(None);
        };
        let password = text.trim_end_matches(['\r', '\n']).to_owned();
        let is_one = !password.is_empty() && !password.contains(['\r', '\n', '\0']);
        match is_one {
            true => Ok(Some(password)),
            false => Err(LoginError::NotOneLine(path.to_owned())),
        }
    }

    /// All that is in the file of the password: some carriers give people a key of several lines.
    ///
    /// # Errors
    /// The file that is named cannot be read, or is not text.
    pub fn secret(&self) -> Result<Option<(&Path, String)>, LoginError> {
        let Some(path) = self.password_file.as_deref() else {
            return Ok(None);
        };
        let unreadable = |error| LoginError::Io(path.to_owned(), error);
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(MOST.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        let is_short = u64::try_from(bytes.len()).is_ok_and(|length| length <= MOST);
        match String::from_utf8(bytes) {
            Ok(text) if is_short => Ok(Some((path, text))),
            _ => Err(LoginError::NotText(path.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Login;

    fn password(content: &[u8]) -> Result<Option<String>, super::LoginError> {
        let path = std::env::temp_dir().join(format!(
            "mpotr-password-{}-{}",
            std::process::id(),
            content.len()
        ));
        std::fs::write(&path, content).unwrap();
        let login = Login {
            password_file: Some(path.clone()),
            ..Login::default()
        };
        let password = login.password();
        std::fs::remove_file(path).unwrap();
        password
    }

    #[test]
    fn a_password_is_one_line_of_text() {
        assert_eq!(password(b"secret\r\n").unwrap().unwrap(), "secret");
        assert!(Login::default().password().unwrap().is_none());
        for content in [&b""[..], b"two\nlines", b"\xff\xfe\xfd", &[b'a'; 70_000]] {
            assert!(password(content).is_err());
        }
        let missing = Login {
            password_file: Some("/nowhere/at/all".into()),
            ..Login::default()
        };
        assert!(missing.password().is_err());
    }
}
