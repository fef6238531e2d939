/**
 * The client of the section `http`, run by `holdfast run`: the same request straight to the provider, through a plain tunnel, through
 * http-mitm-proxy and through Holdfast, by turns. Prints one line of JSON; it judges nothing. Argument: what to do, as JSON.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Agent, request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { connect as connectTls, rootCertificates, type TLSSocket } from "node:tls";
import type { Peer } from "./http-peers.ts";
import { processorMicros, residentKiB } from "./stack/process-figures.ts";

export interface ClientTask {
  readonly host: string;
  readonly token: string;
  readonly peers: { readonly target: Peer; readonly tunnel: Peer; readonly mitm?: Peer | undefined };
  readonly rounds: number;
  /** Kept-alive requests of one round. */
  readonly requests: number;
  /** Requests over 200 connections. */
  readonly crowd: number;
  readonly uploadMiB: number;
}

const task = JSON.parse(process.argv[2] ?? "{}") as ClientTask;
const { host, token, peers } = task;
const gateway = process.ppid;
const proxy = new URL(process.env["HTTPS_PROXY"] ?? "");
const login = Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString("base64");

interface Way {
  readonly name: string;
  readonly pid: number | undefined;
  readonly port: number;
  readonly proxied: boolean;
  readonly ca: string[];
  /** What the client holds: the credential, or what stands for it. */
  readonly credential: string;
  readonly more: string;
}

const trusting = (file: string): string[] => [...rootCertificates, readFileSync(file, "utf8")];
const { target, tunnel, mitm } = peers;
const direct: Way = {
  name: "direct",
  pid: undefined,
  port: target.port,
  proxied: false,
  ca: trusting(target.ca),
  credential: token,
  more: "",
};
const holdfast: Way = {
  name: "holdfast",
  pid: gateway,
  port: Number(proxy.port),
  proxied: true,
  ca: trusting(process.env["NODE_EXTRA_CA_CERTS"] ?? ""),
  credential: process.env["RAILWAY_API_TOKEN"] ?? "",
  more: `Proxy-Authorization: Basic ${login}\r\n`,
};
const ways: readonly Way[] = [
  direct,
  { ...direct, name: "tunnel", pid: tunnel.pid, port: tunnel.port, proxied: true },
  ...(mitm === undefined ? [] : [{ ...direct, name: "mitm", pid: mitm.pid, port: mitm.port, proxied: true, ca: trusting(mitm.ca) }]),
  holdfast,
];

async function open({ port, proxied, ca, more }: Way): Promise<TLSSocket> {
  const plain = connect(port, "127.0.0.1");
  plain.setNoDelay(true);
  if (proxied) {
    plain.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n${more}\r\n`);
    let answer = "";
    while (!answer.endsWith("\r\n\r\n")) answer += ((await once(plain, "data")) as [Buffer])[0].toString("latin1");
    if (!answer.startsWith("HTTP/1.1 200")) throw new Error(answer);
  }
  const socket = connectTls({ socket: plain, servername: host, ca, ALPNProtocols: ["http/1.1"] });
  await once(socket, "secureConnect");
  return socket;
}

const textOf = ({ credential }: Way, path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${credential}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n`;

/** Microseconds. The provider's answer ends in `}}}`, and refusals do not. */
function roundTrip(socket: TLSSocket, text: string): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    let answer = "";
    const over = (act: () => void): void => {
      socket.off("data", onData);
      socket.off("close", onClose);
      act();
    };
    const onClose = (): void => over(() => reject(new Error(`closed after: ${answer.slice(0, 1_000)}`)));
    const onData = (chunk: Buffer): void => {
      answer += chunk.toString("latin1");
      if (answer.endsWith("}}}") || answer.endsWith("}}}\r\n0\r\n\r\n")) over(() => resolve((performance.now() - began) * 1000));
      else if (!answer.startsWith("HTTP/1.1 200")) over(() => reject(new Error(answer.slice(0, 1_000))));
    };
    socket.on("data", onData);
    socket.on("close", onClose);
    socket.write(text);
  });
}

type Spell = (way: Way, count: number) => Promise<number[]>;

function keptAlive(path: (n: number) => string): Spell {
  return async (way, count) => {
    const socket = await open(way);
    const taken: number[] = [];
    for (let n = 0; n < count; n++) taken.push(await roundTrip(socket, textOf(way, path(n))));
    socket.destroy();
    return taken;
  };
}

const anew: Spell = async (way, count) => {
  const taken: number[] = [];
  for (let n = 0; n < Math.ceil(count / 10); n++) {
    const began = performance.now();
    const socket = await open(way);
    await roundTrip(socket, textOf(way, "/fixed"));
    taken.push((performance.now() - began) * 1000);
    socket.destroy();
  }
  return taken;
};

/** A client as programs have it. */
const nodeClient: Spell = async (way, count) => {
  const socket = await open(way);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => socket;
  const taken: number[] = [];
  for (let n = 0; n < count; n++) {
    const began = performance.now();
    await new Promise<void>((resolve, reject) => {
      const out = httpsRequest({ host, path: "/fixed", agent, headers: { host, authorization: `Bearer ${way.credential}` } }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`${way.name} answered ${answer.statusCode}`));
        answer.on("data", () => undefined);
        answer.on("end", resolve);
      });
      out.on("error", reject);
      out.end();
    });
    taken.push((performance.now() - began) * 1000);
  }
  socket.destroy();
  return taken;
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** By turns; medians of all rounds, and the processor time of the process in between for each request. */
async function measured(name: string, spell: Spell, among: readonly Way[]): Promise<Record<string, number>> {
  const taken = new Map<Way, number[]>(among.map((way) => [way, []]));
  const micros = new Map<Way, number>();
  for (let round = 0; round <= task.rounds; round++)
    for (const way of among) {
      const before = way.pid === undefined ? 0 : (processorMicros(way.pid) ?? 0);
      const times = await spell(way, task.requests);
      // The first round warms up.
      if (round === 0) continue;
      taken.get(way)?.push(...times);
      if (way.pid !== undefined) micros.set(way, (micros.get(way) ?? 0) + (processorMicros(way.pid) ?? 0) - before);
    }
  const figures: Record<string, number> = {};
  for (const [way, times] of taken) {
    figures[`${name} ${way.name} p50`] = median(times);
    if (way.pid !== undefined) figures[`${name} ${way.name} cpu`] = (micros.get(way) ?? 0) / times.length;
  }
  return figures;
}

const residentMiB = (): number => (residentKiB(gateway) ?? Number.NaN) / 1024;

async function crowded(): Promise<Record<string, number>> {
  const connections = 200;
  const crowd = async (): Promise<void> => {
    const sockets: TLSSocket[] = [];
    // Two hundred handshakes at once would measure handshakes.
    while (sockets.length < connections) sockets.push(...(await Promise.all(Array.from({ length: 10 }, () => open(holdfast)))));
    await Promise.all(
      sockets.map(async (socket) => {
        for (let n = 0; n < Math.ceil(task.crowd / connections); n++) await roundTrip(socket, textOf(holdfast, "/fixed"));
        socket.destroy();
      }),
    );
  };
  const seen: Record<string, number> = { "crowd before": residentMiB() };
  for (const turn of [1, 2, 3]) {
    await crowd();
    seen[`crowd after ${turn}`] = residentMiB();
  }
  return seen;
}

async function uploaded(): Promise<Record<string, number>> {
  const chunk = Buffer.alloc(64 * 1024, "x");
  const bytes = task.uploadMiB * 1024 * 1024;
  const socket = await open(holdfast);
  const before = residentMiB();
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentMiB());
  }, 20);
  const began = performance.now();
  const arrived = await new Promise<string>((resolve, reject) => {
    const headers = {
      host,
      authorization: `Bearer ${holdfast.credential}`,
      "content-length": bytes,
      "content-type": "application/octet-stream",
    };
    const out = httpsRequest({ host, method: "POST", path: "/up", headers, createConnection: () => socket }, (answer) => {
      let text = "";
      answer.on("data", (part: Buffer) => {
        text += part.toString();
      });
      answer.on("end", () => resolve(text));
    });
    out.on("error", reject);
    let left = bytes;
    const more = (): void => {
      while (left > 0) {
        left -= chunk.length;
        if (!out.write(chunk)) return void out.once("drain", more);
      }
      out.end();
    };
    more();
  });
  clearInterval(watch);
  if ((JSON.parse(arrived) as { bytes?: number }).bytes !== bytes) throw new Error(`not all arrived: ${arrived.slice(0, 1_000)}`);
  return { "upload before": before, "upload peak": peak, "upload MiB/s": task.uploadMiB / ((performance.now() - began) / 1000) };
}

const figures: Record<string, number> = {};
if (task.rounds > 0) {
  const same = keptAlive(() => "/fixed");
  Object.assign(figures, await measured("kept", same, ways));
  Object.assign(
    figures,
    await measured(
      "differing",
      keptAlive((n) => `/fixed?n=${n}-${Math.random()}`),
      [direct, holdfast],
    ),
  );
  Object.assign(figures, await measured("node", nodeClient, ways));
  Object.assign(figures, await measured("new", anew, ways));
}
if (task.crowd > 0) Object.assign(figures, await crowded());
if (task.uploadMiB > 0) Object.assign(figures, await uploaded());
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit(0);
