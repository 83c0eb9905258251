"""One room on a relay with members of all kinds: the program, `mpotr rpc`, the libraries for C and JavaScript, and this one.

It takes the program and the library for C: `MPOTR` and `MPOTR_C`, or what lies in `target`. Without them it says that it was
skipped. That for JavaScript is in the room if it is built, `MPOTR_JS` or in its folder.
"""
import asyncio
import json
import os
import pathlib
import subprocess
import sys

import pytest

from mpotr import Identity
from mpotr.aio import Room

ROOT = pathlib.Path(__file__).parents[3]
PYTHON = ROOT / "bindings" / "python"


def built(name, setting):
    named = os.environ.get(setting)
    if named is not None:
        return pathlib.Path(named)
    found = [ROOT / "target" / profile / name for profile in ("release", "debug")]
    return next((path for path in found if path.exists()), None)


def package():
    """The folder of the package for JavaScript, if it is built. The one that is named has to be."""
    named = os.environ.get("MPOTR_JS")
    folder = pathlib.Path(named) if named is not None else ROOT / "bindings" / "js"
    return folder if named is not None or (folder / "dist").exists() else None


MPOTR, LIBRARY, JS = built("mpotr", "MPOTR"), built("libmpotr_c.a", "MPOTR_C"), package()


async def started(*command, **more):
    return await asyncio.create_subprocess_exec(*map(str, command), stdout=subprocess.PIPE, **more)


async def relay():
    """A relay, and its port."""
    process = await started(MPOTR, "relay", "--listen", "127.0.0.1:0")
    line = (await process.stdout.readline()).decode()
    return process, int(line.rsplit(":", 1)[1])


def identities(folder, *names):
    """A file for each, one for its public key beside it, and the keys."""
    keys = {}
    for name in names:
        identity = Identity()
        (folder / name).write_bytes(identity.write())
        (folder / name).chmod(0o600)
        keys[name] = identity.key
        public = subprocess.run([MPOTR, "identity", "show", "--public", "--identity", folder / name], capture_output=True, check=True)
        (folder / f"{name}.pub").write_bytes(public.stdout)
    return keys


def others(keys, me):
    return [key for name, key in keys.items() if name != me]


async def by_the_program(folder, port, keys):
    friends = [folder / f"{name}.pub" for name in keys if name != "rust"]
    process = await started(
        MPOTR, "chat", "--at", f"mpotr://127.0.0.1:{port}", "--room", "tea", "--nick", "rust",
        "--identity", folder / "rust", "--with", *friends, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    process.stdin.write(b"said by rust\n")
    await process.stdin.drain()
    heard = {(await process.stdout.readline()).decode().rstrip("\n").split(": ", 1)[1] for _ in others(keys, "rust")}
    # The end of the input: all that was said is waited for.
    process.stdin.close()
    assert await process.wait() == 0
    return heard


async def by_rpc(folder, port, keys):
    process = await started(MPOTR, "rpc", stdin=subprocess.PIPE)
    count, heard = 0, set()

    def ask(method, **params):
        nonlocal count
        count += 1
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": count, "method": method, "params": params}).encode() + b"\n")

    ask("hello", api=[1])
    ask("open", room="r", name="tea", nick="rpc", mode="carrier", at=f"mpotr://127.0.0.1:{port}",
        identity_file=str(folder / "rpc"), admission={"only": others(keys, "rpc")})
    is_known = False
    async for line in process.stdout:
        said = json.loads(line)
        assert "error" not in said, said
        event = said.get("params", {}).get("event", {"type": ""})
        if event["type"] == "secure" and not heard and not is_known:
            ask("send", room="r", text="said by rpc", seen=event["sid"])
        if event["type"] == "message" and event["author"] != keys["rpc"]:
            heard.add(event["text"])
        is_known = is_known or event["type"] == "acknowledged"
        if is_known and len(heard) == len(keys) - 1:
            ask("leave", room="r")
            is_known = False
        if event["type"] == "ended":
            assert event["acknowledged"]
            break
    process.stdin.close()
    assert await process.wait() == 0
    return heard


async def by_c(folder, port, keys):
    program = folder / "on_a_relay"
    source = ROOT / "mpotr-c" / "examples" / "on_a_relay.c"
    made = await started("cc", f"-I{ROOT}/mpotr-c/include", source, LIBRARY, "-lpthread", "-ldl", "-lm", "-o", program)
    assert await made.wait() == 0
    process = await started(program, "127.0.0.1", port, "tea", "c", folder / "c", "said by c", *others(keys, "c"))
    heard, _ = await process.communicate()
    assert process.returncode == 0
    return set(heard.decode().splitlines())


async def by_js(folder, port, keys):
    process = await started(
        "node", "--experimental-websocket", "--no-warnings", JS / "examples" / "on-a-relay.mjs",
        f"ws://127.0.0.1:{port}", "tea", "js", folder / "js", "said by js", *others(keys, "js"),
    )
    heard, _ = await process.communicate()
    assert process.returncode == 0
    return set(heard.decode().splitlines())


async def by_python(folder, port, keys):
    identity, heard, is_known, has_spoken = Identity.read((folder / "python").read_bytes()), set(), False, False
    options = {"name": "tea", "nick": "python", "admission": {"only": others(keys, "python")}}
    async with await Room.enter(f"mpotr://127.0.0.1:{port}", options, identity) as room:
        async for event in room:
            if event["type"] == "secure" and not has_spoken:
                room.send("said by python", event["sid"])
                has_spoken = True
            if event["type"] == "message" and event["author"] != room.key:
                heard.add(event["text"])
            is_known = is_known or event["type"] == "acknowledged"
            if is_known and len(heard) == len(keys) - 1:
                break
    return heard


@pytest.mark.skipif(MPOTR is None or LIBRARY is None, reason="no mpotr or no libmpotr_c.a in target: MPOTR and MPOTR_C name them")
def test_members_of_all_kinds_are_in_one_room(tmp_path):
    async def work():
        process, port = await relay()
        kinds = dict(rust=by_the_program, rpc=by_rpc, c=by_c, python=by_python)
        if JS is not None:
            kinds.update(js=by_js)
        keys = identities(tmp_path, *kinds)
        try:
            heard = await asyncio.gather(*(kind(tmp_path, port, keys) for kind in kinds.values()))
        finally:
            process.terminate()
            await process.wait()
        for me, texts in zip(kinds, heard):
            assert texts == {f"said by {name}" for name in kinds if name != me}, me

    asyncio.run(asyncio.wait_for(work(), 120))


@pytest.mark.skipif(MPOTR is None, reason="no mpotr in target: MPOTR names it")
def test_the_bot_answers_and_goes_when_its_friend_goes(tmp_path):
    async def work():
        process, port = await relay()
        friend, address = Identity(), f"mpotr://127.0.0.1:{port}"
        try:
            bot = await started(sys.executable, PYTHON / "examples" / "bot.py", address, "tea", tmp_path / "bot", friend.key)
            key = (await bot.stdout.readline()).decode().split()[-1]
            options = {"name": "tea", "nick": "ann", "admission": {"only": [key]}}
            async with await Room.enter(address, options, friend) as room:
                async for event in room:
                    if event["type"] == "secure":
                        room.send("bot: how long is this", event["sid"])
                    if event["type"] == "message" and event["author"] != room.key:
                        assert event["text"] == "ann, that is 4 words"
                        break
            assert await bot.wait() == 0
            assert (tmp_path / "bot").stat().st_mode & 0o777 == 0o600
        finally:
            process.terminate()
            await process.wait()

    asyncio.run(asyncio.wait_for(work(), 60))
