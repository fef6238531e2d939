/**
 * The client of the section `http`, run by `holdfast run`: the same request straight to the stand-in and through the proxy, by turns.
 * Prints one line of JSON; it judges nothing. Arguments: port and authority file of the stand-in, its host, requests a round.
 */
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { connect } from "node:net";
import { rootCertificates, connect as connectTls, type TLSSocket } from "node:tls";

const [port = "", caFile = "", host = "", requests = "0"] = process.argv.slice(2);
const ca = [readFileSync(caFile, "utf8")];
const proxy = new URL(process.env["HTTPS_PROXY"] ?? "");
const trusted = [...rootCertificates, readFileSync(process.env["NODE_EXTRA_CA_CERTS"] ?? "", "utf8")];
const login = Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString("base64");
const text = `GET /fixed HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${process.env["RAILWAY_API_TOKEN"]}\r\n\r\n`;
const gateway = process.ppid;

type Way = "direct" | "proxy";

async function open(way: Way): Promise<TLSSocket> {
  if (way === "direct") {
    const socket = connectTls({ port: Number(port), host: "127.0.0.1", servername: host, ca });
    await once(socket, "secureConnect");
    return socket;
  }
  const plain = connect(Number(proxy.port), proxy.hostname);
  plain.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\nProxy-Authorization: Basic ${login}\r\n\r\n`);
  await once(plain, "data");
  const socket = connectTls({ socket: plain, servername: host, ca: trusted });
  await once(socket, "secureConnect");
  return socket;
}

/** The stand-in's answer ends in `}}}`, and the proxy's own refusals do not. */
function roundTrip(socket: TLSSocket): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    let answer = "";
    const over = (act: () => void): void => {
      socket.off("data", onData);
      socket.off("close", onClose);
      act();
    };
    const onClose = (): void => over(() => reject(new Error(`closed after: ${answer.slice(0, 200)}`)));
    const onData = (chunk: Buffer): void => {
      answer += chunk.toString("latin1");
      if (answer.endsWith("}}}")) over(() => resolve((performance.now() - began) * 1000));
      else if (!answer.startsWith("HTTP/1.1 200")) over(() => reject(new Error(answer.slice(0, 200))));
    };
    socket.on("data", onData);
    socket.on("close", onClose);
    socket.write(text);
  });
}

async function keptAlive(way: Way, count: number): Promise<number[]> {
  const socket = await open(way);
  await roundTrip(socket);
  const taken: number[] = [];
  for (let n = 0; n < count; n++) taken.push(await roundTrip(socket));
  socket.destroy();
  return taken;
}

async function anew(way: Way, count: number): Promise<number[]> {
  const taken: number[] = [];
  for (let n = 0; n < count; n++) {
    const began = performance.now();
    const socket = await open(way);
    await roundTrip(socket);
    taken.push((performance.now() - began) * 1000);
    socket.destroy();
  }
  return taken;
}

/** Of the process that serves the proxy: processor time in milliseconds (ticks of 10), resident MiB. */
function ofGateway(): { cpuMs: number; rssMiB: number } {
  const fields = readFileSync(`/proc/${gateway}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway}/status`, "utf8"))?.[1];
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, rssMiB: Number(rss) / 1024 };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const count = Number(requests);
const kept: Record<Way, number[]> = { direct: [], proxy: [] };
const fresh: Record<Way, number[]> = { direct: [], proxy: [] };
let cpuMs = 0;
for (let round = 0; round < 5; round++) {
  for (const way of ["direct", "proxy"] as const) {
    const before = ofGateway();
    kept[way].push(...(await keptAlive(way, count)));
    if (way === "proxy") cpuMs += ofGateway().cpuMs - before.cpuMs;
    fresh[way].push(...(await anew(way, Math.ceil(count / 10))));
  }
}
const before = ofGateway();
const connections = 200;
await Promise.all(Array.from({ length: connections }, () => keptAlive("proxy", Math.ceil(count / 10))));
const after = ofGateway();
const figures = {
  "kept p50 direct": median(kept.direct),
  "kept p50 proxy": median(kept.proxy),
  "new p50 direct": median(fresh.direct),
  "new p50 proxy": median(fresh.proxy),
  "cpu ms/request": cpuMs / kept.proxy.length,
  "MiB before": before.rssMiB,
  "MiB after": after.rssMiB,
  "requests at 200": connections * Math.ceil(count / 10),
};
process.stdout.write(`${JSON.stringify(figures)}\n`);
