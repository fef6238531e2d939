/**
 * A shop behind a gateway whose policy holds what destroys, with three persons; and an agent's login that outlives the gateway.
 * It tests nothing itself.
 */
import assert from "node:assert/strict";
import pg from "pg";
import { callControl } from "../../src/control/client.ts";
import { type AnswerBody, answerPath, type ApprovalView } from "../../src/control/contract.ts";
import { openScene, type Scene, type SceneOptions, until } from "../grants/scene.ts";
import { agentPassword } from "../provision/shop.ts";
import type { TestServer } from "../support/servers.ts";

export interface ApprovalScene extends Scene {
  /** Another client of the configured agent. */
  readonly agent: () => Promise<pg.Client>;
  readonly approvals: () => Promise<readonly ApprovalView[]>;
  /** The newest, once there is one that nobody knew before. */
  readonly asked: (known?: readonly string[]) => Promise<ApprovalView>;
  readonly answer: (id: string, person: string, more?: Partial<AnswerBody>) => Promise<ApprovalView>;
  readonly orders: () => Promise<number>;
}

export const quickly = `approvals: { hold: 0s, cool_off: 0s, life: 5min }`;

export async function openApprovalScene(server: TestServer, options: SceneOptions = {}): Promise<ApprovalScene> {
  const usual = { policy: "guarded-writes", persons: ["ada", "ben", "cleo"], more: quickly };
  const scene = await openScene(server, { ...usual, ...options });
  const { socket, shop } = scene;
  const approvals = async () => {
    const answer = (await callControl(socket, { method: "GET", path: "/v1/approvals" })) as { approvals: readonly ApprovalView[] };
    return answer.approvals;
  };
  return {
    ...scene,
    agent: async () => {
      const listen = scene.gateway.status().targets[0]?.listen ?? "";
      const [host, port] = listen.split(":");
      const client = new pg.Client({ host, port: Number(port), user: "agent", password: agentPassword, database: shop.database });
      client.on("error", () => undefined);
      await client.connect();
      return client;
    },
    approvals,
    asked: async (known = []) => {
      let found: ApprovalView | undefined;
      await until("a person is asked", async () => {
        found = (await approvals()).findLast(({ id }) => !known.includes(id));
        return found !== undefined;
      });
      assert(found !== undefined);
      return found;
    },
    answer: async (id, person, more = {}) => {
      const view = (await callControl(socket, { method: "GET", path: answerPath(id) })) as ApprovalView;
      const confirm = more.answer === "deny" ? "" : (view.confirm ?? "");
      const body = { approval: id, planDigest: view.plan.digest, answer: "approve", reason: "", confirm, ...more };
      return (await scene.signed("POST", answerPath(id), body, person)) as ApprovalView;
    },
    orders: () => scene.count("SELECT count(*) FROM orders"),
  };
}

/** What a statement was refused with. */
export async function refusal(
  client: pg.Client,
  sql: string,
): Promise<{ readonly code: string; readonly message: string; readonly hint: string }> {
  try {
    await client.query(sql);
  } catch (error) {
    const { code = "", message, hint = "" } = error as pg.DatabaseError;
    return { code, message, hint };
  }
  return assert.fail(`it was not refused: ${sql}`);
}
