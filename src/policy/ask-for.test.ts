import assert from "node:assert/strict";
import { test } from "node:test";
import { deletion, factsOf } from "../../test/support/policy-parts.ts";
import { askFor } from "./ask-for.ts";
import { type Ground, reasonFor } from "./reasons.ts";

const table = (name: string) => ({ type: "table", name }) as const;
const refused = (effect = deletion()): Ground => ({ effect, code: "change_not_permitted" });

test("names the tables and the operations that a grant would have to cover", () => {
  assert.equal(askFor("deny", [refused()]), 'holdfast ask --table public.orders --allow delete --purpose "..."');
  const grounds = [
    refused(deletion({ operation: "update", detail: "update", resource: table("public.orders") })),
    refused(deletion({ operation: "create", detail: "insert", resource: table("public.items") })),
    refused(deletion({ operation: "update", detail: "sequence", resource: { type: "sequence", name: "public.items_id_seq" } })),
  ];
  assert.equal(askFor("deny", grounds), 'holdfast ask --table public.items,public.orders --allow insert,update --purpose "..."');
});

test("what would be held for a person may be asked for whatever it is held for", () => {
  assert.match(askFor("hold", [{ effect: deletion(), code: "unbounded_change" }]) ?? "", /--allow delete /);
});

test("says nothing where a grant would not let the statement through", () => {
  const withOne = (effect: Ground["effect"]) => askFor("deny", [refused(), refused(effect)]);
  // A forbid for another reason stands, whatever is granted.
  assert.equal(askFor("deny", [{ effect: deletion(), code: "destructive" }]), undefined);
  assert.equal(askFor("deny", [refused(), { effect: deletion(), code: "unbounded_change" }]), undefined);
  assert.equal(withOne(deletion({ detail: "truncate" })), undefined);
  assert.equal(withOne(deletion({ detail: "drop" })), undefined);
  assert.equal(withOne(deletion({ resource: { type: "view", name: "public.v" } })), undefined);
  assert.equal(withOne(deletion({ detail: "sequence", resource: { type: "sequence", name: "public.s" } })), undefined);
  assert.equal(
    askFor(
      "deny",
      ["a", "b", "c", "d", "e"].map((name) => refused(deletion({ resource: table(`public.${name}`) }))),
    ),
    undefined,
  );
});

test("never a name that means something to a shell", () => {
  for (const name of ["public.$(reboot)", "public.a b", 'public."a"', "public.a;b", "public.--all", "orders"])
    assert.equal(askFor("deny", [refused(deletion({ resource: table(name) }))]), undefined, name);
});

test("the next step names it only in a session that can be granted something", () => {
  const grounds = [refused()];
  const plain = reasonFor("deny", grounds, factsOf());
  assert.doesNotMatch(plain.next ?? "", /holdfast ask/);
  assert.deepEqual(reasonFor("deny", grounds, factsOf({ askable: true })), {
    ...plain,
    next: `${plain.next}, or ask a person for it: holdfast ask --table public.orders --allow delete --purpose "..."`,
  });
  const held = reasonFor("hold", [{ effect: deletion(), code: "unbounded_change" }], factsOf({ askable: true }));
  assert.equal(held.code, "approval_unavailable");
  assert.match(held.next ?? "", /^restrict the WHERE .*, or ask a person for it: holdfast ask --table public\.orders --allow delete /);
  const stands = [{ effect: deletion({ detail: "truncate" }), code: "destructive" }] as const;
  assert.deepEqual(reasonFor("deny", stands, factsOf({ askable: true })), reasonFor("deny", stands, factsOf()));
});
