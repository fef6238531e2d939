/**
 * What a text would be answered at a running target: the wire's own analysis, with the catalogue that its sessions have now.
 * It runs nothing and records nothing, and knows no session's temporary tables or settings.
 */
import { keptBySetting } from "../adapters/postgres/enforce-time.ts";
import type { Config } from "../config/config.ts";
import type { ExplainView } from "../control/contract.ts";
import { ControlRefusal } from "../control/parts.ts";
import type { SqlAnalyser } from "../effects/analyse.ts";
import type { Target } from "../model/principal.ts";
import { explainSql } from "../pipeline/explain.ts";
import { decide } from "../policy/decide.ts";

interface Ground {
  readonly database: string;
  /** The server's role that sessions without a role of their own have. */
  readonly role: string;
  /** Of the newest catalogue; 0 until one was read. */
  readonly catalogueVersion: () => number;
}

export class LiveExplainer {
  readonly #analyser: SqlAnalyser;
  readonly #grounds = new Map<string, Ground>();

  constructor(analyser: SqlAnalyser) {
    this.#analyser = analyser;
  }

  serve(target: string, ground: Ground): void {
    this.#grounds.set(target, ground);
  }

  /** The first target whose catalogue is there, and the catalogue's version. */
  catalogued(config: Config): { readonly target: Target; readonly catalogueVersion: number } | undefined {
    for (const { name, environment } of config.targets) {
      const ground = this.#grounds.get(name);
      const catalogueVersion = ground?.catalogueVersion() ?? 0;
      if (ground !== undefined && catalogueVersion > 0)
        return { target: { name, environment, database: ground.database }, catalogueVersion };
    }
    return undefined;
  }

  /** By the target's own policy, for an agent without grants. Rejects with {@link ControlRefusal} for a target that is not served. */
  async explain(config: Config, target: string, text: string): Promise<ExplainView> {
    const at = config.targets.find(({ name }) => name === target);
    const ground = this.#grounds.get(target);
    if (at === undefined || ground === undefined) throw new ControlRefusal("not_found", `no target is named \`${target.slice(0, 40)}\``);
    const { role, database } = ground;
    const { environment, policy } = at;
    const principal = "explained";
    const catalogueVersion = ground.catalogueVersion();
    const searchPath = ["pg_catalog", "public"];
    return explainSql(text, {
      analyser: this.#analyser,
      decide,
      policy,
      facts: { target, environment, database, principal, principalKind: "ai_agent", role, approvals: true },
      context: {
        role,
        sessionRole: role,
        searchPath,
        temporary: [],
        catalogueVersion,
        pendingDdl: [],
        timeLimits: keptBySetting(policy.sessionLimits),
      },
    });
  }
}
