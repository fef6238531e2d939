/**
 * A gateway with a shop on the wire, and a stand-in for Supabase and Neon over TLS that runs whatever SQL arrives on that same database.
 * It tests nothing itself.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:https";
import { join } from "node:path";
import type pg from "pg";
import type { HeldSession } from "../../src/control/client.ts";
import { type ApprovalScene, openApprovalScene, quickly } from "../approvals/scene.ts";
import { type Answered, type Call, call, type ProxyLogin } from "../http/proxy-client.ts";
import { newFolder, openShop, provisionShop, type Shop } from "../provision/shop.ts";
import { selfSigned } from "../support/certificates.ts";
import { testServer } from "../support/servers.ts";

export const supabase = "api.supabase.com";
export const neon = "ep-shop-1.eu-central-1.aws.neon.tech";

export interface SqlScene {
  readonly approvals: ApprovalScene;
  readonly shop: Shop;
  readonly held: HeldSession;
  /** Texts that reached the stand-in, each of which ran. */
  readonly ran: readonly string[];
  readonly send: (host: string, call: Call) => Promise<Answered>;
  readonly stop: () => Promise<void>;
}

/** `limits` are the policy's for the target; `environment` is the target's. */
export async function openSqlScene(limits: string, environment = "staging"): Promise<SqlScene> {
  const server = await testServer(18);
  const shop = await openShop(server);
  await server.asSuperuser(`GRANT ${shop.owner.user} TO ${shop.admin.user} WITH ADMIN OPTION`);
  await provisionShop(shop);
  const token = randomBytes(24).toString("hex");
  const ran: string[] = [];
  const { ca, certificate, key } = selfSigned([supabase, neon]);
  const standIn = createServer({ cert: certificate, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("error", () => undefined);
    request.on("end", () => {
      const own = request.headers.authorization === `Bearer ${token}` || request.headers["neon-connection-string"] === token;
      const answer = own ? carriedOut(Buffer.concat(chunks).toString("utf8"), shop, ran) : Promise.reject(new Error("no such token"));
      void answer.then(
        (rows) => response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(rows)),
        (error: Error) => response.writeHead(400).end(error.message),
      );
    });
  });
  standIn.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => standIn.listen(0, "127.0.0.1", resolve));
  const { port } = standIn.address() as AddressInfo;
  const folder = newFolder();
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, ca);
  const route = (host: string) => `    - { host: ${host}, address: "127.0.0.1:${port}", ca: ${caFile} }`;
  const more = `http:
  listen: 127.0.0.1:0
  credentials:
    supabase: { secret: { vault: supabase-token }, hosts: [${supabase}] }
    neon: { secret: { vault: supabase-token }, hosts: ["${neon}"], header: neon-connection-string, mode: inject, form: "{}" }
  databases:
    - { provider: supabase, project: shopref, target: ${shop.target} }
    - { provider: neon, project: "ep-shop-*", target: ${shop.target} }
  routes:
${[supabase, neon].map(route).join("\n")}
${quickly}`;
  const approvals = await openApprovalScene(server, {
    shop,
    environment,
    approves: ["staging", "production"],
    policy: "guarded-writes",
    target: limits,
    more,
    secrets: { "supabase-token": { kind: "token", value: token, hosts: [supabase, neon], createdAtMs: 0, rotatedAtMs: null } },
  });
  const held = await approvals.program();
  const { http, user, password } = held.opened;
  assert(http !== undefined, "the session was told of no proxy");
  const proxy: ProxyLogin = { ...http, user, password };
  const placeholder = http.placeholders.find(({ name }) => name === "supabase")?.placeholder ?? "";
  return {
    approvals,
    shop,
    held,
    ran,
    send: (host, asked) => {
      const own: Record<string, string> = host === supabase ? { authorization: `Bearer ${placeholder}` } : {};
      return call(proxy, host, { ...asked, headers: { "content-type": "application/json", ...own, ...asked.headers } });
    },
    stop: async () => {
      held.letGo();
      await approvals.stop();
      standIn.closeAllConnections();
      await new Promise<void>((resolve) => standIn.close(() => resolve()));
    },
  };
}

/** As the providers do: with every right, one text or several in one transaction. */
async function carriedOut(body: string, { server, database }: Shop, ran: string[]): Promise<unknown> {
  const asked = JSON.parse(body) as { query?: string; params?: unknown; queries?: readonly { query: string }[] };
  const texts = asked.queries?.map(({ query }) => query) ?? [asked.query ?? ""];
  ran.push(...texts);
  const client: pg.Client = await server.connect(database, server.superuser);
  try {
    await client.query("BEGIN");
    const results: { readonly rows: readonly unknown[] }[] = [];
    for (const text of texts) {
      const came: pg.QueryResult | pg.QueryResult[] = await client.query(text);
      const last = Array.isArray(came) ? came.at(-1) : came;
      results.push({ rows: last?.rows ?? [] });
    }
    await client.query("COMMIT");
    if (asked.queries !== undefined) return { results };
    // Neon's clients always send parameters.
    return asked.params === undefined ? results[0]?.rows : results[0];
  } finally {
    await client.end();
  }
}
