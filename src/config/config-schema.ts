/**
 * The shape of holdfast.yaml: strict at every level, so that a slip of a key is never silently another meaning.
 * It does not resolve names or paths; `load-config.ts` does.
 */
import { z } from "zod";
import { approvalsSchema } from "./approvals-schema.ts";
import { limitsSchema, nameSchema, policySchema } from "./policy-schema.ts";
import { parseDuration } from "./quantities.ts";
import { parseListen, upstreamFromUrl } from "./address.ts";
import { consoleSchema } from "./console-schema.ts";
import { toldSchemaWith } from "./channels.ts";
import { httpSchemaWith } from "./http-schema.ts";
import { backupSchemaWith } from "./backup-schema.ts";
import { budgetSchema } from "./budget.ts";
import { classifySchema, planSchemaWith } from "./plan-schema.ts";
import { rolesSchemaWith } from "./roles-schema.ts";
import { binSchema } from "./bin-schema.ts";
import { undoSchema } from "./undo-schema.ts";
import { storeSchemaWith } from "./store-schema.ts";

const portSchema = z.number().int().min(1, "must be a port between 1 and 65535").max(65535, "must be a port between 1 and 65535");
const timeSchema = z.string().refine((text) => (parseDuration(text) ?? 0) > 0, "must be a time such as `30s`, 24d at most");
const envName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable");

const vaultName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/, "must be the name of a secret in the vault");

const NO_PLAIN_SECRET =
  "a secret does not stand in this file: write `{ vault: NAME }` for one in the vault, `{ env: NAME }` or `{ file: PATH }`";
const refused = (message: string) => ({
  error: (issue: { code?: string; input?: unknown }) =>
    issue.code === "invalid_type" && typeof issue.input === "string" ? message : undefined,
});
const exactlyOne = (value: object): boolean => Object.values(value).filter((v) => v !== undefined).length === 1;

/** A secret by reference: it is read when it is needed and never kept in the configuration. */
const secretSchema = z
  .strictObject({ vault: vaultName.optional(), env: envName.optional(), file: z.string().min(1).optional() }, refused(NO_PLAIN_SECRET))
  .refine(exactlyOne, "must hold one of `vault`, `env` and `file`");

const verifierText = /^SCRAM-SHA-256\$\d{4,7}:[A-Za-z0-9+/=]{16,}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/;
const loginSchema = z
  .strictObject(
    {
      verifier: z
        .string()
        .regex(verifierText, "must be a verifier as `holdfast init` prints it: SCRAM-SHA-256$iterations:salt$stored key:server key")
        .optional(),
      vault: vaultName.optional(),
      env: envName.optional(),
      file: z.string().min(1).optional(),
    },
    refused(
      'a password does not stand in this file: write `{ verifier: "SCRAM-SHA-256$..." }`, `{ vault: NAME }`, `{ env: NAME }` or `{ file: PATH }`',
    ),
  )
  .refine(exactlyOne, "must hold one of `verifier`, `vault`, `env` and `file`");

const urlSchema = z.string().superRefine((text, context) => {
  const parsed = upstreamFromUrl(text);
  if (parsed === undefined) context.addIssue({ code: "custom", message: "must be a URL such as `postgres://role@host:5432/database`" });
  else if (parsed.password !== undefined) context.addIssue({ code: "custom", message: `the URL holds a password: ${NO_PLAIN_SECRET}` });
});

const upstreamFields = {
  url: z
    .union([urlSchema, secretSchema])
    .optional()
    .describe("A PostgreSQL URL, or where to find one: { vault: shop-url }, { env: DATABASE_URL }."),
  host: z.string().min(1).optional(),
  port: portSchema.optional(),
  database: z.string().min(1).optional().describe("The database that serves sessions which name none, and the catalogue's own connection."),
  role: z.string().min(1).optional().describe("The server's role that statements run as. The agent never learns its password."),
  password: secretSchema.optional(),
  tls: z.enum(["disable", "require", "verify-full"]).optional().describe("verify-full unless the server is on this machine."),
  ca: z.string().min(1).optional().describe("File with the certificate authority for verify-full."),
  server_name: z.string().min(1).optional().describe("The name the server's certificate must carry, where it is not the host."),
  md5_allowed: z.boolean().optional(),
  cleartext_allowed: z.boolean().optional().describe("Only ever inside TLS."),
};

const upstreamSchema = z.strictObject(upstreamFields).superRefine((upstream, context) => {
  const { url, host, role, tls, cleartext_allowed } = upstream;
  const missing = (key: string) =>
    context.addIssue({ code: "custom", path: [key], message: `\`${key}\` is missing: give \`url\`, or \`host\` and \`role\`` });
  if (url === undefined && host === undefined) missing("host");
  if (url === undefined && role === undefined) missing("role");
  if (url !== undefined && host !== undefined)
    context.addIssue({ code: "custom", path: ["host"], message: "`host` stands in `url` already: remove one of them" });
  if (cleartext_allowed === true && tls === "disable") {
    context.addIssue({
      code: "custom",
      path: ["cleartext_allowed"],
      message: "a password in clear goes only through TLS: set `tls` to `require` or `verify-full`",
    });
  }
});

/** Lag is known to about half a second: a shorter limit would only send reads to and fro. */
const LAG_MS_MIN = 1_000;

/** Its databases are the upstream's. */
const { database: _, ...replicaFields } = upstreamFields;
const replicaSchema = z
  .strictObject({
    ...replicaFields,
    lag_max: z
      .string()
      .refine((text) => (parseDuration(text) ?? 0) >= LAG_MS_MIN, "must be a time of at least `1s`")
      .optional()
      .describe("Reads go to the upstream while the replica is further behind; 5s."),
  })
  .superRefine(({ url, host }, context) => {
    if (url === undefined && host === undefined)
      context.addIssue({ code: "custom", path: ["host"], message: "`host` is missing: give `url` or `host`" });
    if (url !== undefined && host !== undefined)
      context.addIssue({ code: "custom", path: ["host"], message: "`host` stands in `url` already: remove one of them" });
  });

const listenSchema = z
  .string()
  .refine((text) => parseListen(text) !== undefined, "must be `host:port` such as `127.0.0.1:6432`, with a port between 0 and 65535");

const targetSchema = z.strictObject({
  environment: z
    .enum(["production", "staging", "development"])
    .optional()
    .describe("Of the real server. production unless said otherwise."),
  listen: listenSchema.optional().describe("Where clients connect, as host:port. Left out with `upstream`: a target for HTTP APIs alone."),
  upstream: upstreamSchema.optional(),
  tls: z
    .strictObject({ cert: z.string().min(1), key: z.string().min(1), required: z.boolean().optional() })
    .optional()
    .describe("Certificate and key for clients. Without them only this machine may connect."),
  policy: nameSchema.optional().describe("A preset (read-only, guarded-writes, migrations, observe) or a name under `policies`."),
  replication: z.boolean().optional().describe("Whether a client may open a replication connection. No policy sees what it does."),
  limits: limitsSchema.optional().describe("Limits of this target: the last word."),
  budget: budgetSchema.optional().describe("What one session may use up in all, over all its connections; see docs/sessions.md."),
  replica: replicaSchema.optional().describe("A read replica of the upstream; see docs/replica.md."),
  roles: rolesSchemaWith(upstreamSchema).optional().describe("Rights at the server itself; see docs/least-privilege.md."),
  executor: upstreamSchema.optional().describe("The login that plans are measured and carried out as; see docs/measuring.md."),
  plan: planSchemaWith(upstreamSchema).optional().describe("How acts are measured before a person is asked; see docs/measuring.md."),
  bin: binSchema.optional().describe("How long and how much of what was dropped rests; see docs/bin.md."),
  undo: undoSchema.optional().describe("Whether and how long changes are kept so that they can be taken back; see docs/undo.md."),
  backup: backupSchemaWith(upstreamFields, secretSchema)
    .optional()
    .describe("Backups of the server, made by Holdfast; see docs/backups.md."),
  classify: classifySchema.optional().describe("Columns whose values may be shown in plans; see docs/measuring.md."),
});

const userSchema = z.strictObject({
  kind: z.enum(["human", "ai_agent", "workload"]),
  password: loginSchema,
  targets: z.array(nameSchema).min(1),
  databases: z.array(z.string().min(1)).min(1).optional().describe("Databases it may ask for; any when left out."),
  connections: z.number().int().min(1).max(10_000).optional(),
  policy: nameSchema.optional().describe("Used in place of each target's own."),
  writer: nameSchema.optional().describe("The list under a target's `roles.writers` whose rows it may change; left out: it only reads."),
});

export const configSchema = z.strictObject({
  version: z.literal(1),
  state: z.string().min(1).optional().describe("Folder for the audit log and keys; `.holdfast` beside this file."),
  shutdown_time: timeSchema.optional().describe("Time running statements get when Holdfast stops; 10s."),
  targets: z.record(nameSchema, targetSchema).refine((targets) => Object.keys(targets).length > 0, "must name at least one target"),
  users: z.record(z.string().min(1).max(63), userSchema).optional(),
  policies: z.record(nameSchema, policySchema).optional(),
  approvals: approvalsSchema
    .extend(toldSchemaWith(secretSchema))
    .optional()
    .describe("How persons are asked about what is held; see docs/approvals.md."),
  console: consoleSchema.optional(),
  http: httpSchemaWith(secretSchema).optional(),
  store: storeSchemaWith(upstreamFields).optional(),
  audit: z.strictObject({ directory: z.string().min(1).optional() }).optional(),
  vault: z
    .strictObject({ directory: z.string().min(1).optional() })
    .optional()
    .describe("Folder of the sealed vault; `vault` in `state`."),
});

export type ConfigEntry = z.infer<typeof configSchema>;
export type TargetEntry = z.infer<typeof targetSchema>;
export type UpstreamEntry = z.infer<typeof upstreamSchema>;
export type UserEntry = z.infer<typeof userSchema>;
