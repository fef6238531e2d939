/**
 * One request of the console from its first byte to its answer: whose site, whose page, which route, whose login, in that order.
 * It fails closed: without a login there is no data, and what it does not know, cannot read or cannot place is refused.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { readJson } from "../json-body.ts";
import { ControlRefusal, refusalStatus } from "../parts.ts";
import type { Assets } from "./assets.ts";
import { securityHeaders } from "./headers.ts";
import { answerHook, hookPath } from "./hook.ts";
import { csrfFits, type Login } from "./logins.ts";
import type { WebConsole } from "./parts.ts";
import type { LoggedIn, WebAnswer, WebRoute } from "./route.ts";
import { webRoutes } from "./routes/index.ts";
import { type Streams, streamTo } from "./stream.ts";

/** The header in which our own pages send the login's CSRF token. */
const csrfHeader = "x-holdfast-csrf";

export interface WebFront {
  readonly console: WebConsole;
  readonly assets: Assets;
  readonly streams: Streams;
}

export function answerPages(front: WebFront): RequestListener {
  return (request, response) => {
    response.on("error", () => undefined);
    const { site } = front.console;
    for (const [name, value] of Object.entries(securityHeaders(site.secure))) response.setHeader(name, value);
    answer(request, response, front).catch((error: unknown) => refuse(response, error));
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, front: WebFront): Promise<void> {
  const { site } = front.console;
  const { method = "", url = "" } = request;
  // Another form of a target (a whole URL, an authority) is a proxy's, and none is asked here.
  if (!/^\/[\x21-\x7e]*$/.test(url)) throw new ControlRefusal("bad_request", "the path is none");
  const [path = "", query = ""] = url.split(/\?(.*)/s, 2);
  const isApi = path.startsWith("/api/");
  const host = oneOf(request, "host");
  if (host !== site.host) {
    if (host === undefined || !site.aliases.includes(host) || isApi || method !== "GET") throw new NotOurs();
    response.writeHead(308, { location: `${site.origin}${url}` });
    return void response.end();
  }
  if (path === hookPath) return answerHook(request, response, front.console.parts.hook);
  if (!isApi) return givePage(response, method, path, front);
  demandOwnPage(request, site.origin);
  const { route, id } = routeOf(method, path);
  // Whether there is a login is known before a byte of the body is read.
  const by = route.open ? undefined : loggedIn(request, route, front.console);
  const body = await readJson(request);
  const asked = { id, query: new URLSearchParams(query), body };
  if (route.open) return give(response, await route.answer(asked, front.console), undefined, front.streams);
  if (by === undefined) throw new ControlRefusal("login_needed", "nobody is logged in");
  give(response, await route.answer(asked, front.console, by), by.login, front.streams);
}

/** A request for a name that is not ours: somebody made their own name point here. */
class NotOurs extends Error {
  override readonly name = "NotOurs";
}

/** The header's value where it came exactly once. */
function oneOf({ rawHeaders }: IncomingMessage, name: string): string | undefined {
  const values = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
  return values.length === 1 ? values[0] : undefined;
}

function givePage(response: ServerResponse, method: string, path: string, { assets }: WebFront): void {
  if (method !== "GET") throw new MethodRefused(["GET"]);
  const asset = assets.find(path);
  if (asset === undefined)
    throw new ControlRefusal("not_found", "there is nothing at this path; where the pages are missing: npm run build");
  const cache = asset.immutable ? { "cache-control": "public, max-age=31536000, immutable" } : {};
  response.writeHead(200, { "content-type": asset.type, "content-length": asset.bytes.length, ...cache });
  response.end(asset.bytes);
}

/**
 * What our own page asks says so by itself: browsers send Origin with everything but a GET, and new ones say for that too where it comes
 * from. Pages of other ports of this machine are "same-site" to a browser, cookie included: only these two tell them apart.
 */
function demandOwnPage(request: IncomingMessage, origin: string): void {
  const from = request.headers["sec-fetch-site"];
  const reads = request.method === "GET";
  const ours = from === undefined || from === "same-origin" || (reads && from === "none");
  const said = oneOf(request, "origin");
  const fits = reads ? said === undefined || said === origin : said === origin;
  if (!ours || !fits) throw new ControlRefusal("not_allowed", "the request does not come from the console's own page");
  if (!reads && request.headers["content-type"]?.split(";")[0] !== "application/json")
    throw new ControlRefusal("bad_request", "the body must be application/json");
}

function routeOf(method: string, path: string): { readonly route: WebRoute; readonly id: string } {
  const at = webRoutes.flatMap((route) => {
    const id = idIn(route.path, path);
    return id === undefined ? [] : [{ route, id }];
  });
  if (at.length === 0) throw new ControlRefusal("not_found", "there is nothing at this path");
  const found = at.find(({ route }) => route.method === method);
  if (found === undefined) throw new MethodRefused(at.map(({ route }) => route.method));
  return found;
}

/** What stands for the star, decoded; empty where the pattern has none; `undefined` where the path is another. */
function idIn(pattern: string, path: string): string | undefined {
  const [before = "", after] = pattern.split("*");
  if (after === undefined) return path === pattern ? "" : undefined;
  if (!path.startsWith(before) || !path.endsWith(after) || path.length <= before.length + after.length) return undefined;
  const id = path.slice(before.length, path.length - after.length);
  if (!/^[A-Za-z0-9_.~%-]{1,600}$/.test(id)) return undefined;
  try {
    return decodeURIComponent(id);
  } catch {
    return undefined;
  }
}

function loggedIn(request: IncomingMessage, route: WebRoute, { logins, site }: WebConsole): LoggedIn {
  const token = cookieOf(request, site.cookie);
  const login = token === undefined ? undefined : logins.find(token);
  const person = login === undefined ? undefined : logins.personOf(login);
  if (login === undefined || person === undefined) throw new ControlRefusal("login_needed", "nobody is logged in", "log in");
  const csrf = request.headers[csrfHeader];
  if (route.method !== "GET" && (typeof csrf !== "string" || !csrfFits(login, csrf)))
    throw new ControlRefusal("not_allowed", "the request does not carry the login's own token");
  return { login, person };
}

/** `undefined` when it came twice too: one of them is then not ours. */
function cookieOf(request: IncomingMessage, name: string): string | undefined {
  const pairs = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  const values = pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
  return values.length === 1 && /^[\w-]{43}$/.test(values[0] ?? "") ? values[0] : undefined;
}

class MethodRefused extends Error {
  override readonly name = "MethodRefused";
  readonly allowed: readonly string[];

  constructor(allowed: readonly string[]) {
    super("this path does not take the method");
    this.allowed = allowed;
  }
}

function give(response: ServerResponse, given: WebAnswer, login: Login | undefined, streams: Streams): void {
  if ("stream" in given) {
    if (login === undefined) throw new ControlRefusal("login_needed", "nobody is logged in");
    const leave = streams.enter(login.id);
    response.once("close", leave);
    return streamTo(response, given.stream, login.over);
  }
  const cookie = given.cookie === undefined ? {} : { "set-cookie": given.cookie };
  json(response, given.status, given.body, cookie);
}

function json(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length, ...headers });
  response.end(bytes);
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  // What is left of the request is not read.
  response.setHeader("connection", "close");
  if (error instanceof NotOurs)
    return json(response, 421, { error: { code: "not_found", message: "the console is not served by this name" } });
  if (error instanceof MethodRefused) {
    const body = { error: { code: "bad_request", message: error.message } };
    return json(response, 405, body, { allow: [...new Set(error.allowed)].join(", ") });
  }
  const refusal = error instanceof ControlRefusal ? error : new ControlRefusal("internal", "a defect of Holdfast; nothing was done");
  const { code, message, next } = refusal;
  json(response, refusalStatus[code], { error: { code, message, ...(next === undefined ? {} : { next }) } });
}
