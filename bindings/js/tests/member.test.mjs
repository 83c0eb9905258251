/** What a program may pass by mistake, or hand on from others: a typed error, and nothing else. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import init, { API_VERSION, fingerprint, Identity, Member, MpotrError } from "mpotr";

const OPTIONS = { name: "tea", admission: "open", payload: "bytes" };

test("nothing works before the module is loaded, and another source may do where one did not", async () => {
  refused(() => new Identity(), "not_loaded");
  refused(() => fingerprint("00"), "not_loaded");
  for (const source of [new Uint8Array(), randomBytes(1_000), new URL("file:///nowhere"), "no address", {}]) {
    await assert.rejects(init(source), (error) => error instanceof MpotrError && error.code === "bad_module");
  }
  refused(() => new Identity(), "not_loaded");
  await Promise.all([init(), init()]);
});

function alone(options = {}) {
  return new Member({ ...OPTIONS, ...options }, new Identity(), 0);
}

function refused(work, code, data = {}) {
  assert.throws(work, (error) => {
    assert(error instanceof MpotrError, error);
    assert.deepEqual({ code: error.code, ...pick(error.data, data) }, { code, ...data });
    assert.equal(error.data.code, code);
    assert(error.message);
    return true;
  });
}

function pick(of, like) {
  return Object.fromEntries(Object.keys(like).map((key) => [key, of[key]]));
}

/** All that polling gives. */
function all(poll) {
  const polled = [];
  for (let it = poll(); it !== null; it = poll()) {
    polled.push(it);
  }
  return polled;
}

test("a transcript is given out if it was asked for", () => {
  assert.equal(alone().pollRecord(), null);
  const member = alone({ record: true });
  assert.equal(new TextDecoder().decode(member.pollRecord()), "mpotr-transcript-v3\n");
  assert.equal(member.pollRecord(), null);
  member.close();
  assert.equal(all(() => member.pollRecord()).length, 1);
  refused(() => alone({ record: 1 }), "params", { field: "record" });
});

test("options that are wrong say which", () => {
  for (const [options, field] of [
    [{}, "name"],
    [{ name: "tea" }, "admission"],
    [{ name: "tea", admission: "none" }, "admission"],
    [{ name: "tea", admission: "open" }, "nick"],
    [{ ...OPTIONS, max_packet: 0 }, "max_packet"],
    [{ ...OPTIONS, backend: "none" }, "backend"],
    [{ ...OPTIONS, more: 1 }, "more"],
  ]) {
    refused(() => new Member(options, new Identity(), 0), "params", { field });
  }
  refused(() => alone({ name: "a".repeat(256) }), "bad_room_name");
  refused(() => alone({ name: "a".repeat(1 << 22) }), "request");
  refused(() => alone({ name: "\ud800" }), "parse");
  refused(() => new Member([], new Identity(), 0), "request");
  for (const options of [undefined, () => {}, Symbol("s"), { name: 1n }]) {
    assert.throws(() => new Member(options, new Identity(), 0), TypeError);
  }
  for (const identity of [null, undefined, {}, "key", alone()]) {
    assert.throws(() => new Member(OPTIONS, identity, 0), TypeError);
  }
});

test("a time is a whole number", () => {
  const member = alone();
  for (const now of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => new Member(OPTIONS, new Identity(), now), RangeError);
    assert.throws(() => member.handleTimeout(now), RangeError);
    assert.throws(() => member.leave(now), RangeError);
  }
  for (const now of [undefined, null, "0", 0n, {}]) {
    assert.throws(() => member.handlePacket(now, new Uint8Array(1)), TypeError);
  }
  member.handleTimeout(2 ** 53 - 1);
});

test("calls that are wrong say what is", () => {
  const member = alone();
  refused(() => member.call(0, "open"), "method");
  refused(() => member.call(0, "state", { room: "a" }), "params", { field: "room" });
  refused(() => member.admit(0, "00"), "params", { field: "identity" });
  refused(() => member.admit(0, member.key), "yourself");
  refused(() => member.send(0, Uint8Array.of(1), "expected"), "not_secure");
  refused(() => member.send(0, Uint8Array.of(1), "00"), "params", { field: "seen" });
  refused(() => member.discard(0, 7), "no_such_text");
  refused(() => member.discard(0, -7), "params", { field: "text_id" });
  refused(() => member.discard(0, "7"), "params", { field: "text_id" });
  refused(() => member.roomCode(0), "not_secure");
  refused(() => member.carrier(0, { news: "gone" }), "params", { field: "news" });
  refused(() => member.verifyStart(0, member.key, Uint8Array.of(65), "\udc00"), "params", { field: "question" });
  refused(() => member.export(new Uint8Array(1 << 17)), "params", { field: "context" });
  assert.equal(member.export(Uint8Array.of(1)), null);
  assert.equal(member.messageState("00".repeat(32)), null);
  const chat = new Member({ name: "tea", admission: "open", nick: "bob" }, new Identity(), 0);
  refused(() => chat.send(0, Uint8Array.of(255), "expected"), "params", { field: "text" });
  refused(() => chat.send(0, "half \ud800", "expected"), "params", { field: "text" });
});

test("arguments of other types are an error of JavaScript's own", () => {
  const member = alone();
  for (const other of [undefined, null, 1, 1n, "text", {}, [1], new ArrayBuffer(1), new Int8Array(1), new DataView(new ArrayBuffer(1))]) {
    assert.throws(() => member.handlePacket(0, other), TypeError);
    assert.throws(() => member.export(other), TypeError);
    assert.throws(() => member.verifyAnswer(0, "00".repeat(16), other), TypeError);
    assert.throws(() => Identity.read(other), TypeError);
    if (typeof other !== "string") {
      assert.throws(() => member.send(0, other, "expected"), TypeError);
      assert.throws(() => member.send(0, "text", other), TypeError);
      assert.throws(() => fingerprint(other), TypeError);
    }
  }
  // Bytes of another window, of Node, in shared memory, or whose memory has been given away.
  const given = new Uint8Array(8);
  structuredClone(given, { transfer: [given.buffer] });
  const bytes = [runInNewContext("new Uint8Array(8)"), Buffer.alloc(8), new Uint8Array(new SharedArrayBuffer(8)), given];
  for (const packet of bytes) {
    assert.equal(typeof member.handlePacket(0, packet), "string");
    assert.equal(member.export(packet), null);
  }
});

test("what an array says of itself is not believed", () => {
  const member = alone();
  const lying = Object.defineProperty(Uint8Array.of(1, 2, 3), "length", { value: 1 << 20 });
  class Other extends Uint8Array {
    get length() {
      return -1;
    }
    get byteOffset() {
      return 1 << 20;
    }
    set() {
      throw new Error("it is never called");
    }
  }
  for (const bytes of [lying, new Other([1, 2, 3])]) {
    assert.equal(member.handlePacket(0, bytes), "decode");
    refused(() => Identity.read(bytes), "identity_file");
    assert.equal(Uint8Array.prototype.at.call(bytes, 2), 3);
    refused(() => member.verifyAnswer(0, "00".repeat(16), bytes), "not_secure");
    // It is wiped, whole.
    assert.equal(Uint8Array.prototype.every.call(bytes, (it) => it === 0), true);
  }
  assert.throws(() => member.handlePacket(0, Object.create(Uint8Array.prototype)), TypeError);
  assert.throws(() => member.handlePacket(0, new DataView(new ArrayBuffer(3))), TypeError);
  // The module has not ended.
  assert.equal(member.handlePacket(0, Uint8Array.of(1)), "decode");
});

test("huge buffers are refused for their length", () => {
  const member = alone();
  const huge = new Uint8Array(2 ** 31);
  assert.equal(member.handlePacket(0, new Uint8Array()), "decode");
  assert.equal(member.handlePacket(0, huge), "decode");
  const { limit } = caught(() => member.send(0, huge, "expected")).data;
  assert(limit > 1_000);
  refused(() => member.send(0, "a".repeat(1 << 28), "expected"), "too_long", { limit });
  refused(() => Identity.read(huge), "identity_file");
  refused(() => member.verifyAnswer(0, "a".repeat(1 << 22), Uint8Array.of(1)), "params", { field: "attempt" });
  refused(() => member.call(0, "send", { text: "a".repeat(1 << 22) }), "request");
  huge[5] = 1;
  refused(() => member.verifyAnswer(0, "00".repeat(16), huge), "empty_secret");
  assert.equal(huge[5], 0);
});

function caught(work) {
  try {
    work();
  } catch (error) {
    return error;
  }
  return assert.fail("it was not refused");
}

test("random bytes change nothing", () => {
  const member = alone();
  all(() => member.pollPacket() ?? member.pollEvent());
  const before = member.state();
  for (let turn = 0; turn < 20_000; turn++) {
    const packet = randomBytes(turn % 300);
    // The version of packets, and any other.
    if (packet.length > 0 && turn % 2 === 0) {
      packet[0] = 5;
    }
    assert.equal(typeof member.handlePacket(0, packet), "string");
  }
  for (let turn = 0; turn < 1_000; turn++) {
    const code = caught(() => member.call(0, randomBytes(20).toString("latin1"))).code;
    assert.equal(code, "method");
  }
  assert.deepEqual(member.state(), before);
  assert.equal(member.pollPacket(), null);
  assert.equal(member.pollEvent(), null);
});

test("a member that is closed says what became of it, and one that is freed says nothing", () => {
  const member = alone();
  assert.equal(member.hasEnded, false);
  member.close();
  assert.equal(member.hasEnded, true);
  assert.equal(all(() => member.pollEvent()).at(-1).type, "ended");
  refused(() => member.send(0, Uint8Array.of(1), "expected"), "ended");
  assert.equal(member.handlePacket(0, Uint8Array.of(1)), "unknown_epoch");
  assert.equal(member.pollTimeout(), null);
  member.close();
  for (let times = 0; times < 2; times++) {
    member[Symbol.dispose]();
    refused(() => member.state(), "closed");
    refused(() => member.key, "closed");
    refused(() => member.close(), "closed");
    refused(() => member.handlePacket(0, Uint8Array.of(1)), "closed");
  }
  const identity = new Identity();
  identity.free();
  refused(() => identity.key, "closed");
  refused(() => identity.write(), "closed");
  refused(() => new Member(OPTIONS, identity, 0), "closed");
  // As a class is called that is not meant to be.
  assert.throws(() => Member.prototype.state.call({}), TypeError);
  assert.throws(() => Member.prototype.pollEvent.call(identity), TypeError);
});

test("secrets are wiped whatever comes of the call", () => {
  const member = alone();
  for (const call of [
    (secret) => member.verifyStart(0, "07".repeat(32), secret, "where?"),
    (secret) => member.verifyStart(0, "no key", secret),
    (secret) => member.verifyStart(-1, "07".repeat(32), secret),
    (secret) => member.verifyStart(0, "07".repeat(32), secret, 5),
    (secret) => member.verifyAnswer(0, "00".repeat(16), secret),
    (secret) => member.verifyAnswer(0, null, secret),
  ]) {
    const secret = new TextEncoder().encode("words");
    assert.throws(() => call(secret));
    assert.deepEqual(secret, new Uint8Array(5));
  }
  for (const secret of [new Uint8Array(), Uint8Array.of(255), new Uint8Array(1 << 24)]) {
    refused(() => member.verifyAnswer(0, "00".repeat(16), secret), "empty_secret");
  }
});

test("an identity goes through its file", () => {
  const identity = new Identity();
  const file = identity.write();
  assert(file instanceof Uint8Array);
  assert.equal(Identity.read(file).key, identity.key);
  refused(() => Identity.read(new TextEncoder().encode("age-encryption.org/v1\n")), "passphrase");
  for (const bad of [new Uint8Array(), file.subarray(1), randomBytes(83), new Uint8Array(1 << 20)]) {
    refused(() => Identity.read(bad), "identity_file");
  }
  assert.equal(identity.fingerprint.split(" ").length, 8);
  assert.equal(fingerprint(identity.key), identity.fingerprint);
  for (const key of ["", "no key", "FF".repeat(32), "\0"]) {
    refused(() => fingerprint(key), "params", { field: "identity" });
  }
  // A secret is in no text of it.
  assert.equal(JSON.stringify(identity), "{}");
  assert.equal(String(identity), "[object Object]");
});

test("one identity may be in several rooms", () => {
  const identity = new Identity();
  const [tea, coffee] = ["tea", "coffee"].map((name) => new Member({ ...OPTIONS, name }, identity, 0));
  identity.free();
  assert.equal(tea.key, coffee.key);
  assert.notDeepEqual(tea.roomId, coffee.roomId);
});

test("what is forgotten is given back", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const use = async (rounds) => {
    for (let round = 0; round < rounds; round++) {
      for (let count = 0; count < 100; count++) {
        alone().handleTimeout(0);
      }
      collect();
      await sleep(1);
    }
    return process.memoryUsage().arrayBuffers;
  };
  const before = await use(10);
  const after = await use(40);
  assert(after - before < 4 << 20, `${before} bytes before, ${after} after`);
});

test("the version of the interface is known", () => assert.equal(API_VERSION, 1));
