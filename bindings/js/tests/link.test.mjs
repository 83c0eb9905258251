/** A connection to a relay by itself: what waits in it to be read. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Link } from "../dist/link.js";
import { Relay } from "./relay.mjs";

const connect = (relay) => Link.connect(new URL("ws://127.0.0.1:7667"), new Uint8Array(32), relay.WebSocket);

for (const [what, bytes, most] of [
  ["large", 60_000, 150],
  ["small", 1, 17_000],
]) {
  test(`${what} packets that nobody reads end the connection before they fill the memory`, async () => {
    const relay = new Relay();
    const link = await connect(relay);
    const packet = new Uint8Array(bytes);
    for (let sent = 0; sent < 20_000 && relay.clients.length > 0; sent += 100) {
      for (let some = 0; some < 100; some++) {
        relay.pass(null, packet);
      }
      await new Promise((resolve) => setTimeout(resolve));
    }
    const { code, retry } = await link.over;
    assert.deepEqual([code, retry], ["too_slow", true]);
    assert(link.packets.length <= most, `${link.packets.length}`);
    // What came before is read yet.
    assert.equal(link.take().length, bytes);
  });
}
