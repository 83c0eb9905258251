import type { Key, Policy, Vote } from "./options.js";

/** What a room tells: docs/spec/11-events.md of the repository. `type` says which; a later version may have others, to be passed over. */
export type Event = Told & {
  /** Counts the events of the room. */
  n: number;
  /** When, by the caller's clock. */
  at: number;
  /** The epoch in force. */
  sid: string | null;
};

export type EventOf<T extends Event["type"]> = Extract<Event, { type: T }>;

type Told = Membership | Message | Order | Verification | Misconduct | Waiting | Ended;

type In<Group, Kinds> = { [K in keyof Kinds]: { group: Group; type: K } & Kinds[K] }[keyof Kinds];

/** Nothing more to say. */
type Bare = unknown;

type Membership = In<
  "membership",
  {
    wants_in: { claimed: Key; voted_out: boolean };
    agreeing: { claimed: Key[] };
    joining: { claimed: Key };
    agreement_failed: { claimed: Key[]; fault?: string };
    secure: {
      sid: string;
      epoch: string;
      parent?: string;
      suite: string;
      policy: Policy;
      roster: { identity: Key; me: boolean }[];
      added: Key[];
      removed: Key[];
    };
    joined: { identity: Key };
    leaving: { identity: Key };
    left: { identity: Key };
    left_out: { identity: Key };
    voted: { vote: Vote; by: Key[] };
    policy_changed: { policy: Policy };
    other_epoch: { epoch: string; members: number };
    behind: Bare;
    removed: Bare;
  }
>;

/** Of a chat message its nick and text, of any other its body in base64url. */
type Body = { nick: string; text: string; body?: never } | { body: string; nick?: never; text?: never };

type Message = In<
  "message",
  {
    message: { id: string; author: Key; seq: number } & Body;
    sent: { text_id: number; id: string };
    held: { text_id: number; added: Key[] };
    acknowledged: { text_id: number };
    missed: { text_id: number; by: Key[] };
    dropped: { text_id: number; why: string };
  }
>;

type Order = In<
  "order",
  {
    provisional: { id: string; place: number };
    final: { count: number; digest: string; ids: string[] };
    unsettled: { since: number; count: number; waiting_for: Key[] };
    settled: Bare;
    fork: { identity: Key; count: number };
    difference: { identity: Key; place: number; here: string | null; there: string | null };
    lagging: { identity: Key };
  }
>;

type Verification = In<
  "verification",
  {
    code: { round: string; code: string; roster: Key[] };
    code_asked: { round: string; identity: Key };
    code_failed: { round: string; why: "missing" | "wrong_reveal" | "epoch_changed"; who: Key[]; tries: number };
    secret_asked: { attempt: string; identity: Key; question: string; failures: number };
    secret_result: {
      attempt: string;
      identity: Key;
      result: "same" | "different" | "aborted" | "epoch_changed";
      failures: number;
    };
  }
>;

type Misconduct = In<
  "misconduct",
  {
    cheated: { identity: Key; fault: string };
    equivocation: { identity: Key; seq: number; ids: [string, string] };
    contradicted: { identity: Key };
    disputed: { id: string; author: Key; seq: number } & Body;
    leaked: { identity: Key };
    replaced: { identity: Key };
    identity_in_use: Bare;
  }
>;

/** With the fields of its reason: docs/spec/11-events.md, "Reasons to wait as JSON". */
type Reason = { reason: string; [field: string]: unknown };

type Waiting = In<"waiting", { waiting: Reason & { since: number; until?: number }; waiting_over: Reason }>;

type Ended = In<
  "ended",
  {
    published: Bare;
    ended: { acknowledged: boolean; transcripts_equal: boolean; published: boolean; count: number; digest: string };
    closed: { code: string; message: string; retry: boolean };
  }
>;

/** What a screen shows of a room: docs/interfaces.md, "What a screen shows". */
export interface State {
  name: string;
  phase: "alone" | "gathering" | "agreeing" | "secure" | "leaving" | "ended";
  sid: string | null;
  epoch: string | null;
  suite: string;
  backend: string;
  policy: Policy;
  members: { identity: Key; fingerprint: string; me: boolean; muted: boolean; presence: "here" | "leaving" | "left" }[];
  outside: { claimed: Key; voted_out: boolean }[];
  texts: { text_id: number; state: "queued" | "held" | "sent"; added?: Key[]; id?: string }[];
  waiting: EventOf<"waiting">[];
  votes: Vote[];
  alerts: { n: number; at: number; type: string; identity?: Key }[];
}

/** How far a message is. */
export interface MessageState {
  author: Key;
  seen_by: Key[];
  place: number | null;
  final: boolean;
}
