/**
 * Asks a running gateway for its status over the control socket.
 * It does not start or change anything.
 */
import { request } from "node:http";
import { type GatewayStatus, statusPath } from "./contract.ts";

/** No gateway listens on this socket (none is running, or it belongs to another account). `cause` is the system's code. */
export class NoGateway extends Error {
  override readonly name = "NoGateway";
  readonly code: string;
  constructor(socketPath: string, code: string) {
    super(`no gateway answers on \`${socketPath}\`: ${code}`);
    this.code = code;
  }
}

/** The status of 10,000 sessions is about 3 MB; more than this is no status. */
const answerBytesMax = 16 * 1024 * 1024;
const answerMsMax = 5_000;

/** Rejects with {@link NoGateway} when nobody listens, and with an Error when the answer is none of ours. */
export async function readStatus(socketPath: string): Promise<GatewayStatus> {
  const { statusCode, body } = await get(socketPath);
  if (statusCode !== 200) throw new Error(`the gateway answered ${statusCode}`);
  return JSON.parse(body) as GatewayStatus;
}

function get(socketPath: string): Promise<{ statusCode: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: statusPath, timeout: answerMsMax }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerBytesMax) sent.destroy(new Error("the gateway's answer is too long"));
        else chunks.push(chunk);
      });
      response.on("end", () => resolve({ statusCode: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }));
      response.on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error(`the gateway did not answer within ${answerMsMax / 1000} seconds`)));
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const absent = error.code === "ENOENT" || error.code === "ECONNREFUSED" || error.code === "EACCES";
      reject(absent ? new NoGateway(socketPath, error.code ?? "") : error);
    });
    sent.end();
  });
}
