/**
 * The packs know every mutation of the public schemas, and none that is not in them: a mutation that is `unknown` is a new one. When a
 * schema is taken over anew, what it has gained fails here until it has a class.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { doorsOf } from "../../src/effects/http/doors.ts";
import { packs } from "../../src/packs/index.ts";
import { effectsOf } from "../http/requests.ts";

const schemas = { railway: [230, "https://backboard.railway.com/graphql/v2"], github: [247, "https://api.github.com/graphql"] } as const;

for (const [provider, [count, url]] of Object.entries(schemas)) {
  const text = readFileSync(new URL(`./data/${provider}-mutations.txt`, import.meta.url), "utf8");
  const names = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const pack = packs.find((each) => each.provider === provider);
  assert.ok(pack !== undefined);

  test(`${provider}: every one of ${count} mutations has a class`, async () => {
    assert.equal(names.length, count);
    assert.deepEqual(
      names.filter((name) => doorsOf(pack).fields("mutation", name).length === 0),
      [],
    );
    for (const name of names) {
      const [effect] = await effectsOf(`POST ${url} ${JSON.stringify({ query: `mutation { a: ${name}(input: {id: "x"}) { id } }` })}`);
      assert.notEqual(effect?.detail, "unknown", name);
      // No change passes as a read but a preview, which its name says.
      if (effect?.operation === "read" && effect.classification !== "secret") assert.match(name, /Preview/);
      // What deletes by its name is no plain write.
      if (/^(delete[A-Z]|remove(Enterprise|Outside))|(Delete|Destroy|Wipe|Reset)$/.test(name))
        assert.notEqual(effect?.detail, "write", name);
    }
  });

  test(`${provider}: no field that the schema does not have, and none twice`, () => {
    const fields = pack.operations.flatMap(({ doors }) => doors.filter((door) => /^GQL \w+$/.test(door)).map((door) => door.slice(4)));
    assert.deepEqual(
      fields.filter((field) => !names.includes(field)),
      [],
    );
    assert.equal(new Set(fields).size, fields.length);
  });

  test(`${provider}: a mutation that is new is unknown`, async () => {
    const [effect] = await effectsOf(`POST ${url} ${JSON.stringify({ query: "mutation { entirelyNewThing(id: 1) { id } }" })}`);
    assert.equal(effect?.detail, "unknown");
  });
}
