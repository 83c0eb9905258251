//! Identity files on disk: where they are, who may read them, and how they come to be whole.
//! `docs/spec/08-identity-file.md`, "On disk".

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use mpotr::crypto::zeroize::Zeroizing;

use super::folder::refuse_open_folders;
use super::store_error::{MAX_FILE, StoreError};

/// The default file: `mpotr/identity` in the user's data folder (XDG Base Directory Specification 0.8).
///
/// # Errors
/// [`StoreError::NoHome`].
pub(crate) fn default_path() -> Result<PathBuf, StoreError> {
    in_data_folder("identity")
}

/// A file of the program in the user's data folder.
///
/// # Errors
/// [`StoreError::NoHome`].
pub(crate) fn in_data_folder(name: &str) -> Result<PathBuf, StoreError> {
    data_folder(
        std::env::var_os("XDG_DATA_HOME").map(PathBuf::from),
        std::env::home_dir(),
    )
    .map(|folder| folder.join("mpotr").join(name))
    .ok_or(StoreError::NoHome)
}

/// The specification has relative paths in the variable ignored.
fn data_folder(xdg: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    xdg.filter(|folder| folder.is_absolute()).or_else(|| {
        Some(
            home.filter(|folder| folder.is_absolute())?
                .join(".local")
                .join("share"),
        )
    })
}

/// Reads an identity file, which nobody else can read.
///
/// # Errors
/// Every variant of [`StoreError`] but `Exists` and `NoHome`.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    read_up_to(path, MAX_FILE)
}

/// Reads a file of at most so many bytes that nobody else can read.
///
/// # Errors
/// Every variant of [`StoreError`] but `Exists` and `NoHome`.
pub(crate) fn read_up_to(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    // Opening a pipe that nobody writes to would wait for ever.
    let metadata = fs::metadata(path).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            StoreError::Missing {
                path: path.to_owned(),
            }
        } else {
            StoreError::io("look at", path)(error)
        }
    })?;
    if !metadata.is_file() {
        return Err(StoreError::NotAFile {
            path: path.to_owned(),
        });
    }
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    // Of the open file, not of the path: it cannot be exchanged in between.
    let metadata = file.metadata().map_err(StoreError::io("look at", path))?;
    refuse_open_to_others(path, &metadata)?;
    refuse_open_folders(path)?;

    // The buffer never grows, so no copy of the secret is left behind.
    let most = limit.saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(most));
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(StoreError::io("read", path))?;
    match bytes.len() {
        length if length > limit => Err(StoreError::TooLong {
            path: path.to_owned(),
            limit,
        }),
        _ => Ok(bytes),
    }
}

#[cfg(unix)]
pub(super) fn refuse_open_to_others(
    path: &Path,
    metadata: &fs::Metadata,
) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;

    let mode = metadata.permissions().mode() & 0o7777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(StoreError::OpenToOthers {
            path: path.to_owned(),
            mode,
        }),
    }
}

/// Other systems have no mode: their access control lists are the user's own affair.
#[cfg(not(unix))]
pub(super) fn refuse_open_to_others(
    _path: &Path,
    _metadata: &fs::Metadata,
) -> Result<(), StoreError> {
    Ok(())
}

/// Says early that [`create`] would refuse.
///
/// # Errors
/// [`StoreError::Exists`], [`StoreError::OpenFolder`].
pub(crate) fn refuse_existing(path: &Path) -> Result<(), StoreError> {
    match path.symlink_metadata() {
        Ok(_) => Err(StoreError::Exists {
            path: path.to_owned(),
        }),
        // Whatever else is wrong with the path shows when the file is made.
        Err(_) => refuse_open_folders(folder_of(path)),
    }
}

/// Makes a file that only its owner can read (mode 0600), whole or not at all, and never in place of another.
///
/// # Errors
/// [`StoreError::Exists`], [`StoreError::OpenFolder`], [`StoreError::Io`].
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = make_folder_of(path)?;
    let file = write_beside(folder, bytes)?;
    file.persist_noclobber(path).map_err(|error| {
        if error.error.kind() == io::ErrorKind::AlreadyExists {
            StoreError::Exists {
                path: path.to_owned(),
            }
        } else {
            StoreError::io("make", path)(error.error)
        }
    })?;
    sync_folder(folder).map_err(StoreError::io("write to", folder))
}

/// Puts a file that only its owner can read (mode 0600), whole or not at all, in the place of the one that is there, if
/// one is.
///
/// # Errors
/// [`StoreError::OpenFolder`], [`StoreError::Io`].
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    // A link stays one: what it leads to is replaced.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = make_folder_of(&real)?;
    let file = write_beside(folder, bytes)?;
    file.persist(&real)
        .map_err(|error| StoreError::io("make", path)(error.error))?;
    sync_folder(folder).map_err(StoreError::io("write to", folder))
}

/// Makes the folder that a file is to be in, if it is not there.
///
/// # Errors
/// [`StoreError::OpenFolder`], [`StoreError::Io`].
pub(crate) fn make_folder_of(path: &Path) -> Result<&Path, StoreError> {
    let folder = folder_of(path);
    make_private_folder(folder).map_err(StoreError::io("make the folder", folder))?;
    refuse_open_folders(folder)?;
    Ok(folder)
}

/// Writes a file into a folder, to be renamed there; made with mode 0600.
fn write_beside(folder: &Path, bytes: &[u8]) -> Result<tempfile::NamedTempFile, StoreError> {
    let mut file = tempfile::Builder::new()
        .prefix(".mpotr-")
        .tempfile_in(folder)
        .map_err(StoreError::io("make a file in", folder))?;
    file.write_all(bytes)
        .map_err(StoreError::io("write to", folder))?;
    file.as_file()
        .sync_all()
        .map_err(StoreError::io("write to", folder))?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn make_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Makes the new name outlast a power failure.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Folders cannot be opened as files here.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{MAX_FILE, StoreError, create, data_folder, read, replace};

    #[test]
    fn the_data_folder_is_the_one_of_the_xdg_specification() {
        let path = |path: &str| Some(PathBuf::from(path));
        assert_eq!(data_folder(path("/data"), path("/home/a")), path("/data"));
        assert_eq!(
            data_folder(None, path("/home/a")),
            path("/home/a/.local/share")
        );
        assert_eq!(
            data_folder(path("data"), path("/home/a")),
            path("/home/a/.local/share")
        );
        assert_eq!(data_folder(path("data"), None), None);
    }

    #[test]
    fn a_file_is_made_with_its_folders_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a").join("b").join("identity");
        create(&path, b"bytes").unwrap();
        assert_eq!(&**read(&path).unwrap(), b"bytes");
    }

    #[test]
    fn an_existing_file_is_left_as_it_is_and_no_other_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity");
        create(&path, b"first").unwrap();
        assert!(matches!(
            create(&path, b"second"),
            Err(StoreError::Exists { .. })
        ));
        assert_eq!(&**read(&path).unwrap(), b"first");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_replaced_whole_and_a_link_to_it_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known");
        replace(&path, b"first").unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(&**read(&path).unwrap(), b"second");
        assert_eq!(folder.path().read_dir().unwrap().count(), 1);
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            replace(&link, b"third").unwrap();
            assert!(link.is_symlink());
            assert_eq!(&**read(&path).unwrap(), b"third");
        }
    }

    #[test]
    fn a_missing_file_a_folder_and_a_file_too_long_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity");
        assert!(matches!(read(&path), Err(StoreError::Missing { .. })));
        assert!(matches!(
            read(folder.path()),
            Err(StoreError::NotAFile { .. })
        ));
        create(&path, &[0; MAX_FILE + 1]).unwrap();
        assert!(matches!(read(&path), Err(StoreError::TooLong { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_is_0600_and_any_right_of_others_is_refused_with_the_chmod_to_run() {
        use std::fs::{self, Permissions};
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity");
        create(&path, b"bytes").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
            0o600
        );
        for mode in [0o640, 0o604, 0o620, 0o601, 0o610] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = read(&path).unwrap_err();
            assert!(
                matches!(error, StoreError::OpenToOthers { .. }),
                "{mode:o}: {error:?}"
            );
            assert!(
                error
                    .to_string()
                    .contains(&format!("chmod 600 {}", path.display()))
            );
        }
    }
}
