/**
 * The sentences an agent reads when it is refused: what it would have done, in figures and names, and a scoped next step.
 * They never hold a rule's id, title or wording: an agent that is told the rule writes around it.
 */
import type { ReasonCode } from "../model/codes.ts";
import type { Reason } from "../model/decision.ts";
import type { Effect } from "../model/effect.ts";
import type { Facts } from "../model/facts.ts";
import { apiSentence } from "./api-reasons.ts";
import { describe } from "./describe.ts";
import { askFor } from "./ask-for.ts";

/** One effect that stands in the way, and the code of the answer it got. */
export interface Ground {
  readonly effect: Effect;
  readonly code: ReasonCode;
  /** The bin would have answered it, if it could take it. */
  readonly bin?: true;
}

/** Other effects named in one message; the rest is counted. */
const NAMED_MAX = 3;

/** `grounds` holds at least one. What the statement names itself comes before what follows from it. */
export function reasonFor(kind: "deny" | "hold", grounds: readonly Ground[], facts: Facts): Reason {
  const first = grounds.find((g) => g.effect.cause === "direct") ?? grounds[0];
  if (first === undefined) return { code: "not_permitted", message: "nothing permits this statement" };
  const others = grounds.filter((g) => g !== first).map((g) => g.effect);
  const { why, next: instead } = sentence(first);
  const asked = facts.askable === true ? askFor(kind, grounds) : undefined;
  const next = asked === undefined ? instead : `${instead}, or ask a person for it: ${asked}`;
  const would = first.effect.operation === "unknown" ? why : `would ${describe(first.effect)}${also(first.effect, others)}: ${why}`;
  if (kind === "deny") return { code: first.code, message: would, next };
  const message = grounds.every(({ bin }) => bin === true) ? `${would}, and ${binless(facts)}` : would;
  return facts.approvals
    ? { code: first.code, message: `${message}; a person must approve it`, next: `${next}, or wait for a person's answer` }
    : { code: "approval_unavailable", message: `${message}; it needs a person's approval, and approvals are not set up here`, next };
}

/** Why something that a bin could have taken is a question all the same. */
function binless({ bin }: Facts): string {
  return bin === "unfit" ? "it cannot go into the bin in this form" : "no bin is kept here that could hold it";
}

/** What holds rows is named before what only serves it: of a schema's forty objects an agent should read the tables. */
function also(first: Effect, others: readonly Effect[]): string {
  const said = new Set([describe(first)]);
  const holdsRows = ({ resource }: Effect): boolean => resource.type === "table" || resource.type === "foreign_table";
  const ordered = [...others.filter(holdsRows), ...others.filter((effect) => !holdsRows(effect))];
  const rest = ordered.map(describe).filter((words) => !said.has(words) && said.add(words));
  if (rest.length === 0) return "";
  const left = rest.length - NAMED_MAX;
  return `, and ${rest.slice(0, NAMED_MAX).join(", ")}${left > 0 ? `, and ${left} more` : ""}`;
}

interface Sentence {
  readonly why: string;
  readonly next: string;
}

function sentence({ effect, code }: Ground): Sentence {
  const { type } = effect.resource;
  if (code !== "rule_failed" && (type === "api_resource" || type === "api_host")) return apiSentence(effect);
  switch (code) {
    case "destructive":
      return destructive(effect);
    case "unbounded_change":
      return unboundedChange(effect);
    case "change_not_permitted":
      return changeNotPermitted(effect);
    case "definition_not_permitted":
      return definitionNotPermitted(effect);
    case "privilege_change":
      return privilegeChange();
    case "outside_database":
      return outsideDatabase();
    case "secret_read":
      return secretRead();
    case "session_pinned":
      return sessionPinned();
    case "not_understood":
      return notUnderstood(effect);
    case "rule_failed":
      return ruleFailed();
    default:
      return notPermitted(effect);
  }
}

function destructive(effect: Effect): Sentence {
  const lost = effect.reversibility === "irreversible" ? "what it removes cannot be brought back" : "it removes data or structure";
  switch (effect.detail) {
    case "truncate":
      return { why: lost, next: "delete only the rows you mean, with a WHERE on their key" };
    case "drop":
      return { why: lost, next: "leave the object in place, or ask a person to remove it; add what you need beside it under another name" };
    default:
      return { why: lost, next: "restrict the statement to the rows or columns you mean, or ask a person to do it" };
  }
}

function unboundedChange(effect: Effect): Sentence {
  if (effect.cause !== "direct") {
    return {
      why: "how many rows follow from it is not limited by the statement",
      next: "change the rows that depend on it first, each restricted by key",
    };
  }
  return { why: "nothing in the statement restricts it", next: "restrict the WHERE to the rows you mean, for example by key" };
}

function changeNotPermitted(effect: Effect): Sentence {
  if (effect.detail === "lock" || effect.resource.type === "lock") {
    return { why: "locks that make others wait are not given to this session", next: "read without FOR UPDATE or LOCK" };
  }
  return {
    why: "this session may read and not change",
    next: "read what you need with SELECT, and hand the change as SQL text to a person who may run it",
  };
}

function definitionNotPermitted(effect: Effect): Sentence {
  const temporary = effect.detail === "create_temporary" || effect.detail === "create_table";
  const instead = temporary ? "a subquery or a CTE can often stand for a new table" : "reading the definition is permitted";
  return {
    why: "this session may not change the schema in this way",
    next: `hand the change to whoever runs migrations; ${instead}`,
  };
}

function privilegeChange(): Sentence {
  return {
    why: "roles, rights and row policies are not changed from this session",
    next: "ask a person for the right that is missing, and name the table and the command it is for",
  };
}

function outsideDatabase(): Sentence {
  return {
    why: "nothing outside this database is within reach of this session",
    next: "move data through the client instead: COPY ... TO STDOUT and COPY ... FROM STDIN",
  };
}

function secretRead(): Sentence {
  return { why: "it holds secrets", next: "select only the columns and tables that hold none" };
}

function sessionPinned(): Sentence {
  return {
    why: "this setting is kept as it is for the whole session",
    next: "go on without changing it; everything else of the session still works",
  };
}

function notUnderstood(effect: Effect): Sentence {
  const because = effect.because === undefined ? "" : `: ${effect.because}`;
  if (effect.detail === "unknown_relation" || effect.detail === "unknown_function") {
    return {
      why: `what it would do is not known${because}: \`${effect.resource.name}\``,
      next: "check the name, its schema and the search_path; what the server does not hold cannot be judged",
    };
  }
  return {
    why: `what it would do is not known${because}`,
    next: "write it as plain statements that name the tables and the values they touch",
  };
}

function ruleFailed(): Sentence {
  return {
    why: "whether it is permitted could not be found out, so it is refused",
    next: "tell the operator; the same statement will be refused until then",
  };
}

function notPermitted(effect: Effect): Sentence {
  const next = effect.operation === "read" ? "read something else" : "keep to what only reads, or ask a person to run it";
  return { why: "nothing permits it here", next };
}
