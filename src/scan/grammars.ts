/**
 * Files whose lines have a grammar of their own: pgpass, netrc, Kubernetes Secrets, files that are one token, split PostgreSQL logins.
 * It does not judge more than placeholders: what stands in these files is a login.
 */
import { assignmentsIn } from "./assignments.ts";
import type { Candidate, PostgresLogin } from "./credential.ts";
import { plainName } from "./names.ts";
import { isPlaceholder, isReference, saysItIsNone } from "./placeholder.ts";
import { loginFromPgpass, loginFromVariables, pgpassFields } from "./postgres-url.ts";

const database = "change and delete what its role may in that database";

interface Line {
  readonly text: string;
  readonly start: number;
}

function linesOf(text: string): readonly Line[] {
  const lines: Line[] = [];
  let start = 0;
  for (const line of text.split("\n")) {
    lines.push({ text: line.replace(/\r$/, ""), start });
    start += line.length + 1;
  }
  return lines;
}

export function grammarCandidates(path: string, text: string): readonly Candidate[] {
  if (/(?:^|\/)(?:\.pgpass|pgpass(?:\.conf)?)$/.test(path)) return pgpass(text);
  if (/(?:^|\/)[._]?netrc$|(?:^|\/)\.authinfo$/.test(path)) return netrc(text);
  if (/\.ya?ml$/.test(path) && /^kind:\s*["']?Secret["']?\s*$/m.test(text)) return kubernetesSecrets(text);
  if (/(?:^|\/)userlist\.txt$/.test(path)) return userlist(text);
  return [];
}

/** host:port:database:user:password */
function pgpass(text: string): readonly Candidate[] {
  return linesOf(text).flatMap((line) => {
    const fields = pgpassFields(line.text);
    const password = fields?.[4];
    if (fields === undefined || password === undefined || isReference(password)) return [];
    const login = loginFromPgpass(fields);
    const start = line.start + line.text.lastIndexOf(":") + 1;
    return [made({ start, secret: password, rule: "pgpass", kind: "PostgreSQL password file", destroys: database, login })];
  });
}

function netrc(text: string): readonly Candidate[] {
  return [...text.matchAll(/\bpassword\s+(?<secret>\S{3,400})/g)].flatMap((match) => {
    const secret = match.groups?.["secret"] ?? "";
    if (isPlaceholder(secret)) return [];
    const start = match.index + match[0].length - secret.length;
    const machine = /\bmachine\s+(\S+)[\s\S]*$/.exec(text.slice(Math.max(0, match.index - 300), match.index))?.[1] ?? "";
    const destroys = /heroku/.test(machine) ? "destroy Heroku apps and their databases" : "do what the login allows at that machine";
    return [made({ start, secret, rule: "netrc", kind: "netrc login", destroys })];
  });
}

/** `"role" "password"`: pgbouncer keeps verifiers there, or the password itself. */
function userlist(text: string): readonly Candidate[] {
  return [...text.matchAll(/^"[^"\n]+"\s+"(?<secret>[^"\n]{3,200})"/gm)].flatMap((match) => {
    const secret = match.groups?.["secret"] ?? "";
    if (isPlaceholder(secret) || saysItIsNone(secret)) return [];
    const start = match.index + match[0].lastIndexOf(secret);
    return [made({ start, secret, rule: "userlist", kind: "PgBouncer login", destroys: database })];
  });
}

/** The values of `data` are base64; those of `stringData` are found like any other assignment. */
function kubernetesSecrets(text: string): readonly Candidate[] {
  const found: Candidate[] = [];
  let inside: number | undefined;
  for (const line of linesOf(text)) {
    const indent = line.text.search(/\S/);
    if (/^\s*data:\s*$/.test(line.text)) inside = indent;
    else if (indent >= 0 && inside !== undefined && indent <= inside) inside = undefined;
    const match = inside === undefined ? null : /^\s+["']?([\w.-]+)["']?:\s*["']?([A-Za-z0-9+/]{4,8000}={0,2})["']?\s*$/.exec(line.text);
    if (match === null) continue;
    const [, name = "", encoded = ""] = match;
    const value = Buffer.from(encoded, "base64").toString("utf8");
    const telling =
      /(?:crt|cert|ca|host|port|user|username|url$|name|region|bucket|email|database|db)$/i.test(name) &&
      !/:\/\/[^/\s]*:[^/\s]+@/.test(value);
    if (telling || value.includes("\uFFFD") || isPlaceholder(value.trim()) || value.trim().length < 6) continue;
    found.push(
      made({
        start: line.start + line.text.indexOf(encoded, match[0].indexOf(":")),
        secret: encoded,
        rule: "kubernetes-secret",
        kind: "Kubernetes Secret",
        destroys: "do what the login allows",
      }),
    );
  }
  return found;
}

/** The login that the variables of one file make up, and where its password stands. */
export function splitLogin(text: string): { readonly start: number; readonly login: PostgresLogin } | undefined {
  if (!/(?:PG|DB_|POSTGRES_)(?:HOST|USER)/i.test(text)) return undefined;
  const values = new Map<string, string>();
  let start: number | undefined;
  for (const { name, value, start: at } of assignmentsIn(text, "config")) {
    const plain = plainName(name).replace(/^pg_/, "pg");
    if (!/^(?:pg|db_|postgres_)/.test(plain)) continue;
    values.set(plain, value.replace(/^["']|["']$/g, ""));
    if (/password$/.test(plain)) start = at;
  }
  const login = loginFromVariables(values);
  return login === undefined || start === undefined ? undefined : { start, login };
}

function made(parts: {
  start: number;
  secret: string;
  rule: string;
  kind: string;
  destroys: string;
  login?: PostgresLogin | undefined;
}): Candidate {
  const { login, ...rest } = parts;
  return { ...rest, end: parts.start + parts.secret.length, ...(login === undefined ? {} : { login }) };
}
