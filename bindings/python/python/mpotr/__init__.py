"""Multi-party Off-the-Record messaging: private group chat over any transport, with no trusted server.

A `Member` is one person's part in one room. It does no input or output and reads no clock: a program hands it the packets
that come from a channel, sends what it polls, and calls `handle_timeout` when that is due. `mpotr.aio.Room` does all of that on
a relay. What events, options and codes mean is in docs/interfaces.md and docs/spec/11-events.md of the repository.

Keys, ids and `sid` are texts of lower-case hexadecimal, as events have them. Secrets are `bytearray`s, which are zeros after the
call. A member may be used by any thread, by one at a time; calls let other threads of Python go on.
"""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Dict, List, Literal, Optional, Type, TypedDict, Union

from ._mpotr import API_VERSION, Identity, MpotrError, fingerprint
from ._mpotr import Member as _Member

__all__ = ["API_VERSION", "Event", "Identity", "Member", "MpotrError", "RoomOptions", "fingerprint"]

Event = Dict[str, Any]
"""What a room tells: docs/spec/11-events.md. Each has at least `type`, `group`, `n`, `at` and `sid`."""

Admission = Union[Literal["open"], Dict[Literal["only", "ask"], List[str]]]
"""Whom a member is willing to be in a room with: `{"only": [key]}`, `{"ask": [key]}` or `"open"`."""


class _Required(TypedDict):
    name: str
    admission: Admission


class RoomOptions(_Required, total=False):
    """What a room is opened with. Without `payload` its texts are chat messages, and `nick` has to be there."""

    nick: str
    payload: Literal["chat", "bytes"]
    suite: Literal["chacha20poly1305", "aes256gcm"]
    backend: str
    policy: Dict[str, Any]
    members: int
    profile: Literal["loopback", "relay", "line", "mail"]
    max_packet: int
    refresh_messages: int
    leeway: int
    exclude_cheats: bool
    record: bool


class Member:
    """One member's part in one room. `now` is milliseconds of a clock of the caller's; an earlier value counts as the last one.

    As a context manager it is closed at the end, which erases its keys.
    """

    def __init__(self, options: RoomOptions, identity: Identity, now: int) -> None:
        self._member = _Member(json.dumps(options), identity, now)

    def __enter__(self) -> Member:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    @property
    def key(self) -> str:
        """The public key of its identity."""
        return self._member.key()

    @property
    def room_id(self) -> bytes:
        """What a relay, or another channel, is joined by."""
        return self._member.room_id()

    @property
    def has_ended(self) -> bool:
        """Whether its part is over: what it has to say yet can be polled."""
        return self._member.has_ended()

    def handle_packet(self, now: int, packet: bytes) -> Optional[str]:
        """Takes a packet from the channel, from anyone. Returns why it changed nothing, which is for logs, or None."""
        return self._member.handle_packet(now, packet)

    def handle_timeout(self, now: int) -> None:
        """To be called at `poll_timeout()`, or later."""
        self._member.handle_timeout(now)

    def poll_packet(self) -> Optional[bytes]:
        """The next packet for everyone else in the channel. To be taken when the channel can send it, and not before."""
        return self._member.poll_packet()

    def poll_event(self) -> Optional[Event]:
        """The next thing that the application should know."""
        event = self._member.poll_event()
        return None if event is None else json.loads(event)

    def poll_record(self) -> Optional[bytes]:
        """The next piece of the transcript, of a member with the option `record`. All pieces, one after another, are a file as
        `mpotr transcript` reads it, with all texts in clear: the first comes at once, the last when the member's part is over. To be
        taken before events are."""
        return self._member.poll_record()

    def poll_timeout(self) -> Optional[int]:
        """When to call `handle_timeout`; None for not before something else happens."""
        return self._member.poll_timeout()

    def send(self, now: int, body: Union[str, bytes], seen: str) -> int:
        """Sends a text, which is sealed to those of the roster that was `seen` and to nobody else: the `sid` of the event `secure`
        that was shown last, or "expected": those of `only`. Returns the `text_id` by which events tell what becomes of it."""
        return self._member.send(now, body.encode() if isinstance(body, str) else body, seen)

    def release(self, now: int, text_id: int, seen: str) -> None:
        """Lets a text leave that is held."""
        self.call(now, "release", text_id=text_id, seen=seen)

    def discard(self, now: int, text_id: int) -> None:
        """Takes back a text that waits or is held."""
        self.call(now, "discard", text_id=text_id)

    def admit(self, now: int, identity: str) -> None:
        """Is willing to be in the room with this identity, and votes for that."""
        self.call(now, "admit", identity=identity)

    def exclude(self, now: int, identity: str) -> None:
        """Votes for the next epoch to be without this member."""
        self.call(now, "exclude", identity=identity)

    def merge(self, now: int, epoch: str) -> None:
        """Votes for this room and another to become one."""
        self.call(now, "merge", epoch=epoch)

    def change_policy(self, now: int, policy: Dict[str, Any]) -> None:
        """Votes for other rules; those that are not named stay."""
        self.call(now, "change_policy", policy=policy)

    def withdraw(self, now: int, vote: Any) -> None:
        """Takes a vote back."""
        self.call(now, "withdraw", vote=vote)

    def refresh(self, now: int) -> None:
        """Asks for an epoch with fresh keys."""
        self.call(now, "refresh")

    def mute(self, now: int, identity: str, on: bool) -> None:
        """Whether this application is told what a member writes."""
        self.call(now, "mute", identity=identity, on=on)

    def verify_start(self, now: int, identity: str, secret: bytearray, question: str = "") -> str:
        """Asks the person of another member whether it knows the same secret. Returns the attempt by which events tell."""
        return self._member.verify_start(now, identity, secret, question)

    def verify_answer(self, now: int, attempt: str, secret: bytearray) -> None:
        """Answers `secret_asked` by what the person has typed: one guess."""
        self._member.verify_answer(now, attempt, secret)

    def verify_abort(self, now: int, attempt: str) -> None:
        """Gives an attempt up, which counts as a failure on both sides."""
        self.call(now, "verify_abort", attempt=attempt)

    def room_code(self, now: int) -> str:
        """Takes part in a round of the room's code. Returns the round by which events tell."""
        answer: str = self.call(now, "room_code")["round"]
        return answer

    def dismiss(self, n: int) -> bool:
        """Takes an alert out of `state`. Says whether there was one."""
        answer: bool = self.call(0, "dismiss", n=n)["dismissed"]
        return answer

    def link(self, now: int, queued: int, rate: Optional[int] = None, latency: Optional[int] = None) -> None:
        """What the link to the channel says of itself: bytes that wait in it, bytes a second, milliseconds there and back."""
        self.call(now, "link", queued=queued, rate=rate, latency=latency)

    def carrier(self, now: int, **news: Any) -> None:
        """What became of what carries the packets: docs/interfaces.md, "C"."""
        self.call(now, "carrier", **news)

    def state(self) -> Dict[str, Any]:
        """What a screen shows of the room."""
        answer: Dict[str, Any] = self.call(0, "state")
        return answer

    def message_state(self, id: str) -> Optional[Dict[str, Any]]:
        """How far a message of the epoch in force is, or None."""
        answer: Optional[Dict[str, Any]] = self.call(0, "message_state", id=id)
        return answer

    def export(self, context: bytes) -> Optional[bytearray]:
        """A secret of the epoch in force for the application's own use, which all its members get by the same context."""
        return self._member.export(context)

    def leave(self, now: int) -> None:
        """Leaves in order, which ends with `ended`."""
        self.call(now, "leave")

    def stop(self, now: int) -> None:
        """Leaves without waiting for the room to be secure; called again, without waiting for anything."""
        self.call(now, "stop")

    def close(self) -> None:
        """Ends at once and erases all keys. What became of each text can be polled yet."""
        self.call(0, "close")

    def call(self, now: int, method: str, **params: Any) -> Any:
        """Calls a method of `mpotr rpc` by its name, with its parameters but for `room`."""
        request = json.dumps({"method": method, "params": params})
        return json.loads(self._member.call(now, request))
