/**
 * Values that stand where a secret will stand or would stand: placeholders, references to a secret kept elsewhere, digests of one.
 * It does not judge whether what is left is strong.
 */
import { hasLongRun } from "./chance.ts";
import { pattern } from "./pattern.ts";

/** Another place holds the secret: a variable, a template, a secret store's address, or it stands here encrypted. */
const references = [
  /^\$[A-Za-z_({[]/,
  /^\$\d/,
  /\$\{[^}]*\}|\$\([^)]*\)|\{\{.*\}\}|<%.*%>|#\{[^}]*\}/,
  /^%[A-Za-z_][\w-]*%$/,
  /^@[A-Za-z_.-]+@$/,
  /^__[A-Za-z0-9_]+__$/,
  /^\{[^}]*\}$/,
  /^[{<][A-Za-z_]/,
  /^\[[^\]]*\]$/,
  /^\(.*\)$/,
  /^%[({]\w+[)}][sd]?$/,
  /^%[sdvq]$/,
  /^(?:op|vault|secret|ssm|awssm|gcpsm|azurekv|keyring|bws|pass|file|env|doppler|infisical):\/?\/?/i,
  /^(?:ref\+|secretref:|keychain:|encrypted:|\{cipher\}|ENC\[|AQICAH|arn:|projects\/[^/]+\/secrets\/|!(?:Ref|Sub|GetAtt|vault))/,
  /^@Microsoft\.KeyVault/,
  pattern(
    "",
    String.raw`\b(?:process\.env|import\.meta\.env|os\.environ|os\.getenv|getenv|System\.getenv|ENV\[|Deno\.env|`,
    String.raw`secrets\.|env\.[A-Z]|config\.|var\.|local\.|data\.)`,
  ),
  /^[A-Za-z_][\w.]*\([^)]*\)?;?$/,
];

/** Digests and verifiers: nobody can log in with them. */
const digests = [
  /^\$(?:2[abxy]|argon2(?:id|i|d)|scrypt|pbkdf2[\w-]*|apr1|1|5|6|y|7)\$/,
  /^(?:pbkdf2_|bcrypt_|argon2|scrypt:|\{SSHA|\{SHA|\{CRYPT)/i,
  /^(?:SCRAM-SHA-256\$|md5[0-9a-f]{32}$)/,
  /^(?:sha\d{1,3}|md5|blake\w*)[-:=]/i,
];

const publics = [
  /^(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2|sk-ssh|sk-ecdsa)/,
  /^(?:pk_(?:live|test)_|pk\.ey|phc_|sb_publishable_|G-[A-Z0-9]{8,}$|UA-\d|6L[a-zA-Z0-9_-]{38}$)/,
  /^(?:MII[BC][Ig]jANBg|MFkwEwYHKoZI|MCowBQYDK2V|MIGfMA0GCSqG|age1[a-z0-9]{50})/,
];

/** Parts that no generator draws and that people write when they mean "not the real one". */
const saysSo = new RegExp(
  [
    "example",
    "change[-_ ]?(?:me|this|it|in)",
    "changeit",
    "(?:^|[^a-z])your[-_ ]?[a-z]*",
    "your(?:[-_ ])?(?:api|secret|token|pass|key|own)",
    "place[-_ ]?holder",
    "replace[-_ ]?(?:me|this|with)?",
    "dummy",
    "fake",
    "redacted",
    "sample",
    "insert[-_ ]",
    "fill[-_ ]?(?:me|in)",
    "not[-_ ]?(?:a[-_ ])?(?:real|secret|so[-_ ]secret)",
    "my[-_ ]?(?:secret|password|token|api|key|pass)",
    "super[-_ ]?secret",
    "(?:top|very|s3cr3t)[-_ ]?secret",
    "foo[-_ ]?bar",
    "lorem",
    "hunter2",
    "xxxx",
    "\\.\\.\\.",
    "…",
    "\\*\\*\\*",
    "_here$",
    "-here$",
    "goes[-_ ]here",
    "for[-_ ]test",
    "generate[-_ ]",
    "qwerty",
    "letmein",
    "deadbeef",
    "cafebabe",
  ].join("|"),
  "i",
);

const wholly = new RegExp(
  `^(?:${[
    "pass(?:word|wd|phrase)?\\d{0,4}!?",
    "p[a@4][s$5]{2}w[o0]rd\\d{0,4}!?",
    "pwd\\d{0,3}",
    "secret\\d{0,4}",
    "s3cr3t\\d*",
    "secret[-_]?(?:key|token|value)\\d*",
    "(?:api|access|auth|private|secret|client)?[-_]?(?:token|key)\\d{0,4}",
    "test(?:ing|er)?[-_]?(?:password|secret|token|key|pass|user)?\\d{0,4}",
    "(?:admin|root|user(?:name)?|guest|postgres|mysql|mongo|redis|rabbitmq|default|demo)\\d{0,4}",
    "(?:local(?:host)?|dev(?:elopment)?|prod(?:uction)?|staging)\\d{0,4}",
    "(?:none|null|nil|undefined|true|false|yes|no|on|off|empty|optional|required)",
    "(?:string|bearer|basic|disabled|enabled|unset|unknown|n\\/a|tbd)",
    "welcome\\d*!?",
    "[.\\-_*x#?0]+",
    "[^A-Za-z0-9]+",
  ].join("|")})$`,
  "i",
);

/** Not a secret itself: a reference to one, a digest of one, or public by design. */
export function isReference(value: string): boolean {
  const text = value.trim();
  return text === "" || [...references, ...digests, ...publics].some((shape) => shape.test(text));
}

/** Says by itself that the real one is elsewhere. `<...>` included. */
export function saysItIsNone(value: string): boolean {
  return saysSo.test(value) || /^<.*>?$/.test(value) || (value.length >= 12 && new Set(value).size <= 4);
}

/** A value that people write where none is meant: a placeholder, or a word so usual that it protects nothing. */
export function isPlaceholder(value: string): boolean {
  const text = value.trim();
  return isReference(text) || saysItIsNone(text) || wholly.test(text) || hasLongRun(text);
}
