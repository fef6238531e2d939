/**
 * One request of the control socket from its first byte to its answer: bounded body, route, signature where one is due, JSON.
 * It fails closed: what it does not know, cannot read or cannot verify is refused with a code, and an error inside is not described.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Authority } from "./authority-port.ts";
import { signatureHeaders } from "./authority-port.ts";
import { readJson } from "./json-body.ts";
import { ControlRefusal, type ControlParts, refusalStatus, type SignedBy } from "./parts.ts";
import type { Answer, Route } from "./route.ts";
import { routes } from "./routes/index.ts";

/** Bodies that may be larger than others, read at a time: anyone of the account may send them. */
const LARGE_BODIES_MAX = 4;

export function answerWith(parts: ControlParts): RequestListener {
  const large = { open: 0 };
  return (request, response) => {
    response.on("error", () => undefined);
    answer(request, parts, large).then(
      (given) => give(response, given),
      (error: unknown) => refuse(response, error),
    );
  };
}

async function answer(request: IncomingMessage, parts: ControlParts, large: { open: number }): Promise<Answer> {
  const { method = "", url = "" } = request;
  const at = routes.filter((route) => fits(route, url));
  if (at.length === 0) throw new ControlRefusal("not_found", "there is nothing at this path");
  const route = at.find((each) => each.method === method);
  if (route === undefined) throw new MethodRefused(at.map((each) => each.method));
  const body = await bodyOf(request, route, large);
  const id = route.path.endsWith("/") ? decoded(url.slice(route.path.length)) : "";
  if (!route.signed) return route.answer({ id, body }, parts);
  return route.answer({ id, body }, parts, await signerOf(request, body, parts.authority));
}

async function bodyOf(request: IncomingMessage, { bodyBytesMax }: Route, large: { open: number }): Promise<unknown> {
  if (bodyBytesMax === undefined) return readJson(request);
  if (large.open >= LARGE_BODIES_MAX) throw new ControlRefusal("too_many", "too many plans come in at a time", "try again");
  large.open += 1;
  try {
    return await readJson(request, bodyBytesMax);
  } finally {
    large.open -= 1;
  }
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
async function signerOf(request: IncomingMessage, body: unknown, authority: Authority | undefined): Promise<SignedBy> {
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
  const { method = "", url: path = "" } = request;
  const signature = header(signatureHeaders.signature);
  const verified = await authority.verify({ person: decoded(header(signatureHeaders.person)), nonce, signature, method, path, body });
  if (!verified.ok) throw new ControlRefusal("person_needed", verified.message, verified.next);
  const { gateway, publicKey } = verified.evidence;
  return { person: verified.person, nonce, evidence: { kind: "signature", publicKey, signature, nonce, gateway, method, path, body } };
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
