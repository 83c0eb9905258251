//! The folders that an identity file is in: who can write to one of them can put another file in its place.

use std::path::Path;

use super::store_error::StoreError;

/// Refuses a folder to which anyone can write, on the way from the root to a file or folder that exists. One with the sticky
/// bit, like `/tmp`, lets nobody move what is another's.
///
/// # Errors
/// [`StoreError::OpenFolder`].
#[cfg(unix)]
pub(super) fn refuse_open_folders(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt as _;

    const STICKY: u32 = 0o1000;
    const WRITABLE_BY_ANYONE: u32 = 0o002;

    // That a file does not exist is told where it is opened.
    let Ok(real) = path.canonicalize() else {
        return Ok(());
    };
    for folder in real.ancestors().filter(|folder| folder.is_dir()) {
        let Ok(metadata) = folder.metadata() else {
            continue;
        };
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & WRITABLE_BY_ANYONE != 0 && mode & STICKY == 0 {
            return Err(StoreError::OpenFolder {
                path: folder.to_owned(),
                mode,
            });
        }
    }
    Ok(())
}

/// Other systems have no mode: their access control lists are the user's own affair.
#[cfg(not(unix))]
pub(super) fn refuse_open_folders(_path: &Path) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::refuse_open_folders;
    use crate::identity::store_error::StoreError;

    #[test]
    fn a_folder_on_the_way_to_which_anyone_can_write_is_refused_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let outer = folder.path().join("outer");
        let file = outer.join("inner").join("identity");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, "x").unwrap();
        let set = |mode| fs::set_permissions(&outer, Permissions::from_mode(mode)).unwrap();
        for mode in [0o777, 0o703] {
            set(mode);
            let error = refuse_open_folders(&file).unwrap_err();
            assert!(
                matches!(&error, StoreError::OpenFolder { mode: found, .. } if *found == mode),
                "{error:?}"
            );
            assert!(error.to_string().contains("chmod o-w "), "{error}");
        }
        for mode in [0o700, 0o755, 0o775, 0o1777] {
            set(mode);
            refuse_open_folders(&file).unwrap();
        }
    }
}
