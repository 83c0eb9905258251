/** Keys, ids and `sid` are texts of lower-case hexadecimal. */
export type Key = string;

/** Whom a member is willing to be in a room with. */
export type Admission = { only: Key[] } | { ask: Key[] } | "open";

/** Who may do something: any one member, so many of them, or so many of these. */
export type Right = "anyone" | { quorum: number } | { founders: Key[] };

export interface Policy {
  agreement: "bd" | "pairwise";
  authentication: "proof" | "3dh";
  admit: Right;
  exclude: Right;
  change: Right;
  evidence: boolean;
  rekey: "full" | "light";
}

export type Vote = { admit: Key } | { exclude: Key } | { policy: Policy } | { merge: string } | "refresh";

/** What a room is opened with. Its texts are chat messages by `nick`, or with `payload: "bytes"` what the program makes of them. */
export interface RoomOptions {
  name: string;
  admission: Admission;
  nick?: string;
  payload?: "chat" | "bytes";
  suite?: "chacha20poly1305" | "aes256gcm";
  policy?: Partial<Policy>;
  members?: number;
  profile?: "loopback" | "relay" | "line" | "mail";
  max_packet?: number;
  refresh_messages?: number;
  leeway?: number;
  exclude_cheats?: boolean;
  record?: boolean;
}
