//! No core dumps: one holds every secret that the program holds. `SECURITY.md`, "What is not promised".

/// Forbids core dumps of this process, before there is a secret in it. Best effort: a system that refuses is not one that
/// the program could do anything about.
///
/// The limit serves where dumps are files. Linux ignores it where they are piped to a program, as most distributions do;
/// there the process is made one that is not dumped at all. Then nobody but root attaches a debugger to it either, or reads
/// its memory.
pub(crate) fn forbid() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        let _refused = setrlimit(Resource::Core, none);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _refused = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn the_process_is_not_dumped_to_files_nor_to_programs() {
        super::forbid();
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
    }
}
