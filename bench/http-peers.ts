/**
 * The peers of the section `http`, each in a process of its own: the provider that is asked (`target`), a proxy that only tunnels
 * (`tunnel`), and http-mitm-proxy as its readme sets it up, with a credential swapped (`mitm`). Prints one line of JSON when it listens.
 * None of them judges anything.
 */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer as createPlainServer } from "node:http";
import { Agent, createServer } from "node:https";
import { createRequire } from "node:module";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { selfSigned } from "../test/support/certificates.ts";

export interface Peer {
  readonly pid: number;
  readonly port: number;
  /** File with the authority to trust; empty for a tunnel. */
  readonly ca: string;
}

const [role = "", host = "", token = "", targetPort = "0", targetCa = "", modules = ""] = process.argv.slice(2);
const fixed = '{"data":{"me":{"name":"x"}}}';

function listening(port: number, ca: string): void {
  process.stdout.write(`${JSON.stringify({ pid: process.pid, port, ca } satisfies Peer)}\n`);
}

function target(): void {
  const { ca, certificate, key } = selfSigned([host]);
  const file = join(mkdtempSync(join(tmpdir(), "holdfast-bench-target-")), "ca.pem");
  writeFileSync(file, ca);
  const server = createServer({ cert: certificate, key, ALPNProtocols: ["http/1.1"] }, (request, response) => {
    if (request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401, { "content-length": 0 }).end();
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on("end", () => {
      const text = request.method === "GET" ? fixed : JSON.stringify({ bytes });
      response.writeHead(200, { "content-type": "application/json", "content-length": text.length }).end(text);
    });
  });
  server.listen(0, "127.0.0.1", () => listening((server.address() as AddressInfo).port, file));
}

function tunnel(): void {
  const server = createPlainServer();
  server.on("connect", (_, socket: Socket) => {
    const out = connect(Number(targetPort), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      out.pipe(socket).pipe(out);
    });
    for (const each of [socket, out]) each.on("error", () => each.destroy());
  });
  server.listen(0, "127.0.0.1", () => listening((server.address() as AddressInfo).port, ""));
}

interface MitmContext {
  readonly proxyToServerRequestOptions: { host: string; port: number; headers: Record<string, string> };
  onRequestData(each: (context: MitmContext, chunk: Buffer, next: (error: null, chunk: Buffer) => void) => void): void;
  onResponseData(each: (context: MitmContext, chunk: Buffer, next: (error: null, chunk: Buffer) => void) => void): void;
}

interface Mitm {
  onError(act: (context: unknown, error: Error) => void): void;
  onRequest(act: (context: MitmContext, next: () => void) => void): void;
  listen(options: object, done: () => void): void;
  readonly httpPort: number;
}

function mitm(): void {
  const { Proxy: MitmProxy } = createRequire(join(modules, "x.js"))("http-mitm-proxy") as { Proxy: new () => Mitm };
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-mitm-"));
  const proxy = new MitmProxy();
  proxy.onError(() => undefined);
  proxy.onRequest((context, next) => {
    const { proxyToServerRequestOptions: options } = context;
    Object.assign(options, { host: "127.0.0.1", port: Number(targetPort), servername: host });
    options.headers["authorization"] = `Bearer ${token}`;
    // Looked at as an answer must be from which the credential is taken out again.
    context.onResponseData((_, chunk, done) => done(null, chunk));
    next();
  });
  const httpsAgent = new Agent({ keepAlive: true, ca: [...rootCertificates, readFileSync(targetCa, "utf8")] });
  proxy.listen({ host: "127.0.0.1", port: 0, sslCaDir: folder, keepAlive: true, httpsAgent }, () =>
    listening(proxy.httpPort, join(folder, "certs", "ca.pem")),
  );
}

// It goes with the benchmark, however that ends.
process.stdin.on("close", () => process.exit(0)).resume();
if (role === "target") target();
else if (role === "tunnel") tunnel();
else mitm();
