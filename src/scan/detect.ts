/**
 * Finds the credentials in one file's text: every rule over it, then placeholders out, then one finding for each place.
 * It does no I/O, and what it returns holds no secret.
 */
import { assignmentsIn, type Assignment } from "./assignments.ts";
import { addressCandidates } from "./addresses.ts";
import { entropy, hasLongRun } from "./chance.ts";
import type { Candidate, Credential, SourceText } from "./credential.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { grammarCandidates, splitLogin } from "./grammars.ts";
import { plainName } from "./names.ts";
import { type FileKind, fileKind, isTestFile } from "./paths.ts";
import { passagesWith } from "./passages.ts";
import { pemCandidates } from "./pem.ts";
import { isPlaceholder, isReference } from "./placeholder.ts";
import { loginFromWords } from "./postgres-url.ts";
import { namedValues, phrases, tokenShapes, tokenStores } from "./rules/index.ts";
import { isGenericSecret } from "./values.ts";

const compiled = tokenShapes.map((rule) => ({ rule, expression: new RegExp(`(?<![A-Za-z0-9_])(?:${rule.shape})(?![A-Za-z0-9_])`, "g") }));
const spoken = phrases.map((rule) => ({ rule, expression: new RegExp(rule.phrase.source, `${rule.phrase.flags}g`) }));
/** Stands in every name that `names.ts` and the named values take for a secret's. */
const tellingWords = /pass|pwd|pw\b|secret|token|key|auth|cred|jwt|dsn|bearer|pat\b|seed|mnemonic|connection/i;
/** More places than anybody reads; it bounds the work on a file that is made of tokens. */
const candidatesMax = 5_000;

/** In the order of the text. */
export function detect(file: SourceText, fingerprint: Fingerprint): readonly Credential[] {
  const line = lineNumbers(file.text);
  return secretsIn(file).map(({ start, secret, rule, kind, destroys, login }) => ({
    path: file.path,
    line: line(start),
    rule,
    kind,
    length: secret.length,
    fingerprint: fingerprint(secret),
    ...(destroys === undefined ? {} : { destroys }),
    ...(login === undefined ? {} : { login }),
  }));
}

/** With the secrets themselves, for `masked.ts` alone: what tells or shows anything takes `detect`. In the order of the text. */
export function secretsIn({ path, text }: SourceText): readonly Candidate[] {
  const kind = kindOf(path, text);
  // Order is precedence: where two overlap, the first names the secret.
  const candidates = [
    ...pemCandidates(text),
    ...grammarCandidates(path, text),
    ...shapeCandidates(text),
    ...addressCandidates(text, kind, isTestFile(path)),
    ...(kind === "generated" ? [] : phraseCandidates(text, kind === "example" || isTestFile(path))),
    ...assignedCandidates(path, text, kind),
  ];
  return withSplitLogin(kind, text, withoutOverlaps(candidates));
}

/** A program without an ending says by its first line what it is written in. */
function kindOf(path: string, text: string): FileKind {
  const kind = fileKind(path);
  return kind === "config" && /^#!.{0,80}\b(?:node|deno|bun|python[\d.]*|perl|ruby|php)\b/.test(text) ? "code" : kind;
}

/** Also for paths and other texts that are shown: a token in a file's name is a token. */
export function shapeCandidates(text: string): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const { rule, expression } of compiled) {
    if (!rule.marks.some((mark) => text.includes(mark)) || rule.unless?.test(text) === true) continue;
    for (const match of text.matchAll(expression)) {
      const [token] = match;
      if (isMadeUpToken(token) || rule.accept?.(token) === false) continue;
      found.push(candidateOf(rule, match.index, token));
    }
  }
  return found;
}

/** The shape is right, and somebody filled it with crosses. Long tokens hold any three letters by chance, so only whole words count. */
function isMadeUpToken(token: string): boolean {
  const body = token.replace(/^[A-Za-z]{2,8}[-_]/, "");
  return (
    hasLongRun(body.slice(0, 60)) ||
    entropy(body) < 2.5 ||
    (body.length < 200 && /example|placeholder|changeme|your[-_]|redacted|xxxxxx|dummy|insert/i.test(body))
  );
}

function assignedCandidates(path: string, text: string, kind: FileKind): readonly Candidate[] {
  const stores = tokenStores.filter((store) => store.path.test(path));
  const found: Candidate[] = [];
  if (stores.some((store) => store.name.test("whole_file"))) found.push(...wholeFile(path, text));
  if (kind === "generated") return found;
  const isTest = isTestFile(path);
  // A name may stand on the line before its value.
  const passages =
    stores.length > 0 ? [{ text, start: 0 }] : passagesWith(text, tellingWords, { following: 1, longLines: kind === "config" });
  const assignments = passages.flatMap((passage) =>
    assignmentsIn(passage.text, stores.length > 0 ? "config" : kind).map((one) => ({ ...one, start: one.start + passage.start })),
  );
  for (const assignment of assignments) {
    const name = plainName(assignment.name);
    const rule =
      stores.find((store) => store.name.test(name)) ??
      (kind === "example" ? undefined : namedValues.find((value) => value.name.test(name) && value.value.test(assignment.value)));
    if (rule !== undefined && !isPlaceholder(assignment.value) && assignment.value.length >= 4)
      found.push(candidateOf(rule, assignment.start, assignment.value));
    else if (isGenericSecret(assignment, kind, isTest) && !isRefusedToken(assignment, kind, text))
      found.push(candidateOf(ofDatabase.test(name) ? database : generic, assignment.start, assignment.value));
  }
  return found;
}

const ofDatabase =
  /(?:^|_)(?:db|database|datasource|pg|postgres(?:ql)?|mysql|mariadb|mongo(?:db)?|redis|rds|sql|mssql)(?:_|$).*pass|^pgpass/;
const database = {
  id: "database-password",
  kind: "password of a database",
  destroys: "change and delete what its role may in that database",
};
const generic = { id: "secret-value", kind: "secret under a telling name" };

/**
 * A token of a known shape that its own rule refused is not found again by its name. Only in a configuration file one whose own sum
 * is wrong may still be a secret: of a newer kind than the rule knows.
 */
function isRefusedToken({ value }: Assignment, kind: FileKind, text: string): boolean {
  return compiled.some(
    ({ rule, expression }) =>
      (rule.unless?.test(text) === true || (kind === "code" && rule.accept !== undefined)) && value.replace(expression, "") === "",
  );
}

function wholeFile(path: string, text: string): readonly Candidate[] {
  const rule = tokenStores.find((store) => store.path.test(path) && store.name.test("whole_file"));
  const token = text.trim();
  return rule === undefined || /\s/.test(token) || token.length < 16 || isPlaceholder(token)
    ? []
    : [candidateOf(rule, text.indexOf(token), token)];
}

function phraseCandidates(text: string, isMadeUpPlace: boolean): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const { rule, expression } of spoken)
    for (const passage of passagesWith(text, rule.marks))
      for (const match of passage.text.matchAll(expression)) {
        const secret = match.groups?.["quoted"] ?? match.groups?.["secret"] ?? "";
        const made = isPlaceholder(secret.replace(/[,;)]+$/, "")) || rule.accept?.(secret) === false;
        if (made || (isMadeUpPlace && entropy(secret) < 3.2)) continue;
        const at = match.index + match[0].lastIndexOf(secret);
        const login = rule.id === "dsn-password" ? loginFromWords(lineAround(passage.text, at)) : undefined;
        found.push({ ...candidateOf(rule, passage.start + at, secret), ...(login === undefined ? {} : { login }) });
      }
  return found;
}

function lineAround(text: string, at: number): string {
  const end = text.indexOf("\n", at);
  return text.slice(text.lastIndexOf("\n", at) + 1, end === -1 ? undefined : end);
}

/** PGHOST, PGUSER and PGPASSWORD of one file are one login: it goes with the password's finding. */
function withSplitLogin(kind: FileKind, text: string, found: readonly Candidate[]): readonly Candidate[] {
  const split = kind === "config" ? splitLogin(text) : undefined;
  if (split === undefined) return found;
  const secret = split.login.password();
  if (isReference(secret)) return found;
  const at = found.findIndex(({ start }) => start === split.start);
  const whole: Candidate = {
    start: split.start,
    end: split.start + secret.length,
    secret,
    rule: "postgres-variables",
    kind: "PostgreSQL login in variables",
    destroys: "change and delete what its role may in that database",
    login: split.login,
  };
  // A password too plain for the other rules counts here: host and role stand beside it.
  return at === -1 ? [...found, whole].sort((a, b) => a.start - b.start) : found.map((one, index) => (index === at ? whole : one));
}

function candidateOf(rule: { id: string; kind: string; destroys?: string }, start: number, secret: string): Candidate {
  const { id, kind, destroys } = rule;
  return { start, end: start + secret.length, secret, rule: id, kind, ...(destroys === undefined ? {} : { destroys }) };
}

/** The first of those that overlap, then by place. */
function withoutOverlaps(candidates: readonly Candidate[]): readonly Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of candidates.slice(0, candidatesMax))
    if (!kept.some(({ start, end }) => candidate.start < end && start < candidate.end)) kept.push(candidate);
  return kept.sort((a, b) => a.start - b.start);
}

/** A function from offset to line, counted from 1. */
function lineNumbers(text: string): (offset: number) => number {
  const ends: number[] = [];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) ends.push(at);
  return (offset) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
