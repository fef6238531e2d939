import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { otherDoors } from "../../packs/doors/index.ts";
import { byCommand } from "./other-doors.ts";

function named(line: string): readonly string[] {
  const door = byCommand(line.split(" "));
  assert.equal(door.kind, "effects", line);
  return door.kind === "effects" ? door.effects.map(({ resource }) => resource.name) : [];
}

const lines: Readonly<Record<string, string>> = {
  "flyctl apps destroy shop --yes": "fly:app/shop",
  "flyctl apps destroy -c fly.toml shop": "fly:app/shop",
  "fly apps destroy shop blog": "fly:app/shop fly:app/blog",
  "fly volumes destroy vol_1 -y": "fly:volume/vol_1",
  "kubectl delete ns shop": "kubernetes:namespace/shop",
  "kubectl -n shop delete pvc/data --wait=false": "kubernetes:volume/data",
  "kubectl delete pvc data logs -n shop": "kubernetes:volume/data kubernetes:volume/logs",
  "kubectl delete pvc/data ns/shop": "kubernetes:volume/data kubernetes:namespace/shop",
  "gh repo delete acme/shop --yes": "github:repository/acme/shop",
  "heroku addons:destroy pg-1 -a shop --confirm shop": "heroku:addon/pg-1",
  "heroku apps:destroy -a shop --confirm shop": "heroku:app/shop",
  "pscale branch delete shop main --force": "planetscale:branch/shop/main",
  "railway environment delete staging --yes": "railway:environment/staging",
  "az group delete -n shop --yes": "azure:group/shop",
  // What is not clear is not named: an unknown option, a word too many, none at all.
  "flyctl apps destroy --unheard x shop": "fly:app/?",
  "gh repo delete acme/shop acme/blog": "github:repository/?",
  "gh repo delete --yes": "github:repository/?",
  "kubectl delete pvc -nshop data": "kubernetes:volume/?",
  "heroku addons:destroy --app shop": "heroku:addon/?",
};

describe("what a command names", () => {
  for (const [line, wanted] of Object.entries(lines)) test(`${line} names ${wanted}`, () => assert.equal(named(line).join(" "), wanted));

  test("a value behind a command is no name", () => {
    assert.ok(named("fly secrets set KEY=hidden").every((name) => !name.includes("hidden")));
  });
});

describe("every command that is said to be followed by names", () => {
  for (const { provider, programs, operations, naming } of otherDoors)
    for (const [key, form] of Object.entries(naming.behind))
      test(`${provider} ${key}`, () => {
        const [id = "", ...first] = key.split(" ");
        const patterns = (operations[id]?.commands ?? []).filter((each) => `${each} `.startsWith(first.map((word) => `${word} `).join("")));
        assert.ok(patterns.length > 0, `no command of \`${id}\` begins so`);
        const count = form === "each" ? 1 : form;
        const names = Array.from({ length: count }, (_none, index) => `thing-${index}`);
        for (const pattern of patterns.filter((each) => !/ -|\{/.test(each))) {
          const words = pattern.split(" ").map((word) => word.split("|")[0]);
          const line = [programs[0], ...words, ...names].join(" ");
          assert.ok(
            named(line).some((name) => name.endsWith(`/${names.join("/")}`)),
            `${line}: ${named(line).join(" ")}`,
          );
        }
      });
});
