"""mpOTR in channels of IRC: private group chat in WeeChat, by one child `mpotr rpc`, which has all keys.

    channel ── armoured lines ──> armour ── packets ──> rpc ── texts, events ──> buffer
    channel <── `/quote`, paced <── queue <── packets ── rpc <── what is typed <── buffer

Nothing here is trusted with a secret but what a person sees anyway. What it has to hold: no text that is typed into a
buffer in mpOTR mode leaves it in clear. Two hooks see to that apart from one another. `typed` takes what is typed from
the buffer, and `leaving` looks at each line on its way to the server; both drop what they do not understand. A buffer
goes back to clear text by `/mpotr end` alone: when the room is over, or the child is dead, it is locked.

Armour, pieces, pacing and the line for people are those of docs/spec/07-transport.md, requests and events those of
docs/interfaces.md and docs/spec/11-events.md.
"""

import base64
import collections
import hashlib
import itertools
import json
import os
import re
import secrets
import shlex
import subprocess
import sys
import time
import traceback

try:
    import weechat
except ImportError:  # Its parts are tested without it.
    weechat = None

NAME, VERSION = "mpotr", "0.1"

# Armour: 07-transport, "Text armour".

HUMAN_LINE = (
    "?MPOTR? People talk here with mpOTR, in private. What looks like noise are their messages: you need the program to "
    "take part, and nothing else here concerns you."
)
WHOLE = re.compile(r"\?MPOTR:([0-9a-f]{8}),([A-Za-z0-9_-]+)\.")
PIECE = re.compile(r"\?MPOTR\|([0-9a-f]{8}),([0-9a-f]{8}),([1-9][0-9]{0,3}),([1-9][0-9]{0,3}),([A-Za-z0-9_-]+)\.")
MOST_OF_UNIT = 1 << 20
MOST_PIECES = 4_096
MOST_IN_BUNDLE = 64
PIECE_FRAME, WHOLE_FRAME = 36, 17


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64(text):
    """The bytes; none if they are not written as they have to be."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if data and len(data) <= MOST_OF_UNIT and b64(data) == text else None


def read_armour(text):
    """What a line is: ("unit", from, bytes), ("piece", from, id, k, n, bytes), ("human",), ("bad",) or ("plain",)."""
    if text.startswith("?MPOTR? "):
        return ("human",)
    if not text.startswith(("?MPOTR:", "?MPOTR|")):
        return ("plain",)
    if match := WHOLE.fullmatch(text):
        unit = unb64(match[2])
        return ("unit", match[1], unit) if unit else ("bad",)
    if match := PIECE.fullmatch(text):
        k, n, piece = int(match[3]), int(match[4]), unb64(match[5])
        if piece and 2 <= n <= MOST_PIECES and k <= n and (k == n or len(piece) % 3 == 0):
            return ("piece", match[1], match[2], k, n, piece)
    return ("bad",)


def whole_bytes(limit):
    return max(0, limit - WHOLE_FRAME) * 3 // 4


def write_armour(source, unit, limit):
    """The lines of a unit, each of at most `limit` characters."""
    if len(unit) <= whole_bytes(limit):
        return [f"?MPOTR:{source},{b64(unit)}."]
    size = max(0, limit - PIECE_FRAME) // 4 * 3
    if not size or -(-len(unit) // size) > MOST_PIECES:
        raise ValueError(f"{len(unit)} bytes do not go into lines of {limit} characters")
    pieces = [unit[at : at + size] for at in range(0, len(unit), size)]
    unit_id = secrets.token_hex(4)
    return [f"?MPOTR|{source},{unit_id},{k},{len(pieces)},{b64(piece)}." for k, piece in enumerate(pieces, 1)]


def packets_of(unit):
    """The packets of a unit: itself, or those of a bundle (05-wire, "Bundle")."""
    if unit[:1] != b"\0":
        return [unit]
    packets, at = [], 1
    while at < len(unit):
        length = int.from_bytes(unit[at : at + 4], "big")
        packets.append(unit[at + 4 : at + 4 + length])
        at += 4 + length
    return packets


def bundle(packets):
    if len(packets) == 1:
        return packets[0]
    return b"\0" + b"".join(len(packet).to_bytes(4, "big") + packet for packet in packets)


class Reassembly:
    """Units from pieces, which come from anyone, in any order, and more than once."""

    PER_HINT, IN_ALL, BYTES, COST, PATIENCE, TIMES, FINISHED = 8, 64, 4 << 20, 64, 120, 4, 256

    def __init__(self):
        self.units = {}  # By hint, from and id; the oldest first.
        self.cost = 0
        self.finished = collections.OrderedDict()

    def take(self, now, hint, source, unit_id, k, n, piece):
        """The unit that is whole by this piece, or none."""
        for key in [key for key, unit in self.units.items() if self._is_over(unit, now)]:
            self._drop(key)
        key = (hint, source, unit_id)
        if key in self.finished:
            return None
        unit = self.units.get(key) or self._begin(now, key, n)
        if not self._fits(unit, k, n, piece):
            if not unit["pieces"]:
                self._drop(key)
            return None
        if k < n:
            unit["length"] = len(piece)
        unit["last"], unit["pieces"][k] = now, piece
        unit["cost"] += len(piece) + self.COST
        self.cost += len(piece) + self.COST
        if len(unit["pieces"]) == n:
            self._drop(key)
            self.finished[key] = None
            if len(self.finished) > self.FINISHED:
                self.finished.popitem(last=False)
            whole = b"".join(unit["pieces"][at] for at in range(1, n + 1))
            return whole if len(whole) <= MOST_OF_UNIT else None
        while self.cost > self.BYTES and self._drop_one(key):
            pass
        return None

    def _begin(self, now, key, n):
        of_hint = sum(other[0] == key[0] for other in self.units)
        if of_hint >= self.PER_HINT or len(self.units) >= self.IN_ALL:
            self._drop_one(key)
        unit = {"n": n, "pieces": {}, "length": None, "first": now, "last": now, "cost": 0}
        self.units[key] = unit
        return unit

    @staticmethod
    def _fits(unit, k, n, piece):
        if n != unit["n"] or k in unit["pieces"]:
            return False
        length = unit["length"]
        if k == n:
            return length is None or len(piece) <= length
        last = unit["pieces"].get(n)
        fits = (length is None or len(piece) == length) and (last is None or len(last) <= len(piece))
        return fits and (n - 1) * len(piece) < MOST_OF_UNIT

    def _is_over(self, unit, now):
        took = unit["last"] - unit["first"]
        return now - unit["last"] > max(self.PATIENCE, self.TIMES * took)

    def _drop(self, key):
        self.cost -= self.units.pop(key)["cost"]

    def _drop_one(self, growing):
        """Drops the oldest other unit of the same hint; if it has none, the oldest of the hint that holds most."""
        victim = next((key for key in self.units if key[0] == growing[0] and key != growing), None)
        if victim is None:
            held = collections.Counter()
            for key, unit in self.units.items():
                if key[0] != growing[0]:
                    held[key[0]] += unit["cost"]
            most = max(held, key=held.get, default=None)
            victim = next((key for key in self.units if key[0] == most and most is not None), None)
        if victim is not None:
            self._drop(victim)
        return victim is not None


class Pacing:
    """When a line may leave: a bucket, and a window of lines that the server has not shown to have passed on."""

    WINDOW, ASK_AFTER, PATIENCE = 10, 5, 30.0

    def __init__(self, now, burst, every):
        self.burst, self.every, self.window = burst, every, max(self.WINDOW, burst)
        self.even, self.count, self.unasked = now, 0, 0
        self.under_way = collections.deque()  # (number, when)
        self.asked = collections.deque()
        self.latency = None

    def next(self, now):
        """When the next line may leave; none if not before the server has passed others on."""
        if len(self.under_way) >= self.window:
            return None
        return max(now, self.even - (self.burst - 1) * self.every)

    def is_rested(self, now):
        return self.even <= now and len(self.under_way) < self.window

    def note_sent(self, now):
        """Whether the server is to be asked behind this line."""
        self.even = max(self.even, now) + self.every
        self.count += 1
        self.unasked += 1
        self.under_way.append((self.count, now))
        return self.unasked >= min(self.ASK_AFTER, self.window)

    def note_asked(self, now):
        self.unasked = 0
        self.asked.append((self.count, now))
        return self.count

    def note_answer(self, now, number):
        while self.asked and self.asked[0][0] <= number:
            took = (now - self.asked.popleft()[1]) * 1_000
            self.latency = took if self.latency is None else (7 * self.latency + took) / 8
        while self.under_way and self.under_way[0][0] <= number:
            self.under_way.popleft()

    def is_stuck(self, now):
        """Whether no line may leave, and the server was not asked for a while."""
        since = self.asked[-1][1] if self.asked else self.under_way[0][1] if self.under_way else now
        return self.next(now) is None and now - since >= self.PATIENCE

    def forget(self, now):
        """A new connection: nothing is under way on it."""
        self.under_way.clear()
        self.asked.clear()
        self.unasked, self.even = 0, now


class Queue:
    """What waits to leave: packets, of which several share a line, and the lines of one unit that has begun to."""

    MOST = 1 << 20

    def __init__(self):
        self.packets = collections.deque()
        self.lines = collections.deque()
        self.bytes = 0

    def push(self, unit):
        for packet in packets_of(unit):
            self.packets.append(packet)
            self.bytes += len(packet)
        while self.bytes > self.MOST and len(self.packets) > 1:
            self.bytes -= len(self.packets.popleft())

    def clear(self):
        self.packets.clear()
        self.lines.clear()
        self.bytes = 0

    def __bool__(self):
        return bool(self.packets or self.lines)

    def pop(self, source, limit):
        """The next line."""
        if not self.lines:
            unit = self._unit(whole_bytes(limit))
            lines = write_armour(source, unit, limit)
            each = -(-len(unit) // len(lines))
            self.lines.extend((line, each) for line in lines)
            self.bytes += each * len(lines)
        line, size = self.lines.popleft()
        self.bytes -= size
        return line

    def _unit(self, room):
        """The first packet, and those behind it that share its line."""
        taken = [self.packets.popleft()]
        length = 1 + 4 + len(taken[0])
        kept = collections.deque()
        while self.packets and length < room and len(taken) < MOST_IN_BUNDLE:
            packet = self.packets.popleft()
            if length + 4 + len(packet) <= room:
                taken.append(packet)
                length += 4 + len(packet)
            else:
                kept.append(packet)
        self.packets.extendleft(reversed(kept))
        self.bytes -= sum(map(len, taken))
        return bundle(taken)


# IRC.


def fold(name):
    """A nick or a channel as servers compare it (RFC 2812 section 2.2)."""
    return name.lower().translate(str.maketrans("[]\\^", "{}|~"))


def read_irc(line):
    """A line: tags, nick, source, command and parameters."""
    line = line.rstrip("\r\n")
    tags, source = {}, ""
    if line.startswith("@"):
        head, _, line = line[1:].partition(" ")
        for tag in head.split(";"):
            name, _, value = tag.partition("=")
            tags[name] = re.sub(r"\\(.?)", lambda m: {":": ";", "s": " ", "r": "\r", "n": "\n"}.get(m[1], m[1]), value)
    line = line.lstrip(" ")
    if line.startswith(":"):
        source, _, line = line[1:].partition(" ")
    head, colon, last = line.lstrip(" ").partition(" :")
    words = head.split()
    command = words[0].upper() if words else ""
    return tags, re.split("[!@]", source)[0], source, command, words[1:] + ([last] if colon else [])


SIGNS = "~&@%+!"  # Before a channel: only those with such a rank in it.


def is_for(target, channel):
    """Whether a line for these targets reaches the channel."""
    return any(fold(name.lstrip(SIGNS)) == fold(channel.lstrip(SIGNS)) for name in target.split(","))


# What is shown.


def shown(text, most=None):
    """A text as it may be shown: nothing that steers WeeChat or a terminal, nothing that is not seen or turns the line."""
    text = "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in str(text))
    text = re.sub("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]", "", text)
    # More marks on one character than any writing needs paint over other lines.
    text = re.sub("([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{8})"
                  "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+", r"\1", text)
    return text if most is None or len(text) <= most else text[:most] + ".."


def without_colours(text):
    """What a person wrote in the channel, without the colours of IRC."""
    return re.sub("\x03(?:[0-9]{1,2}(?:,[0-9]{1,2})?)?|\x04(?:[0-9a-fA-F]{6})?|[\x02\x0f\x11\x16\x1d\x1e\x1f]", "", text)


def fingerprint(key):
    """What people compare: 01-overview, "Fingerprint"."""
    items = (b"mpotr v1 fingerprint", bytes.fromhex(key))
    digest = hashlib.sha512(b"".join(len(item).to_bytes(8, "big") + item for item in items)).digest()
    groups = (int.from_bytes(digest[at : at + 5], "big") % 100_000 for at in range(0, 40, 5))
    return " ".join(f"{group:05}" for group in groups)


def look(nick):
    """What a nick of ASCII looks like; none if it has other characters, which may look like any."""
    if not nick.isascii():
        return None
    nick = nick.lower().translate(str.maketrans("i10", "llo"))
    return nick.replace("rn", "m").replace("vv", "w")


class Names:
    """Who is shown under which name. A nick proves nothing: where two could be meant by it, digits stand behind it."""

    MOST_LOOKS = 8

    def __init__(self):
        self.nicks, self.looks, self.users = {}, collections.defaultdict(set), collections.defaultdict(set)
        self.given = {}  # The names of the files by which people were given.

    def note(self, key, nick):
        self.nicks[key] = nick
        if len(self.looks[key]) < self.MOST_LOOKS:
            self.looks[key].add(look(nick))
            self.users[look(nick)].add(key)

    def of(self, key):
        nick = self.nicks.get(key)
        digits = "#" + "-".join(fingerprint(key).split()[:2])
        if nick is None:
            return f"{digits} ({shown(self.given[key])})" if key in self.given else digits
        seen = look(nick)
        is_alone = seen is not None and self.users[seen] == {key} and len(self.looks[key]) < self.MOST_LOOKS
        return shown(nick) if is_alone else shown(nick) + digits

    def find(self, word, keys):
        """Those of `keys` whom a word means."""
        word = word.strip()
        if re.fullmatch("[0-9a-f]{64}", word):
            return [key for key in keys if key == word]
        digits = re.sub("[ -]", "", word.rpartition("#")[2])
        if re.fullmatch("[0-9]{40}", digits) or ("#" in word and re.fullmatch("[0-9]{10}", digits)):
            return [key for key in keys if fingerprint(key).replace(" ", "").startswith(digits)]
        return [key for key in keys if fold(word) in self._called(key)]

    def _called(self, key):
        file = fold(self.given.get(key, ""))
        return {fold(self.nicks.get(key, "")), file, file[: -len(".pub")] if file.endswith(".pub") else ""} - {""}


# Sentences.

DROPPED = {
    "discarded": "you took it back",
    "left": "you left before it could be",
    "removed": "the others had left you out",
    "expired": "the room's keys were too old to write with",
    "nobody_left": "everyone else had left the room",
}


def vote_words(vote, name):
    if vote == "refresh":
        return "for fresh keys"
    kind, value = next(iter(vote.items()))
    if kind in ("admit", "exclude"):
        return f"to let {name(value)} in" if kind == "admit" else f"to leave {name(value)} out"
    return "for other rules" if kind == "policy" else "to become one with another room"


def excluding_words(who):
    if who == "you":
        return "the others are leaving you out; what you type waits, and is not sent to them"
    return f"texts wait until {who} is out"


def asked_words(event, name):
    """What others ask for, and how to give one's own word for it, where there is a command."""
    vote, by = event["vote"], ", ".join(map(name, event["by"]))
    kick = f": /mpotr kick {name(vote['exclude'])}" if "exclude" in vote else ""
    return f"{by} wants {vote_words(vote, name)}, which takes {event['need']} votes{kick}"


def waiting_words(event, name):
    """What a room waits for."""
    reason = event["reason"]
    who = ", ".join(map(name, event.get("missing") or event.get("waiting_for") or [])) or "the others"
    words = {
        "alone": lambda: "nobody else is here yet",
        "gathering": lambda: f"{event['have']} of {event['want']} are there; the room begins with all of them",
        "outside": lambda: "the room is there already; its members decide whether you come in",
        "admit_here": lambda: f"{fingerprint(event['claimed'])} waits for you: /mpotr admit",
        "agreeing": lambda: f"agreeing on a key; waiting for {who}",
        "identity_in_room": lambda: "this identity is in the room already, in another program",
        "another_instance": lambda: f"{name(event['identity'])} wants to come in from another program; the one in the room "
        "is asked whether it is there",
        "rules_differ": lambda: f"{', '.join(map(name, event['by'])) or 'others'}: other rules than yours, and all who are in "
        "one room keep the same",
        "other_suite": lambda: "others are here with other ciphers: all need the same",
        "other_version": lambda: "others are here with another version of the protocol: all need the same mpotr",
        "changing": lambda: f"changing keys, and texts wait; waiting for {who}",
        "excluding": lambda: excluding_words(name(event["identity"])),
        "asked_out": lambda: f"{', '.join(map(name, event['by']))} wants you left out: {event['have']} of {event['need']} votes "
        "that it takes",
        "needs_votes": lambda: f"{event['need'] - event['have']} more votes needed {vote_words(event['vote'], name)}",
        "vote_here": lambda: asked_words(event, name),
        "not_admitted": lambda: f"to let {name(event['identity'])} in, the word of {who} is missing",
        "not_final": lambda: f"texts are not final yet; waiting for {who}",
        "slow_link": lambda: f"the channel is slow: {event['queued']} bytes leave in {event['estimate'] // 1000} s",
        "expired": lambda: "the keys are too old to write with; texts wait for fresh ones",
    }
    try:
        return words[reason]()
    except (KeyError, TypeError, ValueError):
        return f"waiting: {shown(reason, 40)}"


def event_words(event, name):
    """The line for an event that changes nothing here; none if it is not for a person to read."""
    kind = event["type"]
    who = name(event["identity"]) if "identity" in event else ""
    words = {
        "agreeing": lambda: f"agreeing on a key, {len(event['claimed'])} members",
        "joining": lambda: f"{fingerprint(event['claimed'])} is joining: from here on assume that it reads along",
        "agreement_failed": lambda: f"no agreement: {event.get('fault', 'a member was silent')}; trying again",
        "joined": lambda: f"{who} is in",
        "leaving": lambda: f"{who} is leaving",
        "left": lambda: f"{who} has left",
        "voted": lambda: f"{', '.join(map(name, event['by']))}: vote {vote_words(event['vote'], name)}, which is enough",
        "left_out": lambda: f"{who} is out and can read nothing from here on",
        "policy_changed": lambda: f"the room has other rules: {json.dumps(event['policy'])}",
        "other_epoch": lambda: f"a packet says that there is another room of this name, with {event['members']} members "
        "(unproven); nothing follows from that",
        "behind": lambda: "the others have gone on without you; asking to be let in again",
        "removed": lambda: "the others have left you out",
        "unsettled": lambda: f"{event['count']} messages are not final yet; waiting for "
        + ", ".join(map(name, event["waiting_for"])),
        "settled": lambda: "all of them are final now",
        "lagging": lambda: f"{who} is slow to say what it has read; your texts wait for it no longer",
        "fork": lambda: f"WARNING: {who} has another order of the first {event['count']} messages: a member said different "
        "things to different members, or the network is cut in two",
        "difference": lambda: f"the order of {who} differs from message {event['place']} on",
        "cheated": lambda: f"WARNING: {who} is proven to have cheated: {event['fault']}",
        "equivocation": lambda: f"WARNING: {who} said one thing to some and another to others (its text {event['seq']})",
        "contradicted": lambda: f"WARNING: {who} has signed two things that cannot both be true",
        "disputed": lambda: f"text {event['seq']} of {name(event['author'])} is not shown: others may have read another",
        "leaked": lambda: f"WARNING: what signs for {who} is public: anyone can speak in that name",
        "replaced": lambda: f"{who} is here from another program now, with the same identity",
        "identity_in_use": lambda: "WARNING: your identity is used elsewhere: by another program of yours, by a thief with a "
        "copy of the file, or by one who merely claims it",
        "code": lambda: f"the code of the room is {event['code']}: read it to the others by another way; all who "
        "have the same are in this room, with nobody between",
        "code_asked": lambda: f"{who} asks to compare the code of the room",
        "code_failed": lambda: f"there is no code this time ({event['why']}): " + ", ".join(map(name, event["who"])),
        "secret_result": lambda: {
            "same": f"{who} knows the same secret",
            "epoch_changed": f"the keys changed before there was an answer between you and {who}: ask again",
            "different": f"WARNING: {who} does not know the same secret, or typed it otherwise",
        }.get(event["result"], f"the question between you and {who} was given up"),
        "published": lambda: "what signed for you in this room is public now: nothing in it can be proven to others",
    }
    if kind in ("provisional", "waiting_over"):
        return None
    try:
        return words[kind]()
    except (KeyError, TypeError, ValueError):
        return f"event: {shown(kind, 40)}"


# The child.


class Rpc:
    """The child: requests go in, answers and notifications come out. WeeChat's loop reads and writes the pipes."""

    MOST_UNREAD = 16 << 20

    def __init__(self, program):
        env = {key: value for key, value in os.environ.items() if key != "RUST_LOG"}
        # A group of its own: what is typed at the terminal, ctrl-c for example, is not for it.
        self.child = subprocess.Popen([program, "rpc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, env=env, start_new_session=True)
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            os.set_blocking(pipe.fileno(), False)
        self.count, self.waiting = 0, {}
        self.read, self.unwritten, self.said = bytearray(), bytearray(), b""
        self.writing = None
        self.hooks = [weechat.hook_fd(self.child.stdout.fileno(), 1, 0, 0, "rpc_says", ""),
                      weechat.hook_fd(self.child.stderr.fileno(), 1, 0, 0, "rpc_logs", "")]
        self.ask("hello", lambda result, error: error and rpc_is_dead(error["message"]), api=[1])

    def ask(self, method, done=None, **params):
        """Asks; `done(result, error)` is called with the answer."""
        self.count += 1
        self.waiting[self.count] = done
        request = {"jsonrpc": "2.0", "id": self.count, "method": method, "params": params}
        self.unwritten += json.dumps(request).encode() + b"\n"
        self.write()

    def write(self):
        try:
            while self.unwritten:
                del self.unwritten[: os.write(self.child.stdin.fileno(), self.unwritten[: 1 << 16])]
        except BlockingIOError:
            pass
        except (OSError, ValueError):
            # That it is dead shows at its output.
            self.unwritten.clear()
        if self.unwritten and not self.writing:
            self.writing = weechat.hook_fd(self.child.stdin.fileno(), 0, 1, 0, "rpc_takes", "")
        if not self.unwritten and self.writing:
            weechat.unhook(self.writing)
            self.writing = None

    def lines(self):
        """What it has said, by lines; the last is none if it says nothing more."""
        is_over = False
        try:
            while data := os.read(self.child.stdout.fileno(), 1 << 16):
                self.read += data
                if len(self.read) > self.MOST_UNREAD:
                    break
            else:
                is_over = True
        except BlockingIOError:
            pass
        except OSError:
            is_over = True
        *lines, rest = bytes(self.read).split(b"\n")
        self.read = bytearray(rest)
        return lines + [None] * (is_over or len(rest) > self.MOST_UNREAD)

    def close(self):
        """Ends it. It closes its rooms at the end of its input; one that does not is killed when it is in the way."""
        for hook in self.hooks + ([self.writing] if self.writing else []):
            weechat.unhook(hook)
        self.hooks, self.writing = [], None
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            pipe.close()
        try:
            self.child.wait(0.2)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


RPC = None
ROOMS = {}  # By server and channel, as servers compare them.
TOLD = {}  # When people in a channel were told what goes on.
IS_QUITTING = False


def rpc():
    global RPC
    if RPC is None:
        program = weechat.string_eval_path_home(option("program"), {}, {}, {})
        RPC = Rpc(program)
    return RPC


def rpc_is_dead(why):
    """All buffers are locked: nothing more is said in these rooms, and nothing in clear."""
    global RPC
    dead, RPC = RPC, None
    if dead is None:
        return
    dead.close()
    said = shown(dead.said.decode("utf-8", "replace").strip().rpartition("\n")[2], 200)
    for room in ROOMS.values():
        if room.phase != "locked":
            room.lock(why + (f" ({said})" if said else ""))


def rpc_takes(_data, _fd):
    if RPC:
        RPC.write()
    return weechat.WEECHAT_RC_OK


def rpc_logs(_data, fd):
    try:
        while data := os.read(int(fd), 1 << 12):
            if RPC:
                RPC.said = (RPC.said + data)[-2_000:]
        if RPC and len(RPC.hooks) > 1:
            weechat.unhook(RPC.hooks.pop())
    except OSError:
        pass
    return weechat.WEECHAT_RC_OK


def rpc_says(_data, _fd):
    child = RPC
    for line in child.lines() if child else []:
        if RPC is not child:
            break
        if line is None:
            rpc_is_dead("`mpotr rpc` has ended")
            break
        try:
            hear_rpc(child, json.loads(line))
        except Exception:  # One line that is not understood is told, and the others are heard.
            weechat.prnt("", f"{weechat.prefix('error')}mpotr: {shown(traceback.format_exc())}")
    return weechat.WEECHAT_RC_OK


def hear_rpc(child, said):
    if "method" not in said:
        done = child.waiting.pop(said.get("id"), None)
        if done:
            done(said.get("result"), said.get("error"))
        return
    params = said["params"]
    room = next((room for room in ROOMS.values() if room.handle == params["room"]), None)
    if room is None:
        return
    if said["method"] == "packet":
        room.queue.push(unb64(params["packet"]))
        room.pump()
    elif said["method"] == "event":
        room.hear(params["event"])


# Rooms.


class Refused(Exception):
    """What a person asked for cannot be done."""


class Room:
    """A buffer in mpOTR mode.

    phase: `opening`, `on`, `leaving`; `locked` when it is over, for `why`, until the person ends it.
    """

    NUMBERS, HINTS = itertools.count(1), itertools.count(1)
    REMEMBERED, BEFORE_WORDS, LONG_LOSS = 600, 4, 60

    def __init__(self, buffer, server, channel):
        self.handle = f"r{next(self.NUMBERS)}"
        self.buffer, self.server, self.channel = buffer, server, channel
        self.phase, self.why, self.options, self.given = "opening", "", {}, {}
        self.me = self.sid = self.seen = None
        self.names, self.roster, self.known, self.outside = Names(), [], set(), {}
        self.waits, self.questions = {}, {}
        self.texts, self.sent, self.rows = {}, {}, {}  # Own texts, their messages, and the last row of each that is shown.
        self.held, self.lost, self.verified = {}, collections.Counter(), set()
        self.source = secrets.token_hex(4)
        self.queue, self.reassembly = Queue(), Reassembly()
        self.pacing = Pacing(time.monotonic(), *pace())
        self.hints, self.joined = {}, None
        self.is_away, self.away_since = False, None
        self.reported, self.timer = None, None
        self.tell_at = None
        self.come()

    @property
    def is_over(self):
        return self.phase == "locked"

    def tell(self, text, tags="", is_private=True):
        tags = f"mpotr,{'no_log,' * is_private}notify_none{tags}"
        weechat.prnt_date_tags(self.buffer, 0, tags, f"{weechat.prefix('network')}mpotr: {text}")

    def error(self, text):
        weechat.prnt_date_tags(self.buffer, 0, "mpotr,no_log", f"{weechat.prefix('error')}mpotr: {text}")

    def name(self, key):
        return "you" if key == self.me else self.names.of(key)

    def show(self):
        weechat.buffer_set(self.buffer, "localvar_set_mpotr", self.phase)
        weechat.bar_item_update("mpotr")

    def ask(self, method, done=None, **params):
        def answered(result, error):
            if done:
                done(result, error)
            elif error:
                self.error(f"{method}: {shown(error['message'], 300)}")

        rpc().ask(method, answered, room=self.handle, **params)

    # Its beginning and its end.

    def open(self):
        options = dict(self.options)
        self.names.given.update(self.given)
        self.ask("open", self.opened, mode="packets", profile="line", **options)
        self.show()

    def opened(self, result, error):
        if error:
            return self.lock(shown(error["message"], 300))
        self.me, self.phase = result["identity"], "on"
        self.names.note(self.me, self.options["nick"])
        self.tell(f"you are {shown(self.options['nick'])}, {result['fingerprint']}")
        self.tell(f"room \"{shown(self.options['name'])}\"; what you type here is private from now on, or not sent at all")
        if not self.options.get("identity_file"):
            self.tell("this identity is for this room alone; nobody can know it again")
        self.report(is_due=True)
        self.show()
        self.pump()

    def lock(self, why):
        """It is over. Until the person says so, nothing leaves this buffer."""
        # What it has said already still leaves: others wait for its last word.
        self.phase, self.why, self.tell_at = "locked", why, None
        self.error(f"LOCKED: {why}. What you type here is not sent. /mpotr start begins again, /mpotr end goes back to clear text")
        for text in self.texts.values():
            self.error(f"not known to have been read by all: {shown(text, 300)}")
        self.texts.clear()
        self.show()

    # What is typed.

    def send(self, text):
        if self.phase == "locked":
            return self.refuse(text, f"this buffer is locked: {self.why}")
        if self.phase == "leaving":
            return self.refuse(text, "you are leaving the room")

        def done(result, error):
            if error is None:
                self.texts[result["text_id"]] = text
                return weechat.bar_item_update("mpotr")
            code, why = error["data"]["code"], shown(error["message"], 300)
            if code == "stale_roster":
                why = "others have come in: " + ", ".join(map(self.name, error["data"]["added"]))
            elif code == "not_secure":
                why = "the room is not secure yet, and nobody knows who would read it"
            return self.refuse(text, why)

        seen = self.seen or "expected"
        self.ask("send", done, text=text, seen=seen)

    def refuse(self, text, why):
        """It was not sent: the person gets it back."""
        self.error(f"not sent: {why}")
        if weechat.buffer_get_string(self.buffer, "input"):
            self.error(f"it was: {shown(text, 1000)}")
        else:
            weechat.buffer_set(self.buffer, "input", text)

    # What rpc tells.

    def hear(self, event):
        known = getattr(self, "hear_" + event["type"], None)
        if known:
            known(event)
        else:
            line = event_words(event, self.name)
            if line:
                self.tell(line, ",notify_highlight" if line.startswith("WARNING") else "")
        weechat.bar_item_update("mpotr")

    def hear_secure(self, event):
        self.sid = self.seen = event["sid"]
        self.roster = [member["identity"] for member in event["roster"]]
        self.known.update(self.roster)
        for key in self.roster:
            self.outside.pop(key, None)
        number = "1 member" if len(self.roster) == 1 else f"{len(self.roster)} members"
        self.tell(f"the room is secure: {number}, session {self.sid}")
        for key in self.roster:
            new = "  new" if key in event["added"] and len(event["added"]) < len(self.roster) - 1 else ""
            self.tell(f"  {fingerprint(key)}  {self.name(key)}{new}")

    def hear_left(self, event):
        self.gone(event)

    def hear_left_out(self, event):
        self.gone(event)

    def gone(self, event):
        self.tell(event_words(event, self.name))
        if event["identity"] in self.roster:
            self.roster.remove(event["identity"])

    def hear_wants_in(self, event):
        key = event["claimed"]
        if key in self.outside:
            return
        if len(self.outside) >= 64:
            self.outside.pop(next(iter(self.outside)))
        self.outside[key] = event.get("voted_out")
        who = f" ({self.names.of(key)}, who was here before)" if key in self.known else ""
        voted = "; it was left out by a vote" if event.get("voted_out") else ""
        if isinstance(self.options.get("admission"), dict) and key in self.options["admission"].get("only", []):
            return self.tell(f"{fingerprint(key)} wants to come in, as expected; nothing is proven yet")
        self.tell(f"{fingerprint(key)}{who} wants to come in{voted}; nothing is proven yet")

    def hear_message(self, event):
        key = event["author"]
        if "text" not in event:
            return self.tell(f"a message by {self.name(key)} could not be read")
        before = self.names.of(key) if key in self.names.nicks else None
        self.names.note(key, event["nick"])
        name = self.names.of(key)
        if before not in (None, name):
            self.tell(f"{before} is called {name} from now on")
        colour = weechat.color(weechat.info_get("nick_color_name", key))
        is_me = key == self.me
        notify = "no_highlight,self_msg,notify_none" if is_me else "notify_message"
        tags = f"mpotr,no_log,mpotr_message,nick_{re.sub('[^A-Za-z0-9_#-]', '_', name)},{notify}"
        if is_me:
            tags += f",mpotr_id_{event['id']}"
            colour = weechat.color("chat_nick_self")
        # Each row of a text has its author before it: none passes for a line of another.
        rows = event["text"].split("\n")
        if is_me:
            self.rows[event["id"]] = shown(rows[-1])
            rows[-1] += " [sent]"
        for row in rows:
            weechat.prnt_date_tags(self.buffer, 0, tags, f"{colour}{name}\t{shown(row)}")

    def mark(self, message, state):
        """Shows behind an own text what became of it."""
        if message not in self.rows:
            return
        lines = weechat.hdata_pointer(weechat.hdata_get("buffer"), self.buffer, "own_lines")
        line = weechat.hdata_pointer(weechat.hdata_get("lines"), lines, "last_line")
        of_line, of_data = weechat.hdata_get("line"), weechat.hdata_get("line_data")
        for _ in range(500):
            if not line:
                return
            data = weechat.hdata_pointer(of_line, line, "data")
            count = weechat.hdata_integer(of_data, data, "tags_count")
            tags = [weechat.hdata_string(of_data, data, f"{at}|tags_array") for at in range(count)]
            if f"mpotr_id_{message}" in tags:
                weechat.hdata_update(of_data, data, {"message": f"{self.rows[message]} [{state}]"})
                return
            line = weechat.hdata_move(of_line, line, -1)

    def hear_sent(self, event):
        self.sent[event["text_id"]] = event["id"]
        self.held.pop(event["text_id"], None)

    def fate(self, event, state):
        self.texts.pop(event["text_id"], None)
        self.held.pop(event["text_id"], None)
        self.mark(self.sent.pop(event["text_id"], None), state)

    def hear_acknowledged(self, event):
        self.fate(event, "everyone has it")

    def hear_missed(self, event):
        self.fate(event, "not known to have reached all")
        self.lose("a text of yours is not known to have reached " + ", ".join(map(self.name, event["by"])))

    def hear_dropped(self, event):
        text = self.texts.get(event["text_id"], "")
        self.fate(event, "not sent")
        if event["why"] != "discarded":
            why = DROPPED.get(event["why"], "the room did not say why")
            self.lose(f"not sent: {why}: {shown(text, 300)}")

    def lose(self, line):
        self.lost[line] += 1
        if sum(self.lost.values()) == 1:
            weechat.hook_timer(250, 0, 1, "tell_losses", self.handle)

    def tell_losses(self):
        for line, count in self.lost.items():
            self.error(line + (f" ({count} texts)" if count > 1 else ""))
        self.lost.clear()

    def hear_final(self, event):
        for message in event["ids"]:
            self.mark(message, "final")
            self.rows.pop(message, None)

    def hear_held(self, event):
        number = event["text_id"]
        self.held[number] = event["added"]
        who = ", ".join(f"{self.name(key)} ({fingerprint(key)})" for key in event["added"])
        self.error(f"held: \"{shown(self.texts.get(number, ''), 200)}\" waits, for these came in since you typed it: {who}. "
                   f"/mpotr release {number} sends it to all who are here, /mpotr discard {number} takes it back")

    def hear_waiting(self, event):
        self.waits[event["reason"]] = event
        self.tell(waiting_words(event, self.name))

    def hear_waiting_over(self, event):
        self.waits.pop(event["reason"], None)

    def hear_secret_asked(self, event):
        self.questions[event["attempt"]] = event
        failures = f" ({event['failures']} failed before)" if event.get("failures") else ""
        self.tell(f"{self.name(event['identity'])} asks: \"{shown(event['question'], 300)}\"{failures}; "
                  "/mpotr answer ANSWER, or /mpotr decline", ",notify_highlight")

    def hear_secret_result(self, event):
        self.questions.pop(event["attempt"], None)
        if event["result"] == "same":
            self.verified.add(event["identity"])
        self.tell(event_words(event, self.name))

    def hear_ended(self, event):
        self.tell_losses()
        good = "all that you said has arrived" if event["acknowledged"] else "not all that you said is known to have arrived"
        self.lock(f"you have left the room; {good}")

    def hear_closed(self, event):
        self.tell_losses()
        self.lock(f"the room is closed: {shown(event.get('message') or event.get('code'), 200)}")

    # The channel.

    def come(self):
        """This client is in the channel, for the first time or again."""
        now = time.monotonic()
        if now - TOLD.get(self.key, -self.REMEMBERED) >= self.REMEMBERED:
            self.tell_at = now + self.BEFORE_WORDS + int(self.source, 16) % 4_000 / 1_000
        self.pump_later()

    def go_away(self, why):
        """This client is not in the channel: what waits to leave is lost, and is said again by the room."""
        if self.is_away:
            return
        self.is_away, self.away_since, self.tell_at = True, time.monotonic(), None
        self.queue.clear()
        self.hints.clear()
        if not self.is_over:
            self.tell(f"{why}; what you type waits until you are in the channel again")
        weechat.bar_item_update("mpotr")

    def come_back(self, joined):
        self.joined = joined
        if not self.is_away:
            return
        self.is_away = False
        self.pacing.forget(time.monotonic())
        if self.is_over:
            return
        self.tell("in the channel again")
        if time.monotonic() - self.away_since >= self.LONG_LOSS and self.phase == "on":
            # A new epoch shows at once who is still there.
            self.ask("refresh")
        self.come()
        weechat.bar_item_update("mpotr")

    @property
    def key(self):
        return (self.server, fold(self.channel))

    def limit(self):
        """Characters of armour in a line. WeeChat splits what a server would cut, and knows where that is."""
        line = f"PRIVMSG {self.channel} :" + "x" * 420
        split = weechat.info_get_hashtable("irc_message_split", {"server": self.server, "message": line})
        return len(split.get("args1", "")) or 300

    def quote(self, line):
        line = re.split("[\r\n\0]", line)[0]
        weechat.command("", f"/quote -server {self.server} {line}")

    def pump(self):
        """Sends what may leave now."""
        now = time.monotonic()
        if self.is_away:
            self.queue.clear()
            return
        while self.queue and (at := self.pacing.next(now)) is not None and at <= now:
            tag = "@+mpotr/t " if hears_tags(self.server) else ""
            self.say(f"{tag}PRIVMSG {self.channel} :{self.queue.pop(self.source, self.limit())}")
        if self.tell_at and self.tell_at <= now and not self.queue and self.pacing.is_rested(now):
            self.tell_at = None
            TOLD[self.key] = now
            self.say(f"PRIVMSG {self.channel} :{HUMAN_LINE}")
        if self.pacing.is_stuck(now):
            self.ping()
        self.report()
        self.pump_later()

    def say(self, line):
        self.quote(line)
        if self.pacing.note_sent(time.monotonic()):
            self.ping()

    def ping(self):
        self.quote(f"PING :mpotr-{self.source}-{self.pacing.note_asked(time.monotonic())}")

    def pump_later(self):
        """Looks again when something may leave."""
        if self.timer:
            weechat.unhook(self.timer)
            self.timer = None
        now = time.monotonic()
        moments = [self.tell_at and max(self.tell_at, now + 0.1)]
        if self.queue:
            moments += [self.pacing.next(now), now + 1]
        moments = [moment for moment in moments if moment]
        if moments:
            wait = max(1, int((min(moments) - now) * 1_000) + 1)
            self.timer = weechat.hook_timer(wait, 0, 1, "pump_room", self.handle)

    def report(self, is_due=False):
        """Tells the room what waits on the way to the channel: at once when that begins or ends, and each second."""
        if self.phase not in ("on", "leaving"):
            return
        now, queued = time.monotonic(), self.queue.bytes
        at, before = self.reported or (0, 0)
        if is_due or bool(queued) != bool(before) or (queued and now - at >= 1):
            self.reported = (now, queued)
            report = {"queued": queued}
            if self.pacing.every:
                report["rate"] = int(whole_bytes(self.limit()) / self.pacing.every)
            if self.pacing.latency is not None:
                report["latency"] = int(self.pacing.latency)
            self.ask("link", lambda result, error: None, **report)

    def hint(self, nick):
        """A number for a client, through all its nicks."""
        if fold(nick) not in self.hints:
            if len(self.hints) >= 8_192:
                return 0
            self.hints[fold(nick)] = next(self.HINTS)
        return self.hints[fold(nick)]

    def take(self, nick, text, time_tag):
        """Takes what came into the channel. Whether it is to be shown, as what a person wrote."""
        line = read_armour(text)
        if line[0] == "human":
            TOLD[self.key], self.tell_at = time.monotonic(), None
        if line[0] not in ("unit", "piece"):
            return line[0] == "plain"
        is_own = line[1] == self.source
        is_played_back = self.joined and time_tag and time_tag < self.joined
        if is_own or is_played_back or self.phase not in ("on", "leaving"):
            return False
        hint = self.hint(nick)
        unit = line[2] if line[0] == "unit" else self.reassembly.take(time.monotonic(), hint, *line[1:])
        if unit:
            self.ask("packet", lambda result, error: None, packet=b64(unit), sender=hint)
        return False

    def status(self):
        """In some words: what the bar shows."""
        if self.phase == "locked":
            return "LOCKED"
        if self.phase in ("opening", "leaving"):
            return self.phase
        state = f"secure, {len(self.roster)}" if self.sid else "not secure"
        if self.is_away:
            return f"{state}, not in the channel"
        if self.held:
            return f"{state}, {len(self.held)} held"
        if self.waits:
            return f"{state}, " + shown(waiting_words(list(self.waits.values())[-1], self.name), 80)
        return state + (f", {len(self.texts)} on the way" if self.texts else "")


def room_of(buffer):
    return next((room for room in ROOMS.values() if room.buffer == buffer), None)


def by_handle(handle):
    return next((room for room in ROOMS.values() if room.handle == handle), None)


def pump_room(handle, _left):
    room = by_handle(handle)
    if room:
        room.timer = None
        room.pump()
    return weechat.WEECHAT_RC_OK


def tell_losses(handle, _left):
    room = by_handle(handle)
    if room:
        room.tell_losses()
    return weechat.WEECHAT_RC_OK


def hears_tags(server):
    """Whether this client hears packets in tags: those who speak by them need not stop for it."""
    of_server = weechat.hdata_get("irc_server")
    pointer = weechat.hdata_search(of_server, weechat.hdata_get_list(of_server, "irc_servers"),
                                   "${irc_server.name} == ${name}", {}, {"name": server}, {}, 1)
    if not pointer or "message-tags" not in weechat.hdata_hashtable(of_server, pointer, "cap_list"):
        return False
    denied = weechat.info_get("irc_server_isupport_value", f"{server},CLIENTTAGDENY").split(",")
    return not any(tag in denied or ("*" in denied and f"-{tag}" not in denied) for tag in ("mpotr/p", "mpotr/t"))


# What comes in from the server, and what goes out to it.


def coming(_data, modifier, server, line):
    """A line of the server: packets are taken from it, and what others write in clear is shown apart from the room."""
    try:
        return hear_server(server, line)
    except Exception:
        weechat.prnt("", f"{weechat.prefix('error')}mpotr: {shown(traceback.format_exc())}")
        return "" if "MPOTR" in line else line


def hear_server(server, line):
    tags, nick, _source, command, parameters = read_irc(line)
    rooms = [room for room in ROOMS.values() if room.server == server]
    if not rooms or not parameters:
        return line
    is_me = fold(nick) == fold(weechat.info_get("irc_nick", server))
    here = next((room for room in rooms if is_for(parameters[0], room.channel)), None)
    if command in ("PRIVMSG", "NOTICE", "TAGMSG") and here:
        is_tag = command == "TAGMSG"
        text = tags.get("+mpotr/p", "") if is_tag else parameters[-1] if len(parameters) > 1 else ""
        if is_tag and not text:
            return line
        is_plain = here.take(nick, text, tags.get("time", ""))
        if is_plain and not is_tag and not is_me:
            return show_plain(here, nick, text, line)
        return line if is_plain else ""
    if command == "PONG" and (match := re.fullmatch(r"mpotr-([0-9a-f]{8})-([0-9]{1,9})", parameters[-1])):
        for room in rooms:
            if room.source == match[1]:
                room.pacing.note_answer(time.monotonic(), int(match[2]))
                room.pump()
        return ""
    hear_presence(rooms, here, command, nick, parameters, tags, is_me)
    return line


def show_plain(room, nick, text, line):
    """What a person wrote into the channel for all to read: told apart from the texts of the room."""
    if text.startswith("\x01") and not text.startswith("\x01ACTION "):
        return line
    text = without_colours(text)
    if text.startswith("\x01ACTION "):
        text = "* " + text[8:].rstrip("\x01")
    room.tell(f"in the channel, for all to read, {shown(nick, 64)} writes: {shown(text)}", ",mpotr_plain", is_private=False)
    return ""


def hear_presence(rooms, here, command, nick, parameters, tags, is_me):
    """Who comes and goes; this client, too."""
    if command == "NICK" and not is_me:
        for room in rooms:
            if fold(nick) in room.hints:
                room.hints[fold(parameters[0])] = room.hints.pop(fold(nick))
    elif command == "JOIN" and is_me and here:
        here.come_back(tags.get("time"))
    elif command in ("PART", "KICK") and here:
        gone = parameters[1] if command == "KICK" and len(parameters) > 1 else nick
        if fold(gone) == fold(weechat.info_get("irc_nick", here.server)):
            here.go_away("you are out of the channel" if command == "PART" else f"{shown(nick, 64)} put you out of the channel")
        here.hints.pop(fold(gone), None)
    elif command == "QUIT":
        for room in rooms:
            room.hints.pop(fold(nick), None)


def leaving(_data, modifier, server, line):
    """A line on its way to the server. What would bring into the channel of a room what was typed does not leave."""
    try:
        return may_leave(server, line)
    except Exception:
        # What cannot be looked at stays here.
        weechat.prnt("", f"{weechat.prefix('error')}mpotr: {shown(traceback.format_exc())}")
        return ""


def may_leave(server, line):
    _tags, _nick, _source, command, parameters = read_irc(line)
    if command == "QUIT" and any(room.server == server for room in ROOMS.values()):
        return "QUIT"
    rooms = [room for room in ROOMS.values() if room.server == server and parameters and is_for(parameters[0], room.channel)]
    if not rooms:
        return line
    text = parameters[-1] if len(parameters) > 1 else ""
    if command == "PRIVMSG" and len(rooms) == 1 and fold(parameters[0]) == fold(rooms[0].channel):
        armour = read_armour(text)
        is_own = armour[0] in ("unit", "piece") and armour[1] == rooms[0].source
        if is_own or text == HUMAN_LINE:
            return line
    # Without the words that go with it.
    if command == "PART":
        return f"PART {parameters[0]}"
    if command == "KICK" and len(parameters) > 1:
        return f"KICK {parameters[0]} {parameters[1]}"
    if command == "TOPIC" and len(parameters) < 2:
        return line
    if command != "TAGMSG":  # That a person types is told without a word, and is not told either.
        for room in rooms:
            # Later: a hook that is at work is passed by, so nothing else is to happen here.
            weechat.hook_timer(1, 0, 1, "tell_refused", f"{room.handle} {command}")
    return ""


def tell_refused(about, _left):
    handle, _, command = about.partition(" ")
    room = by_handle(handle)
    if room:
        room.error(f"not sent: this buffer is in mpOTR mode, and {shown(command)} goes to the channel in clear")
    return weechat.WEECHAT_RC_OK


def to_ops(_data, buffer, _line):
    """`/wallchops` speaks to each operator alone where a server has no word for all of them."""
    room = room_of(buffer)
    if room is None:
        return weechat.WEECHAT_RC_OK
    room.error("not sent: this buffer is in mpOTR mode, and /wallchops goes out in clear")
    return weechat.WEECHAT_RC_OK_EAT


def typed(_data, modifier, buffer, text):
    """What is typed into a buffer: in mpOTR mode it goes to the room, and to nobody else."""
    room = room_of(buffer)
    if room is None or (text.startswith("/") and weechat.string_input_for_buffer(text) == ""):
        return text
    try:
        # Two slashes begin a text with one.
        text = weechat.string_input_for_buffer(text) or text
        if re.match(r"\s+/(?!/)", text):
            room.refuse(text, "it looks like a command with a blank before it")
        elif text:
            room.send(text)
    except Exception:
        room.error(f"not sent: {shown(traceback.format_exc())}")
    return ""


def remembered(_data, modifier, _buffer, text):
    """What the history keeps: no secrets."""
    is_secret = re.match(r"\s*/mpotr\s+(verify|answer)\b", text)
    return "" if is_secret else text


def buffer_closes(_data, _signal, buffer):
    room = room_of(buffer)
    if room:
        if not room.is_over:
            room.ask("close", lambda result, error: None)
        del ROOMS[room.key]
    return weechat.WEECHAT_RC_OK


def server_gone(_data, _signal, server):
    for room in ROOMS.values():
        if room.server == server:
            room.go_away("the server is gone")
    return weechat.WEECHAT_RC_OK


# Commands.

HELP = """\
start [-room NAME] [-nick NICK] [-identity FILE] [-passphrase FILE] [-with FILE..|KEY.. | -ask | -open] [-members N]
      || status || members || admit WHO || kick WHO || withdraw WHO || verify [WHO QUESTION? ANSWER] || answer ANSWER
      || decline || release [N] || discard [N] || leave || end || help"""
HELP_OF = """\
   start: mpOTR mode in this channel: what is typed is for the members of the room alone. -with lets in those whose public
          keys are named, and begins with all of them; -ask (default) those of `admit`; -open anyone. A locked buffer begins
          again, with what it was begun with
  status: where the room is, and what it waits for
 members: who is in the room, and who waits outside
   admit: lets one in: a whole fingerprint, a key, a file of one, or the nick of one who was in the room before
    kick: votes to leave one out
withdraw: takes back what was asked for by admit or kick
  verify: shows a code that all members compare over another way; or asks a member what it alone knows
  answer: answers such a question; decline: does not
 release: sends what is held to all who are in the room now; discard: takes it back
   leave: leaves the room. The buffer is locked then
     end: back to clear text, once the room is over

No text leaves a buffer in mpOTR mode in clear, a locked one neither."""


def option(name):
    return weechat.config_get_plugin(name)


def pace():
    """Lines that may leave at once, and the seconds in which one more may."""
    match = re.fullmatch(r"([1-9][0-9]{0,2})/([0-9]{1,5})", option("pace"))
    return (int(match[1]), int(match[2]) / 1_000) if match else (4, 2.0)


def path_of(name):
    return os.path.abspath(weechat.string_eval_path_home(name, {}, {}, {}))


def key_of(word):
    """A public key, or the one in a file."""
    if re.fullmatch("[0-9a-f]{64}", word):
        return word
    try:
        with open(path_of(word), encoding="ascii") as file:
            key = file.read(4_096).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{shown(word)}: {shown(error)}") from None
    if not re.fullmatch("[0-9a-f]{64}", key):
        raise Refused(f"{shown(word)} holds no public key")
    return key


def options_of(words, channel, server):
    """What a room is opened with, from the words behind `start`, and the files by which people were given."""
    words, given = collections.deque(words), {}
    nick = re.sub(r"[|:#*?\s]", "_", weechat.info_get("irc_nick", server))
    options = {"name": channel.lstrip("#&+!") or channel, "nick": nick, "admission": {"ask": []}}
    identity, passphrase, said = option("identity"), option("passphrase"), []

    def value(flag):
        if not words:
            raise Refused(f"{flag} needs a word behind it")
        return words.popleft()

    while words:
        flag = words.popleft()
        if flag in ("-room", "-nick"):
            options["name" if flag == "-room" else "nick"] = value(flag)
        elif flag == "-identity":
            identity = value(flag)
        elif flag == "-passphrase":
            passphrase = value(flag)
        elif flag == "-members":
            number = value(flag)
            if not re.fullmatch("[0-9]{1,4}", number):
                raise Refused("-members needs a number")
            options["members"] = int(number)
        elif flag in ("-ask", "-open"):
            said.append(flag)
            options["admission"] = "open" if flag == "-open" else {"ask": []}
        elif flag == "-with":
            said.append(flag)
            keys = []
            while words and not words[0].startswith("-"):
                word = words.popleft()
                keys.append(key_of(word))
                if word != keys[-1]:
                    given[keys[-1]] = os.path.basename(word)
            if not keys:
                raise Refused("-with names nobody")
            options["admission"] = {"only": sorted(set(keys))}
        else:
            raise Refused(f"there is no {shown(flag)}; /mpotr help")
    if len(said) > 1:
        raise Refused("one of -with, -ask and -open")
    if identity:
        options["identity_file"] = path_of(identity)
        if passphrase:
            options["passphrase_file"] = path_of(passphrase)
    return options, given


def start(buffer, words):
    server, channel = (weechat.buffer_get_string(buffer, f"localvar_{name}") for name in ("server", "channel"))
    if weechat.buffer_get_string(buffer, "localvar_type") != "channel" or not server:
        raise Refused("this is no channel of IRC")
    before = room_of(buffer)
    if before and not before.is_over:
        raise Refused(f"this buffer is in mpOTR mode already: {before.status()}")
    is_again = before and before.options and not words
    options, given = (before.options, before.given) if is_again else options_of(words, channel, server)
    room = Room(buffer, server, channel)
    room.options, room.given = options, given
    # From here on nothing that is typed here leaves in clear, whatever becomes of the child.
    ROOMS[room.key] = room
    room.show()
    infolist = weechat.infolist_get("irc_channel", "", f"{server},{channel}")
    is_in = bool(infolist and weechat.infolist_next(infolist) and weechat.infolist_integer(infolist, "nicks_count"))
    if infolist:
        weechat.infolist_free(infolist)
    if not is_in:
        room.go_away("you are not in the channel")
    try:
        room.open()
    except OSError as error:
        room.lock(f"`{shown(option('program'))} rpc` cannot be started: {shown(error)}")


def one_of(room, word, keys, what, if_none="nobody here is"):
    """The one who is meant."""
    if not word:
        raise Refused(f"who is to be {what}?")
    found = room.names.find(word, keys)
    if not found:
        raise Refused(f"{if_none} {shown(word, 80)}")
    if len(found) > 1:
        both = ", ".join(f"{room.name(key)}: {fingerprint(key)}" for key in found)
        raise Refused(f"that may mean {both}; say the whole fingerprint")
    return found[0]


def do_status(room, rest):
    room.tell(room.status() + (f": {room.why}" if room.why else ""))
    for event in room.waits.values():
        room.tell("  " + waiting_words(event, room.name))
    for number, text in room.texts.items():
        state = "held" if number in room.held else "on the way"
        room.tell(f"  {state} [{number}]: {shown(text, 80)}")
    room.tell(f"  {room.queue.bytes} bytes wait to leave")


def do_members(room, rest):
    def done(result, error):
        if error:
            return room.error(shown(error["message"], 200))
        for member in result["members"]:
            more = [member["presence"]] * (member["presence"] != "here") + ["you"] * member["me"]
            more += ["verified in this room"] * (member["identity"] in room.verified)
            more = f"  ({', '.join(more)})" if more else ""
            room.tell(f"  {member['fingerprint']}  {room.names.of(member['identity'])}{more}")
        for one in result["outside"]:
            room.tell(f"  {fingerprint(one['claimed'])}  waits outside" + ", left out by a vote" * one["voted_out"])
        return None

    room.ask("state", done)


def do_admit(room, rest):
    if rest.endswith(".pub") or "/" in rest or re.fullmatch("[0-9a-f]{64}", rest):
        key = key_of(rest)
    elif re.fullmatch("[0-9]{40}", re.sub("[ -]", "", rest)):
        key = one_of(room, rest, list(room.outside) + sorted(room.known - room.outside.keys()), "let in")
    else:
        # A stranger has proven nothing, and ten digits are found in hours.
        of_stranger = "a stranger is let in by a whole fingerprint, a key or its file, and nobody who was here is"
        key = one_of(room, rest, sorted(room.known), "let in", of_stranger)
    room.ask("admit", lambda result, error: room.error(shown(error["message"], 200)) if error else room.tell(
        f"{fingerprint(key)} may come in"), identity=key)


def do_kick(room, rest):
    key = one_of(room, rest, room.roster, "left out")
    room.ask("exclude", lambda result, error: room.error(shown(error["message"], 200)) if error else room.tell(
        f"you vote to leave {room.name(key)} out; your texts wait until then"), identity=key)


def do_withdraw(room, rest):
    key = one_of(room, rest, sorted(room.known | room.outside.keys()), "spared or not let in")
    votes = [{"exclude": key}, {"admit": key}]

    def done(result, error):
        if error is None:
            return room.tell("taken back")
        if error["data"]["code"] == "no_such_vote" and votes:
            return room.ask("withdraw", done, vote=votes.pop(0))
        return room.error(shown(error["message"], 200))

    room.ask("withdraw", done, vote=votes.pop(0))


def do_verify(room, rest):
    if not rest:
        return room.ask("room_code")
    word, _, rest = rest.partition(" ")
    question, mark, answer = rest.partition("?")
    question, answer = (question.strip() + "?", answer.strip()) if mark else ("", rest.strip())
    key = one_of(room, word, room.roster, "asked")
    if not answer:
        raise Refused("what is the answer? /mpotr verify WHO QUESTION? ANSWER")
    return room.ask("verify_start", lambda result, error: room.error(shown(error["message"], 200)) if error else room.tell(
        f"asking {room.name(key)}"), identity=key, secret=b64(answer.encode()), question=question)


def do_answer(room, rest):
    if not room.questions:
        raise Refused("nobody asks anything")
    if not rest:
        raise Refused("what is the answer?")
    attempt = next(reversed(room.questions))
    room.ask("verify_answer", attempt=attempt, secret=b64(rest.encode()))


def do_decline(room, rest):
    for attempt in room.questions:
        room.ask("verify_abort", attempt=attempt)
    room.questions.clear()


def of_held(room, rest):
    if rest and not (rest.isascii() and rest.isdigit()):
        raise Refused("which? a number")
    numbers = [int(rest)] if rest else list(room.held)
    if not numbers:
        raise Refused("nothing is held")
    return numbers


def do_release(room, rest):
    for number in of_held(room, rest):
        room.ask("release", text_id=number, seen=room.seen or "expected")


def do_discard(room, rest):
    for number in of_held(room, rest):
        room.ask("discard", text_id=number)


def do_leave(room, rest):
    if room.phase == "leaving":
        # A second time, nothing is waited for.
        return room.ask("stop")
    room.phase = "leaving"
    room.tell("leaving, once all that was said is known to have arrived; again: at once")
    room.show()
    return room.ask("leave")


def do_end(room, rest):
    if not room.is_over:
        raise Refused("the room is not over: /mpotr leave first")
    end(room)
    weechat.prnt(room.buffer, f"{weechat.prefix('network')}mpotr: mpOTR mode is over: what you type here is for all in the channel to read")


def end(room):
    ROOMS.pop(room.key, None)
    weechat.buffer_set(room.buffer, "localvar_del_mpotr", "")
    weechat.bar_item_update("mpotr")


COMMANDS = {name[3:]: value for name, value in list(globals().items()) if name.startswith("do_")}
WHEN_OVER = ("status", "end")


def command(_data, buffer, line):
    verb, _, rest = line.strip().partition(" ")
    room = room_of(buffer)
    try:
        if verb == "start":
            start(buffer, shlex.split(rest))
        elif verb in ("", "help") or verb not in COMMANDS:
            weechat.prnt(buffer, f"/mpotr {HELP}\n{HELP_OF}")
        elif room is None:
            raise Refused("this buffer is not in mpOTR mode: /mpotr start")
        elif room.is_over and verb not in WHEN_OVER:
            raise Refused(f"the room is over: {room.why}; /mpotr start or /mpotr end")
        else:
            COMMANDS[verb](room, rest.strip())
    except (Refused, ValueError) as refused:
        weechat.prnt_date_tags(buffer, 0, "mpotr,no_log", f"{weechat.prefix('error')}mpotr: {refused}")
    return weechat.WEECHAT_RC_OK


def bar_item(_data, _item, _window, buffer, _extra):
    room = room_of(buffer)
    return f"mpOTR: {room.status()}" if room else ""


def info(_data, _name, buffer):
    room = room_of(buffer)
    return room.status() if room else ""


# WeeChat.

OPTIONS = {
    "program": ("mpotr", "the program, by path or by name"),
    "identity": ("", "file with your long-term identity (`mpotr identity new`); without one each room has its own"),
    "passphrase": ("", "file with the passphrase of that identity, if it has one"),
    "pace": ("4/2000", "lines that may leave at once, and the milliseconds in which one more may"),
}


def quits(_data, _signal, _args):
    global IS_QUITTING
    IS_QUITTING = True
    return weechat.WEECHAT_RC_OK


def upgrades(_data, _signal, _args):
    close_all()
    return weechat.WEECHAT_RC_OK


def close_all():
    """Without this script nothing would keep from the channel what is typed in these buffers: not even that it is left, for many
    servers pass on what comes from outside of it. So they are closed."""
    for room in list(ROOMS.values()):
        weechat.prnt("", f"{weechat.prefix('error')}mpotr: {room.channel} on {room.server} is closed: without the script, what you "
                     "type there would go out in clear")
        weechat.buffer_close(room.buffer)


def unload():
    if not IS_QUITTING:
        close_all()
    ROOMS.clear()
    if RPC:
        RPC.close()
    return weechat.WEECHAT_RC_OK


def main():
    if sys.version_info < (3, 8):
        return weechat.prnt("", f"{weechat.prefix('error')}mpotr: this needs Python 3.8 or later")
    if not weechat.register(NAME, "mpOTR", VERSION, "MIT OR Apache-2.0", "mpOTR: private group chat in channels", "unload", ""):
        return None
    for name, (default, about) in OPTIONS.items():
        if not weechat.config_is_set_plugin(name):
            weechat.config_set_plugin(name, default)
        weechat.config_set_desc_plugin(name, about)
    for name in ("privmsg", "notice", "tagmsg", "topic", "part", "kick", "quit", "wallchops", "wallvoices"):
        weechat.hook_modifier(f"irc_out1_{name}", "leaving", "")
    for name in ("privmsg", "notice", "tagmsg", "pong", "join", "part", "kick", "quit", "nick"):
        weechat.hook_modifier(f"irc_in2_{name}", "coming", "")
    weechat.hook_modifier("input_text_for_buffer", "typed", "")
    weechat.hook_modifier("history_add", "remembered", "")
    weechat.hook_command_run("/wallchops", "to_ops", "")
    weechat.hook_command_run("/wallchops *", "to_ops", "")
    weechat.hook_signal("buffer_closing", "buffer_closes", "")
    weechat.hook_signal("irc_server_disconnected", "server_gone", "")
    weechat.hook_signal("quit", "quits", "")
    weechat.hook_signal("upgrade", "upgrades", "")
    weechat.hook_command("mpotr", "private group chat in this channel", HELP, HELP_OF,
                         "start -room|-nick|-identity|-passphrase|-with|-ask|-open|-members || " + " || ".join(COMMANDS),
                         "command", "")
    weechat.bar_item_new("(extra)mpotr", "bar_item", "")
    weechat.hook_info("mpotr", "the state of the room in a buffer", "pointer of a buffer", "info", "")
    return None


if weechat is not None:
    main()
