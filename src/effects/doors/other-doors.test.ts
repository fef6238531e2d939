import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { otherDoors } from "../../packs/doors/index.ts";
import { packs } from "../../packs/index.ts";
import { parseStrictJson } from "../http/strict-json.ts";
import { byCommand, byTool } from "./other-doors.ts";

/** As a shell would, for lines without anything but words and single quotes. */
const split = (line: string): string[] => [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");

function called(text: string, server?: string) {
  const space = text.indexOf(" ");
  const parsed = parseStrictJson(text.slice(space + 1));
  assert.ok("tree" in parsed, text);
  return byTool({ name: text.slice(0, space), arguments: parsed.tree, ...(server === undefined ? {} : { server }) });
}

function readAs(door: ReturnType<typeof byCommand>, wanted: string): boolean {
  if (door.kind !== "effects") return false;
  const [first] = door.effects;
  if (wanted === "read" || wanted === "unknown") return door.operations.length === 0 && first?.detail === wanted;
  return door.operations.includes(wanted);
}

test("a service of AWS is not the command of another program that has its name", () => {
  for (const line of ["aws logs delete-log-group --log-group-name shop", "aws --profile help rds delete-db-instance"])
    assert.equal(byCommand(split(line)).kind, "requests", line);
});

for (const { provider, programs, operations, examples } of otherDoors) {
  describe(provider, () => {
    const pack = packs.find((each) => each.provider === provider);

    test("every entry is about an operation of the pack", () => {
      const ids = pack?.operations.map(({ id }) => id) ?? [];
      for (const id of Object.keys(operations)) assert.ok(ids.includes(id), `\`${id}\` is none of ${ids.join(", ")}`);
    });

    for (const [line, wanted] of Object.entries(examples.commands))
      test(`${line} is ${wanted}`, () => {
        const door = byCommand(split(line));
        assert.ok(readAs(door, wanted), JSON.stringify(door));
      });

    for (const [text, wanted] of Object.entries(examples.tools))
      test(`${text} is ${wanted}`, () => {
        const door = called(text, `${provider}-mcp`);
        assert.ok(readAs(door, wanted), JSON.stringify(door));
      });

    test("every pattern is found, whatever options stand around it", () => {
      const [program = ""] = programs;
      for (const [id, { commands, tools }] of Object.entries(operations)) {
        for (const pattern of commands) {
          const words = pattern.split(" ").map((word) => word.replace(/\{[^}]*\}/, "x").split("|")[0] ?? "");
          for (const line of [
            [...words, "thing-1"],
            ["--profile", "prod", ...words, "--yes"],
            ["--verbose", ...words.flatMap((word) => (word.startsWith("-") ? [word] : [word, "--region=eu"]))],
            words.map((word) => (word.startsWith("-") ? word : word.toUpperCase())),
          ])
            assert.ok(readAs(byCommand([`/usr/bin/${program}`, ...line]), id), `${id}: ${program} ${line.join(" ")}`);
        }
        for (const words of tools) {
          for (const name of [
            words.replaceAll(" ", "_"),
            words.split(" ").reverse().join("-"),
            words.replace(/ (.)/g, (_all, letter: string) => letter.toUpperCase()),
            `${provider}__${words.replaceAll(" ", "_")}`,
            words.replace("delete", "remove").replaceAll(" ", ".").toUpperCase().replaceAll(".", "_"),
          ])
            assert.ok(readAs(called(`${name} {}`, `${provider} server`), id), `${id}: ${name}`);
        }
      }
    });
  });
}

describe("what is not in the data", () => {
  test("a program and a tool of nobody's are foreign", () => {
    assert.equal(byCommand(["ls", "-la"]).kind, "foreign");
    assert.equal(called('read_file {"path":"x"}').kind, "foreign");
  });

  test("a tool of a server that is not known may be anybody's", () => {
    const door = called('delete_project {"id":"p"}');
    assert.ok(door.kind === "effects" && door.operations.length > 5);
    assert.ok(door.effects.some(({ detail }) => detail === "destroy"));
  });

  test("an operation of AWS is its own name", () => {
    const door = byCommand([
      "aws",
      "--region",
      "eu-central-1",
      "rds",
      "delete-db-instance",
      "--skip-final-snapshot",
      "--db-instance-identifier=shop",
    ]);
    assert.ok(door.kind === "requests");
    const bodies = door.requests.map(({ url, body }) => `${url} ${body}`);
    assert.ok(
      bodies.some((each) => each.startsWith("https://rds.us-east-1.amazonaws.com/ Action=DeleteDbInstance&SkipFinalSnapshot=true")),
      bodies.join("\n"),
    );
  });

  test("options count in the operation, also where they may take the next word", () => {
    const door = byCommand(["neonctl", "branches", "delete", "--hard-delete", "br-1"]);
    assert.ok(door.kind === "effects" && door.effects[0]?.reversibility === "irreversible", JSON.stringify(door));
  });
});
