/**
 * Whether a name is one that people give to secrets: `DB_PASSWORD`, `stripeSecretKey`, but not `passwordField` or `token_count`.
 * It does not look at the value.
 */
import { pattern } from "./pattern.ts";

/** The name's words in lower case with `_` between them: `dbPassword`, `DB-PASSWORD` and `db.password` are all `db_password`. */
export function plainName(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toLowerCase();
}

const passwords = /(?:^|_)(?:pass|passwd|password|passphrase|passcode|pwd|pw|userpass|mypass|dbpass|[a-z]+password|[a-z]+passwd)\d?$/;

/** What keys are for, as the word before `key`, `token` or `secret` says. */
const purposes = [
  "signing|encryption|encrypt|master|account|service|shared|storage|session|cookie|hmac|jwt|app|root",
  "admin|deploy|license|webhook|crypto|cipher|seal|unseal|ingest|server|role|write|read|backup|data|db",
  "vault|integration|personal_access|security|instrumentation|subscription|rails_master|bot|account_key",
  "primary|secondary|nextauth|project_api",
].join("|");

const others = new RegExp(
  `(?:^|_)(?:${[
    "secret",
    "secrets?_?(?:key|token|value|access_key|base)\\d?",
    "secret_key_base",
    "secretkey|secrettoken|clientsecret|appsecret",
    "token",
    "tokens",
    "[a-z]*authtoken|accesstoken|refreshtoken|apitoken|bottoken",
    "auth_?key|auth",
    "api_?keys?",
    "apikey",
    "access_?keys?",
    "private_?key",
    `(?:${purposes})_?(?:key|token|secret)s?`,
    "credentials?",
    "creds?",
    "bearer",
    "jwt",
    "pat",
    "otp_seed|totp_seed|mnemonic|seed_phrase",
    "connection_?string",
    "dsn",
  ].join("|")})\\d?$`,
);

/** Anything with these in it is public, a digest, or about secrets without being one. */
const never = pattern(
  "",
  String.raw`(?:^|_)(?:public|publishable|anon|hash(?:ed)?|digest|checksum|sha\d*|md5|csrf|xsrf|site|search|`,
  "fingerprint|example|placeholder|label|hint|error|errors|message|msg|description|title|i18n|regex|",
  "pattern|schema|max|min|num|total|tokenizer|vocab|pad|eos|bos|unk|sep|cls|mask|lexer|parser|syntax|",
  "semantic|css|design|theme|color|next_page|page|cursor|continuation|sync|integrity|resolved|version|",
  "commit|etag|lang|locale|translation|is|has|should|reset|forgot|forgotten|confirm|confirmation|",
  "verify|validate|invalid|missing|wrong|incorrect|new_line)(?:_|$)",
);

export type NameKind = "password" | "key" | "none";

/** What the name promises. `password` is what people choose and type; `key` what generators draw. */
export function nameKind(name: string): NameKind {
  const plain = plainName(name);
  if (plain.length > 80 || never.test(plain)) return "none";
  if (passwords.test(plain)) return "password";
  return others.test(plain) ? "key" : "none";
}
