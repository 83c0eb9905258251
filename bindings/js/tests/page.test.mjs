/**
 * A room in a tab: two tabs and a terminal in one room, on a relay that serves the page.
 *
 * It takes Chromium, the program and the page: `MPOTR` and `MPOTR_PAGE`, or what lies in `target`. Without them it says that it was
 * skipped. Pictures of it are in `target/page-pictures`.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Browser, Hopeless, isThere, until } from "./browser.mjs";

const TARGET = fileURLToPath(new URL("../../../target/", import.meta.url));
const MPOTR = process.env.MPOTR ?? ["release", "debug"].map((it) => join(TARGET, it, "mpotr")).find(existsSync);
const PAGE = process.env.MPOTR_PAGE ?? [join(TARGET, "page")].find(existsSync);
const PICTURES = join(TARGET, "page-pictures");
const ENTER = "\uE007";
const TAB = "\uE004";
/** A desk's and a telephone's. */
const SCREENS = [[1280, 800], [390, 844]];

const skip = isThere && MPOTR && PAGE ? false : "no Chromium, no mpotr or no page: MPOTR and MPOTR_PAGE name the latter";
// Who names them means the test to run.
assert(!(skip && process.env.MPOTR_PAGE), skip);

class Program {
  static all = [];
  said = "";
  hasEnded = false;

  constructor(...args) {
    this.process = spawn(MPOTR, args, { stdio: ["pipe", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.said += text));
    }
    this.exit = new Promise((resolve) => this.process.on("close", resolve)).finally(() => (this.hasEnded = true));
    Program.all.push(this);
  }

  say(line) {
    this.process.stdin.write(`${line}\n`);
  }

  says(what) {
    return until(`the program says ${what}`, () => {
      const found = this.said.match(what);
      if (!found && this.hasEnded) {
        throw new Hopeless(`the program has ended and has not said ${what}, but ${this.said}`);
      }
      return found;
    });
  }
}

describe("a room in a tab", { skip, timeout: 300_000 }, () => {
  let home, relay, address, browser;

  before(async () => {
    mkdirSync(PICTURES, { recursive: true });
    home = mkdtempSync(join(tmpdir(), "page-"));
    relay = new Program("relay", "--listen", "127.0.0.1:0", "--web", PAGE);
    [, address] = await relay.says(/for browsers: http:\/\/(\S+)/);
    browser = await Browser.start();
  });

  after(async () => {
    await browser?.stop();
    // Also those of a test that has failed.
    for (const program of Program.all) {
      program.process.kill();
      await program.exit;
    }
    rmSync(home, { recursive: true, force: true });
  });

  async function opened() {
    const tab = await browser.tab(`http://${address}/`);
    await until("the page is loaded", async () => (await tab.text("#phase")) === "You are in no room yet.");
    return tab;
  }

  /** In a room by what a person types and clicks. */
  async function entered(nick, { room = "tea", whom = "ask" } = {}) {
    const tab = await opened();
    await tab.type("#name", room);
    await tab.click(`[value="${whom}"]`);
    await tab.type("#nick", nick + ENTER);
    await until(`${nick} is in`, async () => (await tab.run("return document.getElementById('room').hidden")) === false);
    return tab;
  }

  /** The page has no fault that a program can find for who reads by ear or works by keys, on a screen of either kind. */
  async function isUsable(tab, name) {
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    await tab.run(axe);
    for (const [width, height] of SCREENS) {
      await tab.resize(width, height);
      const violations = await tab.runAsync(`
        const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ["violations"] }).then(
          ({ violations }) => done(violations.map((it) => it.id + ": " + it.nodes.map((node) => node.html).join(" "))),
          (error) => done([String(error)]));`);
      assert.deepEqual(violations, []);
      assert(await tab.run("return document.documentElement.scrollWidth <= innerWidth"), `${name} is wider than ${width}`);
      await tab.picture(join(PICTURES, `${name}-${width}.png`));
    }
    await tab.resize(...SCREENS[0]);
  }

  const log = (tab) => tab.text("#log");
  const hears = (tab, text) => until(`the log has ${text}`, async () => (await log(tab)).includes(text));
  const isSecure = (tab) => until("it is secure", async () => (await tab.text("#phase")).startsWith("Secure"));
  const shown = (tab, css) => tab.run("return document.querySelectorAll(arguments[0]).length", css);
  const code = async (tab) => (await until("a code", async () => (await tab.text("#code")).match(/\d{4} \d{4} \d{4}/)))[0];

  test("two tabs and a terminal meet, talk, compare a code, and leave", async () => {
    const ann = await entered("ann");
    const bob = await entered("bob", { whom: "open" });
    const cyd = new Program(
      "chat", "--at", `ws://${address}`, "--room", "tea", "--nick", "cyd", "--open", "--throw-away", "--commands", "--members", "3",
    );

    // Those who come are let in one by one.
    await until("one wants in", async () => (await shown(ann, "#asked li")) > 0);
    await isUsable(ann, "asked");
    assert.doesNotMatch(await ann.text("#phase"), /waits for/);
    for (let count = 0; count < 2; count++) {
      await until("one wants in", () => ann.click("#asked button").then(() => true));
    }
    for (const tab of [ann, bob]) {
      await until("three are there", async () => (await shown(tab, "#members li")) === 3);
      await isSecure(tab);
    }

    // By keys alone: the focus is where texts are typed.
    await ann.show();
    assert.equal(await ann.run("return document.activeElement.id"), "text");
    await ann.press(..."hello from ann", ENTER);
    await hears(ann, "ann: hello from ann");
    await hears(bob, "hello from ann");
    await cyd.says(/hello from ann/);
    await bob.type("#text", `<b>bold</b> & "bob"${ENTER}`);
    await hears(ann, `<b>bold</b> & "bob"`);
    await cyd.says(/<b>bold<\/b> & "bob"/);
    cyd.say("hello from cyd");
    await hears(ann, "hello from cyd");
    await hears(bob, "hello from cyd");
    await until("all have it", async () => (await log(ann)).includes("all have it"));

    // The code, which all see alike. The first time the others' programs take part by themselves.
    await ann.click("#compare");
    const first = await code(ann);
    assert.equal(await code(bob), first);
    await cyd.says(first);
    assert.equal(await shown(bob, "#asked li"), 0);
    await isUsable(ann, "code");
    await ann.click("#same");
    const compared = async (tab) => (await tab.text("#members")).match(/code compared/g)?.length ?? 0;
    assert.equal(await compared(ann), 2);
    assert.equal(await compared(bob), 0);

    // After that they ask their people.
    await ann.click("#compare");
    await until("bob is asked", async () => (await bob.text("#asked")).includes("asks for a code once more"));
    await bob.click("#asked button");
    await cyd.says(/asks for a code of the room again/);
    cyd.say("/code");
    const second = await code(ann);
    assert.notEqual(second, first);
    await until("bob sees it, too", async () => (await code(bob)) === second);
    await cyd.says(second);
    await ann.click("#other");
    assert.match(await ann.text("#code"), /a stranger is between you/);
    assert.equal(await compared(ann), 0);
    await isUsable(bob, "room");

    // Nothing of all that is kept: the key and the texts are gone with the tab.
    const kept = await ann.runAsync(`
      const done = arguments[arguments.length - 1];
      Promise.all([indexedDB.databases(), caches.keys(), navigator.serviceWorker.getRegistrations()]).then((all) =>
        done([...all.map((it) => it.length), localStorage.length, sessionStorage.length, document.cookie.length, location.href]));`);
    assert.deepEqual(kept, [0, 0, 0, 0, 0, 0, `http://${address}/`]);

    await bob.click("#leave");
    await hears(bob, "You have left, and all that you said has arrived.");
    await hears(ann, "has left");
    await ann.click("#leave");
    cyd.say("/quit");
    await hears(ann, "You have left");
    assert.equal(await cyd.exit, 0, cyd.said);

    // Who comes again is another.
    const key = () => ann.run("return document.getElementById('key').textContent");
    const before = await key();
    await ann.click("#leave");
    await until("another key", async () => /^[0-9a-f]{64}$/.test(await key()) && (await key()) !== before);
  });

  test("who was let in by a key that was pasted is asked for nothing", async () => {
    const dan = await opened();
    const eve = await opened();
    const key = (tab) => tab.run("return document.getElementById('key').textContent");
    for (const [tab, nick, friend] of [[dan, "dan", await key(eve)], [eve, "eve", await key(dan)]]) {
      await tab.type("#name", "coffee");
      await tab.type("#nick", nick);
      await tab.click("summary");
      await tab.type("#friends", friend);
      await tab.click("#enter [type=submit]");
    }
    await isSecure(dan);
    assert.equal(await shown(dan, "#asked li"), 0);
    await eve.click("#leave");
    await hears(dan, "has left");
    await dan.click("#leave");
    await hears(dan, "You have left");
  });

  test("what others write is text and nothing else", async () => {
    const markup = `<img src=x onerror=document.title=1><svg onload=document.title=1>`;
    const fay = await entered("fay", { room: markup, whom: "open" });
    const gus = await entered("<i>gus", { room: markup, whom: "open" });
    await isSecure(fay);
    await isSecure(gus);
    const texts = [
      `${markup}<script>document.title=1</script>`, `<a href="javascript:document.title=1">here</a>`, `&lt;b&gt; {{1}} \u202eabc`,
    ];
    for (const text of texts) {
      await gus.type("#text", text + ENTER);
      await hears(fay, text);
    }
    assert.match(await log(fay), /<i>gus \(\d{5} \d{5}\): /);
    assert.equal(await fay.text("h1"), markup);
    assert.equal(await fay.run("return document.title"), `${markup}: mpotr`);
    for (const tab of [fay, gus]) {
      assert.equal(await shown(tab, "body img, body svg, body script, body a, body i, body b, body iframe"), 0);
      await tab.click("#leave");
      await hears(tab, "You have left");
    }
    assert.deepEqual(await browser.complaints(), []);
  });

  test("the page says what has to be trusted, and what is wrong", async () => {
    const tab = await opened();
    assert.match(await tab.text("#trust"), /Anyone who runs the server/);
    await isUsable(tab, "door");
    await tab.type("#name", "tea");
    await tab.type("#nick", `a:b${ENTER}`);
    await until("the nick is refused", async () => (await tab.text("#trouble")).includes("nick"));
    await isUsable(tab, "trouble");
    // Each field and button is reached by the tab key alone.
    await tab.run("document.activeElement.blur(); document.getElementById('name').focus()");
    const focus = "const it = document.activeElement; return it.id || it.name || it.type || it.localName";
    const reached = [];
    for (const key of [TAB, TAB, TAB, ENTER, TAB, TAB]) {
      reached.push(await tab.run(focus));
      await tab.press(key);
    }
    reached.push(await tab.run(focus));
    assert.deepEqual(reached, ["name", "nick", "whom", "summary", "summary", "friends", "submit"]);
  });

  test("nothing is asked of another address, and nothing is forbidden that the page needs", async () => {
    const tab = await opened();
    const from = await tab.run("return performance.getEntriesByType('resource').map((it) => new URL(it.name).host)");
    assert(from.length > 5);
    assert.deepEqual([...new Set(from)], [address]);
    assert.deepEqual(await browser.complaints(), []);
    // What others' code would do is forbidden: another address, code in a text, a text as code.
    const refused = await tab.runAsync(`
      const done = arguments[arguments.length - 1];
      const refused = [];
      addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
      fetch("http://127.0.0.1:9/").catch(() => {});
      new Image().src = "http://127.0.0.1:9/";
      try { new WebSocket("ws://127.0.0.1:9/"); } catch {}
      try { setTimeout("window.stolen = true"); } catch {}
      const script = document.createElement("script");
      try { script.text = "window.stolen = true"; document.head.append(script); } catch {}
      try { document.body.innerHTML += "<i>text</i>"; } catch {}
      const form = document.createElement("form");
      form.action = "http://127.0.0.1:9/";
      document.body.append(form);
      form.submit();
      setTimeout(() => done({ refused, stolen: window.stolen === true }), 500);`);
    assert.equal(refused.stolen, false);
    for (const directive of ["connect-src", "img-src", "form-action", "require-trusted-types-for"]) {
      assert(refused.refused.includes(directive), `${directive}: ${JSON.stringify(refused)}`);
    }
  });

  test("a page of another address reaches neither the relay nor the page", async () => {
    const server = createServer((_request, response) => response.setHeader("content-type", "text/html").end("<p>other"));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const tab = await browser.tab(`http://127.0.0.1:${server.address().port}/`);
      const reached = await tab.runAsync(`
        const done = arguments[arguments.length - 1];
        const at = arguments[0];
        const socket = new WebSocket("ws://" + at, "mpotr.v1");
        const opened = new Promise((resolve) => {
          socket.onopen = () => resolve("open");
          socket.onclose = () => resolve("closed");
        });
        const read = fetch("http://" + at + "/", { mode: "no-cors" }).then(() => "read", () => "not read");
        const frame = document.createElement("iframe");
        const framed = new Promise((resolve) => { frame.onload = () => {
          try { resolve(frame.contentDocument === null ? "forbidden" : "there"); } catch { resolve("forbidden"); }
        }; });
        frame.src = "http://" + at + "/";
        document.body.append(frame);
        Promise.all([opened, read, framed]).then(done);`, address);
      assert.deepEqual(reached, ["closed", "not read", "forbidden"]);
      // The frame is not the page, either.
      const complaints = (await browser.complaints()).map((it) => it.message).join("\n");
      assert.match(complaints, /frame-ancestors/);
    } finally {
      server.close();
    }
  });
});
