/**
 * Data against a zod schema: the parsed value, or every problem in words a person can act on, with the nearest known key.
 * It does not know lines and columns; `yaml-text.ts` does.
 */
import { z } from "zod";
import { nearest } from "./nearest.ts";
import type { PathProblem } from "./yaml-text.ts";

export type Examined<T> = { readonly value: T } | { readonly problems: readonly PathProblem[] };

export function examine<T>(schema: z.ZodType<T>, data: unknown): Examined<T> {
  const result = schema.safeParse(data);
  if (result.success) return { value: result.data };
  return { problems: result.error.issues.flatMap((issue) => problemsOf(issue, [], data, schema)) };
}

type Issue = z.core.$ZodIssue;

function problemsOf(issue: Issue, base: readonly PropertyKey[], data: unknown, schema: z.ZodType): readonly PathProblem[] {
  const path = [...base, ...issue.path];
  const value = valueAt(data, path);
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...path, key], schema));
  if (issue.code === "invalid_union") return unionProblems(issue, path, data, schema);
  if (value === undefined && issue.code !== "custom") {
    return [
      {
        path,
        message: `\`${String(path.at(-1) ?? "")}\` is missing`,
        suggestion: `add it under \`${path.slice(0, -1).join(".") || "the top level"}\``,
      },
    ];
  }
  if (!issue.message.startsWith("Invalid ") && !/^Too (small|big)/.test(issue.message))
    return [{ path, message: lowerFirst(issue.message) }];
  if (issue.code === "invalid_type") return [{ path, message: `must be ${article(issue.expected)}, not ${article(typeName(value))}` }];
  if (issue.code === "invalid_key") {
    return issue.issues.map((inner) => ({ path, at: "key", message: `\`${String(path.at(-1))}\` ${inner.message}` }));
  }
  if (issue.code === "invalid_value") {
    const known = issue.values.map(String);
    const near = typeof value === "string" ? nearest(value, known) : undefined;
    const message = `${shown(value)} is not one of ${known.map((word) => `\`${word}\``).join(", ")}`;
    return [{ path, message, ...(near === undefined ? {} : { suggestion: `did you mean \`${near}\`?` }) }];
  }
  return [{ path, message: lowerFirst(issue.message) }];
}

/** Of the alternatives of a union, the one whose outer shape fits tells the most. */
function unionProblems(
  issue: Extract<Issue, { code: "invalid_union" }>,
  path: readonly PropertyKey[],
  data: unknown,
  schema: z.ZodType,
): readonly PathProblem[] {
  const isOuter = (inner: Issue): boolean =>
    inner.path.length === 0 &&
    (inner.code === "invalid_type" || (inner.code === "invalid_value" && typeof inner.values[0] !== typeof valueAt(data, path)));
  const branch = issue.errors.find((issues) => issues.length > 0 && !issues.some(isOuter));
  if (branch !== undefined) return branch.flatMap((inner) => problemsOf(inner, path, data, schema));
  const value = valueAt(data, path);
  if (value === undefined) return [{ path, message: `\`${String(path.at(-1) ?? "")}\` is missing` }];
  // By what tells the alternatives apart none of them is meant.
  if (issue.errors.length === 0) return [{ path, message: lowerFirst(issue.message) }];
  const wanted = issue.errors
    .flat()
    .flatMap((inner) =>
      inner.code === "invalid_type"
        ? [article(inner.expected)]
        : inner.code === "invalid_value"
          ? inner.values.map((v) => `\`${String(v)}\``)
          : [],
    );
  return [{ path, message: `must be ${[...new Set(wanted)].join(" or ")}, not ${article(typeName(value))}` }];
}

function unknownKey(path: readonly PropertyKey[], schema: z.ZodType): PathProblem {
  const key = String(path.at(-1));
  const known = knownKeys(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema, path.slice(0, -1));
  const near = nearest(key, known);
  const suggestion = near === undefined ? `known keys: ${known.join(", ")}` : `did you mean \`${near}\`?`;
  return { path, at: "key", message: `unknown key \`${key}\``, suggestion };
}

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/** Keys that the schema knows at a path of the data. */
function knownKeys(schema: JsonSchema, path: readonly PropertyKey[]): readonly string[] {
  const alternatives = schema.anyOf ?? [schema];
  const [head, ...rest] = path;
  if (head === undefined) return [...new Set(alternatives.flatMap((s) => Object.keys(s.properties ?? {})))];
  return [
    ...new Set(
      alternatives.flatMap((s) => {
        const open = typeof s.additionalProperties === "object" ? s.additionalProperties : undefined;
        const next = typeof head === "number" ? s.items : (s.properties?.[String(head)] ?? open);
        return next === undefined ? [] : knownKeys(next, rest);
      }),
    ),
  ];
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined),
    data,
  );
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "`true` or `false`",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  null: "empty",
  undefined: "missing",
};

function article(type: string): string {
  return TYPE_WORDS[type] ?? type;
}

/** A value that stands where a word was expected, without showing what may be a secret. */
function shown(value: unknown): string {
  return typeof value === "string" && value.length <= 40 ? `\`${value}\`` : `this ${typeName(value)}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
