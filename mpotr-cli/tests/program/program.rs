//! Runs the program and keeps what it says.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use mpotr::Backend;
use tempfile::tempdir;

/// No run of the program in these tests takes longer.
const LIMIT: Duration = Duration::from_secs(120);

/// Takes the signals that the program leaves alone where they were ignored at its start, as under `nohup` or in the background
/// of a script: a signal that is taken here is back to its default in what is started. They still end the tests.
#[cfg(unix)]
pub(crate) fn mind_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        for signal in [SIGHUP, SIGINT, SIGQUIT] {
            let ends = Arc::new(true.into());
            signal_hook::flag::register_conditional_shutdown(signal, 1, ends).unwrap();
        }
    });
}

#[cfg(not(unix))]
pub(crate) fn mind_signals() {}

/// The program as it was built for these tests, with no standard input and none of the user's own folders.
pub(crate) fn mpotr(home: &Path) -> Command {
    mind_signals();
    let mut command = Command::new(env!("CARGO_BIN_EXE_mpotr"));
    command
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("RUST_LOG")
        .env("HOME", home)
        .stdin(Stdio::null());
    command
}

/// With each backend that is built in, `runs` is called; with another, a command says which feature builds it in.
pub(crate) fn each_backend(command: &[&str], runs: impl Fn(&'static str)) {
    let home = tempdir().unwrap();
    for backend in Backend::ALL {
        let name = backend.name();
        if backend.is_available() {
            runs(name);
            continue;
        }
        let finished = run(home.path(), &[command, &["--backend", name]].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        let feature = format!("`backend-{name}`");
        assert!(finished.err.contains(&feature), "{finished:?}");
    }
}

/// What a run of the program came to.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl From<Output> for Finished {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs the program to its end.
pub(crate) fn run(home: &Path, arguments: &[&str]) -> Finished {
    mpotr(home).args(arguments).output().unwrap().into()
}

/// Runs the program to its end, which must be good, and returns its standard output.
#[track_caller]
pub(crate) fn succeed(home: &Path, arguments: &[&str]) -> String {
    let finished = run(home, arguments);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.out
}

/// Runs the program to its end, which must be a failure told in one line, and returns that line.
#[track_caller]
pub(crate) fn fail(home: &Path, arguments: &[&str]) -> String {
    let finished = run(home, arguments);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_eq!(finished.out, "", "{finished:?}");
    assert_eq!(finished.err.lines().count(), 1, "{finished:?}");
    assert!(finished.err.starts_with("mpotr: error: "), "{finished:?}");
    finished.err
}

/// The program while it runs. Ended when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    input: Option<ChildStdin>,
    out: Heard,
    err: Heard,
}

impl Running {
    /// Starts the program.
    pub(crate) fn start(home: &Path, arguments: &[&str]) -> Self {
        let mut command = mpotr(home);
        command.args(arguments);
        Self::start_command(command)
    }

    /// Starts the program in a way of the test's own.
    pub(crate) fn start_command(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take(),
            out: Heard::listen(child.stdout.take().unwrap()),
            err: Heard::listen(child.stderr.take().unwrap()),
            child,
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input.
    pub(crate) fn type_in(&mut self, text: &str) {
        self.type_in_bytes(text.as_bytes());
    }

    /// Writes to its standard input.
    pub(crate) fn type_in_bytes(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// Ends its standard input.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// Waits until standard output holds a text, and returns all of it.
    #[track_caller]
    pub(crate) fn hears_out(&self, text: &str) -> String {
        self.out.wait_for(text)
    }

    /// Waits until standard error holds a text, and returns all of it.
    #[track_caller]
    pub(crate) fn hears_err(&self, text: &str) -> String {
        self.err.wait_for(text)
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Finished {
        let status = poll(|| self.child.try_wait().unwrap())
            .unwrap_or_else(|| panic!("still running; it said {:?}", self.err.text()));
        Finished {
            code: status.code(),
            out: self.out.all(),
            err: self.err.all(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Most have ended by themselves, and then there is nothing to kill.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What was read from a pipe so far.
#[derive(Debug)]
pub(crate) struct Heard {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Heard {
    /// Reads a pipe to its end, in the background.
    pub(crate) fn listen(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                heard.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self {
            bytes,
            reader: Some(reader),
        }
    }

    /// What came so far.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.lock().unwrap().clone()).unwrap()
    }

    /// All of it, once the other side has closed it.
    fn all(&mut self) -> String {
        self.reader.take().unwrap().join().unwrap();
        self.text()
    }

    /// Waits until a text came, and returns all of it.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> String {
        poll(|| Some(self.text()).filter(|heard| heard.contains(text)))
            .unwrap_or_else(|| panic!("no {text:?} in {:?}", self.text()))
    }
}

/// Asks again and again until there is an answer, or too much time has passed.
pub(crate) fn poll<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        thread::sleep(Duration::from_millis(10));
    }
    None
}
