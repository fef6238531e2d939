/**
 * What `holdfast init` finds out about the logins that must stay apart: the migration runner's, and the one that makes session roles.
 * It changes nothing at the server.
 */
import { type UpstreamAddress, upstreamFromUrl } from "../config/address.ts";
import { ask, canAsk } from "./ask.ts";
import { failed, wrongUse } from "./errors.ts";
import { visible } from "./output.ts";
import type { Terminal } from "./terminal.ts";

export interface RoleOptions {
  readonly adminUrlEnv?: string;
  readonly migrationRole?: string;
}

export interface InitialRoles {
  /** Absent: not known, or there is none. */
  readonly migrationRole?: string;
  /** The environment variable with the URL of the login that makes session roles. */
  readonly adminVariable?: string;
}

export const migrationQuestion = "The login of the migration runner, never shared (`none` if there is none): ";

/** Asked on a terminal; a program says it, or leaves it open. Rejects a login that would be shared. */
export async function initialRoles(options: RoleOptions, upstream: UpstreamAddress, terminal: Terminal): Promise<InitialRoles> {
  const { adminUrlEnv: adminVariable } = options;
  const admin = adminVariable === undefined ? undefined : adminAt(adminVariable, upstream, terminal);
  const given = options.migrationRole ?? (canAsk(terminal) ? await ask(migrationQuestion, terminal) : "");
  const migrationRole = given === "" || given === "none" ? undefined : given;
  if (migrationRole !== undefined && Buffer.byteLength(migrationRole) > 63)
    throw wrongUse(`\`${visible(migrationRole)}\` is no name of a role`, "it has 63 bytes at most");
  if (migrationRole === upstream.role)
    throw failed(
      `\`${visible(upstream.role)}\` is the login of the migration runner: an agent behind it could do whatever migrations do`,
      "make one of its own for Holdfast and give its URL: CREATE ROLE holdfast_gate LOGIN PASSWORD '...'",
    );
  if (admin !== undefined && migrationRole === admin.role)
    throw failed(
      `\`${visible(admin.role)}\` is the login of the migration runner: session roles are made with a login of its own`,
      "CREATE ROLE holdfast_broker LOGIN CREATEROLE PASSWORD '...', and make it a member of the tables' owners",
    );
  return { ...(migrationRole === undefined ? {} : { migrationRole }), ...(adminVariable === undefined ? {} : { adminVariable }) };
}

function adminAt(variable: string, upstream: UpstreamAddress, terminal: Terminal): UpstreamAddress {
  const admin = upstreamFromUrl(terminal.env[variable] ?? "");
  // The text may hold a password: it is never part of the message.
  if (admin === undefined)
    throw wrongUse(
      `\`${visible(variable)}\` holds no PostgreSQL URL with a host and a role`,
      "set it to postgres://role:password@host:5432/database of a login with CREATEROLE",
    );
  if (admin.host !== upstream.host || admin.port !== upstream.port)
    throw wrongUse(`the administrator's URL leads to ${admin.host}:${admin.port}, and the server is ${upstream.host}:${upstream.port}`);
  return admin;
}
