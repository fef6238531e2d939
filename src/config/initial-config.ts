/**
 * The commented holdfast.yaml that `holdfast init` writes.
 * It writes no file and takes no secret: the upstream's address stays where it is named, the user's password becomes a verifier.
 */
import type { Environment } from "../model/principal.ts";

export interface InitialConfig {
  readonly target: string;
  readonly environment: Environment;
  /** `host:port`. */
  readonly listen: string;
  /** Name of the environment variable that holds the upstream's PostgreSQL URL. */
  readonly urlVariable: string;
  /** Name of the secret in the vault that holds it in the variable's place. */
  readonly urlSecret?: string;
  /** The migration runner's login, where it is known. */
  readonly migrationRole?: string;
  /** Name of the environment variable with the URL of the login that makes session roles. */
  readonly adminVariable?: string;
  readonly user: { readonly name: string; readonly kind: "human" | "ai_agent" | "workload"; readonly verifier: string };
}

/** Where editors find the schema of this file in the installed package. */
const SCHEMA = "node_modules/holdfast/presets/holdfast.schema.json";

/** YAML text that `loadConfig` accepts as it stands. Every value that came from outside is quoted. */
export function renderInitialConfig(initial: InitialConfig): string {
  const { target, environment, listen, urlVariable, urlSecret, user } = initial;
  const sealed = urlSecret !== undefined;
  const place = sealed ? "the vault, see `holdfast vault list`" : "the environment of Holdfast, which the agent must not see";
  const reference = sealed ? `vault: ${urlSecret}` : `env: ${urlVariable}`;
  return `# yaml-language-server: $schema=${SCHEMA}
#
# Holdfast's configuration. Relative paths start at this file. A key that is not known is an error.
# See what it means with \`holdfast policy check\`, and whether it works with \`holdfast doctor\`.
version: 1

# Audit log and keys. Whoever can write here can hide what happened: not the agent's account.
state: .holdfast

targets:
  ${target}:
    # production, staging or development: of the real server. It chooses the default policy and its limits.
    environment: ${environment}
    # Where clients connect. Another address than this machine's needs \`tls\` below.
    listen: ${quoted(listen)}
    upstream:
      # The server's URL with its password stays in ${place}.
      url: { ${reference} }
      # tls: verify-full      # disable, require or verify-full; verify-full unless the server is on this machine
      # ca: server-ca.pem
    # tls: { cert: server.crt, key: server.key, required: true }
    #
    # read-only (default in production), guarded-writes (default in staging and development), migrations,
    # observe (refuses nothing), or a name under \`policies\`.
    # policy: guarded-writes
    #
    # Limits of this target, where the policy's own do not suit:
    # limits: { rows_returned: 10000, rows_changed: 100, statement_time: 30s }
    #
${rolesText(initial)}

users:
  # Who may log in to Holdfast. The password is not here: from a verifier it cannot be recovered but by guessing.
  ${quoted(user.name)}:
    kind: ${user.kind}          # ai_agent, workload or human
    password: { verifier: ${quoted(user.verifier)} }
    targets: [${target}]
    # databases: [shop]       # any, when left out
    # connections: 20
    # policy: read-only       # in place of the target's

# The web console for registered persons, on http://localhost:7433; see docs/console.md.
# console: {}

# policies:
#   careful-writes:
#     extends: guarded-writes
#     limits: { rows_changed: 20 }
#     rules:
#       - id: never-touch-billing
#         title: The billing schema
#         why: Another team owns it.
#         answer: forbid
#         match: { operation: [create, update, delete, define], resource_name: billing.* }
#         code: not_permitted
#         examples:
#           matches: [DELETE FROM billing.invoices WHERE id = 1]
#           misses: [SELECT * FROM billing.invoices]
`;
}

/** Rights at the server itself: in force where a login can make roles, else shown for later. */
function rolesText({ adminVariable, migrationRole }: InitialConfig): string {
  const made = adminVariable !== undefined;
  const runner = `migration_role: ${migrationRole === undefined ? "shop_migrator" : quoted(migrationRole)}`;
  const lines = [
    "roles:",
    "  mode: ephemeral         # each session gets a login role of its own at the server, dropped after it",
    `  admin: { url: { env: ${adminVariable ?? "ADMIN_URL"} } }     # with CREATEROLE; never the migration runner's`,
    `  ${made && migrationRole === undefined ? "# " : ""}${runner}   # never shared`,
    "  # writers: { orders: { tables: [public.orders] } }   # a user names its list as `writer`; others only read",
  ];
  const head = "    # Rights at the server itself (docs/least-privilege.md), set up by `holdfast provision`:";
  return [head, ...lines.map((line) => `    ${made ? "" : "# "}${line}`)].join("\n");
}

/** A JSON string is a YAML string. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
