import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SessionLimits } from "../../../model/session-limits.ts";
import type { StartupParameter } from "../codec/startup.ts";
import { splitOptions } from "./startup-options.ts";
import { judgeSettings } from "./startup-settings.ts";

const noLimits: SessionLimits = { statementMsMax: null, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null };

/** One line: what becomes of these start-up parameters. */
function judged(parameters: readonly StartupParameter[], limits = noLimits): string {
  const answer = judgeSettings(parameters, limits);
  if (answer.kind === "refused") return `refused ${answer.sqlstate}`;
  return Array.from(answer.settings, ([name, value]) => `${name}=${value}`).join(" ");
}

const passing: readonly (readonly [string, readonly StartupParameter[], string])[] = [
  [
    "psql",
    [
      ["application_name", "psql"],
      ["client_encoding", "UTF8"],
    ],
    "application_name=psql",
  ],
  ["psql in the C locale", [["client_encoding", "SQL_ASCII"]], ""],
  [
    "libpq with PGTZ, PGDATESTYLE, PGGEQO",
    [
      ["datestyle", "ISO"],
      ["timezone", "UTC"],
      ["geqo", "off"],
    ],
    "datestyle=ISO timezone=UTC geqo=off",
  ],
  ["node-postgres of old", [["client_encoding", "'utf-8'"]], ""],
  [
    "JDBC",
    [
      ["client_encoding", "UTF8"],
      ["DateStyle", "ISO"],
      ["TimeZone", "Europe/Berlin"],
      ["extra_float_digits", "3"],
    ],
    "datestyle=ISO timezone=Europe/Berlin extra_float_digits=3",
  ],
  ["pg_regress", [["options", "-c intervalstyle=postgres_verbose"]], "intervalstyle=postgres_verbose"],
  ["Rails", [["options", "-c search_path=app,public -c statement_timeout=5s"]], "search_path=app,public statement_timeout=5000"],
  [
    "a parameter wins over options",
    [
      ["timezone", "UTC"],
      ["options", "--TimeZone=PST8PDT"],
    ],
    "timezone=UTC",
  ],
  ["planner switches", [["options", "-c enable_seqscan=off -cjit=off"]], "enable_seqscan=off jit=off"],
  [
    "what is pinned anyway",
    [
      ["standard_conforming_strings", "TRUE"],
      ["client_encoding", "unicode"],
    ],
    "",
  ],
  ["read only, switched on", [["default_transaction_read_only", "yes"]], "default_transaction_read_only=on"],
];

const refused: readonly (readonly [string, StartupParameter, string])[] = [
  ["another encoding", ["client_encoding", "SJIS"], "42501"],
  ["another encoding that begins well", ["client_encoding", "UTF8,SJIS"], "42501"],
  ["no encoding", ["client_encoding", ""], "42501"],
  ["strings with backslashes", ["standard_conforming_strings", "off"], "42501"],
  ["strings with backslashes, in capitals", ["STANDARD_CONFORMING_STRINGS", "OFF"], "42501"],
  ["triggers off", ["session_replication_role", "replica"], "42501"],
  ["a role", ["role", "postgres"], "42501"],
  ["a session role", ["session_authorization", "postgres"], "42501"],
  ["libraries", ["local_preload_libraries", "x"], "42501"],
  ["read only, switched off", ["default_transaction_read_only", "off"], "42501"],
  ["what nobody knows", ["holdfast.x", "1"], "42501"],
  ["durability", ["synchronous_commit", "off"], "42501"],
  ["row policies", ["row_security", "off"], "42501"],
  ["in options, with a dash", ["options", "--session-replication-role=replica"], "42501"],
  ["in options, escaped", ["options", "-c client_encoding=S\\JIS"], "42501"],
  ["another switch", ["options", "-B 5"], "42601"],
  ["a switch that allows system tables to change", ["options", "-O"], "42601"],
  ["-c without a value", ["options", "-c"], "42601"],
  ["-c without a name", ["options", "-c =x"], "42601"],
  ["a time that is none", ["statement_timeout", "soon"], "22023"],
  ["a negative time", ["statement_timeout", "-1"], "22023"],
  ["a time beyond PostgreSQL's", ["statement_timeout", "2147483648"], "22023"],
];

describe("start-up settings", () => {
  for (const [name, parameters, expected] of passing)
    test(`pass: ${name}`, () => assert.equal(judged([["user", "a"], ["database", "b"], ...parameters]), expected));
  for (const [name, parameter, expected] of refused)
    test(`refused: ${name}`, () => assert.equal(judged([parameter]), `refused ${expected}`));

  test("one bad setting among good ones refuses the whole", () =>
    assert.equal(
      judged([
        ["timezone", "UTC"],
        ["role", "x"],
      ]),
      "refused 42501",
    ));

  test("a time limit is never raised", () => {
    const limits = { ...noLimits, statementMsMax: 5000 };
    const cases = [
      ["1000", 1000],
      ["5000", 5000],
      ["1h", 5000],
      ["0", 5000],
      ["2s", 2000],
      ["1500us", 2],
      [" 3 s ", 3000],
      ["1.5s", 1500],
      ["100us", 5000],
    ] as const;
    for (const [value, expected] of cases)
      assert.equal(judged([["statement_timeout", value]], limits), `statement_timeout=${expected}`, value);
    assert.equal(judged([["statement_timeout", "0"]]), "statement_timeout=0");
    assert.equal(judged([["idle_in_transaction_session_timeout", "1d"]]), "idle_in_transaction_session_timeout=86400000");
  });
});

test("options are split as PostgreSQL's pg_split_opts does", () => {
  const table: readonly (readonly [string, readonly StartupParameter[] | undefined])[] = [
    ["", []],
    ["  \t", []],
    ["-c a=b", [["a", "b"]]],
    [
      "-ca=b --c-d=e=f",
      [
        ["a", "b"],
        ["c_d", "e=f"],
      ],
    ],
    ["-c a=b\\ c\\\\d", [["a", "b c\\d"]]],
    ["-c a=", [["a", ""]]],
    ["-c a=b\\", [["a", "b"]]],
    ["a=b", undefined],
    ["--", undefined],
    ["-c a", undefined],
    ["-d 5", undefined],
  ];
  for (const [text, expected] of table) assert.deepEqual(splitOptions(text), expected, text);
});
