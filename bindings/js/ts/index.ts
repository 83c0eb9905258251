/**
 * Multi-party Off-the-Record messaging: private group chat over any transport, with no trusted server.
 *
 * What events, options and codes mean is in docs/interfaces.md and docs/spec/11-events.md of the repository.
 */

export { MpotrError } from "./error.js";
export type * from "./events.js";
export { fingerprint, Identity } from "./identity.js";
export { Member } from "./member.js";
export { init as default, init, type Source } from "./module.js";
export type * from "./options.js";
export { Room, type Settings } from "./room.js";

/** The version of the interface: a changed meaning is another one, an added function is not. */
export const API_VERSION = 1;
