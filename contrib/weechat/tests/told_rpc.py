#!/usr/bin/env python3
"""In place of `mpotr rpc`, for what a real room does seldom or by chance: it tells what the file beside it says, as it is added.

Each request is written to `asked`; `send` is refused or taken as the last line of `sends` says.
"""

import json
import pathlib
import sys
import threading
import time

FOLDER = pathlib.Path(__file__).resolve().parent
LOCK = threading.Lock()


def say(**said):
    with LOCK:
        print(json.dumps({"jsonrpc": "2.0", **said}), flush=True)


def tell():
    at = 0
    while True:
        tells = FOLDER / "tells"
        lines = tells.read_text().split("\n")[:-1] if tells.exists() else []
        for line in lines[at:]:
            told = json.loads(line)
            method = "packet" if "packet" in told else "event"
            say(method=method, params={"room": "r1", **(told if method == "packet" else {"event": told})})
        at = len(lines)
        time.sleep(0.02)


threading.Thread(target=tell, daemon=True).start()
for line in sys.stdin:
    asked = json.loads(line)
    with open(FOLDER / "asked", "a", encoding="utf-8") as file:
        file.write(line)
    result = {}
    if asked["method"] == "open":
        result = {"identity": "01" * 32, "fingerprint": "1 2 3", "room_id": "00"}
    if asked["method"] == "send":
        answer = json.loads((FOLDER / "sends").read_text())
        if "code" in answer:
            say(id=asked["id"], error={"code": -32000, "message": "in words", "data": answer})
            continue
        result = answer
    say(id=asked["id"], result=result)
