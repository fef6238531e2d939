/**
 * Values without a shape of their own that the name beside them gives away: `RAILWAY_TOKEN=<uuid>`.
 * Names are tried in lower case with `_` between their words.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables, as they stand in files
import type { NamedValue } from "../credential.ts";
import { pattern } from "../pattern.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const hex32 = /^[0-9a-f]{32}$/;

export const namedValues: readonly NamedValue[] = [
  {
    id: "aws-secret-key",
    kind: "AWS secret access key",
    name: /(?:aws|s3|amazon|ses|dynamodb|r2|spaces|minio|wasabi|b2).*(?:secret|access)|^secret_access_key$/,
    value: /^[A-Za-z0-9+/]{40}$/,
    destroys: "delete whatever its account may: storage, databases, machines, backups",
    examples: {
      hits: ["aws_secret_access_key = {b64:40}", 'secretAccessKey: "{b64:40}"'],
      misses: ["aws_secret_access_key = ${AWS_SECRET}", "aws_region = eu-central-1"],
    },
  },
  {
    id: "aws-session-token",
    kind: "AWS session token",
    name: /aws_(?:session|security)_token$/,
    value: /^[A-Za-z0-9+/]{100,1200}={0,2}$/,
    destroys: "delete whatever its account may, until it expires",
    examples: { hits: ["AWS_SESSION_TOKEN={b64:300}"], misses: ["AWS_SESSION_TOKEN=$TOKEN"] },
  },
  {
    id: "railway-token",
    kind: "Railway token",
    name: /railway.*(?:token|key)$/,
    value: uuid,
    destroys: "delete Railway projects, databases and volumes with the backups in them",
    examples: {
      hits: ["RAILWAY_TOKEN={uuid}", "RAILWAY_API_TOKEN: {uuid}"],
      misses: ["RAILWAY_PROJECT_ID={uuid}", "RAILWAY_TOKEN=00000000-0000-0000-0000-000000000000"],
    },
  },
  {
    id: "heroku-key",
    kind: "Heroku API key",
    name: /heroku.*(?:key|token)$/,
    value: uuid,
    destroys: "destroy Heroku apps and their databases",
    examples: { hits: ["HEROKU_API_KEY={uuid}"], misses: ["HEROKU_APP_ID={uuid}"] },
  },
  {
    id: "cloudflare-key",
    kind: "Cloudflare key",
    name: /(?:cloudflare|^cf).*(?:token|key)$/,
    value: /^(?:[\w-]{40}|[0-9a-f]{37})$/,
    destroys: "delete zones, workers, buckets and databases",
    examples: { hits: ["CLOUDFLARE_API_TOKEN={base62:40}", "CF_API_KEY={hex:37}"], misses: ["CLOUDFLARE_ACCOUNT_ID={hex:32}"] },
  },
  {
    id: "linode-hetzner-token",
    kind: "token of a hosting provider",
    name: pattern(
      "",
      "(?:hcloud|hetzner|linode|vultr|scaleway|scw|upstash|turso|xata|aiven|cockroach|mongodb_atlas|atlas|",
      "elastic|fly|vercel|render|netlify|neon|koyeb|northflank|coolify).*(?:token|key|secret|password)$",
    ),
    value: /^(?=.*[A-Z\d])(?=.*[A-Za-z])[\w+/=.-]{20,400}$/,
    destroys: "delete the machines, volumes or databases of its account",
    examples: {
      hits: ["HCLOUD_TOKEN={base62:64}", "VERCEL_TOKEN={base62:24}", "SCW_SECRET_KEY={uuid}"],
      misses: ["VERCEL_PROJECT_ID=prj_{base62:28}", "FLY_REGION=fra"],
    },
  },
  {
    id: "datadog-key",
    kind: "Datadog key",
    name: /(?:datadog|^dd).*key$/,
    value: /^(?:[0-9a-f]{32}|[0-9a-f]{40})$/,
    destroys: "delete monitors and dashboards",
    examples: { hits: ["DD_API_KEY={hex:32}", "DATADOG_APP_KEY={hex:40}"], misses: ["DD_TRACE_ID={hex:32}"] },
  },
  {
    id: "twilio-token",
    kind: "Twilio token",
    name: /twilio.*(?:token|secret|key)$/,
    value: hex32,
    examples: { hits: ["TWILIO_AUTH_TOKEN={hex:32}"], misses: ["TWILIO_ACCOUNT_SID=AC{hex:32}"] },
  },
  {
    id: "framework-key",
    kind: "key that seals sessions and cookies",
    name: pattern(
      "",
      "^(?:secret_key_base|rails_master_key|app_key|django_secret_key|secret_key|flask_secret_key|",
      "nextauth_secret|auth_secret|better_auth_secret|session_secret|cookie_secret|jwt_secret|",
      "payload_secret|keystone_secret)$",
    ),
    value: /^(?:base64:)?(?=.*[0-9])[^\s]{20,200}$/,
    examples: {
      hits: ["SECRET_KEY_BASE={hex:128}", "APP_KEY=base64:{b64:43}=", "RAILS_MASTER_KEY={hex:32}"],
      misses: ["SECRET_KEY_BASE=<%= ENV['X'] %>", "APP_KEY="],
    },
  },
];
