import { body, bounded, bytes, count, json, taken, text } from "./checks.js";
import { MpotrError } from "./error.js";
import type { Event, MessageState, State } from "./events.js";
import { Identity } from "./identity.js";
import { Handle, raw } from "./module.js";
import type { Key, Policy, RoomOptions, Vote } from "./options.js";

/** A context of `export` is a name and no file. */
const LONGEST_CONTEXT = 1 << 16;

/**
 * One member's part in one room. It does no input or output and reads no clock: a program hands it the packets that come from a
 * channel, sends what it polls, and calls `handleTimeout` when that is due. `now` is milliseconds of a clock of the caller's; an
 * earlier value counts as the last one. `Room` does all of that on a relay.
 */
export class Member {
  readonly #handle: Handle<raw.Member>;

  constructor(options: RoomOptions, identity: Identity, now: number) {
    const written = json(options);
    const at = count("now", now);
    if (!(identity instanceof Identity)) {
      throw new TypeError("identity is an Identity");
    }
    const held = identity.held();
    this.#handle = new Handle(() => new raw.Member(written, held, at));
  }

  /** The public key of its identity. */
  get key(): Key {
    return this.#handle.with((held) => held.key());
  }

  /** What a relay, or another channel, is joined by. */
  get roomId(): Uint8Array {
    return this.#handle.with((held) => held.room_id());
  }

  /** Whether its part is over: what it has to say yet can be polled. */
  get hasEnded(): boolean {
    return this.#handle.with((held) => held.has_ended());
  }

  /** Takes a packet from the channel, from anyone. Returns why it changed nothing, which is for logs, or null. */
  handlePacket(now: number, packet: Uint8Array): string | null {
    const at = count("now", now);
    const taken = bounded("packet", packet);
    return this.#handle.with((held) => held.handle_packet(at, taken)) ?? null;
  }

  /** To be called at `pollTimeout()`, or later. */
  handleTimeout(now: number): void {
    const at = count("now", now);
    this.#handle.with((held) => held.handle_timeout(at));
  }

  /** The next packet for everyone else in the channel. To be taken when the channel can send it, and not before. */
  pollPacket(): Uint8Array | null {
    return this.#handle.with((held) => held.poll_packet()) ?? null;
  }

  /** The next thing that the application should know. */
  pollEvent(): Event | null {
    const event = this.#handle.with((held) => held.poll_event());
    return event === undefined ? null : (JSON.parse(event) as Event);
  }

  /**
   * The next piece of the transcript, of a member with the option `record`. All pieces, one after another, are a file as
   * `mpotr transcript` reads it, with all texts in clear: the first comes at once, the last when the member's part is over. To be taken
   * before events are.
   */
  pollRecord(): Uint8Array | null {
    return this.#handle.with((held) => held.poll_record()) ?? null;
  }

  /** When to call `handleTimeout`; null for not before something else happens. */
  pollTimeout(): number | null {
    const due = this.#handle.with((held) => held.poll_timeout());
    return due === undefined ? null : Number(due);
  }

  /**
   * Sends a text, which is sealed to those of the roster that was `seen` and to nobody else: the `sid` of the event `secure` that was
   * shown last, or "expected": those of `only`. Returns the `text_id` by which events tell what becomes of it.
   */
  send(now: number, text_: Uint8Array | string, seen: string): number {
    const at = count("now", now);
    const sent = body(text_);
    const by = text("seen", seen);
    return Number(this.#handle.with((held) => held.send(at, sent, by)));
  }

  /** Lets a text leave that is held. */
  release(now: number, textId: number, seen: string): void {
    this.call(now, "release", { text_id: textId, seen });
  }

  /** Takes back a text that waits or is held. */
  discard(now: number, textId: number): void {
    this.call(now, "discard", { text_id: textId });
  }

  /** Is willing to be in the room with this identity, and votes for that. */
  admit(now: number, identity: Key): void {
    this.call(now, "admit", { identity });
  }

  /** Votes for the next epoch to be without this member. */
  exclude(now: number, identity: Key): void {
    this.call(now, "exclude", { identity });
  }

  /** Votes for this room and another to become one. */
  merge(now: number, epoch: string): void {
    this.call(now, "merge", { epoch });
  }

  /** Votes for other rules; those that are not named stay. */
  changePolicy(now: number, policy: Partial<Policy>): void {
    this.call(now, "change_policy", { policy });
  }

  /** Takes a vote back. */
  withdraw(now: number, vote: Vote): void {
    this.call(now, "withdraw", { vote });
  }

  /** Asks for an epoch with fresh keys. */
  refresh(now: number): void {
    this.call(now, "refresh");
  }

  /** Whether this application is told what a member writes. */
  mute(now: number, identity: Key, on: boolean): void {
    this.call(now, "mute", { identity, on });
  }

  /** Asks the person of another member whether it knows the same secret, which is wiped. Returns the attempt by which events tell. */
  verifyStart(now: number, identity: Key, secret: Uint8Array, question = ""): string {
    return taken(secret, (secret) => {
      const [at, whom, asked] = [count("now", now), text("identity", identity), text("question", question)];
      return this.#handle.with((held) => held.verify_start(at, whom, secret, asked));
    });
  }

  /** Answers `secret_asked` by what the person has typed: one guess. The secret is wiped. */
  verifyAnswer(now: number, attempt: string, secret: Uint8Array): void {
    taken(secret, (secret) => {
      const [at, of] = [count("now", now), text("attempt", attempt)];
      this.#handle.with((held) => held.verify_answer(at, of, secret));
    });
  }

  /** Gives an attempt up, which counts as a failure on both sides. */
  verifyAbort(now: number, attempt: string): void {
    this.call(now, "verify_abort", { attempt });
  }

  /** Takes part in a round of the room's code. Returns the round by which events tell. */
  roomCode(now: number): string {
    return (this.call(now, "room_code") as { round: string }).round;
  }

  /** Takes an alert out of `state`. Says whether there was one. */
  dismiss(n: number): boolean {
    return (this.call(0, "dismiss", { n }) as { dismissed: boolean }).dismissed;
  }

  /** What the link to the channel says of itself: bytes that wait in it, bytes a second, milliseconds there and back. */
  link(now: number, report: { queued: number; rate?: number; latency?: number }): void {
    this.call(now, "link", report);
  }

  /** What became of what carries the packets: docs/interfaces.md, "C". */
  carrier(now: number, news: Record<string, unknown>): void {
    this.call(now, "carrier", news);
  }

  /** What a screen shows of the room. */
  state(): State {
    return this.call(0, "state") as State;
  }

  /** How far a message of the epoch in force is, or null. */
  messageState(id: string): MessageState | null {
    return this.call(0, "message_state", { id }) as MessageState | null;
  }

  /** A secret of the epoch in force for the application's own use, which all its members get by the same context. */
  export(context: Uint8Array): Uint8Array | null {
    const checked = bytes("context", context);
    if (checked.length > LONGEST_CONTEXT) {
      throw new MpotrError("params", "context: it is too long", { field: "context" });
    }
    return this.#handle.with((held) => held.export(checked)) ?? null;
  }

  /** Leaves in order, which ends with `ended`. */
  leave(now: number): void {
    this.call(now, "leave");
  }

  /** Leaves without waiting for the room to be secure; called again, without waiting for anything. */
  stop(now: number): void {
    this.call(now, "stop");
  }

  /** Ends at once and erases all keys. What became of each text can be polled yet. */
  close(): void {
    this.call(0, "close");
  }

  /** Erases all keys and gives the memory back. Nothing can be called after that. */
  free(): void {
    this.#handle.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }

  /** Calls a method of `mpotr rpc` by its name, with its parameters but for `room`. */
  call(now: number, method: string, params: object = {}): unknown {
    const at = count("now", now);
    const request = json({ method, params });
    return JSON.parse(this.#handle.with((held) => held.call(at, request)));
  }
}
