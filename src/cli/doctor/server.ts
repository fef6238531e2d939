/**
 * Judges what a server says of itself: which rights, doors and leftovers leave an agent more than the gate would let it have.
 * It asks nothing itself, and knows no statement that mends something it has not seen.
 */
import { figure } from "../../base/counted.ts";
import type { TargetConfig } from "../../config/config.ts";
import { isLoopback } from "../../config/address.ts";
import type { ServerLook } from "../../wiring.ts";
import { visible } from "../output.ts";
import { type Finding, finding, weakness } from "./finding.ts";

const clockMsMax = 5_000;
const shownMax = 3;

export interface ServerFacts {
  readonly target: TargetConfig;
  readonly host: string;
  readonly look: ServerLook;
  /** The server takes the shared login without its password. */
  readonly opensWithoutPassword: boolean;
  /** A gateway of this configuration runs. */
  readonly running: boolean;
}

export function judgeServer(facts: ServerFacts): readonly Finding[] {
  const topic = `target ${facts.target.name}`;
  const found = [
    ...rights(facts, topic),
    ...provisioned(facts, topic),
    ...kept(facts, topic),
    ...doors(facts, topic),
    ...leftovers(facts, topic),
    ...entrances(facts, topic),
    ...surroundings(facts, topic),
  ];
  return found.length > 0 ? found : [finding(topic, "good", "the server's own rights hold behind the gate")];
}

function some(texts: readonly string[]): string {
  const left = texts.length - shownMax;
  return `${texts.slice(0, shownMax).map(visible).join("; ")}${left > 0 ? `; and ${figure(left)} more` : ""}`;
}

function rights({ look, target }: ServerFacts, topic: string): readonly Finding[] {
  const { changes } = look.reach;
  const role = visible(look.agentsRole);
  if (look.owned > 0)
    return [
      weakness("owner-upstream", topic, "bad", {
        text: `agents share \`${role}\`, which owns ${figure(look.owned)} tables and views`,
        why: "an owner may drop, truncate and alter them: only the gate stands before that",
        next: `set \`roles: { mode: ephemeral }\` and run: holdfast provision --target ${target.name} --admin-url-env ADMIN_URL`,
      }),
    ];
  if (changes.length === 0) return [];
  if (target.roles?.mode === "ephemeral")
    return [
      weakness("readers-change", topic, "bad", {
        text: `the group that sessions only read by, \`${role}\`, can change something: ${some(changes)}`,
        why: "somebody granted it more after it was provisioned, or new objects came: every session has that right",
        next: `holdfast provision --target ${target.name} --admin-url-env ADMIN_URL --dry-run`,
      }),
    ];
  return [
    weakness("shared-login-changes", topic, target.roles?.mode === "fixed" ? "bad" : "weak", {
      text: `agents share \`${role}\`, which itself can change data: ${some(changes)}`,
      why: "where the analysis errs, the server refuses nothing",
      next: `set \`roles: { mode: ephemeral }\` and run: holdfast provision --target ${target.name} --admin-url-env ADMIN_URL`,
    }),
  ];
}

function provisioned({ look, target }: ServerFacts, topic: string): readonly Finding[] {
  const found: Finding[] = [];
  if (look.missing !== null && look.missing.length > 0)
    found.push(
      weakness("public-rights", topic, "bad", {
        text: `${figure(look.missing.length)} statements of least privilege are missing at the server: ${some(look.missing)}`,
        why: "session roles have what PUBLIC has, and groups lack what came since",
        next: `holdfast provision --target ${target.name} --admin-url-env ADMIN_URL`,
      }),
    );
  if (look.admin?.superuser === true)
    found.push(
      weakness("admin-superuser", topic, "weak", {
        text: `\`roles.admin\` is the superuser \`${visible(look.admin.role)}\``,
        why: "whoever gets at Holdfast's memory has the whole server; CREATEROLE is enough",
        next: "CREATE ROLE holdfast_broker LOGIN CREATEROLE, make it member of the owners, and name it in `roles.admin`",
      }),
    );
  if (look.admin?.shared === true)
    found.push(
      weakness("admin-shared", topic, "weak", {
        text: `\`roles.admin\` and \`upstream\` are the same login, \`${visible(look.admin.role)}\``,
        why: "the login that makes roles also reads the catalogue all day",
        next: "give `upstream` a login of its own without CREATEROLE",
      }),
    );
  return found;
}

/** Whether what agents change can be taken back. */
function kept({ look, target }: ServerFacts, topic: string): readonly Finding[] {
  const { unkept } = look;
  if (unkept === null) return [];
  const next = `holdfast provision --target ${target.name} --admin-url-env ADMIN_URL`;
  if (!unkept.journal)
    return [
      weakness("undo-missing", topic, "weak", {
        text: "what agents change is not kept: the database has no journal of this version",
        why: "nothing that an agent does to rows can be taken back by `holdfast undo`",
        next,
      }),
    ];
  const found: Finding[] = [];
  if (unkept.tables.length > 0)
    found.push(
      weakness("undo-tables", topic, "weak", {
        text: `changes of ${figure(unkept.tables.length)} tables are not kept: ${some(unkept.tables)}`,
        why: "what an agent does to their rows cannot be taken back",
        next,
      }),
    );
  if (target.roles?.mode !== "ephemeral" && look.owned > 0)
    found.push(
      weakness("undo-owner", topic, "weak", {
        text: `agents share \`${visible(look.agentsRole)}\`, which owns tables and may take the triggers off that keep their changes`,
        why: "only the gate stands between an agent and an ALTER TABLE ... DISABLE TRIGGER",
        next: "set `roles: { mode: ephemeral }`",
      }),
    );
  return found;
}

function doors({ look }: ServerFacts, topic: string): readonly Finding[] {
  return look.doors.map(({ name, kind, open }) => {
    const shown = visible(name);
    if (kind === "language")
      return weakness(`door-${name}`, topic, open ? "bad" : "weak", {
        text: `the untrusted language \`${shown}\` is there${open ? `, and \`${visible(look.agentsRole)}\` may write in it` : ""}`,
        why: "its functions do what the server's own account can: files, programs, network",
        next: open ? `REVOKE USAGE ON LANGUAGE ${shown} FROM PUBLIC` : `DROP LANGUAGE ${shown}, where nobody needs it`,
      });
    return weakness(`door-${name}`, topic, open ? "bad" : "weak", {
      text: `extension \`${shown}\` is installed${open ? `, and \`${visible(look.agentsRole)}\` may use it` : ""}`,
      why: "it reaches files, programs or other servers, where neither the gate nor a rollback holds",
      next: `DROP EXTENSION ${shown}${open ? ", or REVOKE EXECUTE on its functions and USAGE on its wrappers FROM PUBLIC" : ", where nobody needs it"}`,
    });
  });
}

function leftovers({ look, target, running }: ServerFacts, topic: string): readonly Finding[] {
  const of = (roles: ServerLook["leftovers"]) => `${figure(roles.length)} (${some(roles.map(({ role }) => role))})`;
  const next = "holdfast up (it removes its own at its start, and expired ones every sweep)";
  const stale = look.leftovers.filter(({ expired }) => expired);
  // Another gateway of the target may hold them; then it is right that they are there.
  const held = running ? [] : look.leftovers.filter((each) => !each.expired && each.target === target.name);
  return [
    ...(stale.length === 0
      ? []
      : [
          weakness("stale-roles", topic, "bad", {
            text: `session roles are left at the server whose time is over: ${of(stale)}`,
            why: "their sessions are gone; their rights, and what they were granted, are not",
            next,
          }),
        ]),
    ...(held.length === 0
      ? []
      : [
          weakness("held-roles", topic, "weak", {
            text: `session roles are at the server, and no gateway runs here: ${of(held)}`,
            why: "unless a gateway elsewhere holds them, a crash left them, with their rights",
            next,
          }),
        ]),
  ];
}

function entrances({ look, host, opensWithoutPassword }: ServerFacts, topic: string): readonly Finding[] {
  const found: Finding[] = [];
  const lines = look.trusted ?? [];
  if (opensWithoutPassword || lines.length > 0)
    found.push(
      weakness("trust", topic, "bad", {
        text: `the server lets in without a secret${lines.length > 0 ? `: pg_hba.conf ${some(lines)}` : ", seen from here"}`,
        why: "an agent that reaches the server needs no password to go past Holdfast",
        next: "write scram-sha-256 in place of trust and password in pg_hba.conf, then: SELECT pg_reload_conf()",
      }),
    );
  if (isLoopback(host) && look.listenAddresses !== null && /(^|,)\s*(\*|0\.0\.0\.0|::)\s*(,|$)/.test(look.listenAddresses))
    found.push(
      weakness("listens-everywhere", topic, "weak", {
        text: `the server listens on every address of its machine (listen_addresses = '${visible(look.listenAddresses)}')`,
        why: "Holdfast reaches it on loopback; whoever else does goes past Holdfast",
        next: "ALTER SYSTEM SET listen_addresses = 'localhost', and restart the server",
      }),
    );
  return found;
}

function surroundings({ look, target }: ServerFacts, topic: string): readonly Finding[] {
  const found: Finding[] = [];
  if (look.settings.length > 0)
    found.push(
      weakness("role-settings", topic, "weak", {
        text: `the server gives sessions settings of its own: ${some(look.settings)}`,
        why: "they change what a statement means, or load code, before Holdfast pins the session",
        next: "ALTER ROLE ... RESET, ALTER DATABASE ... RESET",
      }),
    );
  if (Math.abs(look.clockAheadMs) > clockMsMax)
    found.push(
      weakness("clock", topic, "weak", {
        text: `the server's clock is ${figure(Math.round(Math.abs(look.clockAheadMs) / 1000))} s ${look.clockAheadMs > 0 ? "ahead" : "behind"}`,
        why: "leases, grants and records are dated by both",
        next: "synchronise both by NTP: timedatectl set-ntp true",
      }),
    );
  const unlimited = Object.entries(target.policy.sessionLimits).filter(([name, value]) => name in words && value === null);
  if (unlimited.length > 0)
    found.push(
      weakness("no-limits", topic, "weak", {
        text: `no time limit is set for ${unlimited.map(([name]) => words[name as keyof typeof words]).join(", ")}`,
        why: "a session may hold locks and work for as long as it likes",
        next: "set `limits` in the policy or the target, see docs/policy.md",
      }),
    );
  return found;
}

/** Whole sessions may well be without one: a pool keeps its connections. */
const words = { statementMsMax: "statements", transactionMsMax: "transactions", idleInTransactionMsMax: "idle transactions" };
