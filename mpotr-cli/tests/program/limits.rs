//! The limits of `mpotr relay`, as its options set them: `docs/spec/07-transport.md`, "Limits".

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use tempfile::tempdir;

use crate::program::{Running, run};

/// A client that joins a room. It says nothing more.
fn join(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    stream.write_all(b"\0\0\0\x04\x01tea").unwrap();
    stream
}

/// What the relay says to it.
fn said<const N: usize>(stream: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_relay_keeps_to_the_limits_it_is_given() {
    let home = tempdir().unwrap();
    let options = [
        "--listen",
        "127.0.0.1:0",
        "--idle",
        "2",
        "--clients-per-address",
        "1",
    ];
    let relay = Running::start(home.path(), &[&["relay"], &options[..]].concat());
    let address = relay.hears_out("\n");
    let address = address.strip_prefix("listening on ").unwrap().trim();

    let mut first = join(address);
    assert_eq!(said(&mut first), *b"\0\0\0\x01\x02");
    let mut second = join(address);
    assert_eq!(
        said(&mut second),
        *b"\0\0\0\x37\x01\x09the relay takes no more connections"
    );
    // It has said nothing for two seconds.
    assert_eq!(
        said(&mut first),
        *b"\0\0\0\x2a\x01\x0bthe client has sent nothing"
    );
}

#[test]
fn a_limit_that_makes_no_sense_is_a_usage_error() {
    let home = tempdir().unwrap();
    for (options, word) in [
        (["--rate", "1K"], "64K at least"),
        (["--idle", "0"], "--idle"),
        (["--burst", "a lot"], "not a size"),
    ] {
        let finished = run(home.path(), &[&["relay"], &options[..]].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.err.contains(word), "{finished:?}");
    }
}
