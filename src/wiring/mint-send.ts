/**
 * How a minter's request reaches its provider: by the proxy's own way, so that addresses are looked at, certificates hold and routes lead.
 */
import { placeOf } from "../adapters/http/codec/authority.ts";
import type { UpstreamParts } from "../adapters/http/upstream-port.ts";
import { Upstream } from "../adapters/http/upstream.ts";
import { wholeAnswer } from "../adapters/http/whole-answer.ts";
import type { MintSend } from "../credentials/mint/minter.ts";

const ANSWER_MS_MAX = 10_000;

export function mintSender(parts: UpstreamParts): { readonly send: MintSend; close(): void } {
  const upstream = new Upstream(parts);
  return {
    send: async ({ method, url, headers, body }, signal) => {
      const { protocol, host, pathname, search } = new URL(url);
      const place = placeOf(host, 443);
      if (protocol !== "https:" || place === undefined) return "it is asked by https alone";
      const target = `${pathname}${search}`;
      const own = [...headers, ["user-agent", "holdfast"], ["accept-encoding", "identity"]] as const;
      const outgoing = { scheme: "https" as const, place, method, target, headers: own, body: Buffer.from(body) };
      const reply = await wholeAnswer(outgoing, { upstream, msMax: ANSWER_MS_MAX, gone: signal, goneBecause: "it took too long" });
      return typeof reply === "string" ? reply : { status: reply.status, text: reply.bytes.toString("utf8") };
    },
    close: () => upstream.close(),
  };
}
