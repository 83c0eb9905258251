//! What a person can do about an error of the system, which says what went wrong and no more.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf, absolute};

/// What was tried.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tried<'a> {
    /// To read this file or folder.
    Read(&'a Path),
    /// To make this file or folder, or to write into it.
    Write(&'a Path),
    /// To make a folder for a file.
    Folder,
    /// To listen on an address.
    Listen,
}

/// An error of the system, with the next step behind it.
#[derive(Debug, thiserror::Error)]
#[error("{error}{step}")]
pub(crate) struct Stepped {
    error: io::Error,
    step: String,
}

impl Stepped {
    /// What went wrong, and what can be done about it.
    pub(crate) fn of(tried: Tried<'_>, error: io::Error) -> Self {
        let step = step(tried, error.kind());
        let step = step.map_or_else(String::new, |step| format!("; {step}"));
        Self { error, step }
    }
}

/// The folder that a name is looked for in, as it is called from anywhere.
fn folder_of(path: &Path) -> PathBuf {
    let whole = absolute(path).unwrap_or_else(|_| path.to_owned());
    whole.parent().map_or(whole.clone(), Path::to_owned)
}

fn step(tried: Tried<'_>, kind: ErrorKind) -> Option<String> {
    Some(match (tried, kind) {
        (Tried::Read(path) | Tried::Write(path), ErrorKind::NotADirectory) => {
            format!("{} is no folder: name a file in a folder of your own", folder_of(path).display())
        }
        (Tried::Write(path), ErrorKind::NotFound) if !folder_of(path).is_dir() => {
            format!("there is no folder {0}: `mkdir -p {0}` makes it", folder_of(path).display())
        }
        (Tried::Read(path), ErrorKind::NotFound) if !folder_of(path).is_dir() => {
            format!("there is no folder {}: look whether its name is right", folder_of(path).display())
        }
        (Tried::Read(path), ErrorKind::NotFound) => format!(
            "`ls {}` shows what is in the folder that it was looked for in",
            folder_of(path).display()
        ),
        (Tried::Read(path), ErrorKind::PermissionDenied) => {
            format!("`ls -ld {}` shows who may read it", path.display())
        }
        (Tried::Read(_) | Tried::Write(_), ErrorKind::IsADirectory) => {
            "it is a folder: name a file in it".to_owned()
        }
        (Tried::Write(_), ErrorKind::AlreadyExists) => {
            "nothing is written over: name another file".to_owned()
        }
        (Tried::Write(_) | Tried::Folder, ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) => {
            "make room there, or name a file elsewhere".to_owned()
        }
        (Tried::Write(_) | Tried::Folder, _) => "name a file in a folder of your own".to_owned(),
        (Tried::Listen, ErrorKind::AddrInUse) => {
            "another program has that port, a relay that still runs perhaps (`ss -ltnp` shows which): end it, or --listen names another port; \
             port 0 is one that is free"
                .to_owned()
        }
        (Tried::Listen, ErrorKind::PermissionDenied) => {
            "ports below 1024 are for the administrator: name a higher one, 7667 for example".to_owned()
        }
        (Tried::Listen, ErrorKind::AddrNotAvailable) => {
            "this machine has no such address: 0.0.0.0 and [::] mean all that it has".to_owned()
        }
        (Tried::Listen, _) => {
            "an address is HOST:PORT, with a name or a number of this machine: 127.0.0.1:7667, or 0.0.0.0:7667 for all that it has"
                .to_owned()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};
    use std::path::Path;

    use super::{Stepped, Tried};

    #[test]
    fn each_error_that_a_person_can_do_something_about_has_a_next_step() {
        let folder = tempfile::tempdir().unwrap();
        let (file, lost) = (folder.path().join("file"), folder.path().join("lost/file"));
        let (read, write) = (Tried::Read(&file), Tried::Write(&file));
        let there = folder.path().display().to_string();
        for (tried, kind, step) in [
            (read, ErrorKind::NotFound, &*format!("`ls {there}`")),
            (
                Tried::Read(&lost),
                ErrorKind::NotFound,
                "there is no folder",
            ),
            (read, ErrorKind::PermissionDenied, "`ls -ld"),
            (read, ErrorKind::IsADirectory, "name a file in it"),
            (write, ErrorKind::AlreadyExists, "name another file"),
            (Tried::Write(&lost), ErrorKind::NotFound, "`mkdir -p"),
            (
                Tried::Folder,
                ErrorKind::AlreadyExists,
                "a folder of your own",
            ),
            (write, ErrorKind::NotADirectory, "is no folder"),
            (write, ErrorKind::NotFound, "a folder of your own"),
            (write, ErrorKind::PermissionDenied, "a folder of your own"),
            (write, ErrorKind::StorageFull, "make room"),
            (Tried::Listen, ErrorKind::AddrInUse, "names another port"),
            (Tried::Listen, ErrorKind::PermissionDenied, "a higher one"),
            (Tried::Listen, ErrorKind::AddrNotAvailable, "0.0.0.0"),
            (Tried::Listen, ErrorKind::Other, "HOST:PORT"),
        ] {
            let told = Stepped::of(tried, Error::from(kind)).to_string();
            let begins = Error::from(kind).to_string();
            assert!(told.starts_with(&begins) && told.contains(step), "{told}");
        }
        // Nothing is made up where the system has said all.
        let told = Stepped::of(read, Error::from(ErrorKind::TimedOut)).to_string();
        assert_eq!(told, Error::from(ErrorKind::TimedOut).to_string());
        // A name without a folder is looked for where the program runs.
        let here = Stepped::of(
            Tried::Read(Path::new("file")),
            Error::from(ErrorKind::NotFound),
        );
        let at = std::env::current_dir().unwrap();
        assert!(
            here.to_string().contains(&at.display().to_string()),
            "{here}"
        );
    }
}
