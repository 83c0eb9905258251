"""A bot in a room on a relay: it answers what is asked of it. The identity is made if there is none yet.

bot.py ADDRESS ROOM IDENTITY_FILE FRIENDS_KEY..
"""

import asyncio
import os
import sys
from typing import List

from mpotr import Identity
from mpotr.aio import Room


def identity_in(path: str) -> Identity:
    try:
        with open(path, "rb") as file:
            return Identity.read(file.read())
    except FileNotFoundError:
        identity = Identity()
        # Who reads it can act as this bot.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(identity.write())
        return identity


async def main(address: str, name: str, path: str, friends: List[str]) -> None:
    identity = identity_in(path)
    print(f"this bot is {identity.key}", flush=True)
    room = await Room.enter(address, {"name": name, "nick": "bot", "admission": {"only": friends}}, identity)
    async with room:
        seen = "expected"
        async for event in room:
            if event["type"] == "secure":
                # From here on texts go to those whom this event has named, and to nobody else.
                seen = event["sid"]
                print("the room is secure", flush=True)
            elif event["type"] == "message" and event.get("text", "").startswith("bot: ") and event["author"] != room.key:
                words = event["text"][len("bot: ") :].split()
                room.send(f"{event['nick']}, that is {len(words)} words", seen)
            elif event["type"] == "left":
                room.leave()


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
