#!/usr/bin/env python3
"""Talks with a friend through `mpotr rpc`: what is typed is sent, what the friend says is printed.

talk.py MPOTR ADDRESS ROOM NICK IDENTITY_FILE FRIENDS_KEY
"""
import itertools
import json
import subprocess
import sys
import threading

program, address, room, nick, identity, friend = sys.argv[1:]
rpc = subprocess.Popen([program, "rpc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
ids, secure = itertools.count(1), threading.Event()
seen = "expected"  # which roster this person was shown last: a text goes to nobody else


def ask(method, **params):
    print(json.dumps({"jsonrpc": "2.0", "id": next(ids), "method": method, "params": params}), file=rpc.stdin, flush=True)


def typed():
    secure.wait()
    for line in sys.stdin:
        ask("send", room="talk", text=line.rstrip("\n"), seen=seen)
    ask("leave", room="talk")


ask("hello", api=[1])
ask("open", room="talk", name=room, admission={"only": [friend]}, mode="carrier", at=address, nick=nick,
    identity_file=identity)
threading.Thread(target=typed, daemon=True).start()
for line in rpc.stdout:
    said = json.loads(line)
    event = said.get("params", {}).get("event", {})
    if "error" in said:
        sys.exit(said["error"]["message"])
    if event.get("type") == "secure":
        seen = event["sid"]
        secure.set()
    if event.get("type") == "message" and event["author"] == friend:
        # A terminal obeys some characters: they are not shown.
        print("".join(c if c.isprintable() else "?" for c in f"{event['nick']}: {event['text']}"), flush=True)
    if event.get("type") == "closed":
        sys.exit(event["message"])
    if event.get("type") == "ended":
        sys.exit(not event["acknowledged"])
