/**
 * The demo's second database: a staging copy of the shop that agents may work in, with what undo and the bin need at the server.
 * On a server that is not the demo's own it makes no roles, and says so by leaving them out.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { openProvisioning } from "../../wiring/provisioning.ts";
import { failed } from "../errors.ts";
import { once, type Shop } from "./shop.ts";

export interface Staging {
  readonly database: string;
  /** Straight to the server, round Holdfast. */
  readonly url: string;
  /** The target's lines in the configuration, and the user's who may write there. */
  readonly target: string;
  readonly users: string;
  /** Present where acts can be taken back: provisions the target, before the gateway starts. */
  readonly provision?: (config: Config) => Promise<void>;
}

export const stagingTarget = "staging";
const OWNER = "demo_owner";
const BROKER = "demo_broker";

/** `ownServer`: its superuser may make roles, because the server goes with the demo. Files go into `folder`. */
export async function makeStaging(shop: Shop, folder: string, ownServer: boolean): Promise<Staging> {
  const { database } = await shop.copy();
  const url = shop.url(database);
  const target = (lines: string): string => `  ${stagingTarget}:
    environment: staging
    listen: 127.0.0.1:0
    upstream: { url: { file: staging-url } }
    policy: guarded-writes
${lines}`;
  const put = (file: string, text: string): void => writeFileSync(join(folder, file), text, { mode: 0o600 });
  if (!ownServer) {
    put("staging-url", url);
    return { database, url, target: target(""), users: "" };
  }
  const passwords: Readonly<Record<string, string>> = {
    [OWNER]: randomBytes(18).toString("base64url"),
    [BROKER]: randomBytes(18).toString("base64url"),
  };
  const as = (role: string): string => {
    const changed = new URL(url);
    changed.username = role;
    changed.password = passwords[role] ?? "";
    return changed.href;
  };
  await once(url, (client) => client.query(rolesSql(database, passwords)));
  put("staging-url", as(OWNER));
  put("staging-broker-url", as(BROKER));
  put("staging-admin-url", url);
  const roles = `    roles:
      mode: ephemeral
      admin: { url: { file: staging-broker-url } }
      writers: { desk: { tables: [public.customers, public.orders, public.order_items, public.order_history] } }
`;
  const users = `  clerk: { kind: ai_agent, password: { file: agent-password }, targets: [${stagingTarget}], writer: desk }\n`;
  return { database, url, target: target(roles), users, provision: (config) => provisioned(config, join(folder, "staging-admin-url")) };
}

/** As `holdfast provision --target staging --migration-role none` does. */
async function provisioned(config: Config, path: string): Promise<void> {
  const admin = { kind: "file", path } as const;
  const asked = { target: stagingTarget, admin, migrationRole: null, direction: "provision", environment: process.env } as const;
  const opened = await openProvisioning(config, asked);
  try {
    if (opened.plan.refusals.length > 0) throw failed(`the staging database cannot be provisioned: ${opened.plan.refusals.join("; ")}`);
    await opened.apply();
  } finally {
    await opened.close();
  }
}

/** Nothing belongs to a superuser: what a superuser owns, no agent's act may drop, not even into the bin. */
function rolesSql(database: string, passwords: Readonly<Record<string, string>>): string {
  return `
CREATE ROLE ${OWNER} LOGIN PASSWORD '${passwords[OWNER]}';
CREATE ROLE ${BROKER} LOGIN PASSWORD '${passwords[BROKER]}' CREATEROLE;
GRANT ${OWNER} TO ${BROKER} WITH ADMIN OPTION;
ALTER DATABASE ${database} OWNER TO ${OWNER};
GRANT CREATE ON DATABASE ${database} TO ${BROKER};
DO $$ DECLARE thing record; BEGIN
  FOR thing IN SELECT c.oid::regclass AS name FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
  LOOP EXECUTE format('ALTER TABLE %s OWNER TO ${OWNER}', thing.name); END LOOP;
  FOR thing IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
  LOOP EXECUTE format('ALTER FUNCTION %s OWNER TO ${OWNER}', thing.name); END LOOP;
END $$`;
}
