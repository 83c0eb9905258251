/**
 * Two members in one process. Whatever one has to send is to reach the other, somehow; here a loop carries it, and turns the clock
 * when nobody has more to say. It ends with an error unless both have read what the other said, and left in order.
 */
import init, { Identity, Member } from "mpotr";

await init();

// Made once, and kept: other people know a member by its key.
const identities = { alice: new Identity(), bob: new Identity() };
const friends = { alice: "bob", bob: "alice" };

/** A member of the room "tea", with this friend and with nobody else. */
function enter(me) {
  return new Member({ name: "tea", nick: me, admission: { only: [identities[friends[me]].key] } }, identities[me], 0);
}

const members = { alice: enter("alice"), bob: enter("bob") };
const inside = new Set(Object.keys(members));
let now = 0;
for (const [name, member] of Object.entries(members)) {
  // Texts wait until the room is secure, and nobody reads them but those who are expected.
  member.send(now, `hello from ${name}`, "expected");
}

while (inside.size > 0 && now < 60_000) {
  for (const [name, member] of Object.entries(members)) {
    for (let packet = member.pollPacket(); packet; packet = member.pollPacket()) {
      members[friends[name]].handlePacket(now, packet);
    }
  }
  for (const [name, member] of Object.entries(members)) {
    for (let event = member.pollEvent(); event; event = member.pollEvent()) {
      if (event.type === "message" && event.author !== member.key) {
        console.log(`${name} reads: ${event.text}`);
        member.leave(now);
      }
      if (event.type === "ended" && event.acknowledged) {
        console.log(`${name} has left, and all that it said has arrived`);
        inside.delete(name);
      }
    }
  }
  // Nobody has more to say: it is later.
  const due = Object.values(members).map((member) => member.pollTimeout()).filter((it) => it !== null);
  now = Math.min(...due, 60_000);
  for (const member of Object.values(members)) {
    member.handleTimeout(now);
  }
}

process.exitCode = inside.size;
