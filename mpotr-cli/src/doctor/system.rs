//! What the system gives a talk: time, memory that stays in memory, a terminal.

use std::io::{self, IsTerminal as _};
use std::time::{Duration, SystemTime};

use rustix::process::{Resource, getrlimit};

use super::{Finding, Verdict};

/// No clock that goes right shows an earlier day than that of this version: 2026-01-01.
const BUILT: Duration = Duration::from_secs(1_767_225_600);

/// Where bytes of memory that are locked are counted, as Linux tells a process of itself.
const STATUS: &str = "/proc/self/status";

/// What the secrets of a small room take.
const LEAST_LOCKED: u64 = 1 << 16;

/// Fewer columns leave little of a line.
const LEAST_COLUMNS: u16 = 40;

/// The clock is right, as far as that can be told here.
pub(super) fn clock() -> Finding {
    clock_at(SystemTime::now())
}

fn clock_at(now: SystemTime) -> Finding {
    let is_late = now.duration_since(SystemTime::UNIX_EPOCH);
    match is_late.is_ok_and(|since| since >= BUILT) {
        true => Finding::new("clock", Verdict::Ok, "no earlier than this program"),
        false => Finding::new(
            "clock",
            Verdict::Wrong,
            "it is behind: certificates of relays count as not valid yet, and the days in the list of people are wrong; set \
             the time of this machine",
        ),
    }
}

/// Keys stay out of swap.
pub(super) fn memory() -> Finding {
    // There is a secret as long as this looks.
    let secret = crate::identity::throw_away();
    let status = std::fs::read_to_string(STATUS).ok();
    drop(secret);
    let limit = getrlimit(Resource::Memlock).current;
    memory_of(status.as_deref(), limit)
}

fn memory_of(status: Option<&str>, limit: Option<u64>) -> Finding {
    let locked = status.and_then(|status| {
        let line = status.lines().find_map(|it| it.strip_prefix("VmLck:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    });
    let is_locked = match locked {
        Some(kilobytes) => kilobytes > 0,
        None => limit.is_none_or(|bytes| bytes >= LEAST_LOCKED),
    };
    match is_locked {
        true => Finding::new("memory", Verdict::Ok, "keys are in locked memory"),
        false => Finding::new(
            "memory",
            Verdict::Wrong,
            "none can be locked, so keys may be written to swap: raise `ulimit -l` to 64 or more, or encrypt the swap",
        ),
    }
}

/// A person can be shown what is safe to show.
pub(super) fn terminal() -> Finding {
    let columns = terminal_size::terminal_size().map(|(width, _)| width.0);
    let kind = std::env::var("TERM").ok();
    terminal_of(io::stdin().is_terminal(), kind.as_deref(), columns)
}

fn terminal_of(is_terminal: bool, kind: Option<&str>, columns: Option<u16>) -> Finding {
    let finding = |verdict, text: &str| Finding::new("terminal", verdict, text);
    match (is_terminal, kind, columns) {
        (false, _, _) => finding(
            Verdict::Note,
            "standard input is not one: `mpotr chat` reads lines, and whom to let in has to be said",
        ),
        (true, None | Some("dumb"), _) => finding(
            Verdict::Note,
            "TERM is unset or dumb: the line that you type is not kept apart from what others write",
        ),
        (true, _, Some(columns)) if columns < LEAST_COLUMNS => {
            finding(Verdict::Note, "it has few columns: lines are broken often")
        }
        _ => finding(Verdict::Ok, "the line that you type is kept apart"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{BUILT, Verdict, clock_at, memory_of, terminal_of};

    #[test]
    fn a_clock_that_is_behind_is_wrong() {
        let built = SystemTime::UNIX_EPOCH + BUILT;
        assert_eq!(clock_at(built).verdict, Verdict::Ok);
        for early in [
            built - Duration::from_secs(1),
            SystemTime::UNIX_EPOCH - BUILT,
        ] {
            assert_eq!(clock_at(early).verdict, Verdict::Wrong);
        }
    }

    #[test]
    fn memory_is_locked_as_the_system_tells_or_else_as_it_allows() {
        let status =
            |kilobytes: u32| format!("Name:\tmpotr\nVmLck:\t{kilobytes:>8} kB\nVmRSS:\t1 kB\n");
        for (status, limit, verdict) in [
            (Some(status(4)), Some(0), Verdict::Ok),
            (Some(status(0)), None, Verdict::Wrong),
            (None, None, Verdict::Ok),
            (Some("no such line".to_owned()), Some(65_536), Verdict::Ok),
            (None, Some(0), Verdict::Wrong),
        ] {
            assert_eq!(
                memory_of(status.as_deref(), limit).verdict,
                verdict,
                "{status:?}"
            );
        }
    }

    #[test]
    fn a_terminal_that_cannot_show_a_line_apart_is_named() {
        let kind = Some("xterm");
        assert_eq!(terminal_of(true, kind, Some(80)).verdict, Verdict::Ok);
        assert_eq!(terminal_of(true, kind, None).verdict, Verdict::Ok);
        for (is_terminal, kind, columns) in [
            (false, kind, Some(80)),
            (true, None, Some(80)),
            (true, Some("dumb"), Some(80)),
            (true, kind, Some(20)),
        ] {
            let finding = terminal_of(is_terminal, kind, columns);
            assert_eq!(finding.verdict, Verdict::Note, "{finding:?}");
        }
    }
}
