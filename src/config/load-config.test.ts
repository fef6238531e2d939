import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { loadConfig } from "./load-config.ts";
import type { Config } from "./config.ts";
import { renderInitialConfig } from "./initial-config.ts";

/** The shape of a verifier; made of no password. */
const verifier = `SCRAM-SHA-256$4096:${"A".repeat(22)}==$${"B".repeat(43)}=:${"C".repeat(43)}=`;
const details = ["select", "delete", "drop", "truncate"];

function load(text: string): Config {
  const loaded = loadConfig({ text, directory: "/srv/app" }, { details });
  assert("config" in loaded, JSON.stringify(loaded));
  return loaded.config;
}

/** Each problem as `line:column message [suggestion]`. */
function problems(text: string): readonly string[] {
  const loaded = loadConfig({ text, directory: "/srv/app" }, { details });
  assert("problems" in loaded, "loaded without a problem");
  return loaded.problems.map((p) => `${p.line}:${p.column} ${p.message}${p.suggestion === undefined ? "" : ` [${p.suggestion}]`}`);
}

const target = (more = "") => `version: 1
targets:
  shop:
    listen: 127.0.0.1:6432
    upstream: { host: localhost, role: app, password: { env: PGPASSWORD } }
${more}`;

describe("what loads", () => {
  test("the smallest file: production, read-only, loopback without TLS", () => {
    const config = load(target());
    const [shop] = config.targets;
    assert(shop !== undefined);
    assert.equal(shop.environment, "production");
    assert.equal(shop.policyName, "read-only");
    assert.equal(shop.policy.name, "read-only");
    assert.equal(shop.upstream.tls, "disable");
    assert.equal(shop.upstream.port, 5432);
    assert.deepEqual(shop.upstream.password, { kind: "env", name: "PGPASSWORD" });
    assert.equal(shop.clientTlsRequired, false);
    assert.equal(config.state, "/srv/app/.holdfast");
    assert.equal(config.auditDirectory, "/srv/app/.holdfast/audit");
  });

  test("the default policy follows the environment", () => {
    for (const [environment, policy] of [
      ["production", "read-only"],
      ["staging", "guarded-writes"],
      ["development", "guarded-writes"],
    ] as const) {
      assert.equal(load(target(`    environment: ${environment}\n`)).targets[0]?.policyName, policy);
    }
  });

  test("a replica has an address of its own, and a lag that is known to half a second", () => {
    const [shop] = load(target("    replica: { host: replica.example, lag_max: 2s }\n")).targets;
    assert.deepEqual(shop?.replica, {
      upstream: { host: "replica.example", port: 5432, tls: "verify-full", md5Allowed: false, cleartextAllowed: false },
      lagMsMax: 2_000,
    });
    const [other] = load(target("    replica: { url: { env: REPLICA_URL } }\n")).targets;
    assert.equal(other?.replica?.lagMsMax, 5_000);
    assert.deepEqual(other?.replica?.upstream.url, { kind: "env", name: "REPLICA_URL" });
    assert.deepEqual(problems(target("    replica: { lag_max: 500ms }\n")), [
      "6:5 `host` is missing: give `url` or `host`",
      "6:25 must be a time of at least `1s`",
    ]);
  });

  test("paths are relative to the file, TLS to a server elsewhere is verified", () => {
    const config = load(`version: 1
state: ../state
targets:
  shop:
    listen: 0.0.0.0:6432
    tls: { cert: tls/server.crt, key: /etc/server.key }
    upstream: { url: "postgres://app@db.example:6000/shop", password: { file: pw } , ca: ca.pem }
`);
    const [shop] = config.targets;
    assert.equal(config.state, "/srv/state");
    assert.deepEqual(shop?.clientTls, { cert: "/srv/app/tls/server.crt", key: "/etc/server.key" });
    assert.equal(shop?.clientTlsRequired, true);
    assert.deepEqual(shop?.upstream, {
      host: "db.example",
      port: 6000,
      database: "shop",
      role: "app",
      password: { kind: "file", path: "/srv/app/pw" },
      tls: "verify-full",
      ca: "/srv/app/ca.pem",
      md5Allowed: false,
      cleartextAllowed: false,
    });
  });

  test("the target's limits are the last word", () => {
    const limited = load(target("    limits: { rows_returned: 7, rows_changed: none, statement_time: 1.5s, bytes_returned: 64MiB }\n"))
      .targets[0]?.policy;
    assert.deepEqual(limited?.obligations, [
      { kind: "rows_returned_max", rows: 7 },
      { kind: "bytes_returned_max", bytes: 64 * 1024 * 1024 },
      { kind: "rows_changed_per_transaction_max", rows: 0 },
    ]);
    assert.equal(limited?.sessionLimits.statementMsMax, 1500);
    const tables = load(target("    limits: { rows_changed_per_table: 50, rows_changed_share: 40% }\n")).targets[0]?.policy.obligations;
    assert.deepEqual(
      tables?.filter(({ kind }) => kind === "rows_changed_per_table_max" || kind === "rows_changed_share_max"),
      [
        { kind: "rows_changed_per_table_max", rows: 50 },
        { kind: "rows_changed_share_max", percent: 40 },
      ],
    );
    for (const [share, problem] of [
      ["0.5", /must be a text, not a number/],
      ["140%", /must be a whole share such as `50%`, at most `100%`, or `none`/],
    ] as const)
      assert.match(problems(target(`    limits: { rows_changed_share: ${share} }\n`)).join("\n"), problem);
  });

  test("a user's own policy is compiled for each of its targets", () => {
    const config = load(`${target()}users:
  agent: { kind: ai_agent, password: { verifier: "${verifier}" }, targets: [shop], policy: mine, databases: [shop] }
policies:
  mine: { extends: guarded-writes, without: [ask-destruction], limits: { production: { rows_changed: 3 } } }
`);
    const [agent] = config.users;
    const mine = agent?.policies?.get("shop");
    assert.equal(mine?.name, "mine");
    assert(!mine?.rules.some((rule) => rule.id === "ask-destruction"));
    assert.deepEqual(
      mine?.obligations.find((o) => o.kind === "rows_changed_max"),
      { kind: "rows_changed_max", rows: 3 },
    );
    assert.deepEqual(agent?.login, { kind: "verifier", text: verifier });
    assert.equal(agent?.connectionsMax, 20);
  });

  test("what `holdfast init` writes loads as it stands", () => {
    const config = load(
      renderInitialConfig({
        target: "shop",
        environment: "staging",
        listen: "127.0.0.1:6432",
        urlVariable: "DATABASE_URL",
        user: { name: 'agent: "x"', kind: "ai_agent", verifier },
      }),
    );
    assert.deepEqual(config.targets[0]?.upstream.url, { kind: "env", name: "DATABASE_URL" });
    assert.equal(config.users[0]?.name, 'agent: "x"');
  });
});

describe("what is refused, with its place and the nearest word", () => {
  const table: readonly [string, string, readonly string[]][] = [
    [
      "an unknown key",
      target("    readonly: true\n    polcy: read-only\n"),
      [
        "6:5 unknown key `readonly` [known keys: environment, listen, upstream, tls, policy, replication, limits, budget, replica, roles, executor, plan, bin, undo, backup, classify]",
        "7:5 unknown key `polcy` [did you mean `policy`?]",
      ],
    ],
    ["an unknown key at the top", `${target()}user: {}\n`, ["6:1 unknown key `user` [did you mean `users`?]"]],
    [
      "an unknown key deep inside",
      target("    limits: { rows_retuned: 5 }\n"),
      ["6:15 unknown key `rows_retuned` [did you mean `rows_returned`?]"],
    ],
    ["a duplicate key", target("    listen: 127.0.0.1:6433\n"), ["6:5 the key `listen` stands twice: remove one of them"]],
    ["an unknown preset", target("    policy: read-olny\n"), ["6:13 no policy is named `read-olny` [did you mean `read-only`?]"]],
    ["an unknown environment", target("    environment: prod\n"), ["6:18 `prod` is not one of `production`, `staging`, `development`"]],
    ["a limit without a unit", target("    limits: { statement_time: 30 }\n"), ["6:31 must be a text, not a number"]],
    [
      "a limit with a strange unit",
      target("    limits: { bytes_returned: 64MB }\n"),
      ["6:31 must be an amount of bytes such as `64MiB`, or `none`"],
    ],
    [
      "a target that does not exist",
      `${target()}users:\n  a: { kind: human, password: { env: P }, targets: [shpo] }\n`,
      ["7:53 no target is named `shpo` [did you mean `shop`?]"],
    ],
    [
      "a missing key",
      "version: 1\ntargets:\n  shop:\n    listen: 127.0.0.1:1\n",
      ["4:5 `upstream` is missing [add it under `targets.shop`, or leave out both for a target for HTTP APIs alone]"],
    ],
    ["no version", "targets: {}\n", ["1:1 `version` is missing [add it under `the top level`]", "1:10 must name at least one target"]],
    ["another version", target().replace("version: 1", "version: 2"), ["1:10 this number is not one of `1`"]],
    ["an empty file", "", ["1:1 must be a mapping, not empty"]],
    ["an unfinished file", "version: [1\n", ["2:1 flow sequence in block collection must be sufficiently indented and end with a ]"]],
    ["two documents", `${target()}---\nversion: 1\n`, ["6:1 holds more than one document: remove the line `---`"]],
    [
      "a port out of range",
      target().replace("6432", "66432"),
      ["4:13 must be `host:port` such as `127.0.0.1:6432`, with a port between 0 and 65535"],
    ],
    [
      "clients from elsewhere in clear",
      target().replace("127.0.0.1", "0.0.0.0"),
      [
        "4:13 `0.0.0.0` is reachable from other machines, and `tls` is not set " +
          "[listen on 127.0.0.1, or give `tls` a certificate and a key]",
      ],
    ],
    [
      "a bad URL",
      target().replace("{ host: localhost, role: app, password: { env: PGPASSWORD } }", "{ url: mysql://app@db }"),
      ["5:22 must be a URL such as `postgres://role@host:5432/database`"],
    ],
    [
      "a password in clear through no TLS",
      target().replace("host: localhost,", "host: localhost, tls: disable, cleartext_allowed: true,"),
      ["5:67 a password in clear goes only through TLS: set `tls` to `require` or `verify-full`"],
    ],
    [
      "a preset's name taken",
      `${target()}policies:\n  observe: {}\n`,
      ["7:3 `observe` is the name of a preset [name it otherwise and begin with `extends: observe`]"],
    ],
    [
      "a ring",
      `${target()}policies:\n  a: { extends: b }\n  b: { extends: a }\n`,
      ["7:17 policies extend each other in a ring: a -> b -> a", "8:17 policies extend each other in a ring: b -> a -> b"],
    ],
    [
      "a base that does not exist",
      `${target()}policies:\n  a: { extends: guarded-writs }\n`,
      ["7:17 no policy is named `guarded-writs` [did you mean `guarded-writes`?]"],
    ],
  ];
  for (const [name, text, expected] of table) test(name, () => assert.deepEqual(problems(text), expected));

  test("secrets in the file, and none of their bytes in the message", () => {
    const found = problems(`version: 1
targets:
  shop:
    listen: 127.0.0.1:6432
    upstream: { url: "postgres://app:hunter2@db/shop" }
  b:
    listen: 127.0.0.1:6433
    upstream: { host: db, role: app, password: hunter2 }
users:
  agent: { kind: ai_agent, password: hunter2, targets: [shop] }
  other: { kind: ai_agent, password: { verifier: hunter2 }, targets: [shop] }
`);
    assert.equal(found.length, 4);
    assert.match(found[0] ?? "", /^5:22 the URL holds a password: .*\{ env: NAME \}/);
    assert.match(found[1] ?? "", /^8:48 a secret does not stand in this file: write `\{ vault: NAME \}`/);
    assert.match(found[2] ?? "", /^10:38 a password does not stand in this file: /);
    assert.match(found[3] ?? "", /^11:50 must be a verifier/);
    assert(!found.join().includes("hunter2"));
  });

  test("an alias bomb", () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefg"
      .split("")
      .map((k, i) => `${k}: &${k} [${Array(9).fill(`*${"abcdef"[i]}`).join(",")}]`)
      .join("\n")}\n`;
    assert.match(problems(bomb)[0] ?? "", /excessive alias count/i);
  });

  test("rules: words that mean nothing, doubled ids, conditions with a place", () => {
    const rule = (id: string, lines: string) =>
      `      - id: ${id}\n        title: t\n        why: w\n${lines}        examples: { matches: [a], misses: [b] }\n`;
    const [permit, forbid] = ["        answer: permit\n", "        answer: forbid\n        match: { operation: delete }\n"];
    const found = problems(`${target()}policies:
  mine:
    rules:
${rule("a", `${permit}        match: { operation: delete, detail: [delete, dorp] }\n        when: effect.rws > 3\n`)}\
${rule("a", `${forbid}        when: |\n          effect.rows > 3 &&\n            facts.environmnt == 'x'\n`)}\
${rule("b", `${permit}        match: {}\n        code: destructive\n`)}\
${rule("c", `${forbid}        when: effect.name.matches('(a+)+$')\n        limits: { rows_changed: 1 }\n`)}`);
    assert.deepEqual(found, [
      "13:54 no detail is named `dorp` [did you mean `drop`?]",
      "14:22 the condition does not compile: no such key: rws [did you mean `rows`?]",
      "16:13 a rule `a` is already there [choose another id, or leave the inherited rule out with `without`]",
      "23:21 the condition does not compile: no such key: environmnt [did you mean `environment`?]",
      "29:16 a permit that matches everything [name at least the operations it permits]",
      "30:15 a permit gives no reason [remove `code`]",
      "37:15 the condition does not compile: `matches` is not available in a condition [use startsWith, endsWith or contains]",
      "38:17 only what lets something through has limits [remove `limits`, or make the rule a permit]",
    ]);
  });

  test("a file that is not there", () => {
    const loaded = loadConfig({ path: "/nowhere/holdfast.yaml" });
    assert("problems" in loaded);
    assert.match(loaded.problems[0]?.message ?? "", /cannot be read: ENOENT/);
  });
});
