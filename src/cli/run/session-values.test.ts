import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type ChildEnvironment, childEnvironment } from "./child-environment.ts";
import { sessionPieces, sessionValue } from "./session-values.ts";

const session = { host: "127.0.0.1", port: 7001, user: "run_x", password: "pw", database: "shop" };
// Put together here, so that nobody takes this file for one with a credential in it.
const password = ["kV7mQ", "2xTz9", "Lr4Wp"].join("");
const at = `app:${password}@db.internal.example:5432/shop`;

describe("an address of the session", () => {
  for (const [value, expected] of [
    [`postgres://${at}?sslmode=require`, "postgres://run_x:pw@127.0.0.1:7001/shop"],
    [`postgresql+asyncpg://${at}`, "postgresql+asyncpg://run_x:pw@127.0.0.1:7001/shop"],
    [`postgis://${at}`, "postgis://run_x:pw@127.0.0.1:7001/shop"],
    ["postgresql://db.internal.example/shop", "postgresql://run_x:pw@127.0.0.1:7001/shop"],
    [`postgres://app:${password}@one:5432,two:5432/shop`, "postgres://run_x:pw@127.0.0.1:7001/shop"],
    ["postgres:///shop?host=/var/run/postgresql", "postgres://run_x:pw@127.0.0.1:7001/shop"],
    [
      `jdbc:postgresql://db.internal.example/shop?user=app&password=${password}`,
      "jdbc:postgresql://127.0.0.1:7001/shop?user=run_x&password=pw&sslmode=disable",
    ],
    [
      `host=db.internal.example user=app password=${password}`,
      "host=127.0.0.1 port=7001 user=run_x password=pw dbname=shop sslmode=disable",
    ],
    [
      `Host=db.internal.example;Username=app;Password=${password};Database=shop`,
      "Host=127.0.0.1;Port=7001;Username=run_x;Password=pw;Database=shop;SSL Mode=Disable",
    ],
    ["pgsql:host=db.internal.example;dbname=shop", "pgsql:host=127.0.0.1;port=7001;dbname=shop;user=run_x;password=pw"],
  ] as const)
    test(`stands for ${value.replace(password, "...")}`, () => assert.equal(sessionValue(value, session), expected));

  for (const value of [
    "mysql://u:p@h/db",
    "https://example.com",
    "",
    "host=only",
    "Server=sql;Database=d;User Id=u;Trusted_Connection=True",
  ])
    test(`stands for nothing in \`${value}\``, () => assert.equal(sessionValue(value, session), undefined));
});

test("the pieces of a login are found by what they are called, in any case, and only PostgreSQL's", () => {
  const places = [{ host: "db.internal.example", port: 5432 }];
  const variables = {
    DB_HOST: "elsewhere",
    DB_PORT: "5432",
    DB_USERNAME: "app",
    DB_PASSWORD: password,
    DB_DATABASE: "shop",
    POSTGRES_PASSWORD: password,
    POSTGRES_DB: "shop",
    rds_hostname: "DB.internal.example",
    rds_db_name: "shop",
    rds_password: password,
    MYSQL_HOST: "h",
    MYSQL_PORT: "3306",
    MYSQL_PASSWORD: password,
    DATABASE_ENGINE: "django.db.backends.postgresql",
    DATABASE_HOST: "x",
    DATABASE_NAME: "y",
    SMTP_HOST: "mail",
    SMTP_PASSWORD: password,
  };
  const found = sessionPieces(variables, session, places);
  assert.deepEqual(Object.fromEntries(found), {
    DB_HOST: "127.0.0.1",
    DB_PORT: "7001",
    DB_USERNAME: "run_x",
    DB_PASSWORD: "pw",
    DB_DATABASE: "shop",
    POSTGRES_PASSWORD: "pw",
    POSTGRES_DB: "shop",
    rds_hostname: "127.0.0.1",
    rds_db_name: "shop",
    rds_password: "pw",
    DATABASE_HOST: "127.0.0.1",
    DATABASE_NAME: "shop",
  });
});

describe("the child's environment", () => {
  const child = (parent: Record<string, string>, more: { secretNames?: string[]; keep?: string[] } = {}): ChildEnvironment =>
    childEnvironment({
      parent,
      session,
      secrets: [password],
      places: [{ host: "db.internal.example", port: 5432 }],
      secretNames: new Set(more.secretNames),
      keep: new Set(more.keep),
    });

  test("leads every spelling of a database's address to the session, and holds the server's password nowhere", () => {
    const urls = ["DATABASE_URL", "DIRECT_URL", "SHADOW_DATABASE_URL", "database_url", "SQLALCHEMY_DATABASE_URI", "TEST_DB"];
    const parent = Object.fromEntries(urls.map((name) => [name, `postgresql://${at}`]));
    const split = { JDBC_DATABASE_URL: `jdbc:postgresql://x/y?password=${password}`, JDBC_DATABASE_PASSWORD: password, POSTGRES_HOST: "x" };
    const { variables, withheld } = child({ ...parent, ...split, PGSERVICEFILE: "/x", PGPASSFILE: "/y", NOTE: `it is ${password}` });
    for (const name of urls)
      assert.equal(
        variables[name],
        "postgresql://run_x:pw@127.0.0.1:7001/shop".replace(/^.*/, (url) =>
          name === "DATABASE_URL" ? url.replace("postgresql", "postgres") : url,
        ),
      );
    assert.equal(variables["JDBC_DATABASE_PASSWORD"], "pw");
    assert.equal(variables["POSTGRES_HOST"], "127.0.0.1");
    assert.equal(variables["PGPASSFILE"], "/dev/null");
    assert.deepEqual(withheld, ["NOTE", "PGSERVICEFILE"]);
    assert.ok(!JSON.stringify(variables).includes(password));
  });

  test("does not hold what the configuration reads a secret from, and nothing named like one", () => {
    const { variables, withheld } = child(
      { SHOP_PASSWORD: "short", DEPLOY_TOKEN: "x", api_key: "y", OPENAI_API_KEY: "z", KEPT_TOKEN: "k", HOME: "/h" },
      { secretNames: ["SHOP_PASSWORD"], keep: ["KEPT_TOKEN"] },
    );
    assert.deepEqual(withheld, ["DEPLOY_TOKEN", "SHOP_PASSWORD", "api_key"]);
    assert.equal(variables["OPENAI_API_KEY"], "z");
    assert.equal(variables["KEPT_TOKEN"], "k");
    assert.equal(variables["HOME"], "/h");
  });
});

test("where the listener demands TLS every form says so, in its own words", () => {
  const withTls = { ...session, tls: { mode: "verify-full", root: "/tmp/it's/root.pem", nodeRoots: "/tmp/it's/node.pem" } } as const;
  for (const [value, expected] of [
    ["postgres://a:b@c/d", "postgres://run_x:pw@127.0.0.1:7001/shop?sslmode=verify-full"],
    ["postgresql+psycopg2://a:b@c/d", "postgresql+psycopg2://run_x:pw@127.0.0.1:7001/shop?sslmode=verify-full"],
    ["postgresql+asyncpg://a:b@c/d", "postgresql+asyncpg://run_x:pw@127.0.0.1:7001/shop"],
    [
      "jdbc:postgresql://c/d",
      "jdbc:postgresql://127.0.0.1:7001/shop?user=run_x&password=pw&sslmode=verify-full&sslrootcert=%2Ftmp%2Fit%27s%2Froot.pem",
    ],
    [
      "host=c user=a dbname=d",
      "host=127.0.0.1 port=7001 user=run_x password=pw dbname=shop sslmode=verify-full sslrootcert='/tmp/it\\'s/root.pem'",
    ],
    [
      "pgsql:host=c;dbname=d",
      "pgsql:host=127.0.0.1;port=7001;dbname=shop;user=run_x;password=pw;sslmode=verify-full;sslrootcert='/tmp/it\\'s/root.pem'",
    ],
  ] as const)
    assert.equal(sessionValue(value, withTls), expected);
  const words = sessionValue("Host=c;Username=a;Database=d", { ...withTls, tls: { mode: "require" } });
  assert.match(words ?? "", /;SSL Mode=Require$/);
});
