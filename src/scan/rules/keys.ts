/**
 * Keys that no provider issues: age keys, JSON Web Tokens by what they claim, base64 around a key file.
 * PEM blocks span lines and are found in `../pem.ts`.
 */
import { isBech32, jwtClaims } from "../checksum.ts";
import type { TokenShape } from "../credential.ts";

/** Claims of the tokens that manuals print, and of the keys that a local Supabase starts with. */
function isWellKnown(claims: Readonly<Record<string, unknown>>): boolean {
  const { name, sub, iss } = claims;
  return name === "John Doe" || sub === "1234567890" || iss === "supabase-demo" || /example|demo|test/i.test(String(iss ?? ""));
}

function roleOf(token: string): string | undefined {
  const claims = jwtClaims(token);
  if (claims === undefined || isWellKnown(claims)) return undefined;
  return typeof claims["role"] === "string" ? claims["role"] : "";
}

const jwt = "eyJ[\\w-]{10,400}\\.eyJ[\\w-]{10,4000}\\.[\\w-]{20,700}";

export const keyShapes: readonly TokenShape[] = [
  {
    id: "service-role-jwt",
    kind: "service role token (JWT)",
    marks: ["eyJ"],
    shape: jwt,
    accept: (token) => /^(?:service_role|supabase_admin|postgres|admin|superuser|root)$/.test(roleOf(token) ?? ""),
    destroys: "change and delete every row, past the row policies",
    examples: {
      hits: ["SERVICE_KEY={jwt role=service_role iss=supabase ref={lower:20}}"],
      misses: ["{jwt role=anon iss=supabase}", "{jwt role=service_role iss=supabase-demo}"],
    },
  },
  {
    id: "jwt",
    kind: "JSON Web Token",
    marks: ["eyJ"],
    shape: jwt,
    // `anon` is what a page in a browser is given.
    accept: (token) => !["anon", "anonymous", "public", undefined].includes(roleOf(token)),
    examples: {
      hits: ["Authorization: Bearer {jwt sub=42 aud=api}"],
      misses: ["{jwt sub=1234567890 name=John}", "{jwt role=anon}", "eyJ{base62:20}.eyJ{base62:30}.{base62:43}"],
    },
  },
  {
    id: "age-key",
    kind: "age key",
    marks: ["AGE-SECRET-KEY-1"],
    shape: "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
    accept: isBech32,
    destroys: "read whatever is sealed for it",
    examples: { hits: ["{age}"], misses: ["AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"] },
  },
  {
    id: "encoded-key",
    kind: "key file in base64",
    marks: ["LS0tLS1CRUdJT", "ewog", "eyJ0eXBlIjoi", "eyAidHlwZSI6", "eyJ0eXBlIjog"],
    shape: "(?:LS0tLS1CRUdJT|ewog|eyJ0eXBlIj|eyAidHlwZSI6)[A-Za-z0-9+/]{100,20000}={0,2}",
    accept: (token) => /-----BEGIN [A-Z ]*PRIVATE KEY/.test(Buffer.from(token, "base64").toString("latin1")),
    destroys: "do what the key's owner may",
    examples: { hits: ["client-key-data: {pem64:PRIVATE KEY}"], misses: ["certificate-authority-data: {pem64:CERTIFICATE}"] },
  },
];
