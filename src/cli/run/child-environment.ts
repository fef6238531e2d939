/**
 * The environment variables of an agent's program: its database is Holdfast, and what else opens the server is kept from it.
 * It knows variables only; files that hold secrets are `holdfast scan`'s and the sandbox's matter.
 */
import { detect } from "../../scan/detect.ts";
import { type SessionAddress, sessionPieces, sessionUrl, sessionValue } from "./session-values.ts";

export interface ChildEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Names of variables that now lead to Holdfast. */
  readonly replaced: readonly string[];
  /** Names of variables that the program does not get. */
  readonly withheld: readonly string[];
}

export interface EnvironmentParts {
  readonly parent: Readonly<Record<string, string | undefined>>;
  readonly session: SessionAddress;
  /** Secrets of the server that no value may hold: passwords, whole connection strings. */
  readonly secrets: readonly string[];
  /** The real servers of the configuration. */
  readonly places: readonly { readonly host: string; readonly port: number }[];
  /** Variables that the configuration reads its secrets from. */
  readonly secretNames: ReadonlySet<string>;
  /** Variables that the person who starts the program lets it have all the same. */
  readonly keep: ReadonlySet<string>;
}

/** Of libpq: each of them would lead round Holdfast, or name another server, if it stayed. */
const LIBPQ_WITHHELD = [
  "PGSERVICE",
  "PGSERVICEFILE",
  "PGHOSTADDR",
  "PGOPTIONS",
  "PGSSLROOTCERT",
  "PGSSLCERT",
  "PGSSLKEY",
  "PGSSLCRL",
  "PGSSLCRLDIR",
  "PGSSLNEGOTIATION",
  "PGREQUIREAUTH",
  "PGCHANNELBINDING",
];
const SECRET_NAME = /(^|_)(SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|(API|ACCESS|PRIVATE|SERVICE|ADMIN|MASTER)_?KEY|DSN)(_|$)/i;
/** Withheld even where `scan` takes it for an example: a variable that is set is meant to be used. */
const LOGIN_IN_ADDRESS = /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]+:[^/\s@]+@/i;
/** What agents themselves need to reach their models; nothing of the infrastructure opens with them. */
const AGENTS_OWN = /^(ANTHROPIC|OPENAI|CLAUDE|CODEX|CURSOR|GEMINI|GOOGLE_GENERATIVE_AI|MISTRAL|GROQ|OPENROUTER|DEEPSEEK|XAI)_/;
/** Shorter ones stand in too many values by chance. */
const SECRET_CHARACTERS_MIN = 6;

export function childEnvironment(parts: EnvironmentParts): ChildEnvironment {
  const { session } = parts;
  const url = sessionUrl(session);
  const variables: Record<string, string> = {};
  const replaced: string[] = [];
  const withheld: string[] = [];
  const split = sessionPieces(parts.parent, session, parts.places);
  for (const [name, value] of Object.entries(parts.parent)) {
    if (value === undefined || isLibpq(name)) continue;
    // A variable of the configuration's is replaced only where all of it is an address.
    const own = sessionValue(value, session) ?? (parts.secretNames.has(name) ? undefined : split.get(name));
    if (own !== undefined) {
      variables[name] = own;
      replaced.push(name);
    } else if (holdsSecret(name, value, parts)) withheld.push(name);
    else variables[name] = value;
  }
  if (!replaced.includes("DATABASE_URL")) replaced.push("DATABASE_URL");
  const { host, port, user, password, database, tls } = session;
  const libpq = {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    PGPASSFILE: "/dev/null",
    PGSSLMODE: tls?.mode ?? "disable",
    ...(tls?.root === undefined ? {} : { PGSSLROOTCERT: tls.root }),
  };
  const trusted = tls?.nodeRoots === undefined ? {} : { NODE_EXTRA_CA_CERTS: tls.nodeRoots };
  Object.assign(variables, { DATABASE_URL: url, ...libpq, ...trusted, HOLDFAST_SESSION: user });
  withheld.push(...LIBPQ_WITHHELD.filter((name) => parts.parent[name] !== undefined && !(name in libpq)));
  return { variables, replaced: [...replaced, ...Object.keys(libpq)].sort(), withheld: withheld.sort() };
}

/** Where the target has no database: nothing leads to one. `PGUSER` stays, by which a run inside a run is known. */
export function withoutDatabase(made: ChildEnvironment): ChildEnvironment {
  const gone = /^(?:DATABASE_URL|PG(?!USER$)\w+)$/;
  const variables = Object.fromEntries(Object.entries(made.variables).filter(([name]) => !gone.test(name)));
  return { ...made, variables, replaced: made.replaced.filter((name) => !gone.test(name)) };
}

function isLibpq(name: string): boolean {
  return LIBPQ_WITHHELD.includes(name);
}

function holdsSecret(name: string, value: string, { secrets, secretNames, keep }: EnvironmentParts): boolean {
  if (secretNames.has(name) || secrets.some((secret) => secret.length >= SECRET_CHARACTERS_MIN && value.includes(secret))) return true;
  if (keep.has(name) || AGENTS_OWN.test(name)) return false;
  return SECRET_NAME.test(name) || LOGIN_IN_ADDRESS.test(value) || detect({ path: ".env", text: `${name}=${value}` }, () => "").length > 0;
}
