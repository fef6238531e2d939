/**
 * How a secret may be spelled in what comes back: as it is, and in the encodings that an echo, an error page or a log would use.
 * It encodes and never decodes. A spelling that is too short to be told from chance is left out.
 */
import { lookedForBytesMin } from "./matcher.ts";

/** Bytes to look for, each once. */
export function spellingsOf(secret: string): readonly Buffer[] {
  const bytes = Buffer.from(secret, "utf8");
  const hex = bytes.toString("hex");
  const base64 = [0, 1, 2].flatMap((before) => innerBase64(bytes, before));
  const all = [
    secret,
    hex,
    hex.toUpperCase(),
    ...percentEncoded(secret, hex),
    ...jsonEscaped(secret),
    ...htmlEscaped(secret),
    ...base64,
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_")),
    [...secret].toReversed().join(""),
  ];
  return [...new Set(all)].map((text) => Buffer.from(text, "utf8")).filter(({ length }) => length >= lookedForBytesMin);
}

/** As the libraries of browsers, Python, Java and Go write it: they leave different characters as they are. */
function percentEncoded(secret: string, hex: string): readonly string[] {
  const bare = encodeURIComponent(secret);
  const strict = escapedWith(bare, /[!'()*]/g, (code) => `%${code.toString(16).toUpperCase()}`);
  const strictest = escapedWith(strict, /[-._~]/g, (code) => `%${code.toString(16).toUpperCase()}`);
  const everyByte = hex.replace(/../g, (pair) => `%${pair}`);
  const forms = [
    bare,
    encodeURI(secret),
    strict,
    strict.replaceAll("%2F", "/"),
    strict.replaceAll("%20", "+"),
    strict.replaceAll("~", "%7E").replaceAll("%2A", "*").replaceAll("%20", "+"),
    strictest,
    everyByte,
  ];
  return [...forms, everyByte.toUpperCase(), ...forms.map((text) => text.replace(/%../g, (code) => code.toLowerCase()))];
}

/** As JSON must, as PHP does with slashes, as Go and Rails do with what HTML would read, and each character as its number. */
function jsonEscaped(secret: string): readonly string[] {
  const escaped = JSON.stringify(secret).slice(1, -1);
  const forHtml = escapedWith(escaped, /[&<>]/g, (code) => `\\u${code.toString(16).padStart(4, "0")}`);
  const units = Array.from({ length: secret.length }, (_, at) => `\\u${secret.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");
  const upper = (text: string): string => text.replace(/\\u..../g, (code) => `\\u${code.slice(2).toUpperCase()}`);
  const ascii = escapedWith(escaped, /[^\x00-\x7f]/g, (code) => `\\u${code.toString(16).padStart(4, "0")}`);
  const forms = [escaped, forHtml, escapedWith(forHtml, /'/g, (code) => `\\u00${code.toString(16)}`), ascii];
  return [...forms, ...forms.map((text) => text.replaceAll("/", "\\/")), upper(forHtml), upper(ascii), units, upper(units)];
}

/** By name, by number, and as Go's templates do, which escape `+` too. */
function htmlEscaped(secret: string): readonly string[] {
  const number = (code: number): string => `&#${code};`;
  const quotes = (text: string): string => escapedWith(text, /["']/g, number);
  const markup = secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return [
    markup,
    markup.replaceAll('"', "&quot;"),
    markup.replaceAll('"', "&quot;").replaceAll("'", "&#39;"),
    markup.replaceAll('"', "&quot;").replaceAll("'", "&#x27;"),
    markup.replaceAll('"', "&quot;").replaceAll("'", "&apos;"),
    quotes(markup),
    quotes(markup.replaceAll("+", "&#43;")),
    escapedWith(secret, /[^A-Za-z0-9]/g, number),
    escapedWith(secret, /[^A-Za-z0-9]/g, (code) => `&#x${code.toString(16)};`),
    escapedWith(secret, /[^A-Za-z0-9]/g, (code) => `&#x${code.toString(16).toUpperCase()};`),
  ];
}

function escapedWith(text: string, which: RegExp, written: (code: number) => string): string {
  return text.replace(which, (each) => written(each.charCodeAt(0)));
}

/** The characters that depend on no neighbour, where so many bytes stand before the secret in its group of three. */
function innerBase64(bytes: Buffer, before: number): readonly string[] {
  const padded = Buffer.concat([Buffer.alloc(before), bytes]);
  const text = padded.toString("base64").replaceAll("=", "");
  // The first characters hold bits of what stands before, the last ones of what follows.
  const first = before === 0 ? 0 : before + 1;
  const whole = Math.floor((padded.length * 8) / 6);
  const inner = text.slice(first, padded.length % 3 === 0 ? undefined : whole);
  return inner.length >= lookedForBytesMin ? [inner] : [];
}
