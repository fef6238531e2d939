/** What a third party sees in the records alone: each signature, whose key it is, and that nothing is used without enough of them. */
import assert from "node:assert/strict";
import { sign } from "node:crypto";
import { before, describe, test } from "node:test";
import { redactEvent } from "../audit/redact.ts";
import type { ApprovalId } from "../base/ids.ts";
import { sha256Hex } from "../base/canonical.ts";
import { systemRandom } from "../base/ids.ts";
import type { AnswerEvidence } from "../model/approval.ts";
import type { AuditEvent } from "../model/event.ts";
import { SoftwareAuthenticator } from "../../test/console/software-authenticator.ts";
import { answerPath } from "./contract.ts";
import { approvalChallenge } from "./passkey-evidence.ts";
import { derivePersonKey, publicKeyText } from "./person-key.ts";
import { PersonsReader } from "./persons-reader.ts";
import { bodyDigest, statementText } from "./signed-statement.ts";

type Of<K extends AuditEvent["kind"]> = Extract<AuditEvent, { kind: K }>;

const gateway = "/srv/holdfast/control.sock";
const origin = "http://localhost:7433";
const authenticator = new SoftwareAuthenticator(origin);
let ada: { readonly key: Parameters<typeof sign>[2]; readonly publicKey: string };
let eve: typeof ada;

before(async () => {
  [ada, eve] = await Promise.all(
    ["a passphrase of ada's", "a passphrase of eve's"].map(keyOf) as [Promise<typeof ada>, Promise<typeof ada>],
  );
});

async function keyOf(words: string): Promise<typeof ada> {
  const salt = Buffer.from(systemRandom(32)).toString("base64");
  const key = await derivePersonKey(Buffer.from(words), { salt, cost: 2 ** 15, blockSize: 8, parallelization: 1 });
  return { key, publicKey: publicKeyText(key) };
}

const terms = (name: string) => ({ actDigest: sha256Hex(`act ${name}`), planDigest: sha256Hex(`plan ${name}`), nonce: `nonce ${name}` });
const id = (name: string): ApprovalId => `q_${name}` as ApprovalId;

const vault = (generation = 1): AuditEvent => ({
  kind: "vault_opened",
  generation,
  persons: ["ada", "eve"],
  keys: [
    { person: "ada", publicKey: ada.publicKey },
    { person: "eve", publicKey: eve.publicKey },
  ],
  because: "the gateway starts",
});

const passkey = (): AuditEvent => ({
  kind: "passkey_registered",
  person: "ada",
  credential: authenticator.credential,
  publicKey: authenticator.publicKey,
  rpId: "localhost",
  nonce: "n",
});

function asked(name: string, more: Partial<Of<"approval_asked">> = {}): Of<"approval_asked"> {
  return {
    kind: "approval_asked",
    approval: id(name),
    plan: "p_1" as Of<"approval_asked">["plan"],
    ...terms(name),
    principal: "agent",
    target: "shop",
    environment: "production",
    tables: null,
    unmeasured: ["nothing was measured"],
    policyDigest: "d",
    rules: [],
    strength: "signature",
    quorum: 1,
    expiresAtMs: 1,
    ...more,
  };
}

function answered(name: string, evidence: AnswerEvidence, more: Partial<Of<"approval_answered">> = {}): Of<"approval_answered"> {
  const answer = { person: "ada", answer: "approve", atMs: 0, channel: "console", reason: "", tookMs: 900 } as const;
  return { kind: "approval_answered", approval: id(name), planDigest: terms(name).planDigest, ...answer, evidence, ...more };
}

function signature(name: string, whose = ada, person = "ada", more: object = {}): Extract<AnswerEvidence, { kind: "signature" }> {
  const body = { approval: id(name), planDigest: terms(name).planDigest, answer: "approve", reason: "", confirm: "public.orders", ...more };
  const said = { gateway, nonce: "0123456789", method: "POST", path: answerPath(id(name)) };
  const statement = statementText({ ...said, person, bodyDigest: bodyDigest(body) });
  const made = sign(null, Buffer.from(statement), whose.key).toString("base64");
  return { kind: "signature", publicKey: whose.publicKey, signature: made, ...said, body };
}

function assertion(name: string): Extract<AnswerEvidence, { kind: "passkey" }> {
  const challenge = approvalChallenge(terms(name)).toString("base64url");
  const { response } = authenticator.get({ challenge, rpId: "localhost" });
  const { clientDataJSON: clientData, authenticatorData, signature: made } = response;
  const { credential, publicKey } = authenticator;
  return { kind: "passkey", credential, publicKey, clientData, authenticatorData, signature: made, origin, rpId: "localhost" };
}

const used = (name: string): Of<"approval_used"> => ({
  kind: "approval_used",
  approval: id(name),
  planDigest: terms(name).planDigest,
  attempt: "a",
  transaction: "1",
});

/** As they stand in the log: redacted, written, read. */
function read(...events: readonly AuditEvent[]): { readonly problems: readonly string[]; readonly reader: PersonsReader } {
  const reader = new PersonsReader();
  const stored = events.map((event) => JSON.parse(JSON.stringify(redactEvent(event))) as AuditEvent);
  return { problems: stored.flatMap((event) => reader.step(event) ?? []), reader };
}

describe("what persons signed", () => {
  test("holds, by passphrase and by passkey, after it went through the log", () => {
    const events = [
      vault(),
      passkey(),
      asked("a"),
      answered("a", signature("a")),
      used("a"),
      asked("b", { strength: "passkey" }),
      answered("b", assertion("b")),
      used("b"),
      asked("c"),
      answered("c", { kind: "login" }, { answer: "deny", reason: "not today" }),
    ];
    const { problems, reader } = read(...events);
    assert.deepEqual(problems, []);
    assert.deepEqual(reader.figures(), { requests: 0, answers: { signature: 1, passkey: 1, login: 1 }, uses: 2, unknownKeys: 0 });
  });

  test("an accepted request is held against its signature", () => {
    const said = { person: "ada", gateway, method: "POST", path: "/v1/grants", nonce: "n", bodyDigest: bodyDigest({ session: "r_1" }) };
    const made = sign(null, Buffer.from(statementText(said)), ada.key).toString("base64");
    const event = {
      kind: "person_attempt",
      accepted: true,
      because: "signed",
      signature: made,
      publicKey: ada.publicKey,
      ...said,
    } as const;
    assert.deepEqual(read(vault(), event).problems, []);
    for (const bent of [
      { person: "eve" },
      { path: "/v1/suspensions" },
      { method: "DELETE" },
      { nonce: "m" },
      { gateway: "/srv/other/control.sock" },
      { bodyDigest: bodyDigest({ session: "r_2" }) },
      { publicKey: eve.publicKey },
      { signature: Buffer.alloc(64).toString("base64") },
      { signature: undefined as unknown as string },
    ])
      assert.equal(read(vault(), { ...event, ...bent }).problems.length, 1, JSON.stringify(bent));
  });
});

describe("a record that was changed", () => {
  const flipped = (text: string): string => (text.startsWith("A") ? `B${text.slice(1)}` : `A${text.slice(1)}`);

  test("in any part that a passphrase signs is found", () => {
    const good = signature("a");
    const bends: readonly Partial<Of<"approval_answered">>[] = [
      { person: "eve" },
      { answer: "deny" },
      { reason: "another reason" },
      { planDigest: terms("b").planDigest },
      { approval: id("b") },
      ...(["publicKey", "signature", "nonce", "gateway", "method", "path"] as const).map((field) => ({
        evidence: { ...good, [field]: flipped(good[field]) },
      })),
      { evidence: { ...good, body: { ...(good.body as object), confirm: "public.other" } } },
      { evidence: { ...good, body: null } },
      { evidence: { kind: "login" } },
      { evidence: {} as AnswerEvidence },
    ];
    for (const bent of bends) assert.equal(read(vault(), asked("a"), answered("a", good, bent)).problems.length, 1, JSON.stringify(bent));
  });

  test("in any byte that a passkey signs is found, and so is another owner", () => {
    const good = assertion("a");
    const before = [vault(), passkey(), asked("a")];
    assert.deepEqual(read(...before, answered("a", good)).problems, []);
    for (const field of ["clientData", "authenticatorData", "signature"] as const) {
      const bytes = Buffer.from(good[field], "base64url");
      for (let at = 0; at < bytes.length; at++) {
        const bent = Buffer.from(bytes);
        bent[at] = (bent[at] ?? 0) ^ 0x01;
        const evidence = { ...good, [field]: bent.toString("base64url") };
        assert.equal(read(...before, answered("a", evidence)).problems.length, 1, `${field} byte ${at}`);
      }
    }
    for (const bent of [
      { person: "eve" },
      { answer: "deny" },
      { evidence: { ...good, rpId: "example.com" } },
      { evidence: { ...good, origin: "https://localhost" } },
    ])
      assert.equal(read(...before, answered("a", good, bent as Partial<Of<"approval_answered">>)).problems.length, 1, JSON.stringify(bent));
    for (const bent of [{ actDigest: sha256Hex("x") }, { planDigest: sha256Hex("x") }, { nonce: "x" }])
      assert.equal(read(vault(), passkey(), asked("a", bent), answered("a", good)).problems.length, 1, JSON.stringify(bent));
  });

  test("an answer with a key that is not the person's is found, and so is one of a passkey after its person's removal", () => {
    assert.match(read(vault(), asked("a"), answered("a", signature("a", eve))).problems.join(), /not the person's/);
    const gone: AuditEvent = { kind: "vault_changed", generation: 2, persons: ["eve"], keys: [], passkeys: [], because: "removed ada" };
    assert.match(read(vault(), passkey(), asked("a"), gone, answered("a", assertion("a"))).problems.join(), /not the person's/);
    const { reader, problems } = read(asked("a"), answered("a", assertion("a")));
    assert.deepEqual(problems, [], "a log that does not tell whose keys are which");
    assert.equal(reader.figures().unknownKeys, 1);
  });
});

describe("a use", () => {
  test("without an answer, with too few, or after a no, is found", () => {
    const two = asked("a", { quorum: 2 });
    const adas = answered("a", signature("a"));
    const eves = answered("a", signature("a", eve, "eve"), { person: "eve" });
    assert.deepEqual(read(vault(), two, adas, eves, used("a")).problems, []);
    assert.equal(read(vault(), two, adas, used("a")).problems.length, 1, "one of two");
    assert.equal(read(vault(), two, adas, adas, used("a")).problems.length, 1, "the same person twice");
    assert.equal(read(vault(), asked("a"), used("a")).problems.length, 1, "nobody");
    assert.equal(read(vault(), used("a")).problems.length, 1, "never asked");
    assert.equal(
      read(vault(), asked("a", { strength: "passkey" }), adas, used("a")).problems.length,
      1,
      "a passphrase where a passkey is due",
    );
    const no = answered("a", { kind: "login" }, { person: "eve", answer: "deny", reason: "no" });
    assert.equal(read(vault(), asked("a"), adas, no, used("a")).problems.length, 1, "refused since");
  });

  test("a question asked twice in other words is found", () => {
    assert.deepEqual(read(asked("a"), asked("a")).problems, []);
    assert.equal(read(asked("a"), asked("a", { actDigest: sha256Hex("x") })).problems.length, 1);
  });
});
