import { Driver } from "./driver.js";
import type { Event, State } from "./events.js";
import type { Identity } from "./identity.js";
import { error, Link, type Lost, place, type WebSocketClass } from "./link.js";
import { Member } from "./member.js";
import type { Key, RoomOptions } from "./options.js";

/** Milliseconds for which a relay that was lost is tried again. */
const GIVE_UP = 600_000;
/** Milliseconds for a room to be left in order. */
const LEAVING = 10_000;

export interface Settings {
  /** Milliseconds for which a relay that was lost is tried again: ten minutes. */
  giveUp?: number;
  /** What connects, where there is no `WebSocket`, as in Node before 22. */
  WebSocket?: WebSocketClass;
  /**
   * Called with each piece of a transcript, before the events that follow: a function that returns no promise. What it throws ends the
   * room, and is thrown to who reads events, after all of them.
   */
  transcript?: ((piece: Uint8Array) => void) | null;
}

/**
 * A member's part in a room on a relay, over WebSocket.
 *
 *     const room = await Room.enter("ws://127.0.0.1:7667", options, identity);
 *     for await (const event of room) {
 *       if (event.type === "secure") room.send("hello", event.sid);
 *     }
 *
 * What asks something of the room returns at once, and events tell what comes of it. The iteration ends after `ended` or `closed`.
 * A relay that goes away is tried again, and the room goes on.
 */
export class Room implements AsyncIterableIterator<Event, undefined> {
  readonly #member: Member;
  readonly #driver: Driver;

  private constructor(member: Member, driver: Driver) {
    this.#member = member;
    this.#driver = driver;
  }

  /**
   * Enters a room on the relay at an address such as `wss://host`. One that cannot be reached now is an `MpotrError` by a code of
   * docs/spec/07-transport.md.
   */
  static async enter(address: string | URL, options: RoomOptions, identity: Identity, settings: Settings = {}): Promise<Room> {
    const { giveUp = GIVE_UP, WebSocket: Socket = globalThis.WebSocket as WebSocketClass | undefined } = settings;
    const transcript = settings.transcript ?? undefined;
    if (transcript !== undefined && typeof transcript !== "function") {
      throw new TypeError("transcript is a function");
    }
    if (options.record !== undefined) {
      throw new TypeError("a room takes transcript in its settings, and no option record");
    }
    const at = place(address);
    if (!Socket) {
      throw error({ code: "no_such_carrier", message: "there is no WebSocket here: settings can bring one", retry: false });
    }
    // Its options are looked at before anything is connected.
    const member = new Member({ ...options, record: transcript !== undefined }, identity, 0);
    const { roomId } = member;
    const connect = (): Promise<Link> => Link.connect(at, roomId, Socket);
    const link = await connect().catch((lost: Lost) => {
      member.free();
      throw error(lost);
    });
    const driver = new Driver(member, connect, giveUp, transcript);
    driver.start(link);
    return new Room(member, driver);
  }

  /** Leaves in order, for ten seconds at most, and closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#driver.isOver) {
      this.leave();
    }
    const late = new Promise<"late">((resolve) => setTimeout(resolve, LEAVING, "late"));
    while (!this.#driver.isOver && (await Promise.race([this.#driver.changed(), late])) !== "late");
    this.close();
  }

  /** Ends at once and erases all keys. */
  close(): void {
    this.#driver.do((member) => member.close());
    this.#driver.finish();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Event, undefined>> {
    for (;;) {
      const event = this.#driver.take();
      if (event) {
        return { done: false, value: event };
      }
      if (this.#driver.isOver) {
        return { done: true, value: undefined };
      }
      await this.#driver.changed();
    }
  }

  /** The public key of this member's identity. */
  get key(): Key {
    return this.#member.key;
  }

  /** Sends a text, as `Member.send`. */
  send(body: Uint8Array | string, seen: string): number {
    return this.#driver.do((member, now) => member.send(now, body, seen));
  }

  /** Asks another member's person whether it knows the same secret, which is wiped. */
  verifyStart(identity: Key, secret: Uint8Array, question = ""): string {
    return this.#driver.do((member, now) => member.verifyStart(now, identity, secret, question));
  }

  /** Answers `secret_asked`; the secret is wiped. */
  verifyAnswer(attempt: string, secret: Uint8Array): void {
    this.#driver.do((member, now) => member.verifyAnswer(now, attempt, secret));
  }

  /** Takes part in a round of the room's code, as `Member.roomCode`. */
  roomCode(): string {
    return this.#driver.do((member, now) => member.roomCode(now));
  }

  /** Is willing to be in the room with this identity, and votes for that. */
  admit(identity: Key): void {
    this.call("admit", { identity });
  }

  /** Votes for the next epoch to be without this member. */
  exclude(identity: Key): void {
    this.call("exclude", { identity });
  }

  /** What a screen shows of the room. */
  state(): State {
    return this.#member.state();
  }

  /** Leaves in order, which ends with `ended`. Where the relay is away, it is waited for as long as a minute. */
  leave(): void {
    this.call("leave");
  }

  /** Leaves without waiting for the room to be secure; called again, without waiting for anything. No relay is waited for. */
  stop(): void {
    this.call("stop");
  }

  /** Calls a method of `mpotr rpc` by its name, with its parameters but for `room`. */
  call(method: string, params: object = {}): unknown {
    const answer = this.#driver.do((member, now) => member.call(now, method, params));
    if (method === "leave" || method === "stop") {
      this.#driver.leaves(method === "stop");
    }
    return answer;
  }
}
