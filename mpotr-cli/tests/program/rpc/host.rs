//! A host of `mpotr rpc`.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{mpotr, poll, succeed};

/// No answer takes longer.
const LIMIT: Duration = Duration::from_secs(120);

/// The program, and what it has said.
#[derive(Debug)]
pub(crate) struct Host {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    id: u64,
    /// Notifications that were not taken.
    notes: VecDeque<(String, Value)>,
    /// All events so far, and of which rooms.
    told: Vec<(String, Value)>,
    /// What is read of the program is closed once it says something more.
    gone: mpsc::Sender<()>,
}

/// Makes an identity in a file of this name, and returns its public key.
pub(crate) fn identity(home: &Path, name: &str) -> String {
    let file = home.join(name);
    let arguments = ["identity", "new", "--public", "--identity"];
    let key = succeed(home, &[&arguments[..], &[file.to_str().unwrap()]].concat());
    fs::write(home.join(format!("{name}.pub")), &key).unwrap();
    key.trim().to_owned()
}

impl Host {
    pub(crate) fn start(home: &Path, more: &[&str]) -> Self {
        let mut command = mpotr(home);
        command.arg("rpc").args(more);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (gone, is_gone) = mpsc::channel();
        Self {
            input: child.stdin.take(),
            lines: read(child.stdout.take().unwrap(), is_gone),
            child,
            id: 0,
            notes: VecDeque::new(),
            told: Vec::new(),
            gone,
        }
    }

    /// Writes a line, whatever it is.
    pub(crate) fn write(&mut self, line: impl AsRef<[u8]>) {
        let input = self.input.as_mut().unwrap();
        input.write_all(&[line.as_ref(), b"\n"].concat()).unwrap();
        input.flush().unwrap();
    }

    /// The next line that is no notification.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Value {
        loop {
            if let Some(answer) = self.read() {
                return answer;
            }
        }
    }

    /// Asks, and returns the result or the error.
    #[track_caller]
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.request(method, params);
        let mut answer = self.answer();
        assert_eq!(answer["id"], id, "{answer}");
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => Err(answer["error"].take()),
        }
    }

    /// Asks, and does not wait for the answer.
    pub(crate) fn request(&mut self, method: &str, params: Value) -> u64 {
        self.id += 1;
        let id = self.id;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.write(request.to_string());
        id
    }

    #[track_caller]
    pub(crate) fn hello(&mut self) -> Value {
        self.ask("hello", json!({ "api": [1] })).unwrap()
    }

    /// The next notification.
    #[track_caller]
    pub(crate) fn note(&mut self) -> (String, Value) {
        loop {
            if let Some(note) = self.notes.pop_front() {
                return note;
            }
            let answer = self.read();
            assert_eq!(answer, None, "nothing was asked");
        }
    }

    /// Notifications that came so far.
    pub(crate) fn notes(&mut self) -> impl Iterator<Item = (String, Value)> {
        std::mem::take(&mut self.notes).into_iter()
    }

    /// The last event of a type that a room told.
    pub(crate) fn told(&self, room: &str, kind: &str) -> Option<&Value> {
        let is_it = |(of, event): &&(String, Value)| of == room && event["type"] == kind;
        self.told.iter().rfind(is_it).map(|(_, event)| event)
    }

    /// Waits for an event.
    #[track_caller]
    pub(crate) fn hears(&mut self, room: &str, kind: &str) -> Value {
        while self.told(room, kind).is_none() {
            self.note();
        }
        self.told(room, kind).unwrap().clone()
    }

    /// Reads a line: an answer, or a notification, which is kept.
    #[track_caller]
    fn read(&mut self) -> Option<Value> {
        let line = self.lines.recv_timeout(LIMIT);
        let line = line.unwrap_or_else(|error| panic!("{error}; told {:?}", self.told));
        let mut said: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(said["jsonrpc"], "2.0");
        if said.get("method").is_none() {
            return Some(said);
        }
        let method = said["method"].as_str().unwrap().to_owned();
        let params = said["params"].take();
        if method == "event" {
            let room = params["room"].as_str().unwrap().to_owned();
            self.told.push((room, params["event"].clone()));
        }
        self.notes.push_back((method, params));
        None
    }

    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// Reads nothing of the program from its next line on.
    pub(crate) fn close_output(&mut self) {
        self.gone.send(()).unwrap();
        // A line has the reader look: the pipe is closed behind it.
        self.write(r#"{"jsonrpc":"2.0","id":0,"method":"hello","params":{"api":[1]}}"#);
        let _last = self.lines.recv_timeout(LIMIT);
        assert!(self.lines.recv_timeout(LIMIT).is_err());
    }

    /// Ends its input, reads what it says to the end, and returns its exit code.
    #[track_caller]
    pub(crate) fn end(mut self) -> Option<i32> {
        self.end_input();
        while self.lines.recv_timeout(LIMIT).is_ok() {}
        self.wait()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Option<i32> {
        let status = poll(|| self.child.try_wait().unwrap());
        status.unwrap().code()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // Most have ended by themselves, and then there is nothing to kill.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Reads lines in the background, until the host is gone.
fn read(pipe: ChildStdout, is_gone: Receiver<()>) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let is_over = sender.send(line.unwrap()).is_err() || is_gone.try_recv().is_ok();
            if is_over {
                return;
            }
        }
    });
    lines
}
