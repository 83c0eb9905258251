//! The certificate of a relay that speaks TLS.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use mpotr::crypto::zeroize::Zeroizing;
use mpotr_transport::TlsServer;

use crate::steps::{Stepped, Tried};

/// What a certificate that is made here is for. Members know the relay by its key, and look at no name.
const NAME: &str = "mpotr-relay";

/// The certificate and key in a file, made first where there is no such file.
///
/// # Errors
/// The file cannot be read, made or used.
pub(super) fn server(file: &Path) -> anyhow::Result<TlsServer> {
    match make(file) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => {
            // That of the system names the file under which it was to be begun.
            let error = io::Error::from(error.kind());
            return Err(Stepped::of(Tried::Write(file), error))
                .with_context(|| format!("cannot make {}", file.display()));
        }
    }
    if !file.is_file() {
        anyhow::bail!("{} is no regular file", file.display());
    }
    Ok(TlsServer::from_file(file)?)
}

/// Makes a file that only its owner may read, with a certificate that vouches for itself.
fn make(file: &Path) -> io::Result<()> {
    if file.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).map_err(io::Error::other)?;
    let key = Zeroizing::new(made.signing_key.serialize_pem());
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Whole or not at all, under its name: a relay that is ended half-way leaves nothing that is neither.
    let mut kept = tempfile::NamedTempFile::new_in(folder)?;
    kept.write_all(made.cert.pem().as_bytes())?;
    kept.write_all(key.as_bytes())?;
    kept.as_file().sync_all()?;
    kept.persist_noclobber(file).map_err(|error| error.error)?;
    Ok(())
}
