/** The same for Node, where a file is not fetched but read. */

import { readFile } from "node:fs/promises";

import { init as load, type Source } from "./module.js";

export * from "./index.js";

/** Loads the module, as `init` of `index.ts`. */
export function init(source: Source | Promise<Source> = new URL("./wasm/mpotr_bg.wasm", import.meta.url)): Promise<void> {
  return load(source instanceof URL && source.protocol === "file:" ? readFile(source) : source);
}

export default init;
