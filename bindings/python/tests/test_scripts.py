"""Conversations: scripts/README.md of the repository."""
import base64
import pathlib
import sys

import pytest

import mpotr

SCRIPTS = pathlib.Path(__file__).parents[3] / "scripts"
sys.path.insert(0, str(SCRIPTS))
from player import Refused, Stage, play  # noqa: E402


class Members(Stage):
    def __init__(self, names):
        self.identities = {name: mpotr.Identity() for name in names}
        self.members, self.now = {}, 0

    def identity(self, who):
        return self.identities[who].key

    def call(self, who, method, params):
        try:
            return self.asked(who, method, params)
        except mpotr.MpotrError as error:
            raise Refused(error.code) from None

    def asked(self, who, method, params):
        if method == "open":
            if who in self.members:
                raise Refused("room_exists")
            del params["mode"]
            self.members[who] = mpotr.Member(params, self.identities[who], self.now)
            return {}
        member = self.members[who]
        if method == "send":
            return {"text_id": member.send(self.now, params["text"], params["seen"])}
        if method == "verify_start":
            secret = secret_of(params)
            attempt = member.verify_start(self.now, params["identity"], secret, params.get("question", ""))
            assert not any(secret)
            return {"attempt": attempt}
        if method == "verify_answer":
            secret = secret_of(params)
            try:
                member.verify_answer(self.now, params["attempt"], secret)
            finally:
                assert not any(secret)
            return {}
        if method == "room_code":
            return {"round": member.room_code(self.now)}
        return member.call(self.now, method, **params)

    def deliver(self, who, packet):
        if who in self.members:
            self.members[who].handle_packet(self.now, packet)

    def turn(self, to):
        self.now = to
        for member in self.members.values():
            member.handle_timeout(to)

    def due(self):
        times = [member.poll_timeout() for member in self.members.values()]
        return min((it for it in times if it is not None), default=None)

    def packets(self):
        return [(who, it) for who, member in self.members.items() for it in iter(member.poll_packet, None)]

    def events(self):
        return [(who, it) for who, member in self.members.items() for it in iter(member.poll_event, None)]


def secret_of(params):
    secret = params["secret"]
    return bytearray(base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4)))


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.jsonl")), ids=lambda it: it.stem)
def test_members_play_each_conversation(script):
    play(script, Members)


def test_there_are_conversations():
    assert len(list(SCRIPTS.glob("*.jsonl"))) >= 5
