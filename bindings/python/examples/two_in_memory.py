"""Two members in one process. Whatever one has to send is to reach the other, somehow; here a loop carries it, and turns the clock
when nobody has more to say. It ends with an error unless both have read what the other said, and left in order."""

import sys
from typing import Dict

from mpotr import Identity, Member

# Made once, and kept: other people know a member by its key.
identities = {name: Identity() for name in ("alice", "bob")}
friends = {"alice": "bob", "bob": "alice"}


def enter(me: str, friend: str) -> Member:
    """A member of the room "tea", with this friend and with nobody else."""
    return Member({"name": "tea", "nick": me, "admission": {"only": [identities[friend].key]}}, identities[me], 0)


members: Dict[str, Member] = {me: enter(me, friend) for me, friend in friends.items()}
now, inside = 0, set(members)
for name, member in members.items():
    # Texts wait until the room is secure, and nobody reads them but those who are expected.
    member.send(now, f"hello from {name}", "expected")

while inside and now < 60_000:
    for name, member in members.items():
        for packet in iter(member.poll_packet, None):
            members[friends[name]].handle_packet(now, packet)
    for name, member in members.items():
        for event in iter(member.poll_event, None):
            if event["type"] == "message" and event["author"] != member.key:
                print(f"{name} reads: {event['text']}")
                member.leave(now)
            if event["type"] == "ended" and event["acknowledged"]:
                print(f"{name} has left, and all that it said has arrived")
                inside.remove(name)
    # Nobody has more to say: it is later.
    now = min((due for due in map(Member.poll_timeout, members.values()) if due is not None), default=now)
    for member in members.values():
        member.handle_timeout(now)

sys.exit(bool(inside))
