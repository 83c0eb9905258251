//! All rooms of a host: requests and news go in, lines come out.

mod changing;
mod entering;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mpotr::{Backend, SuiteId};
use mpotr_json::{Failure, METHODS, Params};
use mpotr_transport::Clock;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::address::carriers;
use super::args::{ClockArg, RpcArgs};
use super::calls;
use super::failure;
use super::line::Line;
use super::link::{News, What};
use super::loading::Loading;
use super::opening::Opening;
use super::options::handle;
use super::people;
use super::request::Request;
use super::room::OpenRoom;
use super::telling;
use changing::Changing;

/// The most rooms of a host.
const MOST_ROOMS: usize = 1_024;

/// The version of what is said here.
const API: u64 = 1;

/// The version of the protocol between members.
const PROTOCOL: u64 = 1;

/// The most deadlines of a room that one `tick` comes to.
const MOST_DEADLINES: usize = 100_000;

/// The most milliseconds by which one `tick` turns the clock, a day: what is due in that time is done in a few seconds.
const MOST_TURN: u64 = 24 * 60 * 60 * 1_000;

/// The time of rooms whose packets the host carries.
#[derive(Debug)]
enum Time {
    /// That of this machine.
    Real(Clock),
    /// As far as the host has turned it.
    Manual(u64),
}

/// All rooms of a host.
#[derive(Debug)]
pub(super) struct Session {
    is_greeted: bool,
    /// Whether programs are started to carry packets.
    programs: bool,
    time: Time,
    rooms: BTreeMap<String, OpenRoom>,
    opening: BTreeMap<String, Opening>,
    /// Rooms whose file of people is being read or written, by their numbers.
    changing: BTreeMap<u64, Changing>,
    loading: Loading,
    /// The number of the next link.
    links: u64,
    news: mpsc::Sender<News>,
    out: Vec<Value>,
    is_acknowledged: bool,
    /// The most rooms.
    most_rooms: usize,
}

impl Session {
    pub(super) fn new(args: &RpcArgs, news: mpsc::Sender<News>) -> Self {
        Self {
            is_greeted: false,
            programs: args.programs,
            time: match args.clock {
                ClockArg::Real => Time::Real(Clock::start()),
                ClockArg::Manual => Time::Manual(0),
            },
            rooms: BTreeMap::new(),
            opening: BTreeMap::new(),
            changing: BTreeMap::new(),
            loading: Loading::default(),
            links: 0,
            news,
            out: Vec::new(),
            is_acknowledged: true,
            most_rooms: MOST_ROOMS,
        }
    }

    /// What is to be written, in order.
    pub(super) fn said(&mut self) -> impl Iterator<Item = String> + use<> {
        let said = std::mem::take(&mut self.out).into_iter();
        said.map(|value| value.to_string())
    }

    /// Whether there is nothing left to wait for, of a session that `is_ending`.
    pub(super) fn is_over(&self, is_ending: bool) -> bool {
        is_ending && self.rooms.is_empty() && self.opening.is_empty() && self.changing.is_empty()
    }

    /// Whether each text of each room was acknowledged, or taken back.
    pub(super) const fn is_all_acknowledged(&self) -> bool {
        self.is_acknowledged
    }

    /// A line of the host.
    pub(super) fn take(&mut self, line: Line) {
        match Request::read(line) {
            Ok(request) => self.serve(request),
            Err((id, failure)) => self.answer(id, Err(failure)),
        }
    }

    fn answer(&mut self, id: Value, answer: Result<Value, Failure>) {
        self.out.push(match answer {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(failure) => {
                json!({ "jsonrpc": "2.0", "id": id, "error": failure.into_json() })
            }
        });
    }

    fn serve(&mut self, request: Request) {
        let Request {
            id,
            method,
            params,
            length,
        } = request;
        if !self.is_greeted && method != "hello" {
            return self.answer(id, Err(failure::hello_first()));
        }
        match method.as_str() {
            "hello" => {
                let answer = self.hello(params);
                self.answer(id, answer);
            }
            "tick" => self.tick(id, params),
            "open" => self.open(id, params),
            room if METHODS.contains(&room) || people::METHODS.contains(&room) => {
                self.call(Request {
                    id,
                    method,
                    params,
                    length,
                })
            }
            unknown => {
                let failure = Failure::method(unknown);
                self.answer(id, Err(failure));
            }
        }
    }

    fn hello(&mut self, mut params: Params) -> Result<Value, Failure> {
        let api: Vec<u64> = params.take("api")?;
        if !api.contains(&API) {
            return Err(failure::api());
        }
        self.is_greeted = true;
        let backends: Vec<_> = Backend::available().map(Backend::name).collect();
        Ok(json!({
            "api": API,
            "program": concat!("mpotr ", env!("CARGO_PKG_VERSION")),
            "protocol": PROTOCOL,
            "suites": SuiteId::ALL.map(SuiteId::name),
            "backends": backends,
            "carriers": carriers(self.programs),
        }))
    }

    fn now(&self) -> u64 {
        match &self.time {
            Time::Real(clock) => clock.now().as_millis(),
            Time::Manual(now) => *now,
        }
    }

    fn call(&mut self, request: Request) {
        let Request {
            id,
            method,
            mut params,
            length,
        } = request;
        let handle = match handle(&mut params) {
            Ok(handle) => handle,
            Err(failure) => return self.answer(id, Err(failure)),
        };
        let changing = self.rooms.get(&handle).map(|room| room.id);
        let changing = changing.and_then(|id| self.changing.get_mut(&id));
        let opening = self.opening.get_mut(&handle).map(|it| &mut it.requests);
        if let Some(waiting) = opening.or(changing.map(|it| &mut it.requests)) {
            params.give_back("room", handle);
            let asked = id.clone();
            let request = Request {
                id,
                method,
                params,
                length,
            };
            if let Err(failure) = waiting.push(request) {
                self.answer(asked, Err(failure));
            }
            return;
        }
        if people::METHODS.contains(&method.as_str()) {
            if let Err(failure) = self.change(&id, &handle, &method, params) {
                self.answer(id, Err(failure));
            }
            return;
        }
        let now = self.now();
        let Some(room) = self.rooms.get_mut(&handle) else {
            return self.answer(id, Err(failure::no_such_room()));
        };
        let now = room.now(now);
        let called = catch_unwind(AssertUnwindSafe(|| calls::call(room, now, &method, params)));
        match called {
            Ok(answer) => {
                self.answer(id, answer);
                self.settle(&handle);
            }
            Err(_panic) => {
                self.answer(id, Err(Failure::internal()));
                self.break_off(&handle);
            }
        }
    }

    /// Turns the clock, and does what is due on the way in its order.
    fn tick(&mut self, id: Value, mut params: Params) {
        let read = |params: &mut Params| params.take::<u64>("to");
        let to = match (&self.time, read(&mut params), params.finish()) {
            (Time::Real(_), ..) => return self.answer(id, Err(Failure::method("tick"))),
            (_, Err(failure), _) | (_, _, Err(failure)) => return self.answer(id, Err(failure)),
            (Time::Manual(_), Ok(to), Ok(())) => to,
        };
        if to.saturating_sub(self.now()) > MOST_TURN {
            let message = format_args!("the clock is turned by {MOST_TURN} ms at one time at most");
            let failure = Failure::params("to", message).with("limit", MOST_TURN);
            return self.answer(id, Err(failure));
        }
        let mark = self.out.len();
        for _ in 0..MOST_DEADLINES {
            let due = self.rooms.iter().filter_map(|(handle, room)| {
                let at = room.member.poll_timeout()?;
                (at <= to).then(|| (at, handle.clone()))
            });
            let Some((at, handle)) = due.min() else {
                break;
            };
            let now = self.now().max(at);
            self.time = Time::Manual(now);
            self.with(&handle, |room| room.member.handle_timeout(now));
        }
        self.time = Time::Manual(self.now().max(to));
        let timeouts = self.rooms.iter().filter_map(|(handle, room)| {
            let at = room.member.poll_timeout()?;
            Some((handle.clone(), at.into()))
        });
        let timeouts: serde_json::Map<String, Value> = timeouts.collect();
        let told = self.out.split_off(mark);
        self.answer(id, Ok(json!({ "timeouts": timeouts })));
        self.out.extend(told);
    }

    /// What a link has to say.
    pub(super) fn hear(&mut self, news: News) {
        let News { room, link, what } = news;
        if let What::People(known) = what {
            if let Some(changing) = self.changing.remove(&link) {
                self.changed(changing, known);
            }
            return;
        }
        let is_opening = |opening: &Opening| opening.link == link;
        if self.opening.get(&room).is_some_and(is_opening) {
            return self.enter(&room, what);
        }
        if self.rooms.get(&room).is_some_and(|it| it.id == link) {
            self.with(&room, |room| room.hear(what));
        }
    }

    /// Whether a room is left that takes its time to be left: its carrier is one of short lines.
    pub(super) fn leaves_by_lines(&self) -> bool {
        self.rooms.values().any(OpenRoom::is_by_lines)
    }

    /// When to look at the rooms again, if there is a time for it.
    pub(super) fn due(&self) -> Option<Instant> {
        let Time::Real(clock) = &self.time else {
            return None;
        };
        let rooms = self.rooms.values().filter_map(|room| match &room.carried {
            Some(_) => room.due(),
            None => clock.when(mpotr::room::Timestamp::from_millis(
                room.member.poll_timeout()?,
            )),
        });
        rooms.min()
    }

    /// Does what is due.
    pub(super) fn look(&mut self) {
        let now = self.now();
        let due = self.rooms.iter().filter(|(_, room)| {
            let at = room.member.poll_timeout();
            at.is_some_and(|at| at <= room.now(now)) || room.gives_up()
        });
        let due: Vec<_> = due.map(|(handle, _)| handle.clone()).collect();
        for handle in due {
            self.with(&handle, |room| {
                let now = room.now(now);
                room.member.handle_timeout(now);
                room.give_up();
            });
        }
    }

    /// Leaves all rooms: those on carriers in order, those of the host with what they can say at once.
    pub(super) fn leave_all(&mut self) {
        for (_, opening) in std::mem::take(&mut self.opening) {
            let stops = || failure::carrier("shutting_down", "the program stops", false);
            self.answer(opening.id, Err(stops()));
            for request in opening.requests {
                self.answer(request.id, Err(stops()));
            }
        }
        let now = self.now();
        for handle in self.handles() {
            self.with(&handle, |room| {
                let now = room.now(now);
                room.member.leave(now);
                room.is_left(false);
            });
            let is_carried = |room: &OpenRoom| room.carried.is_some();
            if !self.rooms.get(&handle).is_none_or(is_carried) {
                self.with(&handle, OpenRoom::close);
            }
        }
    }

    /// Ends all rooms at once.
    pub(super) fn close_all(&mut self) {
        for (_, changing) in std::mem::take(&mut self.changing) {
            let stops = || failure::carrier("shutting_down", "the program stops", false);
            self.answer(changing.id, Err(stops()));
            for request in changing.requests {
                self.answer(request.id, Err(stops()));
            }
        }
        for handle in self.handles() {
            self.with(&handle, OpenRoom::close);
        }
    }

    fn handles(&self) -> Vec<String> {
        self.rooms.keys().cloned().collect()
    }

    /// Has a room do something, and hands out what comes of it.
    fn with(&mut self, handle: &str, act: impl FnOnce(&mut OpenRoom)) {
        let Some(room) = self.rooms.get_mut(handle) else {
            return;
        };
        match catch_unwind(AssertUnwindSafe(|| act(room))) {
            Ok(()) => self.settle(handle),
            Err(_panic) => self.break_off(handle),
        }
    }

    /// Hands out what a room has to say. One that is over gives its handle back.
    fn settle(&mut self, handle: &str) {
        let Some(room) = self.rooms.get_mut(handle) else {
            return;
        };
        let out = &mut self.out;
        let spoken = catch_unwind(AssertUnwindSafe(|| room.speak(handle, out)));
        self.is_acknowledged &= room.is_acknowledged;
        match spoken {
            Ok(false) => {}
            Ok(true) => {
                self.rooms.remove(handle);
            }
            Err(_panic) => self.break_off(handle),
        }
    }

    /// A room in which this program has failed is no more.
    fn break_off(&mut self, handle: &str) {
        let Some(room) = self.rooms.remove(handle) else {
            return;
        };
        self.is_acknowledged = false;
        let event = json!({
            "type": "closed",
            "group": "ended",
            "n": room.next,
            "at": self.now(),
            "sid": null,
            "code": "internal",
            "message": "a fault of this program",
            "retry": true,
        });
        let params = json!({ "room": handle, "event": event });
        self.out.push(telling::notification("event", params));
    }
}

#[cfg(test)]
mod tests;
