import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serverVersions } from "../support/servers.ts";
import { loadCases } from "./load-cases.ts";
import { PlainReads } from "./plain-reads.ts";
import { Scene } from "./scene.ts";

/** What `SET search_path` in an earlier text leaves behind: the wire asks the server for it, here the texts themselves say it. */
const pathSet = /search_path(?:'|)\s*(?:=|TO|,)\s*'?([a-z_, ]+)/;

for (const version of serverVersions) {
  describe(`the analysis alone takes no attack for a plain read (catalogue of PostgreSQL ${version})`, () => {
    let scene: Scene;
    let reads: PlainReads;
    before(async () => {
      scene = await Scene.open(version);
      await scene.fresh("prize");
      reads = await PlainReads.open(scene, "prize");
    });
    after(() => scene?.close());
    loadCases({}).forEach(({ name, from, until, given, startup }, at) => {
      // What a start-up or a role's settings bring is the pinned session's matter: the text alone is harmless.
      if (version < from || version > until || given !== undefined || startup !== undefined) return;
      test(name, () => {
        const texts = loadCases(scene.values)[at]?.texts ?? [];
        const path = pathSet
          .exec(texts.map(String).join("\n"))?.[1]
          ?.split(",")
          .map((schema) => schema.trim());
        const objections = texts.flatMap((text) => [
          ...reads.objections(text),
          ...(path === undefined ? [] : reads.objections(text, path)),
        ]);
        assert.notDeepEqual(objections, []);
        assert.equal(objections.filter((objection) => objection.startsWith("analysis_unavailable")).length, 0, objections.join());
      });
    });
  });
}
