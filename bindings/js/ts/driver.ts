/** Joins a member to a relay: docs/spec/07-transport.md, "The driver". */

import { Clock, Elapsed } from "./clock.js";
import type { Event } from "./events.js";
import type { Link, Lost } from "./link.js";
import type { Member } from "./member.js";

/** While so many events are unread, no packet is taken. */
const MOST_EVENTS = 1_024;
/** Bytes that may wait in the connection: what waits there cannot be taken back by what is newer. */
const MOST_QUEUED = 4_096;
/** Milliseconds between two looks at what waits there, the first time and later. */
const [SOON, LATER] = [50, 1_000];
/** Milliseconds without a look at the clock: a machine that sleeps wakes nobody. */
const LONGEST_SLEEP = 20_000;
/** Milliseconds for which packets are taken before the page has its turn. */
const TURN = 20;
/** Milliseconds after which a connection has held. */
const LASTS = 15_000;
/** Milliseconds after which others may have gone on without this member. */
const LONG_LOSS = 60_000;
/** Milliseconds for which a room that is being left waits for another connection. */
const LEAVES = 60_000;
/** Milliseconds before the first attempt to connect again, and before later ones at most; up to twice as many, by lot. */
const [FIRST_WAIT, LONGEST_WAIT] = [250, 15_000];

/** Something that can be waited for, and brought about. */
class Signal {
  readonly come: Promise<void>;
  give!: () => void;

  constructor() {
    this.come = new Promise((resolve) => (this.give = resolve));
  }
}

export class Driver {
  /** What the member has told and nobody has taken. */
  readonly #events: Event[] = [];
  readonly #clock = new Clock();
  readonly #elapsed = new Elapsed();
  /** The end of the member, or of the program's interest in it. */
  readonly #end = new Signal();
  #change = new Signal();
  /** No other connection is waited for. */
  #stop = new Signal();
  #link: Link | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  /** When the room was asked to be left, and when its connection was lost, if that is so. */
  #leavesAt: number | undefined;
  #lostAt: number | undefined;
  #isStopped = false;
  #isOver = false;
  #fault: { thrown: unknown } | undefined;

  constructor(
    private readonly member: Member,
    private readonly connect: () => Promise<Link>,
    private readonly giveUp: number,
    private keep?: (piece: Uint8Array) => void,
  ) {}

  /** Nothing more is told, sent or received. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Serves one connection after the other, until the member or the relay is over. */
  start(link: Link): void {
    this.#run(link).then(
      () => this.finish(),
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  /** Until something is told, or all is over. */
  changed(): Promise<void> {
    return this.#change.come;
  }

  /** The next event. A fault of this library is thrown after all of them. */
  take(): Event | undefined {
    const event = this.#events.shift();
    if (event) {
      this.#guarded(() => this.#receive());
    } else if (this.#fault) {
      throw this.#fault.thrown;
    }
    return event;
  }

  /** Does something with the member. */
  do<T>(work: (member: Member, now: number) => T): T {
    const done = work(this.member, this.#clock.now());
    this.#settle();
    return done;
  }

  /** The member leaves, or stops: nothing is waited for that would be no use then. */
  leaves(stops: boolean): void {
    this.#leavesAt ??= this.#elapsed.read();
    if (stops) {
      this.#stops();
    }
    this.#bePatient();
    this.#guarded(() => this.#receive());
  }

  #stops(): void {
    this.#isStopped = true;
    this.#stop.give();
  }

  /** A room that is being left, and whose connection is lost, waits for another for some time. */
  #bePatient(): void {
    clearTimeout(this.#patience);
    if (!this.#isOver && this.#leavesAt !== undefined && this.#lostAt !== undefined) {
      const until = Math.max(this.#leavesAt, this.#lostAt) + LEAVES;
      this.#patience = setTimeout(() => this.#stops(), Math.max(until - this.#elapsed.read(), 0));
    }
  }

  /** Ends at once. */
  finish(): void {
    if (!this.#isOver) {
      this.#isOver = true;
      clearTimeout(this.#timer);
      clearTimeout(this.#watch);
      clearTimeout(this.#patience);
      this.#link?.close();
      this.#end.give();
      this.#stop.give();
      this.#tell();
    }
  }

  #fail(thrown: unknown): void {
    this.#fault ??= { thrown };
    this.finish();
  }

  /** Does what nobody waits for: a fault is told to who reads events, and not lost. */
  #guarded(work: () => void): void {
    try {
      if (!this.#isOver) {
        work();
      }
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #tell(): void {
    const change = this.#change;
    this.#change = new Signal();
    change.give();
  }

  /** Hands on what belongs in a transcript. One that cannot be written ends the room: a file with a hole is none. */
  #record(): void {
    try {
      for (let piece = this.keep && this.member.pollRecord(); piece; piece = this.member.pollRecord()) {
        const answer: unknown = this.keep?.(piece);
        if (typeof (answer as PromiseLike<unknown> | undefined)?.then === "function") {
          // What comes of it is not waited for, and is no fault of its own.
          Promise.resolve(answer).catch(() => {});
          throw new TypeError("transcript is a function that returns no promise");
        }
      }
    } catch (thrown) {
      delete this.keep;
      this.member.close();
      // What became of each text is told before that.
      this.#takeEvents();
      this.#fail(thrown);
      throw thrown;
    }
  }

  /** After anything was done with the member: takes what it tells, has what it has to say sent, and looks again when that is due. */
  #settle(): void {
    this.#record();
    this.#takeEvents();
    if (this.#isOver) {
      return;
    }
    if (this.member.hasEnded) {
      this.#stop.give();
    }
    this.#send();
    clearTimeout(this.#timer);
    const due = this.member.pollTimeout();
    if (due !== null) {
      const wait = Math.min(Math.max(due - this.#clock.now(), 0), LONGEST_SLEEP);
      // A clock that stands still is looked at now and then.
      const late = this.#clock.standsStill ? Math.max(wait, LATER) : wait;
      this.#timer = setTimeout(() => this.#guarded(() => this.do((member, now) => member.handleTimeout(now))), late);
    }
  }

  #takeEvents(): void {
    const before = this.#events.length;
    for (let event = this.member.pollEvent(); event; event = this.member.pollEvent()) {
      this.#events.push(event);
    }
    if (this.#events.length > before) {
      this.#tell();
    }
  }

  #send(): void {
    const link = this.#link;
    while (link && link.queued < MOST_QUEUED) {
      const packet = this.member.pollPacket();
      if (packet) {
        link.send(packet);
      } else if (this.member.hasEnded) {
        return this.#end.give();
      } else {
        return;
      }
    }
    if (link && this.#watch === undefined) {
      this.#watch = setTimeout(() => this.#guarded(() => this.#look(link)), SOON);
    }
  }

  /** Looks at what waits in a connection, and tells the room where that takes its time. */
  #look(link: Link): void {
    this.#watch = undefined;
    if (link === this.#link) {
      const queued = link.queued < MOST_QUEUED ? 0 : link.queued;
      if (queued > 0) {
        this.#watch = setTimeout(() => this.#guarded(() => this.#look(link)), LATER);
      }
      this.do((member, now) => member.link(now, { queued }));
    }
  }

  /** Takes packets, while there is room for what they tell. */
  #receive(isLast = false): void {
    const link = this.#link;
    const until = performance.now() + TURN;
    while (link && (isLast || this.#leavesAt !== undefined || this.#events.length < MOST_EVENTS)) {
      const packet = link.take();
      if (!packet) {
        return;
      }
      // Why it changed nothing, if so, is nobody's fault.
      this.do((member, now) => member.handlePacket(now, packet));
      if (!isLast && performance.now() > until) {
        setTimeout(() => this.#guarded(() => this.#receive()));
        return;
      }
    }
  }

  /** Serves one connection until it is lost, or the room has ended and its last words are out. */
  async #serve(link: Link): Promise<Lost | void> {
    this.#link = link;
    link.onpacket = () => this.#guarded(() => this.#receive());
    this.#settle();
    this.#receive();
    const lost = await Promise.race([this.#end.come, link.over]);
    if (!this.#isOver && lost) {
      this.#receive(true);
    }
    this.#link = null;
    link.close();
    return lost;
  }

  async #run(first: Link): Promise<void> {
    let attempts = 0;
    let lostAt = 0;
    for (let link: Link | null = first; link; ) {
      const lost: Lost | void = await this.#serve(link);
      if (!lost || this.#isOver) {
        return;
      }
      const now = this.#elapsed.read();
      if (attempts === 0 || performance.now() - link.since >= LASTS) {
        attempts = 0;
        lostAt = now;
      }
      this.#clock.halt();
      this.#lostAt = now;
      this.#bePatient();
      ({ link, attempts } = await this.#reconnect(lost, attempts, lostAt));
    }
  }

  /** Tries until there is another connection, or there will be none. */
  async #reconnect(lost: Lost, attempts: number, lostAt: number): Promise<{ link: Link | null; attempts: number }> {
    for (let last = lost; ; ) {
      if (this.#isOver || this.member.hasEnded) {
        return { link: null, attempts };
      }
      if (!last.retry || this.#isStopped || this.#elapsed.read() - lostAt > this.giveUp) {
        this.#lose(last);
        return { link: null, attempts };
      }
      attempts += 1;
      const wait = (last.isSlow ? LONGEST_WAIT : Math.min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)) * (1 + Math.random());
      const { code } = last;
      this.do((member, now) => member.carrier(now, { news: "lost", code, attempt: attempts, next: now + Math.ceil(wait) }));
      try {
        const link = await this.#again(wait);
        if (link) {
          this.#found(link, lostAt);
          return { link, attempts };
        }
      } catch (another) {
        last = another as Lost;
      }
    }
  }

  /** One more attempt, after a wait; nothing if there is to be no other connection. */
  async #again(wait: number): Promise<Link | void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([new Promise((resolve) => (timer = setTimeout(resolve, wait))), this.#stop.come]);
    clearTimeout(timer);
    if (this.#isOver || this.#isStopped || this.member.hasEnded) {
      return;
    }
    const connects = this.connect();
    const link = await Promise.race([connects, this.#stop.come]);
    if (!link) {
      connects.then((late) => late.close(), () => {});
    }
    return link;
  }

  #found(link: Link, lostAt: number): void {
    if (this.#isOver) {
      return link.close();
    }
    this.#lostAt = undefined;
    this.#bePatient();
    this.#clock.goOn();
    this.do((member, now) => {
      member.carrier(now, { news: "back" });
      if (this.#elapsed.read() - lostAt >= LONG_LOSS) {
        // A new epoch shows at once who is still there.
        member.refresh(now);
      }
    });
  }

  /** The relay is lost for good: what became of each text is told, and the end of the carrier last. */
  #lose({ code, message, retry }: Lost): void {
    this.do((member, now) => {
      member.close();
      member.carrier(now, { news: "closed", code, message, retry });
    });
  }
}
