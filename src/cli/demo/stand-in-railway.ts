/**
 * A stand-in for Railway in the demo: its GraphQL over TLS on loopback, by the names of its public schema, with volumes that are really
 * gone once deleted and backups that live on them, as on the day. It is not Railway, and knows nothing of Holdfast.
 */
import { createServer } from "node:https";
import type { ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buildSchema, graphql } from "graphql";

export interface StandInVolume {
  readonly id: string;
  readonly environment: "production" | "staging";
  readonly part: string;
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
  type Query {
    me: User!
    projects: ProjectConnection!
    project(id: String!): Project
    environment(id: String!): Environment
    service(id: String!): Service
    volumeInstance(id: String!): VolumeInstance
    volumeInstanceBackupList(volumeInstanceId: String!): [VolumeInstanceBackup!]!
  }
  type User { id: ID! name: String! email: String! }
  type ProjectConnection { edges: [ProjectEdge!]! }
  type ProjectEdge { node: Project! }
  type Project {
    id: ID! name: String! environments: EnvironmentConnection! services: ServiceConnection! volumes: VolumeConnection!
  }
  type EnvironmentConnection { edges: [EnvironmentEdge!]! }
  type EnvironmentEdge { node: Environment! }
  type Environment {
    id: ID! name: String! projectId: String! isEphemeral: Boolean!
    serviceInstances: ServiceInstanceConnection! volumeInstances: VolumeInstanceConnection!
  }
  type ServiceInstanceConnection { edges: [ServiceInstanceEdge!]! }
  type ServiceInstanceEdge { node: ServiceInstance! }
  type ServiceInstance { id: ID! serviceName: String! }
  type ServiceConnection { edges: [ServiceEdge!]! }
  type ServiceEdge { node: Service! }
  type Service { id: ID! name: String! projectId: String! project: Project! }
  type VolumeConnection { edges: [VolumeEdge!]! }
  type VolumeEdge { node: Volume! }
  type Volume { id: ID! name: String! projectId: String! volumeInstances: VolumeInstanceConnection! }
  type VolumeInstanceConnection { edges: [VolumeInstanceEdge!]! }
  type VolumeInstanceEdge { node: VolumeInstance! }
  type VolumeInstance {
    id: ID! volume: Volume! environment: Environment! service: Service mountPath: String! sizeMB: Int! currentSizeMB: Float!
  }
  type VolumeInstanceBackup { id: ID! name: String createdAt: DateTime! usedMB: Int }
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
  const things = thingsOf(left);
  const byInstance = (id: string): StandInVolume | undefined => left.get(id.replace(/-instance$/, ""));
  return {
    me: () => ({ id: "u-1", name: "staging bot", email: "bot@shop.example" }),
    projects: () => edges([things.project()]),
    project: ({ id }: Named) => (id === PROJECT ? things.project() : null),
    environment: ({ id }: Named) => things.environments().find((each) => each.id === id) ?? null,
    service: ({ id }: Named) => things.services().find((each) => each.id === id) ?? null,
    volumeInstance: ({ id }: Named) => {
      const found = byInstance(id);
      return found === undefined ? null : things.instance(found);
    },
    volumeInstanceBackupList: ({ volumeInstanceId }: { readonly volumeInstanceId: string }) => {
      const { backups = 0, sizeMb } = byInstance(volumeInstanceId) ?? {};
      return Array.from({ length: backups }, (_, at) => ({
        id: `${volumeInstanceId}-backup-${at + 1}`,
        name: `daily ${at + 1}`,
        createdAt: day(at + 1),
        usedMB: sizeMb,
      }));
    },
    // The backups live on the volume, and go with it.
    volumeDelete: ({ volumeId }: { readonly volumeId: string }) => left.delete(volumeId),
    serviceInstanceDeployV2: () => "deployment-1",
  };
}

interface Named {
  readonly id: string;
}

const PROJECT = "p-shop";

/** One project with two environments; whatever refers back is asked for only when a query goes there. */
function thingsOf(left: ReadonlyMap<string, StandInVolume>) {
  const all = (): readonly StandInVolume[] => [...left.values()];
  const project = (): object => ({
    id: PROJECT,
    name: "shop",
    environments: () => edges(environments()),
    services: () => edges(services()),
    volumes: () => edges(all().map(volume)),
  });
  const environment = (name: string): Named => {
    const own = { name, projectId: PROJECT, isEphemeral: false };
    const volumeInstances = () =>
      edges(
        all()
          .filter((each) => each.environment === name)
          .map(instance),
      );
    return Object.assign({ id: `e-${name}` }, own, {
      serviceInstances: () => edges([{ id: `si-web-${name}`, serviceName: "web" }]),
      volumeInstances,
    });
  };
  const environments = (): readonly Named[] => ["production", "staging"].map(environment);
  const partOf = (name: string): Named => Object.assign({ id: `s-${name}` }, { name, projectId: PROJECT, project });
  const services = (): readonly Named[] => ["web", ...all().map((each) => each.part)].map(partOf);
  const volume = (found: StandInVolume): object => {
    const { id } = found;
    return { id, name: "data", projectId: PROJECT, volumeInstances: () => edges([instance(found)]) };
  };
  const instance = (found: StandInVolume): object => ({
    id: `${found.id}-instance`,
    volume: () => volume(found),
    environment: () => environment(found.environment),
    service: () => partOf(found.part),
    mountPath: "/var/lib/postgresql/data",
    sizeMB: found.sizeMb,
    currentSizeMB: found.sizeMb,
  });
  return { project, environments, services, instance };
}

function edges(nodes: readonly object[]): object {
  return { edges: nodes.map((node) => ({ node })) };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
