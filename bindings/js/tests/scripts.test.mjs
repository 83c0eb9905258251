/** Conversations: scripts/README.md of the repository. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import init, { Identity, Member, MpotrError } from "mpotr";

import { play, Refused } from "../../../scripts/player.mjs";

const SCRIPTS = new URL("../../../scripts/", import.meta.url);

await init();

class Members {
  members = new Map();
  now = 0;

  constructor(names) {
    this.identities = new Map(names.map((name) => [name, new Identity()]));
  }

  identity(who) {
    return this.identities.get(who).key;
  }

  call(who, method, params) {
    try {
      return this.asked(who, method, params);
    } catch (error) {
      throw error instanceof MpotrError ? new Refused(error.code) : error;
    }
  }

  asked(who, method, { mode, ...params }) {
    if (method === "open") {
      if (this.members.has(who)) {
        throw new Refused("room_exists");
      }
      this.members.set(who, new Member(params, this.identities.get(who), this.now));
      return {};
    }
    const member = this.members.get(who);
    switch (method) {
      case "send":
        return { text_id: member.send(this.now, params.text, params.seen) };
      case "verify_start":
        return wiped(params.secret, (secret) => ({
          attempt: member.verifyStart(this.now, params.identity, secret, params.question),
        }));
      case "verify_answer":
        return wiped(params.secret, (secret) => {
          member.verifyAnswer(this.now, params.attempt, secret);
          return {};
        });
      case "room_code":
        return { round: member.roomCode(this.now) };
      default:
        return member.call(this.now, method, params);
    }
  }

  deliver(who, packet) {
    this.members.get(who)?.handlePacket(this.now, packet);
  }

  turn(to) {
    this.now = to;
    for (const member of this.members.values()) {
      member.handleTimeout(to);
    }
  }

  due() {
    const times = [...this.members.values()].map((member) => member.pollTimeout()).filter((it) => it !== null);
    return times.length > 0 ? Math.min(...times) : null;
  }

  packets() {
    return this.polled((member) => member.pollPacket());
  }

  events() {
    return this.polled((member) => member.pollEvent());
  }

  polled(poll) {
    const all = [];
    for (const [who, member] of this.members) {
      for (let it = poll(member); it !== null; it = poll(member)) {
        all.push([who, it]);
      }
    }
    return all;
  }
}

function wiped(secret, work) {
  const bytes = new Uint8Array(Buffer.from(secret, "base64url"));
  try {
    return work(bytes);
  } finally {
    assert(bytes.every((it) => it === 0));
  }
}

const scripts = readdirSync(SCRIPTS).filter((name) => name.endsWith(".jsonl"));

test("there are conversations", () => assert(scripts.length >= 5));

for (const name of scripts) {
  test(`members play ${name}`, () => play(new URL(name, SCRIPTS), (names) => new Members(names)));
}
