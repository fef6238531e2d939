/**
 * How a secret may be spelled in what comes back: as it is, and in the encodings that an echo, an error page or a log would use.
 * It encodes and never decodes. A spelling that is too short to be told from chance is left out.
 */

/** Shorter ones stand in too many texts by chance. */
export const spellingCharactersMin = 6;

/** Bytes to look for, longest first, each once. */
export function spellingsOf(secret: string): readonly Buffer[] {
  const bytes = Buffer.from(secret, "utf8");
  const hex = bytes.toString("hex");
  const percent = encodeURIComponent(secret).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
  const everyByte = hex.replace(/../g, (pair) => `%${pair}`);
  const escaped = JSON.stringify(secret).slice(1, -1);
  const units = Array.from({ length: secret.length }, (_, at) => `\\u${secret.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");
  const base64 = [0, 1, 2].flatMap((before) => innerBase64(bytes, before));
  const entities = secret.replace(/[&<>"']/g, (each) => entityOf[each] ?? each);
  const all = [
    secret,
    hex,
    hex.toUpperCase(),
    percent,
    percent.replace(/%../g, (code) => code.toLowerCase()),
    percent.replaceAll("%20", "+"),
    everyByte,
    everyByte.toUpperCase(),
    escaped,
    escaped.replaceAll("/", "\\/"),
    units,
    units.replace(/\\u..../g, (code) => `\\u${code.slice(2).toUpperCase()}`),
    entities,
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    [...secret].toReversed().join(""),
  ];
  const long = [...new Set(all)].filter((text) => text.length >= spellingCharactersMin);
  return long.map((text) => Buffer.from(text, "utf8")).toSorted((one, other) => other.length - one.length);
}

const entityOf: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** The characters that depend on no neighbour, where so many bytes stand before the secret in its group of three. */
function innerBase64(bytes: Buffer, before: number): readonly string[] {
  const padded = Buffer.concat([Buffer.alloc(before), bytes]);
  const text = padded.toString("base64").replaceAll("=", "");
  // The first characters hold bits of what stands before, the last ones of what follows.
  const first = before === 0 ? 0 : before + 1;
  const whole = Math.floor((padded.length * 8) / 6);
  const inner = text.slice(first, padded.length % 3 === 0 ? undefined : whole);
  return inner.length >= spellingCharactersMin ? [inner] : [];
}
