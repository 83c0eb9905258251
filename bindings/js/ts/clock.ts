/** Milliseconds that the time of a room may stand still, and what part of the time that it runs is regained. */
const LONGEST_HALT = 300_000;
const REGAINED = 6;

/**
 * Milliseconds since it was made, also those in which the machine slept: the clock of a page may stand still then, and the date may
 * be set back. What either has gained counts.
 */
export class Elapsed {
  #elapsed = 0;
  #page = performance.now();
  #date = Date.now();

  read(): number {
    const page = performance.now();
    const date = Date.now();
    this.#elapsed += Math.max(page - this.#page, date - this.#date, 0);
    this.#page = page;
    this.#date = date;
    return this.#elapsed;
  }
}

/** The time of a room. It stands still while there is no connection, for a bounded time: docs/spec/07-transport.md, "Reconnecting". */
export class Clock {
  readonly #read: () => number;
  #start: number;
  #running: number;
  #halted: number | null = null;
  #allowance = LONGEST_HALT;

  constructor(elapsed: { read(): number } = new Elapsed()) {
    this.#read = () => elapsed.read();
    this.#start = this.#running = this.#read();
  }

  now(): number {
    const read = this.#read();
    const at = this.#halted === null ? read : Math.max(this.#halted, read - this.#allowance);
    return Math.floor(at - this.#start);
  }

  get standsStill(): boolean {
    return this.#halted !== null;
  }

  halt(): void {
    if (this.#halted === null) {
      this.#halted = this.#read();
      const ran = this.#halted - this.#running;
      this.#allowance = Math.min(LONGEST_HALT, this.#allowance + ran / REGAINED);
    }
  }

  goOn(): void {
    if (this.#halted !== null) {
      const at = this.#read();
      const stood = Math.min(at - this.#halted, this.#allowance);
      this.#start += stood;
      this.#allowance -= stood;
      this.#halted = null;
      this.#running = at;
    }
  }
}
