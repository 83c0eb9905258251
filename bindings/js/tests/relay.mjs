/** A relay in memory, for tests: what a program would bring as `WebSocket` speaks with it. */

export class Relay {
  clients = [];
  isAway = false;
  last = 0;

  /** `refuses` is what it answers to a client; `says` comes behind `joined`. */
  constructor({ refuses, says = [] } = {}) {
    Object.assign(this, { refuses, says });
    const relay = this;
    this.WebSocket = class extends Socket {
      constructor(address, protocols) {
        super(relay, address, protocols);
      }
    };
  }

  get settings() {
    return { WebSocket: this.WebSocket };
  }

  /** Ends all connections, and takes no more until it is back. */
  leave() {
    this.isAway = true;
    for (const client of this.clients.splice(0)) {
      client.drop();
    }
  }

  join(client, first) {
    if (this.refuses) {
      client.hear(this.refuses);
      return;
    }
    if (first.length !== 33 || first[0] !== 1) {
      throw new Error("a first frame that no client sends");
    }
    client.number = ++this.last;
    this.clients.push(client);
    client.hear(Uint8Array.of(2));
    for (const says of this.says) {
      client.hear(says);
    }
  }

  pass(client, packet) {
    for (const other of this.clients) {
      if (other !== client) {
        const payload = new Uint8Array(9 + packet.length);
        payload[8] = client?.number ?? 0;
        payload.set(packet, 9);
        other.hear(payload);
      }
    }
  }
}

class Socket {
  bufferedAmount = 0;
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  #relay;
  #isOpen = false;
  #hasJoined = false;

  constructor(relay, address, protocols) {
    this.#relay = relay;
    Object.assign(this, { address, protocols });
    setTimeout(() => {
      if (relay.isAway) {
        this.onerror?.({});
        this.drop();
      } else {
        this.#isOpen = true;
        this.onopen?.({});
      }
    });
  }

  send(data) {
    const bytes = Uint8Array.from(data);
    setTimeout(() => {
      if (!this.#isOpen) {
        return;
      }
      if (this.#hasJoined) {
        this.#relay.pass(this, bytes);
      } else {
        this.#hasJoined = true;
        this.#relay.join(this, bytes);
      }
    });
  }

  hear(payload) {
    setTimeout(() => {
      if (this.#isOpen) {
        this.onmessage?.({ data: typeof payload === "string" ? payload : Uint8Array.from(payload).buffer });
      }
    });
  }

  close() {
    // What was sent leaves before.
    setTimeout(() => {
      this.#relay.clients = this.#relay.clients.filter((it) => it !== this);
      this.drop();
    });
  }

  drop() {
    this.#isOpen = false;
    this.onclose?.({});
  }
}
