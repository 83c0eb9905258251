"""What a program may pass by mistake, or hand on from others: a typed error, and nothing else."""
import os
import random
import threading

import pytest

import mpotr
from mpotr import Identity, Member, MpotrError, fingerprint

OPTIONS = {"name": "tea", "admission": "open", "payload": "bytes"}


def alone(**options):
    return Member({**OPTIONS, **options}, Identity(), 0)


def refused(call, *args, **params):
    with pytest.raises(MpotrError) as caught:
        call(*args, **params)
    error = caught.value
    assert error.data["code"] == error.code and str(error)
    return error


def test_options_that_are_wrong_say_which():
    for options, field in [
        ({}, "name"),
        ({"name": "tea"}, "admission"),
        ({"name": "tea", "admission": "none"}, "admission"),
        ({"name": "tea", "admission": "open"}, "nick"),
        ({**OPTIONS, "max_packet": 0}, "max_packet"),
        ({**OPTIONS, "backend": "none"}, "backend"),
        ({**OPTIONS, "more": 1}, "more"),
    ]:
        error = refused(Member, options, Identity(), 0)
        assert (error.code, error.data["field"]) == ("params", field)
    assert refused(Member, {**OPTIONS, "name": "a" * 256}, Identity(), 0).code == "bad_room_name"
    assert refused(Member, [], Identity(), 0).code == "request"
    with pytest.raises(TypeError):
        Member({**OPTIONS, "name": b"tea"}, Identity(), 0)
    with pytest.raises(TypeError):
        Member(OPTIONS, None, 0)
    for now in (-1, 1 << 64):
        with pytest.raises(OverflowError):
            Member(OPTIONS, Identity(), now)


def test_calls_that_are_wrong_say_what_is():
    member = alone()
    assert refused(member.call, 0, "open").code == "method"
    assert refused(member.call, 0, "state", room="a").data["field"] == "room"
    assert refused(member.admit, 0, "00").data["field"] == "identity"
    assert refused(member.admit, 0, member.key).code == "yourself"
    assert refused(member.send, 0, b"text", "expected").code == "not_secure"
    assert refused(member.send, 0, b"text", "00").data["field"] == "seen"
    assert refused(member.send, 0, bytes(1 << 21), "expected").data["limit"] > 1_000
    assert refused(member.discard, 0, 7).code == "no_such_text"
    assert refused(member.room_code, 0).code == "not_secure"
    assert refused(member.carrier, 0, news="gone").data["field"] == "news"
    chat = Member({"name": "tea", "admission": "open", "nick": "bob"}, Identity(), 0)
    assert refused(chat.send, 0, b"\xff", "expected").data["field"] == "text"
    assert member.export(b"context") is None
    assert member.message_state("00" * 32) is None
    with pytest.raises(TypeError):
        member.handle_packet(0, "a text")


def test_a_transcript_is_given_out_if_it_was_asked_for():
    assert alone().poll_record() is None
    member = alone(record=True)
    assert member.poll_record() == b"mpotr-transcript-v3\n"
    assert member.poll_record() is None
    member.close()
    assert member.poll_record() and member.poll_record() is None
    assert refused(alone, record=1).data["field"] == "record"


def test_random_bytes_change_nothing():
    member = alone()
    while member.poll_packet() or member.poll_event():
        pass
    before = member.state()
    source = random.Random(7)
    for turn in range(5_000):
        packet = bytes([turn % 2]) + source.randbytes(source.randrange(300))
        assert isinstance(member.handle_packet(0, packet), str)
    assert member.handle_packet(0, b"") == "decode"
    assert member.handle_packet(0, bytes(1 << 22)) == "decode"
    for _ in range(1_000):
        text = source.randbytes(40).decode("latin-1")
        assert refused(member._member.call, 0, text).code in ("parse", "request")
    assert member.state() == before
    assert member.poll_packet() is None and member.poll_event() is None


def test_a_member_is_closed_by_its_block_and_says_what_became_of_it():
    with alone() as member:
        assert not member.has_ended
    assert member.has_ended
    told = list(iter(member.poll_event, None))
    assert told[-1]["type"] == "ended"
    assert refused(member.send, 0, b"text", "expected").code == "ended"
    assert member.handle_packet(0, b"packet") == "unknown_epoch"
    assert member.poll_timeout() is None
    member.close()


def test_secrets_are_wiped_whatever_comes_of_the_call():
    member = alone()
    for call in (
        lambda secret: member.verify_start(0, "07" * 32, secret, "where?"),
        lambda secret: member.verify_start(0, "no key", secret),
        lambda secret: member.verify_answer(0, "00" * 16, secret),
        lambda secret: Identity.read(b"no file", secret),
    ):
        secret = bytearray(b"words")
        # The memory itself, and no other in its place.
        with memoryview(secret) as memory:
            refused(call, secret)
            assert memory == secret == bytes(5)
    for secret, code in [(bytearray(), "empty_secret"), (bytearray(b"\xff"), "empty_secret"), (bytearray(1 << 24), "empty_secret")]:
        assert refused(member.verify_answer, 0, "00" * 16, secret).code == code
    class Kept(bytearray):
        def __setitem__(self, place, it):
            raise ValueError("it stays")

    kept = Kept(b"words")
    refused(member.verify_answer, 0, "00" * 16, kept)
    assert bytes(kept) == bytes(5)
    # A text, and bytes, cannot be wiped.
    for secret in ("words", b"words"):
        with pytest.raises(TypeError):
            member.verify_answer(0, "00" * 16, secret)


def test_threads_that_use_one_member_are_served_or_told_that_it_is_busy():
    member, others = alone(), []

    def use():
        for now in range(300):
            try:
                member.handle_timeout(now)
                member.state()
            except MpotrError as error:
                if error.code != "busy":
                    others.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not others
    member.handle_timeout(300)


def test_other_threads_go_on_while_a_passphrase_is_stretched():
    turns, done = 0, threading.Event()

    def seal():
        Identity().write(bytearray(b"words"))
        done.set()

    thread = threading.Thread(target=seal)
    thread.start()
    while not done.wait(0.001):
        turns += 1
    thread.join()
    assert turns > 20


def test_an_identity_goes_through_its_file():
    identity = Identity()
    file = identity.write()
    assert isinstance(file, bytearray)
    assert Identity.read(bytes(file)).key == identity.key
    assert refused(Identity.read, bytes(file), bytearray(b"words")).code == "passphrase"
    sealed = bytes(identity.write(bytearray(b"words")))
    assert refused(Identity.read, sealed).code == "passphrase"
    assert refused(Identity.read, sealed, bytearray(b"others")).code == "passphrase"
    assert Identity.read(sealed, bytearray(b"words")).key == identity.key
    for bad in (b"", bytes(file)[1:], os.urandom(83), bytes(1 << 20)):
        assert refused(Identity.read, bad).code == "identity_file"
    assert len(identity.fingerprint.split(" ")) == 8
    assert fingerprint(identity.key) == identity.fingerprint
    assert refused(fingerprint, "no key").code == "params"
    # A secret is in no text of it.
    assert bytes(file).split()[1].decode() not in repr(identity)


def test_one_identity_may_be_in_several_rooms():
    identity = Identity()
    members = [Member({**OPTIONS, "name": name}, identity, 0) for name in ("tea", "coffee")]
    assert members[0].key == members[1].key
    assert members[0].room_id != members[1].room_id


def test_the_version_of_the_interface_is_known():
    assert mpotr.API_VERSION == 1
