/**
 * Private keys in PEM and PuTTY form, whole ones: a header alone is text about keys.
 * Public keys and certificates are passed over.
 */
import type { Candidate } from "./credential.ts";
import { pattern } from "./pattern.ts";

// The marks are put together, so that this file does not hold what it looks for.
const dashes = "-----";
const pem = new RegExp(
  `${dashes}BEGIN (?<type>(?:[A-Z0-9]+ ){0,3})PRIVATE KEY(?: BLOCK)?${dashes}` +
    `(?<body>(?:(?!${dashes})[A-Za-z0-9+/=\\s:,;.()@-]|\\\\[rn]|["'|]){60,20000}?)${dashes}END`,
  "g",
);
// Such a file is nothing but its key, so the mark stands at its beginning.
const putty = pattern(
  "m",
  String.raw`^PuTTY-User-Key-File-\d: (?<type>\S+)[\s\S]{1,400}?^Encryption: (?<encryption>\S+)`,
  String.raw`[\s\S]{1,2000}?^Private-Lines: \d+\s+(?<body>[A-Za-z0-9+/=\s]{40,8000})`,
);

export function pemCandidates(text: string): readonly Candidate[] {
  const found: Candidate[] = [];
  if (text.includes("PRIVATE KEY"))
    for (const match of text.matchAll(pem)) {
      const body = (match.groups?.["body"] ?? "").replace(/\\[rn]|["'\s|]/g, "");
      const data = body.replace(/^(?:Proc-Type|DEK-Info|Version|Comment)[\s\S]*?(?=[A-Za-z0-9+/]{40})/, "");
      if (!/[A-Za-z0-9+/=]{48,}/.test(data) || new Set(data).size < 20) continue;
      const sealed = /ENCRYPTED/.test((match.groups?.["type"] ?? "") + body) || isSealedOpenssh(match.groups?.["type"], data);
      found.push(candidate(match, data, sealed));
    }
  const match = text.startsWith("PuTTY-User-Key-File") ? putty.exec(text.slice(0, 8_000)) : null;
  if (match !== null) found.push(candidate(match, match.groups?.["body"] ?? "", match.groups?.["encryption"] !== "none"));
  return found;
}

function candidate(match: RegExpExecArray, data: string, sealed: boolean): Candidate {
  return {
    start: match.index,
    end: match.index + match[0].length,
    secret: data,
    rule: "private-key",
    kind: sealed ? "private key under a passphrase" : "private key",
    // What it opens is not in the file; a key under a passphrase opens nothing by itself.
    ...(sealed ? {} : { destroys: "do what the key's owner may where it is trusted" }),
  };
}

/** An OpenSSH key names its cipher after the magic bytes `openssh-key-v1\0`. */
function isSealedOpenssh(type: string | undefined, data: string): boolean {
  if (!type?.startsWith("OPENSSH")) return false;
  const bytes = Buffer.from(data.slice(0, 80), "base64").toString("latin1");
  return bytes.startsWith("openssh-key-v1") && !bytes.slice(15, 30).includes("none");
}
