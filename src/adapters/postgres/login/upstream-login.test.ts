import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Conversation, disturb, lie, play, typedLengths } from "../../../../test/playbooks/conversation.ts";
import { limits } from "../../../base/limits.ts";
import { toClient } from "../codec/auth-messages.ts";
import { makeVerifier, scram } from "../scram.ts";
import { ScramServer } from "../scram-server.ts";
import { type UpstreamCommand, UpstreamLogin, type UpstreamLoginOptions } from "./upstream-login.ts";

const verifier = makeVerifier("pencil", { iterations: 2, salt: Buffer.from("0123456789abcdef") });
const endPoint = Buffer.alloc(32, 9);

type Talk = Conversation<UpstreamLogin, UpstreamCommand>;
type Upstream = UpstreamLoginOptions["upstream"];

function machine(upstream: Partial<Upstream> = {}, more: Partial<UpstreamLoginOptions> = {}): UpstreamLogin {
  return new UpstreamLogin({
    upstream: { role: "owner", tls: "disable", md5Allowed: false, cleartextAllowed: false, ...upstream },
    password: "pencil",
    database: "shop",
    applicationName: "psql",
    replication: false,
    nonce: "ours",
    ...more,
  });
}

const authentication = (method: number, rest: Uint8Array = Buffer.alloc(0)): Buffer => {
  const frame = Buffer.concat([Buffer.from("R\0\0\0\0\0\0\0\0", "latin1"), rest]);
  frame.writeInt32BE(frame.length - 1, 1);
  frame.writeInt32BE(method, 5);
  return frame;
};
const notice = Buffer.from("N\0\0\0\x09SNOTE", "latin1");
const ready = Buffer.concat([
  notice,
  toClient.parameterStatus("server_version", "18.4"),
  toClient.backendKeyData(4_000_000_000, Buffer.from([1, 2, 3, 4])),
  toClient.readyForQuery(),
]);
const sentText = (said: readonly UpstreamCommand[], from: number): string => {
  const sent = said.findLast((command) => command.kind === "send");
  return sent?.kind === "send" ? sent.bytes.toString("utf8", from) : "";
};
const succeeded = (command: UpstreamCommand) => command.kind === "ready";
const kinds = (said: readonly UpstreamCommand[]) => said.map((command) => command.kind).join(" ");
const because = (said: readonly UpstreamCommand[]) => {
  const last = said.at(-1);
  assert.ok(last?.kind === "failed", kinds(said));
  assert.doesNotMatch(last.message + last.because, /pencil/);
  return last.because;
};

interface Server {
  readonly offers?: readonly string[];
  readonly signature?: (right: string) => string;
  readonly firstMessage?: (right: string) => string;
}

/** A server that does SCRAM as PostgreSQL does, or as told otherwise. */
function scramTalk(
  { offers = ["SCRAM-SHA-256"], signature = (s) => s, firstMessage = (s) => s }: Server = {},
  before: Talk["turns"] = [],
  upstream: Partial<Upstream> = {},
): Talk {
  let server: ScramServer;
  const step = (answer: ReturnType<ScramServer["first"]>) => (answer.kind === "send" ? answer.message : `e=${answer.kind}`);
  return {
    machine: () => {
      server = new ScramServer({ verifier, genuine: true }, "theirs");
      return machine(upstream);
    },
    turns: [
      (_said, m) => m.start(),
      ...before,
      () => toClient.authenticationSasl(offers),
      (said) => toClient.saslContinue(firstMessage(step(server.first(sentText(said, 5 + "SCRAM-SHA-256\0".length + 4))))),
      (said, m) => {
        const derive = said.at(-1);
        return derive?.kind === "derive" ? m.derived(scram.saltedPassword("pencil", derive.salt, derive.iterations)) : [];
      },
      (said) => Buffer.concat([toClient.saslFinal(signature(step(server.final(sentText(said, 5))))), toClient.authenticationOk()]),
      () => ready,
    ],
  };
}
const overTls: Talk["turns"] = [() => Buffer.from("S"), (_said, m) => m.tlsStarted(endPoint)];

describe("a login at the server", () => {
  test("by SCRAM ends with parameters and the server's key; the start-up names nothing a pooler would refuse", () => {
    const said = play(scramTalk());
    const last = said.at(-1);
    assert.ok(last?.kind === "ready", kinds(said));
    assert.deepEqual(Array.from(last.server.parameters), [["server_version", "18.4"]]);
    assert.deepEqual(last.server.key, { process: 4_000_000_000, secret: Uint8Array.of(1, 2, 3, 4) });
    const [start] = said;
    const text = start?.kind === "send" ? start.bytes.toString("latin1", 4) : "";
    assert.equal(text, "\0\x03\0\0user\0owner\0database\0shop\0client_encoding\0UTF8\0application_name\0psql\0\0");
  });

  test("survives every split, truncation and lying length", () => {
    const talk = scramTalk();
    disturb(talk, succeeded);
    lie(talk, (_turn, bytes) => typedLengths(bytes), succeeded);
  });

  test("over TLS survives them too, but for its one byte in clear", () => {
    const talk = scramTalk({}, overTls, { tls: "require" });
    assert.equal(kinds(play(talk)), "send start_tls send send derive send ready");
    disturb(talk, succeeded);
    lie(talk, (turn, bytes) => (turn === 1 ? [] : typedLengths(bytes)), succeeded);
  });

  test("says to a server without channel binding that it could have bound", () => {
    assert.match(sentText(play(scramTalk({}, overTls, { tls: "require" }), undefined, 3), 5), /^SCRAM-SHA-256\0....y,,n=,r=ours$/s);
    assert.match(sentText(play(scramTalk(), undefined, 1), 5), /^SCRAM-SHA-256\0....n,,n=,r=ours$/s);
  });

  test("binds to the certificate where that is offered", () => {
    const talk = scramTalk({ offers: ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"] }, overTls, { tls: "require" });
    const said = play(talk, undefined, 3);
    assert.match(sentText(said, 5), /^SCRAM-SHA-256-PLUS\0....p=tls-server-end-point,,n=,r=ours$/s);
    const m = machine({ tls: "require" });
    m.start();
    m.receive(Buffer.from("S"));
    m.tlsStarted(endPoint);
    m.receive(toClient.authenticationSasl(["SCRAM-SHA-256-PLUS"]));
    m.receive(toClient.saslContinue("r=oursandtheirs,s=MDEyMzQ1Njc4OWFiY2RlZg==,i=2"));
    const final = sentText(m.derived(scram.saltedPassword("pencil", verifier.salt, 2)), 5);
    const expected = Buffer.concat([Buffer.from("p=tls-server-end-point,,"), endPoint]).toString("base64");
    assert.equal(final.split(",")[0], `c=${expected}`);
  });
});

describe("a server is not trusted", () => {
  const failing: readonly (readonly [string, Talk, RegExp])[] = [
    ["that cannot prove itself", scramTalk({ signature: () => `v=${Buffer.alloc(32).toString("base64")}` }), /could not prove/],
    ["that gives no proof", scramTalk({ signature: () => "" }), /could not prove/],
    [
      "that asks for endless iterations",
      scramTalk({ firstMessage: (m) => m.replace("i=2", `i=${limits.scramIterationsMax + 1}`) }),
      /iterations/,
    ],
    ["that answers with a nonce of its own", scramTalk({ firstMessage: (m) => m.replace("r=ours", "r=other") }), /nonce/],
    ["that offers channel binding in clear", scramTalk({ offers: ["SCRAM-SHA-256-PLUS"] }), /without TLS/],
    ["that offers nothing we know", scramTalk({ offers: ["SCRAM-SHA-1"] }), /no SASL mechanism/],
  ];
  for (const [name, talk, expected] of failing) test(`one ${name}`, () => assert.match(because(play(talk)), expected));

  test("one that breaks SCRAM off with AuthenticationOk", () => {
    const { machine: make, turns } = scramTalk();
    for (const after of [2, 3, 4]) {
      const talk = { machine: make, turns: [...turns.slice(0, after), () => Buffer.concat([toClient.authenticationOk(), ready])] };
      assert.match(because(play(talk)), /broke off SCRAM/, `after turn ${after}`);
    }
  });

  const after = (upstream: Partial<Upstream>, answers: readonly Buffer[], more: Partial<UpstreamLoginOptions> = {}) => {
    const m = machine(upstream, more);
    const said = [...m.start()];
    for (const answer of answers) said.push(...m.receive(answer));
    return said;
  };
  const salt = Buffer.from([1, 2, 3, 4]);
  test("TLS that is not there, or not alone", () => {
    assert.match(because(after({ tls: "require" }, [Buffer.from("N")])), /does not speak TLS/);
    assert.match(because(after({ tls: "verify-full" }, [Buffer.from("E")])), /does not speak TLS/);
    assert.match(because(after({ tls: "require" }, [Buffer.concat([Buffer.from("S"), authentication(0)])])), /not one byte/);
    assert.match(because(after({ tls: "require" }, [Buffer.from("S"), authentication(0)])), /in clear while/);
  });
  test("passwords by weaker methods only where allowed, in clear never without TLS", () => {
    assert.match(because(after({}, [authentication(5, salt)])), /md5/);
    assert.match(because(after({}, [authentication(3)])), /does not allow/);
    assert.match(because(after({ cleartextAllowed: true }, [authentication(3)])), /without TLS/);
    assert.match(because(after({ md5Allowed: true }, [authentication(5, salt), authentication(5, salt)])), /twice/);
    assert.match(because(after({ md5Allowed: true }, [authentication(5, salt)], { password: undefined })), /none is configured/);
    assert.match(because(after({}, [toClient.authenticationSasl(["SCRAM-SHA-256"])], { password: undefined })), /none is configured/);
    // md5(md5("pencil" + "owner") + salt), by PostgreSQL's documentation of AuthenticationMD5Password.
    const sent = after({ md5Allowed: true }, [authentication(5, salt)]);
    assert.match(sentText(sent, 5), /^md5[0-9a-f]{32}\0$/);
  });
  test("methods that are not supported", () => {
    for (const method of [2, 6, 7, 9, 99, -1]) assert.match(because(after({}, [authentication(method)])), /not supported/);
  });
  test("messages out of turn, and what no login has", () => {
    for (const frame of [toClient.readyForQuery(), toClient.parameterStatus("a", "b"), toClient.backendKeyData(1, salt)]) {
      assert.match(because(after({}, [frame])), /before the login was over/);
    }
    assert.match(because(after({}, [authentication(0), Buffer.from("D\0\0\0\x06\0\0", "latin1")])), /before it was ready/);
    assert.match(because(after({}, [authentication(0), Buffer.from("Z\0\0\0\x05T", "latin1")])), /inside a transaction/);
    assert.match(because(after({}, [authentication(0), toClient.backendKeyData(1, Buffer.alloc(257))])), /key/);
    assert.match(because(after({}, [toClient.saslContinue("r=x,s=AAAA,i=1")])), /out of turn/);
    assert.match(because(after({}, [authentication(0, salt)])), /malformed/);
    assert.match(because(after({}, [toClient.negotiateProtocolVersion(0, [])])), /before the login/);
  });
  test("bounds: one frame, and all together", () => {
    const huge = Buffer.from("S\0\0\0\0", "latin1");
    huge.writeInt32BE(limits.serverLoginFrameBytesMax + 1, 1);
    assert.match(because(after({}, [authentication(0), huge])), /malformed/);
    const endless = Array.from({ length: 20 }, () => toClient.parameterStatus("a", "x".repeat(limits.serverLoginFrameBytesMax - 100)));
    assert.match(because(after({}, [authentication(0), ...endless])), /too much/);
  });
  test("an error passes with its text only where it speaks of the client's own", () => {
    const error = (sqlstate: string) => after({}, [toClient.error({ severity: "FATAL", sqlstate, message: 'about "owner"' })]).at(-1);
    assert.deepEqual(error("3D000"), {
      kind: "failed",
      sqlstate: "3D000",
      message: 'about "owner"',
      because: 'the server answered `3D000`: about "owner"',
    });
    const refused = error("28P01");
    assert.ok(refused?.kind === "failed" && refused.sqlstate === "08006" && !refused.message.includes("owner"));
  });
});
