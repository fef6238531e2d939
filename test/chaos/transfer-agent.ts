/**
 * An agent program, to be killed: moves money between accounts through Holdfast while it lives, and prints what was acknowledged.
 * `node transfer-agent.ts FOLDER USER DATABASE SEED`; where Holdfast listens stands in the folder. It judges nothing.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { seeded } from "../fuzz/wire.ts";

const [folder = "", user = "", database = "", seed = "0"] = process.argv.slice(2);
const random = seeded(Number(seed));
const password = process.env["HOLDFAST_TEST_AGENT"] ?? "";
const pick = (below: number): number => Math.floor(random() * below);
let transfers = 0;

async function transfer(client: pg.Client): Promise<void> {
  const [from, to, amount] = [1 + pick(10), 1 + pick(10), 1 + pick(20)];
  const id = `${process.pid}-${++transfers}`;
  await client.query("BEGIN");
  await client.query("UPDATE accounts SET balance = balance - $1 WHERE id = $2", [amount, from]);
  if (random() < 0.2) await delay(pick(40));
  await client.query("UPDATE accounts SET balance = balance + $1 WHERE id = $2", [amount, to]);
  await client.query("INSERT INTO transfers (id, source, target, amount) VALUES ($1, $2, $3, $4)", [id, from, to, amount]);
  const keep = random() < 0.9;
  const { command } = await client.query(keep ? "COMMIT" : "ROLLBACK");
  process.stdout.write(`${command === "COMMIT" ? "+" : "-"}${id}\n`);
}

async function live(): Promise<void> {
  const [host = "", port = ""] = readFileSync(join(folder, "address"), "utf8").split(":");
  const client = new pg.Client({ host, port: Number(port), user, password, database, application_name: "transfers" });
  client.on("error", () => undefined);
  try {
    await client.connect();
    for (;;) await transfer(client);
  } catch (error) {
    const { code = "", message } = error as { code?: string; message: string };
    // A deadlock and a row that somebody changed are answers like others; a refusal would make the test prove nothing.
    if (code === "42501" || code === "42P01") process.stdout.write(`!${code} ${message}\n`);
  } finally {
    await Promise.race([client.end().catch(() => undefined), delay(500)]);
  }
}

for (;;) {
  await live();
  await delay(20 + pick(60));
}
