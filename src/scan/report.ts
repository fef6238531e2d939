/**
 * What a scan comes to: credentials joined with what trying them showed, equal ones together, the dangerous ones first.
 * It neither reads files nor writes text.
 */
import { looksRandom } from "./chance.ts";
import type { Credential, PostgresLogin } from "./credential.ts";
import { shapeCandidates } from "./detect.ts";
import { type Reaches, reachesOf, type Rights } from "./rights.ts";
import type { Unread } from "./walk.ts";

/** What was learnt about a login by trying it. */
export type LoginAnswer =
  | { readonly outcome: "open"; readonly rights: Rights }
  | { readonly outcome: "refused" | "unknown"; readonly why: string };

/** `can`: a server said so. `may`: of a kind that can, and not tried. `cannot`: a server said so, or its kind does not reach that far. */
export type Power = "can" | "may" | "cannot";

/** One secret, wherever it stands. Holds no secret, and neither do its texts. */
export interface Finding {
  readonly kind: string;
  readonly rule: string;
  readonly fingerprint: string;
  readonly length: number;
  readonly places: readonly { readonly path: string; readonly line: number }[];
  readonly power: Power;
  readonly destroys: readonly string[];
  readonly also: readonly string[];
  readonly login?: {
    readonly host: string;
    readonly port: number;
    readonly role: string;
    readonly database: string;
    /** Absent when it was not tried. */
    readonly outcome?: LoginAnswer["outcome"];
    readonly why?: string;
  };
}

export interface Report {
  readonly findings: readonly Finding[];
  readonly credentials: number;
  readonly files: number;
  readonly unread: readonly Unread[];
  /** Something was found that can or may destroy. */
  readonly destroys: boolean;
}

/** Names the login and its secret without saying it: one trial serves all equal ones. */
export function loginKey(login: PostgresLogin, fingerprint: string): string {
  return `${login.role}@${login.host}:${login.port}/${login.database}#${fingerprint}`;
}

export function reportOf(scan: {
  readonly credentials: readonly Credential[];
  readonly answers: ReadonlyMap<string, LoginAnswer>;
  readonly files: number;
  readonly unread: readonly Unread[];
}): Report {
  const groups = new Map<string, Credential[]>();
  for (const credential of scan.credentials) {
    const { login, fingerprint, rule, length } = credential;
    const key = login === undefined ? `${rule} ${length} ${fingerprint}` : loginKey(login, fingerprint);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [credential]);
    else group.push(credential);
  }
  const findings = [...groups.values()].map((group) => findingOf(group, scan.answers)).sort((a, b) => order[a.power] - order[b.power]);
  return {
    findings,
    credentials: scan.credentials.length,
    files: scan.files,
    unread: scan.unread.map(({ path, why }) => ({ path: safePath(path), why })),
    destroys: findings.some(({ power }) => power !== "cannot"),
  };
}

const order: Readonly<Record<Power, number>> = { can: 0, may: 1, cannot: 2 };

function findingOf(group: readonly Credential[], answers: ReadonlyMap<string, LoginAnswer>): Finding {
  const [first] = group;
  if (first === undefined) throw new RangeError("a group holds at least one credential");
  const { kind, rule, fingerprint, length, login } = first;
  const places = group.map(({ path, line }) => ({ path: safePath(path), line }));
  const answer = login === undefined ? undefined : answers.get(loginKey(login, fingerprint));
  const shown = { kind, rule, fingerprint, length, places, ...(login === undefined ? {} : { login: shownLogin(login, answer) }) };
  return { ...shown, ...reach(first, answer) };
}

function reach({ destroys }: Credential, answer: LoginAnswer | undefined): Reaches & { readonly power: Power } {
  switch (answer?.outcome) {
    case "open": {
      const reaches = reachesOf(answer.rights);
      return { power: reaches.destroys.length > 0 ? "can" : "cannot", ...reaches };
    }
    case "refused":
      return { power: "cannot", destroys: [], also: [] };
    default:
      return destroys === undefined ? { power: "cannot", destroys: [], also: [] } : { power: "may", destroys: [destroys], also: [] };
  }
}

function shownLogin(login: PostgresLogin, answer: LoginAnswer | undefined): NonNullable<Finding["login"]> {
  const { host, port, role, database } = login;
  const tried =
    answer === undefined ? {} : answer.outcome === "open" ? { outcome: answer.outcome } : { outcome: answer.outcome, why: answer.why };
  return { host, port, role: safeName(role), database: safeName(database), ...tried };
}

/** Some providers put a part of the secret where the role stands. */
export function safeName(name: string): string {
  return looksRandom(name, 20) || shapeCandidates(name).length > 0 ? "(not shown)" : name;
}

/** A token in a file's name is a token. */
export function safePath(path: string): string {
  let safe = path;
  for (const { start, end, kind } of [...shapeCandidates(path)].sort((a, b) => b.start - a.start))
    safe = `${safe.slice(0, start)}(${kind})${safe.slice(end)}`;
  return safe;
}
