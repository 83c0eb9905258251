/** What the page says of a room, in words. */

import { type Event, MpotrError, type State, type Vote } from "./mpotr/index.js";

type Naming = (key: string) => string;

/** How a person is called on its own page. */
export const YOU = "you";

const PHASES: Record<State["phase"], string> = {
  alone: "Nobody else is in the room yet.",
  gathering: "Looking who is here.",
  agreeing: "Agreeing on keys.",
  secure: "Secure: only those under \u201cWho is here\u201d can read what you write.",
  leaving: "Leaving.",
  ended: "You are not in the room any longer.",
};

export function phase(state: State): string {
  return PHASES[state.phase] ?? state.phase;
}

/**
 * Why the room waits, of the reasons of docs/spec/11-events.md; null where a list says what to do. One that this page does not know is
 * shown by its name.
 */
export function reason(waiting: Readonly<Record<string, unknown>> & { reason: string }, name: Naming): string | null {
  const people = (field: string): string => names((waiting[field] as string[] | undefined) ?? [], name);
  switch (waiting.reason) {
    case "alone":
      return "Tell your friends the name of the room and the address of this page.";
    case "gathering":
      return `${waiting.have as number} of ${waiting.want as number} are here.`;
    case "outside":
      return "The others talk already, and have not let you in yet.";
    case "agreeing":
    case "changing":
      return `Waiting for ${people("missing")}.`;
    case "identity_in_room":
      return "Your key is in the room already, in another place.";
    case "another_instance":
      return "A member has come twice.";
    case "rules_differ":
      return "The others keep other rules. This page has none of its own.";
    case "other_suite":
    case "other_version":
      return "The others use a version that this page does not have.";
    case "excluding":
      return "A member is being left out. Texts wait.";
    case "asked_out":
      return `${people("by")} asked that you leave: ${waiting.have as number} of ${waiting.need as number} votes.`;
    case "needs_votes":
      return `${waiting.have as number} of ${waiting.need as number} have asked: ${vote(waiting.vote as Vote, name)}`;
    case "not_admitted":
      return people("missing") === YOU ? null : `${name(waiting.identity as string)} waits for ${people("missing")} to let it in.`;
    case "not_final":
      return `Not all have read all: ${people("waiting_for")}.`;
    case "slow_link":
      return "The connection is slow.";
    case "expired":
      return "The keys are too old to write with. New ones are being made.";
    case "reconnecting":
      return "The relay is lost. Trying again.";
    case "admit_here":
    case "vote_here":
      return null;
    default:
      return waiting.reason;
  }
}

export function vote(vote: Vote, name: Naming): string {
  if (vote === "refresh") {
    return "new keys";
  }
  if ("admit" in vote) {
    return `let in ${name(vote.admit)}`;
  }
  if ("exclude" in vote) {
    return `leave out ${name(vote.exclude)}`;
  }
  return "merge" in vote ? "become one room with another" : "other rules";
}

/** A line on what has happened, or null where the lists show it. */
export function line(event: Event, name: Naming): string | null {
  switch (event.type) {
    case "secure":
      return event.added.length > 0 || event.removed.length === 0
        ? `The room is secure, with ${names(event.roster.filter((it) => !it.me).map((it) => it.identity), name)}.`
        : null;
    case "left":
      return `${name(event.identity)} has left.`;
    case "left_out":
      return `${name(event.identity)} is not in the room any longer.`;
    case "voted":
      return `${names(event.by, name)} asked: ${vote(event.vote, name)}.`;
    case "removed":
      return "The others go on without you.";
    case "behind":
      return "The others went on while you were away. You are let in again when they have seen you.";
    case "agreement_failed":
      return "Keys could not be agreed on. It is tried again.";
    case "cheated":
    case "equivocation":
    case "contradicted":
      return `${name(event.identity)} broke the protocol. Its program is broken or hostile.`;
    case "disputed":
      return `Others have another text from ${name(event.author)} in the same place.`;
    case "leaked":
      return `The keys of ${name(event.identity)} were published too early. Do not believe new texts under its name.`;
    case "replaced":
      return `Another program took the place of ${name(event.identity)}.`;
    case "identity_in_use":
      return "Another program uses your key.";
    case "fork":
    case "difference":
      return `${name(event.identity)} has read other texts than you, or in another order.`;
    case "code_failed":
      return `No code came about (${event.why}): ${names(event.who, name)}.`;
    case "secret_result":
      return `The question of ${name(event.identity)} is over: ${event.result}.`;
    case "ended":
      return event.acknowledged
        ? "You have left, and all that you said has arrived."
        : "You have left. Some of what you said may not have arrived.";
    case "closed":
      return `The relay is lost: ${event.message}`;
    default:
      return null;
  }
}

export function names(keys: readonly string[], name: Naming): string {
  return keys.length > 0 ? keys.map(name).join(", ") : "nobody";
}

/** Why something was not done. */
export function fault(error: unknown): string {
  if (!(error instanceof MpotrError)) {
    return String(error);
  }
  switch (error.code) {
    case "not_secure":
      return "Not yet: the room is not secure. Your text is still in its field.";
    case "stale_roster":
      return "Others have come in since. Look who is here, and send again.";
    case "busy":
      return "Not now: the keys of the room are changing, or one is to be left out. Try again in a moment.";
    case "internal":
      return "This page has a fault and has stopped. Load it again: you come back with a new key.";
    default:
      return error.message;
  }
}
