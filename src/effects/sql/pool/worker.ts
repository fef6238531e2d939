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
const send = (message: FromWorker): void => port.postMessage(message);

port.on("message", (message: ToWorker) => {
  switch (message.kind) {
    case "publish":
      return judge.publish(message.data);
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
