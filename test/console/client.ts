/**
 * A browser's part against the console's server, without a browser: every header is ours to choose, so that tests can be hostile.
 * It tests nothing itself.
 */
import { request as plain } from "node:http";
import type { ConsolePerson } from "../../src/control/contract.ts";
import { passphrase } from "./stand-in-gateway.ts";

export interface Given {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; `null` where it is none. */
  readonly body: unknown;
}

export interface Asked {
  readonly method?: string;
  readonly path: string;
  /** Sent as it is; without one nothing is sent. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: unknown;
}

/** One request to the server at `origin`, with exactly these headers besides Host. */
export function ask(origin: string, { method = "GET", path, headers = {}, body }: Asked): Promise<Given> {
  const { port } = new URL(origin);
  const sentBody = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  // For a DELETE node says nothing about the body's length by itself.
  const length = sentBody === undefined ? {} : { "content-length": String(Buffer.byteLength(sentBody)) };
  return new Promise((resolve, reject) => {
    const sent = plain(
      { host: "127.0.0.1", port, method, path, agent: false, headers: { host: new URL(origin).host, ...length, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) });
        });
      },
    );
    sent.once("error", reject);
    sent.end(sentBody);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What our own page sends. */
export interface Page {
  readonly cookie: string;
  readonly csrf: string;
  readonly me: ConsolePerson;
  readonly get: (path: string) => Promise<Given>;
  readonly send: (method: "POST" | "DELETE", path: string, body: unknown) => Promise<Given>;
}

export const own = (origin: string) => ({ origin, "content-type": "application/json", "sec-fetch-site": "same-origin" });

/** Logs in as the stand-in's person; fails when it does not. */
export async function logIn(origin: string, person = "ada", words = passphrase): Promise<Page> {
  const given = await ask(origin, { method: "POST", path: "/api/login", headers: own(origin), body: { person, passphrase: words } });
  if (given.status !== 200) throw new Error(`no login: ${given.status} ${given.text}`);
  const cookie = String(given.headers["set-cookie"]).split(";")[0] ?? "";
  const me = given.body as ConsolePerson;
  const { csrf } = me;
  return {
    cookie,
    csrf,
    me,
    get: (path) => ask(origin, { path, headers: { cookie, "sec-fetch-site": "same-origin" } }),
    send: (method, path, body) => ask(origin, { method, path, headers: { ...own(origin), cookie, "x-holdfast-csrf": csrf }, body }),
  };
}
