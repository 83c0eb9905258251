//! What happened, for a person to read.

use std::fmt;

use mpotr_core::Timestamp;

/// Lines of what happened, if they are wanted.
#[derive(Clone, Debug, Default)]
pub struct Trace(Option<Vec<String>>);

impl Trace {
    /// A trace that is kept.
    #[must_use]
    pub const fn kept() -> Self {
        Self(Some(Vec::new()))
    }

    /// The lines.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        self.0.as_deref().unwrap_or_default()
    }

    pub(crate) fn note(&mut self, now: Timestamp, who: impl fmt::Display, what: impl fmt::Display) {
        if let Some(lines) = &mut self.0 {
            let now = now.as_millis();
            let (seconds, millis) = (now / 1000, now % 1000);
            lines.push(format!("{seconds:>6}.{millis:03} {who:<4} {what}"));
        }
    }

    pub(crate) const fn is_kept(&self) -> bool {
        self.0.is_some()
    }
}
