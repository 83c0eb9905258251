"""Plays each conversation through the C library, as it lies: by_ctypes.py libmpotr_c.so"""
import ctypes
import json
import pathlib
import sys

root = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(root / "scripts"))
sys.dont_write_bytecode = True
from player import Refused, Stage, play  # noqa: E402


class Buf(ctypes.Structure):
    _fields_ = [("data", ctypes.POINTER(ctypes.c_uint8)), ("len", ctypes.c_size_t)]


lib = ctypes.CDLL(sys.argv[1])
now, pointer, size = ctypes.c_uint64, ctypes.c_void_p, ctypes.c_size_t
lib.mpotr_code.restype = ctypes.c_char_p
lib.mpotr_member_new.argtypes = [ctypes.c_char_p, pointer, now, ctypes.POINTER(pointer)]
lib.mpotr_identity_key.argtypes = [pointer, ctypes.c_char_p]
lib.mpotr_call.argtypes = [pointer, now, ctypes.c_char_p, ctypes.POINTER(Buf)]
lib.mpotr_handle_packet.argtypes = [pointer, now, ctypes.c_char_p, size]
lib.mpotr_handle_timeout.argtypes = [pointer, now]
for poll in (lib.mpotr_poll_packet, lib.mpotr_poll_event):
    poll.argtypes = [pointer, ctypes.POINTER(Buf)]
lib.mpotr_poll_timeout.argtypes = [pointer, ctypes.POINTER(now)]
for free in (lib.mpotr_member_free, lib.mpotr_identity_free):
    free.argtypes, free.restype = [pointer], None
lib.mpotr_buf_free.restype = None


def checked(returned):
    if returned < 0:
        raise Refused(lib.mpotr_code(returned).decode())
    return returned


def given(function, *args):
    """The bytes that a function gives out, or None."""
    buf = Buf()
    if checked(function(*args, ctypes.byref(buf))):
        return None
    taken = ctypes.string_at(buf.data, buf.len)
    lib.mpotr_buf_free(ctypes.byref(buf))
    return taken


class Members(Stage):
    def __init__(self, names):
        self.identities, self.keys, self.members, self.now = {}, {}, {}, 0
        for name in names:
            identity, key = pointer(), ctypes.create_string_buffer(32)
            checked(lib.mpotr_identity_new(ctypes.byref(identity)))
            checked(lib.mpotr_identity_key(identity, key))
            self.identities[name], self.keys[name] = identity, key.raw.hex()

    def identity(self, who):
        return self.keys[who]

    def call(self, who, method, params):
        if method != "open":
            request = json.dumps({"method": method, "params": params}).encode()
            return json.loads(given(lib.mpotr_call, self.members[who], self.now, request))
        if who in self.members:
            raise Refused("room_exists")
        del params["mode"]
        member = pointer()
        options = json.dumps(params).encode()
        checked(lib.mpotr_member_new(options, self.identities.pop(who), self.now, ctypes.byref(member)))
        self.members[who] = member
        return {}

    def deliver(self, who, packet):
        if who in self.members:
            lib.mpotr_handle_packet(self.members[who], self.now, packet, len(packet))

    def turn(self, to):
        self.now = to
        for member in self.members.values():
            checked(lib.mpotr_handle_timeout(member, to))

    def due(self):
        at = now()
        times = [at.value for member in self.members.values()
                 if checked(lib.mpotr_poll_timeout(member, ctypes.byref(at))) == 0]
        return min(times, default=None)

    def packets(self):
        return [(who, packet) for who, member in self.members.items()
                for packet in iter(lambda: given(lib.mpotr_poll_packet, member), None)]

    def events(self):
        return [(who, json.loads(event)) for who, member in self.members.items()
                for event in iter(lambda: given(lib.mpotr_poll_event, member), None)]

    def __del__(self):
        for member in self.members.values():
            lib.mpotr_member_free(member)
        for identity in self.identities.values():
            lib.mpotr_identity_free(identity)


for script in sorted((root / "scripts").glob("*.jsonl")):
    play(script, Members)
    print(f"{script.stem}: played")
