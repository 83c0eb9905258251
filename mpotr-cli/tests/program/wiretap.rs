//! Listens on the line between a member and the relay, as who runs the network can.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A line to the relay on which every byte is written down.
#[derive(Debug)]
pub(crate) struct Wiretap {
    pub(crate) address: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Wiretap {
    /// Taps the line of every member that connects to the tap instead of to the relay.
    pub(crate) fn on(relay: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (relay, tapped) = (relay.to_owned(), Arc::clone(&heard));
        thread::spawn(move || {
            for member in listener.incoming() {
                let member = member.unwrap();
                let relay = TcpStream::connect(&relay).unwrap();
                pass(
                    member.try_clone().unwrap(),
                    relay.try_clone().unwrap(),
                    Arc::clone(&tapped),
                );
                pass(relay, member, Arc::clone(&tapped));
            }
        });
        Self { address, heard }
    }

    /// All bytes so far.
    pub(crate) fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }
}

/// Passes bytes on and writes them down.
fn pass(mut from: TcpStream, mut to: TcpStream, heard: Arc<Mutex<Vec<u8>>>) {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            heard.lock().unwrap().extend_from_slice(&buffer[..length]);
            if to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        // The other side may have closed already.
        let _closed = to.shutdown(Shutdown::Write);
    });
}
