/**
 * Names and the values they are given, in the ways of configuration files and of programming languages.
 * It reads line by line and understands no language as a whole: a value it cannot tell the end of is passed over.
 */
import type { FileKind } from "./paths.ts";
import { pattern } from "./pattern.ts";

export interface Assignment {
  readonly name: string;
  readonly value: string;
  /** Offset of the value in the text. */
  readonly start: number;
  readonly quoted: boolean;
}

/**
 * `name: "value"`, `"name" => 'value'`, `NAME := "value"`, `x["name"] = 'value'`, `name: string = "value"`, `"name", "value"`. What stands
 * before a comma must be quoted: in `"port": 5432, "password": "..."` the number is no name.
 */
const quotedValue = pattern(
  "g",
  String.raw`(?<![\w$@.-])(?<name>[\w$@.-]{2,100})["'\x60]?\]?\)?(?:\s*:\s*(?:string|str|String|&str|&'static str|`,
  String.raw`\[\]byte))?\s*(?:=>|:=|\?=|\|\|=|[:=]|(?<=["'\x60]\s*),(?=\s*["'\x60]))\s*(?:\(|`,
  String.raw`[a-zA-Z]{0,3}(?=["']))?(?<quote>["'\x60])(?<value>(?:\\.|(?!\k<quote>)[^\\\n]){1,4096})\k<quote>`,
);
/** JSON inside a quoted text: `\"name\": \"value\"`. */
const escapedValue = /\\"(?<name>[\w.-]{2,100})\\"\s*:\s*\\"(?<value>[^"\\\n]{1,2048})\\"/g;
/** `setPassword("value")`, `.password('value')`, `withToken("value")`. */
const callValue =
  /\b(?:set|with|\.)?(?<name>[A-Za-z_]\w{2,60})\(\s*(?<quote>["'])(?<value>(?:(?!\k<quote>)[^\\\n]){6,512})\k<quote>\s*[,)]/g;
/** `NAME=value` at the start of a line, `export NAME=value`, `-e NAME=value`, `name: value`, `name = value`. */
const bareValue = pattern(
  "gm",
  String.raw`^(?<lead>[ \t]*(?:(?:export|set|setx|declare -x|ENV|ARG|SetEnv|fastcgi_param|env|`,
  String.raw`-\s*(?:name:\s*)?)[ \t]+|[-*][ \t]+|#[ \t]?|;[ \t]?|`,
  String.raw`//(?=[\w.:-]{3,80}/:))*)(?<name>[A-Za-z_/][\w./:@-]{0,100}?)[ \t]*(?<sign>=|:(?=[ \t])|`,
  String.raw`[ \t](?=\S+$))[ \t]*(?<value>[^\s"'\x60][^\n]{0,4095})$`,
);
/** In the middle of a command: `PGPASSWORD=value psql`, `-e NAME=value`, `--set name=value`. */
const commandValue = /(?<![\w.-])(?<name>[A-Za-z_][\w.]{2,80})=(?<quote>["']?)(?<value>[^\s"'`;&|<>)]{4,1024})\k<quote>/g;
/** XML: `<password>value</password>`, `key="name" value="value"`. */
const elementValue = /<(?<name>[A-Za-z_][\w.:-]{2,80})(?:\s[^<>]{0,200})?>\s*(?<value>[^<>\n]{4,1024}?)\s*<\/\k<name>>/g;
const attributeValue = pattern(
  "gi",
  String.raw`\b(?:name|key)\s*[=:]\s*["']?(?<name>[\w.:-]{2,100})["']?\s*,?\s*(?:\n\s*)?value\s*[=:]\s*(?<quote>[`,
  String.raw`"']?)(?<value>[^"'\n<>]{4,1024}?)\k<quote>(?=\s*(?:/?>|\n|$|\}|,))`,
);

/** A later shape may find an assignment again; `detect` keeps one finding for each place. */
export function assignmentsIn(text: string, kind: FileKind): readonly Assignment[] {
  const shapes =
    kind === "config"
      ? [quotedValue, escapedValue, bareValue, commandValue, elementValue, attributeValue]
      : kind === "history"
        ? [quotedValue, escapedValue, commandValue]
        : [quotedValue, escapedValue, callValue, attributeValue];
  const found: Assignment[] = [];
  for (const shape of shapes)
    for (const match of text.matchAll(shape)) {
      const { name = "", value = "" } = match.groups ?? {};
      const offset = match.index + match[0].lastIndexOf(value);
      const bare = shape === bareValue ? bareEnd(value) : value;
      const plain = bare.trim();
      if (plain !== "") found.push({ name, value: plain, start: offset, quoted: shape !== bareValue && shape !== commandValue });
    }
  return found;
}

/** A comment after the value, a comma of a list or a semicolon do not belong to it. */
function bareEnd(value: string): string {
  return value.replace(/\s+(?:#|;|\/\/).*$/, "").replace(/\s*[,;\\]?\s*$/, "");
}
