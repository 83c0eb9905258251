/** Connections to a relay over WebSocket: docs/spec/07-transport.md, "The relay". */

import { MpotrError } from "./error.js";

/** The class of WebSocket that the program brings, where there is none. */
export type WebSocketClass = new (address: string, protocols: string) => WebSocket;

const SUBPROTOCOL = "mpotr.v1";
/** Milliseconds for a connection and its first frame. */
const PATIENCE = 30_000;
/** Bytes of packets that wait to be read here. No page can have a relay wait, so beyond that the connection ends. */
const MOST_WAITING = 8 << 20;
/** What each of them counts beside: a small packet takes more room than it has bytes. */
const PER_PACKET = 512;

const PACKET = 0;
const REFUSED = 1;
const JOINED = 2;
/** A kind, and the relay's number for the sender. */
const PACKET_HEAD = 9;

/** Why a connection is over, or did not come to be. */
export interface Lost {
  code: string;
  message: string;
  /** Whether another connection may mend it. */
  retry: boolean;
  /** Whether it is to be waited for longer. */
  isSlow?: boolean;
}

export function error({ code, message, retry }: Lost): MpotrError {
  return new MpotrError(code, message, { retry });
}

/** What a relay says by a number. */
const REFUSALS: ReadonlyMap<number, Omit<Lost, "message">> = new Map([
  [1, { code: "protocol", retry: false }],
  [2, { code: "protocol", retry: false }],
  [3, { code: "protocol", retry: false }],
  [4, { code: "lost", retry: true }],
  [5, { code: "too_slow", retry: true, isSlow: true }],
  [6, { code: "full", retry: true }],
  [7, { code: "shutting_down", retry: true }],
  [8, { code: "full", retry: true }],
  [9, { code: "full", retry: true }],
  [10, { code: "refused", retry: true, isSlow: true }],
  [11, { code: "lost", retry: true }],
]);

const OTHERWISE: Lost = { code: "protocol", message: "a frame that no relay sends", retry: false };
const SLOW: Lost = { code: "too_slow", message: "more came than was read here", retry: true, isSlow: true };

/** The address of a relay, if it is one. */
export function place(address: string | URL): URL {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw error({ code: "bad_address", message: "an address is like ws://host:7667", retry: false });
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw error({ code: "no_such_carrier", message: "an address here is like ws://host:7667", retry: false });
  }
  if (url.username || url.password || url.hash) {
    throw error({ code: "bad_address", message: "an address here has a host, a port and a path", retry: false });
  }
  return url;
}

/** A connection that a relay has let in. */
export class Link {
  /** When it was let in, by the clock of the page. */
  readonly since = performance.now();
  /** What has come and was not taken. */
  readonly packets: Uint8Array[] = [];
  /** Called when something has come. */
  onpacket = (): void => {};
  /** The end of the connection, which comes once. */
  readonly over: Promise<Lost>;
  readonly #socket: WebSocket;
  #waiting = 0;
  #end!: (lost: Lost) => void;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.over = new Promise((resolve) => (this.#end = resolve));
    socket.onclose = () => this.#lose({ code: "lost", message: "the connection to the relay is lost", retry: true });
    socket.onmessage = ({ data }) => this.#take(data);
  }

  /** Connects, and is let in; else the error is what was `Lost`. */
  static connect(address: URL, roomId: Uint8Array, Socket: WebSocketClass): Promise<Link> {
    return new Promise((resolve, reject) => {
      const socket = made(address, Socket);
      if (!socket) {
        reject({ code: "unreachable", message: "such an address is not allowed here", retry: false } satisfies Lost);
        return;
      }
      const fail = (lost: Lost): void => {
        clearTimeout(timer);
        silence(socket);
        socket.close();
        reject(lost);
      };
      const timer = setTimeout(
        () => fail({ code: "unreachable", message: "the relay does not answer", retry: true }),
        PATIENCE,
      );
      socket.binaryType = "arraybuffer";
      socket.onopen = () => socket.send(Uint8Array.of(1, ...roomId));
      // What follows an error is the end, which tells as little: a page is not told why.
      socket.onerror = () => {};
      socket.onclose = () => fail({ code: "unreachable", message: "the relay cannot be reached", retry: true });
      socket.onmessage = ({ data }) => {
        const payload = payloadOf(data);
        if (payload?.[0] === REFUSED) {
          fail(refusal(payload));
        } else if (payload?.[0] !== JOINED || payload.length !== 1) {
          fail({ code: "protocol", message: "what answers is no relay", retry: false });
        } else {
          clearTimeout(timer);
          resolve(new Link(socket));
        }
      };
    });
  }

  /** Bytes that were sent and have not left. */
  get queued(): number {
    return this.#socket.bufferedAmount;
  }

  send(packet: Uint8Array): void {
    this.#socket.send(packet as Uint8Array<ArrayBuffer>);
  }

  /** The next packet that has come. */
  take(): Uint8Array | undefined {
    const packet = this.packets.shift();
    this.#waiting -= packet ? packet.length + PER_PACKET : 0;
    return packet;
  }

  /** Ends the connection, after what was sent. */
  close(): void {
    silence(this.#socket);
    this.#socket.close();
  }

  #take(data: unknown): void {
    const payload = payloadOf(data);
    if (payload?.[0] === REFUSED) {
      this.#lose(refusal(payload));
    } else if (payload?.[0] !== PACKET || payload.length <= PACKET_HEAD) {
      this.#lose(OTHERWISE);
    } else if (this.#waiting > MOST_WAITING) {
      this.#lose(SLOW);
    } else {
      this.#waiting += payload.length - PACKET_HEAD + PER_PACKET;
      this.packets.push(payload.subarray(PACKET_HEAD));
      this.onpacket();
    }
  }

  #lose(lost: Lost): void {
    this.close();
    this.#end(lost);
  }
}

/** A connection, if one may be made: from an encrypted page there are only encrypted ones. */
function made(address: URL, Socket: WebSocketClass): WebSocket | null {
  try {
    return new Socket(address.href, SUBPROTOCOL);
  } catch {
    return null;
  }
}

function silence(socket: WebSocket): void {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.onerror = () => {};
}

function payloadOf(data: unknown): Uint8Array | undefined {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : undefined;
}

/** What a relay says as it ends the connection. Its words are shown to people, so they are printable ASCII. */
function refusal(payload: Uint8Array): Lost {
  const known = REFUSALS.get(payload[1] ?? 0);
  const message = String.fromCharCode(...payload.subarray(2, 2 + 256));
  if (!known || payload.length > 2 + 255 || !/^[\x20-\x7e]*$/.test(message)) {
    return { code: "protocol", message: "the relay says what no relay says", retry: false };
  }
  return { ...known, message };
}
