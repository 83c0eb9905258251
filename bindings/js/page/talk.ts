/** A room that this tab is in: what it tells is shown, and what a person does goes to it. */

import { type Event, type EventOf, fingerprint, type Key, type Room, type Vote } from "./mpotr/index.js";

import { Comparing } from "./code.js";
import { add, button, element, fill, made, say, trouble, written } from "./view.js";
import { fault, line, names, phase, reason, vote, YOU } from "./words.js";

const LOG = element("log");
const ASKED = element("asked");
const TEXT = element<HTMLInputElement>("text");
const LEAVE = element<HTMLButtonElement>("leave");

/** Does what a person asks for; why it cannot be done is told. */
export function attempt(act: () => void): void {
  try {
    trouble("");
    act();
  } catch (error) {
    trouble(fault(error));
  }
}

export class Talk {
  readonly code: Comparing;
  /** What the members call themselves, as far as they have said something. */
  readonly #nicks = new Map<Key, string>();
  /** The lines of the own texts that have no fate yet. */
  readonly #sent = new Map<number, { state: HTMLElement; deeds: HTMLElement }>();
  /** What was asked of this person, and how it is shown. */
  readonly #questions = new Map<string, { words: string; shown: () => HTMLElement }>();
  readonly #letIn: Set<Key> | "anyone";
  #seen = "expected";
  #isLeaving = false;
  #unread = 0;

  constructor(
    private readonly room: Room,
    private readonly name: string,
    private readonly nick: string,
    friends: readonly Key[] | "anyone",
  ) {
    this.code = new Comparing(room);
    this.#letIn = friends === "anyone" ? friends : new Set(friends);
    document.addEventListener("visibilitychange", () => this.#title(0));
    this.#title(0);
  }

  /** Shows what is told, until the room is over. */
  async run(): Promise<void> {
    this.show();
    for await (const event of this.room) {
      this.#told(event);
      this.show();
    }
  }

  say(text: string): void {
    const id = this.room.send(text, this.#seen);
    const state = made("span", "state", " on its way");
    const deeds = made("span", "");
    this.#sent.set(id, { state, deeds });
    add(LOG, made("div", "own", made("span", "who", written(this.nick), ": "), written(text), state, deeds));
  }

  /** Leaves in order; asked again, waits for nothing; and after the end begins anew, with another key. */
  leave(): void {
    if (!this.isInside) {
      location.reload();
    } else if (this.#isLeaving) {
      this.room.stop();
    } else {
      this.#isLeaving = true;
      this.room.leave();
    }
    this.show();
  }

  get isInside(): boolean {
    return this.room.state().phase !== "ended";
  }

  #told(event: Event): void {
    switch (event.type) {
      case "secure":
        // From here on texts go to those whom this event has named: they are in the list below.
        this.#seen = event.sid;
        this.code.forget();
        this.#questions.clear();
        break;
      case "message":
        this.#message(event);
        break;
      case "held":
        this.#held(event);
        break;
      case "acknowledged":
        this.#fate(event.text_id, " all have it");
        break;
      case "missed":
        this.#fate(event.text_id, ` not all have it: ${names(event.by, this.#name)}`);
        break;
      case "dropped":
        this.#fate(event.text_id, ` was not sent (${event.why})`);
        break;
      case "code":
        this.code.shown(event);
        this.#questions.delete("code");
        break;
      case "code_asked":
        this.#question("code", `${this.#name(event.identity)} asks for a code once more.`, "Take part", () => this.code.ask());
        break;
      case "code_failed":
        this.code.forget();
        this.#questions.delete("code");
        break;
      case "secret_asked": {
        const asks = `${this.#name(event.identity)} asks for a secret, which this page cannot compare: ${event.question}`;
        this.#question(event.attempt, asks, "Decline", () => this.room.call("verify_abort", { attempt: event.attempt }));
        break;
      }
      case "secret_result":
        this.#questions.delete(event.attempt);
        break;
      default:
    }
    const said = line(event, this.#name);
    if (said !== null) {
      add(LOG, made("div", event.group === "misconduct" ? "warning" : "told", written(said)));
    }
  }

  #message(event: EventOf<"message">): void {
    if (event.author === this.room.key) {
      return;
    }
    if (event.nick !== undefined) {
      this.#nicks.set(event.author, event.nick);
    }
    const text = event.text ?? "(not a text)";
    add(LOG, made("div", "", made("span", "who", written(this.#name(event.author)), ": "), written(text)));
    this.#title(this.#unread + 1);
  }

  /** What came while the tab was not seen is counted in its title. */
  #title(unread: number): void {
    this.#unread = document.hidden ? unread : 0;
    document.title = `${this.#unread > 0 ? `(${this.#unread}) ` : ""}${this.name}: mpotr`;
  }

  #fate(id: number, words: string): void {
    const sent = this.#sent.get(id);
    if (sent) {
      sent.state.textContent = words;
      sent.deeds.replaceChildren();
      this.#sent.delete(id);
    }
  }

  #held({ text_id, added }: EventOf<"held">): void {
    const sent = this.#sent.get(text_id);
    if (sent) {
      sent.state.textContent = ` waits, for others have come in since: ${names(added, this.#name)} `;
      const act = (deed: () => void) => () =>
        attempt(() => {
          deed();
          sent.deeds.replaceChildren();
          sent.state.textContent = " on its way";
        });
      sent.deeds.replaceChildren(
        button("Send to them, too", act(() => this.room.call("release", { text_id, seen: this.#seen }))),
        button("Take it back", act(() => this.room.call("discard", { text_id }))),
      );
    }
  }

  /** Something that a person may do, until it is done. */
  #question(key: string, words: string, label: string, act: () => void): void {
    const done = (): void =>
      attempt(() => {
        this.#questions.delete(key);
        act();
        this.show();
      });
    this.#questions.set(key, { words, shown: () => made("li", "", written(words), " ", button(label, done)) });
  }

  /** A member by its nick, which anyone can take, and by digits, which nobody else has. */
  #name = (key: Key): string => {
    if (key === this.room.key) {
      return YOU;
    }
    const digits = fingerprint(key).slice(0, 11);
    const nick = this.#nicks.get(key);
    return nick === undefined ? digits : `${nick} (${digits})`;
  };

  /** Shows how the room is now. */
  show(): void {
    const state = this.room.state();
    const hasEnded = state.phase === "ended";
    const why = hasEnded ? [] : state.waiting.map((it) => reason(it, this.#name)).filter((it) => it !== null);
    say(element("phase"), [...new Set([phase(state), ...why])].join(" "));
    const waiting = hasEnded ? 0 : this.#ask(state.outside.map((it) => it.claimed), state.waiting);
    element("asks").hidden = waiting === 0;
    const members = state.members.map(({ identity, me, presence }) => {
      const name = me ? `${this.nick} (${YOU})` : this.#name(identity);
      const words = [name, presence === "here" ? "" : presence, !me && this.code.has(identity) ? "code compared" : ""];
      const told = words.filter((it) => it !== "").join(", ");
      return [`${identity} ${told}`, () => this.#member(identity, told, me)] as const;
    });
    fill(element("members"), new Map(members));
    element<HTMLButtonElement>("compare").disabled = state.phase !== "secure" || state.members.length < 2;
    for (const id of ["send", "text"]) {
      element<HTMLButtonElement>(id).disabled = hasEnded || state.phase === "leaving";
    }
    say(LEAVE, hasEnded ? "Enter another room" : this.#isLeaving ? "Leave without waiting" : "Leave");
  }

  #member(identity: Key, words: string, me: boolean): HTMLElement {
    const item = made("li", "", written(words, "who"), made("div", "digits", fingerprint(identity)));
    if (!me) {
      const exclude = (): void => {
        if (confirm(`Ask that ${words} be left out?`)) {
          attempt(() => this.room.exclude(identity));
        }
      };
      const leaveOut = button("Leave out", exclude);
      leaveOut.className = "quiet";
      leaveOut.setAttribute("aria-label", `Leave out ${words}`);
      item.append(leaveOut);
    }
    return item;
  }

  /** Shows what waits for this person, and says how much that is. */
  #ask(outside: readonly Key[], waiting: readonly EventOf<"waiting">[]): number {
    const items = new Map([...this.#questions].map(([key, { words, shown }]) => [`${key} ${words}`, shown]));
    for (const key of outside) {
      if (this.#letIn !== "anyone" && !this.#letIn.has(key)) {
        items.set(`in ${key}`, () => this.#outside(key));
      }
    }
    for (const it of waiting) {
      if (it.reason === "vote_here") {
        const asked = it.vote as Vote;
        const act = (): void => attempt(() => this.#agree(asked));
        const words = `${names(it.by as Key[], this.#name)} ask: ${vote(asked, this.#name)}. `;
        items.set(`vote ${JSON.stringify(asked)}`, () => made("li", "", written(words), button("Agree", act)));
      }
    }
    fill(ASKED, items);
    return items.size;
  }

  #outside(key: Key): HTMLElement {
    const letIn = (): void =>
      attempt(() => {
        this.room.admit(key);
        if (this.#letIn !== "anyone") {
          this.#letIn.add(key);
        }
        this.show();
        (ASKED.querySelector("button") ?? TEXT).focus();
      });
    const digits = made("div", "digits", fingerprint(key));
    return made("li", "", "One who says that its key is this one wants in: ", digits, button("Let in", letIn));
  }

  #agree(asked: Vote): void {
    if (asked === "refresh") {
      this.room.call("refresh");
    } else if ("admit" in asked) {
      this.room.admit(asked.admit);
    } else if ("exclude" in asked) {
      this.room.exclude(asked.exclude);
    } else if ("merge" in asked) {
      this.room.call("merge", { epoch: asked.merge });
    } else {
      this.room.call("change_policy", { policy: asked.policy });
    }
  }
}
