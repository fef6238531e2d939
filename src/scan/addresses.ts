/**
 * Addresses with a password in them: databases, queues, caches, mail, and web addresses with a login.
 * Weak passwords count here: whoever reads the file has the login. Placeholders and documents' examples do not.
 */
import { looksRandom } from "./chance.ts";
import type { Candidate } from "./credential.ts";
import type { FileKind } from "./paths.ts";
import { type Passage, passagesWith } from "./passages.ts";
import { isReference, saysItIsNone } from "./placeholder.ts";
import { loginFromUrl } from "./postgres-url.ts";
import { pattern } from "./pattern.ts";

const address = pattern(
  "gi",
  String.raw`\b(?<scheme>[a-z][a-z0-9+-]{1,30})://(?<user>[^\s:@/'"\x60<>\\]{0,128}):(?<password>(?:(?!://)[^\s'"`,
  String.raw`\x60\\]){1,256})@(?<host>\[[0-9A-Fa-f:.]+\]|`,
  String.raw`\$?\{?[A-Za-z0-9_][\w.-]{0,252}\}?)(?::(?<port>\d{1,5}))?`,
  // Other hosts of a list of them; what follows a comma may be another address, too.
  String.raw`(?:,[\w.-]+(?::\d+)?(?![\w.:-]))*(?<rest>[/?][^\s'"\x60<>\\,]{0,300})?`,
);

const kinds: readonly (readonly [scheme: RegExp, kind: string, destroys: string | undefined])[] = [
  [
    /^(?:postgres(?:ql)?|pgsql|postgis|cockroachdb|redshift|timescaledb|asyncpg|pg)(?:\+[a-z0-9]+)?$/,
    "PostgreSQL URL",
    "change and delete what its role may in that database",
  ],
  [/^(?:postgresql|postgres)\+\w+$/, "PostgreSQL URL", "change and delete what its role may in that database"],
  [
    pattern(
      "",
      "^(?:mysql2?|mariadb|jdbc|mssql|sqlserver|oracle|clickhouse|snowflake|trino|db2|vertica|firebird|",
      String.raw`libsql|couchdb|neo4j|bolt|cassandra|influxdb|http\+clickhouse)(?:\+\w+)?$`,
    ),
    "database URL",
    "change and delete what its account may in that database",
  ],
  [/^mongodb(?:\+srv)?$/, "MongoDB URL", "drop the collections and databases its account may"],
  [/^(?:redis|rediss|valkey|keydb|memcached)(?:\+\w+)?$/, "Redis URL", "flush the whole store"],
  [/^(?:amqps?|nats|mqtts?|kafka|stomp|pulsar)(?:\+\w+)?$/, "queue URL", "delete queues and what waits in them"],
  [/^(?:s?ftps?|ssh|scp|webdavs?|smb|rsync)$/, "file server URL", "delete the files its account may"],
  [/^(?:smtps?|imaps?|pop3s?)(?:\+\w+)?$/, "mail URL", undefined],
  [/^(?:https?|git\+https?|wss?|socks[45]h?|elasticsearch)$/, "address with a login", "do what the login allows at that address"],
];

/** Names that documents use where a login would stand. */
const placeNames =
  /^(?:user|users?name|usr|name|login|admin_?user|my_?user|db_?user|myuser|foo|bar|alice|bob|joe|u|someuser|youruser|role|account|x)$/i;
const placePasswords =
  /^(?:(?:some|my|your|the|db|a)[-_]?pass(?:word)?|pass|passwd|pwd|password|pw|p|secret|bar|foo|baz|token|s3cr3t|key|hunter2|x|abc)$/i;
const placeHosts =
  /^(?:host|hostname|server|your-?host|my-?host|db-?host|address|ip|example|endpoint)$|(?:^|\.)example(?:\.(?:com|org|net))?$|\.invalid$/i;
/** This machine, and the names that container files give a database. */
const nearHosts = /^(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|host\.docker\.internal|db|database|postgres|mysql|redis|mongo|rabbitmq)$/i;

export function addressCandidates(text: string, kind: FileKind, isTest: boolean): readonly Candidate[] {
  return passagesWith(text, /:\/\/[^\n]{0,300}?@/, { longLines: true }).flatMap((passage) => inPassage(passage, kind, isTest));
}

function inPassage({ text, start: offset }: Passage, kind: FileKind, isTest: boolean): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const match of text.matchAll(address)) {
    const { scheme = "", user = "", password = "", host = "", port, rest = "" } = match.groups ?? {};
    const [, name, destroys] = kinds.find(([shape]) => shape.test(scheme.toLowerCase())) ?? [];
    if (name === undefined || isMadeUp({ user, password, host, kind, name, isTest })) continue;
    const start = offset + match.index + scheme.length + 3 + user.length + 1;
    const login =
      name === "PostgreSQL URL" ? loginFromUrl({ user, password, host, ...(port === undefined ? {} : { port }), rest }) : undefined;
    found.push({
      start,
      end: start + password.length,
      secret: password,
      rule: "address-with-password",
      kind: name,
      ...(destroys === undefined ? {} : { destroys }),
      ...(login === undefined ? {} : { login }),
    });
  }
  return found;
}

function isMadeUp(url: { user: string; password: string; host: string; kind: FileKind; name: string; isTest: boolean }): boolean {
  const { user, password, host, kind, name, isTest } = url;
  if (isReference(password) || isReference(user === "" ? "x" : user) || /[${}<>]/.test(host) || /^[$%<[{].*|[>\]}]$/.test(password))
    return true;
  if (/[{}]/.test(password) && /[{}]/.test(user + password)) return true;
  if (
    saysItIsNone(password) ||
    /^(?:x+|\*+|•+|\.+|-+|_+)$/i.test(password) ||
    password === password.toUpperCase().replace(/[^A-Z_-]/g, "")
  ) {
    // Capital letters alone are how documents write a blank to fill in: PASSWORD, DB_PASS.
    return true;
  }
  if (placeHosts.test(host) && (placePasswords.test(password) || placeNames.test(user))) return true;
  if (isTest && placeHosts.test(host)) return true;
  if (
    (kind === "code" || kind === "example") &&
    name === "address with a login" &&
    (password.length < 5 || (user.length < 3 && !looksRandom(password, 16)))
  )
    return true;
  const madeUp = placePasswords.test(password) && (placeNames.test(user) || /^(?:https?|wss?)/.test(name));
  if (kind === "config" || kind === "history") return madeUp && name === "address with a login";
  if (madeUp) return true;
  // A document, or code that speaks of a server on this machine with an everyday password, explains how to write one.
  const everyday =
    placePasswords.test(password) ||
    password === user ||
    /^(?:postgres|root|admin|guest|test|dev|local|example|changeme|1234\d*)$/i.test(password);
  if (kind === "example" || kind === "generated") return everyday || placeHosts.test(host);
  return everyday && (placeHosts.test(host) || (isTest && nearHosts.test(host)));
}
