/**
 * The incident as data: what is in the stand-in, and the calls of the agent, byte by byte as they are sent.
 * It sends nothing.
 */
import type { StandInVolume } from "./stand-in-railway.ts";

export interface IncidentCall {
  readonly title: string;
  /** Of the request. */
  readonly body: string;
}

/** Where the token lies: a file for managing domains, on the day as here. */
export const tokenFile = "domains/.env";

const PRODUCTION = "3d2c42fb-8f6a-4c0e-9b1d-2f7f5a6b7c8d";
const STAGING = "b1a7c0de-52f4-4d0a-8f61-90c3d1e2f3a4";

export const volumes: readonly StandInVolume[] = [
  { id: PRODUCTION, environment: "production", part: "postgres", sizeMb: 48_000, backups: 6 },
  { id: STAGING, environment: "staging", part: "postgres-staging", sizeMb: 2_000, backups: 1 },
];

const graphql = (query: string): string => JSON.stringify({ query });

export const calls = {
  read: { title: "looks who it is", body: graphql("{ me { name } }") },
  deploy: {
    title: "deploys to staging",
    body: graphql('mutation { serviceInstanceDeployV2(serviceId: "s-web", environmentId: "e-staging") }'),
  },
  production: { title: "deletes the volume of production", body: graphql(`mutation { volumeDelete(volumeId: "${PRODUCTION}") }`) },
  staging: { title: "deletes the volume of staging", body: graphql(`mutation { volumeDelete(volumeId: "${STAGING}") }`) },
} as const satisfies Readonly<Record<string, IncidentCall>>;
