import { bounded, text } from "./checks.js";
import { guarded, Handle, raw } from "./module.js";

/** A long-term identity: a key pair, by which others know a member. */
export class Identity {
  readonly #handle: Handle<raw.Identity>;

  /** A new one. */
  constructor();
  /** @internal */
  constructor(make: () => raw.Identity);
  constructor(make?: () => raw.Identity) {
    this.#handle = new Handle(typeof make === "function" ? make : () => new raw.Identity());
  }

  /** The one in a file, as `mpotr identity new` makes it. One under a passphrase is not opened here. */
  static read(file: Uint8Array): Identity {
    const read = bounded("file", file);
    return new Identity(() => raw.Identity.read(read));
  }

  /** Its file. Who reads it can act as this identity. */
  write(): Uint8Array {
    return this.#handle.with((held) => held.write());
  }

  /** Its public key. */
  get key(): string {
    return this.#handle.with((held) => held.key);
  }

  /** What people compare of it: eight groups of five digits. */
  get fingerprint(): string {
    return fingerprint(this.key);
  }

  /** Erases it here. Members that were made with it have it yet. */
  free(): void {
    this.#handle.free();
  }

  [Symbol.dispose](): void {
    this.free();
  }

  /** For a member, which takes a copy. @internal */
  held(): raw.Identity {
    return this.#handle.held();
  }
}

/** What people compare of a key: eight groups of five digits. */
export function fingerprint(key: string): string {
  const checked = text("identity", key);
  return guarded(() => raw.fingerprint(checked));
}
