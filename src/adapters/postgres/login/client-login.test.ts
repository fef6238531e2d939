import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Conversation, disturb, lie, play, typedLengths } from "../../../../test/playbooks/conversation.ts";
import { limits } from "../../../base/limits.ts";
import { toServer } from "../codec/auth-messages.ts";
import { type StartupParameter, startupCodes, writeCancel, writeSslRequest, writeStartup } from "../codec/startup.ts";
import type { Account } from "../options.ts";
import { makeVerifier, scram } from "../scram.ts";
import { ScramClient } from "../scram-client.ts";
import { mockSubject } from "../scram-server.ts";
import { type ClientCommand, ClientLogin, type ClientLoginOptions } from "./client-login.ts";

const verifier = makeVerifier("pencil", { iterations: 2, salt: Buffer.from("0123456789abcdef") });
const agent: Account = { name: "agent", kind: "ai_agent", verifier, databases: null, connectionsMax: 1 };
const noLimits = { statementMsMax: null, transactionMsMax: null, idleInTransactionMsMax: null, sessionMsMax: null };

interface Setting {
  readonly account?: Partial<Account>;
  readonly target?: Partial<ClientLoginOptions["target"]>;
  readonly tlsAvailable?: boolean;
}

function machine({ account, target, tlsAvailable = false }: Setting = {}): ClientLogin {
  const accounts = new Map([["agent", { ...agent, ...account }]]);
  return new ClientLogin({
    target: { accounts, clientTlsRequired: false, limits: noLimits, replication: false, ...target },
    tlsAvailable,
    subjectOf: (name) => (name === "agent" ? { verifier, genuine: true } : mockSubject(name, Buffer.alloc(32), 2)),
    nonce: "ours",
  });
}

type Talk = Conversation<ClientLogin, ClientCommand>;

/** A whole login as a client of the real world does it; the salted password is remembered, as clients may. */
const saltedBy = new Map<string, Buffer>();
function login(parameters: readonly StartupParameter[], setting: Setting = {}, password = "pencil", before: Talk["turns"] = []): Talk {
  let peer: ScramClient;
  const challenge = (said: readonly ClientCommand[]) => {
    const sent = said.findLast((command) => command.kind === "send");
    return sent?.kind === "send" ? sent.bytes.toString("utf8", 9) : "";
  };
  return {
    machine: () => {
      peer = new ScramClient({ binding: { kind: "unsupported" }, ownNonce: "theirs", iterationsMax: 10 });
      return machine(setting);
    },
    turns: [
      ...before,
      () => writeStartup(parameters),
      () => toServer.saslInitial("SCRAM-SHA-256", peer.first()),
      (said) => {
        const derive = peer.received(challenge(said));
        if (derive.kind === "failed") return Buffer.from("p\0\0\0\x04", "latin1");
        const key = `${password}/${derive.salt.toString("hex")}/${derive.iterations}`;
        const salted = saltedBy.get(key) ?? scram.saltedPassword(password, derive.salt, derive.iterations);
        saltedBy.set(key, salted);
        return toServer.saslResponse(peer.final(salted));
      },
    ],
  };
}

const ok: readonly StartupParameter[] = [
  ["user", "agent"],
  ["database", "shop"],
];
const kinds = (said: readonly ClientCommand[]) => said.map((command) => command.kind).join(" ");
const succeeded = (command: ClientCommand) => command.kind === "authenticated";
function admitted(said: readonly ClientCommand[]) {
  const command = said.find(succeeded);
  assert.ok(command?.kind === "authenticated", kinds(said));
  return command;
}
/** SQLSTATE of the error sent, and that the connection is closed behind it. */
function errorOf(said: readonly ClientCommand[]): string {
  assert.equal(kinds(said.slice(-3)), "send refused close");
  const sent = said.at(-3);
  return /\0C(.{5})\0/.exec(sent?.kind === "send" ? sent.bytes.toString("utf8") : "")?.[1] ?? "none";
}
function startup(minor: number, parameters: readonly StartupParameter[]): Buffer {
  const packet = writeStartup(parameters);
  packet.writeUInt16BE(minor, 6);
  return packet;
}
function gssencRequest(): Buffer {
  const packet = writeSslRequest();
  packet.writeUInt32BE(startupCodes.gssenc, 4);
  return packet;
}
const replace = (talk: Talk, turn: number, bytes: Buffer): Talk => ({
  ...talk,
  turns: talk.turns.map((old, i) => (i === turn ? () => bytes : old)),
});

describe("a login", () => {
  test("with the right password ends with who asked for what", () => {
    const said = play(login([...ok, ["application_name", "psql"], ["DateStyle", "ISO"]]));
    assert.equal(kinds(said), "send send send authenticated");
    const { login: got, rest } = admitted(said);
    assert.deepEqual(
      [got.account.name, got.database, got.minor, got.applicationName, got.replication],
      ["agent", "shop", 0, "psql", false],
    );
    assert.deepEqual(Array.from(got.settings), [["datestyle", "ISO"]]);
    assert.equal(rest.length, 0);
    const [sasl, , final] = said;
    assert.equal(sasl?.kind === "send" && sasl.bytes.toString("latin1", 9), "SCRAM-SHA-256\0\0");
    assert.match(final?.kind === "send" ? final.bytes.toString("latin1") : "", /v=[A-Za-z0-9+/=]{44}R\0\0\0\x08\0\0\0\0$/);
  });

  test("without a database asks for the one of its name", () =>
    assert.equal(admitted(play(login([["user", "agent"]]))).login.database, "agent"));

  test("keeps what is pipelined behind the password", () => {
    const talk = login(ok);
    const last = talk.turns[2];
    const pipelined: Talk = {
      ...talk,
      turns: [...talk.turns.slice(0, 2), (said, m) => Buffer.concat([(last?.(said, m) ?? Buffer.alloc(0)) as Buffer, Buffer.from("Q")])],
    };
    assert.equal(admitted(play(pipelined)).rest.toString(), "Q");
  });

  test("survives every split, truncation and lying length", () => {
    const talk = login(ok);
    disturb(talk, succeeded);
    lie(talk, (turn, bytes) => (turn === 0 ? [0] : typedLengths(bytes)), succeeded);
  });

  test("through GSSENCRequest, SSLRequest and TLS survives them too", () => {
    const before: Talk["turns"] = [() => gssencRequest(), () => writeSslRequest(), (_said, m) => m.tlsStarted(false)];
    const talk = login(ok, { tlsAvailable: true }, "pencil", before);
    assert.equal(kinds(play(talk)), "send send start_tls send send send authenticated");
    disturb(talk, succeeded);
    lie(talk, (turn, bytes) => (turn <= 3 ? [0] : typedLengths(bytes)), succeeded);
  });
});

describe("passwords", () => {
  test("a wrong one is 28P01", () => assert.equal(errorOf(play(login(ok, {}, "pen"))), "28P01"));
  test("an unknown name is answered message for message like a wrong password", () => {
    const shape = (said: readonly ClientCommand[]) =>
      said.map((command) => (command.kind === "send" ? `send ${command.bytes.length}` : command.kind)).join(" ");
    // The names are of one length, so that the error texts are too.
    assert.equal(shape(play(login([["user", "eagle"]], {}, "pencil"))), shape(play(login([["user", "agent"]], {}, "pen"))));
  });
  test("what is not a SASL response is refused", () => {
    for (const bytes of [
      toServer.query("SELECT 1"),
      toServer.password("pencil"),
      toServer.saslInitial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=x"),
      toServer.saslInitial("PLAIN", "x"),
    ]) {
      const said = play(replace(login(ok), 1, bytes), undefined, 1);
      assert.equal(kinds(said.slice(-2)), "refused close");
    }
  });
});

describe("the first packet", () => {
  const first = (bytes: Buffer, setting: Setting = {}) => machine(setting).receive(bytes);
  test("SSLRequest without TLS is answered N, and a second one is refused", () => {
    const m = machine();
    assert.deepEqual(m.receive(writeSslRequest()), [{ kind: "send", bytes: Buffer.from("N") }]);
    assert.equal(errorOf(m.receive(writeSslRequest())), "08P01");
  });
  test("bytes behind SSLRequest or GSSENCRequest close without an answer", () => {
    for (const request of [writeSslRequest(), gssencRequest()]) {
      assert.equal(kinds(first(Buffer.concat([request, writeStartup(ok)]), { tlsAvailable: true })), "refused close");
    }
  });
  test("bytes in clear while TLS is taken up close", () => {
    const m = machine({ tlsAvailable: true });
    m.receive(writeSslRequest());
    assert.equal(kinds(m.receive(writeStartup(ok))), "refused close");
  });
  test("SSLRequest inside TLS is refused", () => {
    const m = machine({ tlsAvailable: true });
    m.receive(writeSslRequest());
    m.tlsStarted(false);
    assert.equal(errorOf(m.receive(writeSslRequest())), "08P01");
  });
  test("direct TLS wants a certificate on our side and ALPN on theirs", () => {
    const hello = Buffer.from([0x16, 3, 1, 0, 5]);
    assert.equal(kinds(first(hello)), "refused close");
    for (const alpn of [false, null, "http/1.1"] as const) {
      const m = machine({ tlsAvailable: true });
      assert.deepEqual(m.receive(hello), [{ kind: "start_tls", bytes: hello }]);
      assert.equal(kinds(m.tlsStarted(alpn)), "refused close");
    }
    const m = machine({ tlsAvailable: true });
    m.receive(hello);
    assert.deepEqual(m.tlsStarted("postgresql"), []);
  });
  test("TLS does not begin after a packet in clear was answered N", () => {
    const m = machine();
    m.receive(writeSslRequest());
    assert.equal(kinds(m.receive(Buffer.from([0x16, 3, 1, 0, 5]))).endsWith("refused close"), true);
  });
  test("where TLS is required a start-up in clear is refused before any question", () => {
    assert.equal(errorOf(first(writeStartup(ok), { target: { clientTlsRequired: true } })), "28000");
  });
  test("CancelRequest gives process and secret, short and long, and closes", () => {
    for (const size of [4, 32, 256]) {
      const secret = Buffer.alloc(size, 7);
      assert.deepEqual(first(writeCancel(0xfedcba98, secret)), [{ kind: "cancel", process: 0xfedcba98, secret }, { kind: "close" }]);
    }
    for (const size of [0, 3, 257]) assert.equal(errorOf(first(writeCancel(1, Buffer.alloc(size)))), "08P01");
  });
  test("a packet beyond the limit is refused by its length alone", () => {
    const head = Buffer.alloc(4);
    head.writeInt32BE(limits.startupFrameBytesMax + 1);
    assert.equal(kinds(first(head)), "refused close");
    head.writeInt32BE(limits.startupFrameBytesMax);
    assert.deepEqual(first(head), []);
  });
  const malformed: readonly (readonly [string, Buffer])[] = [
    ["no name", writeStartup([["database", "shop"]])],
    ["protocol 2", Buffer.from([0, 0, 0, 8, 0, 2, 0, 0])],
    [
      "no final zero",
      (() => {
        const p = writeStartup(ok).subarray(0, -1);
        p.writeInt32BE(p.length);
        return p;
      })(),
    ],
    [
      "bytes behind the final zero",
      (() => {
        const p = Buffer.concat([writeStartup(ok), Buffer.from([0])]);
        p.writeInt32BE(p.length);
        return p;
      })(),
    ],
    [
      "invalid UTF-8",
      (() => {
        const p = writeStartup(ok);
        p[p.length - 4] = 0xff;
        return p;
      })(),
    ],
    [
      "an SSLRequest with a body",
      (() => {
        const p = Buffer.concat([writeSslRequest(), Buffer.alloc(4)]);
        p.writeInt32BE(12);
        return p;
      })(),
    ],
  ];
  for (const [name, packet] of malformed) test(`${name} is refused`, () => assert.match(errorOf(first(packet)), /^(08P01|28000|0A000)$/));
});

describe("protocol versions", () => {
  const spoken = (minor: number, parameters: readonly StartupParameter[] = ok) => {
    const said = machine().receive(startup(minor, parameters));
    const negotiated = said[0]?.kind === "send" && said[0].bytes[0] === 0x76 ? said[0].bytes : undefined;
    const names = negotiated?.toString("latin1", 13).split("\0").slice(0, -1) ?? [];
    return negotiated === undefined ? "as asked" : `3.${negotiated.readUInt16BE(7)} ${names.join(",")}`.trim();
  };
  test("3.0 and 3.2 are spoken, what lies above becomes 3.2, the unused 3.1 becomes 3.0", () => {
    assert.deepEqual(
      [0, 1, 2, 3, 9999].map((minor) => spoken(minor)),
      ["as asked", "3.0", "as asked", "3.2", "3.2"],
    );
  });
  test("protocol options are named as unknown, and the login goes on", () => {
    assert.equal(spoken(0, [...ok, ["_pq_.command_tag", "x"], ["_pq_.y", ""]]), "3.0 _pq_.command_tag,_pq_.y");
    assert.equal(admitted(play(login([...ok, ["_pq_.y", "1"]]))).login.settings.size, 0);
  });
  test("a client of 3.2 is known as one", () => {
    assert.equal(admitted(play(replace(login(ok), 0, startup(2, ok)))).login.minor, 2);
    assert.equal(admitted(play(replace(login(ok), 0, startup(7, ok)))).login.minor, 2);
  });
});

describe("what is looked at once the password was right", () => {
  test("replication", () => {
    const asked = (value: string, replication: boolean) => play(login([...ok, ["replication", value]], { target: { replication } }));
    for (const value of ["database", "true", "on", "1"]) assert.equal(errorOf(asked(value, false)), "42501", value);
    assert.equal(errorOf(asked("perhaps", true)), "22023");
    assert.equal(errorOf(asked("true", true)), "0A000");
    assert.equal(admitted(asked("database", true)).login.replication, true);
    assert.equal(admitted(asked("off", false)).login.replication, false);
  });
  test("databases of the account", () => {
    assert.equal(errorOf(play(login(ok, { account: { databases: ["other"] } }))), "42501");
    admitted(play(login(ok, { account: { databases: ["other", "shop"] } })));
  });
  test("settings, and strangers are not told about them", () => {
    const wrong: readonly StartupParameter[] = [...ok, ["client_encoding", "SJIS"]];
    assert.equal(errorOf(play(login(wrong))), "42501");
    assert.equal(errorOf(play(login(wrong, {}, "pen"))), "28P01");
  });
});
