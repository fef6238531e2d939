/**
 * Reads the case files: sections (a line of the list of known attacks each) that hold cases, a case a line or a block.
 * It does not judge or run a case. The format is described at the head of `cases/a-same-bytes.txt`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface AttackCase {
  /** File, section and title: unique, and the test's name. */
  readonly name: string;
  readonly letter: string;
  /** Texts sent one after the other, whatever the answers. */
  readonly texts: readonly Buffer[];
  /** Who it harms something as, when run directly. Through Holdfast every case is run as both. */
  readonly as: "both" | "superuser" | "ordinary";
  readonly from: number;
  readonly until: number;
  /** SQL run in the same session before and after: its result differs directly, and is the same through Holdfast. */
  readonly probe: string | undefined;
  /** Text that must not reach the client, and does directly. */
  readonly leak: string | undefined;
  /** `guarded-writes` permits it, on purpose. */
  readonly guardedAllows: boolean;
  /** It is answered as done and is not: the probe alone tells. */
  readonly answered: boolean;
  /** SQL run by a superuser beforehand; the case then has a connection of its own. */
  readonly given: string | undefined;
  /** Start-up parameters of a connection of its own. */
  readonly startup: Readonly<Record<string, string>> | undefined;
  /** Sent when the server asks for COPY data. */
  readonly copy: string | undefined;
}

const folder = join(import.meta.dirname, "cases");

/** All cases of the files whose name begins with one of `letters`, with `{name}` replaced by `values`. */
export function loadCases(values: Readonly<Record<string, string>>, letters = "abcdefghijklmnopqrstuvwxyz"): readonly AttackCase[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".txt") && letters.includes(name[0] as string) && name[1] === "-");
  const cases = files.sort().flatMap((name) => parseCases(name.slice(0, -4), fill(readFileSync(join(folder, name), "utf8"), values)));
  const seen = new Set<string>();
  for (const { name } of cases) {
    if (seen.has(name)) throw new Error(`two cases are called \`${name}\``);
    seen.add(name);
  }
  return cases;
}

export function parseCases(file: string, text: string): readonly AttackCase[] {
  const cases: AttackCase[] = [];
  let section = "";
  let block: { title: string; tags: string[]; lines: string[] } | undefined;
  const close = (): void => {
    if (block !== undefined) cases.push(toCase(file, section, block.title, block.tags, block.lines.join("\n").split("\n----\n")));
    block = undefined;
  };
  for (const line of text.split("\n")) {
    if (line.startsWith("## ") || line.startsWith("===")) close();
    if (line.startsWith("## ")) section = line.slice(3).trim();
    else if (line.startsWith("=== ")) {
      const { tags, rest } = takeTags(line.slice(4));
      block = { title: rest, tags, lines: [] };
    } else if (block !== undefined) {
      if (line.startsWith("@") && block.lines.length === 0) block.tags.push(line.slice(1));
      else block.lines.push(line);
    } else if (line.startsWith("- ")) {
      const { tags, rest } = takeTags(line.slice(2));
      // Without its tags where they only say who and when: a title is to be read.
      const title = tags.some((tag) => /^(startup|given) /.test(tag)) ? line.slice(2) : rest;
      cases.push(toCase(file, section, title, tags, rest.split(" ---- ")));
    } else if (line.trim() !== "" && !line.startsWith("#") && line !== "===") throw new Error(`${file}: not understood: \`${line}\``);
  }
  close();
  return cases;
}

function takeTags(text: string): { readonly tags: string[]; readonly rest: string } {
  const tags: string[] = [];
  let rest = text;
  for (let found = /^\[([^\]]*)\]\s*/.exec(rest); found; found = /^\[([^\]]*)\]\s*/.exec(rest)) {
    tags.push(found[1] as string);
    rest = rest.slice(found[0].length);
  }
  return { tags, rest };
}

const tagNames = new Set([
  "superuser",
  "ordinary",
  "from",
  "until",
  "probe",
  "leak",
  "guarded",
  "answered",
  "given",
  "startup",
  "copy",
  "bytes",
]);

function toCase(file: string, section: string, title: string, tags: readonly string[], texts: readonly string[]): AttackCase {
  const values = new Map(tags.map((tag) => [tag.split(" ")[0] as string, tag.slice((tag.split(" ")[0] as string).length + 1)]));
  for (const tag of values.keys()) if (!tagNames.has(tag)) throw new Error(`${file}: no such tag: \`${tag}\``);
  const startup = values.get("startup");
  const bytes = values.has("bytes");
  return {
    name: `${file} / ${section} / ${title}`,
    letter: file[0] as string,
    texts: texts.map((text) => (bytes ? unescaped(text) : Buffer.from(text))),
    as: values.has("superuser") ? "superuser" : values.has("ordinary") ? "ordinary" : "both",
    from: Number(values.get("from") ?? 0),
    until: Number(values.get("until") ?? 99),
    probe: values.get("probe"),
    leak: values.get("leak"),
    guardedAllows: values.has("guarded"),
    answered: values.has("answered"),
    given: values.get("given"),
    startup:
      startup === undefined
        ? undefined
        : Object.fromEntries(startup.split(" & ").map((pair) => [pair.split("=")[0], pair.slice(pair.indexOf("=") + 1)])),
    copy: values.get("copy"),
  };
}

/** `\xNN` is one byte; everything else is UTF-8. */
function unescaped(text: string): Buffer {
  const parts = text.split(/(\\x[0-9a-f]{2})/);
  return Buffer.concat(
    parts.map((part) => (/^\\x[0-9a-f]{2}$/.test(part) ? Buffer.of(Number.parseInt(part.slice(2), 16)) : Buffer.from(part))),
  );
}

/** `{name}` for the names given; other braces are the SQL's own. */
function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{([a-z]+)\}/g, (whole, name: string) => values[name] ?? whole);
}
