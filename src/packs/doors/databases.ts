/** Command lines and tools of the providers of databases: Supabase, Neon and PlanetScale. */
import { type ProviderDoors, ways } from "./door.ts";

const supabase: ProviderDoors = {
  provider: "supabase",
  programs: ["supabase"],
  reads: [
    "projects|branches|functions|orgs list; status|services|help; backups list; migration list; inspect db",
    "init|start|link|login; db diff|lint; gen types; functions serve|new|download; migration new",
  ],
  operations: {
    project: ways("projects delete", "delete project"),
    sql: ways("db query|execute|push|reset|lint --linked; db query; db dump --linked", "execute sql; run sql; run query"),
    migrate: ways("db push; migration up --linked; migration repair; db reset --linked; seed", "apply migration"),
    "migrate-back": ways("migration down --linked; migration squash --linked", "revert migration; rollback migration"),
    branch: ways("branches delete|disable|reset|merge", "delete branch; reset branch; merge branch; rebase branch"),
    restore: ways("backups restore", "restore backup; restore pitr"),
    pause: ways("projects pause; branches pause", "pause project"),
    secrets: ways(
      "secrets set|unset; postgres-config update; encryption update-root-key; projects api-keys",
      "set secret; delete secret; update password; delete api key; create api key",
    ),
    net: ways("network-restrictions update; network-bans remove; ssl-enforcement update", "update network restriction; delete network ban"),
    function: ways("functions delete", "delete edge function; delete function"),
  },
  naming: {
    switches: "--debug --experimental --yes",
    valued: "--workdir --project-ref --profile --network-id -o --output",
    behind: { project: 1, branch: 1, pause: 1, function: 1 },
  },
  examples: {
    commands: {
      "supabase projects delete abc": "project",
      "supabase gen types typescript --linked": "read",
      "supabase db lint --linked": "sql",
      "supabase --workdir x branches delete preview": "branch",
      "supabase db push": "migrate",
      "supabase projects list": "read",
      "supabase functions deploy hello": "unknown",
    },
    tools: {
      'execute_sql {"query":"DROP TABLE t"}': "sql",
      'apply_migration {"name":"x","query":"y"}': "migrate",
      'reset_branch {"branch_id":"b"}': "branch",
      "list_tables {}": "unknown",
    },
  },
};

const neon: ProviderDoors = {
  provider: "neon",
  programs: ["neonctl", "neon"],
  reads: ["projects|branches|databases|roles|orgs|operations list|get; me|help; branches schema-diff"],
  operations: {
    project: ways("projects delete|rm", "delete project"),
    branch: ways("branches|branch delete|rm", "delete branch"),
    "new-branch": ways("branches|branch create", "create branch"),
    database: ways("databases|database|db delete|rm", "delete database"),
    role: ways(
      "roles|role delete|create; connection-string|cs",
      "delete role; reset role password; get connection string; connection string",
    ),
    keys: ways("api-keys create|revoke", "create api key; revoke api key"),
    snapshot: ways("snapshots delete", "delete snapshot"),
    restore: ways("branches|branch restore|reset; snapshots restore", "reset from parent; restore branch; restore snapshot"),
    bucket: ways("buckets delete", "delete bucket; delete object"),
    endpoint: ways(
      "endpoints delete|suspend; branches set-default; branches|branch set-default",
      "delete endpoint; suspend endpoint; delete compute; set default branch",
    ),
    transfer: ways("projects transfer", "transfer project"),
    sql: ways("psql; sql", "run sql; run sql transaction; complete database migration; prepare database migration; execute sql"),
  },
  naming: {
    switches: "",
    valued: "--project-id --org-id --api-key --branch --context-file --config-dir -o --output --api-host",
    behind: { project: 1, branch: 1, database: 1, snapshot: 1, bucket: 1 },
  },
  examples: {
    commands: {
      "neonctl branches delete br-1 --project-id p": "branch",
      "neonctl --api-key x projects delete p": "project",
      "neon connection-string main": "role",
      "neonctl branches list": "read",
      "neonctl branches create --name x": "new-branch",
      "neonctl projects create": "unknown",
    },
    tools: {
      'delete_branch {"branchId":"b"}': "branch",
      'run_sql_transaction {"sqlStatements":["x"]}': "sql",
      'reset_from_parent {"branchIdOrName":"b"}': "restore",
      "list_projects {}": "unknown",
    },
  },
};

const planetscale: ProviderDoors = {
  provider: "planetscale",
  programs: ["pscale"],
  reads: [
    "database|branch|backup|keyspace|password|org|region|service-token|deploy-request list|show|get; branch schema|diff; deploy-request diff; whoami|version|help",
  ],
  operations: {
    database: ways("database|db delete", "delete database"),
    branch: ways("branch delete", "delete branch"),
    backup: ways("backup delete", "delete backup"),
    "backup-policy": ways("backup-policy delete", "delete backup policy"),
    disarm: ways(
      "branch safe-migrations disable; database|db update-settings --deletion-protection=false",
      "disable safe migration; disable deletion protection",
    ),
    demote: ways("branch demote|promote", "demote branch; promote branch"),
    keyspace: ways(
      "keyspace delete|vschema|resize|update-settings; branch vschema|routing-rules update",
      "delete keyspace; update vschema; update routing rule",
    ),
    creds: ways(
      "password create|delete|renew; role create|delete|reset-default|reset; service-token create|delete|add-access|delete-access; connect",
      "create password; delete password; reset role",
    ),
    sql: ways("shell; sql; branch query", "execute query; execute write query; run query; execute sql; execute read query"),
  },
  naming: {
    switches: "--force",
    valued: "--org --api-url --api-token --service-token --service-token-id -f --format --config",
    behind: { database: 1, branch: 2, backup: 3, "disarm branch": 2, demote: 2 },
  },
  examples: {
    commands: {
      "pscale database delete shop --force": "database",
      "pscale branch safe-migrations disable shop main": "disarm",
      "pscale --org acme shell shop main": "sql",
      "pscale branch list shop": "read",
      "pscale deploy-request deploy shop 1": "unknown",
    },
    tools: {
      'planetscale_delete_branch {"branch":"b"}': "branch",
      'execute_write_query {"query":"x"}': "sql",
      "list_databases {}": "unknown",
    },
  },
};

export const databaseDoors: readonly ProviderDoors[] = [supabase, neon, planetscale];
