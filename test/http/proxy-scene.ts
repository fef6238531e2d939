/**
 * A session, of staging unless said otherwise, behind a real gateway with the proxy for HTTP APIs, a stand-in for Railway whose token is in
 * the vault, and persons who may answer. It tests nothing itself.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HeldSession } from "../../src/control/client.ts";
import { type ApprovalScene, openApprovalScene, quickly } from "../approvals/scene.ts";
import { newFolder } from "../provision/shop.ts";
import type { SceneOptions } from "../grants/scene.ts";
import { testServer } from "../support/servers.ts";
import { type Answered, type Call, call, type ProxyLogin } from "./proxy-client.ts";
import { railwayHosts, type StandInRailway, startRailway } from "./stand-in-railway.ts";

export interface ProxyScene {
  readonly approvals: ApprovalScene;
  readonly railway: StandInRailway;
  /** The real one: in the vault, and at the stand-in. */
  readonly token: string;
  readonly held: HeldSession;
  readonly proxy: ProxyLogin;
  readonly placeholder: string;
  /** A GraphQL request with the placeholder. */
  readonly graphql: (body: unknown, more?: Call) => Promise<Answered>;
  /** A session of its own beside the first. */
  readonly another: () => Promise<{ held: HeldSession; proxy: ProxyLogin; placeholder: string }>;
  readonly stop: () => Promise<void>;
}

export interface ProxySceneOptions {
  /** Lines under `http`, and under its credentials. */
  readonly http?: string;
  readonly credentials?: string;
  /** Hosts beside Railway's that lead to the stand-in. */
  readonly hosts?: readonly string[];
  /** Hosts beside Railway's that the token goes to. */
  readonly tokenHosts?: readonly string[];
  readonly policy?: string;
  readonly more?: string;
  /** In place of what lets a test answer at once. */
  readonly approvals?: string;
  readonly mode?: "placeholder" | "inject";
  /** In the vault beside Railway's token. */
  readonly secrets?: SceneOptions["secrets"];
  /** One that was stopped: its folder, shop and token. */
  readonly again?: ProxyScene;
  /** Of the session; staging. */
  readonly environment?: "production" | "staging";
}

export const railwayPath = "/graphql/v2";
export const [railwayHost] = railwayHosts;

export async function openProxyScene(options: ProxySceneOptions = {}): Promise<ProxyScene> {
  const token = options.again?.token ?? `rw_${randomBytes(20).toString("hex")}/+&"é`.replace(/[é"]/g, "");
  const railway = await startRailway(token, options.hosts);
  const folder = newFolder();
  const ca = join(folder, "railway-ca.pem");
  writeFileSync(ca, railway.ca);
  const routed = [...railwayHosts, ...(options.hosts ?? [])]
    .map((host) => `    - { host: ${host}, address: "127.0.0.1:${railway.port}", ca: ${ca} }`)
    .join("\n");
  const http = `http:
  listen: 127.0.0.1:0
  credentials:
    railway: { secret: { vault: railway-token }, variable: RAILWAY_API_TOKEN, mode: ${options.mode ?? "placeholder"} }
${options.credentials ?? ""}
  routes:
${routed}
${options.http ?? ""}
${options.approvals ?? quickly}
${options.more ?? ""}`;
  const secret = {
    kind: "token" as const,
    value: token,
    hosts: [...railwayHosts, ...(options.tokenHosts ?? [])],
    createdAtMs: 0,
    rotatedAtMs: null,
  };
  const approvals = await openApprovalScene(await testServer(18), {
    environment: options.environment ?? "staging",
    approves: [options.environment ?? "staging"],
    policy: options.policy ?? "guarded-writes",
    more: http,
    secrets: { ...options.secrets, "railway-token": secret },
    ...(options.again === undefined ? {} : { folder: options.again.approvals.folder, shop: options.again.approvals.shop }),
  });
  const another = async () => {
    const held = await approvals.program();
    const { http: opened, user, password } = held.opened;
    assert(opened !== undefined, "the session was told of no proxy");
    const placeholder = opened.placeholders.find(({ name }) => name === "railway")?.placeholder ?? "";
    return { held, proxy: { ...opened, user, password }, placeholder };
  };
  const own = await another();
  return {
    approvals,
    railway,
    token,
    ...own,
    another,
    graphql: (body, more = {}) =>
      call(own.proxy, railwayHost, {
        path: railwayPath,
        body: typeof body === "string" ? body : JSON.stringify(body),
        ...more,
        headers: { "content-type": "application/json", authorization: `Bearer ${own.placeholder}`, ...more.headers },
      }),
    stop: async () => {
      own.held.letGo();
      await approvals.stop();
      await railway.close();
    },
  };
}
