/**
 * The words that `Effect.detail` may hold for a request of an HTTP API: the classes of packs, and what no pack knows.
 * Policy matches on them.
 * It does not decide which of them are allowed.
 */
import type { OperationClass } from "../../packs/pack.ts";
import type { DetailWord } from "../sql/details.ts";

const classes: Readonly<Record<OperationClass, Omit<DetailWord, "word">>> = {
  destroy: { operations: ["delete"], meaning: "the thing is gone" },
  wipe: { operations: ["delete"], meaning: "the thing stays and what it holds is gone" },
  restore: { operations: ["update"], meaning: "an older state takes the place of the data" },
  disarm: { operations: ["define"], meaning: "a safeguard ends: deletion protection, backups, retention, locks, logging" },
  exec: { operations: ["execute"], meaning: "code or SQL runs that the request carries" },
  credential: { operations: ["grant", "read"], meaning: "a secret is made, shown, changed or taken back, or rights change" },
  transfer: { operations: ["update"], meaning: "the thing gets another owner" },
  publish: { operations: ["define"], meaning: "what was private can be seen by others, or public work is shut" },
  money: { operations: ["execute"], meaning: "money moves" },
  outage: { operations: ["update"], meaning: "something stops, restarts or changes under those who use it" },
  write: { operations: ["update"], meaning: "a known change that loses nothing: a deployment, a comment" },
  read: { operations: ["read"], meaning: "reads by an API" },
};

export const httpDetailWords: readonly DetailWord[] = [
  ...Object.entries(classes).map(([word, rest]) => ({ word, ...rest })),
  { word: "unpacked_host", operations: ["connect"], meaning: "a request to a host that no pack knows" },
];
