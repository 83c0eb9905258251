//! What a person has answered once about where it talks: a small file of its own, for `mpotr chat` without options.
//!
//! ```text
//! $XDG_CONFIG_HOME/mpotr/chat.toml, or ~/.config/mpotr/chat.toml
//!
//! at = "mpotr://relay.example:7667"
//! room = "tea"
//! nick = "alice"
//! screen = true
//! bell = true
//! ```

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use etcetera::base_strategy::{BaseStrategy as _, Xdg};
use mpotr_formats::Escaped;
use serde::{Deserialize, Serialize};

use super::args::ChatArgs;
use crate::identity::{StoreError, store};
use crate::output::Output;

/// The most bytes of the file.
const MAX_FILE: usize = 1 << 16;

/// What stands above the rest.
const HEAD: &str =
    "# What `mpotr chat` asked for at a terminal, and offers the next time. Options win over it.\n";

/// What is remembered. No secret is in it, and nothing that grants a right: whom to let in is said each time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remembered {
    /// The address where the room meets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nick: Option<String>,
    /// Whether a talk is on a screen where there is one. It is not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) screen: Option<bool>,
    /// Whether a bell rings on it. It is not asked for either.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bell: Option<bool>,
}

/// Whether the person wants a bell on a screen. A file that cannot be read is told where it is asked for the rest.
pub(super) fn wants_bell() -> bool {
    let known = path().map_err(anyhow::Error::from);
    let known = known.and_then(|path| Remembered::load(&path));
    known.is_ok_and(|known| known.bell.unwrap_or_default())
}

/// Whether the person wants a screen: it says so, or has said so for each time.
pub(super) fn wants_screen(args: &ChatArgs, at_terminal: bool, out: &mut Output) -> bool {
    if args.screen || args.plain || !at_terminal {
        return args.screen;
    }
    let known = path().map_err(anyhow::Error::from);
    match known.and_then(|path| Remembered::load(&path)) {
        Ok(known) => known.screen.unwrap_or_default(),
        // Without a home nothing is remembered.
        Err(error) if matches!(error.downcast_ref(), Some(StoreError::NoHome)) => false,
        Err(error) => {
            out.notice(format_args!(
                "whether to show a screen is not known: {error:#}"
            ));
            false
        }
    }
}

/// Where it is (XDG Base Directory Specification 0.8).
///
/// # Errors
/// This user has no home.
pub(crate) fn path() -> Result<PathBuf, StoreError> {
    let folders = Xdg::new().map_err(|_error| StoreError::NoHome)?;
    Ok(folders.config_dir().join("mpotr").join("chat.toml"))
}

impl Remembered {
    /// What is in the file; nothing, if there is no file.
    ///
    /// # Errors
    /// It cannot be read, or a line of it means nothing.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Self> {
        let bytes = match store::read_up_to(path, MAX_FILE) {
            Err(StoreError::Missing { .. }) => return Ok(Self::default()),
            read => read?,
        };
        let cannot = || format!("cannot read {}", path.display());
        let text = core::str::from_utf8(&bytes).with_context(cannot)?;
        let read = toml::from_str(text).map_err(|error: toml::de::Error| {
            // It quotes the line, over several.
            anyhow::anyhow!("{}", Escaped(error.message()))
        });
        read.with_context(cannot)
    }

    /// Writes it whole.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn save(&self, path: &Path) -> anyhow::Result<()> {
        let text = toml::to_string(self)?;
        store::make_folder_of(path)?;
        store::replace(path, format!("{HEAD}{text}").as_bytes())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Remembered;

    #[test]
    fn what_is_remembered_is_read_back_and_what_means_nothing_is_told() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("new").join("chat.toml");
        assert_eq!(Remembered::load(&path).unwrap(), Remembered::default());
        let remembered = Remembered {
            at: Some("mpotr://127.0.0.1:7667".to_owned()),
            room: Some("a \"quoted\" room".to_owned()),
            nick: None,
            screen: Some(true),
            bell: Some(false),
        };
        remembered.save(&path).unwrap();
        assert_eq!(Remembered::load(&path).unwrap(), remembered);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# "), "{text}");
        for wrong in [
            "at = 7",
            "screen = \"yes\"",
            "door = \"open\"",
            "at",
            "\u{1b}[2J",
        ] {
            store(&path, wrong.as_bytes());
            let error = format!("{:#}", Remembered::load(&path).unwrap_err());
            assert!(
                error.contains("chat.toml") && !error.contains('\n'),
                "{error}"
            );
        }
        store(&path, b"\xff");
        assert!(Remembered::load(&path).is_err());
    }

    fn store(path: &std::path::Path, bytes: &[u8]) {
        crate::identity::store::replace(path, bytes).unwrap();
    }
}
