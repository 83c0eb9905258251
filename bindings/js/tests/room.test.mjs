/** Rooms on a relay. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";

import init, { Identity, MpotrError, Room } from "mpotr";

import { Relay } from "./relay.mjs";

await init();

const ADDRESS = "ws://relay.example";

function options(...friends) {
  return { name: "tea", admission: { only: friends }, nick: "bot" };
}

/** The next event of a kind with these fields. */
async function until(room, type, fields = {}) {
  for await (const event of { [Symbol.asyncIterator]: () => ({ next: () => room.next() }) }) {
    if (event.type === type && Object.entries(fields).every(([key, value]) => event[key] === value)) {
      return event;
    }
  }
  return assert.fail(`the room is over, without ${type}`);
}

async function pair(relay, settings = {}) {
  const [alice, bob] = [new Identity(), new Identity()];
  const rooms = [
    await Room.enter(ADDRESS, { ...options(bob.key), nick: "alice" }, alice, { ...relay.settings, ...settings }),
    await Room.enter(ADDRESS, { ...options(alice.key), nick: "bob" }, bob, relay.settings),
  ];
  const [{ sid }] = await Promise.all(rooms.map((room) => until(room, "secure")));
  return [...rooms, sid];
}

test("two rooms talk, find out who is who, and leave in order", async () => {
  const relay = new Relay();
  const [alice, bob, sid] = await pair(relay);
  const text_id = alice.send("hello", sid);
  const message = await until(bob, "message", { text: "hello" });
  assert.deepEqual([message.nick, message.author], ["alice", alice.key]);
  await until(alice, "acknowledged", { text_id });
  assert.throws(() => alice.send("hello", "00".repeat(32)), { code: "stale_roster" });

  const attempt = alice.verifyStart(bob.key, new TextEncoder().encode("Blue "), "which one?");
  const asked = await until(bob, "secret_asked", { question: "which one?" });
  const secret = new TextEncoder().encode("blue");
  bob.verifyAnswer(asked.attempt, secret);
  assert.deepEqual(secret, new Uint8Array(4));
  assert.equal((await until(alice, "secret_result", { attempt })).result, "same");

  alice.roomCode();
  bob.roomCode();
  const codes = await Promise.all([until(alice, "code"), until(bob, "code")]);
  assert.equal(codes[0].code, codes[1].code);

  assert.equal(alice.state().phase, "secure");
  bob.leave();
  alice.leave();
  const ends = await Promise.all([until(alice, "ended"), until(bob, "ended")]);
  assert.deepEqual(ends.map((end) => end.acknowledged), [true, true]);
  assert.equal((await alice.next()).done, true);
  await sleep(10);
  assert.equal(relay.clients.length, 0);
  alice.close();
});

test("a transcript is kept piece by piece until the end", async () => {
  const pieces = [];
  const file = () => new TextDecoder("latin1").decode(Uint8Array.from(pieces.flatMap((piece) => [...piece])));
  const [alice, bob, sid] = await pair(new Relay(), { transcript: (piece) => pieces.push(piece) });
  assert(file().startsWith("mpotr-transcript-v3\n"));
  bob.send("said by bob", sid);
  await until(alice, "message", { text: "said by bob" });
  // What an event tells is in the file by then.
  assert(file().includes("said by bob"));
  const before = pieces.length;
  alice.leave();
  await until(alice, "ended");
  assert(pieces.length > before);
  bob.close();
  alice.close();
});

test("a transcript that cannot be written is told", async () => {
  const transcript = () => {
    throw new Error("the disk is full");
  };
  const room = await Room.enter(ADDRESS, options(), new Identity(), { ...new Relay().settings, transcript });
  await assert.rejects(async () => {
    while (!(await room.next()).done);
  }, /the disk is full/);
  room.close();
});

test("what became of each text is told before a transcript that cannot be written", async () => {
  let isFull = false;
  const transcript = () => {
    if (isFull) {
      throw new Error("the disk is full");
    }
  };
  const [alice, bob, sid] = await pair(new Relay(), { transcript });
  isFull = true;
  bob.send("said by bob", sid);
  const told = [];
  await assert.rejects(async () => {
    for await (const event of alice) {
      told.push(event.type);
    }
  }, /the disk is full/);
  assert.equal(told.at(-1), "ended");
  bob.close();
});

test("a transcript is kept by a function that returns no promise, or not at all", async () => {
  const { settings } = new Relay();
  const enter = (more, others = {}) =>
    Room.enter(ADDRESS, { ...options(), ...others }, new Identity(), { ...settings, ...more });
  await assert.rejects(enter({ transcript: "a file" }), TypeError);
  await assert.rejects(enter({}, { record: true }), TypeError);
  const unkept = await enter({ transcript: null });
  unkept.leave();
  await until(unkept, "ended");
  for (const transcript of [async () => {}, () => Promise.reject(new Error("the disk is full"))]) {
    const room = await enter({ transcript });
    await assert.rejects(async () => {
      while (!(await room.next()).done);
    }, TypeError);
  }
});

test("the end of a block leaves the room in order", async () => {
  const relay = new Relay();
  const [alice, bob, sid] = await pair(relay);
  alice.send("goodbye", sid);
  await until(alice, "acknowledged");
  const gone = until(bob, "left", { identity: alice.key });
  await alice[Symbol.asyncDispose]();
  await gone;
  await bob[Symbol.asyncDispose]();
  await sleep(10);
  assert.equal(relay.clients.length, 0);
});

test("a relay that comes back is found, and the room goes on", async () => {
  const relay = new Relay();
  const [alice, bob, sid] = await pair(relay);
  relay.leave();
  await until(alice, "waiting", { reason: "reconnecting" });
  const text_id = alice.send("while you were out", sid);
  await sleep(600);
  relay.isAway = false;
  await until(alice, "waiting_over", { reason: "reconnecting" });
  await until(bob, "message", { text: "while you were out" });
  await until(alice, "acknowledged", { text_id });
  alice.close();
  bob.close();
});

test("a relay that does not come back closes the room, after what became of its texts", async () => {
  const relay = new Relay();
  const room = await Room.enter(ADDRESS, options(new Identity().key), new Identity(), { ...relay.settings, giveUp: 0 });
  room.send("to nobody", "expected");
  relay.leave();
  const told = [];
  for await (const event of room) {
    told.push(event);
  }
  assert.equal(told.at(-1).type, "closed");
  assert(["lost", "unreachable"].includes(told.at(-1).code));
  assert(told.some((event) => event.type === "dropped"));
  assert.throws(() => room.send("too late", "expected"), { code: "ended" });
});

test("who is leaving waits for the relay, and leaves over the next connection", async () => {
  const relay = new Relay();
  const [alice, bob, sid] = await pair(relay);
  relay.leave();
  await until(alice, "waiting", { reason: "reconnecting" });
  alice.send("one more thing", sid);
  alice.leave();
  await sleep(600);
  relay.isAway = false;
  await until(bob, "message", { text: "one more thing" });
  await until(bob, "left", { identity: alice.key });
  assert.equal((await until(alice, "ended")).acknowledged, true);
  alice.close();
  bob.close();
});

test("who is leaving waits for the relay for a minute only", async (context) => {
  const relay = new Relay();
  const [alice, bob, sid] = await pair(relay);
  relay.leave();
  await until(alice, "waiting", { reason: "reconnecting" });
  const text_id = alice.send("to nobody", sid);
  context.mock.timers.enable({ apis: ["setTimeout"] });
  alice.leave();
  const told = [];
  const read = (async () => {
    for await (const event of alice) {
      told.push(event);
    }
  })();
  context.mock.timers.tick(59_000);
  await new Promise((resolve) => setImmediate(resolve));
  assert(told.every((event) => event.type !== "closed"));
  context.mock.timers.tick(1_000);
  await read;
  context.mock.timers.reset();
  assert.equal(told.at(-1).type, "closed");
  assert(told.some((event) => event.text_id === text_id));
  bob.close();
});

for (const ends of [["leave"], ["stop"], ["stop", "stop"]]) {
  test(`a room that has ended waits for no relay: ${ends}`, async () => {
    const relay = new Relay();
    const room = await Room.enter(ADDRESS, options(new Identity().key), new Identity(), relay.settings);
    relay.leave();
    await until(room, "waiting", { reason: "reconnecting" });
    ends.forEach((method) => room[method]());
    await until(room, "ended");
    assert.equal((await room.next()).done, true);
  });
}

test("who stops waits for no relay", async () => {
  const relay = new Relay();
  const [alice, bob, sid] = await pair(relay);
  relay.leave();
  await until(alice, "waiting", { reason: "reconnecting" });
  alice.send("to nobody", sid);
  alice.call("stop");
  await until(alice, "ended");
  for await (const event of alice) {
    assert.equal(event.type, "closed");
  }
  bob.close();
});

const refused = (code, text) => Uint8Array.of(1, code, ...new TextEncoder().encode(text));

for (const [what, refuses, code, retry] of [
  ["a full relay", refused(6, "the relay is full"), "full", true],
  ["another version", refused(2, "another version"), "protocol", false],
  ["no such code", Uint8Array.of(1, 0x63), "protocol", false],
  ["words that a terminal obeys", refused(6, "\x1b[31m"), "protocol", false],
  ["words that are too long", refused(6, "a".repeat(300)), "protocol", false],
  ["half a refusal", Uint8Array.of(1), "protocol", false],
  ["more behind joined", Uint8Array.of(2, 0), "protocol", false],
  ["a text", "HTTP/1.1 400 Bad Request", "protocol", false],
  ["nothing", Uint8Array.of(), "protocol", false],
]) {
  test(`${what}, before the room is entered, is thrown`, async () => {
    const relay = new Relay({ refuses });
    await assert.rejects(Room.enter(ADDRESS, options(), new Identity(), relay.settings), (error) => {
      assert(error instanceof MpotrError);
      assert.deepEqual([error.code, error.data.retry], [code, retry]);
      return true;
    });
  });
}

for (const says of [Uint8Array.of(2), Uint8Array.of(3, 0, 0), new Uint8Array(9), Uint8Array.of(9), Uint8Array.of(), "text"]) {
  test(`a frame that no relay sends ends the room: ${says}`, async () => {
    const relay = new Relay({ says: [says] });
    const room = await Room.enter(ADDRESS, options(), new Identity(), relay.settings);
    const closed = await until(room, "closed");
    assert.deepEqual([closed.code, closed.retry], ["protocol", false]);
  });
}

test("packets of anyone are no harm", async () => {
  const noise = Array.from({ length: 400 }, (_, length) => new Uint8Array(10 + length).fill(length % 7, 9));
  const [alice, bob] = await pair(new Relay({ says: noise }));
  alice.close();
  bob.close();
});

test("a place that is none, or where nobody answers, is an error by its code", async () => {
  for (const [address, code] of [
    ["127.0.0.1:7667", "bad_address"],
    ["mpotr://a", "no_such_carrier"],
    ["http://a", "no_such_carrier"],
    ["ws://", "bad_address"],
    ["ws://a:65536", "bad_address"],
    ["ws://me:secret@a", "bad_address"],
    ["wss://a/#sha256=00", "bad_address"],
  ]) {
    const entering = Room.enter(address, options(), new Identity(), new Relay().settings);
    await assert.rejects(entering, { code }, address);
  }
  const away = new Relay();
  away.isAway = true;
  await assert.rejects(Room.enter(ADDRESS, options(), new Identity(), away.settings), { code: "unreachable" });
  // What is wrong with the options is told before anything is connected.
  await assert.rejects(Room.enter(ADDRESS, {}, new Identity(), away.settings), { code: "params" });
});

test("packets wait while nobody reads events, and none is lost", async () => {
  const [alice, bob, sid] = await pair(new Relay());
  // Alice is read all the time: one who is not hears nobody after a while.
  const read = (async () => {
    for await (const _ of alice);
  })();
  // Each is told of by more than one event, so bob takes packets no longer before all are there.
  const count = 600;
  for (let number = 0; number < count; number++) {
    alice.send(`text ${number}`, sid);
  }
  await sleep(1_000);
  for (let number = 0; number < count; number++) {
    await until(bob, "message", { text: `text ${number}` });
  }
  alice.close();
  bob.close();
  await read;
});
