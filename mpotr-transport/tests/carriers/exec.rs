//! A carrier by anyone: a folder that members share, by a program in Python.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mpotr_transport::{
    CancellationToken, CloseCode, Connect as _, ExecConnect, ExecLogin, Received, Transport as _,
};
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

/// A program of a few words of sh.
#[cfg(unix)]
fn script(home: &Path, text: &str) -> ExecConnect {
    use std::os::unix::fs::PermissionsExt as _;

    let path = home.join("program");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    ExecConnect::of_program(path, None, "alice", channel())
}

#[cfg(unix)]
#[tokio::test]
async fn what_a_program_writes_to_its_standard_error_is_told_as_its_words() {
    let home = tempfile::tempdir().unwrap();
    // The frame `joined`: length 1, kind 2.
    let joined = r"printf '\000\000\000\001\002'";
    let begins = format!("printf 'one\\033[2J\\n\\n' >&2; {joined}; sleep 3; echo two >&2");
    let connect = script(home.path(), &begins);
    let transport = connect.connect().await.unwrap();
    let first = transport.receive().await.unwrap();
    let text = "one\u{1b}[2J".to_owned();
    assert_eq!(first, Received::Notice { text });
    let mut rest = Vec::new();
    let closed = loop {
        match transport.receive().await {
            Ok(received) => rest.push(received),
            Err(closed) => break closed,
        }
    };
    let is_told = closed.text.contains("two") || !rest.is_empty();
    assert!(is_told, "{closed} {rest:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn why_a_program_ends_at_once_is_told_by_its_last_words() {
    let home = tempfile::tempdir().unwrap();
    let connect = script(home.path(), "echo first >&2; echo no such host >&2; exit 1");
    let closed = connect.connect().await.unwrap_err();
    assert!(
        closed.text.ends_with("its last words: no such host"),
        "{closed}"
    );
}

/// What a program is told of itself by its environment.
#[cfg(unix)]
#[tokio::test]
async fn a_program_is_told_who_comes_and_for_how_long_it_was_away() {
    let home = tempfile::tempdir().unwrap();
    let says = r#"echo "$MPOTR_ACCOUNT $MPOTR_PASSWORD_FILE away:$MPOTR_AWAY" >&2"#;
    let joined = r"printf '\000\000\000\001\002'";
    let login = ExecLogin {
        account: Some("me".to_owned()),
        password_file: Some("/a/file".into()),
        certificate_file: None,
    };
    let connect = script(home.path(), &format!("{says}; {joined}; sleep 3")).login(login);
    let first = connect.connect().await.unwrap();
    let text = "me /a/file away:".to_owned();
    assert_eq!(first.receive().await, Ok(Received::Notice { text }));
    drop(first);
    sleep(Duration::from_millis(1_200)).await;
    let second = connect.connect().await.unwrap();
    let Ok(Received::Notice { text }) = second.receive().await else {
        panic!("it says something");
    };
    let away: u64 = text.rsplit_once(':').unwrap().1.parse().unwrap();
    assert!((1_200..10_000).contains(&away), "{text}");
}

/// The reason of a program keeps its code.
#[cfg(unix)]
#[tokio::test]
async fn why_a_program_refuses_is_told_by_the_code_of_the_reason() {
    let home = tempfile::tempdir().unwrap();
    for (byte, code, retry) in [
        ("001", CloseCode::Refused, false),
        ("004", CloseCode::Unreachable, true),
        ("005", CloseCode::TooSlow, true),
        ("006", CloseCode::Full, true),
        ("007", CloseCode::ShuttingDown, true),
        ("012", CloseCode::Refused, true),
        ("014", CloseCode::Tls, false),
        ("015", CloseCode::Pin, false),
        ("016", CloseCode::Auth, false),
        ("017", CloseCode::NameTaken, true),
        ("020", CloseCode::Kicked, false),
        ("013", CloseCode::Lost, true),
    ] {
        let refuses = format!(r"printf '\000\000\000\004\001\{byte}no'");
        let closed = script(home.path(), &refuses).connect().await.unwrap_err();
        assert_eq!(
            (closed.code, closed.retry, closed.text.as_str()),
            (code, retry, "no")
        );
    }
}

/// A member that sends learns it, too.
#[cfg(unix)]
#[tokio::test]
async fn why_a_program_ends_is_told_to_one_who_sends_meanwhile() {
    let home = tempfile::tempdir().unwrap();
    let joins = r"printf '\000\000\000\001\002'";
    let ends = r"exec 0<&-; sleep 0.3; printf '\000\000\000\004\001\006no'";
    let connect = script(home.path(), &format!("{joins}; sleep 3; {ends}"));
    let transport = connect.connect().await.unwrap();
    let sends = async {
        loop {
            if let Err(closed) = transport.send(vec![1; 1 << 16].into()).await {
                return closed;
            }
        }
    };
    let reads = async {
        loop {
            if let Err(closed) = transport.receive().await {
                return closed;
            }
        }
    };
    let first = tokio::select! {
        closed = sends => closed,
        closed = reads => closed,
    };
    assert_eq!((first.code, first.text.as_str()), (CloseCode::Full, "no"));
}

/// It is read whether or not anyone wants to hear it, and costs what a few lines do.
#[cfg(unix)]
#[tokio::test]
async fn who_says_much_is_not_held_up_and_little_of_it_waits() {
    let home = tempfile::tempdir().unwrap();
    let talks = "yes 'a line' | head -n 2000 >&2; head -c 100000 /dev/zero >&2; echo >&2; echo end >&2; exit 1";
    let closed = script(home.path(), talks).connect().await.unwrap_err();
    assert!(closed.text.ends_with("its last words: end"), "{closed}");
    assert!(closed.text.len() < 1_000, "{closed}");
}
