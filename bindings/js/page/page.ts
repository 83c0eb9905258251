/** A room in a tab: it begins here, with a key of this tab alone. */

import { Identity, init, Room, type RoomOptions } from "./mpotr/index.js";

import { attempt, Talk } from "./talk.js";
import { element, say, trouble } from "./view.js";
import { fault } from "./words.js";

const TEXT = element<HTMLInputElement>("text");

let talk: Talk | null = null;

/** The relay is where the page came from. */
function relay(): URL {
  const relay = new URL("/", location.href);
  relay.protocol = relay.protocol === "https:" ? "wss:" : "ws:";
  return relay;
}

async function enter(form: HTMLFormElement, identity: Identity): Promise<void> {
  const fields = new FormData(form);
  const field = (name: string): string => String(fields.get(name) ?? "").trim();
  const [name, nick] = [field("name"), field("nick")];
  const friends = field("friends").split(/\s+/).filter((key) => key !== "");
  const isOpen = field("whom") === "open";
  const options: RoomOptions = { name, nick, admission: isOpen ? "open" : { ask: friends } };
  const room = await Room.enter(relay(), options, identity);
  element("door").hidden = true;
  element("room").hidden = element("leave").hidden = false;
  say(element("title"), name);
  talk = new Talk(room, name, nick, isOpen ? "anyone" : friends);
  TEXT.focus();
  talk.run().catch((error: unknown) => trouble(fault(error)));
}

function listen(identity: Identity): void {
  const form = element<HTMLFormElement>("enter");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    trouble("");
    const submit = form.querySelector("button");
    submit?.toggleAttribute("disabled", true);
    enter(form, identity)
      .catch((error: unknown) => trouble(fault(error)))
      .finally(() => submit?.toggleAttribute("disabled", false));
  });
  element("say").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => {
      talk?.say(TEXT.value);
      TEXT.value = "";
    });
  });
  const deeds: readonly [string, (talk: Talk) => void][] = [
    ["compare", (talk) => talk.code.ask()],
    ["same", (talk) => talk.code.same()],
    ["other", (talk) => talk.code.other()],
    ["leave", (talk) => talk.leave()],
  ];
  for (const [id, deed] of deeds) {
    element(id).addEventListener("click", () =>
      attempt(() => {
        if (talk) {
          deed(talk);
          talk.show();
        }
      }),
    );
  }
  addEventListener("beforeunload", (event) => {
    if (talk?.isInside) {
      event.preventDefault();
    }
  });
}

/** Whether it is this machine that the page came from. */
function isHere(): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
}

element("in-the-clear").hidden = location.protocol === "https:" || isHere();
try {
  await init();
  // It is gone with the tab: nothing is kept in the browser.
  const identity = new Identity();
  element("key").textContent = identity.key;
  listen(identity);
  element("enter").hidden = false;
  say(element("phase"), "You are in no room yet.");
} catch (error) {
  trouble(`The page cannot compute keys here: ${String(error)}`);
}
