//! A carrier by anyone: a folder that members share, by a program in Python.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mpotr_transport::{CancellationToken, CloseCode, Connect as _, ExecConnect};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::carrier_contract;
use crate::contract::{Outsider, World};
use crate::member::channel;

struct Folder {
    outer: TempDir,
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/mpotr-transport-folder")
}

async fn folder() -> Option<Folder> {
    if Command::new("python3").arg("--version").output().is_err() {
        let wanted = std::env::var_os("MPOTR_SERVERS").is_some_and(|wanted| wanted == "all");
        assert!(!wanted, "python3 is not installed");
        // Past the capture of tests: who runs them is to see it.
        let told = b"SKIPPED, nothing is tested: python3 is not installed\n";
        std::io::stderr().write_all(told).unwrap();
        return None;
    }
    let mut folder = Folder {
        outer: tempfile::tempdir().unwrap(),
    };
    std::fs::create_dir(folder.away()).unwrap();
    folder.start().await;
    Some(folder)
}

impl Folder {
    fn here(&self) -> PathBuf {
        self.outer.path().join("shared")
    }

    fn away(&self) -> PathBuf {
        self.outer.path().join("away")
    }
}

impl World for Folder {
    type Connect = ExecConnect;

    fn connect(&self, name: &str) -> ExecConnect {
        let here = self.here();
        ExecConnect::of_program(program(), here.to_str(), name, channel())
    }

    async fn stop(&mut self) {
        std::fs::rename(self.here(), self.away()).unwrap();
    }

    async fn start(&mut self) {
        std::fs::rename(self.away(), self.here()).unwrap();
    }

    async fn outsider(&self) -> Outsider {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let stop = CancellationToken::new();
        let (keeps, stopped, here) = (Arc::clone(&heard), stop.clone(), self.here());
        tokio::spawn(async move {
            for number in 0_u32.. {
                tokio::select! {
                    () = stopped.cancelled() => return,
                    () = sleep(Duration::from_millis(50)) => {}
                }
                for room in std::fs::read_dir(&here).unwrap().flatten() {
                    let garbage = room.path().join(format!("{number:020}-{number:08x}-1"));
                    std::fs::write(garbage, b"\x01garbage").unwrap();
                    for packet in std::fs::read_dir(room.path()).unwrap().flatten() {
                        let packet = std::fs::read(packet.path()).unwrap_or_default();
                        keeps.lock().unwrap().extend_from_slice(&packet);
                    }
                }
            }
        });
        Outsider {
            heard,
            is_told: false,
            _writes: stop.drop_guard(),
        }
    }
}

carrier_contract!(a_folder_by_a_program, folder());

#[tokio::test]
async fn a_program_that_is_not_there_or_does_not_speak_the_frames_is_told() {
    let nowhere = ExecConnect::new("not-there", None, "alice", channel()).unwrap();
    let closed = nowhere.connect().await.unwrap_err();
    assert_eq!((closed.code, closed.retry), (CloseCode::Refused, false));
    assert!(
        closed.text.contains("mpotr-transport-not-there"),
        "{closed}"
    );
    for name in ["", "../sh", "A", "a b"] {
        assert!(
            ExecConnect::new(name, None, "alice", channel()).is_none(),
            "{name}"
        );
    }
    // What ends at once has said nothing; what says something else is another kind of program.
    let silent = ExecConnect::of_program("true", None, "alice", channel());
    let closed = silent.connect().await.unwrap_err();
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Lost, true),
        "{closed}"
    );
    let other = ExecConnect::of_program("yes", None, "alice", channel());
    let closed = other.connect().await.unwrap_err();
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Protocol, false),
        "{closed}"
    );
}
