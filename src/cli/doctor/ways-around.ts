/**
 * Looks for ways past Holdfast that start in files: logins of the real server that `scan` finds where an agent would, each tried.
 * It shows no login, and asks the server nothing but whether it lets in.
 */
import { join } from "node:path";
import { isLoopback } from "../../config/address.ts";
import type { Credential } from "../../scan/credential.ts";
import { detect } from "../../scan/detect.ts";
import { homePlaces } from "../../scan/paths.ts";
import { safePath } from "../../scan/report.ts";
import { walk, walkPlaces } from "../../scan/walk.ts";
import { type Finding, weakness } from "./finding.ts";

export interface Ways {
  readonly folder: string;
  readonly home: string | undefined;
  readonly upstreams: readonly { readonly host: string; readonly port: number }[];
  /** Holdfast's own, which are examined apart. */
  readonly own: { readonly folders: readonly string[]; readonly files: readonly string[] };
  readonly signal: AbortSignal;
}

/** Each is a connection; more of them say no more. */
const trialsMax = 20;

export async function examineWays(ways: Ways): Promise<readonly Finding[]> {
  const logins = new Map<string, { readonly at: Credential; readonly shown: string }>();
  for await (const found of credentials(ways)) {
    const { login } = found.at;
    if (login === undefined || !ways.upstreams.some((upstream) => isSame(upstream, login))) continue;
    const key = `${found.shown} ${login.role} ${login.host}:${login.port}`;
    if (logins.size < trialsMax && !logins.has(key)) logins.set(key, found);
  }
  const { tryLogin } = await import("../scan/trial.ts");
  const findings: Finding[] = [];
  for (const { at, shown } of logins.values()) {
    const outcome = at.login === undefined ? "unknown" : (await tryLogin(at.login)).outcome;
    const said = {
      open: "and the server lets it in from here",
      refused: "which the server refuses now",
      unknown: "which could not be tried",
    };
    findings.push(
      weakness("way-around", "secrets", outcome === "refused" ? "weak" : "bad", {
        text: `\`${safePath(shown)}\` holds a login of the real server, ${said[outcome]}`,
        why: "an agent that finds it goes round Holdfast",
        next:
          outcome === "refused"
            ? "remove it"
            : "put the agent's connection string of Holdfast there, make the old password void, and run agents with --sandbox",
      }),
    );
  }
  return findings;
}

async function* credentials({ folder, home, own, signal }: Ways): AsyncGenerator<{ readonly at: Credential; readonly shown: string }> {
  const isOwn = (path: string) => own.files.includes(path) || own.folders.some((each) => path === each || path.startsWith(`${each}/`));
  const places = [
    { root: folder, walked: walk(folder, { signal }) },
    ...(home === undefined ? [] : [{ root: home, walked: walkPlaces(home, homePlaces, { signal }) }]),
  ];
  for (const { root, walked } of places)
    for await (const one of walked) {
      if (one.kind === "unread" || isOwn(join(root, one.file.path))) continue;
      // Fingerprints tell places apart for a reader; nobody reads these.
      for (const at of detect(one.file, () => "")) yield { at, shown: join(root, at.path) };
    }
}

/** Loopback has many names. */
function isSame(one: { readonly host: string; readonly port: number }, other: { readonly host: string; readonly port: number }): boolean {
  return (
    one.port === other.port && (one.host.toLowerCase() === other.host.toLowerCase() || (isLoopback(one.host) && isLoopback(other.host)))
  );
}
