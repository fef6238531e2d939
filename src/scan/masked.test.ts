import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { secretsIn } from "./detect.ts";
import { masked, placeholder } from "./masked.ts";

const URL = "postgres://run:session-password@127.0.0.1:1/shop";
// Put together here, so that nobody takes this file for one with a credential in it.
const password = ["kV7mQ", "2xTz9", "Lr4Wp"].join("");

describe("a masked file", () => {
  test("has placeholders where its secrets were, and is otherwise as it was", () => {
    const text = `# settings\nPORT=3000\nSESSION_SECRET=${password}\nNAME=shop\n`;
    assert.deepEqual(masked({ path: ".env", text }, URL), {
      secrets: 1,
      text: `# settings\nPORT=3000\nSESSION_SECRET=${placeholder}\nNAME=shop\n`,
    });
  });

  test("leads a PostgreSQL URL to the session", () => {
    const text = `DATABASE_URL="postgresql://app:${password}@db.internal.example:5432/shop?sslmode=require"\nX=1\n`;
    assert.equal(masked({ path: ".env", text }, URL).text, `DATABASE_URL="${URL}"\nX=1\n`);
  });

  test("without a secret is not touched", () => {
    const file = { path: "app.py", text: "print('hello')\n" };
    assert.deepEqual(masked(file, URL), { secrets: 0, text: file.text });
  });

  test("holds nothing that scan would find", () => {
    const files = [
      { path: ".pgpass", text: `db.internal.example:5432:shop:app:${password}\n` },
      { path: ".bash_history", text: `export PGPASSWORD=${password}\npsql -h db.internal.example\n` },
      { path: "config.json", text: JSON.stringify({ db: { password, host: "db.internal.example" } }) },
      { path: "id_ed25519", text: generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString() },
      { path: ".env", text: `PGHOST=db.internal.example\nPGUSER=app\nPGPASSWORD=summer\nPGDATABASE=shop\n` },
    ];
    for (const file of files) {
      assert.ok(secretsIn(file).length > 0, `${file.path} is a fixture with a secret`);
      const { text } = masked(file, URL);
      assert.equal(text.includes(password), false, file.path);
      assert.deepEqual(secretsIn({ path: file.path, text }), [], `${file.path}: ${text}`);
    }
  });
});
