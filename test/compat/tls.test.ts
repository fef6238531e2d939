import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { selfSigned } from "../support/certificates.ts";
import { psql, type Said } from "./run.ts";
import { type Side, startTwoSides, type TwoSides } from "./two-sides.ts";

const script = "select 1 as one;\nselect * from generate_series(1, 3);\n";

for (const required of [false, true]) {
  describe(`psql with each sslmode, TLS ${required ? "required" : "offered"}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-tls-"));
    const { ca, certificate, key } = selfSigned();
    let sides: TwoSides;
    before(async () => {
      writeFileSync(join(folder, "ca.pem"), ca);
      sides = await startTwoSides({
        version: 18,
        policy: "observe",
        target: `    tls: { cert: server.pem, key: server.key, required: ${required} }`,
        files: { "server.pem": certificate, "server.key": key },
      });
    });
    after(async () => {
      rmSync(folder, { recursive: true, force: true });
      await sides.stop();
    });

    const attempt = (side: Side, sslmode: string, ca_ = "ca.pem"): Promise<Said> =>
      psql(side, script, ["-d", `host=localhost hostaddr=127.0.0.1 sslmode=${sslmode} sslrootcert=${join(folder, ca_)}`]);

    test("the same rows under every mode that may get in", async () => {
      const plain = await attempt(sides.direct, "disable");
      assert.match(plain.out, /3 rows/);
      for (const sslmode of ["allow", "prefer", "require", "verify-ca", "verify-full", ...(required ? [] : ["disable"])]) {
        assert.deepEqual(await attempt(sides.holdfast, sslmode), plain, sslmode);
      }
    });

    test("a certificate of another authority is refused by the client, clear text by a gateway that asks for TLS", async () => {
      writeFileSync(join(folder, "other.pem"), selfSigned().ca);
      assert.match((await attempt(sides.holdfast, "verify-full", "other.pem")).err, /SSL error/);
      const clear = await attempt(sides.holdfast, "disable");
      assert.equal(clear.code === 0, !required, clear.err);
    });
  });
}
