/** The code of the room, by which people find out whether one is between them: docs/spec/13-trust.md, "Room code". */

import type { EventOf, Key, Room } from "./mpotr/index.js";

import { element, made, say } from "./view.js";

const PLACE = element("code");
const VERDICT = element("verdict");
const WHAT_FOR = "All members see one code if nobody is between them, and different ones if a stranger is.";

export class Comparing {
  /** Whom a code was the same for, as this person has said. It is about keys, so it outlasts a change of members. */
  readonly #compared = new Set<Key>();
  /** Whose code is shown. */
  #roster: readonly Key[] = [];

  constructor(private readonly room: Room) {
    this.forget();
  }

  /** Asks all for a code, or takes part in the one that they were asked for. */
  ask(): void {
    this.room.roomCode();
    this.#show([], "Waiting for all others to take part.");
  }

  /** There is a code. */
  shown({ code, roster }: EventOf<"code">): void {
    PLACE.replaceChildren(
      made("p", "code", code),
      made("p", "", "Read it to one another in a way in which you know each other's voice or face. Does each have the same?"),
    );
    this.#roster = roster;
    VERDICT.hidden = false;
  }

  /** The one that was shown, if any, is that of keys which are used no longer. */
  forget(): void {
    this.#show([], WHAT_FOR);
  }

  /** All have the same. */
  same(): void {
    this.#roster.forEach((key) => this.#compared.add(key));
    this.#show([], "All have the same: nobody is between you.");
  }

  /** One has another. */
  other(): void {
    this.#roster.forEach((key) => this.#compared.delete(key));
    this.#show([], "Then a stranger is between you: write nothing here that is for these people alone.");
  }

  has(key: Key): boolean {
    return this.#compared.has(key);
  }

  #show(roster: readonly Key[], words: string): void {
    this.#roster = roster;
    VERDICT.hidden = true;
    say(PLACE, words);
  }
}
