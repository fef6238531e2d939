/**
 * Every fuzz target of the program, in one list. `node test/fuzz/main.ts` runs them; the tests run each with few inputs.
 * The targets themselves stand in the files beside this one.
 */
import { assertionsAndRecords } from "./assertions.ts";
import { xmlAndCborBodies } from "./bodies.ts";
import { canonicalForm } from "./canonical-form.ts";
import { clicksInChat } from "./clicks.ts";
import { conversationTarget } from "./conversations.ts";
import { configTexts, explainTarget, scramMessages, startupPackets } from "./entrances.ts";
import { requestLines } from "./requests.ts";
import { graphqlMessages, webSocketFrames } from "./websocket.ts";
import { canary, junkIsSurvived, type Random, repliesNeverShift, scannerFindsEveryFrame } from "./wire.ts";

export interface OpenTarget {
  /** One input from this chance. Throws, or rejects, when what must hold does not. */
  run(random: Random): void | Promise<void>;
  close?(): Promise<void>;
}

export interface Target {
  readonly name: string;
  /** What must hold. */
  readonly holds: string;
  /** Inputs in a test run. */
  readonly runs: number;
  /** It starts a real server and Holdfast. */
  readonly server?: true;
  /** A canary: a bug is planted, and the run must fail with this. */
  readonly mustFail?: RegExp;
  open(): OpenTarget | Promise<OpenTarget>;
}

const pure = (run: OpenTarget["run"]) => (): OpenTarget => ({ run });

export const targets: readonly Target[] = [
  { name: "scanner", holds: "Frames come out as they went in, however they are cut.", runs: 500, open: pure(scannerFindsEveryFrame) },
  {
    name: "session-junk",
    holds: "Junk and lying lengths on either side of a session: no throw, bounded memory, every act settled, nothing refused is sent.",
    runs: 200,
    open: pure(junkIsSurvived),
  },
  {
    name: "session-replies",
    holds: "Random conversations with a model of a server: each message has its own answer, and none another's.",
    runs: 200,
    open: pure((random) => repliesNeverShift(random)),
  },
  {
    name: "session-canary",
    holds: "Must fail: an allowed text is taken for a refused one.",
    runs: 50,
    mustFail: /a refused text reached the server/,
    open: pure(canary),
  },
  {
    name: "start-up",
    holds: "A start-up packet is read as it was written; a damaged one lets nobody in, and nothing is said after the end.",
    runs: 2_000,
    open: pure(startupPackets),
  },
  {
    name: "scram",
    holds: "No damaged or wrong SCRAM message lets anybody in, on either side.",
    runs: 2_000,
    open: pure((random) => scramMessages(random)),
  },
  {
    name: "scram-canary",
    holds: "Must fail: the right password is taken for a wrong one.",
    runs: 200,
    mustFail: /a wrong proof is let in/,
    open: pure((random) => scramMessages(random, "pencil")),
  },
  {
    name: "clicks",
    holds:
      "A click in chat that is not signed, or late, is refused; a damaged one behind a right signature never throws, none is done twice.",
    runs: 2_000,
    open: pure(clicksInChat),
  },
  {
    name: "assertions",
    holds:
      "A passkey's answer, its terms or its record, damaged anywhere: nothing that differs from what was signed holds, and nothing throws.",
    runs: 500,
    open: pure(assertionsAndRecords),
  },
  {
    name: "config",
    holds: "A damaged holdfast.yaml is read, or refused with line and column; an unknown key is always refused.",
    runs: 150,
    open: pure(configTexts),
  },
  {
    name: "explain",
    holds: "Each line of explain, damaged or not, gets one decision, and no destructive statement an allow.",
    runs: 150,
    open: explainTarget,
  },
  {
    name: "requests",
    holds: "Each HTTP request, damaged or not, gets one decision; read-only lets none through that changes anything, and nothing throws.",
    runs: 1_000,
    open: pure(requestLines),
  },
  {
    name: "websocket-frames",
    holds: "Frames of a WebSocket, damaged or not, are read the same however they are cut, within their bounds, and nothing after the end.",
    runs: 2_000,
    open: pure(webSocketFrames),
  },
  {
    name: "graphql-messages",
    holds: "A message of GraphQL has the members that any reader of JSON sees, and what is sent of an act is what was read of it.",
    runs: 2_000,
    open: pure(graphqlMessages),
  },
  {
    name: "canonical-form",
    holds: "The form in which a request is sent is its own, means what was judged, and another reader of URLs reads the same out of it.",
    runs: 1_500,
    open: pure(canonicalForm),
  },
  {
    name: "bodies",
    holds:
      "A body in XML or CBOR comes back as it was written, whatever way the form allows; damaged, it is read or refused, and nothing throws.",
    runs: 2_000,
    open: pure(xmlAndCborBodies),
  },
  {
    name: "client-conversations",
    holds: "Damaged conversations of real clients: what stays open answers the next question right, nothing hangs, nothing ends Holdfast.",
    runs: 150,
    server: true,
    open: () => conversationTarget("client"),
  },
  {
    name: "server-conversations",
    holds: "Damaged answers of a server: the client gets whole frames or the end, and Holdfast goes on.",
    runs: 60,
    server: true,
    open: () => conversationTarget("server"),
  },
  {
    name: "conversations-canary",
    holds: "Must fail: the line between client and Holdfast loses a byte of what comes back.",
    runs: 20,
    server: true,
    mustFail: /is not the answer/,
    open: () => conversationTarget("canary"),
  },
];
