/**
 * How a session's address is said in every form that programs read a PostgreSQL address in, and which variables hold one.
 * It knows forms and names, not secrets: what is no address here is `child-environment.ts`'s matter.
 */

export interface SessionAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Absent: the listener asks for none, and the way to it is this machine's. */
  readonly tls?: SessionTls;
}

export interface SessionTls {
  readonly mode: "verify-full" | "verify-ca" | "require";
  /** A file with the listener's root certificate. Absent: nobody knows it. */
  readonly root?: string;
  /** A file with it and with those that programs on Node trusted before. */
  readonly nodeRoots?: string;
}

/** The schemes of libpq, of Django (`postgis`, `pgsql`) and of SQLAlchemy (`postgresql+psycopg`). */
const urlForm = /^(postgres(?:ql)?|postgis|pgsql)(\+[a-z0-9_]+)?:\/\//i;
const jdbcForm = /^jdbc:postgresql:/i;

/** `undefined` where the value is no address of a PostgreSQL server. Its options are gone too: they could lead elsewhere. */
export function sessionValue(value: string, session: SessionAddress): string | undefined {
  const text = value.trim();
  const url = urlForm.exec(text);
  if (url !== null) return sessionUrl(session, `${url[1] ?? "postgres"}${url[2] ?? ""}`.toLowerCase());
  if (jdbcForm.test(text)) return jdbcUrl(session);
  return connectionWords(text, session);
}

/**
 * The root certificate is not among the options: drivers that do not know `sslrootcert` (postgres.js) hand it to the server, and those
 * that do read it from PGSSLROOTCERT or, on Node, from NODE_EXTRA_CA_CERTS.
 */
export function sessionUrl({ host, port, user, password, database, tls }: SessionAddress, scheme = "postgres"): string {
  const place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  // asyncpg and pg8000 take no `sslmode` from SQLAlchemy.
  const option = tls === undefined || /\+(?!psycopg)/.test(scheme) ? "" : `?sslmode=${tls.mode}`;
  return `${scheme}://${encodeURIComponent(user)}:${encodeURIComponent(password)}@${place}/${encodeURIComponent(database)}${option}`;
}

function jdbcUrl({ host, port, user, password, database, tls }: SessionAddress): string {
  const root = tls?.root === undefined ? {} : { sslrootcert: tls.root };
  const login = new URLSearchParams({ user, password, sslmode: tls?.mode ?? "disable", ...root });
  return `jdbc:postgresql://${host.includes(":") ? `[${host}]` : host}:${port}/${encodeURIComponent(database)}?${login.toString()}`;
}

/** `host=... user=...` of libpq and PDO, `Host=...;Username=...` of .NET: two words of one, at least, or it is something else. */
function connectionWords(text: string, session: SessionAddress): string | undefined {
  const { host, port, user, password, database, tls } = session;
  const pdo = /^pgsql:/i.test(text);
  const words = pdo ? text.slice("pgsql:".length) : text;
  const named = (name: string) => new RegExp(`(?:^|[\\s;])(?:${name})\\s*=`, "i").test(words);
  const database_ = named("dbname|database|initial catalog");
  if (!named("host|hostaddr|server") || !(database_ || named("user|username|user id|uid"))) return undefined;
  // SQL Server's and MySQL's words look the same but for these.
  if (/(?:^|;)\s*(?:trusted_connection|multipleactiveresultsets|charset|integrated security)\s*=/i.test(words)) return undefined;
  if (pdo) {
    const options = tls === undefined ? "" : `;sslmode=${tls.mode}${rootWord(";sslrootcert=", tls)}`;
    return `pgsql:host=${host};port=${port};dbname=${database};user=${user};password=${password}${options}`;
  }
  if (words.includes(";")) {
    const options = `SSL Mode=${dotNetModes[tls?.mode ?? "disable"]}${rootWord(";Root Certificate=", tls)}`;
    return `Host=${host};Port=${port};Username=${user};Password=${password};Database=${database};${options}`;
  }
  const options = `sslmode=${tls?.mode ?? "disable"}${rootWord(" sslrootcert=", tls)}`;
  return `host=${host} port=${port} user=${user} password=${password} dbname=${database} ${options}`;
}

const dotNetModes = { disable: "Disable", require: "Require", "verify-ca": "VerifyCA", "verify-full": "VerifyFull" } as const;

function rootWord(before: string, tls: SessionTls | undefined): string {
  return tls?.root === undefined ? "" : `${before}'${tls.root.replaceAll(/['\\]/g, "\\$&")}'`;
}

type Piece = "host" | "port" | "user" | "password" | "database";

/** What frameworks call the pieces of a login, after a prefix: `DB_HOST`, `POSTGRES_PASSWORD`, `SPRING_DATASOURCE_USERNAME`. */
const pieceNames: Readonly<Record<Piece, RegExp>> = {
  host: /^(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS)$/,
  port: /^PORT$/,
  user: /^(?:USER|USERNAME|LOGIN)$/,
  password: /^(?:PASSWORD|PASS|PASSWD|PWD)$/,
  database: /^(?:NAME|DB|DATABASE|DBNAME|DB_NAME)$/,
};
const pieces = Object.keys(pieceNames) as readonly Piece[];
const postgresWord = /postgres|pgsql|postgis|^pg$/i;

/**
 * Variables that together hold a PostgreSQL login, with what they become. `places` are real servers: a group that names one of them is
 * a login there whatever it is called.
 */
export function sessionPieces(
  variables: Readonly<Record<string, string | undefined>>,
  session: SessionAddress,
  places: readonly { readonly host: string; readonly port: number }[],
): ReadonlyMap<string, string> {
  const groups = new Map<string, Map<Piece, string>>();
  for (const name of Object.keys(variables)) {
    for (const [prefix, rest] of splits(name.toUpperCase())) {
      const piece = pieces.find((each) => pieceNames[each].test(rest));
      if (piece === undefined) continue;
      const group = groups.get(prefix) ?? new Map<Piece, string>();
      groups.set(prefix, group.set(piece, name));
      break;
    }
  }
  const found = new Map<string, string>();
  for (const [prefix, group] of groups) {
    if (!isPostgres(prefix, group, variables, places)) continue;
    for (const [piece, name] of group) found.set(name, String(session[piece]));
  }
  return found;
}

/** `DB_HOST` as `DB` and `HOST`, `RDS_DB_NAME` as `RDS` and `DB_NAME` before `RDS_DB` and `NAME`. */
function splits(name: string): readonly (readonly [prefix: string, rest: string])[] {
  const parts = name.split("_");
  return [2, 1]
    .filter((length) => parts.length > length)
    .map((length) => [parts.slice(0, -length).join("_"), parts.slice(-length).join("_")]);
}

function isPostgres(
  prefix: string,
  group: ReadonlyMap<Piece, string>,
  variables: Readonly<Record<string, string | undefined>>,
  places: readonly { readonly host: string; readonly port: number }[],
): boolean {
  if (!group.has("password") && !group.has("host")) return false;
  const value = (piece: Piece) => variables[group.get(piece) ?? ""];
  const kinds = ["CONNECTION", "ENGINE", "TYPE", "DIALECT", "DRIVER", "CLIENT", "URL", "ADAPTER", "JDBC_URL"];
  const said = Object.entries(variables).filter(([name]) => kinds.some((kind) => name.toUpperCase() === `${prefix}_${kind}`));
  if (/POSTGRES|PGSQL|(?:^|_)PG(?:_|$)/.test(prefix) || said.some(([, text]) => postgresWord.test(text ?? ""))) return true;
  const host = value("host")?.toLowerCase();
  const port = value("port");
  if (said.length > 0 && host === undefined) return false;
  return (
    port === "5432" || places.some((place) => place.host.toLowerCase() === host && (port === undefined || String(place.port) === port))
  );
}
