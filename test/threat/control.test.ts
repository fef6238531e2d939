import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { readEvents } from "../../src/audit/events.ts";
import { passphraseBytes } from "../../src/base/passphrase-key.ts";
import type { Challenge, SignedRequest } from "../../src/control/authority-port.ts";
import { signatureHeaders } from "../../src/control/authority-port.ts";
import { signRequest } from "../../src/control/sign-request.ts";
import { signatureFits, statementText } from "../../src/control/signed-statement.ts";
import type { AuditEvent } from "../../src/model/event.ts";
import { closeScenes, Scene, until, type Up } from "./scene.ts";

interface Answer {
  readonly status: number;
  readonly body: { readonly error?: { readonly code: string; readonly message: string } };
}

/** One request over a unix socket, as any program of the account can make it. */
function ask(
  socketPath: string,
  method: string,
  path: string,
  body: unknown,
  signed?: Pick<SignedRequest, "person" | "nonce" | "signature">,
): Promise<Answer> {
  const text = body === null ? "" : JSON.stringify(body);
  const person =
    signed === undefined
      ? {}
      : {
          [signatureHeaders.person]: signed.person,
          [signatureHeaders.nonce]: signed.nonce,
          [signatureHeaders.signature]: signed.signature,
        };
  const headers = { ...person, "content-length": Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, method, path, headers }, (response) => {
      let said = "";
      response.on("data", (chunk: Buffer) => (said += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(said) as Answer["body"] }));
    });
    sent.on("error", reject);
    sent.end(text);
  });
}

const suspension = { session: "r_doesnotexist0000", because: "a test" };
const path = "/v1/suspensions";

describe("an agent of the gateway's account that talks to the control socket", () => {
  let scene: Scene;
  let up: Up;
  before(async () => {
    scene = await Scene.open();
    up = await scene.up();
  });
  after(closeScenes);

  const challenge = async (socket = scene.socket): Promise<Challenge> =>
    (await ask(socket, "POST", "/v1/challenges", { person: "ada" })).body as unknown as Challenge;
  const signed = async (passphrase: string, body: unknown, socket = scene.socket) =>
    signRequest({
      person: "ada",
      passphrase: passphraseBytes(passphrase),
      challenge: await challenge(socket),
      gateway: socket,
      method: "POST",
      path,
      body,
    });
  const attempts = async (): Promise<readonly Extract<AuditEvent, { kind: "person_attempt" }>[]> => {
    const found = [];
    for await (const { event } of readEvents({ directory: scene.auditDirectory })) if (event.kind === "person_attempt") found.push(event);
    return found;
  };
  const told = (count: number) =>
    until("the attempts are told in the log", async () => {
      const found = await attempts();
      return found.length >= count ? found : undefined;
    });

  test("cannot grant, suspend, resume or end a session, and each attempt is recorded", async () => {
    const before = (await attempts()).length;
    const tried: readonly (readonly [string, string, unknown])[] = [
      [
        "POST",
        "/v1/grants",
        { session: "r_1", tables: ["public.orders"], operations: ["delete"], untilMs: 1, usesMax: null, rowsMax: 1, reason: "" },
      ],
      ["DELETE", "/v1/grants/g_1", null],
      ["POST", path, suspension],
      ["DELETE", "/v1/suspensions/r_1", { because: "x" }],
      ["DELETE", "/v1/sessions/r_1", { because: "x" }],
    ];
    for (const [method, at, body] of tried) {
      const { status, body: answer } = await ask(scene.socket, method, at, body);
      assert.deepEqual([status, answer.error?.code], [403, "person_needed"], `${method} ${at}`);
    }
    const found = (await told(before + tried.length)).slice(before);
    assert.deepEqual(
      found.map(({ accepted, method, path: at }) => [accepted, method, at]),
      tried.map(([method, at]) => [false, method, at]),
    );
  });

  test("cannot sign with a passphrase of its own, nor twice with what a person signed, nor for another request", async () => {
    const own = await ask(scene.socket, "POST", path, suspension, await signed("a passphrase of the agent's own", suspension));
    assert.equal(own.status, 403);
    const good = await signed(scene.secrets.person, suspension);
    const other = { ...suspension, session: "r_another000000000" };
    assert.equal((await ask(scene.socket, "POST", path, other, good)).status, 403);
    // Past the signature: there is only no such session.
    const heard = await ask(scene.socket, "POST", path, suspension, await signed(scene.secrets.person, suspension));
    assert.notEqual(heard.body.error?.code, "person_needed", JSON.stringify(heard));
    const once = await signed(scene.secrets.person, suspension);
    await ask(scene.socket, "POST", path, suspension, once);
    assert.equal((await ask(scene.socket, "POST", path, suspension, once)).status, 403);
  });

  test("what a person signed can be verified from the record, and by nothing else of the installation", async () => {
    const found = (await told(1)).find(({ accepted }) => accepted);
    assert.ok(found !== undefined);
    const { gateway, person, method, path: at, nonce = "", bodyDigest = "", signature = "", publicKey = "" } = found;
    const { persons } = JSON.parse((await scene.run(["person", "list", "--json"], { key: scene.secrets.vault })).out) as {
      persons: { publicKey: string }[];
    };
    assert.equal(publicKey, persons[0]?.publicKey);
    assert.equal(signatureFits(statementText({ gateway, person, nonce, method, path: at, bodyDigest }), publicKey, signature), true);
  });

  test("in the socket's place hears a person once, and can make nothing else of it", async () => {
    // The agent moves the gateway's socket aside and listens in its place, handing everything on but the body.
    const aside = `${scene.socket}.real`;
    const relay = `
      import { renameSync } from "node:fs";
      import { createServer, request } from "node:http";
      renameSync(${JSON.stringify(scene.socket)}, ${JSON.stringify(aside)});
      createServer((from, to) => {
        const chunks = [];
        from.on("data", (c) => chunks.push(c)).on("end", () => {
          const text = Buffer.concat(chunks).toString().replace("r_doesnotexist0000", "r_chosenbytheagent");
          const { "content-length": _, ...headers } = from.headers;
          const on = request({ socketPath: ${JSON.stringify(aside)}, method: from.method, path: from.url, headers }, (answer) => {
            to.writeHead(answer.statusCode, answer.headers);
            answer.pipe(to).on("finish", () => from.url === ${JSON.stringify(path)} && process.exit(0));
          });
          on.end(text);
        });
      }).listen(${JSON.stringify(scene.socket)});
    `;
    const running = scene.agent(relay);
    const answers = (socket: string) =>
      ask(socket, "POST", "/v1/challenges", { person: "ada" }).then(
        () => true,
        () => undefined,
      );
    await until("the relay listens", async () => (await answers(aside)) && answers(scene.socket));
    const before = (await attempts()).length;
    const answer = await ask(scene.socket, "POST", path, suspension, await signed(scene.secrets.person, suspension));
    assert.deepEqual([answer.status, answer.body.error?.code], [403, "person_needed"]);
    await running;
    const last = (await told(before + 1)).at(-1);
    assert.equal(last?.accepted, false);
    // The gateway has seen that its socket is not its own any more.
    await until("the gateway sees it", async () => {
      const { body } = await ask(aside, "GET", "/v1/status", null);
      return (body as unknown as { control?: { problem: string } }).control?.problem;
    });
    assert.match(up.err(), /control socket/);
  });
});
