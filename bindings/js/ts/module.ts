/** The WebAssembly module: loaded once, and let alone after a trap. */

import load, * as raw from "./wasm/mpotr.js";

import { MpotrError } from "./error.js";

export { raw };

/** Where the module is: its address, its bytes, or what comes of compiling them. */
export type Source = URL | string | BufferSource | Response | WebAssembly.Module;

let loading: Promise<void> | undefined;
let isLoaded = false;
/** What ended it, if anything did: what was being done then is half done, so nothing more is. */
let trap: { thrown: unknown } | undefined;

/**
 * Loads the module; to be awaited before anything else is called. Called again, it waits for the same. Without a source it is the
 * file that comes with the package.
 */
export function init(source?: Source | Promise<Source>): Promise<void> {
  loading ??= start(source).catch((error: unknown) => {
    // Another source may do.
    loading = undefined;
    throw error;
  });
  return loading;
}

async function start(source?: Source | Promise<Source>): Promise<void> {
  if (typeof globalThis.crypto?.getRandomValues !== "function") {
    throw new MpotrError("no_random", "there is no crypto.getRandomValues here, and so no random bytes");
  }
  try {
    await load({ module_or_path: await (source ?? new URL("./wasm/mpotr_bg.wasm", import.meta.url)) });
  } catch (cause) {
    throw new MpotrError("bad_module", "the WebAssembly module cannot be loaded", {}, { cause });
  }
  isLoaded = true;
}

/**
 * Does something in the module, and nothing else: what it throws that the module did not mean to is taken for a trap. After one it is
 * `internal` for all, at once.
 */
export function guarded<T>(work: () => T): T {
  if (trap) {
    throw internal();
  }
  if (!isLoaded) {
    throw new MpotrError("not_loaded", "init() has to have come to its end first");
  }
  try {
    return work();
  } catch (thrown) {
    if (typeof thrown === "string") {
      throw MpotrError.read(thrown);
    }
    trap = { thrown };
    throw internal();
  }
}

function internal(): MpotrError {
  const message = "a fault of this library: nothing of it can be used any longer in this page or process";
  return new MpotrError("internal", message, {}, { cause: trap?.thrown });
}

interface Raw {
  free(): void;
}

function release(held: Raw): void {
  if (!trap) {
    try {
      held.free();
      return;
    } catch (thrown) {
      trap = { thrown };
    }
  }
  // Nor is it freed when it is collected.
  (held as Raw & { __destroy_into_raw(): number }).__destroy_into_raw();
}

const forgotten = new FinalizationRegistry(release);

/** Something in the module, until it is freed or forgotten. */
export class Handle<T extends Raw> {
  #held: T | undefined;

  constructor(make: () => T) {
    this.#held = guarded(make);
    forgotten.register(this, this.#held, this);
  }

  held(): T {
    if (!this.#held) {
      throw new MpotrError("closed", "it was freed");
    }
    return this.#held;
  }

  /** Does something with it. */
  with<R>(work: (held: T) => R): R {
    const held = this.held();
    return guarded(() => work(held));
  }

  free(): void {
    const held = this.#held;
    if (held) {
      this.#held = undefined;
      forgotten.unregister(this);
      release(held);
    }
  }
}
