//! The file of known people on disk: read whole, changed under a lock, written by a rename.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context as _;
use mpotr_formats::known::{self, KnownPeople, MAX_KNOWN_FILE};

use crate::identity::{StoreError, store};
use crate::steps::{Stepped, Tried};
use crate::suite::AnySuite;

/// For so long another program may hold the lock.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often it is tried.
const PAUSE: Duration = Duration::from_millis(10);

/// Where the people are that a person knows.
#[derive(Clone, Debug)]
pub(crate) struct PeopleFile(PathBuf);

impl PeopleFile {
    /// The file that the command line names, or else the user's own.
    ///
    /// # Errors
    /// [`StoreError::NoHome`].
    pub(crate) fn at(path: Option<&Path>) -> Result<Self, StoreError> {
        let path = path.map(Path::to_owned);
        path.map_or_else(|| store::in_data_folder("known-peers"), Ok)
            .map(Self)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Those who are known; `None` if there is no file.
    ///
    /// # Errors
    /// The file cannot be read, others can read it, or a line of it is wrong: then nobody is known.
    pub(crate) fn load(&self) -> anyhow::Result<Option<KnownPeople>> {
        let bytes = match store::read_up_to(&self.0, MAX_KNOWN_FILE) {
            Err(StoreError::Missing { .. }) => return Ok(None),
            read => read?,
        };
        let people = known::parse::<AnySuite>(&bytes);
        people
            .map(Some)
            .with_context(|| format!("cannot load the known people in {}", self.0.display()))
    }

    /// When the file was written last, and how long it is; `None` if it is not there.
    pub(crate) fn written(&self) -> Option<(SystemTime, u64)> {
        let metadata = self.0.metadata().ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    }

    /// Changes what is known, on top of what is in the file by now: another program may have learned something.
    ///
    /// # Errors
    /// Those of [`PeopleFile::load`] and of the change; the file cannot be written. Then it is as before.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut KnownPeople) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let lock = self.lock()?;
        let before = self.load()?;
        let mut people = before.clone().unwrap_or_default();
        let done = change(&mut people)?;
        if before.as_ref() != Some(&people) {
            store::replace(&self.0, known::render(&people).as_bytes())?;
        }
        drop(lock);
        Ok(done)
    }

    /// Waits for others that change the file, which takes a moment: one that stands still holds nobody up. The lock is on a file beside it, which is never renamed.
    fn lock(&self) -> anyhow::Result<File> {
        store::make_folder_of(&self.0)?;
        let mut path = self.0.clone().into_os_string();
        path.push(".lock");
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let cannot = || format!("cannot lock {}", self.0.display());
        let file = options
            .open(path)
            .map_err(|error| Stepped::of(Tried::Write(&self.0), error))
            .with_context(cannot)?;
        let ends = Instant::now().checked_add(PATIENCE);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
                Err(TryLockError::WouldBlock) if ends.is_some_and(|it| it <= Instant::now()) => {
                    anyhow::bail!("{}: another program holds its lock", cannot());
                }
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use mpotr_formats::known::{Date, How, Person, petname_of};

    use super::PeopleFile;

    /// Multiples of the generator: RFC 9496 appendix A.1.
    const KEYS: [&str; 4] = [
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
        "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
        "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
        "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
    ];

    fn person(name: &str) -> Person {
        let day = Date::new(2026, 1, 1).unwrap();
        Person {
            how: How::Seen,
            first: day,
            last: day,
            petname: petname_of(name).unwrap(),
        }
    }

    #[test]
    fn who_holds_the_lock_and_stands_still_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = PeopleFile::at(Some(&folder.path().join("known"))).unwrap();
        let held = file.lock().unwrap();
        let refused = file.change(|_| Ok(())).unwrap_err();
        assert!(
            refused
                .to_string()
                .ends_with("another program holds its lock"),
            "{refused}"
        );
        drop(held);
        file.change(|_| Ok(())).unwrap();
    }

    #[test]
    fn what_several_learn_at_once_is_all_there_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let file = PeopleFile::at(Some(&folder.path().join("new").join("known"))).unwrap();
        assert!(file.load().unwrap().is_none());
        thread::scope(|scope| {
            for (place, key) in KEYS.into_iter().enumerate() {
                let file = &file;
                scope.spawn(move || {
                    let key = mpotr_formats::public_key::from_digits::<crate::suite::AnySuite>(
                        key.as_bytes(),
                    );
                    let name = format!("person-{place}");
                    let add = |people: &mut super::KnownPeople| {
                        Ok(people.add(key.unwrap(), person(&name))?)
                    };
                    file.change(add).unwrap();
                });
            }
        });
        assert_eq!(file.load().unwrap().unwrap().len(), KEYS.len());
    }

    #[test]
    fn a_change_that_fails_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known");
        let file = PeopleFile::at(Some(&path)).unwrap();
        file.change(|_people| Ok(())).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert_eq!(before, b"mpotr-known-v1\n");
        let failed: anyhow::Result<()> = file.change(|people| {
            let key = mpotr::IdentityKey::new([1; 32]);
            people.add(key, person("alice"))?;
            anyhow::bail!("no")
        });
        failed.unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), before);
        std::fs::write(&path, "mpotr-known-v1\nnonsense\n").unwrap();
        let error = format!("{:#}", file.change(|_people| Ok(())).unwrap_err());
        assert!(error.contains("line 2"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"mpotr-known-v1\nnonsense\n");
    }
}
