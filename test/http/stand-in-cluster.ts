/**
 * A stand-in for a Kubernetes API server over TLS with an authority of its own: enough of discovery for kubectl, claims that are really
 * gone once deleted, and pods in which commands run over a WebSocket, as the real one speaks it (`v5.channel.k8s.io`).
 */
import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { selfSigned } from "../support/certificates.ts";
import { acceptWebSocket } from "./websocket-server.ts";

export interface StandInCluster {
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly claims: Set<string>;
  /** Method and path of each request that had the right token. */
  readonly served: string[];
  /** Of all that came, right or not. */
  readonly tokens: Set<string>;
  /** What was run in pods. */
  readonly commands: string[];
  close(): Promise<void>;
}

const resource = (name: string, kind: string, shortNames: readonly string[] = []) => ({
  name,
  singularName: kind.toLowerCase(),
  namespaced: true,
  kind,
  verbs: ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
  shortNames,
});
const discovery: Readonly<Record<string, object>> = {
  "/version": { major: "1", minor: "32", gitVersion: "v1.32.0" },
  "/api": { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] },
  "/apis": { kind: "APIGroupList", apiVersion: "v1", groups: [] },
  "/api/v1": {
    kind: "APIResourceList",
    groupVersion: "v1",
    resources: [
      resource("pods", "Pod", ["po"]),
      resource("persistentvolumeclaims", "PersistentVolumeClaim", ["pvc"]),
      resource("secrets", "Secret"),
      { name: "pods/exec", singularName: "", namespaced: true, kind: "PodExecOptions", verbs: ["create", "get"] },
    ],
  },
};
const pod = {
  kind: "Pod",
  apiVersion: "v1",
  metadata: { name: "web", namespace: "shop" },
  spec: { containers: [{ name: "web", image: "web" }] },
  status: { phase: "Running" },
};
const claim = (name: string) => ({ kind: "PersistentVolumeClaim", apiVersion: "v1", metadata: { name, namespace: "shop" } });

/** `token` is the one that opens it; `host` is whom it answers for. */
export async function startCluster(token: string, host: string): Promise<StandInCluster> {
  const claims = new Set(["data", "spare"]);
  const served: string[] = [];
  const tokens = new Set<string>();
  const commands: string[] = [];
  const { ca, certificate, key } = selfSigned([host]);
  const opens = ({ headers, method = "", url = "" }: IncomingMessage): boolean => {
    tokens.add(headers.authorization ?? "none");
    if (headers.authorization !== `Bearer ${token}`) return false;
    served.push(`${method} ${url}`);
    return true;
  };
  const server = createServer({ cert: certificate, key }, (request, response) => {
    request.resume();
    if (!opens(request)) return status(response, 401, "Unauthorized");
    const path = (request.url ?? "").split("?")[0] ?? "";
    const found = discovery[path];
    if (found !== undefined) return json(response, 200, found);
    const [, what, name] = /^\/api\/v1\/namespaces\/shop\/(\w+)(?:\/([\w-]+))?$/.exec(path) ?? [];
    if (what === "pods")
      return json(response, 200, name === undefined ? { kind: "PodList", apiVersion: "v1", metadata: {}, items: [pod] } : pod);
    if (what !== "persistentvolumeclaims" || name === undefined || !claims.has(name)) return status(response, 404, "NotFound");
    if (request.method === "DELETE" && !(request.url ?? "").includes("dryRun=All")) claims.delete(name);
    json(response, 200, claim(name));
  });
  const open = new Set<Duplex>();
  server.on("connection", (socket: Duplex) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.on("tlsClientError", () => undefined);
  server.on("upgrade", (request, socket) => {
    if (!opens(request)) return void socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    run(request, socket, commands);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    ca,
    claims,
    served,
    tokens,
    commands,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Channel 1 is what the command writes, 3 how it ended. */
function run(request: IncomingMessage, socket: Duplex, commands: string[]): void {
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
  const protocol = ["v5.channel.k8s.io", "v4.channel.k8s.io"].find((each) => offered.includes(each));
  const { searchParams } = new URL(request.url ?? "/", "https://cluster");
  const command = searchParams.getAll("command").join(" ");
  commands.push(command);
  const end = acceptWebSocket(request, socket, { protocol });
  const say = (channel: number, text: string): void => end.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
  say(1, `ran ${command}\n`);
  say(3, JSON.stringify({ metadata: {}, status: "Success" }));
  end.close(1000);
}

function status(response: ServerResponse, code: number, reason: string): void {
  json(response, code, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: reason, reason, code });
}

function json(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
}
