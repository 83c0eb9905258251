"""The script in a channel of real servers, beside `mpotr chat`, a person with irssi, and an ear on the wire."""

import base64
import json
import os
import re
import shutil
import signal
import time
import unittest

from world import LIMIT, Chat, Ear, Irssi, WeeChat, World, needs, poll

SECURE = "the room is secure"
TYPED = "the mill at noon"


class Case(unittest.TestCase):
    KIND = None

    @classmethod
    def setUpClass(cls):
        needs("weechat-headless", "irssi", cls.KIND)

    def setUp(self):
        self.world = World(self.KIND)
        self.addCleanup(self.world.close)
        self.ear = Ear(self.world)
        self.keys = {}

    def people(self, *names):
        self.keys = {name: self.world.identity(name) for name in names}

    def others(self, name):
        return [f"{self.world.folder}/{other}.pub" for other in self.keys if other != name]

    def chat(self, name):
        return Chat(self.world, name, "--identity", str(self.keys[name][0]), "--with", *self.others(name))

    def start(self, wendy, name="wendy"):
        wendy.type(f"/mpotr start -identity {self.keys[name][0]} -with {' '.join(self.others(name))}")
        wendy.wait_line("what you type here is private")

    def silent(self, nick="wendy"):
        """Nothing of this nick came into the channel in clear, and nothing comes."""
        time.sleep(1)
        self.assertEqual(self.ear.clear(nick), [])


class Talks:
    """What holds on both."""

    def test_three_talk_both_ways_one_is_put_out_and_one_leaves(self):
        plain = Irssi(self.world)
        self.people("wendy", "alice", "bob")
        wendy = WeeChat(self.world, "wendy")
        self.start(wendy)
        alice, bob = self.chat("alice"), self.chat("bob")
        for chat in (alice, bob):
            chat.hears(SECURE)
        wendy.wait_line(f"{SECURE}: 3 members")
        self.assertIn("secure, 3", wendy.state())
        wendy.type(TYPED)
        for chat in (alice, bob):
            chat.hears(f"wendy: {TYPED}\n")
        alice.type("did you get home all right?")
        wendy.wait_line("alice\tdid you get home all right?")
        wendy.wait_line(f"{TYPED} [final]")
        # A person who watches is told once what goes on, whatever the number of members.
        self.assertTrue(poll(lambda: any(said.startswith("?MPOTR? ") for said in plain.said())), plain.said())

        long = "0123456789abcdef" * 640
        wendy.type(long)
        for chat in (alice, bob):
            chat.hears(f"wendy: {long}\n")
        if self.KIND == "inspircd":
            # By tags. A line in two seconds takes two minutes for it.
            back = "fedcba9876543210" * 640
            bob.type(back)
            wendy.wait_line(back)

        # By the name of its file, for it may have said nothing.
        wendy.type("/mpotr members")
        wendy.wait_line("  wendy  (you)")
        wendy.type("/mpotr kick bob")
        self.assertTrue(poll(lambda: re.search(r"mpotr: (bob|#[0-9-]+ \(bob.pub\)) is out and can read nothing", wendy.text())),
                        wendy.text())
        self.assertTrue(poll(lambda: wendy.state() == "secure, 2"), wendy.state())
        wendy.type("only for alice")
        alice.hears("wendy: only for alice\n")
        self.assertNotIn("only for alice", bob.text())

        wendy.type("/mpotr leave")
        alice.hears("wendy has left")
        wendy.wait_line("LOCKED: you have left the room")
        wendy.type("am I in the clear?")
        wendy.wait_line("not sent: this buffer is locked: you have left the room")
        # The person has it back.
        self.assertEqual(wendy.ask("input", buffer=wendy.buffer), "am I in the clear?")
        wendy.ask("clear input", buffer=wendy.buffer)

        self.silent()
        self.assertEqual([said for said in plain.said() if not said.startswith(("?MPOTR:", "?MPOTR|"))],
                         [said for said in plain.said() if said.startswith("?MPOTR? ")])
        self.assertEqual(sum(said.startswith("?MPOTR? ") for said in plain.said()), 1, plain.said())
        self.assertEqual(self.ear.clear(), [])
        # What was said in private is in no log.
        logs = "".join(log.read_text(errors="replace") for log in wendy.folder.rglob("*.weechatlog"))
        self.assertIn("joined #tea", logs)
        for private in (TYPED, long, "home all right", "mpotr: the room"):
            self.assertNotIn(private, logs)
        self.assertNotIn("MPOTR", logs + wendy.text())

        wendy.type("/mpotr end")
        wendy.type("in clear again")
        self.assertTrue(poll(lambda: self.ear.clear("wendy") == [("wendy", "in clear again")]), self.ear.clear())

    def test_a_dead_child_locks_the_buffer_and_nothing_leaves_in_clear(self):
        self.people("wendy", "alice")
        wendy, alice = WeeChat(self.world, "wendy"), self.chat("alice")
        self.start(wendy)
        wendy.wait_line(SECURE)
        os.kill(wendy.rpc(), signal.SIGKILL)
        wendy.wait_line("LOCKED: `mpotr rpc` has ended")
        self.assertEqual((wendy.state(), wendy.ask("local", buffer=wendy.buffer)), ("LOCKED", "locked"))
        self.try_to_talk_in_clear(wendy)
        self.silent()
        # What a person types elsewhere is not held back.
        wendy.type("/msg ear hello you")
        self.assertTrue(poll(lambda: any(line.endswith(" PRIVMSG ear :hello you") for line in self.ear.lines)))
        # It begins again with what it was begun with.
        wendy.type("/mpotr start")
        # The others take it in again once they know that it is gone.
        wendy.wait_line("the room is secure: 2 members", times=2, limit=3 * LIMIT)
        self.assertTrue(poll(lambda: wendy.state().startswith("secure, 2")), wendy.state())
        wendy.type(TYPED)
        alice.hears(f"wendy: {TYPED}\n")
        # No way around while it lives, either.
        self.try_to_talk_in_clear(wendy, is_locked=False)
        self.silent()
        self.assertNotIn("leak", alice.text())

    def try_to_talk_in_clear(self, wendy, is_locked=True):
        if is_locked:
            wendy.type("leak 1")
            wendy.type("//leak 2")
            wendy.type("leak 3\nleak 4")
        for line in ("/me leak", "/say leak", "/msg #tea leak", "/msg * leak", "/notice #tea leak", "/topic leak", "/amsg leak",
                     "/ame leak", "/quote PRIVMSG #tea :leak", "/quote privmsg #TEA leak", "/quote NOTICE @#tea :leak",
                     "/quote PRIVMSG ear,#tea :leak", "/quote @+typing=active TAGMSG #tea", "/quote KICK #tea nobody :leak",
                     "/quote PRIVMSG #tea :?MPOTR:00000000,bGVhaw.", "/ctcp #tea leak", "/wallchops leak", "/quote TOPIC #tea :leak",
                     "/quote @a=b :x PRIVMSG #tea :leak", "/quote  PRIVMSG  #tea  leak", "/command -buffer irc.test.#tea irc /me leak"):
            wendy.type(line)
        wendy.ask("clear input", buffer=wendy.buffer)
        # What goes with a command that is no text does not go either.
        wendy.type("/quote PART #tea :leak")
        wendy.command("/join -server test #tea")
        # As a program on another machine, or a trigger, would.
        if is_locked:
            wendy.command("leak 5")
        said = [line for line in self.ear.lines if ":wendy!" in line and ("leak" in line or "bGVhaw" in line or "typing" in line)]
        time.sleep(1)
        said += [line for line in self.ear.lines if ":wendy!" in line and ("leak" in line or "bGVhaw" in line or "typing" in line)]
        self.assertEqual(said, [])


class OnNgircd(Talks, Case):
    """Lines alone."""

    KIND = "ngircd"

    def test_who_asks_lets_in_by_the_whole_fingerprint(self):
        wendy = WeeChat(self.world, "wendy")
        wendy.type("/mpotr start")
        wendy.wait_line("this identity is for this room alone")
        wendy.type(TYPED)
        wendy.wait_line("not sent: the room is not secure yet")
        self.assertEqual(wendy.ask("input", buffer=wendy.buffer), TYPED)
        wendy.ask("clear input", buffer=wendy.buffer)
        alice = Chat(self.world, "alice", "--open")
        wendy.wait_line("wants to come in; nothing is proven yet")
        digits = re.search(r"mpotr: ((?:\d{5} ){7}\d{5}) wants to come in", wendy.text())[1]
        wendy.type("/mpotr admit " + " ".join(digits.split()[:2]))
        wendy.wait_line("a stranger is let in by a whole fingerprint")
        wendy.type("/mpotr admit " + digits)
        wendy.wait_line(SECURE)
        # Both know the same; nothing of it is kept.
        alice.type("here")
        wendy.wait_line("alice\there")
        wendy.type("/mpotr verify alice where did we meet? at the mill")
        alice.hears("where did we meet?")
        alice.type("/answer at the mill")
        wendy.wait_line("alice knows the same secret")
        wendy.type("/mpotr members")
        wendy.wait_line("verified in this room")
        wendy.type("here, too")
        alice.hears("wendy: here, too")
        alice.type("/verify wendy what do I drink? tea")
        wendy.wait_line('alice asks: "what do I drink?"')
        wendy.type("/mpotr answer coffee")
        wendy.wait_line("does not know the same secret")
        history = wendy.ask("history")
        self.assertIn("/mpotr members", history)
        self.assertFalse([line for line in history if "mill" in line and "verify" in line or "coffee" in line], history)
        wendy.type("/mpotr verify")
        wendy.wait_line("the code of the room is")
        code = re.search(r"the code of the room is (\d{4} \d{4} \d{4})", wendy.text())[1]
        alice.hears(code)
        self.silent()

    def test_what_others_write_is_told_apart_and_steers_nothing(self):
        self.people("wendy", "alice")
        wendy = WeeChat(self.world, "wendy")
        self.start(wendy)
        alice = self.chat("alice")
        wendy.wait_line(SECURE)
        self.ear.say("NICK eve", "PRIVMSG #tea :alice: send me the key", "PRIVMSG #tea :\x0304red \x02bold\x0f \x1b[2J\x19F05",
                     "PRIVMSG #tea :\x01ACTION waves\x01", "NOTICE #tea :psst",
                     "PRIVMSG #tea :?MPOTR:00000000,AQ", "PRIVMSG #tea :?MPOTR:00000000,AQID.", "PRIVMSG #tea :?MPOTR|nonsense",
                     "PRIVMSG #tea :?MPOTR? another line for people", "PRIVMSG #tea : ?MPOTS:\xff")
        self.ear.say(*(f"PRIVMSG #tea :?MPOTR|00000000,{number:08x},1,4096,{'A' * 384}." for number in range(300)))
        # WeeChat itself has taken out of the second what steers it.
        for text in ("alice: send me the key", "red bold ?2J", "* waves", "psst"):
            wendy.wait_line(f"in the channel, for all to read, eve writes: {text}")
        alice.type("\u202eturned\x07 \x19F05red ${buffer.name}\u200b")
        wendy.wait_line("alice\t\\u{202e}turned\\u{7} \\u{19}F05red ${buffer.name}\\u{200b}")
        wendy.type("first\nwendy: second")
        alice.hears("wendy: first\\nwendy: second\n")
        wendy.wait_line("wendy\tfirst\nwendy\twendy: second [")
        self.assertNotIn("MPOTR", wendy.text())
        self.assertNotIn("Traceback", wendy.text("core.weechat") + wendy.text())
        # The room has stood all that.
        wendy.type(TYPED)
        alice.hears(f"wendy: {TYPED}\n")
        self.silent()

    def test_a_new_connection_goes_on_and_others_come_in(self):
        wendy = WeeChat(self.world, "wendy")
        wendy.type("/mpotr start -open -room tea")
        alice = Chat(self.world, "alice", "--open")
        wendy.wait_line(SECURE)
        wendy.command("/disconnect test")
        wendy.wait_line("the server is gone; what you type waits")
        self.assertIn("not in the channel", wendy.state())
        wendy.type("from afar")
        wendy.command("/connect test")
        wendy.command("/join -server test #tea")
        wendy.wait_line("mpotr: in the channel again")
        alice.hears("wendy: from afar\n")
        bob = Chat(self.world, "bob", "--open")
        wendy.wait_line("the room is secure: 3 members", limit=3 * LIMIT)
        wendy.type("for all")
        bob.hears("wendy: for all\n")
        self.ear.say("PRIVMSG #tea :hello")
        wendy.wait_line("for all to read, ear writes: hello")
        self.silent()

    def test_what_becomes_of_texts_is_told_and_none_is_lost(self):
        for name in ("tells", "sends"):
            (self.world.folder / name).touch()
        program = self.world.folder / "mpotr"
        shutil.copy(os.path.join(os.path.dirname(__file__), "told_rpc.py"), program)
        me, bob, carol = ("01" * 32, "02" * 32, "03" * 32)

        def tell(kind, **fields):
            with open(self.world.folder / "tells", "a", encoding="utf-8") as file:
                file.write(json.dumps({"type": kind, "group": "x", "n": 0, "at": 0, "sid": "aa", **fields}) + "\n")

        def asked(method):
            lines = (self.world.folder / "asked").read_text().splitlines()
            return [ask["params"] for ask in map(json.loads, lines) if ask["method"] == method]

        def sends(**answer):
            (self.world.folder / "sends").write_text(json.dumps(answer))

        # Slow, so that the last packets wait when the room is over.
        wendy = WeeChat(self.world, "wendy", f"/set plugins.var.python.mpotr.program {program}",
                        "/set plugins.var.python.mpotr.pace 2/500")
        wendy.type("/mpotr start -open")
        wendy.wait_line("you are wendy, 1 2 3")
        opened = asked("open")[0]
        self.assertEqual((opened["mode"], opened["profile"], opened["name"], opened["admission"]), ("packets", "line", "tea", "open"))
        tell("secure", roster=[{"identity": key, "me": key == me} for key in (me, bob)], added=[me, bob], removed=[])
        wendy.wait_line("the room is secure: 2 members, session aa")
        # Refused: the person has it back, and what is being typed is not painted over.
        sends(code="stale_roster", added=[carol])
        wendy.type("not for carol")
        wendy.wait_line("not sent: others have come in: #")
        self.assertEqual(wendy.ask("input", buffer=wendy.buffer), "not for carol")
        wendy.ask("clear input", buffer=wendy.buffer)
        # A command that a finger slipped on is about those who would read it.
        wendy.type(" /mpotr kick bob")
        wendy.wait_line("it looks like a command with a blank before it")
        wendy.ask("clear input", buffer=wendy.buffer)
        # Taken, held, and let go by a word of the person alone.
        for number, text in ((7, "held text"), (8, "taken back"), (9, "lost text"), (10, "dropped text")):
            sends(text_id=number)
            wendy.type(text)
            self.assertTrue(poll(lambda: asked("send")[-1]["text"] == text))
        self.assertEqual({ask["seen"] for ask in asked("send")}, {"aa"})
        for number in (7, 8):
            tell("held", text_id=number, added=[carol])
        wendy.wait_line("/mpotr discard 8 takes it back")
        self.assertEqual(wendy.state(), "secure, 2, 2 held")
        self.assertEqual(asked("release"), [])
        wendy.type("/mpotr release 7")
        wendy.type("/mpotr discard 8")
        self.assertTrue(poll(lambda: asked("discard")))
        self.assertEqual((asked("release")[0]["text_id"], asked("release")[0]["seen"]), (7, "aa"))
        self.assertEqual([ask["text_id"] for ask in asked("discard")], [8])
        tell("dropped", text_id=8, why="discarded")
        for number, text in ((7, "held text"), (9, "lost text")):
            tell("sent", text_id=number, id=f"{number:064x}")
            tell("message", id=f"{number:064x}", author=me, seq=number, nick="wendy", text=text)
        wendy.wait_line("wendy\theld text [sent]")
        tell("acknowledged", text_id=7)
        wendy.wait_line("wendy\theld text [everyone has it]")
        tell("final", count=1, digest="00", ids=[f"{7:064x}"])
        wendy.wait_line("wendy\theld text [final]")
        tell("missed", text_id=9, by=[bob])
        wendy.wait_line("wendy\tlost text [not known to have reached all]")
        wendy.wait_line("a text of yours is not known to have reached #")
        tell("dropped", text_id=10, why="removed")
        wendy.wait_line("not sent: the others had left you out: dropped text")
        self.assertNotIn("not sent: you took it back", wendy.text())
        # What a later program tells is shown by its name.
        tell("brand_new")
        wendy.wait_line("event: brand_new")
        tell("waiting", reason="brand_new", since=0)
        self.assertTrue(poll(lambda: wendy.state() == "secure, 2, waiting: brand_new"), wendy.state())
        tell("waiting_over", reason="brand_new")
        tell("waiting", reason="admit_here", since=0, claimed=carol)
        wendy.wait_line("waits for you: /mpotr admit")
        packets = [base64.urlsafe_b64encode(bytes([at]) * 270).decode() for at in range(1, 7)]
        with open(self.world.folder / "tells", "a", encoding="utf-8") as file:
            file.writelines(json.dumps({"packet": packet}) + "\n" for packet in packets)
        # A text under way when the room is closed is told, too.
        sends(text_id=11)
        wendy.type("cut off")
        self.assertTrue(poll(lambda: asked("send")[-1]["text"] == "cut off"))
        tell("closed", code="internal", message="a fault \x19F05", retry=False)
        wendy.wait_line("LOCKED: the room is closed: a fault")
        wendy.wait_line("not known to have been read by all: cut off")
        wendy.type("leak")
        # The last word of the room leaves all the same.
        said = poll(lambda: len(self.ear.words("wendy")) >= len(packets) and self.ear.words("wendy"), 15) or self.ear.words("wendy")
        self.assertEqual([line.partition(",")[2] for _nick, line in said], [f"{packet}." for packet in packets])
        self.silent()

    def test_without_the_script_the_buffer_is_closed(self):
        for nick, ends in (("una", "/python unload mpotr"), ("rea", "/python reload mpotr"), ("upa", "/upgrade")):
            with self.subTest(ends):
                wendy = WeeChat(self.world, nick)
                wendy.type("/mpotr start")
                wendy.wait_line("what you type here is private")
                child = wendy.rpc()
                wendy.tell("command", buffer="core.weechat", text=ends)
                left = re.compile(f":{wendy.nick}!\\S+ (PART #tea|QUIT)")
                self.assertTrue(poll(lambda: any(left.match(line) for line in self.ear.lines)), self.ear.lines)
                self.assertTrue(poll(lambda: not os.path.exists(f"/proc/{child}")))
                if ends == "/upgrade":
                    # What the program was told at its start is not told again: it comes without both scripts, as with any
                    # that is not loaded by itself.
                    continue
                self.assertEqual(wendy.lines(), [])
                wendy.wait_line("#tea on test is closed", buffer="core.weechat")
                # Nothing is kept: a buffer that the person opens anew is like any.
                wendy.command("/join -server test #tea", "core.weechat")
                wendy.wait_line("has joined #tea")
                wendy.type("hello all")
                self.assertTrue(poll(lambda: (wendy.nick, "hello all") in self.ear.clear(wendy.nick)))

    def test_a_program_that_is_not_there_or_a_wrong_word_locks_and_tells(self):
        wendy = WeeChat(self.world, "wendy")
        for words, told in (("-with", "-with names nobody"), ("-nonsense", "there is no -nonsense"), ("-ask -open", "one of"),
                            ("-with /nowhere.pub", "No such file"), ("-members x", "needs a number")):
            wendy.type(f"/mpotr start {words}")
            wendy.wait_line(told)
            self.assertEqual(wendy.state(), "")
        wendy.type("/mpotr kick alice")
        wendy.wait_line("this buffer is not in mpOTR mode")
        wendy.type("/mpotr start -identity /nowhere")
        wendy.wait_line("LOCKED: ")
        wendy.type("leak")
        wendy.type("/mpotr kick alice")
        wendy.wait_line("the room is over")
        wendy.command("/set plugins.var.python.mpotr.program /nowhere/mpotr")
        os.kill(wendy.rpc(), signal.SIGTERM)
        self.assertTrue(poll(lambda: wendy.rpc() is None))
        time.sleep(0.5)
        wendy.type("/mpotr start -open")
        wendy.wait_line("LOCKED: `/nowhere/mpotr rpc` cannot be started")
        wendy.type("leak")
        self.silent()


class OnInspircd(Talks, Case):
    """Packets of others come in tags."""

    KIND = "inspircd"

    def test_who_has_tags_need_not_stop_for_it(self):
        self.people("wendy", "alice", "bob")
        wendy, alice, bob = WeeChat(self.world, "wendy"), self.chat("alice"), self.chat("bob")
        self.start(wendy)
        wendy.wait_line(SECURE)
        alice.hears(SECURE)
        wendy.type(TYPED)
        bob.hears(f"wendy: {TYPED}\n")
        count = sum("TAGMSG" in line and ":alice!" in line for line in self.ear.lines)
        alice.type("by tags")
        wendy.wait_line("alice\tby tags")
        self.assertGreater(sum("TAGMSG" in line and ":alice!" in line for line in self.ear.lines), count)
        self.silent()

    def test_a_client_without_tags_takes_part_by_lines(self):
        self.people("wendy", "alice")
        wendy, alice = WeeChat(self.world, "wendy", capabilities="!*"), None
        self.start(wendy)
        alice = self.chat("alice")
        wendy.wait_line(SECURE)
        wendy.type(TYPED)
        alice.hears(f"wendy: {TYPED}\n")
        alice.type("by lines")
        wendy.wait_line("alice\tby lines", limit=LIMIT)
        self.silent()


if __name__ == "__main__":
    unittest.main(verbosity=2)
