/**
 * A shop behind a gateway whose policy holds what destroys, with both sides of a plan: a session that asks, and `ada`, who answers.
 * It tests nothing itself.
 */
import { callControl, type HeldSession } from "../../../src/control/client.ts";
import { answerPath, type AppliedView, type ApprovalView, type PlannedView } from "../../../src/control/contract.ts";
import { openScene, type Scene, type SceneOptions } from "../../grants/scene.ts";
import type { TestServer } from "../../support/servers.ts";

export interface PlanScene extends Scene {
  /** What `holdfast plan` asks from inside a session. Rejects with `Refused`. */
  readonly plan: (held: HeldSession, text: string, more?: Readonly<Record<string, unknown>>) => Promise<PlannedView>;
  /** What `holdfast apply` asks from inside a session. */
  readonly apply: (held: HeldSession, planned: Pick<PlannedView, "text" | "plan">) => Promise<AppliedView>;
  /** The same by a person who signs. */
  readonly planAs: (person: string, text: string, more?: Readonly<Record<string, unknown>>) => Promise<PlannedView>;
  readonly applyAs: (person: string, planned: Pick<PlannedView, "text" | "plan">) => Promise<AppliedView>;
  readonly approval: (id: string) => Promise<ApprovalView>;
  readonly answer: (id: string, answer?: "approve" | "deny", person?: string) => Promise<ApprovalView>;
  /** Whatever stands in the shop, as text: equal before and after where nothing was changed. */
  readonly content: () => Promise<string>;
}

/** What holds what destroys, and who may answer. */
export const usual = { policy: "guarded-writes", environment: "staging", approves: ["staging" as const], persons: ["ada", "ben"] };

export async function openPlanScene(server: TestServer, options: SceneOptions = {}): Promise<PlanScene> {
  return planning(await openScene(server, { ...usual, ...options }));
}

/** Both sides of a plan at a gateway that is there already. */
export function planning(scene: Scene): PlanScene {
  const { socket, shop } = scene;
  const inside = ({ opened }: HeldSession) => ({ session: opened.session, token: opened.askToken });
  const post = (path: string, body: unknown) => callControl(socket, { method: "POST", path, body, answerMsMax: 120_000 });
  const approval = async (id: string) => (await callControl(socket, { method: "GET", path: `/v1/approvals/${id}` })) as ApprovalView;
  return {
    ...scene,
    plan: async (held, text, more = {}) => (await post("/v1/plans", { text, ...inside(held), ...more })) as PlannedView,
    apply: async (held, { text, plan }) => (await post("/v1/plans/apply", { plan: { text, plan }, ...inside(held) })) as AppliedView,
    planAs: async (person, text, more = {}) => (await scene.signed("POST", "/v1/plans/signed", { text, ...more }, person)) as PlannedView,
    applyAs: async (person, { text, plan }) =>
      (await scene.signed("POST", "/v1/plans/apply/signed", { plan: { text, plan } }, person)) as AppliedView,
    approval,
    answer: async (id, answer = "approve", person = "ada") => {
      const { plan, confirm = "" } = await approval(id);
      const reason = answer === "deny" ? "not those" : "";
      const body = { approval: id, planDigest: plan.digest, answer, reason, confirm: answer === "approve" ? confirm : "" };
      return (await scene.signed("POST", answerPath(id), body, person)) as ApprovalView;
    },
    content: async () => {
      const rows = await shop.server.asSuperuser<{ table: string; row: string }>(
        `SELECT c.oid::regclass::text AS table, x.row::text AS row FROM pg_class c,
         LATERAL (SELECT (xpath('/table/row', query_to_xml('SELECT * FROM ' || c.oid::regclass::text, true, false, '')))::text AS row) x
         WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace ORDER BY 1, 2`,
        shop.database,
      );
      return JSON.stringify(rows);
    },
  };
}
