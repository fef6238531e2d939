/**
 * A stand-in for Railway: its GraphQL over TLS on loopback, with volumes that are really gone once deleted. It is the judge of what
 * arrived: every byte of every connection counts.
 */
import { createServer as createTlsServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buildSchema, graphql } from "graphql";
import type { Duplex } from "node:stream";
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { selfSigned } from "../support/certificates.ts";
import { serveGraphql, type ServerSocket } from "./websocket-server.ts";

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
  /** Of clients. */
  readonly received: ReceivedRequest[];
  /** Of Holdfast itself: what it asks before it judges. */
  readonly asked: ReceivedRequest[];
  /** Of all connections, inside TLS, but for what Holdfast itself asked. */
  bytes(): number;
  /** Answers in place of GraphQL, for one path. */
  readonly paths: Map<string, (request: IncomingMessage, response: ServerResponse, body: Buffer) => void>;
  /** Answers to whoever wants to change the protocol, by path; GraphQL's own path speaks its two protocols. */
  readonly upgrades: Map<string, (request: IncomingMessage, socket: Duplex, first: Buffer) => void>;
  /** Connections that changed it to GraphQL. */
  readonly opened: ServerSocket[];
  close(): Promise<void>;
}

export const railwayHosts = ["backboard.railway.com", "backboard.railway.app"] as const;

const schema = buildSchema(`
  type Query {
    me: User!  volume(id: String!): Volume  volumes: [Volume!]!  project(id: String!): Project  projects: Projects!
    volumeInstance(id: String!): VolumeInstance  volumeInstanceBackupList(volumeInstanceId: String!): [Backup!]!
    environment(id: String!): Environment  service(id: String!): Service
  }
  type User { id: ID! name: String! }
  type Volume { id: ID! name: String! sizeMB: Int! projectId: String! volumeInstances: VolumeInstances! }
  type VolumeInstances { edges: [VolumeInstanceEdge!]! }
  type VolumeInstanceEdge { node: VolumeInstance! }
  type VolumeInstance {
    id: ID! sizeMB: Int! currentSizeMB: Float! mountPath: String! volume: Volume! environment: Environment! service: Service!
  }
  type Backup { id: ID! name: String! createdAt: String! usedMB: Int! }
  type Projects { edges: [ProjectEdge!]! }
  type ProjectEdge { node: Project! }
  type Project { id: ID! name: String! environments: Environments! services: Services! volumes: Volumes! }
  type Environments { edges: [EnvironmentEdge!]! }
  type EnvironmentEdge { node: Environment! }
  type Environment {
    id: ID! name: String! projectId: String! isEphemeral: Boolean! serviceInstances: ServiceInstances! volumeInstances: VolumeInstances!
  }
  type ServiceInstances { edges: [ServiceInstanceEdge!]! }
  type ServiceInstanceEdge { node: ServiceInstance! }
  type ServiceInstance { id: ID! serviceName: String! }
  type Services { edges: [ServiceEdge!]! }
  type ServiceEdge { node: Service! }
  type Service { id: ID! name: String! projectId: String! project: Project! }
  type Volumes { edges: [VolumeEdge!]! }
  type VolumeEdge { node: Volume! }
  scalar EnvironmentConfig
  scalar Kinds
  type Mutation {
    volumeDelete(volumeId: String!): Boolean!
    environmentPatchCommit(environmentId: String!, patch: EnvironmentConfig, commitMessage: String): String
    serviceInstanceDeployV2(serviceId: String!, environmentId: String!): String!
    volumeInstanceBackupScheduleUpdate(volumeInstanceId: String!, kinds: Kinds): Boolean!
  }`);

/** What the account holds besides its volumes: one project with production and staging, a service each. */
export const standInIds = {
  project: "p-shop",
  production: "e-production",
  staging: "e-staging",
  postgres: "s-postgres",
  cache: "s-cache",
  /** The volume of production, 48 GB, with six backups. */
  volume: "3d2c42fb-8f6a-4c0e-9b1d-2f7f5a6b7c8d",
  instance: "vi-data",
  /** One of staging, without any. */
  spare: "spare",
  spareInstance: "vi-spare",
} as const;

interface Held {
  readonly volumes: Set<string>;
  readonly backups: Set<string>;
}

const edges = <T>(nodes: readonly T[]) => ({ edges: nodes.map((node) => ({ node })) });

/** The account's answers, from what is left of it. */
function account({ volumes, backups }: Held) {
  const { project, production, staging, postgres, cache, volume, instance, spare, spareInstance } = standInIds;
  const deployed = (id: string): object | null => {
    const name = { [postgres]: "postgres", [cache]: "cache" }[id];
    return name === undefined ? null : { id, name, projectId: project, project: () => shop() };
  };
  const environment = (id: string): object | null => {
    const name = { [production]: "production", [staging]: "staging" }[id];
    const own = id === production ? volume : spare;
    if (name === undefined) return null;
    return {
      id,
      name,
      projectId: project,
      isEphemeral: false,
      serviceInstances: edges([{ id: `si-${name}`, serviceName: id === production ? "postgres" : "cache" }]),
      volumeInstances: () => edges(volumes.has(own) ? [instanceOf(own)] : []),
    };
  };
  const instanceOf = (id: string): object => ({
    id: id === volume ? instance : spareInstance,
    sizeMB: id === volume ? 51_200 : 1_024,
    currentSizeMB: id === volume ? 48_000 : 512,
    mountPath: "/data",
    volume: () => volumeOf(id),
    environment: () => environment(id === volume ? production : staging),
    service: () => deployed(id === volume ? postgres : cache),
  });
  const volumeOf = (id: string): object | null =>
    volumes.has(id)
      ? {
          id,
          name: id === volume ? "data" : "spare",
          sizeMB: id === volume ? 48_000 : 512,
          projectId: project,
          volumeInstances: () => edges([instanceOf(id)]),
        }
      : null;
  const shop = (): object => ({
    id: project,
    name: "shop",
    environments: () => edges([environment(production), environment(staging)]),
    services: () => edges([deployed(postgres), deployed(cache)]),
    volumes: () => edges([...volumes].map(volumeOf)),
  });
  return {
    service: ({ id }: { id: string }) => deployed(id),
    environment: ({ id }: { id: string }) => environment(id),
    volume: ({ id }: { id: string }) => volumeOf(id),
    volumes: () => [...volumes].map(volumeOf),
    project: ({ id }: { id: string }) => (id === project ? shop() : null),
    projects: () => edges([shop()]),
    volumeInstance: ({ id }: { id: string }) => {
      const own = { [instance]: volume, [spareInstance]: spare }[id];
      return own !== undefined && volumes.has(own) ? instanceOf(own) : null;
    },
    volumeInstanceBackupList: ({ volumeInstanceId }: { volumeInstanceId: string }) =>
      volumeInstanceId === instance
        ? [...backups].map((id, index) => ({ id, name: id, createdAt: `2026-11-${10 + index}T03:00:00.000Z`, usedMB: 47_000 }))
        : [],
  };
}

/** What a request may run, and what it then does. */
function rootOf({ volumes, backups }: Held): object {
  return {
    me: () => ({ id: "u1", name: "staging bot" }),
    ...account({ volumes, backups }),
    // As it was on the day: the backups live on the volume.
    volumeDelete: ({ volumeId }: { volumeId: string }) => {
      if (volumeId === standInIds.volume) backups.clear();
      return volumes.delete(volumeId);
    },
    environmentPatchCommit: ({ patch }: { patch?: unknown }) => {
      if (JSON.stringify(patch ?? {}).includes("isDeleted")) volumes.clear();
      return "patched";
    },
    serviceInstanceDeployV2: () => "deployment-1",
    volumeInstanceBackupScheduleUpdate: () => true,
  };
}

/** Bytes that came, without those of Holdfast's own requests. */
class Counted {
  bytes = 0;
  /** Of each connection since its last request was through. */
  readonly #pending = new WeakMap<object, number>();

  came(socket: object, bytes: number): void {
    this.bytes += bytes;
    this.#pending.set(socket, (this.#pending.get(socket) ?? 0) + bytes);
  }

  through(socket: object, own: boolean): void {
    if (own) this.bytes -= this.#pending.get(socket) ?? 0;
    this.#pending.set(socket, 0);
  }
}

/** As servers take what they get compressed, the lenient ones: every member of it, and whatever stands behind passed over. */
function opened(body: Buffer, encoding = ""): Buffer {
  return encoding.split(/, */).reduceRight((bytes, coding) => undoing[coding]?.(bytes) ?? bytes, body);
}

const undoing: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/** `token` is the one that opens it. `more` are other hosts that it answers for. */
export async function startRailway(token: string, more: readonly string[] = []): Promise<StandInRailway> {
  const volumes = new Set<string>([standInIds.volume, standInIds.spare]);
  const backups = new Set(["b1", "b2", "b3", "b4", "b5", "b6"]);
  const received: ReceivedRequest[] = [];
  const asked: ReceivedRequest[] = [];
  const paths: StandInRailway["paths"] = new Map();
  const root = rootOf({ volumes, backups });
  const counted = new Counted();
  const { ca, certificate, key } = selfSigned([...railwayHosts, ...more]);
  const server = createTlsServer({ cert: certificate, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const { method = "", url = "", headers, rawHeaders } = request;
      const undone = opened(body, headers["content-encoding"]);
      const own = headers["user-agent"] === "holdfast";
      (own ? asked : received).push({ method, url, headers, rawHeaders, body });
      counted.through(request.socket, own);
      const path = paths.get(url.split("?")[0] ?? "");
      if (path !== undefined) return path(request, response, body);
      if (headers.authorization !== `Bearer ${token}`) return json(response, 401, { errors: [{ message: "Not Authorized" }] });
      void answered(request, undone, root).then(
        (answer) => json(response, 200, answer),
        (error: Error) => json(response, 400, { errors: [{ message: error.message }] }),
      );
    });
  });
  const upgrades: StandInRailway["upgrades"] = new Map();
  const sockets: ServerSocket[] = [];
  const lines = new Set<Duplex>();
  server.on("upgrade", (request, socket, first) => {
    lines.add(socket);
    socket.once("close", () => lines.delete(socket));
    const { method = "", url = "", headers, rawHeaders } = request;
    received.push({ method, url, headers, rawHeaders, body: Buffer.alloc(0) });
    const own = upgrades.get(url.split("?")[0] ?? "");
    if (own !== undefined) return own(request, socket, first);
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((each) => each.trim());
    const protocol = (["graphql-transport-ws", "graphql-ws"] as const).find((each) => offered.includes(each));
    if (protocol === undefined) return void socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    const right = `Bearer ${token}`;
    const opens = (payload: unknown): boolean =>
      headers.authorization === right || (payload as { Authorization?: string } | undefined)?.Authorization === right;
    sockets.push(serveGraphql(request, socket, { schema, root, protocol, opens }));
  });
  server.on("secureConnection", (socket) => socket.on("data", (chunk: Buffer) => counted.came(socket, chunk.length)));
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    ca,
    volumes,
    backups,
    received,
    asked,
    paths,
    upgrades,
    opened: sockets,
    bytes: () => counted.bytes,
    close: async () => {
      for (const line of lines) line.destroy();
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
