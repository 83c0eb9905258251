/**
 * A member of a room on a relay. It says one text, reads one of each friend, and leaves.
 *
 *     node --experimental-websocket on-a-relay.mjs ADDRESS ROOM NICK IDENTITY_FILE TEXT FRIENDS_KEY..
 *
 * Node 22 has WebSocket without the flag.
 */
import { readFile } from "node:fs/promises";

import init, { Identity, Room } from "mpotr";

const [address, name, nick, file, text, ...friends] = process.argv.slice(2);
await init();
const room = await Room.enter(address, { name, nick, admission: { only: friends } }, Identity.read(await readFile(file)));
const heard = new Set();
let said;
let isKnown = false;
process.exitCode = 1;
for await (const event of room) {
  if (event.type === "secure" && said === undefined) {
    // To those whom this event has named, and to nobody else.
    said = room.send(text, event.sid);
  } else if (event.type === "message" && event.author !== room.key) {
    console.log(event.text);
    heard.add(event.author);
  } else if (event.type === "acknowledged" && event.text_id === said) {
    isKnown = true;
  } else if (event.type === "ended") {
    process.exitCode = event.acknowledged ? 0 : 1;
  } else if (event.type === "closed") {
    console.error(event.message);
  }
  if (isKnown && heard.size === friends.length) {
    isKnown = false;
    room.leave();
  }
}
