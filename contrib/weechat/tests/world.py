"""Servers of IRC, and programs in a channel of them: WeeChat with the script, `mpotr chat`, irssi, and an ear on the wire."""

import json
import os
import pathlib
import pty
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SCRIPT = HERE.parent / "mpotr.py"
MPOTR = os.path.abspath(os.environ.get("MPOTR", HERE.parents[2] / "target" / "release" / "mpotr"))
LIMIT = 120


def found(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def needs(*names):
    """Skips loudly what cannot be tried here; with MPOTR_SERVERS=all that is a failure."""
    missing = [name for name in names if not found(name)]
    if missing and os.environ.get("MPOTR_SERVERS") == "all":
        raise AssertionError(f"{', '.join(missing)} not installed")
    if missing:
        print(f"SKIPPED, nothing is tested: {', '.join(missing)} not installed", file=sys.stderr)
        raise unittest.SkipTest(f"{', '.join(missing)} not installed")


def poll(ask, limit=LIMIT):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if answer := ask():
            return answer
        time.sleep(0.05)
    return ask()


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


class World:
    """A folder, a server, and all who are on it. Ended as a whole."""

    def __init__(self, kind):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mpotr-weechat-"))
        self.ends = [lambda: shutil.rmtree(self.folder, ignore_errors=True)]
        self.kind, self.port = kind, free_port()
        try:
            self.serve()
        except BaseException:
            self.close()
            raise

    def close(self):
        for end in reversed(self.ends):
            end()

    def run(self, arguments, **more):
        child = subprocess.Popen(arguments, cwd=self.folder, **more)

        def end():
            child.kill()
            child.wait()

        self.ends.append(end)
        return child

    def serve(self):
        config = self.folder / "conf"
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if self.kind == "ngircd":
            config.write_text(
                f"[Global]\nName = irc.example\nInfo = test\nListen = 127.0.0.1\nPorts = {self.port}\n"
                "[Limits]\nMaxConnectionsIP = 0\nMaxPenaltyTime = 0\nMaxNickLength = 20\n"
                "[Options]\nDNS = no\nIdent = no\nPAM = no\n"
            )
            self.run([found("ngircd"), "-n", "-f", str(config)], **quiet)
        else:
            modules = ("cap", "ircv3", "ircv3_ctctags", "ircv3_echomessage", "ircv3_servertime", "ircv3_chghost")
            config.write_text(
                '<config format="xml">\n' + "".join(f'<module name="{name}">\n' for name in modules)
                + '<server name="irc.example" description="test" network="Test">\n'
                '<admin name="a" nick="a" email="a@example.org">\n'
                f'<bind address="127.0.0.1" port="{self.port}" type="clients">\n'
                '<connect allow="*" timeout="60" threshold="10" commandrate="1000000" pingfreq="120" '
                'hardsendq="10000000" softsendq="8000000" recvq="1000000" localmax="1000" globalmax="1000" '
                'resolvehostnames="no" useident="no">\n'
                f'<pid file="{self.folder}/pid">\n<path datadir="{self.folder}" logdir="{self.folder}">\n'
                f'<log method="file" type="*" level="default" target="{self.folder}/log">\n'
            )
            self.run([found("inspircd"), "--nofork", "--runasroot", "--config", str(config)], **quiet)

        def listens():
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return True
            except OSError:
                return False

        assert poll(listens), f"{self.kind} does not listen"

    def identity(self, name):
        """Makes an identity, and returns its file and its public key."""
        file = self.folder / name
        made = subprocess.run([MPOTR, "identity", "new", "--public", "--identity", str(file)], check=True,
                              capture_output=True, text=True, env=self.env())
        (self.folder / f"{name}.pub").write_text(made.stdout)
        return file, made.stdout.strip()

    def env(self):
        env = {key: value for key, value in os.environ.items() if key not in ("XDG_DATA_HOME", "RUST_LOG")}
        return {**env, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}


class Chat:
    """`mpotr chat` in the channel."""

    def __init__(self, world, nick, *more):
        at = f"irc://{nick}@127.0.0.1:{world.port}/tea"
        self.nick = nick
        self.child = world.run([MPOTR, "chat", "--at", at, "--room", "tea", "--nick", nick, "--commands", *more],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=world.env())
        self.said = b""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while data := self.child.stdout.read1(4096):
            self.said += data

    def text(self):
        return self.said.decode()

    def type(self, text):
        self.child.stdin.write(text.encode() + b"\n")
        self.child.stdin.flush()

    def hears(self, text, times=1):
        heard = poll(lambda: self.text().count(text) >= times)
        assert heard, f"{self.nick} hears no {text!r}:\n{self.text()}"

    def ends(self):
        self.child.stdin.close()
        return self.child.wait(LIMIT)


class WeeChat:
    """WeeChat without a screen, with the script."""

    def __init__(self, world, nick, *setup, capabilities="*"):
        self.world, self.folder, self.nick = world, world.folder / f"weechat-{nick}", nick
        self.folder.mkdir()
        self.buffer, self.answered, self.asks = "irc.test.#tea", 0, 0
        commands = [
            "/set irc.look.server_buffer independent",
            f"/server add test 127.0.0.1/{world.port}",
            "/set irc.server.test.nicks " + nick,
            f"/set irc.server.test.capabilities \"{capabilities}\"",
            "/set irc.server_default.anti_flood_prio_high 0",
            "/set irc.server_default.anti_flood_prio_low 0",
            "/set logger.file.flush_delay 0",
            "/set logger.file.path ${weechat_data_dir}/logs",
            f"/set plugins.var.python.mpotr.program {MPOTR}",
            "/set plugins.var.python.mpotr.pace 20/15",
            *setup,
            f"/python load {HERE / 'probe.py'}",
            f"/python load {SCRIPT}",
            "/connect test",
        ]
        arguments = [found("weechat-headless"), "-a", "-d", str(self.folder)]
        for command in commands:
            arguments += ["-r", command]
        self.child = world.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env=world.env())
        # Joining follows the greeting.
        def is_greeted():
            return any({"irc_376", "irc_422"} & set(line[2]) for line in self.lines("irc.server.test"))

        assert poll(is_greeted, 20), self.text("irc.server.test")
        self.command("/join #tea", "irc.server.test")
        assert poll(lambda: self.lines()), self.lines("irc.server.test")

    def tell(self, what, **more):
        with open(self.folder / "asks", "a", encoding="utf-8") as file:
            file.write(json.dumps({"do": what, **more}) + "\n")
        self.asks += 1

    def ask(self, what, **more):
        self.tell(what, **more)
        answers = self.folder / "answers"

        def answer():
            if not answers.exists():
                return None
            lines = answers.read_text(encoding="utf-8").split("\n")[:-1]
            return lines if len(lines) >= self.asks else None

        lines = poll(answer)
        assert lines, f"WeeChat does not answer {what}"
        return json.loads(lines[self.asks - 1])

    def command(self, text, buffer=None):
        self.ask("command", buffer=buffer or self.buffer, text=text)

    def type(self, text):
        self.ask("type", buffer=self.buffer, text=text)

    def lines(self, buffer=None):
        return self.ask("lines", buffer=buffer or self.buffer)

    def text(self, buffer=None):
        return "\n".join("\t".join(line[:2]) for line in self.lines(buffer))

    def state(self):
        return self.ask("info", buffer=self.buffer)

    def wait_line(self, text, buffer=None, times=1, limit=LIMIT):
        heard = poll(lambda: self.text(buffer).count(text) >= times, limit)
        assert heard, f"{self.nick} is shown no {text!r}:\n{self.text(buffer)}\n{self.text('core.weechat')[-600:]}"

    def rpc(self):
        """The process of the child."""
        children = pathlib.Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text().split()
        is_rpc = [pid for pid in children if b"rpc" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
        return int(is_rpc[0]) if is_rpc else None


class Ear:
    """Hears all that comes into the channel, as it stands on the wire."""

    def __init__(self, world):
        self.socket = socket.create_connection(("127.0.0.1", world.port))
        world.ends.append(self.socket.close)
        self.lines = []
        self.say("CAP REQ :message-tags", "NICK ear", "USER ear 0 * :ear", "CAP END")
        threading.Thread(target=self._read, daemon=True).start()
        assert poll(lambda: any(re.search(" (376|422) ", line) for line in self.lines)), self.lines
        self.say("JOIN #tea")
        assert poll(lambda: any(" 366 " in line for line in self.lines)), self.lines

    def say(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def _read(self):
        rest = b""
        try:
            while data := self.socket.recv(65536):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    line = line.decode("utf-8", "replace").rstrip("\r")
                    self.lines.append(line)
                    if line.startswith("PING"):
                        self.say("PONG :x")
        except OSError:
            pass

    def words(self, nick=None):
        """What was said in the channel: by whom, and what. Packets in tags are no words."""
        heard = []
        for line in list(self.lines):
            match = re.match(r"(?:@\S+ )?:([^!]+)!\S+ (?:PRIVMSG|NOTICE|TOPIC|PART|KICK) #tea ?:?(.*)", line)
            if match and (nick is None or match[1] == nick):
                heard.append((match[1], match[2]))
        return heard

    def clear(self, nick=None):
        """What of that is neither packet nor line for people."""
        return [word for word in self.words(nick) if word[1] and not word[1].startswith("?MPOTR")]


class Irssi:
    """A person in the channel with another program."""

    def __init__(self, world):
        home = world.folder / "irssi"
        home.mkdir()
        (home / "config").write_text(
            f'servers = ( {{ address = "127.0.0.1"; chatnet = "test"; port = "{world.port}"; autoconnect = "yes"; }} );\n'
            'chatnets = { test = { type = "IRC"; nick = "plain"; }; };\n'
            'channels = ( { name = "#tea"; chatnet = "test"; autojoin = "yes"; } );\n'
            f'settings = {{ core = {{ nick = "plain"; user_name = "plain"; real_name = "plain"; }};\n'
            f'  "fe-common/core" = {{ autolog = "yes"; autolog_path = "{home}/log-$0"; }}; }};\n'
        )
        self.log = home / "log-#tea"
        pid, self.fd = pty.fork()
        if pid == 0:
            os.environ.update({**world.env(), "TERM": "xterm"})
            os.execv(found("irssi"), ["irssi", f"--home={home}", f"--config={home}/config"])
        self.screen = b""

        def end():
            os.close(self.fd)
            os.kill(pid, 9)
            os.waitpid(pid, 0)

        world.ends.append(end)
        threading.Thread(target=self._read, daemon=True).start()
        assert poll(self.log.exists), self.screen[-2000:].decode("utf-8", "replace")

    def _read(self):
        try:
            while data := os.read(self.fd, 65536):
                self.screen += data
        except OSError:
            pass

    def said(self):
        """What others said, as irssi shows it."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [match[1] for line in lines if (match := re.match(r"\d\d:\d\d <.[^>]+> (.*)", line))]
