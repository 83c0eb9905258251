/** After a trap nothing of the module is used any longer, nor freed. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import init, { fingerprint, Identity, Member, MpotrError } from "mpotr";

function isInternal(error) {
  assert(error instanceof MpotrError, error);
  assert.equal(error.code, "internal");
  return true;
}

test("a trap ends the use of the module, by a typed error", async () => {
  await init();
  const identity = new Identity();
  let members = Array.from({ length: 10 }, () => new Member({ name: "tea", admission: "open", payload: "bytes" }, identity, 0));
  const key = identity.key;

  // Without randomness there is no way to go on.
  const { getRandomValues } = crypto;
  crypto.getRandomValues = () => {
    throw new Error("none, for this test");
  };
  assert.throws(() => new Identity(), isInternal);
  crypto.getRandomValues = getRandomValues;

  for (const call of [
    () => new Identity(),
    () => identity.key,
    () => identity.write(),
    () => fingerprint(key),
    () => new Member({}, identity, 0),
    () => members[0].state(),
    () => members[0].pollEvent(),
    () => members[0].close(),
  ]) {
    assert.throws(call, isInternal);
  }
  // Nor do these call it, in order or when they are forgotten.
  members[0].free();
  members = [];
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  await sleep(20);
});
