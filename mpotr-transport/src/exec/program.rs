//! Where a program is.

use std::env;
use std::path::{Path, PathBuf};

use crate::transport::{CloseCode, Closed};

/// What the name of such a program begins with.
const PREFIX: &str = "mpotr-transport-";

/// A program by where it is, or by its name.
#[derive(Clone, Debug)]
pub(super) enum Program {
    At(PathBuf),
    Named(String),
}

impl Program {
    pub(super) fn named(name: &str) -> Self {
        Self::Named(format!("{PREFIX}{name}{}", env::consts::EXE_SUFFIX))
    }

    /// The file to start. One of a name is looked for beside the program that runs, and then on the search path.
    pub(super) fn path(&self) -> Result<PathBuf, Closed> {
        let name = match self {
            Self::At(path) => return Ok(path.clone()),
            Self::Named(name) => name,
        };
        let own = env::current_exe().ok();
        let beside = own.as_deref().and_then(Path::parent).map(Path::to_owned);
        let folders = env::var_os("PATH").unwrap_or_default();
        let places = beside.into_iter().chain(env::split_paths(&folders));
        // A folder that is named by nothing is the one that the person happens to be in.
        let places = places.filter(|folder| folder.is_absolute());
        let found = places
            .map(|folder| folder.join(name))
            .find(|it| it.is_file());
        found.ok_or_else(|| {
            let text = format!(
                "the program {name}, which carries packets there, is neither beside this one nor on the search path"
            );
            Closed::new(CloseCode::Refused, text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Program;

    #[test]
    fn one_beside_the_own_program_is_found_and_one_that_is_nowhere_is_told() {
        let own = std::env::current_exe().unwrap();
        let name = format!("mpotr-transport-beside-{}", std::process::id());
        let path = own.with_file_name(&name);
        std::fs::write(&path, "").unwrap();
        let found = Program::Named(name).path();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(found, Ok(path));
        let closed = Program::named("nowhere").path().unwrap_err();
        assert!(
            !closed.retry && closed.text.contains("mpotr-transport-nowhere"),
            "{closed}"
        );
    }
}
