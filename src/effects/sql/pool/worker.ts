/**
 * The thread that parses hostile text: takes payloads in order, answers each, and says when its parser broke.
 * It does not limit time; the pool outside does, by ending it.
 */
import { parentPort } from "node:worker_threads";
import { assert } from "../../../base/assert.ts";
import type { SqlContext } from "../../../model/action.ts";
import { createJudge } from "../judge.ts";
import { unavailable, type FromWorker, type ToWorker } from "./protocol.ts";

const port = parentPort;
assert(port !== null, "the worker runs as a thread of the pool");
const judge = await createJudge();
const contexts = new Map<number, SqlContext>();
// As JSON: for plain data it is written and read in less than half the time of a structured clone.
const send = (message: FromWorker): void => port.postMessage(JSON.stringify(message));

port.on("message", (message: ToWorker) => {
  switch (message.kind) {
    case "ground":
      return judge.ground(message.number, message.data);
    case "forget_ground":
      return judge.forgetGround(message.number);
    case "publish":
      return judge.publish(message.data, message.ground);
    case "define":
      return judge.define(message.base, message.version, message.definitions);
    case "retire":
      return judge.retire(message.version);
    case "context":
      contexts.set(message.context, message.value);
      return;
    case "forget_context":
      contexts.delete(message.context);
      return;
    case "judge": {
      const context = contexts.get(message.context);
      if (context === undefined)
        return send({ kind: "answer", id: message.id, analysis: unavailable("the session's context was not sent"), broken: true });
      const { analysis, broken } = judge.judge({ ...message.payload, context });
      send({ kind: "answer", id: message.id, analysis, broken });
    }
  }
});
send({ kind: "ready" });
