/**
 * GraphQL over a WebSocket through a real gateway: each operation is an act of its own, judged as the same document by POST would be, held,
 * approved and refused by itself, while the connection goes on. The stand-in is the judge of what arrived.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { until } from "../grants/scene.ts";
import { openProxyScene, type ProxyScene, railwayHost, railwayPath } from "./proxy-scene.ts";
import { type ClientSocket, openSocket } from "./websocket-client.ts";

const DEPLOY = 'mutation { serviceInstanceDeployV2(serviceId: "s", environmentId: "e") }';
const dropping = (volume: string): string => `mutation { volumeDelete(volumeId: "${volume}") }`;

interface Dialect {
  readonly protocol: "graphql-transport-ws" | "graphql-ws";
  readonly ask: string;
  readonly result: string;
  readonly stop: string;
}
const dialects: readonly Dialect[] = [
  { protocol: "graphql-transport-ws", ask: "subscribe", result: "next", stop: "complete" },
  { protocol: "graphql-ws", ask: "start", result: "data", stop: "stop" },
];
const [modern] = dialects as readonly [Dialect];

let scene: ProxyScene;
before(async () => {
  scene = await openProxyScene();
});
after(() => scene.stop());

interface Refusal {
  readonly message: string;
  readonly extensions: { readonly code: string; readonly holdfast: { readonly decision: string; readonly approval?: string } };
}

/** Opened and acknowledged; the placeholder stands in what opens it unless said otherwise. */
async function open(
  { protocol }: Dialect,
  { header = false, payload }: { header?: boolean; payload?: object } = {},
): Promise<ClientSocket> {
  const bearer = `Bearer ${scene.placeholder}`;
  const client = await openSocket(scene.proxy, railwayHost, {
    path: railwayPath,
    protocols: [protocol],
    headers: header ? { Authorization: bearer } : {},
  });
  assert.equal(client.status, 101, client.head);
  client.tell({ type: "connection_init", ...(header ? {} : { payload: payload ?? { Authorization: bearer } }) });
  assert.equal((await client.json()).type, "connection_ack");
  return client;
}

/** One operation to its end: what came for it. */
async function asked(client: ClientSocket, dialect: Dialect, id: string, payload: object): Promise<unknown> {
  client.tell({ id, type: dialect.ask, payload });
  const answer = await client.json();
  assert.equal(answer.id, id);
  if (answer.type === "error") return refusalOf(answer.payload);
  assert.equal(answer.type, dialect.result);
  assert.equal((await client.json()).type, "complete");
  return answer.payload;
}

function refusalOf(payload: unknown): Refusal {
  return (Array.isArray(payload) ? payload[0] : payload) as Refusal;
}

function arrived(): readonly string[] {
  return scene.railway.opened.at(-1)?.texts ?? [];
}

describe("operations", () => {
  for (const dialect of dialects) {
    const { protocol } = dialect;
    test(`${protocol}: reads and a deployment pass without a question, and are recorded`, async () => {
      const known = (await scene.approvals.events("outcome")).length;
      const client = await open(dialect);
      assert.deepEqual(await asked(client, dialect, "1", { query: "{ me { name } }" }), { data: { me: { name: "staging bot" } } });
      assert.deepEqual(await asked(client, dialect, "2", { query: DEPLOY }), { data: { serviceInstanceDeployV2: "deployment-1" } });
      await until("both outcomes are on record", async () => (await scene.approvals.events("outcome")).length >= known + 2);
      const outcomes = (await scene.approvals.events("outcome")).slice(known).map(({ outcome }) => outcome.status);
      assert.deepEqual(outcomes, ["succeeded", "succeeded"]);
      client.close();
      await client.ended;
    });

    test(`${protocol}: what would destroy is held by itself, asked about, and sent once after a yes`, async () => {
      const volume = "spare";
      scene.railway.volumes.add(volume);
      const client = await open(dialect);
      const known = (await scene.approvals.approvals()).map(({ id }) => id);
      const count = arrived().length;
      const held = (await asked(client, dialect, "d1", { query: dropping(volume) })) as Refusal;
      assert.equal(held.extensions.holdfast.decision, "hold", JSON.stringify(held));
      assert.equal(arrived().length, count, "it has arrived");
      assert.deepEqual(await asked(client, dialect, "r", { query: "{ me { name } }" }), { data: { me: { name: "staging bot" } } });
      const approval = await scene.approvals.asked(known);
      assert.equal(approval.id, held.extensions.holdfast.approval);
      assert(approval.plan.act.shown.includes(volume), approval.plan.act.shown);
      assert(approval.plan.act.shown.includes(protocol), "by which way it came is not shown");
      await scene.approvals.answer(approval.id, "ada");
      assert.deepEqual(await asked(client, dialect, "d2", { query: dropping(volume) }), { data: { volumeDelete: true } });
      assert(!scene.railway.volumes.has(volume));
      await until("its use is over", async () =>
        (await scene.approvals.approvals()).some(({ id, state }) => id === approval.id && state === "used"),
      );
      scene.railway.volumes.add(volume);
      const again = (await asked(client, dialect, "d3", { query: dropping(volume) })) as Refusal;
      assert.equal(again.extensions?.holdfast?.decision, "hold", JSON.stringify(again));
      assert.notEqual(again.extensions.holdfast.approval, approval.id);
      client.close();
      await client.ended;
    });
  }

  const evasions: readonly (readonly [what: string, payload: object])[] = [
    ["by an alias", { query: 'mutation { me: volumeDelete(volumeId: "spare") }' }],
    ["by a fragment", { query: 'mutation { ...F } fragment F on Mutation { volumeDelete(volumeId: "spare") }' }],
    ["named second", { query: 'query A { me { id } } mutation B { volumeDelete(volumeId: "spare") }', operationName: "B" }],
    ["by a variable", { query: "mutation ($v: String!) { volumeDelete(volumeId: $v) }", variables: { v: "spare" } }],
    ["by a digest alone", { extensions: { persistedQuery: { version: 1, sha256Hash: "ab" } } }],
    ["not GraphQL", { query: "volumeDelete" }],
    ["a change of tomorrow", { query: "mutation { volumeObliterate(id: 1) }" }],
  ];
  test("no spelling leads past, and the connection goes on after each", async () => {
    const client = await open(modern);
    const count = arrived().length;
    for (const [what, payload] of evasions) {
      const { extensions } = (await asked(client, modern, what, payload)) as Refusal;
      assert.match(extensions.holdfast.decision, /^(hold|deny)$/, what);
    }
    assert.equal(arrived().length, count);
    assert(scene.railway.volumes.has("spare"));
    assert.deepEqual(await asked(client, modern, "r", { query: "{ me { name } }" }), { data: { me: { name: "staging bot" } } });
    client.close();
    await client.ended;
  });

  test("what was judged is what is sent: what the protocol does not know of is left away", async () => {
    const client = await open(modern);
    const payload = '{ "query" : "{ me { name } }",  "variables":{"big":12345678901234567890} }';
    client.say(`{"more":${JSON.stringify({ query: dropping("spare") })},"id":"x","payload":${payload},"type":"subscribe"}`);
    assert.equal((await client.json()).type, "next");
    assert.equal(arrived().at(-1), `{"id":"x","type":"subscribe","payload":${payload}}`);
    client.close();
    await client.ended;
  });

  const broken: readonly (readonly [what: string, text: string])[] = [
    [
      "a key twice",
      `{"id":"1","type":"subscribe","payload":{"query":"{ me { id } }"},"payload":{"query":${JSON.stringify(dropping("spare"))}}}`,
    ],
    ["no JSON", "subscribe"],
    ["a type of the server", '{"id":"1","type":"next","payload":{}}'],
    ["the other protocol's words", '{"id":"1","type":"start","payload":{"query":"{ me { id } }"}}'],
    ["no id", '{"type":"subscribe","payload":{"query":"{ me { id } }"}}'],
  ];
  for (const [what, text] of broken)
    test(`${what}: the connection ends, and nothing of it arrives`, async () => {
      const client = await open(modern);
      const count = arrived().length;
      client.say(text);
      assert.match(await client.ended, /^4400/);
      assert.equal(arrived().length, count);
    });

  test("an id that is in use is not used again", async () => {
    const client = await open(modern);
    client.tell({ id: "1", type: "subscribe", payload: { query: "query slow { me { id } }" } });
    await until("it has arrived", () => arrived().some((text) => text.includes("slow")));
    client.tell({ id: "1", type: "subscribe", payload: { query: "{ me { id } }" } });
    assert.match(await client.ended, /^4409/);
  });

  test("a read that its client stops is stopped at the provider; a change whose provider is lost is of unknown outcome", async () => {
    const client = await open(modern);
    client.tell({ id: "1", type: "subscribe", payload: { query: "query slow { me { id } }" } });
    await until("it has arrived", () => arrived().some((text) => text.includes("slow")));
    client.tell({ id: "1", type: "complete" });
    await until("the provider is told", () => arrived().includes('{"id":"1","type":"complete"}'));
    client.tell({
      id: "2",
      type: "subscribe",
      payload: { query: 'mutation slow { serviceInstanceDeployV2(serviceId: "s", environmentId: "e") }' },
    });
    await until("it has arrived", () => arrived().some((text) => text.includes("mutation slow")));
    scene.railway.opened.at(-1)?.socket.destroy();
    assert.match(await client.ended, /^1011/);
    await until("its outcome is unknown", async () =>
      (await scene.approvals.events("outcome")).some(({ outcome }) => outcome.status === "unknown"),
    );
  });
});

describe("credentials", () => {
  for (const header of [true, false])
    test(`a placeholder in ${header ? "the handshake" : "connection_init"} becomes the token, and it does not come back`, async () => {
      const client = await open(modern, { header });
      const server = scene.railway.opened.at(-1);
      const seen = header ? server?.request.headers.authorization : server?.texts[0];
      assert(seen?.includes(`Bearer ${scene.token}`), seen);
      server?.send(
        JSON.stringify({ type: "ping", payload: { you: `Bearer ${scene.token}`, base64: Buffer.from(scene.token).toString("base64") } }),
      );
      const echoed = await client.next();
      assert(echoed.includes("****") && !echoed.includes(scene.token), echoed);
      assert(!echoed.includes(Buffer.from(scene.token).toString("base64").slice(0, 24)), echoed);
      client.close();
      await client.ended;
    });

  const finds: readonly (readonly [what: string, payload: () => object])[] = [
    ["the real token", () => ({ Authorization: `Bearer ${scene.token}` })],
    ["somebody's token", () => ({ headers: { authToken: "of-somebody-else" } })],
    ["the placeholder of another session", () => ({ Authorization: `Bearer hfp_${"0".repeat(40)}` })],
  ];
  for (const [what, payload] of finds)
    test(`${what} in what opens the connection: told aloud, and nothing is sent`, async () => {
      const known = (await scene.approvals.events("credential_found")).length;
      const client = await openSocket(scene.proxy, railwayHost, { path: railwayPath, protocols: [modern.protocol] });
      client.tell({ type: "connection_init", payload: payload() });
      assert.match(await client.ended, /^1008/);
      assert.deepEqual(arrived(), []);
      await until("it is on record", async () => (await scene.approvals.events("credential_found")).length > known);
    });

  test("a provider that chooses no protocol opens nothing: what goes over it could not be read", async () => {
    const client = await openSocket(scene.proxy, railwayHost, { path: railwayPath, protocols: ["chat"] });
    client.socket.destroy();
    assert.equal(client.status, 403, client.head);
  });

  test("another path of the provider is nothing that the pack knows: a person is asked", async () => {
    const client = await openSocket(scene.proxy, railwayHost, {
      path: "/console",
      headers: { Authorization: `Bearer ${scene.placeholder}` },
    });
    client.socket.destroy();
    assert.equal(client.status, 403, client.head);
    assert.match(client.head, /^holdfast-decision: hold$/im);
  });

  test("no act is without an outcome, and neither the token nor a placeholder stands in the log", async () => {
    const intents = (await scene.approvals.events("intent")).filter(({ decision }) => decision === "allow");
    await until("all have ended", async () => {
      const ended = new Set((await scene.approvals.events("outcome")).map(({ action }) => action));
      return intents.every(({ action }) => ended.has(action));
    });
    const outcomes = await scene.approvals.events("outcome");
    for (const { action } of intents) assert.equal(outcomes.filter((each) => each.action === action).length, 1, action);
    for (const kind of ["judgement", "intent", "credential_found", "approval_asked"] as const) {
      const text = JSON.stringify(await scene.approvals.events(kind));
      assert(!text.includes(scene.token) && !text.includes(scene.placeholder), kind);
    }
  });
});
