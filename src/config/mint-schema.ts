/**
 * The shape of a credential's `mint`: what short-lived credential is made of the long-lived one, and how narrow it is.
 * It reads no secret and asks no provider.
 */
import { z } from "zod";
import type { HttpMint, SecretReference } from "./config.ts";
import { parseDuration } from "./quantities.ts";

const word = (what: string) => z.string().regex(/^[\x21-\x7e]{1,256}$/, `must be ${what}`);
const httpsUrl = z
  .string()
  .regex(/^https:\/\/[a-z0-9.-]+(:[0-9]{1,5})?\/[\x21-\x7e]*$/, "must be a URL such as `https://auth.example.com/token`");
const duration = z.string().refine((text) => (parseDuration(text) ?? 0) >= 60_000, "must be a time of at least a minute such as `1h`");
const flyId = z.number().int().positive();
const arn = z.string().regex(/^arn:[\x21-\x7e]{1,2000}$/, "must be an ARN");
const id = z.union([z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "must be an id"), z.number().int().positive()]);

const kinds = "`github-app`, `gcp-service-account`, `oauth`, `fly`, `assume-role`";

function mintSchemaWith<S extends z.ZodType>(secretSchema: S) {
  return z.discriminatedUnion(
    "kind",
    [
      z.strictObject({
        kind: z.literal("github-app"),
        app: id.describe("The App's id or client id; the secret is its private key, PEM."),
        installation: id,
        repositories: z
          .array(word("the name of a repository, without its owner"))
          .min(1)
          .optional()
          .describe("All of the installation when left out."),
        permissions: z
          .record(z.string().regex(/^[a-z_]{1,64}$/, "must be a permission of GitHub"), z.enum(["read", "write", "admin"]))
          .optional(),
        host: z
          .string()
          .regex(/^[a-z0-9.-]+$/, "must be a host")
          .optional()
          .describe("api.github.com"),
      }),
      z.strictObject({
        kind: z.literal("gcp-service-account"),
        scopes: z.array(word("a scope")).min(1).optional().describe("Of an access token; the secret is the key file, JSON."),
        audience: word("whom an identity token is for").optional(),
      }),
      z.strictObject({
        kind: z.literal("oauth"),
        grant: z.enum(["client_credentials", "refresh_token"]).describe("The secret is the client's secret, or the refresh token."),
        token_url: httpsUrl,
        revocation_url: httpsUrl.optional(),
        client_id: word("the client's id"),
        client_secret: secretSchema.optional().describe("Of a client that has one beside its refresh token."),
        client_auth: z.enum(["basic", "body"]).optional().describe("How the client says who it is; basic."),
        scope: z
          .string()
          .regex(/^[\x20-\x7e]{1,1024}$/, "must be scopes")
          .optional(),
        audience: word("an audience").optional(),
      }),
      z.strictObject({
        kind: z.literal("fly"),
        organization: flyId.optional().describe("Fly's own number of it."),
        apps: z.array(flyId).min(1).optional().describe("Fly's own numbers of them."),
        actions: z.array(z.enum(["read", "write", "create", "delete", "control"])).min(1, "must name what may be done"),
        expires: duration.optional().describe("1h"),
      }),
      z.strictObject({
        kind: z.literal("assume-role"),
        role: arn,
        region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-[0-9]$/, "must be a region such as `eu-central-1`"),
        policy: z.record(z.string(), z.unknown()).optional().describe("The session's policy: what of the role's rights is left."),
        policy_arns: z.array(arn).max(10).optional(),
        external_id: word("an external id").optional(),
        expires: duration.optional().describe("15min, the least that AWS gives; 12h at most."),
      }),
    ],
    { error: `must be one of ${kinds}` },
  );
}

export function mintSchema<S extends z.ZodType>(secretSchema: S) {
  return mintSchemaWith(secretSchema)
    .superRefine((mint, context) => {
      const say = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
      if (mint.kind === "gcp-service-account" && (mint.scopes === undefined) === (mint.audience === undefined))
        say("scopes", "must name scopes, or an `audience`, and not both");
      if (mint.kind === "oauth" && mint.grant === "client_credentials" && mint.client_secret !== undefined)
        say("client_secret", "is the credential's own `secret` where the grant is client_credentials");
      if (mint.kind !== "assume-role" || mint.expires === undefined) return;
      const ms = parseDuration(mint.expires) ?? 0;
      if (ms < 900_000 || ms > 43_200_000) say("expires", "must be between 15min and 12h");
    })
    .describe("Makes a short-lived credential of the secret for each session, and sends that in its place. See docs/http.md.");
}

type SecretEntry = { readonly [kind in SecretReference["kind"]]?: string | undefined };
type MintEntry = z.infer<ReturnType<typeof mintSchema<z.ZodType<SecretEntry>>>>;

/** `secret` turns an entry's reference into ours. */
export function resolveMint(entry: MintEntry, secret: (entry: SecretEntry) => SecretReference): HttpMint {
  switch (entry.kind) {
    case "github-app": {
      const { kind, app, installation, repositories = [], permissions = {}, host = "api.github.com" } = entry;
      return { kind, app: String(app), installation: String(installation), repositories, permissions, host };
    }
    case "gcp-service-account":
      return { kind: entry.kind, scopes: entry.scopes ?? [], ...(entry.audience === undefined ? {} : { audience: entry.audience }) };
    case "oauth":
      return {
        kind: entry.kind,
        grant: entry.grant,
        tokenUrl: entry.token_url,
        clientId: entry.client_id,
        clientAuth: entry.client_auth ?? "basic",
        ...(entry.revocation_url === undefined ? {} : { revocationUrl: entry.revocation_url }),
        ...(entry.client_secret === undefined ? {} : { clientSecret: secret(entry.client_secret) }),
        ...(entry.scope === undefined ? {} : { scope: entry.scope }),
        ...(entry.audience === undefined ? {} : { audience: entry.audience }),
      };
    case "fly": {
      const { kind, organization, apps = [], actions, expires = "1h" } = entry;
      return { kind, apps, actions, lifeMs: parseDuration(expires) ?? 0, ...(organization === undefined ? {} : { organization }) };
    }
    case "assume-role": {
      const { kind, role, region, policy, policy_arns = [], external_id, expires = "15min" } = entry;
      return {
        kind,
        role,
        region,
        policyArns: policy_arns,
        durationS: Math.floor((parseDuration(expires) ?? 0) / 1_000),
        ...(policy === undefined ? {} : { policy: JSON.stringify(policy) }),
        ...(external_id === undefined ? {} : { externalId: external_id }),
      };
    }
  }
}
