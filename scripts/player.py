"""Plays conversations on whatever has members, as player.rs does: scripts/README.md. For libraries in Python, no package."""
import json
from collections import deque

LATENCY = 20  # how long a packet takes
WITHIN = 60_000  # how long an event is waited for, unless it is said


class Refused(Exception):
    """A member does not do what it is asked; the argument is the code."""


class Stage:
    """What has members, and does what they are asked."""

    def identity(self, who):
        """The identity key that a member has, or will have."""
        raise NotImplementedError

    def call(self, who, method, params):
        """Has a member do something: the result, or Refused."""
        raise NotImplementedError

    def deliver(self, who, packet):
        """Hands a packet to a member that is there, and does nothing for any other."""
        raise NotImplementedError

    def turn(self, to):
        """Turns the clock."""
        raise NotImplementedError

    def due(self):
        """When something is due, or None."""
        raise NotImplementedError

    def packets(self):
        """What members say to one another, and by whom."""
        raise NotImplementedError

    def events(self):
        """What members are told, and who."""
        raise NotImplementedError


def play(path, make_stage):
    """Plays the script in a file on make_stage(names)."""
    with open(path, encoding="utf-8") as lines:
        head, *steps = map(json.loads, lines)
    assert head["script"] == 1, "a later kind of script"
    player = Player(head["name"], head["members"], make_stage(head["members"]))
    for step in steps:
        player.step(step)
    player.judge()


class Player:
    def __init__(self, name, members, stage):
        self.name, self.members, self.stage = name, members, stage
        self.now, self.on_way, self.cuts = 0, deque(), []
        self.bound, self.told = {}, []  # told: [who, event, is_expected]

    def step(self, step):
        step, written = dict(step), json.dumps(step)
        if "net" in step:
            self.cuts.append((step["net"]["cut"], self.now + step["net"]["for"]))
            return
        if step.pop("all", False):
            for who in self.members:
                self.step({**step, "who": who})
            return
        who = step.pop("who")
        if "expect" in step:
            end = self.now + step.get("within", WITHIN)
            while not self.meets(who, step["expect"]):
                assert self.go_on(end), f"{self.name}: not {written}, but {self.of(who)}"
        elif "never" in step:
            end = self.now + step["for"]
            while self.go_on(end):
                pass
            assert not self.meets(who, step["never"]), f"{self.name}: not {written}, but {self.of(who)}"
        else:
            self.act(who, step, written)

    def act(self, who, step, written):
        method = step.pop("do")
        kept, fails, gives = step.pop("as", None), step.pop("fails", None), step.pop("gives", {})
        params = self.resolved("", step)
        if method == "open":
            params.update(name=self.name, mode="packets", nick=who)
        code, result = None, None
        try:
            result = self.stage.call(who, method, params)
        except Refused as refused:
            code = str(refused)
        assert code == fails, f"{self.name}: {written} came to {code} {result}"
        if code is None:
            if kept:
                self.bound[kept] = result["text_id"]
            binds = self.matching("", gives, result)
            assert binds is not None, f"{self.name}: {written} gives {result}"
            self.bound.update(binds)
        self.collect()

    def meets(self, who, expected):
        """Whether a member was told of such an event, which is not expected again."""
        self.collect()
        for told in self.told:
            if told[0] == who and not told[2]:
                binds = self.matching("", expected, told[1])
                if binds is not None:
                    self.bound.update(binds)
                    told[2] = True
                    return True
        return False

    def matching(self, key, pattern, value):
        """What a pattern binds, if a value is like it, or None."""
        if isinstance(pattern, str) and pattern.startswith("$"):
            if pattern not in self.bound:
                return {pattern: value}
            return {} if self.bound[pattern] == value else None
        if isinstance(pattern, dict) and isinstance(value, dict):
            pairs = [(key, it, value.get(key)) for key, it in pattern.items()]
            if not pattern.keys() <= value.keys():
                return None
        elif isinstance(pattern, list) and isinstance(value, list):
            pairs = [(key, it, of) for it, of in zip(pattern, value)]
            if len(pattern) != len(value):
                return None
        else:
            return {} if self.resolved(key, pattern) == value else None
        binds = {}
        for key, it, of in pairs:
            more = self.matching(key, it, of)
            if more is None:
                return None
            binds.update(more)
        return binds

    def resolved(self, key, value):
        """A value of the script, with keys for names and what is kept for `$x`."""
        if isinstance(value, str) and value.startswith("$"):
            return self.bound[value]
        if isinstance(value, str) and value in self.members and key not in ("text", "nick", "name"):
            return self.stage.identity(value)
        if isinstance(value, list):
            return [self.resolved(key, it) for it in value]
        if isinstance(value, dict):
            return {key: self.resolved(key, it) for key, it in value.items()}
        return value

    def collect(self):
        """Takes what members say and are told."""
        self.on_way.extend((self.now + LATENCY, who, packet) for who, packet in self.stage.packets())
        self.told.extend([who, event, False] for who, event in self.stage.events())

    def go_on(self, end):
        """Goes on to what comes next, if that is before the end, or else to the end. Says whether there is more to come."""
        due = self.stage.due()
        self.collect()
        arrives = [self.on_way[0][0]] if self.on_way else []
        nexts = [it for it in arrives + [due] if it is not None and it <= end]
        self.now = max(self.now, min(nexts, default=end))
        self.stage.turn(self.now)
        while self.on_way and self.on_way[0][0] <= self.now:
            _, who, packet = self.on_way.popleft()
            for to in self.members:
                if to != who and not self.is_cut(who) and not self.is_cut(to):
                    self.stage.deliver(to, packet)
            self.collect()
        return bool(nexts)

    def is_cut(self, who):
        return any(who in cut and until > self.now for cut, until in self.cuts)

    def of(self, who):
        """What a member was told, for a person."""
        return f"{self.now} ms:\n" + "\n".join(json.dumps(told[1]) for told in self.told if told[0] == who)

    def judge(self):
        for who, event, is_expected in self.told:
            assert is_expected or event["group"] != "misconduct", f"{self.name}: {who} {event}"
