/**
 * What may enter a record: every field has a classification, and what has none is secret.
 * The last line of defence only: literals of statements are replaced by the analysis before they come here.
 */
import { Defect } from "../base/assert.ts";
import { limits } from "../base/limits.ts";
import type { AuditEvent } from "../model/event.ts";
import { hasNoLiteral } from "./no-literal.ts";

const secretText = "[redacted]";

/**
 * `public`: ids, figures and closed vocabularies. `message`: sentences that may quote data. `sql`: statement text.
 * `sensitive`: names and free text from outside. A field not listed is secret.
 */
type Treatment = "public" | "message" | "sql" | "sensitive";

const treatments: { readonly [field: string]: Treatment } = {
  kind: "public",
  version: "public",
  policyDigest: "public",
  tornBytes: "public",
  unknownOutcomes: "public",
  target: "public",
  preset: "public",
  observing: "public",
  session: "public",
  environment: "public",
  serverProcess: "public",
  judgement: "public",
  textDigest: "public",
  cut: "public",
  decision: "public",
  observed: "public",
  code: "public",
  rules: "public",
  catalogueVersion: "public",
  action: "public",
  status: "public",
  rowsChanged: "public",
  rowsReturned: "public",
  inserted: "public",
  updated: "public",
  deleted: "public",
  truncated: "public",
  bytesReturned: "public",
  elapsedMs: "public",
  answeredBy: "public",
  end: "public",
  actions: "public",
  figure: "public",
  allowed: "public",
  operation: "public",
  type: "public",
  count: "public",
  run: "public",
  grant: "public",
  ask: "public",
  breakGlass: "public",
  nonces: "public",
  operations: "public",
  untilMs: "public",
  usesMax: "public",
  rowsMax: "public",
  uses: "public",
  rows: "public",
  revoked: "public",
  statements: "public",
  refused: "public",
  rowsRead: "public",
  bytes: "public",
  held: "public",
  wallMs: "public",
  reversibility: "public",
  undoable: "public",
  cause: "public",
  classification: "public",
  accepted: "public",
  method: "public",
  nonce: "public",
  bodyDigest: "public",
  signature: "public",
  publicKey: "public",
  repeated: "public",
  generation: "public",
  approval: "public",
  plan: "public",
  planDigest: "public",
  actDigest: "public",
  strength: "public",
  quorum: "public",
  expiresAtMs: "public",
  answer: "public",
  atMs: "public",
  channel: "public",
  tookMs: "public",
  state: "public",
  attempt: "public",
  transaction: "public",
  how: "public",
  // What proves an answer is of use only as it was signed: what is free text in it was looked at when it was answered.
  confirm: "public",
  credential: "public",
  clientData: "public",
  authenticatorData: "public",
  origin: "public",
  rpId: "public",
  about: "public",
  before: "public",
  after: "public",
  because: "message",
  unmeasured: "message",
  told: "message",
  sizeBytes: "public",
  backups: "public",
  newestBackupDays: "public",
  backupCoupling: "public",
  disarmed: "public",
  text: "sql",
  provider: "public",
  slot: "sensitive",
  host: "sensitive",
  principal: "sensitive",
  person: "sensitive",
  persons: "sensitive",
  gateway: "sensitive",
  path: "sensitive",
  user: "sensitive",
  peer: "sensitive",
  database: "sensitive",
  client: "sensitive",
  role: "sensitive",
  searchPath: "sensitive",
  name: "sensitive",
  table: "sensitive",
  detail: "sensitive",
  program: "sensitive",
  programVersion: "sensitive",
  actsFor: "sensitive",
  purpose: "sensitive",
  relations: "sensitive",
  reason: "sensitive",
  undo: "public",
  transactions: "public",
  skipConflicts: "public",
  skipped: "public",
  beforeMs: "public",
  entry: "public",
  tag: "public",
  objects: "public",
  lsn: "public",
  backup: "public",
  from: "public",
  to: "public",
  manifest: "public",
  drill: "public",
  passed: "public",
  recoveryMs: "public",
  lostMs: "public",
  what: "public",
  names: "sensitive",
  until: "sensitive",
};

/** Objects that are walked into; their fields are classified by the same table. */
const containers: ReadonlySet<string> = new Set([
  "outcome",
  "measured",
  "effects",
  "resource",
  "thing",
  "extent",
  "tables",
  "budget",
  "used",
  "evidence",
  "body",
  "keys",
  "passkeys",
  "checks",
  "figures",
]);

/** The event as it may be written: same shape, free texts masked and bounded, unclassified values replaced. */
export function redactEvent(event: AuditEvent): AuditEvent {
  const redacted = walk(event) as AuditEvent;
  return fits(JSON.stringify(redacted)) ? redacted : shorten(redacted);
}

/** The same as JSON: what is measured is what is written. */
export function redactedJson(event: AuditEvent): string {
  const redacted = walk(event) as AuditEvent;
  const json = JSON.stringify(redacted);
  return fits(json) ? json : JSON.stringify(shorten(redacted));
}

function fits(json: string): boolean {
  return Buffer.byteLength(json) <= limits.auditRecordBytesMax;
}

const treatmentOf: ReadonlyMap<string, Treatment> = new Map(Object.entries(treatments));

function walk(value: object): object {
  const out: Record<string, unknown> = {};
  for (const field of Object.keys(value)) {
    const inner = (value as Readonly<Record<string, unknown>>)[field];
    if (inner === undefined) continue;
    const treatment = treatmentOf.get(field);
    if (treatment !== undefined) out[field] = treat(inner, treatment);
    else if (containers.has(field) && typeof inner === "object" && inner !== null) {
      out[field] = Array.isArray(inner)
        ? inner.map((item) =>
            isObject(item) ? walk(item) : typeof item === "string" && field === "tables" ? treat(item, "sensitive") : secretText,
          )
        : walk(inner);
    } else out[field] = secretText;
  }
  return out;
}

function treat(value: unknown, treatment: Treatment): unknown {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => treat(item, treatment));
  if (typeof value !== "string") return secretText;
  switch (treatment) {
    case "public":
      return bounded(value, 4096);
    case "sensitive":
      return bounded(maskSecrets(value), 1024);
    case "message":
      return bounded(maskSecrets(maskQuoted(value)), 2048);
    case "sql":
      return bounded(maskTokens(maskLiterals(value)), limits.auditRecordBytesMax / 2);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A record still too long loses the ends of its lists and of its text, in steps, until it fits; `cut` says so where the event has it. */
function shorten(event: AuditEvent): AuditEvent {
  for (const [items, characters] of [
    [100, 16_384],
    [20, 4096],
    [5, 1024],
    [0, 256],
  ] as const) {
    const shorter = JSON.parse(JSON.stringify(event), (_, value: unknown) =>
      Array.isArray(value) ? value.slice(0, items) : typeof value === "string" ? bounded(value, characters) : value,
    ) as AuditEvent;
    const marked = shorter.kind === "judgement" ? { ...shorter, cut: true } : shorter;
    if (Buffer.byteLength(JSON.stringify(marked)) <= limits.auditRecordBytesMax) return marked;
  }
  throw new Defect(`invariant broken: a \`${event.kind}\` record without lists fits its limit`);
}

/** Whether a free text is recorded just as it is: one that is signed has to be, or nobody could hold the signature against the record. */
export function recordedAsIs(text: string): boolean {
  return treat(text, "sensitive") === text;
}

/** Control characters (and the separators that break lines on a terminal) as visible escapes; cut on a character with a mark. */
export function bounded(text: string, charactersMax: number): string {
  if (text.length <= charactersMax && isPrintable(text)) return text;
  const visible = wellFormed(text).replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return visible.length <= charactersMax ? visible : `${wellFormed(visible.slice(0, charactersMax - 1))}…`;
}

/** Names, ids and words of ours are: nothing in them is replaced. */
function isPrintable(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/** Half a surrogate pair cannot be written as UTF-8. */
function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

const secretName = "password|passwd|pwd|pass|secret|token|api[_-]?key|apikey|access[_-]?key|authorization|sslpassword";
const secretPair = new RegExp(`\\b(${secretName})(\\s*[=:]\\s*(?:(?:bearer|basic)\\s+)?|\\s+(?=['"]))('[^']*'?|"[^"]*"?|[^\\s,;&]+)`, "gi");

const secretShapes: readonly (readonly [RegExp, string])[] = [
  // scheme://name:password@host, the password up to the last @ of the authority.
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s/]*@/gi, `$1:${secretText}@`],
  [/\bbearer\s+[\w.~+/=-]{8,}/gi, `bearer ${secretText}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, secretText],
  [/\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, secretText],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|npm_|dop_v1_|shpat_|hf_|dckr_pat_|figd_|lin_api_)[\w.-]{8,}/g, secretText],
  [/\b(?:sk-|[srp]k_(?:live|test)_|SG\.|pul-|sbp_|fo1_|rnd_)[\w.-]{8,}/g, secretText],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, secretText],
  [/\bAIza[\w-]{30,}/g, secretText],
  [/\bSCRAM-SHA-256\$[^\s'"]+/g, secretText],
  [/\bmd5[0-9a-f]{32}\b/g, secretText],
];

/** Short texts that hold no secret: names of tables come again and again, and a dozen expressions look at each. */
const harmless = new Set<string>();
const HARMLESS_MAX = 4096;
const HARMLESS_CHARACTERS_MAX = 128;

/** Replaces connection-string passwords, `key=value` secrets and tokens of known shapes. */
export function maskSecrets(text: string): string {
  if (harmless.has(text)) return text;
  const masked = maskTokens(text.replace(secretPair, `$1$2${secretText}`));
  if (masked === text && text.length <= HARMLESS_CHARACTERS_MAX) {
    if (harmless.size >= HARMLESS_MAX) harmless.clear();
    harmless.add(text);
  }
  return masked;
}

/** In a statement `password = $1` is a column's name and a parameter: only shapes are masked there. */
function maskTokens(text: string): string {
  return secretShapes.reduce((masked, [shape, by]) => masked.replace(shape, by), text);
}

/** Replaces whatever a message quotes, in any of the quotes that servers and we use, and the values of `Key (a)=(b)`. */
export function maskQuoted(text: string): string {
  return text
    .replace(/=\s*\((?:[^()]|\([^()]*\))*\)?/g, "=(…)")
    .replace(/"[^"]*(?:"|$)/g, '"…"')
    .replace(/`[^`]*(?:`|$)/g, "`…`")
    .replace(/(^|[^\p{L}\p{N}])'[^']*(?:'|$)/gu, "$1'…'")
    .replace(/[«“][^»”]*(?:[»”]|$)/g, "“…”")
    .replace(/\b\d[\d.,:-]{3,}\b/g, "…");
}

const literal = new RegExp(
  [
    /[eE]'(?:[^'\\]|''|\\[\s\S])*(?:'|$)/, // Only here does a backslash hide a quote: standard_conforming_strings is pinned.
    /'(?:[^']|'')*(?:'|$)/,
    /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?(?:\$\1\$|$)/,
    /--[^\n]*/,
    /\/\*(?:(?!\*\/|\/\*)[\s\S])*(?:\*\/|\/\*[\s\S]*|$)/, // A comment within a comment: nothing after it is kept.
    /"(?:[^"]|"")*(?:"|$)/,
    /[\p{L}_$][\p{L}\p{N}_$]*/u,
    /(?:\d|\.\d)[\w.]*/,
  ]
    .map((part) => part.source)
    .join("|"),
  "gu",
);

/** Replaces string, dollar-quoted and numeric literals and comments of SQL text by `?`; `$1`, identifiers and keywords stay. */
export function maskLiterals(sql: string): string {
  return hasNoLiteral(sql)
    ? sql
    : sql.replace(literal, (token) => {
        const first = token[0] as string;
        if (first === "'" || token[1] === "'" || token.startsWith("--") || token.startsWith("/*")) return "?";
        if (first === "$") return /^\$\d+$/.test(token) ? token : token.endsWith("$") || token.includes("$", 1) ? "?" : token;
        return /[\d.]/.test(first) ? "?" : token;
      });
}
