/**
 * What an idle connection costs Holdfast in memory: resident size before and after many clients have logged in.
 */
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Path } from "../stack/open-stack.ts";
import { residentKiB } from "../stack/process-figures.ts";
import type { Row, Run } from "./section.ts";

const connections = 1000;

export async function idle({ stack, note }: Run): Promise<readonly Row[]> {
  note(`${connections} idle connections`);
  const rows: Row[] = [];
  for (const path of stack.paths) {
    const { pid } = path;
    const before = pid === undefined ? undefined : residentKiB(pid);
    if (pid === undefined || before === undefined) continue;
    const clients = await connectAll(path, stack.database);
    await delay(2000);
    const after = residentKiB(pid);
    await Promise.all(clients.map((client) => client.end()));
    await delay(500);
    if (after === undefined) continue;
    const each = (after - before) / connections;
    const base = {
      section: "idle",
      name: `${path.name}: ${connections} idle connections`,
      figures: { "before MiB": before / 1024, "after MiB": after / 1024, "KiB each": each },
    };
    rows.push(path.name === "holdfast" ? { ...base, goal: { text: "<= 64 KiB each", met: each <= 64 } } : base);
  }
  return rows;
}

async function connectAll(path: Path, database: string): Promise<readonly pg.Client[]> {
  const clients: pg.Client[] = [];
  while (clients.length < connections) {
    const some = Array.from({ length: 50 }, () => {
      const client = new pg.Client({ host: "127.0.0.1", port: path.port, user: path.user, password: path.password, database });
      client.on("error", () => undefined);
      return client;
    });
    await Promise.all(some.map((client) => client.connect()));
    clients.push(...some);
  }
  return clients;
}
