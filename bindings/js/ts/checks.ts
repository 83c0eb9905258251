/** What is looked at before anything goes into the module, where a wrong argument would be a trap or another one. */

import { MpotrError } from "./error.js";

/** More than anything that a room takes: what is longer is refused without being copied. */
const MOST = 1 << 21;

/** A time, or a number of something. */
export function count(field: string, value: number): bigint {
  if (typeof value !== "number") {
    throw new TypeError(`${field} is a number`);
  }
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`${field} is a whole number from 0 to 2^53 - 1`);
  }
  return BigInt(value);
}

/** A short text. */
export function text(field: string, value: string): string {
  if (typeof value !== "string") {
    throw new TypeError(`${field} is a string`);
  }
  if (value.length > MOST) {
    throw new MpotrError("params", `${field}: it is too long`, { field });
  }
  return wellFormed(field, value);
}

function wellFormed(field: string, value: string): string {
  if (!value.isWellFormed()) {
    throw new MpotrError("params", `${field}: it has half a character`, { field });
  }
  return value;
}

/** A value as a text of JSON. */
export function json(value: unknown): string {
  const written = JSON.stringify(value) as string | undefined;
  if (written === undefined) {
    throw new TypeError("it has no form as JSON");
  }
  if (written.length > MOST) {
    throw new MpotrError("request", "it is too long");
  }
  return written;
}

/** What a typed array is, whatever it says of itself: an object may hide `length` and the rest behind others of these names. */
function truth(name: "buffer" | "byteLength" | "byteOffset" | typeof Symbol.toStringTag): (array: Uint8Array) => unknown {
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
  const get = Object.getOwnPropertyDescriptor(typedArray, name)?.get;
  return (array) => get?.call(array) as unknown;
}

const [tag, buffer, offset, length] = [
  truth(Symbol.toStringTag),
  truth("buffer"),
  truth("byteOffset"),
  truth("byteLength"),
];

/** Bytes, also those of another window. Those whose memory was given away have none. */
export function bytes(field: string, value: Uint8Array): Uint8Array {
  if (!ArrayBuffer.isView(value) || tag(value) !== "Uint8Array") {
    throw new TypeError(`${field} is a Uint8Array`);
  }
  const count = length(value) as number;
  return count > 0 ? new Uint8Array(buffer(value) as ArrayBuffer, offset(value) as number, count) : new Uint8Array();
}

/** Bytes of which more than a room takes are refused for their length alone: of these it is told by as many others. */
export function bounded(field: string, value: Uint8Array): Uint8Array {
  const checked = bytes(field, value);
  return checked.length > MOST ? new Uint8Array(MOST) : checked;
}

/** The body of a text. */
export function body(value: Uint8Array | string): Uint8Array {
  if (typeof value !== "string") {
    return bounded("body", value);
  }
  return value.length > MOST ? new Uint8Array(MOST) : new TextEncoder().encode(wellFormed("text", value));
}

/** Does something with a secret that a person has typed, and wipes it, whatever comes of that. A string cannot be wiped. */
export function taken<T>(secret: Uint8Array, work: (secret: Uint8Array) => T): T {
  bytes("secret", secret);
  try {
    return work(bounded("secret", secret));
  } finally {
    Uint8Array.prototype.fill.call(secret, 0);
  }
}
