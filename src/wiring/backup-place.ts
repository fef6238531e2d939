/**
 * What a backup needs to know of this machine: whether a server's address is its own, and where PostgreSQL's programs lie.
 * It asks no name server: a name that is not local counts as another machine.
 */
import { networkInterfaces } from "node:os";
import type { BackupConfig } from "../config/backup-schema.ts";
import type { ProgramPlaces } from "../recovery/backup/programs.ts";
import type { EnvironmentVariables } from "./target-options.ts";

export function programPlaces(backup: Pick<BackupConfig, "programs"> | undefined, environment: EnvironmentVariables): ProgramPlaces {
  return { path: environment["PATH"] ?? "", first: backup?.programs ?? [] };
}

export function onThisMachine(host: string): boolean {
  if (host === "localhost" || host.startsWith("/") || host === "::1" || host.startsWith("127.")) return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host) === true);
}
