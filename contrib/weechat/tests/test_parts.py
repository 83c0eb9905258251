"""The parts of the script that need no WeeChat, by docs/spec/07-transport.md, 05-wire.md and 01-overview.md."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import mpotr  # noqa: E402

WHOLE = "?MPOTR:0a1b2c3d,AQID."
PIECE = "?MPOTR|0a1b2c3d,00000007,2,3,AQID."


class Armour(unittest.TestCase):
    def test_the_text_is_that_of_the_specification(self):
        self.assertEqual(mpotr.read_armour(WHOLE), ("unit", "0a1b2c3d", b"\1\2\3"))
        self.assertEqual(mpotr.read_armour(PIECE), ("piece", "0a1b2c3d", "00000007", 2, 3, b"\1\2\3"))
        self.assertEqual(mpotr.write_armour("0a1b2c3d", b"\1\2\3", 420), [WHOLE])
        self.assertEqual(mpotr.read_armour(mpotr.HUMAN_LINE), ("human",))

    def test_a_line_that_is_cut_anywhere_is_bad_or_plain(self):
        for line in (WHOLE, PIECE):
            for end in range(len(line)):
                wanted = "plain" if end < len("?MPOTR:") else "bad"
                self.assertEqual(mpotr.read_armour(line[:end]), (wanted,), line[:end])

    def test_refuses_what_is_not_written_as_it_has_to_be(self):
        for text in (
            "?MPOTR:0a1b2c3d,AQID", "?MPOTR:0a1b2c3d,AQID. ", "?MPOTR:0a1b2c3d,AQID.\n", "?MPOTR:0A1b2c3d,AQID.",
            "?MPOTR:a1b2c3d,AQID.", "?MPOTR:0a1b2c3d,.", "?MPOTR:0a1b2c3d,AQI=.", "?MPOTR:0a1b2c3d,AQJ.",
            "?MPOTR:0a1b2c3d,AQ+D.", "?MPOTR:0a1b2c3d,A.", "?MPOTR|0a1b2c3d,00000007,0,3,AQID.",
            "?MPOTR|0a1b2c3d,00000007,02,3,AQID.", "?MPOTR|0a1b2c3d,00000007,4,3,AQID.", "?MPOTR|0a1b2c3d,00000007,1,1,AQID.",
            "?MPOTR|0a1b2c3d,00000007,1,4097,AQID.", "?MPOTR|0a1b2c3d,00000007,1,\u0663,AQID.", "?MPOTR|0a1b2c3d,00000007,2,3,AQ.",
        ):
            self.assertEqual(mpotr.read_armour(text), ("bad",), text)
        self.assertEqual(mpotr.read_armour("?MPOTR|0a1b2c3d,00000007,3,3,AQ.")[0], "piece")
        for text in ("hello", "", " " + WHOLE, "?mpotr:", "?MPOTR", "?MPOTR?"):
            self.assertEqual(mpotr.read_armour(text), ("plain",), text)

    def test_what_a_line_holds_is_that_of_the_specification(self):
        self.assertEqual((mpotr.whole_bytes(420), mpotr.whole_bytes(4_000)), (302, 2_987))
        self.assertEqual(len(mpotr.write_armour("0a1b2c3d", bytes([1]) * 302, 420)[0]), 420)
        two = mpotr.write_armour("0a1b2c3d", bytes([1]) * 303, 420)
        self.assertEqual([len(mpotr.read_armour(line)[5]) for line in two], [288, 15])
        with self.assertRaises(ValueError):
            mpotr.write_armour("0a1b2c3d", bytes([1]) * (3 * 4_096 + 1), 40)
        with self.assertRaises(ValueError):
            mpotr.write_armour("0a1b2c3d", bytes([1]) * 30, 36)

    def test_what_is_written_is_put_together_again_in_any_order(self):
        for length in (1, 302, 303, 10_000, 65_536):
            unit = bytes(at % 251 + 1 for at in range(length))
            lines = mpotr.write_armour("0a1b2c3d", unit, 397)
            self.assertLessEqual(max(map(len, lines)), 397)
            pieces, whole = mpotr.Reassembly(), None
            for line in reversed(lines):
                read = mpotr.read_armour(line)
                got = read[2] if read[0] == "unit" else pieces.take(0, 1, *read[1:])
                self.assertIsNone(whole)
                whole = got
            self.assertEqual(whole, unit)
            self.assertEqual(pieces.cost, 0)

    def test_a_bundle_is_that_of_the_specification(self):
        self.assertEqual(mpotr.bundle([b"\1a"]), b"\1a")
        both = mpotr.bundle([b"\1a", b"\1bc"])
        self.assertEqual(both, b"\0\0\0\0\2\1a\0\0\0\3\1bc")
        self.assertEqual(mpotr.packets_of(both), [b"\1a", b"\1bc"])
        self.assertEqual(mpotr.packets_of(b"\1a"), [b"\1a"])


class Reassembly(unittest.TestCase):
    def take(self, pieces, k, n, piece, now=0, hint=1, unit="00000007"):
        return pieces.take(now, hint, "0a1b2c3d", unit, k, n, piece)

    def test_the_first_copy_wins_and_what_does_not_fit_is_ignored(self):
        pieces = mpotr.Reassembly()
        self.assertIsNone(self.take(pieces, 1, 3, b"abc"))
        for k, n, piece in ((1, 3, b"xyz"), (2, 4, b"def"), (2, 3, b"defghi"), (3, 3, b"ghij")):
            self.assertIsNone(self.take(pieces, k, n, piece))
        self.assertIsNone(self.take(pieces, 3, 3, b"gh"))
        self.assertEqual(self.take(pieces, 2, 3, b"def"), b"abcdefgh")
        # What is finished does not begin again.
        self.assertIsNone(self.take(pieces, 1, 3, b"abc"))
        self.assertEqual((pieces.cost, pieces.units), (0, {}))

    def test_senders_do_not_disturb_one_another(self):
        pieces = mpotr.Reassembly()
        self.take(pieces, 1, 2, b"abc", hint=1)
        self.assertIsNone(self.take(pieces, 2, 2, b"xyz", hint=2))
        self.assertEqual(self.take(pieces, 2, 2, b"def", hint=1), b"abcdef")

    def test_memory_is_bounded_whatever_comes(self):
        pieces = mpotr.Reassembly()
        self.take(pieces, 1, 2, b"abc", hint=0, unit="kept")
        for at in range(2_000):
            self.take(pieces, 1, 4_096, b"A" * 2_973, hint=1 + at % 3, unit=f"{at:08x}")
            self.assertLessEqual(len(pieces.units), pieces.IN_ALL)
            self.assertLessEqual(pieces.cost, pieces.BYTES + 3_100)
        for hint in range(4):
            self.assertLessEqual(sum(key[0] == hint for key in pieces.units), pieces.PER_HINT)
        # Those who flood push out their own.
        self.assertEqual(self.take(pieces, 2, 2, b"def", hint=0, unit="kept"), b"abcdef")
        for at in range(3_000):
            self.take(pieces, 1 + at, 4_096, b"A" * 2_973, hint=9, unit="long")
            self.assertLessEqual(pieces.cost, pieces.BYTES + 3_100)

    def test_what_no_piece_comes_for_goes(self):
        pieces = mpotr.Reassembly()
        self.take(pieces, 1, 2, b"abc", now=0)
        self.take(pieces, 1, 3, b"abc", now=0, unit="slow")
        self.take(pieces, 2, 3, b"abc", now=100, unit="slow")
        self.take(pieces, 1, 2, b"abc", now=121, unit="other")
        self.assertEqual(sorted(key[2] for key in pieces.units), ["other", "slow"])
        # Four times as long as its pieces have taken.
        self.assertEqual(self.take(pieces, 3, 3, b"abc", now=499, unit="slow"), b"abcabcabc")


class Pacing(unittest.TestCase):
    def left(self, until, is_answered):
        pacing, left = mpotr.Pacing(0, 4, 2.0), []
        for tenth in range(until * 10):
            now = tenth / 10
            while (at := pacing.next(now)) is not None and at <= now:
                left.append(now)
                asks = pacing.note_sent(now)
                if asks:
                    number = pacing.note_asked(now)
                    if is_answered:
                        pacing.note_answer(now, number)
        return left

    def test_four_lines_leave_at_once_and_then_one_in_two_seconds(self):
        self.assertEqual(self.left(7, True), [0, 0, 0, 0, 2, 4, 6])

    def test_no_more_are_under_way_than_the_window_has(self):
        self.assertEqual(len(self.left(100, False)), 10)

    def test_a_server_that_is_silent_is_asked_again_and_its_answer_counts_for_all_before(self):
        pacing = mpotr.Pacing(0, 20, 0.0)
        for _ in range(20):
            pacing.note_sent(0)
        number = pacing.note_asked(0)
        self.assertFalse(pacing.is_stuck(29))
        self.assertTrue(pacing.is_stuck(30))
        pacing.note_answer(31, number)
        self.assertEqual((pacing.next(31), pacing.latency), (31, 31_000))
        self.assertFalse(pacing.is_stuck(1_000))


class Queue(unittest.TestCase):
    def test_short_packets_share_a_line_and_none_is_lost(self):
        queue = mpotr.Queue()
        sent = [bytes([1]) * length for length in (100, 100, 290, 50, 20_000, 3)]
        for packet in sent[:2]:
            queue.push(packet)
        queue.push(mpotr.bundle(sent[2:4]))
        for packet in sent[4:]:
            queue.push(packet)
        self.assertEqual(queue.bytes, sum(map(len, sent)))
        got, pieces, lines = [], mpotr.Reassembly(), []
        while queue:
            lines.append(queue.pop("0a1b2c3d", 420))
            read = mpotr.read_armour(lines[-1])
            unit = read[2] if read[0] == "unit" else pieces.take(0, 1, *read[1:])
            got += mpotr.packets_of(unit) if unit else []
        self.assertEqual((sorted(got), queue.bytes), (sorted(sent), 0))
        self.assertEqual(len(mpotr.packets_of(mpotr.read_armour(lines[0])[2])), 4)

    def test_what_waits_is_bounded(self):
        queue = mpotr.Queue()
        for _ in range(30):
            queue.push(bytes([1]) * 100_000)
        self.assertLessEqual(queue.bytes, queue.MOST)
        queue.clear()
        self.assertEqual((bool(queue), queue.bytes), (False, 0))


class Irc(unittest.TestCase):
    def test_a_line_has_tags_a_source_a_command_and_parameters(self):
        line = r"@time=2026-01-02T03:04:05.678Z;+mpotr/p=a;x=\:\s\\ :alice!al@host TAGMSG #tea"
        self.assertEqual(mpotr.read_irc(line), (
            {"time": "2026-01-02T03:04:05.678Z", "+mpotr/p": "a", "x": "; \\"}, "alice", "alice!al@host", "TAGMSG", ["#tea"]))
        self.assertEqual(mpotr.read_irc("privmsg  #tea  :: a  b \r\n")[3:], ("PRIVMSG", ["#tea", ": a  b "]))
        self.assertEqual(mpotr.read_irc("PRIVMSG #tea hello")[4], ["#tea", "hello"])
        for line in ("", " ", "@", "@a", ":", "@a :b  "):
            self.assertEqual(mpotr.read_irc(line)[3], "", line)

    def test_a_line_reaches_a_channel_by_any_of_its_targets(self):
        for target in ("#tea", "#TEA", "@#tea", "ear,#tea", "#a,+#Tea"):
            self.assertTrue(mpotr.is_for(target, "#tea"), target)
        for target in ("#teas", "tea", "ear", "#a,#b"):
            self.assertFalse(mpotr.is_for(target, "#tea"), target)
        self.assertTrue(mpotr.is_for("#a{b}", "#A[B]"))


class Shown(unittest.TestCase):
    def test_nothing_steers_a_screen_or_hides(self):
        for text, safe in (
            ("caf\u00e9 \u2615 \u65e5\u672c", "caf\u00e9 \u2615 \u65e5\u672c"),
            ("a\tb\n\x1b[2J", "a\\u{9}b\\u{a}\\u{1b}[2J"),
            ("\x19F05\x1a\x03", "\\u{19}F05\\u{1a}\\u{3}"),
            ("\u202ea\u200b\u2066\ufeff\u2028", "\\u{202e}a\\u{200b}\\u{2066}\\u{feff}\\u{2028}"),
            ("\U000e0041\ue000\u0378", "\\u{e0041}\\u{e000}\\u{378}"),
            ("a\u3164b\u115f", "ab"),
        ):
            self.assertEqual(mpotr.shown(text), safe)
        self.assertEqual(mpotr.shown("a" + "\u0301" * 100), "a" + "\u0301" * 8)
        self.assertEqual(mpotr.shown("x" * 10, 4), "xxxx..")
        self.assertEqual(mpotr.without_colours("\x0304,12a\x02b\x0f \x04ff0000c"), "ab c")

    def test_the_fingerprint_is_that_of_the_specification(self):
        generator = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"
        self.assertEqual(mpotr.fingerprint(generator), "45503 75767 72325 36867 59770 12105 87437 79490")

    def test_no_two_are_shown_by_one_name(self):
        a, b, c = (f"{at:064x}" for at in (1, 2, 3))
        names = mpotr.Names()
        self.assertRegex(names.of(a), r"^#\d{5}-\d{5}$")
        names.note(a, "alice")
        self.assertEqual(names.of(a), "alice")
        for other in ("Alice", "a1ice", "aIice"):
            names.note(b, other)
            self.assertRegex(names.of(a), r"^alice#\d{5}-\d{5}$")
            self.assertRegex(names.of(b), rf"^{other}#\d{{5}}-\d{{5}}$")
        # It stays so, and what is not ASCII may look like anything.
        names.note(b, "bob")
        self.assertEqual((names.of(b), names.of(a)[:6]), ("bob", "alice#"))
        names.note(c, "\u0430lex")
        self.assertRegex(names.of(c), r"#\d{5}-\d{5}$")
        # Nobody takes all names.
        for at in range(20):
            names.note(c, f"c{at}x")
        self.assertRegex(names.of(c), r"#\d{5}-\d{5}$")
        self.assertEqual(len(names.looks[c]), names.MOST_LOOKS)

    def test_who_is_meant(self):
        a, b = (f"{at:064x}" for at in (1, 2))
        names = mpotr.Names()
        names.note(a, "alice")
        names.note(b, "Alice")
        keys = [a, b]
        self.assertEqual(names.find("alice", keys), keys)
        self.assertEqual(names.find(mpotr.fingerprint(a), keys), [a])
        self.assertEqual(names.find(names.of(b), keys), [b])
        self.assertEqual(names.find(a, keys), [a])
        names.given[b] = "Robert.pub"
        for word in ("robert", "Robert.pub"):
            self.assertEqual(names.find(word, keys), [b], word)
        for word in ("", "bob", "1" * 40, "#12", "12345 67890", mpotr.fingerprint(a)[:11], "f" * 64):
            self.assertEqual(names.find(word, keys), [], word)


class Words(unittest.TestCase):
    def test_what_is_not_known_is_shown_by_its_name(self):
        name = str
        for event in ({"type": "brand_new"}, {"type": "joined"}, {"type": "code", "code": None, "x": 1}, {"type": "\x19bad"}):
            self.assertIsInstance(mpotr.event_words(event, name), str)
        self.assertEqual(mpotr.event_words({"type": "brand_new"}, name), "event: brand_new")
        self.assertEqual(mpotr.waiting_words({"reason": "brand_new"}, name), "waiting: brand_new")
        self.assertEqual(mpotr.waiting_words({"reason": "needs_votes"}, name), "waiting: needs_votes")
        self.assertNotIn("\x19", mpotr.event_words({"type": "\x19bad"}, name))

    def test_reasons_to_wait_name_who_is_waited_for(self):
        name = {"a": "alice", "b": "bob"}.get
        self.assertEqual(mpotr.waiting_words({"reason": "changing", "missing": ["a", "b"]}, name),
                         "changing keys, and texts wait; waiting for alice, bob")
        vote = {"reason": "needs_votes", "vote": {"exclude": "b"}, "have": 1, "need": 3}
        self.assertEqual(mpotr.waiting_words(vote, name), "2 more votes needed to leave bob out")
        for who, words in (("you", "the others are leaving you out"), ("bob", "texts wait until bob is out")):
            self.assertTrue(mpotr.excluding_words(who).startswith(words))
        asked = {"reason": "vote_here", "vote": {"exclude": "b"}, "by": ["a"], "need": 2}
        words = "alice wants to leave bob out, which takes 2 votes: /mpotr kick bob"
        self.assertEqual(mpotr.waiting_words(asked, name), words)


if __name__ == "__main__":
    unittest.main(verbosity=2)
