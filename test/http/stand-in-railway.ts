/**
 * A stand-in for Railway: its GraphQL over TLS on loopback, with volumes that are really gone once deleted. It is the judge of what
 * arrived: every byte of every connection counts.
 */
import { createServer as createTlsServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buildSchema, graphql } from "graphql";
import { selfSigned } from "../support/certificates.ts";

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface StandInRailway {
  readonly port: number;
  /** PEM of the authority that signed for it. */
  readonly ca: string;
  readonly volumes: Set<string>;
  readonly backups: Set<string>;
  readonly received: ReceivedRequest[];
  /** Of all connections, inside TLS. */
  bytes(): number;
  /** Answers in place of GraphQL, for one path. */
  readonly paths: Map<string, (request: IncomingMessage, response: ServerResponse, body: Buffer) => void>;
  close(): Promise<void>;
}

export const railwayHosts = ["backboard.railway.com", "backboard.railway.app"] as const;

const schema = buildSchema(`
  type Query { me: User!  volume(id: String!): Volume  volumes: [Volume!]!  project(id: String!): Project }
  type User { id: ID! name: String! }
  type Volume { id: ID! name: String! sizeMB: Int! }
  type Project { id: ID! name: String! }
  scalar EnvironmentConfig
  type Mutation {
    volumeDelete(volumeId: String!): Boolean!
    environmentPatchCommit(environmentId: String!, patch: EnvironmentConfig, commitMessage: String): String
    serviceInstanceDeployV2(serviceId: String!, environmentId: String!): String!
  }`);

/** `token` is the one that opens it. `more` are other hosts that it answers for. */
export async function startRailway(token: string, more: readonly string[] = []): Promise<StandInRailway> {
  const volumes = new Set(["3d2c42fb-8f6a-4c0e-9b1d-2f7f5a6b7c8d", "spare"]);
  const backups = new Set(["b1", "b2", "b3"]);
  const received: ReceivedRequest[] = [];
  const paths: StandInRailway["paths"] = new Map();
  let bytes = 0;
  const root = {
    me: () => ({ id: "u1", name: "staging bot" }),
    volume: ({ id }: { id: string }) => (volumes.has(id) ? { id, name: "data", sizeMB: 48_000 } : null),
    volumes: () => [...volumes].map((id) => ({ id, name: "data", sizeMB: 48_000 })),
    project: ({ id }: { id: string }) => ({ id, name: "shop" }),
    // As it was on the day: the backups live on the volume.
    volumeDelete: ({ volumeId }: { volumeId: string }) => {
      backups.clear();
      return volumes.delete(volumeId);
    },
    environmentPatchCommit: ({ patch }: { patch?: unknown }) => {
      if (JSON.stringify(patch ?? {}).includes("isDeleted")) volumes.clear();
      return "patched";
    },
    serviceInstanceDeployV2: () => "deployment-1",
  };
  const { ca, certificate, key } = selfSigned([...railwayHosts, ...more]);
  const server = createTlsServer({ cert: certificate, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const { method = "", url = "", headers, rawHeaders } = request;
      received.push({ method, url, headers, rawHeaders, body });
      const own = paths.get(url.split("?")[0] ?? "");
      if (own !== undefined) return own(request, response, body);
      if (headers.authorization !== `Bearer ${token}`) return json(response, 401, { errors: [{ message: "Not Authorized" }] });
      void answered(request, body, root).then(
        (answer) => json(response, 200, answer),
        (error: Error) => json(response, 400, { errors: [{ message: error.message }] }),
      );
    });
  });
  server.on("secureConnection", (socket) => socket.on("data", (chunk: Buffer) => (bytes += chunk.length)));
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    ca,
    volumes,
    backups,
    received,
    paths,
    bytes: () => bytes,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

interface Envelope {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: Record<string, unknown>;
}

/** GET and POST, batches too: whatever the real one might take. */
async function answered(request: IncomingMessage, body: Buffer, root: object): Promise<unknown> {
  const run = ({ query, operationName, variables }: Envelope) =>
    graphql({
      schema,
      source: query,
      rootValue: root,
      ...(operationName === undefined ? {} : { operationName }),
      ...(variables === undefined ? {} : { variableValues: variables }),
    });
  if (request.method === "GET") {
    const { searchParams } = new URL(request.url ?? "/", "https://stand-in");
    return run({ query: searchParams.get("query") ?? "" });
  }
  const parsed = JSON.parse(body.toString("utf8")) as Envelope | Envelope[];
  return Array.isArray(parsed) ? Promise.all(parsed.map(run)) : run(parsed);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
