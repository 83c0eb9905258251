//! The files of rooms are read beside all rooms: one may be a pipe to which nobody writes, or lie where nobody answers.

use std::sync::Arc;
use std::time::Duration;

use mpotr_formats::known::KnownPeople;
use mpotr_json::Failure;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::failure;
use super::files::{Files, Loaded};
use super::people::Change;
use crate::people::PeopleFile;

/// How long the files of a room may take to be read. The work that a passphrase is stretched by is within.
const LIMIT: Duration = Duration::from_secs(30);

/// As many are read at one time: one that does not end keeps its thread.
const MOST: usize = 8;

/// Reads files.
#[derive(Clone, Debug)]
pub(super) struct Loading {
    free: Arc<Semaphore>,
    limit: Duration,
}

impl Default for Loading {
    fn default() -> Self {
        Self {
            free: Arc::new(Semaphore::new(MOST)),
            limit: LIMIT,
        }
    }
}

impl Loading {
    /// Reads or changes a file of people.
    ///
    /// # Errors
    /// Its own, or that it is not done in time: another holds the file. It may be done later.
    pub(super) async fn change(
        self,
        change: Change,
        file: PeopleFile,
    ) -> Result<KnownPeople, Failure> {
        let limit = self.limit;
        let late = || failure::people_file(format!("it was not done within {} s", limit.as_secs()));
        let free = timeout(limit, self.free.acquire_owned()).await;
        let free = free.map_err(|_elapsed| late())?;
        let free = free.map_err(|_closed| Failure::internal())?;
        let changing = spawn_blocking(move || {
            let changed = change.make(&file);
            drop(free);
            changed
        });
        let changed = timeout(limit, changing).await.map_err(|_elapsed| late())?;
        changed.map_err(|_panic| Failure::internal())?
    }

    /// What is in the files of a room.
    ///
    /// # Errors
    /// They cannot be read, or not in time: their own begins when they have a thread.
    pub(super) async fn load(self, files: Files) -> Result<Loaded, Failure> {
        let limit = self.limit;
        // An identity in a pipe is refused at once, a passphrase is not.
        let late = files.late(format!("it was not read within {} s", limit.as_secs()));
        let crowded =
            || Failure::identity_file(format!("{MOST} others are being read, and do not end"));
        let free = timeout(limit, self.free.acquire_owned()).await;
        let free = free.map_err(|_elapsed| crowded())?;
        let free = free.map_err(|_closed| Failure::internal())?;
        let loading = spawn_blocking(move || {
            let loaded = files.load();
            // Not before: a thread that does not end is counted for as long as it lasts.
            drop(free);
            loaded
        });
        let loaded = timeout(limit, loading).await.map_err(|_elapsed| late)?;
        loaded.map_err(|_panic| Failure::internal())?
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::OpenOptions;
    use std::path::Path;
    use std::time::Duration;

    use super::{Loading, MOST};
    use crate::identity::store;
    use crate::rpc::files::Files;

    fn pipe(path: &Path) {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.is_ok_and(|status| status.success()));
    }

    #[tokio::test]
    async fn what_does_not_end_is_given_up_in_time_and_takes_a_bounded_number_of_threads() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        pipe(&at("words"));
        // It only has to look as if it were sealed.
        store::create(&at("me"), b"age-encryption.org/v1\n").unwrap();
        let loading = Loading {
            limit: Duration::from_millis(50),
            ..Loading::default()
        };
        for place in 0..=MOST {
            let file = Files::of_identity(at("me"), Some(at("words")));
            let refused = loading.clone().load(file).await.unwrap_err().into_json();
            // The last one has no thread: it is not said of its passphrase that it does not come.
            let code = if place < MOST {
                "passphrase"
            } else {
                "identity_file"
            };
            assert_eq!(refused["data"]["code"], code);
        }
        assert_eq!(loading.free.available_permits(), 0);
        // Who writes to the pipe at last ends those that read it.
        let mut words = OpenOptions::new();
        while loading.free.available_permits() < MOST {
            drop(words.read(true).write(true).open(at("words")));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
