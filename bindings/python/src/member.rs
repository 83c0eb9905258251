//! Members.

use std::sync::{Mutex, TryLockError};

use mpotr::json::{Hex, SeenJson};
use mpotr_json::{Failure, JsonMember, Params};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use crate::failure::{detached, raised};
use crate::identity::Identity;
use crate::secret::taken;

/// One member's part in one room.
#[derive(Debug)]
#[pyclass(frozen, module = "mpotr._mpotr")]
pub(crate) struct Member(Mutex<JsonMember>);

impl Member {
    /// Does something with the room. Another thread is not waited for: it may have this one wait.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut JsonMember) -> Result<T, Failure> + Send,
    ) -> PyResult<T> {
        detached(py, || match self.0.try_lock() {
            Ok(mut room) => work(&mut room),
            Err(TryLockError::WouldBlock) => {
                let message = "another thread is in a call of this member";
                Err(Failure::new(-32_000, "busy", message))
            }
            Err(TryLockError::Poisoned(_)) => Err(Failure::internal()),
        })
    }
}

#[pymethods]
impl Member {
    #[new]
    fn new(py: Python<'_>, options: &str, identity: &Identity, now: u64) -> PyResult<Self> {
        let room = detached(py, || {
            JsonMember::open(Params::parse(options.as_bytes())?, identity.copy()?, now)
        })?;
        Ok(Self(Mutex::new(room)))
    }

    fn key(&self, py: Python<'_>) -> PyResult<String> {
        self.with(py, |room| Ok(room.member().identity().to_string()))
    }

    fn room_id<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let id = self.with(py, |room| Ok(room.member().room_id()))?;
        Ok(PyBytes::new(py, id.as_bytes()))
    }

    fn handle_packet(
        &self,
        py: Python<'_>,
        now: u64,
        packet: &[u8],
    ) -> PyResult<Option<&'static str>> {
        self.with(py, |room| {
            let handled = room.handle_packet(now, packet);
            Ok(handled.err().map(|rejection| rejection.code()))
        })
    }

    fn handle_timeout(&self, py: Python<'_>, now: u64) -> PyResult<()> {
        self.with(py, |room| {
            room.member_mut().handle_timeout(now);
            Ok(())
        })
    }

    fn poll_packet<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let packet = self.with(py, |room| Ok(room.member_mut().poll_packet()))?;
        Ok(packet.map(|packet| PyBytes::new(py, &packet)))
    }

    fn poll_event(&self, py: Python<'_>) -> PyResult<Option<String>> {
        self.with(py, |room| {
            let event = room.poll_event();
            Ok(event.map(|event| event.to_string()))
        })
    }

    fn poll_record<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let piece = self.with(py, |room| Ok(room.poll_record()))?;
        Ok(piece.map(|piece| PyBytes::new(py, &piece)))
    }

    fn poll_timeout(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        self.with(py, |room| Ok(room.member().poll_timeout()))
    }

    fn has_ended(&self, py: Python<'_>) -> PyResult<bool> {
        self.with(py, |room| Ok(room.member().has_ended()))
    }

    fn send(&self, py: Python<'_>, now: u64, body: &[u8], seen: &str) -> PyResult<u64> {
        let SeenJson(seen) = raised(py, Params::one("seen", seen))?;
        self.with(py, |room| Ok(room.send(now, body, seen)?.number()))
    }

    fn verify_start(
        &self,
        py: Python<'_>,
        now: u64,
        identity: &str,
        secret: &Bound<'_, PyByteArray>,
        question: &str,
    ) -> PyResult<String> {
        let secret = taken(secret)?;
        let Hex(identity) = raised(py, Params::one("identity", identity))?;
        self.with(py, |room| {
            let attempt = room.verify_start(now, identity, &secret, question)?;
            Ok(attempt.to_string())
        })
    }

    fn verify_answer(
        &self,
        py: Python<'_>,
        now: u64,
        attempt: &str,
        secret: &Bound<'_, PyByteArray>,
    ) -> PyResult<()> {
        let secret = taken(secret)?;
        let Hex(attempt) = raised(py, Params::one("attempt", attempt))?;
        self.with(py, |room| room.verify_answer(now, attempt, &secret))
    }

    fn export<'py>(
        &self,
        py: Python<'py>,
        context: &[u8],
    ) -> PyResult<Option<Bound<'py, PyByteArray>>> {
        let exported = self.with(py, |room| {
            let mut secret = zeroize::Zeroizing::new([0; 32]);
            let is_there = room.export(context, &mut secret);
            Ok(is_there.then_some(secret))
        })?;
        Ok(exported.map(|secret| PyByteArray::new(py, &*secret)))
    }

    fn call(&self, py: Python<'_>, now: u64, request: &str) -> PyResult<String> {
        self.with(py, |room| {
            let answer = room.call_text(now, request.as_bytes())?;
            Ok(answer.to_string())
        })
    }
}
