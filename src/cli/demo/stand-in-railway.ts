/**
 * A stand-in for Railway in the demo: its GraphQL over TLS on loopback, by the names of its public schema, with volumes that are really gone
 * once deleted and backups that live on them, as on the day. It is not Railway, and knows nothing of Holdfast.
 */
import { createServer } from "node:https";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buildSchema, graphql } from "graphql";

export interface StandInVolume {
  readonly id: string;
  readonly environment: "production" | "staging";
  readonly service: string;
  readonly sizeMb: number;
  readonly backups: number;
}

export interface StandInRailway {
  readonly port: number;
  /** PEM: who signed for it. */
  readonly certificate: string;
  /** What is there now, by the stand-in's own count. */
  readonly counts: () => { readonly volumes: number; readonly backups: number };
  /** Requests that arrived, whatever became of them. */
  readonly arrived: () => number;
  close(): Promise<void>;
}

export const railwayHost = "backboard.railway.com";
export const railwayUrl = `https://${railwayHost}/graphql/v2`;
const DAY_MS = 86_400_000;

const schema = buildSchema(`
  scalar DateTime
  scalar BigInt
  type Query {
    me: User!
    volume(id: String!): Volume
    volumeInstance(id: String!): VolumeInstance
    volumeInstanceBackupList(volumeInstanceId: String!): [VolumeInstanceBackup!]!
    project(id: String!): Project
  }
  type User { id: ID! name: String! email: String! }
  type Project { id: ID! name: String! volumes: VolumeConnection! }
  type VolumeConnection { edges: [VolumeEdge!]! }
  type VolumeEdge { node: Volume! }
  type Volume { id: ID! name: String! createdAt: DateTime! projectId: String! project: Project! volumeInstances: VolumeInstanceConnection! }
  type VolumeInstanceConnection { edges: [VolumeInstanceEdge!]! }
  type VolumeInstanceEdge { node: VolumeInstance! }
  type VolumeInstance {
    id: ID! volumeId: String! volume: Volume! environmentId: String! environment: Environment! serviceId: String service: Service
    mountPath: String! sizeMB: Int! currentSizeMB: Float! state: String
  }
  type Environment { id: ID! name: String! isEphemeral: Boolean! projectId: String! }
  type Service { id: ID! name: String! }
  type VolumeInstanceBackup { id: ID! name: String createdAt: DateTime! expiresAt: DateTime usedMB: Int referencedMB: Int }
  type Mutation {
    volumeDelete(volumeId: String!): Boolean!
    serviceInstanceDeployV2(serviceId: String!, environmentId: String!, commitSha: String): String!
  }`);

export interface StandInParts {
  /** The one that opens it. */
  readonly token: string;
  readonly volumes: readonly StandInVolume[];
  readonly nowMs: number;
}

/** Listens on a free port of loopback. */
export async function startStandIn({ token, volumes, nowMs }: StandInParts): Promise<StandInRailway> {
  const { throwAwayAuthority } = await import("../../wiring/throw-away-authority.ts");
  const authority = throwAwayAuthority("the demo's stand-in for Railway");
  const left = new Map(volumes.map((volume) => [volume.id, volume]));
  const root = rootOf(left, nowMs);
  let arrived = 0;
  const server = createServer({ SNICallback: (host, done) => done(null, authority.contextFor(host)) }, (request, response) => {
    arrived += 1;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("end", () => {
      if (request.headers.authorization !== `Bearer ${token}`) return answer(response, 401, { errors: [{ message: "Not Authorized" }] });
      void asked(Buffer.concat(chunks).toString("utf8"), root).then(
        (result) => answer(response, 200, result),
        () => answer(response, 400, { errors: [{ message: "Bad Request" }] }),
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    certificate: authority.certificate,
    counts: () => ({ volumes: left.size, backups: [...left.values()].reduce((sum, { backups }) => sum + backups, 0) }),
    arrived: () => arrived,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function asked(text: string, root: object): Promise<unknown> {
  const { query, operationName, variables } = JSON.parse(text) as {
    readonly query: string;
    readonly operationName?: string | null;
    readonly variables?: Record<string, unknown> | null;
  };
  return graphql({ schema, source: query, rootValue: root, operationName, variableValues: variables });
}

/** The schema's root fields over the volumes that are left. */
function rootOf(left: Map<string, StandInVolume>, nowMs: number): object {
  const day = (days: number): string => new Date(nowMs - days * DAY_MS).toISOString();
  const project = (): object => ({
    id: "p-shop",
    name: "shop",
    volumes: () => ({ edges: [...left.values()].map((each) => ({ node: volume(each) })) }),
  });
  const volume = (found: StandInVolume): object => ({
    id: found.id,
    name: `${found.service}-volume`,
    createdAt: day(400),
    projectId: "p-shop",
    project,
    volumeInstances: () => ({ edges: [{ node: instance(found) }] }),
  });
  const instance = (found: StandInVolume): object => ({
    id: `${found.id}-instance`,
    volumeId: found.id,
    volume: () => volume(found),
    environmentId: `e-${found.environment}`,
    environment: { id: `e-${found.environment}`, name: found.environment, isEphemeral: false, projectId: "p-shop" },
    serviceId: `s-${found.service}`,
    service: { id: `s-${found.service}`, name: found.service },
    mountPath: "/var/lib/postgresql/data",
    sizeMB: found.sizeMb,
    currentSizeMB: found.sizeMb,
    state: "READY",
  });
  const byInstance = (id: string): StandInVolume | undefined => left.get(id.replace(/-instance$/, ""));
  return {
    me: () => ({ id: "u-1", name: "staging bot", email: "bot@shop.example" }),
    project: ({ id }: { id: string }) => (id === "p-shop" ? project() : null),
    volume: ({ id }: { id: string }) => mapped(left.get(id), volume),
    volumeInstance: ({ id }: { id: string }) => mapped(byInstance(id), instance),
    volumeInstanceBackupList: ({ volumeInstanceId }: { volumeInstanceId: string }) =>
      Array.from({ length: byInstance(volumeInstanceId)?.backups ?? 0 }, (_, at) => ({
        id: `${volumeInstanceId}-backup-${at + 1}`,
        name: `daily ${at + 1}`,
        createdAt: day(at + 1),
        usedMB: byInstance(volumeInstanceId)?.sizeMb,
      })),
    // The backups live on the volume, and go with it.
    volumeDelete: ({ volumeId }: { volumeId: string }) => left.delete(volumeId),
    serviceInstanceDeployV2: () => "deployment-1",
  };
}

function mapped(found: StandInVolume | undefined, to: (volume: StandInVolume) => object): object | null {
  return found === undefined ? null : to(found);
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
