// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to variables, as they stand in files
import assert from "node:assert/strict";
import { test } from "node:test";
import { expand, seeded } from "../../test/scan/expand.ts";
import { detect } from "./detect.ts";

/** `line rule` of each finding in a text whose examples are made first. */
function check(path: string, text: string, expected: readonly string[]): void {
  const found = detect({ path, text: expand(text, seeded(text)) }, () => "0000");
  assert.deepEqual(
    found.map(({ line, rule }) => `${line} ${rule}`),
    expected,
    text,
  );
}

/** The login that the first finding could be tried with, as text; the password is shown since it is made up here. */
function login(path: string, text: string): string | undefined {
  const found = detect({ path, text }, () => "0000").find((one) => one.login !== undefined)?.login;
  return found && `${found.role}:${found.password()}@${found.host}:${found.port}/${found.database} ${found.tls}`;
}

test("weak passwords count in an address of a configuration file, placeholders count nowhere", () => {
  const url = "DATABASE_URL=postgres://";
  for (const rest of ["postgres:postgres@localhost/app", "root:root@db/app", "app:password@10.0.0.5/app", "a:1@db/app", ":redis@x/1"])
    check(".env", url + rest, ["1 address-with-password"]);
  for (const rest of [
    "app:${PASS}@db/app",
    "app:<password>@db/app",
    "app:PASSWORD@db/app",
    "app:xxxxx@db/app",
    "app:****@db/app",
    "app@db/app",
    "app:%s@db/app",
  ])
    check(".env", url + rest, []);
  check("README.md", `${url}postgres:postgres@localhost/app`, []);
  check("README.md", `${url}shop:{base62:20}@db.shop.internal/app`, ["1 address-with-password"]);
});

test("the end of a password is the last `@` before the host, and addresses in one line stay apart", () => {
  assert.equal(
    login(".env", "U=postgres://app:p@ss/w0rd@db.internal:6432/shop?sslmode=require"),
    "app:p@ss/w0rd@db.internal:6432/shop require",
  );
  assert.equal(login(".env", "U=postgres://app:p%40ss%2F@[::1]/shop"), "app:p@ss/@::1:5432/shop prefer");
  check(".env", "U=redis://:first1@a:1/0,redis://:second2@b:2/0", ["1 address-with-password", "1 address-with-password"]);
});

test("logins are read from every form that can be tried", () => {
  assert.equal(login(".pgpass", "db:6000:shop:app:pa\\:ss\\\\1\n"), "app:pa:ss\\1@db:6000/shop prefer");
  assert.equal(login(".pgpass", "*:*:*:app:secret1\n"), undefined);
  assert.equal(
    login(".env", "PGHOST=db\nPGUSER=app\nPGPASSWORD=hush1\nPGDATABASE=shop\nPGSSLMODE=disable\n"),
    "app:hush1@db:5432/shop disable",
  );
  assert.equal(
    login(".env", "DB_CONNECTION=pgsql\nDB_HOST=db\nDB_USERNAME=app\nDB_PASSWORD=hush12\nDB_DATABASE=shop\n"),
    "app:hush12@db:5432/shop prefer",
  );
  assert.equal(login(".env", "DB_CONNECTION=mysql\nDB_HOST=db\nDB_USERNAME=app\nDB_PASSWORD=hush12\nDB_DATABASE=shop\n"), undefined);
  assert.equal(login("a.py", 'connect("host=db user=app password=hush12 dbname=shop")'), "app:hush12@db:5432/shop prefer");
});

test("no login is made of pieces that may belong to the password", () => {
  assert.equal(login(".env", "U=postgres://app:hush12@db:99999/shop"), undefined);
  assert.equal(login(".env", "U=postgres://a<b:hush12@db/shop"), undefined);
});

test("private keys are found whole, on one line or many; headers, certificates and public keys are not", () => {
  check("id_rsa", "x\n{pem:PRIVATE KEY}", ["2 private-key"]);
  check("a.json", '{"private_key": "{pemline:PRIVATE KEY}"}', ["1 private-key"]);
  check("a.pem", "{pem:ENCRYPTED PRIVATE KEY}", ["1 private-key"]);
  check("a.ts", 'const begin = "-----BEGIN PRIVATE KEY-----"; const end = "-----END PRIVATE KEY-----";', []);
  check("a.crt", "{pem:CERTIFICATE}{pem:PUBLIC KEY}", []);
});

test("a GitHub token whose own sum is wrong is none in code, and may be one where it is configured", () => {
  check("src/a.ts", 'const token = "ghp_{base62:36}";', []);
  check("src/a.ts", 'const token = "ghp_{summed}";', ["1 github-token"]);
  check(".env", "GITHUB_TOKEN=ghp_{base62:36}", ["1 secret-value"]);
});

test("the values of a Kubernetes Secret are read through their base64, those of other kinds are not", () => {
  const data = "data:\n  password: {b64secret}\n  username: c2hvcGFwcDE=\n";
  check("s.yaml", `kind: Secret\n${data}`, ["3 kubernetes-secret"]);
  check("s.yaml", `kind: SealedSecret\n${data.replace("data", "encryptedData").replace("{b64secret}", "Ag{b64:300}==")}`, []);
});

test("JSON without line ends is read, bundles are not", () => {
  const filler = `"a":"b",`.repeat(2_000);
  check("state.json", `{${filler}"db_password":"{strong:16}","url":"postgres://a:{base62:9}@db/x",${filler}"z":1}`, [
    "1 database-password",
    "1 address-with-password",
  ]);
  check("app.min.js", `var t={${filler}password:"{base62:24}"}`, []);
});

test("a file made of tokens costs what its limit allows, and is found all the same", () => {
  const found = detect({ path: "a.txt", text: expand("sbp_{hex:40}\n", seeded("many")).repeat(20_000) }, () => "0000");
  assert.equal(found.length, 5_000);
});

test("a number or a word before a comma is no name of what follows", () => {
  const password = ["kV7mQ", "2xTz9", "Lr4Wp"].join("");
  for (const before of ["5432", "null", "true"]) {
    const found = detect({ path: "db.json", text: `{ "port": ${before},\n  "password": "${password}" }` }, () => "");
    assert.deepEqual(
      found.map(({ line, length }) => [line, length]),
      [[2, password.length]],
      before,
    );
  }
});

test("a program without an ending is code by its first line", () => {
  const text = "nextToken: import_client25.expectString9,\n";
  assert.equal(detect({ path: "bin/tool", text: `#!/usr/bin/env node\n${text}` }, () => "").length, 0);
  assert.equal(detect({ path: "bin/tool", text }, () => "").length, 1);
});
