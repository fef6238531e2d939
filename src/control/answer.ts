/**
 * One request of the control socket from its first byte to its answer: bounded body, route, signature where one is due, JSON.
 * It fails closed: what it does not know, cannot read or cannot verify is refused with a code, and an error inside is not described.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Authority } from "./authority-port.ts";
import { signatureHeaders } from "./authority-port.ts";
import { readJson } from "./json-body.ts";
import { ControlRefusal, type ControlParts, refusalStatus, type Signer } from "./parts.ts";
import type { Answer, Route } from "./route.ts";
import { routes } from "./routes/index.ts";

export function answerWith(parts: ControlParts): RequestListener {
  return (request, response) => {
    response.on("error", () => undefined);
    answer(request, parts).then(
      (given) => give(response, given),
      (error: unknown) => refuse(response, error),
    );
  };
}

async function answer(request: IncomingMessage, parts: ControlParts): Promise<Answer> {
  const { method = "", url = "" } = request;
  const at = routes.filter((route) => fits(route, url));
  if (at.length === 0) throw new ControlRefusal("not_found", "there is nothing at this path");
  const route = at.find((each) => each.method === method);
  if (route === undefined) throw new MethodRefused(at.map((each) => each.method));
  const body = await readJson(request);
  const id = route.path.endsWith("/") ? decoded(url.slice(route.path.length)) : "";
  if (!route.signed) return route.answer({ id, body }, parts);
  return route.answer({ id, body }, parts, await signerOf(request, body, parts.authority));
}

class MethodRefused extends Error {
  override readonly name = "MethodRefused";
  readonly allowed: readonly string[];

  constructor(allowed: readonly string[]) {
    super("this path does not take the method");
    this.allowed = allowed;
  }
}

function fits({ path }: Route, url: string): boolean {
  return path.endsWith("/") ? url.startsWith(path) && /^[^/?#]+$/.test(url.slice(path.length)) : url === path;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ControlRefusal("bad_request", "the path is not encoded as a URL's is");
  }
}

/** Rejects unless a registered person signed this method, path and body. Every attempt is recorded by the authority. */
async function signerOf(request: IncomingMessage, body: unknown, authority: Authority | undefined): Promise<Signer> {
  if (authority === undefined)
    throw new ControlRefusal(
      "person_needed",
      "this takes a person, and this gateway knows none",
      "make a vault and register one: holdfast vault init, holdfast person add NAME",
    );
  const header = (name: string): string => {
    const value = request.headers[name];
    return typeof value === "string" ? value : "";
  };
  const nonce = header(signatureHeaders.nonce);
  const verified = await authority.verify({
    person: decoded(header(signatureHeaders.person)),
    nonce,
    signature: header(signatureHeaders.signature),
    method: request.method ?? "",
    path: request.url ?? "",
    body,
  });
  if (!verified.ok) throw new ControlRefusal("person_needed", verified.message, verified.next);
  return { person: verified.person, nonce };
}

const headers = { "content-type": "application/json", "cache-control": "no-store", connection: "close" } as const;

function give(response: ServerResponse, { status, body, hold }: Answer): void {
  response.writeHead(status, headers);
  if (hold === undefined) return void response.end(JSON.stringify(body));
  let over = false;
  response.once("close", () => {
    if (!over) hold.gone();
  });
  // The asker may have left while the answer was made: then nobody closes it any more.
  if (response.destroyed || response.socket?.destroyed === true) return hold.gone();
  response.write(`${JSON.stringify(body)}\n`);
  hold.until.then((last) => {
    over = true;
    response.end(`${JSON.stringify(last)}\n`);
  }, hold.gone);
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  if (error instanceof MethodRefused) {
    response.writeHead(405, { ...headers, allow: [...new Set(error.allowed)].join(", ") });
    return void response.end(JSON.stringify({ error: { code: "bad_request", message: error.message } }));
  }
  const refusal = error instanceof ControlRefusal ? error : new ControlRefusal("internal", "a defect of Holdfast; nothing was done");
  const { code, message, next } = refusal;
  response.writeHead(refusalStatus[code], headers);
  response.end(JSON.stringify({ error: { code, message, ...(next === undefined ? {} : { next }) } }));
}
