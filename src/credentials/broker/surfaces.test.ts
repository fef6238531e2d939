/** Placeholders outside headers: filled in where a place was opened for them, refused by name elsewhere, never able to end their place. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Clean, Filled, Taken } from "../../model/brokered.ts";
import type { BoundSecret } from "./bound-secret.ts";
import { CredentialBroker } from "./broker.ts";
import type { Surface } from "./surfaces.ts";

const REAL = `re"al/se cret&a=b\\é%20`;
const host = "api.example.com";
const packed = { authSlots: ["authorization"] };
type Pair = readonly [string, string];

function opened(surfaces: readonly Surface[], more: Partial<BoundSecret> = {}) {
  const secret: BoundSecret = {
    name: "example",
    hosts: [host],
    header: "authorization",
    form: "Bearer {}",
    mode: "placeholder",
    prefix: "hfp_",
    surfaces: new Set(surfaces),
    value: () => ({ value: REAL }),
    ...more,
  };
  const known = [REAL];
  const broker = new CredentialBroker({ secrets: [secret], key: Buffer.alloc(32, 7), known: () => known, shaped: () => false });
  const placeholder = broker.issue("run_1").get("example") ?? "";
  const take = (target: string, headers: readonly Pair[] = [], method = "POST", at = host): Taken =>
    broker.take("run_1", { packed, host: at, method, target, headers });
  return { broker, placeholder, take };
}

function clean(taken: Taken): Clean {
  assert(taken.kind === "clean", JSON.stringify(taken));
  return taken;
}

async function sent(taken: Taken, body?: Buffer): Promise<Filled> {
  const filled = await clean(taken).sent(body);
  assert(typeof filled !== "string", String(filled));
  return filled;
}

/** What the body became. */
async function bodyOf(filled: Filled): Promise<string> {
  assert(filled.body !== undefined, "the body stayed as it was");
  const through = filled.body.through();
  through.end("what came first is dropped");
  const chunks = await through.toArray();
  const bytes = Buffer.concat(chunks as Buffer[]);
  assert.equal(filled.body.bytes, bytes.length, "its length is said");
  return bytes.toString("utf8");
}

const json: readonly Pair[] = [["content-type", "application/json; charset=utf-8"]];
const form: readonly Pair[] = [["content-type", "application/x-www-form-urlencoded"]];

describe("places beside headers", () => {
  test("a path and a query hold the secret as one segment and one value", async () => {
    const { placeholder, take } = opened(["path", "query"]);
    const filled = await sent(take(`/bot${placeholder}/send?a=1&access_token=${placeholder}&b=2`));
    assert(filled.target !== undefined);
    const url = new URL(`https://${host}${filled.target}`);
    assert.equal(decodeURIComponent(url.pathname), `/bot${REAL}/send`);
    assert.equal(url.pathname.split("/").length, 3, "no segment more");
    assert.deepEqual(
      [...url.searchParams],
      [
        ["a", "1"],
        ["access_token", REAL],
        ["b", "2"],
      ],
    );
    assert.deepEqual(filled.secrets, [REAL]);
  });

  test("JSON and forms hold it as one text", async () => {
    const { placeholder, take } = opened(["body"]);
    const tree = { user: "u", deep: [{ password: `x${placeholder}y` }], again: placeholder };
    const inJson = await bodyOf(await sent(take("/", json), Buffer.from(JSON.stringify(tree))));
    assert.deepEqual(JSON.parse(inJson), { user: "u", deep: [{ password: `x${REAL}y` }], again: REAL });
    const inForm = await bodyOf(await sent(take("/", form), Buffer.from(`a=1&client_secret=${placeholder}&b=2`)));
    assert.deepEqual(
      [...new URLSearchParams(inForm)],
      [
        ["a", "1"],
        ["client_secret", REAL],
        ["b", "2"],
      ],
    );
  });

  test("header and body are filled in together, and a body without a placeholder stays as it is", async () => {
    const { placeholder, take } = opened(["body"], { value: () => Promise.resolve({ value: "plain-secret" }) });
    const headers: readonly Pair[] = [...json, ["authorization", `Bearer ${placeholder}`]];
    const filled = await sent(take("/", headers), Buffer.from(JSON.stringify({ k: placeholder })));
    assert.deepEqual(filled.headers.at(-1), ["authorization", "Bearer plain-secret"]);
    assert.equal(await bodyOf(filled), '{"k":"plain-secret"}');
    assert.equal((await sent(take("/", headers), Buffer.from("{}"))).body, undefined);
  });

  test("what is judged and recorded holds the placeholder alone", () => {
    const { placeholder, take } = opened(["path", "query", "body"]);
    const taken = clean(take(`/a/${placeholder}`, json));
    assert.equal(taken.looked?.({ first: Buffer.from(`{"k":"${placeholder}"}`), whole: true }), undefined);
    assert(!JSON.stringify(taken.judged).includes(REAL));
  });
});

describe("a placeholder where none is filled in", () => {
  const looked = (taken: Taken, text: string | Buffer, whole = true) => clean(taken).looked?.({ first: Buffer.from(text), whole });
  const cases: Readonly<Record<string, () => unknown>> = {
    "the path": () => opened([]).take(`/x/${opened([]).placeholder}`),
    "the query": () => opened(["path"]).take(`/x?token=${opened([]).placeholder}`),
    "another header": () => opened(["path"]).take("/x", [["x-note", `see ${opened([]).placeholder}`]]),
    "the path of another host": () => opened(["path"]).take(`/x/${opened([]).placeholder}`, [], "POST", "other.example.com"),
    "a body that was not opened": () => looked(opened(["path"]).take("/", json), `{"k":"${opened([]).placeholder}"}`),
    "a body of another host": () =>
      looked(opened(["body"]).take("/", json, "POST", "other.example.com"), `{"k":"${opened([]).placeholder}"}`),
    "a multipart body": () =>
      looked(opened(["body"]).take("/", [["content-type", "multipart/form-data; boundary=x"]]), opened([]).placeholder),
    "a body of no known kind": () => looked(opened(["body"]).take("/"), opened([]).placeholder),
    "what is no JSON": () => looked(opened(["body"]).take("/", json), `{"k":${opened([]).placeholder}}`),
    "a body too long to be read": () => looked(opened(["body"]).take("/", json), `{"k":"${opened([]).placeholder}"`, false),
    "a compressed body": () =>
      looked(opened(["body"]).take("/", [...json, ["content-encoding", "gzip"]]), gzipSync(`{"k":"${opened([]).placeholder}"}`)),
  };
  for (const [name, act] of Object.entries(cases))
    test(`is refused by name: ${name}`, () => {
      const said = act() as { readonly kind: string; readonly because: string };
      assert.equal(said?.kind, "refused", JSON.stringify(said));
      assert.match(said.because, /placeholder of `example`/);
      assert(!said.because.includes(opened([]).placeholder));
    });

  test("says what would open the place", () => {
    const { placeholder, take } = opened([]);
    const said = take(`/x/${placeholder}`);
    assert(said.kind === "refused");
    assert.match(said.next ?? "", /`authorization`.*`path`.*`http\.credentials\.example\.surfaces`/);
  });

  test("beside it somebody else's credential is still found", () => {
    const { placeholder, take } = opened(["query"]);
    assert.equal(take(`/x?token=${placeholder}&api_key=mine`).kind, "found");
    assert.equal(take(`/x?token=${placeholder}mine`).kind, "found");
  });

  test("a real secret in a compressed body is found", () => {
    const { take } = opened(["body"]);
    const said = looked(take("/", [["content-encoding", "gzip"]]), gzipSync(JSON.stringify({ k: REAL })));
    assert.deepEqual(said, { kind: "found", slot: "its body" });
  });
});

describe("texts of WebSockets", () => {
  const message = ({ broker }: ReturnType<typeof opened>, text: string) => {
    const taken = broker.message("run_1", { packed, host, text, opening: false });
    assert(taken.kind === "clean");
    return taken.sent();
  };

  test("hold the secret where they were opened, as JSON writes it", async () => {
    const own = opened(["websocket"]);
    const filled = await message(own, JSON.stringify({ auth: own.placeholder }));
    assert(typeof filled !== "string");
    assert.deepEqual(JSON.parse(filled.text), { auth: REAL });
    assert.deepEqual(filled.secrets, [REAL]);
  });

  test("are refused by name where they were not", async () => {
    const own = opened(["body"]);
    assert.match(String(await message(own, own.placeholder)), /`http\.credentials\.example\.surfaces` names `websocket`/);
  });
});

describe("a provider's token endpoint", () => {
  const tokens = () => opened([], { tokenEndpoint: ({ method, target }) => method === "POST" && target === "/oauth/token" });
  const asked = (body: string, headers: readonly Pair[] = form) => {
    const own = tokens();
    const taken = clean(own.take("/oauth/token", headers));
    return { own, said: taken.looked?.({ first: Buffer.from(body), whole: true }), taken };
  };

  test("is answered with the placeholder, for each grant that shows nothing else", async () => {
    const { placeholder } = tokens();
    const login = Buffer.from(`client:${placeholder}`).toString("base64");
    const answers = [
      asked(`grant_type=client_credentials&client_id=c&client_secret=${placeholder}&scope=read`),
      asked(`grant_type=refresh_token&refresh_token=${placeholder}`),
      asked("grant_type=client_credentials", [...form, ["authorization", `Basic ${login}`]]),
      asked(JSON.stringify({ grant_type: "refresh_token", refresh_token: placeholder }), json),
    ];
    for (const { said, taken } of answers) {
      assert(said?.kind === "answered", JSON.stringify(said));
      assert.equal(said.status, 200);
      const { access_token, token_type, expires_in } = JSON.parse(said.text) as Record<string, unknown>;
      assert.deepEqual([access_token, token_type, expires_in], [placeholder, "Bearer", 3600]);
      assert.equal(typeof (await taken.sent(undefined)), "string", "nothing of it is ever sent");
    }
  });

  for (const field of ["client_secret", "refresh_token", "assertion", "password", "code"])
    test(`finds somebody else's ${field}`, () => {
      const { said } = asked(`grant_type=x&${field}=not-ours-0123`);
      assert.deepEqual(said, { kind: "found", slot: `${field} of its body` });
    });

  test("finds a client's own login, and asks for a grant", () => {
    const own = tokens();
    assert.equal(own.take("/oauth/token", [["authorization", "Basic Y2xpZW50OnNlY3JldA=="]]).kind, "found");
    assert.equal((asked("client_id=c").said as { status?: number }).status, 400);
    assert.equal((asked("not json", json).said as { status?: number }).status, 400);
  });
});
