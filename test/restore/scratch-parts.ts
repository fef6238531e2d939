/** What a test needs to open scratch servers: programs, connections and a folder of its own. */
import { join } from "node:path";
import pg from "pg";
import { newDrillId } from "../../src/base/ids.ts";
import type { ScratchParts } from "../../src/recovery/restore/scratch.ts";
import { serverPrograms } from "../../src/recovery/restore/server-programs.ts";

export async function scratchParts(folder: string): Promise<ScratchParts> {
  return {
    root: join(folder, "scratch"),
    name: newDrillId(),
    programs: await serverPrograms(15, { path: process.env["PATH"] ?? "" }),
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
