/**
 * The shape of `http`: where the proxy for HTTP APIs listens, what goes past it unread, and which credentials it keeps from agents.
 * It opens nothing and reads no secret.
 */
import { resolve } from "node:path";
import { z } from "zod";
import { isLoopback, parseListen } from "./address.ts";
import { clustersSchema, resolveClusters } from "./cluster-schema.ts";
import type { PolicyDocument } from "./compile-policy.ts";
import type { HttpConfig, SecretReference } from "./config.ts";
import { mintSchema, resolveMint } from "./mint-schema.ts";
import { parseDuration } from "./quantities.ts";
import type { RuleEntry } from "./policy-schema.ts";

const listenDefault = "127.0.0.1:6480";
const hostPattern = z
  .string()
  .regex(
    /^(\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?(:[0-9]{1,5})?$/,
    "must be a host in lower case such as `api.example.com` or `*.example.com`",
  );
const headerName = z.string().regex(/^[a-z0-9-]{1,64}$/, "must be the name of a header in lower case");

function credentialSchemaWith<S extends z.ZodType>(secretSchema: S) {
  return z.strictObject({
    secret: secretSchema.describe("Where the real one is: { vault: NAME }."),
    hosts: z.array(hostPattern).min(1).optional().describe("Hosts that it goes to; those that the vault names for it when left out."),
    header: headerName.optional().describe("The header that it stands in; authorization."),
    form: z
      .string()
      .regex(/^[\x20-\x7e]*\{\}[\x20-\x7e]*$/, "must hold `{}`, where the secret stands")
      .optional()
      .describe("How it stands there where `mode` is `inject`; `Bearer {}` in authorization, and `{}` elsewhere."),
    mode: z
      .enum(["placeholder", "inject", "sigv4"])
      .optional()
      .describe(
        "placeholder: the client sends the session's placeholder. inject: it sends nothing, and Holdfast adds the secret. sigv4: it signs with the session's key pair, and Holdfast signs anew with the real one.",
      ),
    prefix: z
      .string()
      .regex(/^[A-Za-z0-9_.-]{0,24}$/, "must be at most 24 letters, digits, `_`, `.` and `-`")
      .optional()
      .describe("What placeholders begin with, for tools that look at the shape of a token."),
    mint: mintSchema(secretSchema).optional(),
    surfaces: z
      .array(z.enum(["path", "query", "body", "websocket"]))
      .optional()
      .describe("Places beside the header in which the placeholder is filled in; none. What is sent there may be read by others."),
    variable: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable")
      .optional()
      .describe(
        "The environment variable in which `holdfast run` gives a program its placeholder; for sigv4 what stands before _ACCESS_KEY_ID and _SECRET_ACCESS_KEY, AWS.",
      ),
  });
}

const databaseSchema = z.strictObject({
  provider: z.string().regex(/^[a-z]{2,32}$/, "must be the name of a pack such as `supabase`"),
  project: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/, "must be the name that the provider has for it; `*` stands for any characters")
    .describe("What requests call it: Supabase's project ref, the first label of Neon's host, Cloud SQL's instance, RDS's resourceArn."),
  target: z.string().min(1).describe("The target that is this database: its catalogue says what names mean, its policy answers."),
  role: z.string().min(1).optional().describe("The role that the provider runs SQL as; postgres."),
  search_path: z.array(z.string().min(1)).min(1).optional().describe("Schemas that unqualified names are looked for in; public."),
});

const environmentSchema = z
  .strictObject({
    provider: z
      .string()
      .regex(/^[a-z][a-z0-9]*$/, "must be a provider such as `railway`")
      .optional(),
    names: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe("Names, ids or paths such as `shop/production/*`; everything of the provider when left out."),
    environment: z.enum(["production", "staging", "development"]),
  })
  .refine(({ provider, names }) => provider !== undefined || names !== undefined, "must name a provider, or names");

/** Built around the schema of a secret, which stands beside this one. */
export function httpSchemaWith<S extends z.ZodType>(secretSchema: S) {
  return z
    .strictObject({
      listen: z
        .string()
        .refine(
          (text) => isHere(text),
          "must be an address of this machine such as `127.0.0.1:6480`: its clients' logins go there in clear text",
        )
        .optional()
        .describe("Where the proxy listens; 127.0.0.1:6480."),
      per_login: z
        .strictObject({
          connections: z.number().int().min(1).max(10_000).optional().describe("Connections of one login at once; 256."),
          requests: z.number().int().min(1).max(10_000).optional().describe("Requests of one login without an answer yet; 256."),
        })
        .optional(),
      egress: z
        .union([z.literal("packed-only"), z.strictObject({ allow: z.array(hostPattern).min(1) })])
        .optional()
        .describe("Hosts that no pack knows: none of them (packed-only), or those that go through unread."),
      credentials: z
        .record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must be a short word"), credentialSchemaWith(secretSchema))
        .optional(),
      routes: z
        .array(
          z.strictObject({
            host: hostPattern,
            address: z.string().refine((text) => parseListen(text) !== undefined, "must be `host:port`"),
            ca: z.string().min(1).optional().describe("File with a certificate authority to trust for it, beside the usual ones."),
          }),
        )
        .optional()
        .describe("Where a host really is: the only way to one that has no public address."),
      clusters: clustersSchema,
      databases: z
        .array(databaseSchema)
        .optional()
        .describe("Which target a provider's database is, so that SQL in requests is judged by its catalogue; refused for every other."),
      environments: z
        .array(environmentSchema)
        .optional()
        .describe("Which environment things of providers belong to: the first entry that fits, then the provider's own fields and names."),
      disarmed_for: z
        .string()
        .refine((text) => (parseDuration(text) ?? 0) > 0, "must be a time such as `24h`")
        .optional()
        .describe("How long after a safeguard was taken away destroying is stricter; 24h."),
    })
    .describe("The proxy for HTTP APIs; not served where this is left out. See docs/http.md.");
}

function isHere(text: string): boolean {
  const address = parseListen(text);
  return address !== undefined && isLoopback(address.host);
}

type SecretEntry = { readonly [kind in SecretReference["kind"]]?: string | undefined };
type HttpEntry = z.infer<ReturnType<typeof httpSchemaWith<z.ZodType<SecretEntry>>>>;

/** `secret` turns an entry's reference into ours. */
export function resolveHttp(
  {
    listen = listenDefault,
    egress = "packed-only",
    credentials = {},
    routes = [],
    databases = [],
    clusters,
    environments = [],
    disarmed_for = "24h",
    per_login: { connections = 256, requests = 256 } = {},
  }: HttpEntry,
  directory: string,
  secret: (entry: SecretEntry) => SecretReference,
): HttpConfig {
  return {
    listen: parseListen(listen) ?? { host: "127.0.0.1", port: 6480 },
    perLogin: { connections, requests },
    egress: egress === "packed-only" ? [] : egress.allow,
    credentials: Object.entries(credentials).map(([name, entry]) => {
      const { hosts, header = "authorization", mode = "placeholder", prefix = "hfp_", surfaces = [], variable, mint } = entry;
      return {
        name,
        secret: secret(entry.secret),
        header,
        mode,
        prefix,
        surfaces,
        form: entry.form ?? (header === "authorization" ? "Bearer {}" : "{}"),
        ...(hosts === undefined ? {} : { hosts }),
        ...(variable === undefined ? {} : { variable }),
        ...(mint === undefined ? {} : { mint: resolveMint(mint, secret) }),
      };
    }),
    routes: routes.map(({ host, address, ca }) => {
      const { host: to, port } = parseListen(address) ?? { host: "", port: 0 };
      return { host, address: { host: to, port }, ...(ca === undefined ? {} : { ca: resolve(directory, ca) }) };
    }),
    clusters: resolveClusters(clusters, directory),
    databases: databases.map(({ provider, project, target, role = "postgres", search_path = ["public"] }) => ({
      provider,
      project,
      target,
      role,
      searchPath: search_path,
    })),
    environments: environments.map(({ provider, names, environment }) => ({
      ...(provider === undefined ? {} : { provider }),
      ...(names === undefined ? {} : { names: typeof names === "string" ? [names] : names }),
      environment,
    })),
    disarmedMs: parseDuration(disarmed_for) ?? 86_400_000,
  };
}

/** What `egress` says, as a rule of every policy: what goes past unread is decided and recorded like any act. */
export function withEgress(
  documents: ReadonlyMap<string, PolicyDocument>,
  entry: HttpEntry | undefined,
): ReadonlyMap<string, PolicyDocument> {
  const egress = entry?.egress ?? "packed-only";
  if (egress === "packed-only") return documents;
  const rule: RuleEntry = {
    id: "http-egress",
    title: "Hosts that may be reached unread",
    why: "The configuration names them under `http.egress`.",
    answer: "permit",
    match: { operation: "connect", resource_type: "api_host", resource_name: egress.allow },
    examples: {
      matches: egress.allow.map((host) => `GET https://${host.replace("*", "a")}/`),
      misses: ["GET https://api.heroku.com/apps"],
    },
  };
  return new Map([...documents].map(([name, document]) => [name, { ...document, rules: [...document.rules, rule] }]));
}
