"""Rooms on a relay: here one of some lines, which does what a test asks for."""
import asyncio
import struct

import pytest

from mpotr import Identity, MpotrError, aio
from mpotr.aio import Room


def options(*friends, nick="bot"):
    return {"name": "tea", "admission": {"only": list(friends)}, "nick": nick}


def frame(payload):
    return struct.pack(">I", len(payload)) + payload


class Relay:
    """Passes packets on. `refuses` is what it answers to a client; `says` comes behind `joined`."""

    def __init__(self, refuses=None, says=b""):
        self.refuses, self.says, self.clients, self.server, self.port = refuses, says, [], None, 0

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    @property
    def address(self):
        return f"mpotr://127.0.0.1:{self.port}"

    async def stop(self):
        self.server.close()
        for writer in self.clients:
            writer.transport.abort()
        self.clients.clear()

    async def serve(self, reader, writer):
        async def frames():
            while True:
                (length,) = struct.unpack(">I", await reader.readexactly(4))
                yield await reader.readexactly(length)

        number = 0
        try:
            async for payload in frames():
                if number == 0:
                    assert len(payload) == 33 and payload[0] == 1
                    writer.write(self.refuses or frame(b"\x02") + self.says)
                    number = len(self.clients) + 1
                    self.clients.append(writer)
                    continue
                for other in self.clients:
                    if other is not writer:
                        other.write(frame(bytes([0]) + struct.pack(">Q", number) + payload))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        if writer in self.clients:
            self.clients.remove(writer)
        writer.close()


async def until(room, kind, **fields):
    """The next event of a kind with these fields."""
    async for event in room:
        if event["type"] == kind and all(event.get(key) == value for key, value in fields.items()):
            return event
    raise AssertionError(f"the room is over, without {kind}")


def runs(work):
    asyncio.run(asyncio.wait_for(work, 60))


async def pair(relay, transcript=None):
    alice, bob = Identity(), Identity()
    rooms = [
        await Room.enter(relay.address, options(bob.key, nick="alice"), alice, transcript=transcript),
        await Room.enter(relay.address, options(alice.key, nick="bob"), bob),
    ]
    return rooms, [await until(room, "secure") for room in rooms]


def test_two_rooms_talk_and_leave_in_order():
    async def work():
        relay = await Relay().start()
        (alice, bob), (secure, _) = await pair(relay)
        text_id = alice.send("hello", secure["sid"])
        message = await until(bob, "message", text="hello")
        assert (message["nick"], message["author"]) == ("alice", alice.key)
        await until(alice, "acknowledged", text_id=text_id)
        with pytest.raises(MpotrError) as refused:
            alice.send("hello", "00" * 32)
        assert refused.value.code == "stale_roster"

        async def answer():
            asked = await until(bob, "secret_asked")
            secret = bytearray(b"blue")
            bob.verify_answer(asked["attempt"], secret)
            assert secret == bytes(4)

        attempt = alice.verify_start(bob.key, bytearray(b"Blue "), "which one?")
        await answer()
        assert (await until(alice, "secret_result", attempt=attempt))["result"] == "same"

        bob.leave()
        alice.leave()
        ends = await asyncio.gather(until(alice, "ended"), until(bob, "ended"))
        assert [end["acknowledged"] for end in ends] == [True, True]
        assert [event async for event in alice] == []
        await alice.aclose()
        await bob.aclose()
        await relay.stop()

    runs(work())


def test_the_end_of_a_block_leaves_the_room_in_order():
    async def work():
        relay = await Relay().start()
        (alice, bob), (secure, _) = await pair(relay)
        async with bob:
            async with alice:
                alice.send("goodbye", secure["sid"])
                await until(alice, "acknowledged")
            await until(bob, "left", identity=alice.key)
        await relay.stop()

    runs(work())


def test_a_relay_that_comes_back_is_found_and_the_room_goes_on():
    async def work():
        relay = await Relay().start()
        (alice, bob), (secure, _) = await pair(relay)
        await relay.stop()
        await until(alice, "waiting", reason="reconnecting")
        text_id = alice.send("while you were out", secure["sid"])
        await relay.start()
        await until(alice, "waiting_over", reason="reconnecting")
        await until(bob, "message", text="while you were out")
        await until(alice, "acknowledged", text_id=text_id)
        await alice.aclose()
        await bob.aclose()
        await relay.stop()

    runs(work())


def test_a_relay_that_does_not_come_back_closes_the_room_after_what_became_of_its_texts():
    async def work():
        relay = await Relay().start()
        friend = Identity()
        room = await Room.enter(relay.address, options(friend.key), Identity(), give_up=0.0)
        room.send("to nobody", "expected")
        await relay.stop()
        told = [event async for event in room]
        assert [event["type"] for event in told][-1] == "closed"
        assert told[-1]["code"] in ("lost", "unreachable")
        assert any(event["type"] == "dropped" for event in told)
        with pytest.raises(MpotrError) as refused:
            room.send("too late", "expected")
        assert refused.value.code == "ended"
        await room.aclose()

    runs(work())


def test_who_is_leaving_waits_for_the_relay_and_leaves_over_the_next_connection():
    async def work():
        relay = await Relay().start()
        (alice, bob), (secure, _) = await pair(relay)
        await relay.stop()
        await until(alice, "waiting", reason="reconnecting")
        alice.send("one more thing", secure["sid"])
        alice.leave()
        # It is still there.
        assert not alice._is_over
        await relay.start()
        await until(bob, "message", text="one more thing")
        await until(bob, "left", identity=alice.key)
        assert (await until(alice, "ended"))["acknowledged"]
        await alice.aclose()
        await bob.aclose()
        await relay.stop()

    runs(work())


def test_who_is_leaving_waits_for_the_relay_for_some_time_only(monkeypatch):
    monkeypatch.setattr(aio, "LEAVES", 0.1)

    async def work():
        relay = await Relay().start()
        (alice, bob), (secure, _) = await pair(relay)
        await relay.stop()
        await until(alice, "waiting", reason="reconnecting")
        text_id = alice.send("to nobody", secure["sid"])
        alice.leave()
        told = [event async for event in alice]
        assert told[-1]["type"] == "closed"
        assert any(event.get("text_id") == text_id for event in told)
        await alice.aclose()
        await bob.aclose()

    runs(work())


@pytest.mark.parametrize("ends", [["leave"], ["stop"], ["stop", "stop"]])
def test_a_room_that_has_ended_waits_for_no_relay(ends):
    async def work():
        relay = await Relay().start()
        room = await Room.enter(relay.address, options(Identity().key), Identity())
        await relay.stop()
        await until(room, "waiting", reason="reconnecting")
        for method in ends:
            getattr(room, method)()
        assert [event["type"] async for event in room][-1] == "ended"
        await room.aclose()

    runs(work())


def test_who_stops_waits_for_no_relay():
    async def work():
        relay = await Relay().start()
        (alice, bob), (secure, _) = await pair(relay)
        alice.room_code()
        await relay.stop()
        await until(alice, "waiting", reason="reconnecting")
        alice.send("to nobody", secure["sid"])
        alice.call("stop")
        told = [event["type"] async for event in alice]
        assert "ended" in told
        await alice.aclose()
        await bob.aclose()

    runs(work())


@pytest.mark.parametrize(
    "refuses, code, retry",
    [
        (frame(b"\x01\x06the relay is full"), "full", True),
        (frame(b"\x01\x02another version"), "protocol", False),
        (frame(b"\x01\x63"), "protocol", False),
        (frame(b"\x01\x06\x1b[31m"), "protocol", False),
        (frame(b"\x01"), "protocol", False),
        (frame(b"\x02\x00"), "protocol", False),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "protocol", False),
        (b"\x00\x00\x00\x00", "protocol", False),
    ],
)
def test_what_a_relay_says_before_the_room_is_entered_is_raised(refuses, code, retry):
    async def work():
        relay = await Relay(refuses).start()
        with pytest.raises(MpotrError) as refused:
            await Room.enter(relay.address, options(), Identity())
        assert (refused.value.code, refused.value.data["retry"]) == (code, retry)
        await relay.stop()

    runs(work())


@pytest.mark.parametrize(
    "says", [frame(b"\x02"), frame(b"\x03" + bytes(17)), frame(b"\x00" + bytes(8)), frame(b"\x09"), b"\xff" * 4]
)
def test_a_frame_that_no_relay_sends_ends_the_room(says):
    async def work():
        relay = await Relay(says=says).start()
        room = await Room.enter(relay.address, options(), Identity())
        closed = await until(room, "closed")
        assert (closed["code"], closed["retry"]) == ("protocol", False)
        await room.aclose()
        await relay.stop()

    runs(work())


def test_packets_of_anyone_are_no_harm():
    async def work():
        noise = b"".join(frame(bytes(9) + bytes([length % 3]) * length) for length in range(1, 400))
        relay = await Relay(says=noise).start()
        rooms, _ = await pair(relay)
        for room in rooms:
            await room.aclose()
        await relay.stop()

    runs(work())


def test_a_place_that_is_none_or_where_nobody_answers_is_an_error_by_its_code():
    async def work():
        for address, code in [
            ("127.0.0.1:7667", "no_such_carrier"),
            ("gopher://a", "no_such_carrier"),
            ("mpotrs://a", "no_such_carrier"),
            ("mpotr://", "bad_address"),
            ("mpotr://a:0", "bad_address"),
            ("mpotr://a:65536", "bad_address"),
            ("mpotr://me:secret@a", "bad_address"),
            ("mpotr://a/room", "bad_address"),
            ("mpotr://a..b:7667", "bad_address"),
            ("mpotr://" + "a" * 64 + ":7667", "bad_address"),
            ("mpotr://a\0b:7667", "bad_address"),
            ("mpotr://[::1", "bad_address"),
            ("mpotr://127.0.0.1:1", "unreachable"),
        ]:
            with pytest.raises(MpotrError) as refused:
                await Room.enter(address, options(), Identity())
            assert refused.value.code == code, address
        # What is wrong with the options is told before anything is connected.
        with pytest.raises(MpotrError) as refused:
            await Room.enter("mpotr://127.0.0.1:1", {}, Identity())
        assert refused.value.code == "params"

    runs(work())


def test_a_task_that_is_cancelled_leaves_no_room_behind():
    async def work():
        relay = await Relay().start()

        async def read():
            async with await Room.enter(relay.address, options(), Identity()) as room:
                async for _ in room:
                    pass

        task = asyncio.ensure_future(read())
        await asyncio.sleep(0.3)
        assert len(relay.clients) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.3)
        assert not relay.clients
        await relay.stop()

    runs(work())


def test_packets_wait_while_nobody_reads_events(monkeypatch):
    monkeypatch.setattr(aio, "MOST_EVENTS", 8)

    async def work():
        relay = await Relay().start()
        (alice, bob), (secure, _) = await pair(relay)
        for number in range(20):
            alice.send(f"text {number}", secure["sid"])
        await asyncio.sleep(1)
        # One packet may bring more than one event, but not all of them.
        assert len(bob._events) < 20
        read = [await until(bob, "message", text=f"text {number}") for number in range(20)]
        assert len({message["id"] for message in read}) == 20
        await alice.aclose()
        await bob.aclose()
        await relay.stop()

    runs(work())


def test_a_fault_of_this_program_is_told_to_who_reads_events(monkeypatch):
    async def work():
        relay = await Relay().start()
        room = await Room.enter(relay.address, options(), Identity())

        def fault(*_):
            raise RuntimeError("a fault, for this test")

        monkeypatch.setattr(room._member, "poll_packet", fault)
        with pytest.raises(RuntimeError):
            room.leave()
            async for _ in room:
                pass
        await room.aclose()
        await relay.stop()

    runs(work())


def test_a_transcript_is_kept_piece_by_piece_until_the_end():
    async def work():
        relay = await Relay().start()
        pieces = []
        (alice, bob), (secure, _) = await pair(relay, pieces.append)
        assert pieces[0] == b"mpotr-transcript-v3\n"
        bob.send("said by bob", secure["sid"])
        await until(alice, "message", text="said by bob")
        # What an event tells is in the file by then.
        assert b"said by bob" in b"".join(pieces)
        before = len(pieces)
        alice.leave()
        await until(alice, "ended")
        assert len(pieces) > before
        await bob.aclose()
        await alice.aclose()
        await relay.stop()

    runs(work())


def test_a_transcript_that_cannot_be_written_is_told():
    async def work():
        relay = await Relay().start()

        def full(piece):
            raise OSError("the disk is full")

        with pytest.raises(OSError):
            await Room.enter(relay.address, options(), Identity(), transcript=full)
        await relay.stop()

    runs(work())


def test_what_became_of_each_text_is_told_before_a_transcript_that_cannot_be_written():
    async def work():
        relay = await Relay().start()
        is_full = False

        def write(piece):
            if is_full:
                raise OSError("the disk is full")

        (alice, bob), (secure, _) = await pair(relay, write)
        is_full = True
        told = []
        with pytest.raises(OSError):
            bob.send("said by bob", secure["sid"])
            async for event in alice:
                told.append(event["type"])
        assert told[-1] == "ended"
        await alice.aclose()
        await bob.aclose()
        await relay.stop()

    runs(work())


def test_a_function_that_keeps_a_transcript_may_not_be_async():
    async def work():
        relay = await Relay().start()

        async def write(piece):
            pass

        for settings in ({"transcript": write}, {"transcript": "a file"}):
            with pytest.raises(TypeError):
                await Room.enter(relay.address, options(), Identity(), **settings)
        with pytest.raises(TypeError):
            await Room.enter(relay.address, {**options(), "record": True}, Identity())
        await relay.stop()

    runs(work())


def test_the_time_of_a_room_stands_still_for_a_bounded_time(monkeypatch):
    at = 0.0
    monkeypatch.setattr(aio._Clock, "_read", staticmethod(lambda: at))
    clock = aio._Clock()
    at = 10.0
    clock.halt()
    at = 110.0
    assert clock.now() == 10_000
    clock.go_on()
    assert clock.now() == 10_000
    # Two hundred seconds are left of three hundred, and sixty that it runs give ten back.
    at = 170.0
    clock.halt()
    at = 1_170.0
    assert clock.now() == 70_000 + 790_000
    clock.go_on()
    assert clock.now() == 70_000 + 790_000
