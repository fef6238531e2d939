/** What a test needs to open scratch servers: programs, connections and a folder of its own. */
import { dirname, join } from "node:path";
import pg from "pg";
import { newDrillId } from "../../src/base/ids.ts";
import type { ScratchParts } from "../../src/recovery/restore/scratch.ts";
import { serverPrograms } from "../../src/recovery/restore/server-programs.ts";
import { serverBinaries, type ServerVersion } from "../support/postgres/binaries.ts";

/** Where the programs of that version lie. Of 15 Debian has all of them; of others npm has the server itself, which is enough for most. */
export function programsOf(version: ServerVersion): readonly string[] {
  return version === 15 ? [] : [dirname(serverBinaries(version).postgres)];
}

export async function scratchParts(folder: string, version: ServerVersion = 15): Promise<ScratchParts> {
  return {
    root: join(folder, "scratch"),
    name: newDrillId(),
    programs: await serverPrograms(version, { path: process.env["PATH"] ?? "", first: programsOf(version) }),
    roles: ["postgres"],
    onProgress: () => undefined,
    connect: async ({ socket, port, role, database }) => {
      const client = new pg.Client({ host: socket, port, user: role, database });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
  };
}
