"""Rooms on a relay, with asyncio.

    async with await Room.enter("mpotr://127.0.0.1:7667", options, identity) as room:
        async for event in room:
            if event["type"] == "secure":
                room.send("hello", seen=event["sid"])

What asks something of the room returns at once, and events tell what comes of it. The iteration ends after `ended` or `closed`.
The end of the block leaves the room in order. A relay that goes away is tried again, and the room goes on. All is done in the
thread of the loop. The frames, and when another attempt is made, are those of docs/spec/07-transport.md.
"""

from __future__ import annotations

import asyncio
import inspect
import random
import socket
import struct
import time
from collections import deque
from types import TracebackType
from typing import Any, AsyncIterator, Callable, Deque, Dict, Optional, Tuple, Type, Union
from urllib.parse import urlsplit

from . import Event, Identity, Member, MpotrError, RoomOptions

__all__ = ["Room"]

PORT = 7667
LONGEST_FRAME = (1 << 20) + 9
MOST_EVENTS = 1_024  # while so many are unread, no packet is received
PATIENCE = 30.0  # seconds for a connection and its first frame
LEAVING = 10.0  # seconds for a block to leave its room in order
LEAVES = 60.0  # seconds for which a room that is being left waits for another connection
LASTS = 15.0  # seconds after which a connection has held
LONG_LOSS = 60.0  # seconds after which others may have gone on without this member
LONGEST_HALT = 300.0  # seconds that the time of a room may stand still, regained at a sixth of the time that it runs
REGAINED = 6.0

# What a relay says by a number: the code, whether another connection may mend it, and whether it is to be waited for longer.
REFUSALS: Dict[int, Tuple[str, bool, bool]] = {
    1: ("protocol", False, False),
    2: ("protocol", False, False),
    3: ("protocol", False, False),
    4: ("lost", True, False),
    5: ("too_slow", True, True),
    6: ("full", True, False),
    7: ("shutting_down", True, False),
    8: ("full", True, False),
    9: ("full", True, False),
    10: ("refused", True, True),
    11: ("lost", True, False),
}


class _Lost(Exception):
    """A connection is over, or did not come to be."""

    def __init__(self, code: str, text: str, retry: bool = True, is_slow: bool = False) -> None:
        super().__init__(text)
        self.code, self.text, self.retry, self.is_slow = code, text, retry, is_slow

    def error(self) -> MpotrError:
        error = MpotrError(self.text)
        error.code, error.data = self.code, {"code": self.code, "retry": self.retry}
        return error


class _Clock:
    """The time of a room in milliseconds, also while the machine sleeps. It stands still while there is no connection."""

    def __init__(self) -> None:
        self._start = self._running = self._read()
        self._halted: Optional[float] = None
        self._allowance = LONGEST_HALT

    @staticmethod
    def _read() -> float:
        boot = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boot is None else time.clock_gettime(boot)

    def now(self) -> int:
        at = self._read()
        if self._halted is not None:
            at = max(self._halted, at - self._allowance)
        return int((at - self._start) * 1_000)

    @property
    def stands_still(self) -> bool:
        return self._halted is not None

    def halt(self) -> None:
        if self._halted is None:
            self._halted = self._read()
            ran = self._halted - self._running
            self._allowance = min(LONGEST_HALT, self._allowance + ran / REGAINED)

    def go_on(self) -> None:
        if self._halted is not None:
            at = self._read()
            stood = min(at - self._halted, self._allowance)
            self._start += stood
            self._allowance -= stood
            self._halted, self._running = None, at


def _place(address: str) -> Tuple[str, int]:
    """The host and the port of an address."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
        # As it is looked up later: what has no such form is no name.
        (host or "").encode("idna")
        if any(ord(it) < 0x21 for it in host or ""):
            raise ValueError("a host has no such characters")
    except ValueError as error:
        raise _Lost("bad_address", str(error), retry=False).error() from None
    if parts.scheme != "mpotr":
        raise _Lost("no_such_carrier", "an address here is like mpotr://host:7667", retry=False).error()
    if not host or port == 0 or parts.netloc.count("@") or parts.path or parts.query or parts.fragment:
        raise _Lost("bad_address", "an address is like mpotr://host:7667", retry=False).error()
    return host, port or PORT


class _Link:
    """A connection to a relay that has let this client in."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.since = time.monotonic()

    @classmethod
    async def connect(cls, place: Tuple[str, int], room_id: bytes) -> _Link:
        try:
            return await asyncio.wait_for(cls._connect(place, room_id), PATIENCE)
        except asyncio.TimeoutError:
            raise _Lost("unreachable", "the relay does not answer") from None

    @classmethod
    async def _connect(cls, place: Tuple[str, int], room_id: bytes) -> _Link:
        try:
            reader, writer = await asyncio.open_connection(*place)
        except OSError as error:
            raise _Lost("unreachable", str(error)) from None
        except ValueError as error:
            raise _Lost("bad_address", str(error), retry=False) from None
        link = cls(reader, writer)
        try:
            link._keep_alive()
            # What waits here cannot be taken back by what is newer.
            writer.transport.set_write_buffer_limits(high=4_096)
            link.write(b"\x01" + room_id)
            if await link.frame() != b"\x02":
                raise _Lost("protocol", "what answers is no relay", retry=False)
        except BaseException:
            writer.close()
            raise
        return link

    def _keep_alive(self) -> None:
        """Has the system notice a relay that is gone without a word, where it can."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_USER_TIMEOUT", 30_000)):
            option = getattr(socket, name, None)
            if option is not None:
                connection.setsockopt(socket.IPPROTO_TCP, option, value)

    def write(self, payload: bytes) -> None:
        self.writer.write(struct.pack(">I", len(payload)) + payload)

    async def frame(self) -> bytes:
        """The payload of the next frame. One that says why the relay ends the connection is raised."""
        try:
            (length,) = struct.unpack(">I", await self._reader.readexactly(4))
            if not 1 <= length <= LONGEST_FRAME:
                raise _Lost("protocol", "a frame is too long or empty", retry=False)
            payload = await self._reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            raise _Lost("lost", "the connection to the relay is lost") from None
        if payload[0] == 1:
            raise self._refusal(payload)
        return payload

    @staticmethod
    def _refusal(payload: bytes) -> _Lost:
        text = payload[2:]
        if len(payload) < 2 or payload[1] not in REFUSALS or not all(0x20 <= it <= 0x7E for it in text):
            return _Lost("protocol", "the relay says what no relay says", retry=False)
        code, retry, is_slow = REFUSALS[payload[1]]
        return _Lost(code, text.decode("ascii"), retry, is_slow)

    async def packet(self) -> bytes:
        """The next packet."""
        payload = await self.frame()
        if payload[0] != 0 or len(payload) < 10:
            raise _Lost("protocol", "a frame that no relay sends", retry=False)
        return payload[9:]


class Room:
    """One member's part in a room on a relay."""

    def __init__(
        self,
        place: Tuple[str, int],
        member: Member,
        clock: _Clock,
        give_up: float,
        transcript: Optional[Callable[[bytes], object]],
    ) -> None:
        """Made by `enter`."""
        self._place, self._member, self._clock, self._give_up = place, member, clock, give_up
        self._transcript = transcript
        self._events: Deque[Event] = deque()
        self._changed, self._woken, self._room_for_events = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._is_over = False
        self._leaves_at: Optional[float] = None
        self._lost_at: Optional[float] = None
        # No other connection is waited for.
        self._stops = asyncio.Event()
        self._patience: Optional[asyncio.TimerHandle] = None
        self._fault: Optional[BaseException] = None
        self._timer: Optional[asyncio.TimerHandle] = None
        self._driver: Optional[asyncio.Future[None]] = None

    @classmethod
    async def enter(
        cls,
        address: str,
        options: RoomOptions,
        identity: Identity,
        give_up: float = 600.0,
        transcript: Optional[Callable[[bytes], object]] = None,
    ) -> Room:
        """Enters a room on the relay at an address such as `mpotr://host:7667`. One that is lost is tried again for `give_up` seconds;
        one that cannot be reached now is an `MpotrError` by a code of docs/spec/07-transport.md. `transcript` is called with each
        piece of a transcript, before the events that follow, as `write` of a binary file is: a function that may not be `async`. What
        it raises ends the room, and is raised to who reads events, after all of them. The option `record` is not taken here."""
        place, clock = _place(address), _Clock()
        if "record" in options:
            raise TypeError("a room takes `transcript`, and no option `record`")
        if transcript is not None and not callable(transcript):
            raise TypeError("`transcript` is a function")
        # Its options are looked at before anything is connected.
        member = Member({**options, "record": transcript is not None}, identity, 0)
        try:
            link = await _Link.connect(place, member.room_id)
        except _Lost as lost:
            member.close()
            raise lost.error() from None
        except BaseException:
            member.close()
            raise
        room = cls(place, member, clock, give_up, transcript)
        try:
            room._settle()
        except BaseException:
            link.writer.close()
            raise
        room._driver = asyncio.ensure_future(room._drive(link))
        room._driver.add_done_callback(room._finish)
        return room

    async def __aenter__(self) -> Room:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if kind is None and not self._is_over:
            self.leave()
            try:
                await asyncio.wait_for(self._end(), LEAVING)
            except asyncio.TimeoutError:
                pass
        await self.aclose()

    async def _end(self) -> None:
        while not self._is_over:
            self._changed.clear()
            await self._changed.wait()

    async def aclose(self) -> None:
        """Ends at once and erases all keys."""
        self._member.close()
        self._settle()
        if self._driver is not None:
            self._driver.cancel()
            await asyncio.gather(self._driver, return_exceptions=True)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        while not self._events and not self._is_over:
            self._changed.clear()
            await self._changed.wait()
        if not self._events:
            if self._fault is not None:
                raise self._fault
            raise StopAsyncIteration
        event = self._events.popleft()
        if len(self._events) < MOST_EVENTS:
            self._room_for_events.set()
        return event

    @property
    def key(self) -> str:
        """The public key of this member's identity."""
        return self._member.key

    def send(self, body: Union[str, bytes], seen: str) -> int:
        """Sends a text, as `Member.send`."""
        text_id = self._member.send(self._clock.now(), body, seen)
        self._settle()
        return text_id

    def verify_start(self, identity: str, secret: bytearray, question: str = "") -> str:
        """Asks another member's person whether it knows the same secret, which is wiped here."""
        attempt = self._member.verify_start(self._clock.now(), identity, secret, question)
        self._settle()
        return attempt

    def verify_answer(self, attempt: str, secret: bytearray) -> None:
        """Answers `secret_asked`; the secret is wiped here."""
        self._member.verify_answer(self._clock.now(), attempt, secret)
        self._settle()

    def admit(self, identity: str) -> None:
        """Is willing to be in the room with this identity, and votes for that."""
        self.call("admit", identity=identity)

    def exclude(self, identity: str) -> None:
        """Votes for the next epoch to be without this member."""
        self.call("exclude", identity=identity)

    def state(self) -> Dict[str, Any]:
        """What a screen shows of the room."""
        return self._member.state()

    def leave(self) -> None:
        """Leaves in order, which ends with `ended`. Where the relay is away, it is waited for as long as a minute."""
        self.call("leave")

    def stop(self) -> None:
        """Leaves without waiting for the room to be secure; called again, without waiting for anything. No relay is waited for."""
        self.call("stop")

    def room_code(self) -> str:
        """Takes part in a round of the room's code, as `Member.room_code`."""
        answer: str = self.call("room_code")["round"]
        return answer

    def call(self, method: str, **params: Any) -> Any:
        """Calls a method of `mpotr rpc` by its name, with its parameters but for `room`."""
        answer = self._member.call(self._clock.now(), method, **params)
        if method in ("leave", "stop") and self._leaves_at is None:
            self._leaves_at = time.monotonic()
            self._be_patient()
        if method == "stop":
            self._stops.set()
        self._settle()
        return answer

    def _be_patient(self) -> None:
        """A room that is being left, and whose relay is lost, waits for another connection for some time."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if self._leaves_at is not None and self._lost_at is not None:
            wait = max(self._leaves_at, self._lost_at) + LEAVES - time.monotonic()
            self._patience = asyncio.get_running_loop().call_later(max(wait, 0.0), self._stops.set)

    def _record(self) -> None:
        """Hands on what belongs in a transcript. One that cannot be written ends the room: a file with a hole is none."""
        try:
            while self._transcript is not None:
                piece = self._member.poll_record()
                if piece is None:
                    break
                answer = self._transcript(piece)
                if inspect.isawaitable(answer):
                    if inspect.iscoroutine(answer):
                        answer.close()
                    raise TypeError("`transcript` may not be `async`")
        except BaseException as error:
            self._transcript, self._fault = None, error
            self._member.close()
            # What became of each text is told before that.
            self._take_events()
            self._changed.set()
            if self._driver is not None:
                self._driver.cancel()
            raise

    def _settle(self) -> None:
        """After anything was done with the member: takes what it tells, and has what it has to send sent."""
        self._record()
        self._take_events()
        if self._member.has_ended:
            self._stops.set()
        if len(self._events) >= MOST_EVENTS and self._leaves_at is None:
            self._room_for_events.clear()
        else:
            self._room_for_events.set()
        self._woken.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._member.poll_timeout()
        if due is not None and not self._is_over:
            # Not too long: a machine that sleeps wakes nobody. A clock that stands still is looked at now and then.
            wait = min(max(due - self._clock.now(), 0) / 1_000, 20.0)
            wait = max(wait, 1.0) if self._clock.stands_still else wait
            self._timer = asyncio.get_running_loop().call_later(wait, self._look)
        self._changed.set()

    def _take_events(self) -> None:
        while True:
            event = self._member.poll_event()
            if event is None:
                break
            self._events.append(event)

    def _look(self) -> None:
        self._timer = None
        self._member.handle_timeout(self._clock.now())
        self._settle()

    def _finish(self, driver: asyncio.Future[None]) -> None:
        """The driver is over. A fault of this program is told to who reads events, and not lost."""
        self._is_over = True
        if not driver.cancelled():
            self._fault = driver.exception()
        if self._timer is not None:
            self._timer.cancel()
        if self._patience is not None:
            self._patience.cancel()
        self._changed.set()

    async def _drive(self, link: _Link) -> None:
        """Serves one connection after the other, until the room or the relay is over."""
        attempt, lost_at = 0, time.monotonic()
        while True:
            lost = await self._serve(link)
            if lost is None:
                return
            now = time.monotonic()
            if now - link.since >= LASTS or attempt == 0:
                attempt, lost_at = 0, now
            self._clock.halt()
            self._lost_at = now
            self._be_patient()
            while True:
                if self._member.has_ended:
                    return
                if not lost.retry or self._stops.is_set() or now - lost_at > self._give_up:
                    return self._lose(lost)
                attempt += 1
                wait = min(0.25 * 2.0 ** (attempt - 1), 15.0) if not lost.is_slow else 15.0
                wait *= 1.0 + random.random()
                next_at = self._clock.now() + int(wait * 1_000)
                self._member.carrier(
                    self._clock.now(), news="lost", code=lost.code, attempt=attempt, next=next_at
                )
                self._settle()
                try:
                    another_link = await self._again(wait)
                except _Lost as another:
                    lost, now = another, time.monotonic()
                    continue
                if another_link is not None:
                    link = another_link
                    break
            self._lost_at = None
            self._be_patient()
            self._clock.go_on()
            self._member.carrier(self._clock.now(), news="back")
            if time.monotonic() - lost_at >= LONG_LOSS:
                # A new epoch shows at once who is still there.
                self._member.refresh(self._clock.now())
            self._settle()

    async def _again(self, wait: float) -> Optional[_Link]:
        """One more attempt, after a wait; none if there is to be no other connection."""

        async def attempt() -> _Link:
            await asyncio.sleep(wait)
            return await _Link.connect(self._place, self._member.room_id)

        connects, stops = asyncio.ensure_future(attempt()), asyncio.ensure_future(self._stops.wait())
        try:
            await asyncio.wait({connects, stops}, return_when=asyncio.FIRST_COMPLETED)
            return connects.result() if connects.done() else None
        finally:
            connects.cancel()
            stops.cancel()
            await asyncio.gather(connects, stops, return_exceptions=True)

    def _lose(self, lost: _Lost) -> None:
        """The relay is lost for good: what became of each text is told, and the end of the carrier last."""
        self._member.close()
        self._member.carrier(
            self._clock.now(), news="closed", code=lost.code, message=lost.text, retry=lost.retry
        )
        self._settle()

    async def _serve(self, link: _Link) -> Optional[_Lost]:
        """Serves one connection until it is lost, or the room has ended and its last words are out."""
        reads = asyncio.ensure_future(self._read(link))
        writes = asyncio.ensure_future(self._write(link))
        try:
            await asyncio.wait({reads, writes}, return_when=asyncio.FIRST_COMPLETED)
            return writes.result() if writes.done() else reads.result()
        finally:
            reads.cancel()
            writes.cancel()
            await asyncio.gather(reads, writes, return_exceptions=True)
            link.writer.close()

    async def _read(self, link: _Link) -> _Lost:
        while True:
            await self._room_for_events.wait()
            try:
                packet = await link.packet()
            except _Lost as lost:
                return lost
            # Why it changed nothing, if so, is nobody's fault.
            self._member.handle_packet(self._clock.now(), packet)
            self._settle()
            # What has arrived already is read without a wait: others have their turn.
            await asyncio.sleep(0)

    async def _write(self, link: _Link) -> Optional[_Lost]:
        try:
            while True:
                self._woken.clear()
                packet = self._member.poll_packet()
                if packet is not None:
                    link.write(packet)
                    await self._drained(link)
                elif self._member.has_ended:
                    link.writer.close()
                    await link.writer.wait_closed()
                    return None
                else:
                    await self._woken.wait()
        except OSError:
            return _Lost("lost", "the connection to the relay is lost")

    async def _drained(self, link: _Link) -> None:
        """Waits until the system has taken most of what was written, and tells the room where that takes its time."""
        drained, waits = asyncio.ensure_future(link.writer.drain()), 0.05
        try:
            while not (await asyncio.wait({drained}, timeout=waits))[0]:
                waits = 1.0
                self._member.link(self._clock.now(), link.writer.transport.get_write_buffer_size())
                self._settle()
            await drained
        finally:
            drained.cancel()
        if waits == 1.0:
            self._member.link(self._clock.now(), 0)
            self._settle()
