/**
 * PostgreSQL logins as they stand in files (URLs, pgpass lines, PG* variables, libpq's `key=value` text), read as libpq reads them.
 * It does not connect.
 */
import type { PostgresLogin } from "./credential.ts";

interface Parts {
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly database?: string | undefined;
  readonly sslmode?: string | undefined;
}

const hostName = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})|\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+)$/;

/** `undefined` where something is missing, or is no such thing: what is left over may be a part of the password, and is not shown. */
export function loginOf(parts: Parts): PostgresLogin | undefined {
  const { host, user, password } = parts;
  const port = parts.port === undefined || parts.port === "" ? 5432 : Number(parts.port);
  if (!host || !user || !password || !hostName.test(host) || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  if (!/^[\w.@%+-]{1,128}$/.test(user)) return undefined;
  const database = parts.database === undefined || parts.database === "" || parts.database === "*" ? user : parts.database;
  if (!/^[\w.@ -]{1,128}$/.test(database)) return undefined;
  return { host: host.replace(/^\[|\]$/g, ""), port, role: user, database, tls: tlsOf(parts.sslmode), password: () => password };
}

/** A holder would connect whichever way works, so `verify-full` asks no more of the trial than `require`. */
function tlsOf(sslmode: string | undefined): PostgresLogin["tls"] {
  if (sslmode === "disable") return "disable";
  return sslmode === "require" || sslmode?.startsWith("verify-") === true ? "require" : "prefer";
}

/** A `postgres://` URL whose pieces have been told apart already; percent signs are decoded here. */
export function loginFromUrl(pieces: {
  user: string;
  password: string;
  host: string;
  port?: string;
  rest: string;
}): PostgresLogin | undefined {
  const [path = "", query = ""] = pieces.rest.split("?", 2);
  const options = new URLSearchParams(query);
  return loginOf({
    host: pieces.host,
    port: pieces.port,
    user: decoded(pieces.user),
    password: decoded(pieces.password),
    database: decoded(path.replace(/^\//, "").replace(/[^\w.%@-].*$/, "")),
    sslmode: options.get("sslmode") ?? undefined,
  });
}

/** `host=... user=... password=...` in any order, values bare or in single quotes. */
export function loginFromWords(text: string): PostgresLogin | undefined {
  const values = new Map<string, string>();
  for (const [, key = "", quoted, bare] of text.matchAll(
    /\b(host|hostaddr|port|user|username|password|dbname|database|sslmode)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s;'"]+))/gi,
  ))
    values.set(key.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "");
  return loginOf({
    host: values.get("host") ?? values.get("hostaddr"),
    port: values.get("port"),
    user: values.get("user") ?? values.get("username"),
    password: values.get("password"),
    database: values.get("dbname") ?? values.get("database"),
    sslmode: values.get("sslmode"),
  });
}

/** The fields of a pgpass line, unescaped; `undefined` where it is none. */
export function pgpassFields(line: string): readonly string[] | undefined {
  const fields = line.split(/(?<!\\):/).map((field) => field.replace(/\\([:\\])/g, "$1"));
  return fields.length === 5 && fields.every((field) => field !== "") && !line.startsWith("#") ? fields : undefined;
}

export function loginFromPgpass(fields: readonly string[]): PostgresLogin | undefined {
  const [host, port, database, user, password] = fields;
  return loginOf({ host, port: port === "*" ? undefined : port, database, user, password });
}

/** The variables libpq reads, or the ones that frameworks split a login into, when one file holds them all. */
export function loginFromVariables(values: ReadonlyMap<string, string>): PostgresLogin | undefined {
  const from = (prefix: string, names: Readonly<Record<keyof Parts, string>>) => {
    const get = (key: keyof Parts) => values.get(prefix + names[key]);
    return loginOf({
      host: get("host"),
      port: get("port"),
      user: get("user"),
      password: get("password"),
      database: get("database"),
      sslmode: get("sslmode"),
    });
  };
  const libpq = { host: "host", port: "port", user: "user", password: "password", database: "database", sslmode: "sslmode" };
  const direct = from("pg", libpq);
  if (direct !== undefined) return direct;
  const looksPostgres =
    /^(?:pgsql|postgres)/.test(values.get("db_connection") ?? values.get("db_engine") ?? values.get("db_type") ?? "") ||
    values.get("db_port") === "5432" ||
    values.has("postgres_password");
  if (!looksPostgres) return undefined;
  const split = { host: "host", port: "port", user: "user", password: "password", database: "name", sslmode: "sslmode" };
  return (
    from("db_", split) ??
    from("db_", { ...split, user: "username", database: "database" }) ??
    from("postgres_", { ...split, database: "db" })
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
