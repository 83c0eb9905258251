/** Plays conversations on whatever has members, as player.rs does: scripts/README.md. For libraries in JavaScript, no package. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

/** How long a packet takes, in milliseconds. */
const LATENCY = 20;
/** How long an event is waited for, unless it is said. */
const WITHIN = 60_000;

/** A member does not do what it is asked; the message is the code. */
export class Refused extends Error {}

/**
 * Plays the script in a file on `makeStage(names)`, which has members and does what they are asked:
 *
 * - `identity(who)`: the identity key that a member has, or will have;
 * - `call(who, method, params)`: has a member do something: the result, or `Refused` is thrown;
 * - `deliver(who, packet)`: hands a packet to a member that is there, and does nothing for any other;
 * - `turn(to)`: turns the clock;
 * - `due()`: when something is due, or null;
 * - `packets()`, `events()`: what members say to one another, and are told: lists of [who, it].
 */
export function play(path, makeStage) {
  const [head, ...steps] = readFileSync(path, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(head.script, 1, "a later kind of script");
  const player = new Player(head.name, head.members, makeStage(head.members));
  for (const step of steps) {
    player.step(step);
  }
  player.judge();
}

class Player {
  now = 0;
  onWay = [];
  cuts = [];
  bound = new Map();
  told = []; // { who, event, isExpected }

  constructor(name, members, stage) {
    Object.assign(this, { name, members, stage });
  }

  step(step) {
    const { net, all, ...one } = step;
    if (net) {
      this.cuts.push({ cut: net.cut, until: this.now + net.for });
      return;
    }
    if (all) {
      for (const who of this.members) {
        this.step({ ...one, who });
      }
      return;
    }
    const { who, expect, within = WITHIN, never, for: during, ...act } = one;
    const failed = () => `${this.name}: not ${JSON.stringify(step)}, but ${this.of(who)}`;
    if (expect) {
      for (const end = this.now + within; !this.meets(who, expect); ) {
        assert(this.goOn(end), failed());
      }
    } else if (never) {
      for (const end = this.now + during; this.goOn(end); );
      assert(!this.meets(who, never), failed());
    } else {
      this.act(who, act, JSON.stringify(step));
    }
  }

  act(who, { do: method, as: kept, fails, gives = {}, ...rest }, written) {
    const params = this.resolved("", rest);
    if (method === "open") {
      Object.assign(params, { name: this.name, mode: "packets", nick: who });
    }
    let code, result;
    try {
      result = this.stage.call(who, method, params);
    } catch (refused) {
      if (!(refused instanceof Refused)) {
        throw refused;
      }
      code = refused.message;
    }
    assert.equal(code, fails, `${this.name}: ${written} came to ${code} ${JSON.stringify(result)}`);
    if (code === undefined) {
      if (kept) {
        this.bound.set(kept, result.text_id);
      }
      const binds = this.matching("", gives, result);
      assert(binds, `${this.name}: ${written} gives ${JSON.stringify(result)}`);
      this.bind(binds);
    }
    this.collect();
  }

  /** Whether a member was told of such an event, which is not expected again. */
  meets(who, expected) {
    this.collect();
    for (const told of this.told) {
      const binds = told.who === who && !told.isExpected && this.matching("", expected, told.event);
      if (binds) {
        this.bind(binds);
        told.isExpected = true;
        return true;
      }
    }
    return false;
  }

  bind(binds) {
    for (const [name, value] of binds) {
      this.bound.set(name, value);
    }
  }

  /** What a pattern binds, if a value is like it, or null. */
  matching(key, pattern, value) {
    if (typeof pattern === "string" && pattern.startsWith("$")) {
      if (!this.bound.has(pattern)) {
        return [[pattern, value]];
      }
      return this.bound.get(pattern) === value ? [] : null;
    }
    let pairs;
    if (Array.isArray(pattern) && Array.isArray(value)) {
      if (pattern.length !== value.length) {
        return null;
      }
      pairs = pattern.map((it, place) => [key, it, value[place]]);
    } else if (isObject(pattern) && isObject(value)) {
      if (!Object.keys(pattern).every((name) => Object.hasOwn(value, name))) {
        return null;
      }
      pairs = Object.entries(pattern).map(([name, it]) => [name, it, value[name]]);
    } else {
      return this.resolved(key, pattern) === value ? [] : null;
    }
    const binds = [];
    for (const pair of pairs) {
      const more = this.matching(...pair);
      if (!more) {
        return null;
      }
      binds.push(...more);
    }
    return binds;
  }

  /** A value of the script, with keys for names and what is kept for `$x`. */
  resolved(key, value) {
    if (typeof value === "string" && value.startsWith("$")) {
      assert(this.bound.has(value), `${this.name}: nothing is kept for ${value}`);
      return this.bound.get(value);
    }
    if (typeof value === "string" && this.members.includes(value) && !["text", "nick", "name"].includes(key)) {
      return this.stage.identity(value);
    }
    if (Array.isArray(value)) {
      return value.map((it) => this.resolved(key, it));
    }
    if (isObject(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, this.resolved(name, it)]));
    }
    return value;
  }

  /** Takes what members say and are told. */
  collect() {
    for (const [who, packet] of this.stage.packets()) {
      this.onWay.push({ at: this.now + LATENCY, who, packet });
    }
    for (const [who, event] of this.stage.events()) {
      this.told.push({ who, event, isExpected: false });
    }
  }

  /** Goes on to what comes next, if that is before the end, or else to the end. Says whether there is more to come. */
  goOn(end) {
    const due = this.stage.due();
    this.collect();
    const nexts = [this.onWay[0]?.at, due].filter((it) => it !== undefined && it !== null && it <= end);
    this.now = Math.max(this.now, nexts.length > 0 ? Math.min(...nexts) : end);
    this.stage.turn(this.now);
    while (this.onWay[0]?.at <= this.now) {
      const { who, packet } = this.onWay.shift();
      for (const to of this.members) {
        if (to !== who && !this.isCut(who) && !this.isCut(to)) {
          this.stage.deliver(to, packet);
        }
      }
      this.collect();
    }
    return nexts.length > 0;
  }

  isCut(who) {
    return this.cuts.some(({ cut, until }) => cut.includes(who) && until > this.now);
  }

  /** What a member was told, for a person. */
  of(who) {
    const told = this.told.filter((it) => it.who === who).map(({ event }) => JSON.stringify(event));
    return `${this.now} ms:\n${told.join("\n")}`;
  }

  judge() {
    for (const { who, event, isExpected } of this.told) {
      assert(isExpected || event.group !== "misconduct", `${this.name}: ${who} ${JSON.stringify(event)}`);
    }
  }
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
