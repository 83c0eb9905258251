//! Servers that nobody here has written: each a process with a folder of its own. Tests of all carriers take this file in.

use std::ffi::OsString;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// Where a server is installed. One that is not is told on standard error, and its tests do nothing; with `MPOTR_SERVERS=all` in
/// the environment they fail.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/bin"];
    let mut paths = folders.iter().map(|folder| Path::new(folder).join(name));
    let found = paths.find(|path| path.exists());
    if found.is_none() {
        let wanted = std::env::var_os("MPOTR_SERVERS").is_some_and(|wanted| wanted == "all");
        assert!(!wanted, "{name} is not installed");
        // Past the capture of tests: who runs them is to see it.
        let told = format!("SKIPPED, nothing is tested: {name} is not installed\n");
        std::io::stderr().write_all(told.as_bytes()).unwrap();
    }
    found
}

/// A port below those that the system gives to connections: one to such a port, while nobody listens there, may meet itself.
pub(crate) fn free_port() -> u16 {
    let random = || RandomState::new().build_hasher().finish() % 20_000;
    std::iter::repeat_with(|| u16::try_from(10_000 + random()).unwrap())
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

fn ask(child: &Child) {
    let asked = Command::new("kill").arg(child.id().to_string()).status();
    assert!(asked.unwrap().success());
}

/// A process that listens on ports. Ended when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    program: PathBuf,
    arguments: Vec<OsString>,
    ports: Vec<u16>,
    pub(crate) folder: TempDir,
    /// Whether it is asked to end, for it has processes of its own to end.
    pub(crate) is_asked: bool,
    child: Option<Child>,
}

impl Process {
    /// A program that will be told its arguments, in a new folder.
    pub(crate) fn new(program: PathBuf, ports: &[u16]) -> Self {
        Self {
            program,
            arguments: Vec::new(),
            ports: ports.to_vec(),
            folder: tempfile::tempdir().unwrap(),
            is_asked: false,
            child: None,
        }
    }

    /// Tells it one more argument.
    pub(crate) fn tell(&mut self, argument: impl Into<OsString>) {
        self.arguments.push(argument.into());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into its folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn start(&mut self) {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        let errors = log.try_clone().unwrap();
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn();
        self.child = Some(child.unwrap());
    }

    /// Waits until it listens.
    pub(crate) async fn is_there(&mut self) {
        for port in self.ports.clone() {
            let mut tries = 0;
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tries += 1;
                let ended = self.child.as_mut().unwrap().try_wait().unwrap();
                let is_late = tries > 600 || ended.is_some();
                assert!(!is_late, "it does not listen: {ended:?} {}", self.said());
                sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Ends it without a word.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            if self.is_asked {
                ask(&child);
            } else {
                child.kill().unwrap();
            }
            child.wait().unwrap();
        }
    }

    /// Asks it to end, as an operator does.
    pub(crate) fn shuts_down(&self) {
        ask(self.child.as_ref().unwrap());
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            let said = self.said();
            let last: Vec<_> = said.lines().rev().take(40).collect();
            println!(
                "{} on {:?} said last, newest first: {last:#?}",
                self.program.display(),
                self.ports
            );
        }
    }
}
